"""asyncpg: Parse / Describe / Flush, its cache of statements, portals, its pool and its reset string."""
import asyncio
import io

import asyncpg
from contract import PLACE, PRIMARY, URL, equal, offloaded, on_primary, on_standby, told


async def tasks_with_transactions():
    c = await asyncpg.connect(URL)
    await c.execute("DROP TABLE IF EXISTS asyncpg_rows; CREATE TABLE asyncpg_rows (who int, i int, t text)")
    await c.close()

    async def work(who):
        c = await asyncpg.connect(URL, server_settings={"my.own": f"asyncpg {who}", "search_path": "public"})
        for i in range(40):
            tx = c.transaction()
            await tx.start()
            await c.execute("INSERT INTO asyncpg_rows VALUES ($1, $2, $3)", who, i, f"t{i}")
            got = await c.fetchrow("SELECT current_setting('my.own'), public.poison(), $1::int", i)
            equal(tuple(got), (f"asyncpg {who}", "", i), "own setting, the noise's, a parameter")
            await (tx.rollback() if i % 2 else tx.commit())
            equal(await c.fetchval("SELECT count(*) FROM asyncpg_rows WHERE who = $1", who), i // 2 + 1, "rows so far")
        await c.close()
    await asyncio.gather(*(work(n) for n in range(6)))


async def statements_over_many_transactions():
    c = await asyncpg.connect(URL, statement_cache_size=10)
    kept = await c.prepare("SELECT $1::text || $2::text")
    for i in range(40):
        equal(await kept.fetchval("a", str(i)), f"a{i}", "a statement kept open")
        equal(await c.fetchval(f"SELECT {i} + $1::int", 1), i + 1, "one more than the cache holds")
    equal([a.name for a in kept.get_attributes()], ["?column?"], "its description")
    await c.close()


async def reset_string():
    c = await asyncpg.connect(URL, server_settings={"work_mem": "6MB"})
    for i in range(10):
        await c.execute("SET work_mem = '8MB'; SET TIME ZONE 'Asia/Tokyo'")
        equal(await c.fetchval("SELECT pg_try_advisory_lock(99)"), True, "an advisory lock")
        await c.add_listener("asyncpg_reset", lambda *_: None)
        await c.remove_listener("asyncpg_reset", lambda *_: None)
        await c.reset()
        got = await c.fetchrow("SELECT current_setting('work_mem'), current_setting('TimeZone'), public.poison()")
        equal(tuple(got), ("6MB", await c.fetchval("SELECT reset_val FROM pg_settings WHERE name = 'TimeZone'"), ""),
              "after reset()")
        other = await asyncpg.connect(URL)
        equal(await other.fetchval("SELECT pg_try_advisory_lock(99)"), True, "the lock, free again")
        await other.close()
    await c.close()


async def pool_with_reset():
    async with asyncpg.create_pool(URL, min_size=4, max_size=12) as pool:
        async def work(n):
            async with pool.acquire() as c:
                equal(await c.fetchval("SHOW work_mem"), "4MB", "work_mem after the pool's reset")
                await c.execute("SET work_mem = '9MB'")
                async with c.transaction():
                    return await c.fetchval("SELECT $1::int * (current_setting('work_mem') = '9MB')::int", n)
        equal(await asyncio.gather(*(work(n) for n in range(150))), list(range(150)), "150 tasks over 12 connections")


async def portals():
    c = await asyncpg.connect(URL)
    async with c.transaction():
        seen = [r[0] async for r in c.cursor("SELECT generate_series(1, 300)", prefetch=7)]
        cursor = await c.cursor("SELECT generate_series(1, 100)")
        await cursor.forward(10)
        equal([r[0] for r in await cursor.fetch(5)], [11, 12, 13, 14, 15], "a cursor moved forward")
    equal(seen, list(range(1, 301)), "a portal in portions of 7")
    await c.close()


async def errors_and_savepoints():
    c = await asyncpg.connect(URL)
    await c.execute("DROP TABLE IF EXISTS asyncpg_nested; CREATE TABLE asyncpg_nested (i int PRIMARY KEY)")
    for i in range(20):
        async with c.transaction():
            await c.execute("INSERT INTO asyncpg_nested VALUES ($1)", i)
            try:
                async with c.transaction():
                    await c.execute("INSERT INTO asyncpg_nested VALUES ($1)", i)
                raise AssertionError("a unique violation")
            except asyncpg.UniqueViolationError:
                pass
        try:
            await c.fetchval("SELECT 1 / $1::int", 0)
            raise AssertionError("a division by zero")
        except asyncpg.DivisionByZeroError:
            pass
    equal(await c.fetchval("SELECT count(*) FROM asyncpg_nested"), 20, "rows")
    await c.executemany("INSERT INTO asyncpg_nested VALUES ($1)", [(i,) for i in range(100, 400)])
    try:
        await c.executemany("INSERT INTO asyncpg_nested VALUES ($1)", [(1000,), (0,), (1001,)])
        raise AssertionError("a unique violation")
    except asyncpg.UniqueViolationError:
        pass
    equal(await c.fetchval("SELECT count(*) FROM asyncpg_nested"), 320, "executemany is one transaction")
    await c.close()


async def copy_both_ways():
    c = await asyncpg.connect(URL)
    await c.execute("DROP TABLE IF EXISTS asyncpg_copy; CREATE TABLE asyncpg_copy (i int, t text)")
    await c.copy_records_to_table("asyncpg_copy", records=[(i, f"t{i}") for i in range(5000)])
    out = io.BytesIO()
    await c.copy_from_query("SELECT * FROM asyncpg_copy ORDER BY i", output=out)
    equal(out.getvalue(), b"".join(b"%d\tt%d\n" % (i, i) for i in range(5000)), "what COPY brings back")
    await c.close()


async def notifications():
    c, other = await asyncpg.connect(URL), await asyncpg.connect(URL)
    heard = asyncio.Queue()
    await c.add_listener("asyncpg_channel", lambda _, pid, channel, payload: heard.put_nowait(payload))
    for i in range(10):
        await other.execute("SELECT pg_notify('asyncpg_channel', $1)", str(i))
        equal(await asyncio.wait_for(heard.get(), 20), str(i), "a notification")
    await c.close()
    await other.close()


async def types_by_introspection():
    c = await asyncpg.connect(URL)
    await c.execute("DROP TYPE IF EXISTS asyncpg_mood CASCADE; CREATE TYPE asyncpg_mood AS (i int, words text[])")
    for i in range(10):
        got = await c.fetchval("SELECT $1::asyncpg_mood", (i, ["a", "b"]))
        equal((got["i"], got["words"]), (i, ["a", "b"]), "a composite type")
        got = await c.fetchval("SELECT ARRAY[ROW(1, '{x}')::asyncpg_mood]")
        equal(got[0]["words"], ["x"], "an array of it")
    await c.close()


async def timeouts_cancel():
    c = await asyncpg.connect(URL)
    for _ in range(3):
        try:
            await c.execute("SELECT pg_sleep(30)", timeout=0.3)
            raise AssertionError("a timeout")
        except asyncio.TimeoutError:
            pass
        equal(await c.fetchval("SELECT 1"), 1, "after a cancelled statement")
    await c.close()


async def routing():
    c = await asyncpg.connect(URL)
    await c.execute("DROP TABLE IF EXISTS asyncpg_routed; CREATE TABLE asyncpg_routed (i int)")
    await c.close()
    c = await asyncpg.connect(URL)
    offloaded([await c.fetchval(PLACE) for _ in range(20)])
    for _ in range(5):
        await c.reset()  # SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL
        offloaded([await c.fetchval(PLACE) for _ in range(8)])
    for i in range(10):
        async with c.transaction(readonly=True):
            on_standby(await c.fetchval(PLACE), "transaction(readonly=True)")
        async with c.transaction():
            await c.execute("INSERT INTO asyncpg_routed VALUES ($1)", i)
            on_primary(await c.fetchval(PLACE), "a transaction that has written")
        equal(await c.fetchval("SELECT count(*) FROM asyncpg_routed"), i + 1, "own rows")
    await c.close()


def run(*cases):
    for case in cases:
        if case is routing and not PRIMARY:
            continue
        try:
            asyncio.run(asyncio.wait_for(case(), 60))
            told(case.__name__, None)
        except Exception as e:
            told(case.__name__, e)


run(tasks_with_transactions, statements_over_many_transactions, reset_string, pool_with_reset, portals,
    errors_and_savepoints, copy_both_ways, notifications, types_by_introspection, timeouts_cancel, routing)
