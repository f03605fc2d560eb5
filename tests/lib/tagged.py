"""tagged: clients that know every byte they are owed. Each asks for what carries its own name and a nonce, in all the ways a
client can (simple and extended queries, prepared statements whose names all of them share, pipelines, COPY, large
results, cursors, settings, notices, notifications, temporary tables), and compares each message of the answer, byte by
byte. Now and then it leaves in the middle of something. What may befall it meanwhile is an error that says so or the
end of its connection; anything else is kept in `wrong`: bytes that were not owed, somebody else's name in a message,
a setting it never made, a statement with another text, a cancel request that was not meant for it.
"""
import random
import re
import socket
import ssl
import struct
import time
from collections import Counter, deque

import wire
from impostor import column, complete, row
from load import Load
from wire import bind, close, describe, execute, flush, message, parse, query, sync

SCHEMA = """
CREATE TABLE tagged(who int, line text);
CREATE FUNCTION tagged_say(t text) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE '%', t; RETURN t; END$$;
CREATE FUNCTION tagged_fail(t text) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION '%', t USING ERRCODE = 'TG001'; END$$;
GRANT ALL ON tagged TO PUBLIC;
"""
ROLES = ("tagged_one", "tagged_two")
IDLE, BUSY = message("Z", b"I"), message("Z", b"T")
PARSED, BOUND, CLOSED, SUSPENDED = message("1"), message("2"), message("3"), message("s")
NAME = re.compile(r"<\d+\.\d+>")

# What may happen to anybody while servers are lost, killed and paused; to whom a cancel request was meant; and what a
# pooler says to whom it closes.
LOSSES = {"40001", "40003", "57P01", "57P02", "57P03", "25P03"}
CLOSING = LOSSES | {"08P01", "08006", "53300", "25P02", "57P05"}
CANCELED, TIMEOUT = "canceling statement due to user request", "canceling statement due to statement timeout"
NEVER = "never"  # written by those who leave before they commit


class Refused(Exception):
    """An error came in place of what was owed, and has been read up to ReadyForQuery."""


class Left(Exception):
    """The client has gone, on its own account."""


class Wrong(Exception):
    """What came was not owed."""


def rows_of(tags):
    """A result of one column `t`."""
    return [column("t"), *map(row, tags), complete(f"SELECT {len(tags)}")]


class Voice:
    """One client; `way`: {user, database, dbname}. Every other one of a way comes with TLS, and half of each of
    these are `hunted`: they get cancel requests at any moment, and nobody else may ever be met by one."""

    def __init__(self, load, number, way):
        self.load, self.number, self.way = load, number, way
        nth = number // len(load.ways)  # of its way
        self.tls, self.hunted = nth % 2 == 1, nth % 4 < 2
        self.random = random.Random(f"{load.seed} {number}")
        self.session = self.nonce = 0
        self.c, self.name, self.trail = None, "", deque(maxlen=12)
        self.acts = [act for act, weight in ACTS.items() for _ in range(weight)]

    # -- what it says and hears

    def tag(self):
        self.nonce += 1
        return f"{self.name}{self.nonce}:{self.random.getrandbits(64):x}"

    def wrong(self, what, got):
        raise Wrong(f"{self.name} as {self.way['user']} in {self.way['database']}: {what}, got {got!r}; "
                    f"it did {' '.join(self.trail)}")

    def hear(self):
        """The next message that is not one of those that may come at any time; these must be its own."""
        while True:
            got = self.c.receive()
            if got.type in "NEA" and any(name != self.name for name in NAME.findall(got.body.decode("utf-8", "replace"))):
                self.wrong("a message that names another client", got)
            if got.type == "N":
                self.notices.append(got.fields()["M"])
            elif got.type == "A":
                self.notified.append(got.body[4:])
            elif got.type != "S":
                return got

    def refuse(self, got, known=None):
        """An error where none was owed: is it one that can happen, or of the SQLSTATE `known`? Reads up to ReadyForQuery and
        returns its Refused."""
        error = wire.ServerError(got)
        mine = {CANCELED: self.hunted, TIMEOUT: self.act == "timeout"}
        if error.severity in ("FATAL", "PANIC"):
            if error.sqlstate not in CLOSING:
                self.wrong("no such end of the connection", got)
            self.load.note(self.load.ends, error.sqlstate, error.message)
            raise EOFError
        if not (mine.get(error.message) if error.sqlstate == "57014" else error.sqlstate in LOSSES or error.sqlstate == known):
            self.wrong("no such error", got)
        self.load.note(self.load.errors, error.sqlstate, error.message)
        while (got := self.hear()).type != "Z":
            if got.type != "E":
                self.wrong("nothing but ReadyForQuery was owed behind an error", got)
            return self.refuse(got)  # the end of the connection
        return Refused(error.sqlstate)

    def take(self, owed, before=None):
        """Compares what comes with what is owed: messages, or functions that judge one. Returns its Refused, or None.
        `before`: the Refused of what was sent in front of it, which may have been to prepare a statement."""
        for what in owed:
            got = self.hear()
            if what(got) if callable(what) else got.type == chr(what[0]) and got.body == what[5:]:
                continue
            if got.type != "E":
                self.wrong(f"owed was {what[:200]!r}" if isinstance(what, bytes) else "another message was owed", got)
            return self.refuse(got, before and "26000")
        return None

    def say(self, *parts, copying=False):
        """Sends all parts (bytes, what is owed for them) at once, and then takes the answers. `copying`: a COPY FROM STDIN
        waits for more, which may fail meanwhile."""
        while self.c.unread():  # between two answers comes only what may come at any time
            got = self.hear()
            if got.type != "E" or not (copying or got.fields()["S"] == "FATAL"):
                self.wrong("nothing was owed", got)
            raise self.refuse(got)
        self.c.send(*(sent for sent, _ in parts))
        first = None
        for _, owed in parts:
            refused = self.take(owed, first)
            first = first or refused
        if first:
            raise first
        if self.c.parameters["application_name"] not in self.settings["application_name"]:
            self.wrong(f"the reported application_name is one of {self.settings['application_name']}", self.c.parameters)

    def simple(self, sql, *owed, status=IDLE):
        self.say((query(sql), [*owed, status]))

    def command(self, sql, tag=None, status=IDLE):
        self.simple(sql, complete(tag or " ".join(sql.split()[:2])), status=status)

    def recover(self):
        """After an error: out of the transaction, without what pins."""
        for sql, tag in (("ROLLBACK", "ROLLBACK"), ("UNLISTEN *", "UNLISTEN"), ("DISCARD TEMP", "DISCARD TEMP")):
            while True:
                self.c.send(query(sql))
                if self.take([complete(tag), IDLE]) is None:
                    break

    # -- its life

    def live(self):
        while not self.load.stopping.is_set():
            try:
                self.arrive()
                while not self.load.stopping.is_set():
                    self.act = self.random.choice(self.acts)
                    self.turn()
                    self.load.turns[self.act] += 1
                self.c.close()
            except Left:
                self.load.turns["leave"] += 1
            except (OSError, EOFError, ssl.SSLError):
                self.load.turns["lost"] += 1
            except Wrong as e:
                self.load.wrong.append(str(e))
            finally:
                if self.c:
                    self.c.socket.close()
                    self.c = None

    def arrive(self):
        self.session += 1
        self.trail.clear()
        self.act, self.name = "login", f"<{self.number}.{self.session}>"
        self.notices, self.notified, self.prepared = [], [], {}
        mine = self.random.random() < 0.5
        start = {"application_name": self.name, "search_path": '"$user", public', "tagged.me": self.name if mine else "",
                 "role": self.way["user"], "DateStyle": "ISO, MDY"}
        self.start = start
        self.settings = {name: {value} for name, value in start.items()}
        more = {"options": f"-c tagged.me={self.name}"} if mine else {}
        if self.tls:
            more["tls"] = wire.trusting()
        try:
            self.c = self.load.steer.client(self.way["user"], self.way["database"], application_name=self.name, **more)
        except wire.ServerError as e:
            if e.sqlstate not in CLOSING:
                raise Wrong(f"a login was refused: {e}") from e
            time.sleep(0.05)
            raise EOFError from e

    def turn(self):
        self.trail.append(self.act)
        try:
            getattr(self, "act_" + self.act)()
        except Refused as e:
            self.trail.append(str(e))
            self.recover()

    # -- what it does: one row, prepared, pipelined

    def act_look(self):
        """Its settings, wherever it is."""
        names = ", ".join(f"coalesce(current_setting('{name}', true), '')" for name in self.settings if name != "role")
        tag, found = self.tag(), []

        def judge(got):
            found[:] = got.row() if got.type == "D" else []
            return len(found) > 3 and found[0] == tag
        self.say((query(f"SELECT '{tag}', current_user, session_user, current_database(), {names}"),
                  [lambda got: got.type == "T", judge, complete("SELECT 1"), IDLE]))
        user, session, database, *values = found[1:]
        if session != self.way["user"] or database != self.way["dbname"]:
            self.wrong("its own user and database", found)
        got = dict(zip([name for name in self.settings if name != "role"], values), role=user)
        for name, value in got.items():
            if value not in self.settings[name]:
                self.wrong(f"{name} is one of {self.settings[name]}", value)
            self.settings[name] = {value}

    def act_extended(self):
        tag = self.tag()
        self.say((parse("", f"SELECT $1::text || '{self.name}' AS t") + bind("", "", [tag]) + describe("P") + execute() + sync(),
                  [PARSED, BOUND, *rows_of([tag + self.name]), IDLE]))

    def _prepared(self, name):
        """Bytes and answers of one use of a statement; all clients use the same names, some the same texts."""
        tag, common = self.tag(), name < "s3"
        sent, owed = b"", []
        if self.prepared.get(name, "") is None or self.random.random() < 0.1:
            sent, owed = close("S", name), [CLOSED]
            self.prepared.pop(name, None)
        if name not in self.prepared:
            self.prepared[name] = "common" if common else self.tag()
            sent += parse(name, f"SELECT $1::text || '{self.prepared[name]}' AS t")
            owed.append(PARSED)
        return (sent + bind("", name, [tag]) + describe("P") + execute() + sync(),
                [*owed, BOUND, *rows_of([tag + self.prepared[name]]), IDLE])

    def _say_prepared(self, names):
        try:
            self.say(*[self._prepared(name) for name in names])
        except Refused:
            self.prepared.update(dict.fromkeys(names))  # nobody knows
            raise

    def act_prepared(self):
        self._say_prepared([f"s{self.random.randrange(6)}"])

    def act_pipeline(self):
        self._say_prepared([f"s{self.random.randrange(6)}" for _ in range(self.random.randint(2, 8))])

    def act_batch(self):
        """Many in one segment."""
        tags = [self.tag() for _ in range(self.random.randint(2, 10))]
        self.say((b"".join(parse("", f"SELECT '{tag}'::text AS t") + bind() + describe("P") + execute() for tag in tags) + sync(),
                  [part for tag in tags for part in (PARSED, BOUND, *rows_of([tag]))] + [IDLE]))

    def act_several(self):
        """Several statements in one text, and several texts at once."""
        tags = [self.tag() for _ in range(4)]
        self.say(*[(query(f"SELECT '{a}'::text AS t; SELECT '{b}'::text AS t"), rows_of([a]) + rows_of([b]) + [IDLE])
                   for a, b in zip(tags[::2], tags[1::2])])

    # -- much

    def act_large(self):
        tag, times, count = self.tag(), self.random.randint(1, 1500), self.random.randint(1, 40)
        self.simple(f"SELECT repeat('{tag}', {times}) || g AS t FROM generate_series(1, {count}) g",
                    *rows_of([tag * times + str(g) for g in range(1, count + 1)]))

    def act_copy_out(self):
        tag, count = self.tag(), self.random.randint(1, 500)
        self.simple(f"COPY (SELECT '{tag}' || g FROM generate_series(1, {count}) g) TO STDOUT", message("H", b"\0\0\1\0\0"),
                    *[message("d", f"{tag}{g}\n".encode()) for g in range(1, count + 1)], message("c"), complete(f"COPY {count}"))

    def act_copy_in(self):
        tag, count = self.tag(), self.random.randint(1, 200)
        self.command("BEGIN", status=BUSY)
        self.say((query("COPY public.tagged FROM STDIN"), [message("G", b"\0\0\2" + b"\0" * 4)]))
        self.say((b"".join(message("d", f"{self.number}\t{tag}{g}\n".encode()) for g in range(count)) + message("c"),
                  [complete(f"COPY {count}"), BUSY]), copying=True)
        self.simple(f"SELECT line AS t FROM public.tagged WHERE who = {self.number} ORDER BY length(line), line",
                    lambda got: got.type == "T", *rows_of(sorted((f"{tag}{g}" for g in range(count)), key=lambda t: (len(t), t)))[1:],
                    status=BUSY)
        self.command("ROLLBACK")

    def act_cursor(self):
        tag, count = self.tag(), self.random.randint(5, 20)
        tags = [f"{tag}{g}" for g in range(1, count + 1)]
        sql = f"SELECT '{tag}' || g AS t FROM generate_series(1, {count}) g"
        self.command("BEGIN", status=BUSY)
        if self.random.random() < 0.5:
            self.command(f"DECLARE walk CURSOR FOR {sql}", "DECLARE CURSOR", BUSY)
            self.simple("FETCH 3 FROM walk", column("t"), *map(row, tags[:3]), complete("FETCH 3"), status=BUSY)
            self.simple("FETCH ALL FROM walk", column("t"), *map(row, tags[3:]), complete(f"FETCH {count - 3}"), status=BUSY)
        else:
            self.say((parse("", sql) + bind("walk") + execute("walk", 3) + sync(), [PARSED, BOUND, *map(row, tags[:3]), SUSPENDED, BUSY]))
            self.say((execute("walk") + sync(), [*map(row, tags[3:]), complete(f"SELECT {count - 3}"), BUSY]))
        self.command("COMMIT")

    # -- what belongs to a session

    def act_set(self):
        name = self.random.choice([n for n in self.settings if n != "role"])
        value = "German, DMY" if name == "DateStyle" else self.tag()
        shown = f'"{value}"' if name == "search_path" else value
        end = self.random.choice((None, "COMMIT", "ROLLBACK"))
        inside, before = BUSY if end else IDLE, self.settings[name]
        self.settings[name] = before | {shown}
        if end:
            self.command("BEGIN", status=BUSY)
        if self.random.random() < 0.5 and name != "search_path":
            self.simple(f"SELECT set_config('{name}', '{value}', false) AS t", *rows_of([shown]), status=inside)
        else:
            self.command(f"SET {name} TO " + (shown if name == "search_path" else f"'{value}'"), "SET", inside)
        if end:
            self.command(end)
        self.settings[name] = before if end == "ROLLBACK" else {shown}

    def act_local(self):
        """What must end with its transaction."""
        tag = self.tag()
        self.command("BEGIN", status=BUSY)
        self.command(f"SET LOCAL tagged.me TO '{tag}'", "SET", BUSY)
        self.simple("SELECT current_setting('tagged.me') AS t", *rows_of([tag]), status=BUSY)
        self.command(self.random.choice(("COMMIT", "ROLLBACK")))

    def act_role(self):
        before, role = self.settings["role"], self.random.choice((*ROLES, "none"))
        shown = self.way["user"] if role == "none" else role
        self.settings["role"] = before | {shown}
        self.command(f"SET ROLE {role}", "SET")
        self.settings["role"] = {shown}

    def act_reset(self):
        wide = self.random.random() < 0.5
        reset = {name: {value} for name, value in self.start.items() if wide or name != "role"}
        self.settings = {name: values | reset.get(name, set()) for name, values in self.settings.items()}
        known, self.prepared = self.prepared, dict.fromkeys(self.prepared)
        self.command("DISCARD ALL" if wide else "RESET ALL", None if wide else "RESET")
        self.settings.update(reset)
        self.prepared = {} if wide else known

    def act_say(self):
        tag = self.tag()
        self.notices.clear()
        self.simple(f"SELECT public.tagged_say('{tag}') AS t", *rows_of([tag]))
        if tag not in self.notices:
            self.wrong(f"the notice {tag}", self.notices)

    def act_fail(self):
        tag = self.tag()

        def judge(got):
            return got.type == "E" and got.fields()["C"] == "TG001" and got.fields()["M"] == tag
        other = self.tag()
        self.say((parse("", f"SELECT public.tagged_fail('{tag}')") + bind() + execute() + parse("", "SELECT 1") + sync(), [PARSED, BOUND, judge, IDLE]),
                 (query(f"SELECT '{other}'::text AS t"), [*rows_of([other]), IDLE]))

    def act_listen(self):
        tag, channel = self.tag(), f"tagged_{self.number}"
        self.command(f"LISTEN {channel}", "LISTEN")
        self.notified.clear()
        self.command(f"NOTIFY {channel}, '{tag}'", "NOTIFY")
        if self.notified != [wire.text(channel) + wire.text(tag)]:
            self.wrong(f"one notification {tag}", self.notified)
        self.command("UNLISTEN *", "UNLISTEN")

    def act_temporary(self):
        tag = self.tag()
        self.command(f"CREATE TEMP TABLE tagged_temp AS SELECT '{tag}'::text AS t", "SELECT 1")
        self.simple("SELECT t FROM pg_temp.tagged_temp", lambda got: got.type == "T", *rows_of([tag])[1:])
        self.command("DISCARD TEMP")

    def act_sql_prepare(self):
        tag = self.tag()
        self.prepared = dict.fromkeys(self.prepared)
        self.command(f"PREPARE tagged AS SELECT '{tag}'::text AS t", "PREPARE")
        self.simple("EXECUTE tagged", *rows_of([tag]))
        self.command("DEALLOCATE ALL")
        self.prepared = {}

    def act_timeout(self):
        self.command("BEGIN", status=BUSY)
        self.command("SET LOCAL statement_timeout TO 20", "SET", BUSY)
        try:
            self.simple("SELECT pg_sleep(20)", lambda got: got.type == "T", lambda got: False)
        except Refused:
            pass
        self.command("ROLLBACK")

    def act_race(self):
        """Cancel requests that come when there is hardly anything left to cancel, or somebody else's has begun on that server."""
        if not self.hunted:
            return
        request = wire.cancel_request(self.c.pid, self.c.secret)
        for _ in range(5):
            tag = self.tag()
            with wire.Client(self.load.steer.port, login=False) as other:
                self.c.send(query(f"SELECT '{tag}'::text AS t FROM pg_sleep({self.random.random() * 0.003:.4f})"))
                other.send(request)
                refused = self.take([*rows_of([tag]), IDLE])
        if refused:
            raise refused

    def act_sleep(self):
        """Long enough to be met by what befalls."""
        tag = self.tag()
        self.simple(f"SELECT '{tag}'::text AS t FROM pg_sleep({self.random.random() * 0.3:.3f})", *rows_of([tag]))

    # -- how it leaves

    def act_leave(self):
        tag = self.tag()
        never = f"INSERT INTO public.tagged VALUES ({self.number}, '{NEVER} {tag}')"
        much = f"SELECT repeat('{tag}', 500) FROM generate_series(1, 2000)"
        sent, read = self.random.choice([
            (query(f"SELECT '{tag}', pg_sleep(0.05)")[:self.random.randint(1, 30)], 0),
            (query(much), 3), (query(much), 0), (query(f"COPY ({much}) TO STDOUT"), 3),
            (parse("", never) + bind() + execute(), 0), (parse("", never) + bind() + execute() + flush(), 3),
            # In one text: behind a BEGIN that was canceled the next one would be a transaction of its own.
            (query("BEGIN"), 2), (query(f"BEGIN; {never}"), 3), (query(f"BEGIN; {never}") + query("SELECT 1/0"), 5),
            (query("COPY public.tagged FROM STDIN") + message("d", f"{self.number}\t{NEVER} {tag}\n".encode()), 1),
            (query("COPY public.tagged FROM STDIN") + message("d", f"{self.number}\t{NEVER} {tag}\n".encode())[:12], 1),
            (b"".join(self._prepared(f"s{n}")[0] for n in range(6)), self.random.randint(0, 12)),
            (query(f"SELECT '{tag}', pg_sleep(0.1)"), 0), (query(f"SELECT '{tag}', pg_sleep(0.1)") + message("X"), 0),
            (query(f"SET tagged.me TO '{tag}'") + query(f"LISTEN tagged_{self.number}"), self.random.randint(0, 4)),
            (query(f"CREATE TEMP TABLE tagged_temp AS SELECT '{tag}' AS t"), self.random.randint(0, 2)),
        ])
        self.c.send(sent)
        for _ in range(read):
            self.hear()
        if self.random.random() < 0.5:  # with a reset, not in peace
            self.c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Left

    def act_half_login(self):
        """Another connection that does not get far."""
        start = wire.startup({"user": self.way["user"], "database": self.way["database"]})
        first = self.random.choice((start[:self.random.randint(1, len(start) - 1)], start, wire.SSL_REQUEST, b""))
        with wire.Client(self.load.steer.port, login=False, first=first):
            pass

    def cancel(self):
        """From another thread. Whoever it meets, it must be this one."""
        c = self.c
        if c is not None and c.secret:
            try:
                c.cancel()
            except (OSError, EOFError):
                pass


ACTS = {"look": 6, "extended": 3, "prepared": 6, "pipeline": 3, "batch": 2, "several": 2, "large": 2, "copy_out": 2, "copy_in": 1,
        "cursor": 2, "set": 3, "local": 1, "role": 1, "reset": 1, "say": 1, "fail": 2, "listen": 1, "temporary": 1, "sql_prepare": 1,
        "timeout": 1, "race": 3, "sleep": 2, "leave": 1, "half_login": 1}


class Tagged(Load):
    """`ways`: what its clients are, in turn. `only`: acts by name, where not all are wanted."""

    def __init__(self, steer, ways, clients=24, seed=None):
        super().__init__()
        self.steer, self.seed = steer, random.getrandbits(32) if seed is None else seed
        self.errors, self.ends, self.turns, self.wrong = Counter(), Counter(), Counter(), []
        self.ways = ways
        self.voices = [Voice(self, number, ways[number % len(ways)]) for number in range(clients)]
        for voice in self.voices:
            self.add(self._live, voice)

    def _live(self, voice):
        voice.live()

    @staticmethod
    def prepare(node, databases, users):
        """Tables and roles, on the primary itself."""
        with node.connect() as c:
            for role in ROLES:
                c.query(f"CREATE ROLE {role}")
                c.query(f"GRANT {role} TO {', '.join(users)}")
        for database in databases:
            with node.connect(database) as c:
                for statement in SCHEMA.strip().split("\n"):
                    c.query(statement)

    def verdict(self, node, databases):
        """What was wrong, as sentences; `node`: the primary."""
        found = list(self.wrong)
        for database in databases:
            left = node.value(f"SELECT count(*) FROM tagged WHERE line LIKE '{NEVER}%'", database)
            found += [f"{left} rows in {database} of clients that never committed"] * (left != "0")
        return found

    def told(self):
        """One line for people."""
        def said(counter):
            return " ".join(f"{name}:{count}" for name, count in sorted(counter.items())) or "none"
        return f"seed {self.seed}; turns {said(self.turns)}; errors {said(self.errors)}; ends {said(self.ends)}"
