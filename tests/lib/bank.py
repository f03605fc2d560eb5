"""bank: a load as pgbench's, by the drivers that people use. Tellers move money between accounts and write each transfer
down, in one transaction: psycopg with prepared statements, single statements that do all of it, asyncpg. After
40001 they run the same transfer again, and after nothing else; after 40003 they look whether it is there. Auditors
add up all balances, and walk through all accounts with cursors. Whatever befalls the servers, the sum stays what it was,
each account has what the transfers left there, and each transfer that was promised is there once.
"""
import asyncio
import random
import time
from collections import Counter

import asyncpg
import psycopg

from load import Load

ACCOUNTS, BALANCE = 400, 1000
SCHEMA = f"""
CREATE TABLE account(id int PRIMARY KEY, balance int NOT NULL);
CREATE TABLE transfer(who int, n int, attempt int, source int, target int, amount int);
CREATE INDEX ON transfer(who, n);
INSERT INTO account SELECT i, {BALANCE} FROM generate_series(1, {ACCOUNTS}) i;
"""
MOVE = "UPDATE account SET balance = balance + {} WHERE id = {}"
KEEP = "INSERT INTO transfer VALUES ({}, {}, {}, {}, {}, {})"
FIND = "SELECT count(*) FROM transfer WHERE who = {} AND n = {}"
SUM = "SELECT sum(balance), count(*) FROM account"
AT_ONCE = ("WITH one AS (UPDATE account SET balance = balance + CASE id WHEN %(source)s THEN -%(amount)s ELSE %(amount)s END "
           "WHERE id IN (%(source)s, %(target)s)) INSERT INTO transfer VALUES (%(who)s, %(n)s, %(attempt)s, %(source)s, %(target)s, %(amount)s)")
HOLDS = (ACCOUNTS * BALANCE, ACCOUNTS)


def numbered(text):
    """With asyncpg's parameters."""
    count = text.count("{}")
    return text.format(*(f"${i + 1}" for i in range(count)))


def named(text):
    """With psycopg's."""
    return text.replace("{}", "%s")


class Bank(Load):
    """Clients of the pgsteer `steer`."""

    relations = ("account", "transfer")

    def __init__(self, steer, tellers=6, single=3, coroutines=6, auditors=3, walkers=2, pause=0.005):
        super().__init__()
        self.steer, self.pause = steer, pause
        self.cursor_errors = Counter()  # a standby that dies takes the transactions on it along
        self.walks = 0
        numbers = iter(range(1000))
        for _ in range(tellers):
            self.add(self._tell, next(numbers))
        for _ in range(single):
            self.add(self._tell_at_once, next(numbers))
        self.add(self._tell_many, [next(numbers) for _ in range(coroutines)])
        for _ in range(auditors):
            self.add(self._audit, next(numbers))
        for _ in range(walkers):
            self.add(self._walk, next(numbers))

    @staticmethod
    def prepare(client):
        for statement in SCHEMA.strip().split("\n"):
            client.query(statement)

    def _choose(self):
        source, target = random.sample(range(1, ACCOUNTS + 1), 2)
        return {"source": source, "target": target, "amount": random.randint(1, 9)}

    def _moves(self, t):
        """In the order of accounts, so that no two transfers wait for each other."""
        return sorted([(t["source"], -t["amount"]), (t["target"], t["amount"])])

    # -- psycopg

    def _open(self, **more):
        while True:
            try:
                connection = psycopg.connect(self.steer.dsn(), **more)
                connection.prepare_threshold = 1
                return connection
            except psycopg.OperationalError:
                self.lose_client()
                if self.stopping.wait(0.05):
                    return None

    def _psycopg(self, who, body, **more):
        """body(connection, n) for one transfer after the other."""
        connection, n, transfer = self._open(**more), 0, self._choose()
        while connection and not self.stopping.is_set():
            key = (who, n)
            try:
                try:
                    body(connection, {"who": who, "n": n, "attempt": self.attempt(key), **transfer})
                    self.acknowledged[key] = time.monotonic()
                    if n % 20 == 19 and not self._found(connection, who, n):
                        self.stale.append(f"teller {who} does not see its transfer {n}")
                except psycopg.errors.SerializationFailure as e:
                    self._refused(e, more)
                    time.sleep(self.pause)
                    continue
                except psycopg.errors.StatementCompletionUnknown as e:
                    self._refused(e, more)
                    if self._found(connection, who, n):
                        self.acknowledged[key] = time.monotonic()
                    else:
                        self.unknown.add(key)
            except psycopg.Error as e:
                if not connection.closed:
                    raise
                self.note(self.write_errors, e.sqlstate or "closed", str(e))
                self.lose_client()
                self.unknown.add(key)
                connection = self._open(**more)
            n, transfer = n + 1, self._choose()
            time.sleep(self.pause)
        if connection:
            connection.close()

    def _refused(self, e, more):
        self.note(self.write_errors, e.sqlstate, str(e))
        if more.get("autocommit"):
            self.note(self.autocommit_errors, e.sqlstate, str(e))

    def _found(self, connection, who, n):
        while True:
            try:
                with connection.transaction():
                    return connection.execute(named(FIND), (who, n)).fetchone()[0] == 1
            except psycopg.errors.SerializationFailure:
                time.sleep(self.pause)

    def _tell(self, who):
        def body(connection, t):
            with connection.transaction():
                for account, amount in self._moves(t):
                    if connection.execute(named(MOVE), (amount, account)).rowcount != 1:
                        raise RuntimeError(f"account {account} is gone")
                connection.execute(named(KEEP), (t["who"], t["n"], t["attempt"], t["source"], t["target"], t["amount"]))
        self._psycopg(who, body)

    def _tell_at_once(self, who):
        self._psycopg(who, lambda connection, t: connection.execute(AT_ONCE, t), autocommit=True)

    # -- asyncpg

    def _tell_many(self, everybody):
        async def together():
            await asyncio.gather(*(self._tell_async(who) for who in everybody))
        asyncio.run(together())

    async def _open_async(self):
        while True:
            try:
                return await asyncpg.connect(self.steer.url())
            except (OSError, asyncpg.PostgresError):
                self.lose_client()
                if self.stopping.is_set():
                    return None
                await asyncio.sleep(0.05)

    async def _tell_async(self, who):
        connection, n, t = await self._open_async(), 0, self._choose()
        while connection and not self.stopping.is_set():
            key = (who, n)
            try:
                try:
                    attempt = self.attempt(key)
                    async with connection.transaction():
                        for account, amount in self._moves(t):
                            await connection.execute(numbered(MOVE), amount, account)
                        await connection.execute(numbered(KEEP), who, n, attempt, t["source"], t["target"], t["amount"])
                    self.acknowledged[key] = time.monotonic()
                except asyncpg.SerializationError as e:
                    self.note(self.write_errors, e.sqlstate, str(e))
                    await asyncio.sleep(self.pause)
                    continue
                except asyncpg.StatementCompletionUnknownError as e:
                    self.note(self.write_errors, e.sqlstate, str(e))
                    if await connection.fetchval(numbered(FIND), who, n) == 1:
                        self.acknowledged[key] = time.monotonic()
                    else:
                        self.unknown.add(key)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as e:
                if not connection.is_closed():
                    raise
                self.note(self.write_errors, "closed", str(e))
                self.lose_client()
                self.unknown.add(key)
                connection = await self._open_async()
            n, t = n + 1, self._choose()
            await asyncio.sleep(self.pause)
        if connection:
            await connection.close()

    # -- readers

    def _read(self, body, counter):
        connection = self._open(autocommit=True)
        while connection and not self.stopping.is_set():
            try:
                body(connection)
            except psycopg.Error as e:
                self.note(counter, e.sqlstate or "closed", str(e))
                if connection.closed:
                    self.lose_client()
                    connection = self._open(autocommit=True)
            time.sleep(self.pause)
        if connection:
            connection.close()

    def _audit(self, who):
        def body(connection):
            begun = time.monotonic()
            held = connection.execute(SUM).fetchone()
            self.reads.append((begun, time.monotonic()))
            if held != HOLDS:
                self.stale.append(f"auditor {who} counted {held}, not {HOLDS}")
        self._read(body, self.read_errors)

    def _walk(self, who):
        """Slowly, so that a cursor lives as long as many transfers take."""
        def body(connection):
            held = 0
            with connection.transaction():
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                with connection.cursor("walk") as cursor:
                    cursor.itersize = 40
                    cursor.execute("SELECT balance FROM account")
                    for number, (balance,) in enumerate(cursor):
                        held += balance
                        if number % 40 == 0:
                            time.sleep(0.02)
            self.walks += 1
            if held != HOLDS[0]:
                self.stale.append(f"walker {who} counted {held}, not {HOLDS[0]}")
        self._read(body, self.cursor_errors)

    # -- what it saw

    def check(self, client):
        wrong = []
        held = tuple(int(value) for value in client.query(SUM).rows[0])
        if held != HOLDS:
            wrong.append(f"the balances are {held}, not {HOLDS}")
        off = client.query(f"""SELECT id, balance, {BALANCE} + coalesce(sum(CASE id WHEN target THEN amount ELSE -amount END), 0)
                               FROM account LEFT JOIN transfer ON id IN (source, target) GROUP BY 1, 2
                               HAVING balance <> {BALANCE} + coalesce(sum(CASE id WHEN target THEN amount ELSE -amount END), 0)""").rows
        if off:
            wrong.append(f"{len(off)} accounts have not what the transfers left there: {off[:3]}")
        wrong += [f"cursors ended with {state}: {self.first_messages[state]}" for state in self.cursor_errors if state != "40001"]
        if not self.walks:
            wrong.append("no cursor came to its end")
        return self.compare(client, "transfer", wrong)

    def sent_after(self, client, moment):
        return self.find_sent_after(client, "transfer", moment)
