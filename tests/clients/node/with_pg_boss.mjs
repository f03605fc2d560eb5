// pg-boss: jobs in tables: its own schema, many workers with SKIP LOCKED, each job done once.
import PgBoss from 'pg-boss';
import pg from 'pg';
import { equal, range, test, url, where } from './contract.mjs';

const boss = new PgBoss({ connectionString: url, schema: 'boss_test', max: 5 });
boss.on('error', (e) => console.error(e));

await test('start', async () => {
  await boss.start();
  await boss.createQueue('work');
});

await test('every_job_is_done_once', async () => {
  const done = new Map();
  for (const _ of range(3)) {
    await boss.work('work', { pollingIntervalSeconds: 0.5, batchSize: 10 }, async (jobs) => {
      for (const job of jobs) done.set(job.data.n, (done.get(job.data.n) ?? 0) + 1);
      return { number: jobs.length };
    });
  }
  await Promise.all(range(60).map((n) => boss.send('work', { n })));
  while (done.size < 60) await new Promise((resolve) => setTimeout(resolve, 100));
  equal([...done.values()].every((times) => times === 1), true, 'each once');
});

await test('fetch_complete_fail', async () => {
  await boss.createQueue('by_hand');
  const ids = [];
  for (const n of range(20)) ids.push(await boss.send('by_hand', { n }, { retryLimit: 0 }));
  const seen = [];
  for (let jobs; (jobs = await boss.fetch('by_hand', { batchSize: 3 })).length > 0;) {
    for (const job of jobs) {
      seen.push(job.data.n);
      await (job.data.n % 5 ? boss.complete('by_hand', job.id) : boss.fail('by_hand', job.id));
    }
  }
  equal(seen.sort((a, b) => a - b), range(20), 'jobs that were fetched');
  const states = await Promise.all(ids.map(async (id) => (await boss.getJobById('by_hand', id)).state));
  equal(states, range(20).map((n) => (n % 5 ? 'completed' : 'failed')), 'how they ended');
});

await test('job_in_a_transaction', async () => {
  await boss.createQueue('atomic');
  const c = new pg.Client(where);
  await c.connect();
  for (const i of range(10)) {
    await c.query('BEGIN');
    await boss.send('atomic', { i }, { db: { executeSql: (text, values) => c.query(text, values) } });
    await c.query(i % 2 ? 'ROLLBACK' : 'COMMIT');
  }
  equal((await boss.fetch('atomic', { batchSize: 20 })).map((job) => job.data.i).sort(), [0, 2, 4, 6, 8], 'jobs that hold');
  equal((await c.query('SELECT public.poison() AS p')).rows[0].p, '', 'the noise\'s settings');
  await c.end();
});
await boss.stop({ graceful: false });
process.exit(0);
