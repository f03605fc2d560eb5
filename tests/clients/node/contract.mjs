// What the node programs share: where to connect, how to report.
export const url = process.env.DATABASE_URL;
export const where = {
  host: process.env.DB_HOST, port: Number(process.env.DB_PORT), user: process.env.DB_USER,
  password: process.env.DB_PASSWORD, database: process.env.DB_NAME,
};

export const primary = Number(process.env.PRIMARY_PORT ?? 0); // 0: all runs on one server
export const place = 'SELECT inet_server_port() AS port';

// Reads of a session that has written nothing: at most one in four on the primary.
export function offloaded(ports) {
  const there = ports.filter((port) => port === primary).length;
  if (there * 4 > ports.length) throw new Error(`${there} of ${ports.length} reads on the primary`);
}

export function equal(got, expected, what) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: expected ${b}, got ${a}`);
}

export async function fails(code, action) {
  try {
    await action();
  } catch (e) {
    const got = e.code ?? e.cause?.code ?? e.original?.code ?? e.driverError?.code;
    if (got !== code) throw e;
    return;
  }
  throw new Error(`expected error ${code}`);
}

export function together(count, work) {
  return Promise.all(Array.from({ length: count }, (_, who) => work(who)));
}

export const range = (n) => Array.from({ length: n }, (_, i) => i);

export async function test(name, body) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('not done after 60 s')), 60000); });
  try {
    await Promise.race([body(), late]);
    console.log(`ok ${name}`);
  } catch (e) {
    console.error(name, e);
    console.log(`not ok ${name}: ${String(e.message).split(/\s+/).join(' ')}`);
  } finally {
    clearTimeout(timer);
  }
}
