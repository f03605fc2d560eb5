// postgres.js: named statements for everything, pipelined; BEGIN through Parse; savepoints, cursors, LISTEN.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import postgres from 'postgres';
import { equal, fails, offloaded, place, primary, range, test, together, where } from './contract.mjs';

const sql = postgres({ ...where, max: 6, onnotice: () => {}, connection: { application_name: 'postgres.js', 'my.own': 'js' } });

async function sureOfSettings(tx) {
  const [row] = await tx`SELECT current_setting('my.own') AS own, current_setting('application_name') AS name,
    public.poison() AS poison`;
  equal(row, { own: 'js', name: 'postgres.js', poison: '' }, 'own settings and the noise\'s');
}

await test('transactions', async () => {
  await sql`DROP TABLE IF EXISTS postgres_js_rows`;
  await sql`CREATE TABLE postgres_js_rows (who int, i int)`;
  await together(8, async (who) => {
    for (const i of range(25)) {
      try {
        await sql.begin(async (tx) => {
          await tx`INSERT INTO postgres_js_rows VALUES (${who}, ${i})`;
          await sureOfSettings(tx);
          if (i % 2) throw new RangeError('roll back');
        });
      } catch (e) {
        if (!(e instanceof RangeError)) throw e;
      }
      const [{ count }] = await sql`SELECT count(*)::int FROM postgres_js_rows WHERE who = ${who}`;
      equal(count, Math.floor(i / 2) + 1, 'rows so far');
    }
  });
});

await test('pipelined_queries', async () => {
  for (const round of range(5)) {
    const got = await Promise.all(range(100).map((i) => sql`SELECT ${i}::int + ${round}::int AS n`));
    equal(got.map((rows) => rows[0].n), range(100).map((i) => i + round), 'a hundred at once');
  }
});

await test('pipelined_transaction', async () => {
  for (const i of range(10)) {
    const got = await sql.begin((tx) => [tx`SELECT ${i}::int AS n`, tx`SELECT ${i + 1}::int AS n`, tx`SELECT public.poison() AS p`]);
    equal([got[0][0].n, got[1][0].n, got[2][0].p], [i, i + 1, ''], 'three in one');
  }
});

await test('errors_and_savepoints', async () => {
  await sql`DROP TABLE IF EXISTS postgres_js_keys`;
  await sql`CREATE TABLE postgres_js_keys (i int PRIMARY KEY)`;
  for (const i of range(15)) {
    await sql.begin(async (tx) => {
      await tx`INSERT INTO postgres_js_keys VALUES (${i})`;
      await fails('23505', () => tx.savepoint((inner) => inner`INSERT INTO postgres_js_keys VALUES (${i})`));
    });
  }
  equal((await sql`SELECT count(*)::int FROM postgres_js_keys`)[0].count, 15, 'rows');
});

await test('cursors', async () => {
  const seen = [];
  for await (const rows of sql`SELECT generate_series(1, 200) AS i`.cursor(17)) seen.push(...rows.map((r) => r.i));
  equal(seen, range(200).map((i) => i + 1), 'a portal in portions of 17');
});

await test('unprepared_and_simple', async () => {
  const plain = postgres({ ...where, max: 3, prepare: false });
  await together(4, async (who) => {
    for (const i of range(20)) equal((await plain`SELECT ${who * 100 + i}::int AS n`)[0].n, who * 100 + i, 'unnamed');
  });
  equal((await plain.unsafe('SELECT 1 AS a; SELECT 2 AS b').simple()).map((r) => r[0]), [{ a: 1 }, { b: 2 }], 'simple');
  await plain.end();
});

await test('copy_both_ways', async () => {
  await sql`DROP TABLE IF EXISTS postgres_js_copy`;
  await sql`CREATE TABLE postgres_js_copy (i int, t text)`;
  const lines = range(2000).map((i) => `${i}\trow ${i}\n`);
  await pipeline(Readable.from(lines), await sql`COPY postgres_js_copy FROM STDIN`.writable());
  let back = '';
  for await (const part of await sql`COPY (SELECT * FROM postgres_js_copy ORDER BY i) TO STDOUT`.readable()) back += part;
  equal(back, lines.join(''), 'what COPY brings back');
});

await test('notifications', async () => {
  const heard = [];
  let wake = () => {};
  const { unlisten } = await sql.listen('postgres_js_channel', (payload) => { heard.push(payload); wake(); });
  for (const i of range(5)) {
    const next = new Promise((resolve) => { wake = resolve; });
    await sql.notify('postgres_js_channel', String(i));
    if (heard.length <= i) await next;
  }
  equal(heard, range(5).map(String), 'payloads');
  await unlisten();
});

if (primary) await test('routing', async () => {
  const setup = postgres({ ...where, max: 1, onnotice: () => {} });
  await setup`DROP TABLE IF EXISTS postgres_js_routed`;
  await setup`CREATE TABLE postgres_js_routed (i int)`;
  await setup.end();
  const fresh = postgres({ ...where, max: 1, onnotice: () => {} });
  const at = async (tx) => (await tx.unsafe(place, [], { prepare: true }))[0].port;
  const ports = [];
  for (const i of range(20)) ports.push(await at(fresh, i));
  offloaded(ports);
  for (const i of range(10)) {
    await fresh.begin('read only', async (tx) => equal(await at(tx) !== primary, true, 'a read only transaction on a standby'));
    await fresh.begin(async (tx) => {
      await tx`INSERT INTO postgres_js_routed VALUES (${i})`;
      equal(await at(tx), primary, 'the port in a transaction that has written');
    });
    equal((await fresh`SELECT count(*)::int FROM postgres_js_routed`)[0].count, i + 1, 'own rows');
  }
  await fresh.end();
});
await sql.end();
process.exit(0);
