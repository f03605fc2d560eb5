// Prisma 7 with its adapter over pg: unnamed statements; BEGIN, SELECT, INSERT; interactive transactions.
import { PrismaPg } from '@prisma/adapter-pg';
import generated from './generated/index.js';
import { equal, offloaded, place, primary, range, test, together, url } from './contract.mjs';

const db = new generated.PrismaClient({ adapter: new PrismaPg({ connectionString: url, max: 5, options: '-c my.own=prisma' }) });

async function sureOfSettings(tx) {
  const [row] = await tx.$queryRaw`SELECT current_setting('my.own') AS own, public.poison() AS poison`;
  equal(row, { own: 'prisma', poison: '' }, 'own settings and the noise\'s');
}

async function failsWith(code, action) {
  let got = 'no error';
  await action().catch((e) => { got = e.code; });
  equal(got, code, 'Prisma\'s error');
}

await test('raw', async () => {
  await db.$executeRaw`DROP TABLE IF EXISTS prisma_rows`;
  await db.$executeRaw`CREATE TABLE prisma_rows (id serial PRIMARY KEY, who int NOT NULL, name text NOT NULL UNIQUE)`;
  for (const i of range(20)) equal((await db.$queryRaw`SELECT ${i}::int + 1 AS n`)[0].n, i + 1, 'a parameter');
});

await test('interactive_transactions', async () => {
  await together(5, async (who) => {
    for (const i of range(15)) {
      try {
        await db.$transaction(async (tx) => {
          await tx.row.create({ data: { who, name: `${who}/${i}` } });
          await sureOfSettings(tx);
          if (i % 2) throw new RangeError('roll back');
        }, { maxWait: 30000, timeout: 30000 });
      } catch (e) {
        if (!(e instanceof RangeError)) throw e;
      }
      equal(await db.row.count({ where: { who } }), Math.floor(i / 2) + 1, 'rows so far');
    }
  });
});

await test('batched_transactions', async () => {
  for (const i of range(10)) {
    const [row, n] = await db.$transaction([
      db.row.create({ data: { who: 100, name: `b${i}` } }), db.row.count({ where: { who: 100 } }),
    ], { isolationLevel: 'Serializable' });
    equal([row.name, n], [`b${i}`, i + 1], 'two in one');
    await failsWith('P2002', () => db.$transaction([
      db.row.create({ data: { who: 100, name: `c${i}` } }), db.row.create({ data: { who: 100, name: `b${i}` } })]));
  }
  equal(await db.row.count({ where: { who: 100 } }), 10, 'rows');
});

await test('crud', async () => {
  await db.row.createMany({ data: range(40).map((i) => ({ who: 200, name: `m${i}` })) });
  equal((await db.row.upsert({ where: { name: 'm0' }, update: { who: 201 }, create: { who: 0, name: 'm0' } })).who, 201, 'upsert');
  equal((await db.row.updateMany({ where: { who: 200 }, data: { who: { increment: 2 } } })).count, 39, 'updateMany');
  equal((await db.row.findMany({ where: { who: 202 }, orderBy: { id: 'asc' }, take: 3 })).map((r) => r.name), ['m1', 'm2', 'm3'], 'findMany');
  equal((await db.row.deleteMany({ where: { who: { gte: 200 } } })).count, 40, 'deleteMany');
  await failsWith('P2025', () => db.row.update({ where: { name: 'm0' }, data: { who: 1 } }));
  await sureOfSettings(db);
});

if (primary) await test('routing', async () => {
  const at = async (tx) => (await tx.$queryRawUnsafe(place))[0].port;
  const fresh = new generated.PrismaClient({ adapter: new PrismaPg({ connectionString: url, max: 1 }) });
  const ports = [];
  for (const i of range(20)) ports.push(await at(fresh, i));
  offloaded(ports);
  for (const i of range(10)) {
    await fresh.$transaction(async (tx) => {
      await tx.row.create({ data: { who: 400, name: `r${i}` } });
      equal(await at(tx), primary, 'the port in a transaction that has written');
    });
    equal(await fresh.row.count({ where: { who: 400 } }), i + 1, 'own rows');
  }
  await fresh.$disconnect();
});
await db.$disconnect();
process.exit(0);
