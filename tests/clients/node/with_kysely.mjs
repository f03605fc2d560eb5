// Kysely: CRUD, transactions with isolation levels, savepoints of controlled ones, streams through a cursor.
import { Kysely, PostgresDialect, sql } from 'kysely';
import Cursor from 'pg-cursor';
import pg from 'pg';
import { equal, fails, range, test, together, where } from './contract.mjs';

const db = new Kysely({ dialect: new PostgresDialect({ cursor: Cursor, pool: new pg.Pool({ ...where, max: 5, options: '-c my.own=kysely' }) }) });

async function sureOfSettings(tx) {
  const { rows } = await sql`SELECT current_setting('my.own') AS own, public.poison() AS poison`.execute(tx);
  equal(rows[0], { own: 'kysely', poison: '' }, 'own settings and the noise\'s');
}

const number = async (who) => Number((await db.selectFrom('kysely_rows').select((e) => e.fn.countAll().as('n'))
  .where('who', '=', who).executeTakeFirst()).n);

await test('schema', async () => {
  await db.schema.dropTable('kysely_rows').ifExists().execute();
  await db.schema.createTable('kysely_rows').addColumn('id', 'serial', (c) => c.primaryKey()).addColumn('who', 'integer')
    .addColumn('name', 'text', (c) => c.unique()).execute();
  equal((await db.introspection.getTables()).some((t) => t.name === 'kysely_rows'), true, 'the table is there');
});

await test('transactions', async () => {
  await together(6, async (who) => {
    for (const i of range(20)) {
      try {
        await db.transaction().execute(async (tx) => {
          await tx.insertInto('kysely_rows').values({ who, name: `${who}/${i}` }).execute();
          await sureOfSettings(tx);
          if (i % 2) throw new RangeError('roll back');
        });
      } catch (e) {
        if (!(e instanceof RangeError)) throw e;
      }
      equal(await number(who), Math.floor(i / 2) + 1, 'rows so far');
    }
  });
});

await test('savepoints', async () => {
  for (const i of range(12)) {
    const tx = await db.startTransaction().setIsolationLevel('serializable').execute();
    await tx.insertInto('kysely_rows').values({ who: 100, name: `s${i}` }).execute();
    const inner = await tx.savepoint('a').execute();
    await fails('23505', () => inner.insertInto('kysely_rows').values({ who: 100, name: `s${i}` }).execute());
    await inner.rollbackToSavepoint('a').execute();
    await tx.commit().execute();
  }
  equal(await number(100), 12, 'rows');
});

await test('queries_and_streams', async () => {
  const { id } = await db.insertInto('kysely_rows').values({ who: 1, name: 'x' }).returning('id').executeTakeFirst();
  await db.updateTable('kysely_rows').set({ who: 2 }).where('id', '=', id).execute();
  await db.insertInto('kysely_rows').values({ who: 3, name: 'x' }).onConflict((c) => c.column('name').doUpdateSet({ who: 4 })).execute();
  equal((await db.selectFrom('kysely_rows').selectAll().where('id', '=', id).executeTakeFirst()).who, 4, 'upsert');
  let seen = 0;
  for await (const row of db.selectFrom('kysely_rows').selectAll().stream(7)) seen += row.id > 0 ? 1 : 0;
  equal(seen, (await db.selectFrom('kysely_rows').selectAll().execute()).length, 'a stream in portions of 7');
  equal(Number((await db.deleteFrom('kysely_rows').where('id', '=', id).executeTakeFirst()).numDeletedRows), 1, 'delete');
});
await db.destroy();
process.exit(0);
