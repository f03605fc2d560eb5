// Knex: its pool, transactions and savepoints, schema builder, migrations' lock table, bindings.
import knex from 'knex';
import { equal, fails, range, test, together, url } from './contract.mjs';


const db = knex({ client: 'pg', connection: { connectionString: url, application_name: 'knex' }, pool: { min: 0, max: 5 },
  searchPath: ['public', 'pg_catalog'] });

async function sureOfSettings(tx) {
  const { rows } = await tx.raw(`SELECT current_setting('application_name') AS name, current_setting('search_path') AS path,
    public.poison() AS poison`);
  equal(rows[0], { name: 'knex', path: 'public, pg_catalog', poison: '' }, 'own settings and the noise\'s');
}

await test('schema', async () => {
  await db.schema.dropTableIfExists('knex_rows');
  await db.schema.createTable('knex_rows', (t) => { t.increments(); t.integer('who'); t.string('name').unique(); });
  equal(await db.schema.hasTable('knex_rows'), true, 'the table is there');
});

await test('transactions', async () => {
  await together(6, async (who) => {
    for (const i of range(20)) {
      try {
        await db.transaction(async (tx) => {
          await tx('knex_rows').insert({ who, name: `${who}/${i}` });
          await sureOfSettings(tx);
          if (i % 2) throw new RangeError('roll back');
        });
      } catch (e) {
        if (!(e instanceof RangeError)) throw e;
      }
      const [{ count }] = await db('knex_rows').where({ who }).count();
      equal(Number(count), Math.floor(i / 2) + 1, 'rows so far');
    }
  });
});

await test('savepoints', async () => {
  for (const i of range(12)) {
    await db.transaction(async (tx) => {
      await tx('knex_rows').insert({ who: 100, name: `s${i}` });
      await fails('23505', () => tx.transaction((inner) => inner('knex_rows').insert({ who: 100, name: `s${i}` })));
    }, { isolationLevel: 'serializable' });
  }
  equal((await db('knex_rows').where({ who: 100 })).length, 12, 'rows');
});

await test('read_only', async () => {
  for (const i of range(8)) {
    await fails('25006', () => db.transaction((tx) => tx('knex_rows').insert({ who: i, name: 'no' }), { readOnly: true }));
    equal((await db.raw('SHOW transaction_read_only')).rows[0].transaction_read_only, 'off', 'outside of it');
  }
});

await test('queries', async () => {
  equal((await db('knex_rows').insert({ who: 1, name: 'x' }).returning('who'))[0].who, 1, 'insert');
  equal(await db('knex_rows').where({ name: 'x' }).update({ who: 2 }), 1, 'update');
  await db('knex_rows').insert({ who: 3, name: 'x' }).onConflict('name').merge();
  equal((await db('knex_rows').where({ name: 'x' }).forUpdate().first()).who, 3, 'upsert');
  equal(await db('knex_rows').where({ name: 'x' }).del(), 1, 'delete');
});
await db.destroy();
process.exit(0);
