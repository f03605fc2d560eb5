"""noise: clients that share a pool with the one under test and do what it does, with settings of their own and under
the names of statements that drivers use. Each knows what every answer must be. Runs until SIGTERM, then prints one
line: `ok noise: N transactions`, or `not ok noise: why`."""
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import wire  # noqa: E402

# What drivers call their statements; here they mean something else.
NAMES = ["pdo_stmt_00000001", "pdo_stmt_00000002", "S_1", "S_2", "_pg3_0", "_pg3_1", "__asyncpg_stmt_1__",
         "__asyncpg_stmt_2__", "lrupsc_1_0", "lrupsc_1_1", "a1", "a2", "dbdpg_p1_1", "P_0", "0", "1",
         "pg8000_statement_0", "sequel_1", "stmt1", "find"]

# Setting -> the values one of these clients may give it. public.poison() in clients.py knows them all.
VALUES = {
    "search_path": ["noise_1, public", "noise_2, public"],
    "TimeZone": ["'Pacific/Chatham'", "'Pacific/Marquesas'"],
    "statement_timeout": ["777001", "777002"],
    "lock_timeout": ["777003", "777004"],
    "work_mem": ["'7771kB'", "'7772kB'"],
    "DateStyle": ["'German'"],
    "IntervalStyle": ["'sql_standard'"],
    "extra_float_digits": ["-7", "-8"],
    "bytea_output": ["'escape'"],
    "default_transaction_isolation": ["'repeatable read'"],
    "application_name": ["'noise 1'", "'noise 2'"],
    "my.noise": ["'1'", "'2'"],
    "standard_conforming_strings": ["off"],
    "client_min_messages": ["'error'"],
    "role": ["noise_role"],
}


class Noise(threading.Thread):
    def __init__(self, number, connect, stop):
        super().__init__(daemon=True)
        self.number, self.connect, self.stop = number, connect, stop
        self.who = f"{os.getpid()} {number}"
        self.random = random.Random(self.who)
        self.c, self.mine, self.why, self.done, self.added = None, {}, None, 0, 0

    def run(self):
        try:
            self.c = self.connect()
            self.default = self.shown()
            for number, name in enumerate(NAMES):
                self.c.segment(wire.parse(name, f"SELECT {1000 * self.number + number} + $1::int"))
            while not self.stop.is_set():
                self.random.choice((self.alter, self.forget, self.write, self.named, self.named, self.unnamed,
                                    self.fail, self.local, self.configure))()
                self.compare()
                self.done += 1
                time.sleep(0.002)
        except BaseException as e:
            self.why = f"client {self.number}: {type(e).__name__}: {e}"
        finally:
            if self.c:
                self.c.close()  # a server held for ever would look like a fault of the client under test

    def shown(self):
        columns = ", ".join(f"current_setting('{name}', true)" for name in VALUES)
        return dict(zip(VALUES, self.c.query(f"SELECT {columns}").rows[0]))

    def compare(self):
        """Every setting is mine, or the default when I have set nothing."""
        shown = self.shown()
        for name, value in shown.items():
            wanted = self.mine.get(name, self.default[name])
            if (value or "") != (wanted or ""):  # a custom setting that somebody once had is '' and not NULL
                raise AssertionError(f"{name} is {value!r}, should be {wanted!r}")

    def sure(self, got, expected, what):
        if got != expected:
            raise AssertionError(f"{what}: expected {expected!r}, got {got!r}")

    def expect(self, name, value):
        unit = "ms" if name.endswith("_timeout") else ""
        self.mine[name] = value.strip("'").replace("German", "German, DMY") + unit

    def alter(self):
        name = self.random.choice(list(VALUES))
        value = self.random.choice(VALUES[name])
        self.random.choice((self.c.query, self.c.extended))(f"SET {name} TO {value}")
        self.expect(name, value)

    def configure(self):
        name = self.random.choice(("search_path", "work_mem", "my.noise", "application_name"))
        value = self.random.choice(VALUES[name]).strip("'")
        self.c.query(f"SELECT pg_catalog.set_config('{name}', '{value}', false)")
        self.expect(name, value)

    def forget(self):
        name = self.random.choice(list(VALUES))
        self.c.query(f"RESET {name}")
        self.mine.pop(name, None)

    def local(self):
        self.c.query("BEGIN")
        self.c.query("SET LOCAL work_mem = '7773kB'")
        self.sure(self.c.value("SHOW work_mem"), "7773kB", "SET LOCAL")
        self.c.query(self.random.choice(("COMMIT", "ROLLBACK")))

    def write(self):
        good = self.random.random() < 0.5
        self.c.query("BEGIN")
        self.c.query(f"INSERT INTO public.noise_log VALUES ('{self.who}')")
        self.c.query("COMMIT" if good else "ROLLBACK")
        self.added += good
        self.sure(self.c.value(f"SELECT count(*) FROM public.noise_log WHERE who = '{self.who}'"),
                  str(self.added), "rows that were committed")

    def named(self):
        number = self.random.randrange(len(NAMES))
        got = self.c.segment(wire.bind("", NAMES[number], [7]), wire.execute()).rows
        self.sure(got, [[str(1000 * self.number + number + 7)]], f"statement {NAMES[number]}")

    def unnamed(self):
        self.c.segment(wire.parse("", f"SELECT 'unnamed {self.number}' || $1::text"), wire.describe("S"))
        got = self.c.segment(wire.bind("", "", ["x"]), wire.execute()).rows
        self.sure(got, [[f"unnamed {self.number}x"]], "the unnamed statement after a Sync")

    def fail(self):
        got = self.c.query("SELECT nothing_of_the_kind", check=False)
        self.sure([e.sqlstate for e in got.errors], ["42703"], "an error")


def main():
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    def connect():
        return wire.Client(int(os.environ["DB_PORT"]), user=os.environ["DB_USER"], host=os.environ["DB_HOST"],
                           password=os.environ["DB_PASSWORD"], database=os.environ["DB_NAME"])
    crowd = [Noise(number, connect, stop) for number in range(1, int(os.environ.get("NOISE", "6")) + 1)]
    for one in crowd:
        one.start()
    while not stop.wait(0.2) and all(one.is_alive() for one in crowd):
        pass
    stop.set()
    for one in crowd:
        one.join(20)
    wrong = [one.why for one in crowd if one.why] + [f"client {one.number} hangs" for one in crowd if one.is_alive()]
    print(f"not ok noise: {'; '.join(wrong)}" if wrong else f"ok noise: {sum(one.done for one in crowd)}", flush=True)
    os._exit(0)


main()
