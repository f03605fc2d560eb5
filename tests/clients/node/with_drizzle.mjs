// Drizzle, over pg and over postgres.js: CRUD, transactions, savepoints, prepared queries.
import { count, eq, sql } from 'drizzle-orm';
import { drizzle as overPg } from 'drizzle-orm/node-postgres';
import { drizzle as overPostgres } from 'drizzle-orm/postgres-js';
import { integer, pgTable, serial, text } from 'drizzle-orm/pg-core';
import pg from 'pg';
import postgres from 'postgres';
import { equal, fails, range, test, together, where } from './contract.mjs';

const rows = pgTable('drizzle_rows', { id: serial('id').primaryKey(), who: integer('who'), name: text('name').unique() });

async function sureOfSettings(tx) {
  const got = await tx.execute(sql`SELECT current_setting('my.own') AS own, public.poison() AS poison`);
  equal((got.rows ?? got)[0], { own: 'drizzle', poison: '' }, 'own settings and the noise\'s');
}

async function cases(kind, db) {
  await test(`transactions_over_${kind}`, async () => {
    await db.execute(sql`DROP TABLE IF EXISTS drizzle_rows`);
    await db.execute(sql`CREATE TABLE drizzle_rows (id serial PRIMARY KEY, who int, name text UNIQUE)`);
    await together(6, async (who) => {
      for (const i of range(20)) {
        try {
          await db.transaction(async (tx) => {
            await tx.insert(rows).values({ who, name: `${who}/${i}` });
            await sureOfSettings(tx);
            if (i % 2) tx.rollback();
          });
        } catch (e) {
          if (e.constructor.name !== 'TransactionRollbackError') throw e;
        }
        const [got] = await db.select({ n: count() }).from(rows).where(eq(rows.who, who));
        equal(got.n, Math.floor(i / 2) + 1, 'rows so far');
      }
    });
  });

  await test(`savepoints_over_${kind}`, async () => {
    for (const i of range(12)) {
      await db.transaction(async (tx) => {
        await tx.insert(rows).values({ who: 100, name: `s${i}` });
        await fails('23505', () => tx.transaction((inner) => inner.insert(rows).values({ who: 100, name: `s${i}` })));
      }, { isolationLevel: 'serializable', accessMode: 'read write' });
    }
    equal((await db.select().from(rows).where(eq(rows.who, 100))).length, 12, 'rows');
  });

  await test(`prepared_queries_over_${kind}`, async () => {
    const find = db.select().from(rows).where(eq(rows.name, sql.placeholder('name'))).prepare('find');
    await together(5, async () => {
      for (const i of range(12)) equal((await find.execute({ name: `s${i}` }))[0].who, 100, 'a prepared query');
    });
    const [{ id }] = await db.insert(rows).values({ who: 1, name: 'x' }).returning();
    await db.update(rows).set({ who: 2 }).where(eq(rows.id, id));
    await db.insert(rows).values({ who: 3, name: 'x' }).onConflictDoUpdate({ target: rows.name, set: { who: 4 } });
    equal((await find.execute({ name: 'x' }))[0].who, 4, 'insert, update, upsert');
    equal((await db.delete(rows).where(eq(rows.id, id)).returning()).length, 1, 'delete');
  });
}

const pool = new pg.Pool({ ...where, max: 5, options: '-c my.own=drizzle' });
await cases('pg', overPg(pool));
await pool.end();
const client = postgres({ ...where, max: 5, onnotice: () => {}, connection: { 'my.own': 'drizzle' } });
await cases('postgres', overPostgres(client));
await client.end();
process.exit(0);
