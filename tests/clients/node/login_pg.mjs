// pg (node-postgres) logs in as the lines of its input say; README.md has the contract.
import { createInterface } from 'node:readline';
import pg from 'pg';

async function login(a) {
  const query = new URLSearchParams({ uselibpqcompat: 'true' });
  for (const name of ['sslmode', 'sslrootcert', 'sslcert', 'sslkey']) if (name in a) query.set(name, a[name]);
  const connectionString = `postgresql://${a.user}:${a.password}@${a.host}:${a.port}/${a.dbname}?${query}`;
  const c = new pg.Client({ connectionString, enableChannelBinding: true, connectionTimeoutMillis: 20000 });
  c.on('error', () => {}); // what comes after the first error, which connect() throws
  try {
    await c.connect();
    const { rows } = await c.query('SELECT current_user AS name');
    const encrypted = c.connection.stream.encrypted;
    await c.end();
    return `in\t${rows[0].name}\t${encrypted ? 'TLS' : 'clear text'}`;
  } catch (e) {
    const code = e instanceof pg.DatabaseError ? e.code : '-';
    c.connection.stream.destroy(); // end() would wait for ever where the connection is gone already
    return `refused\t${code}\t${`${e.message} ${e.code}`.replace(/\s+/g, ' ')}`;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(await login(Object.fromEntries(line.split('\t').map((word) => word.split(/=(.*)/s, 2)))));
}
