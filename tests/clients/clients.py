"""clients: runs the programs of this directory through a pgsteer each, with noise beside them, and closes with
`N passed, N failed`. README.md has the contract."""
import os
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import npm  # noqa: E402
from logins import logins  # noqa: E402
from npm import build  # noqa: E402
from postgres import USERS, Cluster  # noqa: E402
from run import BUILD, Run, end_on_signals, find_program  # noqa: E402
from steer import Steer  # noqa: E402

DEADLINE = 120
POOL = 3
# What is in front of the clients: a plain line to one server; a cluster whose standbys serve the reads. Their pools have
# many sessions, so that what one has written another must see (strong). A read waits
# until one of them has what it must see, so that it is known where it runs, however busy the machine is.
ROUTED = {"lazy_begin": 1, "causal_wait": "5s", "consistency": "strong"}
PASSES = {"one server": {}, "cluster": ROUTED, "split": {**ROUTED, "transaction_split": "on"}}
# What a standby says to what it refuses.
REFUSAL = re.compile(r"ERROR:  .*(read-only transaction|during recovery|hot standby|recovery is in progress)")
PYTHON = sys.executable
OUT = os.path.join(BUILD, "clients")  # what has to be compiled or installed first
GOCODE, JDBC = "/usr/share/gocode", "/usr/share/java/postgresql.jar"

# public.poison() says where a value that only the noise uses is to be seen.
SCHEMA = """
CREATE ROLE noise_role;
GRANT noise_role TO app, md5_user, scram_user;
CREATE SCHEMA noise_1 AUTHORIZATION noise_role;
CREATE SCHEMA noise_2 AUTHORIZATION noise_role;
GRANT ALL ON SCHEMA public TO PUBLIC;
CREATE TABLE public.noise_log (who text);
GRANT ALL ON public.noise_log TO PUBLIC;
CREATE FUNCTION public.poison() RETURNS text STABLE LANGUAGE sql AS $$
    SELECT coalesce(string_agg(name || ' is ' || setting, ', '), '') FROM (
        SELECT name, current_setting(name, true) AS setting, noise FROM (VALUES
            ('search_path', 'noise'), ('TimeZone', '^Pacific'), ('statement_timeout', '^777'),
            ('lock_timeout', '^777'), ('work_mem', '^777'), ('DateStyle', 'German'),
            ('IntervalStyle', 'sql_standard'), ('extra_float_digits', '^-[78]'), ('bytea_output', 'escape'),
            ('default_transaction_isolation', 'repeatable'), ('application_name', 'noise'), ('my.noise', '.'),
            ('standard_conforming_strings', 'off'), ('client_min_messages', 'error'), ('role', 'noise')
        ) AS known(name, noise)) AS now WHERE setting ~ noise
$$;
"""


class Client:
    """A program, how to see that what it needs is there, and what to build first."""

    def __init__(self, name, argv, probe=None, build=None, user="app", refused=0, **settings):
        """`refused`: how many writes it sends in READ ONLY transactions."""
        self.name, self.argv, self.probe, self.build, self.user = name, argv, probe, build, user
        self.refused, self.settings = refused, settings


def script(interpreter, name, folder, ending, probe, **more):
    """A program that an interpreter runs as it stands."""
    return Client(name, [*interpreter, os.path.join(HERE, folder, f"with_{name}.{ending}")], probe, **more)


def python(name, modules, **more):
    return script([PYTHON, "-B"], name, "python", "py", [PYTHON, "-c", f"import {modules}"], **more)


def ruby(name, module, **more):
    return script(["ruby"], name, "ruby", "rb", ["ruby", "-e", f"require '{module}'; require 'pg'"], **more)


def php(name, probe):
    return script(["php"], name, "php", "php", ["php", "-r", probe])


def compile_java():
    os.makedirs(os.path.join(OUT, "java"), exist_ok=True)
    return build(["javac", "-cp", JDBC, "-d", os.path.join(OUT, "java"), "Jdbc.java", "Login.java"],
                 os.path.join(HERE, "java"))


def golang(name, package):
    """A Go program over a library as Debian packages it: sources in a GOPATH, no modules, no network."""
    binary, path = os.path.join(OUT, "go", "with_" + name), os.path.join(HERE, "go")

    def compile_go():
        return build(["go", "build", "-o", binary, "with_" + name], path, GO111MODULE="off", GOFLAGS="",
                     GOPATH=f"{path}:{GOCODE}", GOCACHE=os.path.join(OUT, "go", "cache"))
    return Client(name, [binary], ["sh", "-c", f"go version && ls -d {GOCODE}/src/{package}"], compile_go)


def install_node():
    return npm.install(os.path.join(HERE, "node"), os.path.join(OUT, "node"))


def generate_prisma():
    # Its command line asks the network for an engine that generating does not use, unless it is given one.
    return install_node() or build(["node_modules/.bin/prisma", "generate", "--schema", "schema.prisma"],
                                   os.path.join(OUT, "node"), PRISMA_SCHEMA_ENGINE_BINARY="/bin/true",
                                   CHECKPOINT_DISABLE="1", PRISMA_HIDE_UPDATE_MESSAGE="1")


def node(name, prepare=install_node, does="with", **more):
    old = "if (parseInt(process.versions.node) < 20) { console.log('node 20 is needed'); process.exit(1) }"
    return Client(name, ["node", os.path.join(OUT, "node", f"{does}_{name}.mjs")], ["node", "-e", old], prepare, **more)


def java(name, program, **more):
    return Client(name, ["java", "-cp", f"{JDBC}:{os.path.join(OUT, 'java')}", program],
                  ["sh", "-c", f"javac -version && ls {JDBC}"], compile_java, **more)


def python_login(name, probe):
    return Client(name, [PYTHON, "-B", os.path.join(HERE, "python", "login.py"), name], probe)


CLIENTS = [
    python("psycopg2", "psycopg2"),
    python("psycopg3", "psycopg"),
    python("asyncpg", "asyncpg"),
    python("pg8000", "pg8000", user="md5_user", auth_type="md5"),  # Debian's does not know SCRAM
    python("sqlalchemy", "sqlalchemy, psycopg2"),
    python("django", "django, psycopg2"),
    python("tools", "psycopg2"),
    ruby("ruby_pg", "pg"),
    ruby("sequel", "sequel", refused=20),
    ruby("activerecord", "active_record"),
    php("pdo", "if (!extension_loaded('pdo_pgsql')) { echo 'no pdo_pgsql'; exit(1); }"),
    php("laravel", "require 'Illuminate/Database/autoload.php';"),
    script(["perl"], "dbd_pg", "perl", "pl", ["perl", "-MDBD::Pg", "-e", "1"]),
    java("jdbc", "Jdbc", refused=1),
    golang("lib_pq", "github.com/lib/pq"),
    golang("pgx", "github.com/jackc/pgx/v4"),
    node("pg"),
    node("postgres_js"),
    node("sequelize"),
    node("typeorm"),
    node("knex", refused=8),
    node("drizzle"),
    node("kysely"),
    node("pg_boss"),
    node("prisma", generate_prisma),
]

# Of the table of logins: see logins.py.
LOGINS = [
    python_login("psql", ["psql", "--version"]),
    python_login("psycopg2", [PYTHON, "-c", "import psycopg2"]),
    python_login("psycopg3", [PYTHON, "-c", "import psycopg"]),
    python_login("asyncpg", [PYTHON, "-c", "import asyncpg"]),
    java("jdbc", "Login"),
    node("pg", does="login"),
]


# ---- one client ------------------------------------------------------------------------------------------


def where(port, user):
    """The contract's environment."""
    password = USERS[user][0]
    return {"DB_HOST": "127.0.0.1", "DB_PORT": str(port), "DB_USER": user, "DB_PASSWORD": password, "DB_NAME": "app",
            "DATABASE_URL": f"postgresql://{user}:{password}@127.0.0.1:{port}/app", "LANG": "C.UTF-8",
            "PG_BIN": os.path.dirname(find_program("psql")), "PGBENCH": find_program("pgbench")}


def missing(client):
    """Why the client cannot be run here; None when it can."""
    if not client.probe:
        return None
    try:
        done = subprocess.run(client.probe, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60)
        return None if done.returncode == 0 else (done.stdout.strip().splitlines() or ["not there"])[-1]
    except OSError as e:
        return str(e)


class Tally:
    """Counts and prints."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.mode = ""  # of PASSES

    def ok(self, name):
        self.passed += 1
        print(f"ok      {name}", flush=True)

    def not_ok(self, name, why):
        self.failed += 1
        print(f"FAILED  {name}: {why}", flush=True)

    def skip(self, name, why):
        self.skipped += 1
        print(f"skipped {name}: {why}", flush=True)

    def lines(self, client, output):
        """Takes the lines of the contract; returns how many there were."""
        found = 0
        for line in output.splitlines():
            said = re.fullmatch(r"(ok|not ok|skip) ([^:]+)(?:: (.*))?", line)
            if said:
                found += 1
                name = f"{client.name}, {self.mode}: {said[2]}"
                if said[1] == "ok":
                    self.ok(name)
                elif said[1] == "skip":
                    self.skip(name, said[3])
                else:
                    self.not_ok(name, said[3])
        return found


def ready(client, tally):
    """Whether it can be run; builds it first."""
    if reason := missing(client):
        tally.skip(client.name, reason)
    elif client.build and (wrong := client.build()):
        tally.not_ok(client.name, wrong)
    else:
        return True
    return False


def start_steer(run, cluster, client, mode):
    nodes = [cluster.primary] if mode == "one server" else cluster.nodes
    steer = Steer(run, f"steer-{client.name}-{mode.replace(' ', '-')}", {"app": cluster.line("app", nodes)},
                  **{"default_pool_size": POOL, "auth_type": "scram-sha-256", **PASSES[mode], **client.settings}).start()
    if nodes is cluster.nodes:
        steer.wait_nodes(len(cluster.standbys))
    return steer


def log_ends(cluster):
    return {node: os.path.getsize(node.log) for node in cluster.nodes}


def refusals(cluster, since):
    """What the servers have refused as standbys, or in READ ONLY transactions, since log_ends()."""
    found = []
    for node, at in since.items():
        with open(node.log, encoding="utf-8", errors="replace") as f:
            f.seek(at)
            found += [line.strip() for line in f if REFUSAL.search(line)]
    return found


def offloading(client, tally, steer, refused):
    """No read was sent to a standby that refused it, and some were sent there."""
    learned = [row["text"] for row in steer.show("LEARNED")]
    reads = steer.routes().get(("standby", "read"), 0)
    name = f"{client.name}, {tally.mode}: reads on standbys"
    if learned:
        tally.not_ok(name, f"a standby has refused {learned}")
    elif len(refused) != client.refused:
        tally.not_ok(name, f"{len(refused)} writes were refused and not {client.refused}: {refused[:3]}")
    elif reads == 0:
        tally.not_ok(name, f"there were none: {steer.routes()}")
    else:
        tally.ok(f"{name}: {reads}")


def run_client(run, cluster, client, tally):
    steer, port = None, cluster.primary.port
    if not os.environ.get("DIRECT"):
        steer = start_steer(run, cluster, client, tally.mode)
        port = steer.port
    env = {**os.environ, **where(port, client.user)}
    routed = steer is not None and tally.mode != "one server"
    if routed:
        env["PRIMARY_PORT"] = str(cluster.primary.port)
    home = run.mkdir(f"home-{client.name}")
    env["HOME"] = env["TMPDIR"] = home
    failed = tally.failed
    began, before = time.monotonic(), log_ends(cluster)
    noise = run.start([PYTHON, "-B", os.path.join(HERE, "noise.py")], cwd=home, privileged=True, env=env)
    program = run.start(client.argv, cwd=home, privileged=True, env=env)
    try:
        output, errors = program.communicate(timeout=DEADLINE)
        status = program.returncode
    except subprocess.TimeoutExpired:
        os.killpg(program.pid, signal.SIGKILL)
        output, errors = program.communicate()
        status = f"none: it was still running after {DEADLINE} s"
    noise.send_signal(signal.SIGTERM)
    heard, trouble = noise.communicate(timeout=60)
    if not tally.lines(client, output):
        tally.not_ok(client.name, "said nothing of its cases")
    elif status != 0:
        tally.not_ok(client.name, f"exit status {status}")
    if not tally.lines(client, heard):
        tally.not_ok(f"{client.name}: noise", trouble.strip() or "said nothing")
    if routed:
        offloading(client, tally, steer, refusals(cluster, before))
    if steer:
        steer.stop()
        for problem in steer.problems():
            tally.not_ok(client.name, problem)
    if tally.failed > failed:
        print(errors.rstrip()[-4000:] or output.rstrip()[-2000:])
        if steer:
            lines = [line for line in steer.log_text().splitlines() if "login attempt" not in line]
            print("--- pgsteer's log, its end\n" + "\n".join(lines[-15:]))
    print(f"        {client.name}, {tally.mode} ({time.monotonic() - began:.1f} s)", flush=True)


# ---- all of them -----------------------------------------------------------------------------------------


def prepare(cluster):
    with cluster.primary.connect("app") as c:
        c.query(SCHEMA)


def modes():
    """PASSES says which, by commas; another pooler knows one server only."""
    if os.environ.get("DIRECT") or os.environ.get("PGSTEER"):
        return ["one server"]
    return os.environ.get("PASSES", ",".join(PASSES)).split(",")


def main(wanted):
    end_on_signals()
    chosen = [c for c in CLIENTS if not wanted or any(re.search(part, c.name) for part in wanted)]
    tally = Tally()
    with Run("pgsteer-clients-") as run:
        cluster = Cluster(run, standbys=1)
        prepare(cluster)
        for client in chosen:
            if not ready(client, tally):
                continue
            for tally.mode in modes():
                run_client(run, cluster, client, tally)
        if not wanted or any(re.search(part, "logins") for part in wanted):
            logins(run, cluster, [client for client in LOGINS if ready(client, tally)], tally)
    if tally.skipped:
        print(f"{tally.skipped} skipped")
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
