"""make labels: every statement of PostgreSQL's regression tests, of orm.sql and of tricky.sql, labelled by what a real
standby does with it, beside what pgsteer takes it for, and through pgsteer.

Two equal clusters run the same statements, one after the other. On the first, each runs on the standby and on the
primary itself, which gives its label:

    read    the standby answers it as the primary does, and nothing is different there afterwards
    write   the standby refuses it, and the primary does not
    silent  the standby answers it, but otherwise than the primary, or it leaves something behind there: a lock, a setting
    -       all others: errors on the primary, what needs the session's own state, transaction control, settings

The second is behind pgsteer: EXPLAIN ROUTE says what it takes the statement for, with the catalog as it is at that
moment, and a client sends it. Fails when a write or a silent one is taken for a read, but through a function that lies
about its volatility (LIARS); when too many reads are lost; when an error of a standby comes to the client that the bare
primary does not have. `-v` prints the reads that were lost. Arguments: tricky, regression, orm, or parts of the
regression tests' names. Other versions of the server: POSTGRES_BIN."""
import collections
import os
import re
import struct
import subprocess
import sys
import tarfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import sources  # noqa: E402
import split  # noqa: E402
import wire  # noqa: E402
from postgres import Cluster  # noqa: E402
from run import Run, end_on_signals, wait_for  # noqa: E402
from steer import Steer  # noqa: E402

MOST_LOST = {"tricky": 15.0, "regression": 7.0, "orm": 0.7}  # percent
DATABASE = "regression"

# What pg_regress gives its database and its sessions.
SETUP = (f"CREATE DATABASE {DATABASE} TEMPLATE template0",) + tuple(
    f"ALTER DATABASE {DATABASE} SET {setting}" for setting in (
        "lc_messages TO 'C'", "lc_monetary TO 'C'", "lc_numeric TO 'C'", "lc_time TO 'C'", "bytea_output TO 'hex'",
        "timezone_abbreviations TO 'Default'", "TimeZone TO 'PST8PDT'", "DateStyle TO 'Postgres, MDY'",
        "IntervalStyle TO 'postgres_verbose'", "statement_timeout TO '20s'", "jit TO off"))

# What is declared otherwise than it acts: asked for the schema of a search_path that begins with pg_temp, it makes that
# schema.
LIARS = ("select current_schema() ~ 'pg_temp'",)
TELL_NODES_APART = re.compile(r"\binet_server_(addr|port)\b", re.IGNORECASE)  # on purpose

SETS = re.compile(r"(\s|--[^\n]*\n|/\*.*?\*/)*(set|reset|discard)\b", re.IGNORECASE | re.DOTALL)
LEAVES = re.compile(r"\bset_config\b.*\bfalse", re.IGNORECASE)  # a setting that pg_settings does not show
# The primary's answer, though a standby has one as well; and what the database itself says may write.
BY_POLICY = ("node state", "session state", "effect", "declared volatile")
QUERIES = ("SELECT", "SHOW", "EXPLAIN", "COPY")
CHANGES = ("INSERT", "UPDATE", "DELETE", "MERGE")
OF_THE_CATALOG = ("function", "relation", "operator", "type", "unreadable")
OF_THE_SESSION = re.compile(r"\btemp|\badvisory|currval|lastval|\bcursor\b|\bexecute\b", re.IGNORECASE)
# (A module's own settings come with the module, when a function is planned that is written in its language.)
STATE = """SELECT (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'),
                  (SELECT md5(string_agg(name || ' ' || setting, ',' ORDER BY name)) FROM pg_settings
                   WHERE name !~ '[.]')"""


# ---- the corpora -----------------------------------------------------------------------------------------


def with_files(text, folder):
    r"""psql's variables that name files: \set filename :abs_srcdir '/data/x.data', then :'filename'."""
    names = {}
    lines = []
    for line in text.split("\n"):
        if found := re.match(r"\\set (\w+) :abs_srcdir '([^']*)'", line):
            names[found[1]] = folder + found[2]
        lines.append(re.sub(r":'(\w+)'", lambda m: f"'{names[m[1]]}'" if m[1] in names else m[0], line))
    return "\n".join(lines)


def regression_files(folder):
    """[(name, text)] in the order of PostgreSQL's schedule, then those of its extensions; their data are put below
    `folder`."""
    texts, schedule = {}, ""
    with tarfile.open(sources.archive()) as archive:
        for member in archive:
            where = member.name.partition("/")[2]
            if found := re.fullmatch(r"(src/test/regress|src/pl/plpgsql/src|contrib/[^/]+)/sql/([^/]+)\.sql", where):
                whose = found[1].split("/")[-1].replace("src", "plpgsql")
                texts[f"{whose}/{found[2]}"] = archive.extractfile(member).read().decode("utf-8", "replace")
            elif where == "src/test/regress/parallel_schedule":
                schedule = archive.extractfile(member).read().decode()
            elif found := re.fullmatch(r"src/test/regress/(data/[^/]+\.data)", where):
                target = os.path.join(folder, found[1])
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(target, "wb") as file:
                    file.write(archive.extractfile(member).read())
    order = ["regress/" + name for line in re.findall(r"^test: (.*)", schedule, re.MULTILINE) for name in line.split()]
    order = [name for name in order if name in texts]
    return [(name, with_files(texts[name], folder)) for name in order + sorted(set(texts) - set(order))
            if not name.startswith("regress/") or name in order]


CONTROL = re.compile(r"\s*(copy\b.*\bfrom stdin|begin|start|commit|end|rollback|abort|savepoint|release|set|reset|discard)\b", re.IGNORECASE)


def orm_statements():
    with open(os.path.join(HERE, "orm.sql"), encoding="utf-8") as file:
        return [line for line in file.read().split("\n") if line.strip()]


# ---- one statement ---------------------------------------------------------------------------------------


# A value of each type that a parameter may have: bool, bytea, name, int8, int2, int4, text, oid, json, float4 and 8, varchar,
# char, date, timestamp with and without time zone, numeric, uuid, jsonb, arrays of int4, text and int8. Others are NULL.
VALUES = {16: "t", 17: "\\x00", 19: "x", 20: "1", 21: "1", 23: "1", 25: "x", 26: "1", 114: "{}", 700: "1", 701: "1",
          1043: "x", 1042: "x", 1082: "2024-01-01", 1114: "2024-01-01", 1184: "2024-01-01", 1700: "1",
          2950: "00000000-0000-0000-0000-000000000001", 3802: "{}", 1007: "{1}", 1009: "{x}", 1016: "{1}"}


class Outcome:
    """What came back for a statement."""

    def __init__(self, messages):
        result = wire.Result(messages)
        self.error = result.errors[0] if result.errors else None
        self.verbs = [tag.split(" ")[0] for tag in result.tags]
        self.rows = sorted(map(repr, result.rows))
        self.status = result.status
        self.copies_in = any(m.type == "G" for m in messages)
        self.copies_out = any(m.type == "H" for m in messages)

    @property
    def code(self):
        return self.error.sqlstate if self.error else ""

    def asks(self):
        """Whether it was nothing but questions."""
        return bool(self.verbs) and all(v in QUERIES for v in self.verbs) and ("COPY" not in self.verbs or self.copies_out)


def is_refusal(error):
    """Whether it is a standby's word, or a READ ONLY transaction's."""
    return error.sqlstate == "25006" or re.search("recovery|hot standby", error.message) is not None


class Session:
    """A client of a server or of pgsteer; comes back when it is thrown out."""

    def __init__(self, port):
        self.port, self.client = port, None

    def run(self, sql):
        if self.client is None:
            self.client = wire.Client(self.port, user="postgres", database=DATABASE, timeout=60)
        try:
            self.client.send(*self.messages(sql))
            return Outcome(self.answer())
        except (EOFError, ConnectionError):
            self.end()
            return None

    def messages(self, sql):
        return [wire.query(sql)]

    def answer(self):
        got = []
        while not got or got[-1].type != "Z":
            got.append(self.client.receive())
            if got[-1].type == "G":
                self.client.send(wire.message("f", b"none here\0"))
        return got

    def end(self):
        if self.client is not None:
            self.client.close()
            self.client = None


class Binding(Session):
    """The same through the extended protocol, with some value for each parameter."""

    def messages(self, sql):
        values = [VALUES.get(oid) for oid in self.types(sql)]
        return [wire.parse("", sql), wire.bind("", "", values), wire.describe("P"), wire.execute(), wire.sync()]

    def types(self, sql):
        """Of the parameters, as the server finds them."""
        if "$1" not in sql:
            return []
        described = [m for m in self.client.segment(wire.parse("", sql), wire.describe("S"), check=False).messages if m.type == "t"]
        return struct.unpack(f"!H{len(described[0].body) // 4}I", described[0].body)[1:] if described else []


class TakenBack(Binding):
    """And in a transaction that is rolled back."""

    def messages(self, sql):
        return [wire.query("BEGIN"), *super().messages(sql), wire.query("ROLLBACK")]

    def answer(self):
        begin, got, end = super().answer(), super().answer(), super().answer()
        return got[:-1] + end[-1:] if begin else end


class Bench:
    """The cluster of which the labels are, pgsteer before its twin, and the sessions of one script. `scattered`: its
    statements are no script, but one must not take from the next what it needs."""

    def __init__(self, cluster, steer, scattered=False):
        session = Binding if scattered else Session
        self.scattered = scattered
        self.console = steer.console()
        self.standby, self.primary, self.peer = [session(node.port) for node in
                                                 (cluster.standbys[0], cluster.primary, cluster.primary)]
        if scattered:
            self.primary = TakenBack(cluster.primary.port)
        self.watcher = [wire.Client(node.port, user="postgres", database="postgres")
                        for node in (cluster.primary, cluster.standbys[0])]
        self.definitions = wire.Client(cluster.primary.port, user="postgres", database=DATABASE)
        self.main, self.reader = session(steer.port), session(steer.port)
        self.main.run("SELECT 1")  # a catalog that nobody uses is not kept up
        self.defined()

    def end(self):
        for session in (self.standby, self.primary, self.peer, self.main, self.reader):
            session.end()
        for client in (self.console, self.definitions, *self.watcher):
            client.close()

    # -- what pgsteer takes it for

    def ask(self, sql):
        got = self.console.query(f"EXPLAIN ROUTE FOR {DATABASE}: {sql}", check=False)
        return got.rows[0][2:5] if got.rows else None

    def taken_for(self, sql, label):
        """(class, reason, token). What is at odds with its label, and may be so because the newest definitions are not
        known yet, is asked again until they must be."""
        said = self.ask(sql)
        while (said and label != "-" and (said[0] == "read") != (label == "read")
               and (said[0] == "read" or said[1] in OF_THE_CATALOG and not self.volatile(said[2]))
               and time.monotonic() < self.defined_at + 3):
            time.sleep(0.02)
            said = self.ask(sql)
        return said

    def volatile(self, name):
        """Whether a function is, in some overload: then there is nothing to be waited for."""
        literal = (name or "").strip('"').lower().replace("'", "''")
        return self.definitions.value(f"SELECT coalesce(bool_or(provolatile = 'v'), false) FROM pg_proc "
                                      f"WHERE proname = '{literal}'") == "t"

    def defined(self):
        """Something has been done that may have changed definitions."""
        self.defined_at = time.monotonic()

    # -- its label

    def replay(self):
        lsn = self.watcher[0].value("SELECT pg_current_wal_flush_lsn()")
        wait_for(lambda: self.watcher[1].value(f"SELECT pg_last_wal_replay_lsn() >= '{lsn}'") == "t", "replay", every=0.001)

    def try_standby(self, sql):
        """(outcome, whether it has left something behind)."""
        calls = "(" in sql  # or it can leave nothing
        before = self.standby.run(STATE) if calls else None
        outcome = self.standby.run(sql)
        changed = False
        if outcome is not None and outcome.status != "I":
            self.standby.run("ROLLBACK")  # and the settings stay
        elif outcome is None:
            pass
        elif outcome.asks() and before is not None:
            changed = self.standby.run(STATE).rows != before.rows
            if changed:
                self.standby.run("SELECT pg_advisory_unlock_all()")
            if changed and self.scattered:
                self.standby.end()
        return outcome, changed

    def label(self, sql, tried, changed, done):
        if tried is None or done is None or done.error or done.copies_in:
            return "-"
        if tried.error:
            return "write" if is_refusal(tried.error) else "-"
        if not tried.asks() or not done.asks():
            return "-"
        if changed or LEAVES.search(sql):
            return "silent"
        if "EXPLAIN" in done.verbs:
            return "read"  # plans are what each server's statistics make of them
        return "silent" if tried.rows != done.rows and self.answers_otherwise(sql, tried) else "read"

    def answers_otherwise(self, sql, tried):
        """Whether the primary says twice the same, and another thing than the standby has said, to a session that has
        nothing of its own either."""
        first, second = self.peer.run(sql), self.peer.run(sql)
        return bool(first and second and first.rows == second.rows != tried.rows and not first.error
                    and not TELL_NODES_APART.search(sql))


# ---- the count -------------------------------------------------------------------------------------------


class Tally:
    """What came out of a corpus."""

    def __init__(self, name, verbose):
        self.name, self.verbose = name, verbose
        self.labelled = []  # (label, class, reason, token, where, sql)
        self.all, self.worse, self.seen = 0, [], set()  # each text counts once
        self.unlike = collections.Counter()

    def add(self, label, said, where, sql):
        self.all += 1
        if label != "-" and said and (label, sql) not in self.seen:
            self.seen.add((label, sql))
            self.labelled.append((label, *said, where, sql))

    def compare(self, bare, steered, where, sql):
        """Both outcomes of a statement. An error that only pgsteer's client has is a standby's, or another story."""
        if steered is None or bare is None or bare.code == steered.code or not steered.error:
            return
        if is_refusal(steered.error):
            self.worse.append((where, str(steered.error), sql))
        else:
            self.unlike[f"{bare.code or 'no error'} there, {steered.error} here, as: {' '.join(sql.split())[:100]}"] += 1

    def reads(self):
        return [row for row in self.labelled if row[0] == "read"]

    def misrouted(self):
        return [row for row in self.labelled if row[0] != "read" and (row[1] == "read" or row[2] == "learned")
                and not any(liar in row[5].lower() for liar in LIARS)]

    def report(self, blind):
        """`blind`: R or W for every labelled statement, without a catalog."""
        reads, wrong = self.reads(), self.misrouted()
        lost = [row for row in reads if row[1] != "read"]
        kept = [row for row in lost if row[2] in BY_POLICY]
        share = 100 * (len(lost) - len(kept)) / max(1, len(reads))
        count = collections.Counter(row[0] for row in self.labelled)
        without = [(row, verdict) for row, verdict in zip(self.labelled, blind)]
        lost_blind = sum(1 for row, verdict in without if row[0] == "read" and verdict == "W")
        wrong_blind = [row for row, verdict in without if row[0] != "read" and verdict == "R"]
        print(f"{self.name}: {self.all} statements: {count['read']} reads, {count['write']} writes, {count['silent']} silent ones")
        print(f"  with the catalog: {len(wrong)} taken for a read that are none, {len(lost) - len(kept)} reads lost ({share:.2f} %; "
              f"of at most {MOST_LOST[self.name]} %), {len(kept)} more kept on purpose: "
              + ", ".join(f"{reason} {n}" for reason, n in collections.Counter(row[2] for row in lost).most_common()))
        print(f"  without it: {len(wrong_blind)} taken for a read that are none, {lost_blind} reads lost "
              f"({100 * lost_blind / max(1, len(reads)):.2f} %)")
        print(f"  through pgsteer: {len(self.worse)} errors of a standby; other errors that the bare primary has not: "
              f"{sum(self.unlike.values())}")
        for what, some in (("TAKEN FOR A READ", wrong), ("ERROR OF A STANDBY", self.worse)):
            for row in some:
                print(f"  {what}: {' | '.join(' '.join(str(part).split())[:300] for part in row)}")
        if self.verbose:
            for row in wrong_blind:
                print(f"  taken for a read without a catalog: {' '.join(row[5].split())[:300]}")
            for row in lost:
                print(f"  lost ({row[2]}, {row[3]}): {row[4]}: {' '.join(row[5].split())[:300]}")
            for what, n in self.unlike.most_common():
                print(f"  {n} times: {what}")
        return not wrong and not self.worse and share < MOST_LOST[self.name] and bool(reads)


def classify_blind(steer, statements):
    """R or W for each, without a catalog."""
    text = "".join(sql + "\0" for sql in statements)
    done = subprocess.run([steer.program, "--classify"], input=text, capture_output=True, text=True, check=True)
    return [line[0] for line in done.stdout.splitlines()]


# ---- the scripts -----------------------------------------------------------------------------------------


def run_script(bench, tally, where, statements):
    block = False
    for sql in statements:
        # What is set in a block may be rolled back: then the sessions beside it must not have it.
        tried, changed = (None, False) if block and SETS.match(sql) else bench.try_standby(sql)
        done = bench.primary.run(sql)
        label = bench.label(sql, tried, changed, done)
        said = bench.taken_for(sql, label)
        if said and label == "read" and said[1] == "function" and bench.volatile(said[2]):
            said = [said[0], "declared volatile", said[2]]
        tally.add(label, said, where, sql)
        apart = (not block and label in ("read", "write") and not OF_THE_SESSION.search(sql)
                 and all(verb in QUERIES + CHANGES for verb in done.verbs))
        if apart or not bench.scattered:
            tally.compare(done, (bench.reader if apart else bench.main).run(sql), where, sql)
        if done is None:
            block = False
            continue
        block = done.status != "I"
        if not done.error and not block and all(verb in ("SET", "RESET", "DISCARD") for verb in done.verbs):
            bench.reader.run(sql)
            bench.peer.run(sql)
            if tried is None or tried.error:
                bench.standby.run(sql)
        if not block and not (label == "read" or done.error):
            bench.replay()
        if not done.asks() and not all(verb in CHANGES for verb in done.verbs):
            bench.defined()


def regression(run, clusters, steer, wanted, verbose):
    tally = Tally("regression", verbose)
    for name, text in regression_files(run.mkdir("srcdir")):
        if wanted and not any(part in name for part in wanted + ["test_setup"]):
            continue
        bench, began = Bench(clusters[0], steer), time.monotonic()
        run_script(bench, tally, name, [s.strip() for s in split.statements(text) if s.strip() and "\0" not in s])
        bench.end()
        if verbose:
            print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)
    return tally


def orm(clusters, steer, verbose):
    """These come in no order: what makes something runs first, as often as something more comes of it."""
    tally = Tally("orm", verbose)
    statements = orm_statements()
    makers = [s for s in statements if re.match(r"\s*(create|alter)\b", s, re.IGNORECASE)]
    for cluster in clusters:
        with cluster.primary.connect(DATABASE) as c:
            for _ in range(4):
                for sql in makers:
                    c.query(sql, check=False)
        cluster.wait_replayed()
    with steer.client(user="postgres", database=DATABASE) as c:
        c.query("CREATE TABLE of_labels()")  # so that all is read again, of which nobody has told
    bench = Bench(clusters[0], steer, scattered=True)
    wait_for(lambda: bench.ask("SELECT FROM of_labels")[0] == "read", "the catalog to be read again")
    run_script(bench, tally, "orm.sql", [s for s in statements if not CONTROL.match(s)])
    bench.end()
    return tally


def tricky(clusters, steer, verbose):
    """One script."""
    tally, bench = Tally("tricky", verbose), Bench(clusters[0], steer)
    with open(os.path.join(HERE, "tricky.sql"), encoding="utf-8") as file:
        run_script(bench, tally, "tricky.sql", [s.strip() for s in split.statements(file.read()) if s.strip()])
    bench.end()
    return tally


def main(arguments):
    verbose = "-v" in arguments
    wanted = [part for part in arguments if not part.startswith("-")]
    parts = [part for part in wanted if part not in MOST_LOST]  # of the regression tests' names
    end_on_signals()
    passed = True
    with Run("pgsteer-labels-") as run:
        clusters = [Cluster(run, name, standbys=1) for name in ("bare", "steered")]
        for cluster in clusters:
            for sql in SETUP:
                cluster.primary.query(sql)
            cluster.wait_replayed()
        steer = Steer(run, "steer", {DATABASE: clusters[1].line(DATABASE)}, consistency="strong", causal_wait="1s",
                      lazy_begin=1, catalog_check_interval=3600).start()
        steer.wait_nodes(1)
        tallies = [tricky(clusters, steer, verbose)] if not wanted or "tricky" in wanted else []
        if not wanted or parts or "regression" in wanted:
            tallies.append(regression(run, clusters, steer, parts, verbose))
        if not wanted or "orm" in wanted:
            tallies.append(orm(clusters, steer, verbose))
        for tally in tallies:
            passed = tally.report(classify_blind(steer, [row[5] for row in tally.labelled])) and passed
        print("learnt: " + ", ".join(f"{row['statement']} ({row['sqlstate']})" for row in steer.show("LEARNED")))
        steer.stop()
        for problem in steer.problems():
            print(problem)
            passed = False
        for cluster in clusters:
            cluster.stop()
    print("labels: passed" if passed else "labels: FAILED")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
