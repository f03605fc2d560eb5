// Sequelize: findOrCreate through a function in pg_temp, managed transactions, its pool, isolation levels.
import Sequelize, { DataTypes } from 'sequelize';
import { equal, range, test, together, url } from './contract.mjs';

const db = new Sequelize(url, { logging: false, pool: { max: 5 }, dialectOptions: { application_name: 'sequelize', statement_timeout: 51000 } });
const Row = db.define('Row', { who: DataTypes.INTEGER, name: { type: DataTypes.STRING, unique: true } },
  { tableName: 'sequelize_rows', timestamps: false });

async function sureOfSettings(transaction) {
  const [[row]] = await db.query(`SELECT current_setting('application_name') AS name,
    current_setting('statement_timeout') AS st, public.poison() AS poison`, { transaction });
  equal(row, { name: 'sequelize', st: '51s', poison: '' }, 'own settings and the noise\'s');
}

await test('sync', async () => {
  await db.authenticate();
  await Row.sync({ force: true });
  equal((await db.getQueryInterface().showAllTables()).includes('sequelize_rows'), true, 'the table is there');
});

await test('transactions', async () => {
  await together(6, async (who) => {
    for (const i of range(20)) {
      try {
        await db.transaction(async (transaction) => {
          await Row.create({ who, name: `${who}/${i}` }, { transaction });
          await sureOfSettings(transaction);
          if (i % 2) throw new RangeError('roll back');
        });
      } catch (e) {
        if (!(e instanceof RangeError)) throw e;
      }
      equal(await Row.count({ where: { who } }), Math.floor(i / 2) + 1, 'rows so far');
    }
  });
});

await test('find_or_create', async () => {
  await together(4, async (who) => {
    for (const i of range(10)) {
      const [first, created] = await Row.findOrCreate({ where: { name: `f${who}/${i}` }, defaults: { who: 100 } });
      equal(created, true, 'created');
      const [again, twice] = await Row.findOrCreate({ where: { name: `f${who}/${i}` }, defaults: { who: 200 } });
      equal([twice, again.id, again.who], [false, first.id, 100], 'found');
    }
  });
  equal(await Row.count({ where: { who: 100 } }), 40, 'rows');
  await sureOfSettings();
});

await test('isolation_levels', async () => {
  for (const level of ['SERIALIZABLE', 'READ COMMITTED']) {
    for (const i of range(8)) {
      await db.transaction({ isolationLevel: level }, async (transaction) => {
        const [[row]] = await db.query("SELECT current_setting('transaction_isolation') AS level", { transaction });
        equal(row.level, level.toLowerCase(), `isolation ${i}`);
      });
    }
  }
});

await test('bind_parameters_and_errors', async () => {
  for (const i of range(20)) {
    const [[row]] = await db.query('SELECT $1::int + 1 AS n', { bind: [i] });
    equal(row.n, i + 1, 'a parameter');
    let name;
    await Row.create({ name: '0/0' }).catch((e) => { name = e.name; });
    equal(name, 'SequelizeUniqueConstraintError', 'an error');
  }
  await Row.bulkCreate(range(50).map((i) => ({ who: 300, name: `b${i}` })));
  await Row.upsert({ who: 301, name: 'b0' }, { conflictFields: ['name'] });
  equal([await Row.count({ where: { who: 300 } }), await Row.sum('who', { where: { name: 'b0' } })], [49, 301], 'bulkCreate, upsert');
});
await db.close();
process.exit(0);
