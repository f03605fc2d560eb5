// pg (node-postgres): settings as startup parameters, its pool, named statements, cursors, COPY, LISTEN.
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { from, to } from 'pg-copy-streams';
import { equal, fails, offloaded, place, primary, range, test, together, where } from './contract.mjs';

const own = { ...where, options: '-c my.own=node_pg -c geqo=off', statement_timeout: 51000, lock_timeout: 52000,
  idle_in_transaction_session_timeout: 53000, application_name: 'node-pg' };
const pool = new pg.Pool({ ...own, max: 6 });
const one = async (c, sql, values) => Object.values((await c.query(sql, values)).rows[0])[0];

async function sureOfSettings(c) {
  const { rows } = await c.query(`SELECT current_setting('my.own') AS own, current_setting('geqo') AS geqo,
    current_setting('statement_timeout') AS st, current_setting('lock_timeout') AS lt,
    current_setting('idle_in_transaction_session_timeout') AS it, current_setting('application_name') AS name,
    public.poison() AS poison`);
  equal(rows[0], { own: 'node_pg', geqo: 'off', st: '51s', lt: '52s', it: '53s', name: 'node-pg', poison: '' },
    'own settings and the noise\'s');
}

await test('startup_parameters', async () => {
  for (const i of range(10)) {
    const c = new pg.Client(own);
    await c.connect();
    await sureOfSettings(c);
    await c.query('SET statement_timeout = 61000');
    for (const k of range(5)) equal(await one(c, 'SHOW statement_timeout'), '61s', `after SET, ${i} ${k}`);
    await c.query('RESET statement_timeout');
    for (const k of range(5)) equal(await one(c, 'SHOW statement_timeout'), '51s', `after RESET, ${i} ${k}`);
    await c.query('DISCARD ALL');
    await sureOfSettings(c);
    await c.end();
  }
});

await test('transactions', async () => {
  await pool.query('DROP TABLE IF EXISTS node_pg_rows');
  await pool.query('CREATE TABLE node_pg_rows (who int, i int)');
  await together(6, async (who) => {
    for (const i of range(25)) {
      const c = await pool.connect();
      await c.query('BEGIN');
      await c.query('INSERT INTO node_pg_rows VALUES ($1, $2)', [who, i]);
      await sureOfSettings(c);
      await c.query(i % 2 ? 'ROLLBACK' : 'COMMIT');
      equal(Number(await one(c, 'SELECT count(*) FROM node_pg_rows WHERE who = $1', [who])), Math.floor(i / 2) + 1, 'rows');
      c.release();
    }
  });
});

await test('named_statements', async () => {
  await together(6, async (who) => {
    for (const i of range(25)) {
      const { rows } = await pool.query({ name: 'find', text: 'SELECT $1::int * 100 + $2::int AS n', values: [who, i] });
      equal(rows[0].n, who * 100 + i, 'a statement with a name');
      if (i % 8 === 0) await fails('22012', () => pool.query({ name: 'bad', text: 'SELECT 1 / $1::int', values: [0] }));
    }
  });
});

await test('cursors', async () => {
  const c = await pool.connect();
  const cursor = c.query(new Cursor('SELECT generate_series(1, $1::int) AS i', [200]));
  const seen = [];
  for (let rows; (rows = await cursor.read(17)).length > 0;) seen.push(...rows.map((r) => r.i));
  equal(seen, range(200).map((i) => i + 1), 'a portal in portions of 17');
  await cursor.close();
  await sureOfSettings(c);
  c.release();
});

await test('copy_both_ways', async () => {
  await pool.query('DROP TABLE IF EXISTS node_pg_copy');
  await pool.query('CREATE TABLE node_pg_copy (i int, t text)');
  const c = await pool.connect();
  const lines = range(2000).map((i) => `${i}\trow ${i}\n`);
  await pipeline(Readable.from(lines), c.query(from('COPY node_pg_copy FROM STDIN')));
  let back = '';
  for await (const part of c.query(to('COPY (SELECT * FROM node_pg_copy ORDER BY i) TO STDOUT'))) back += part;
  equal(back, lines.join(''), 'what COPY brings back');
  c.release();
});

await test('notifications', async () => {
  const c = new pg.Client(own);
  await c.connect();
  const heard = [];
  let wake = () => {};
  c.on('notification', (n) => { heard.push(n.payload); wake(); });
  await c.query('LISTEN node_pg_channel');
  for (const i of range(5)) {
    const next = new Promise((resolve) => { wake = resolve; });
    await pool.query("SELECT pg_notify('node_pg_channel', $1)", [String(i)]);
    if (heard.length <= i) await next;
  }
  equal(heard, range(5).map(String), 'payloads');
  await sureOfSettings(c);
  await c.query('RESET ALL');
  await sureOfSettings(c);
  await c.end();
});

await test('statement_timeout_works', async () => {
  const c = new pg.Client({ ...where, statement_timeout: 300 });
  await c.connect();
  for (const i of range(5)) {
    await fails('57014', () => c.query('SELECT pg_sleep(20)'));
    equal(await one(c, 'SELECT $1::int', [i]), i, 'afterwards');
  }
  await c.end();
});

if (primary) await test('routing', async () => {
  await pool.query('DROP TABLE IF EXISTS node_pg_routed');
  await pool.query('CREATE TABLE node_pg_routed (i int)');
  const c = new pg.Client(own);
  await c.connect();
  const ports = [];
  for (const i of range(20)) ports.push(await one(c, place, i % 2 ? [] : undefined)); // extended and simple
  offloaded(ports);
  for (const i of range(10)) {
    for (const begin of [['BEGIN READ ONLY'], ['BEGIN', 'SET TRANSACTION READ ONLY']]) {
      for (const sql of begin) await c.query(sql);
      equal(await one(c, place) !== primary, true, `on a standby after ${begin}`);
      await c.query('COMMIT');
    }
    await c.query('BEGIN');
    await c.query('INSERT INTO node_pg_routed VALUES ($1)', [i]);
    equal(await one(c, place), primary, 'the port in a transaction that has written');
    await c.query({ name: 'end', text: 'COMMIT' }); // a COMMIT by a prepared name
    equal(Number(await one(c, 'SELECT count(*) FROM node_pg_routed')), i + 1, 'own rows');
  }
  await c.end();
});
await pool.end();
process.exit(0);
