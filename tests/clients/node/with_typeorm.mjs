// TypeORM: its boot, repositories, transactions, savepoints in nested ones, query builder, streams, locks.
import 'reflect-metadata';
import { DataSource, EntitySchema } from 'typeorm';
import { equal, fails, range, test, together, url } from './contract.mjs';

const Row = new EntitySchema({ name: 'Row', tableName: 'typeorm_rows', columns: {
  id: { type: Number, primary: true, generated: true }, who: { type: Number }, name: { type: String, unique: true } } });
const db = new DataSource({ type: 'postgres', url, entities: [Row], synchronize: false, extra: { max: 5, options: '-c my.own=typeorm' } });

async function sureOfSettings(manager) {
  const [row] = await manager.query("SELECT current_setting('my.own') AS own, public.poison() AS poison");
  equal(row, { own: 'typeorm', poison: '' }, 'own settings and the noise\'s');
}

await test('synchronize', async () => {
  await db.initialize();
  await db.query('DROP TABLE IF EXISTS typeorm_rows');
  await db.synchronize();
  equal((await db.query("SELECT to_regclass('typeorm_rows')::text AS t"))[0].t, 'typeorm_rows', 'the table');
});

await test('transactions', async () => {
  await together(6, async (who) => {
    for (const i of range(20)) {
      try {
        await db.transaction(async (manager) => {
          await manager.getRepository(Row).insert({ who, name: `${who}/${i}` });
          await sureOfSettings(manager);
          if (i % 2) throw new RangeError('roll back');
        });
      } catch (e) {
        if (!(e instanceof RangeError)) throw e;
      }
      equal(await db.getRepository(Row).countBy({ who }), Math.floor(i / 2) + 1, 'rows so far');
    }
  });
});

await test('nested_transactions', async () => {
  for (const i of range(12)) {
    await db.transaction('SERIALIZABLE', async (manager) => {
      await manager.getRepository(Row).insert({ who: 100, name: `n${i}` });
      await fails('23505', () => manager.transaction((inner) => inner.getRepository(Row).insert({ who: 100, name: `n${i}` })));
      equal((await manager.query('SHOW transaction_isolation'))[0].transaction_isolation, 'serializable', 'isolation');
    });
  }
  equal(await db.getRepository(Row).countBy({ who: 100 }), 12, 'rows');
});

await test('crud_and_locks', async () => {
  const rows = db.getRepository(Row);
  const saved = await rows.save({ who: 200, name: 'saved' });
  await together(4, async () => {
    for (const i of range(5)) {
      await db.transaction(async (manager) => {
        const row = await manager.getRepository(Row).findOne({ where: { id: saved.id }, lock: { mode: 'pessimistic_write' } });
        await manager.getRepository(Row).update(saved.id, { who: row.who + 1 });
      });
    }
  });
  equal((await rows.findOneBy({ id: saved.id })).who, 220, '20 increments under row locks');
  await rows.upsert({ who: 300, name: 'saved' }, ['name']);
  equal((await rows.createQueryBuilder('r').where('r.name = :name', { name: 'saved' }).getOne()).who, 300, 'upsert');
  equal((await rows.delete({ name: 'saved' })).affected, 1, 'delete');
});
await db.destroy();
process.exit(0);
