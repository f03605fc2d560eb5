"""psql, pg_dump, pgbench: scripts, \\copy, search_path emptied by set_config, the three protocols."""
import os
import re
import subprocess

import psycopg2
from contract import DSN, HOST, NAME, PASSWORD, PORT, USER, equal, run

BIN = os.environ["PG_BIN"]
ENV = {**os.environ, "PGPASSWORD": PASSWORD, "PGSSLMODE": "disable"}


def tool(name, *args, text=None):
    path = os.environ["PGBENCH"] if name == "pgbench" else os.path.join(BIN, name)
    done = subprocess.run([path, "-h", HOST, "-p", str(PORT), "-U", USER, *args], env=ENV, input=text,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=100)
    if done.returncode:
        raise AssertionError(f"{name} ended with {done.returncode}: {done.stderr[-500:]}")
    return done.stdout


def psql(*args, text=None):
    return tool("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", NAME, *args, text=text).strip()


def psql_script():
    lines = ["SET client_min_messages TO warning;", "SET search_path TO public;", "DROP TABLE IF EXISTS tools_rows;",
             "CREATE TABLE tools_rows(i int PRIMARY KEY, t text);", "SET work_mem TO '6MB';"]
    for i in range(300):
        lines += [f"INSERT INTO tools_rows VALUES ({i}, 'line {i}');"]
        if i % 30 == 0:
            lines += ["BEGIN;", "DELETE FROM tools_rows;", "ROLLBACK;", "SHOW work_mem;", "SELECT public.poison();"]
    lines += ["\\copy (SELECT * FROM tools_rows) TO 'rows.txt'", "TRUNCATE tools_rows;",
              "\\copy tools_rows FROM 'rows.txt'", "SELECT count(*) FROM tools_rows;"]
    got = [line for line in psql(text="\n".join(lines)).splitlines() if line]
    equal(got, ["6MB"] * 10 + ["300"], "what the script prints")


def psql_describes():
    equal("integer" in psql("-c", r"\d tools_rows"), True, r"\d")
    equal("tools_rows" in psql("-c", r"\dt"), True, r"\dt")
    equal(psql(text="SELECT 7 AS a \\gset\nSELECT :a, public.poison();"), "7|", r"\gset; settings of the noise")


def psql_large_objects():
    with open("object", "wb") as f:
        f.write(os.urandom(300000))
    oid = psql(text="\\lo_import 'object'\n\\echo :LASTOID")
    psql("-c", rf"\lo_export {oid} 'back'")
    with open("object", "rb") as a, open("back", "rb") as b:
        equal(a.read() == b.read(), True, "a large object that comes back")
    psql("-c", rf"\lo_unlink {oid}")


def pg_dump_poisons_nobody():
    with psycopg2.connect(DSN) as direct, direct.cursor() as cur:
        for _ in range(3):
            dump = tool("pg_dump", "-t", "tools_rows", "-d", NAME)
            equal(dump.count("\tline "), 300, "lines of data in the dump")
            cur.execute("SHOW search_path")
            equal(cur.fetchone()[0], '"$user", public', "search_path after pg_dump")
            direct.commit()
            for _ in range(5):
                equal(psql("-c", "SELECT count(*) FROM tools_rows"), "300", "a new client, without a schema")


def dump_and_restore():
    dump = tool("pg_dump", "-t", "tools_rows", "-d", NAME)
    psql("-c", "DROP TABLE tools_rows")
    psql(text=dump)
    equal(psql("-c", "SELECT count(*), max(i) FROM public.tools_rows"), "300|299", "rows after the dump is run")


def pgbench_init():
    tool("pgbench", "-i", "-q", "-s", "1", NAME)
    equal(psql("-c", "SELECT count(*) FROM pgbench_accounts"), "100000", "accounts")


def bench(*args):
    text = tool("pgbench", "-n", *args, NAME)
    return int(re.search(r"transactions actually processed: (\d+)", text)[1])


def in_protocol(mode):
    equal(bench("-M", mode, "-c", "3", "-j", "3", "-t", "60"), 180, f"TPC-B, {mode}")
    equal(bench("-M", mode, "-S", "-c", "20", "-j", "2", "-t", "40"), 800, f"select-only, {mode}")


def pgbench_simple():
    in_protocol("simple")


def pgbench_extended():
    in_protocol("extended")


def pgbench_prepared():
    in_protocol("prepared")


def pgbench_pipeline():
    with open("pipe.sql", "w") as f:
        f.write("\\startpipeline\nSELECT 1;\nSELECT abalance FROM pgbench_accounts WHERE aid = 7;\nSELECT 2;\n"
                "\\endpipeline\n")
    equal(bench("-M", "extended", "-f", "pipe.sql", "-c", "6", "-j", "2", "-t", "50"), 300, "pipelines")


def books_balance():
    equal(psql("-c", "SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(bbalance) FROM "
               "pgbench_branches), (SELECT sum(delta) FROM pgbench_history) = (SELECT sum(tbalance) FROM "
               "pgbench_tellers), (SELECT count(*) FROM pgbench_history)"), "t|t|540", "TPC-B's books")


run(psql_script, psql_describes, psql_large_objects, pg_dump_poisons_nobody, dump_and_restore, pgbench_init,
    pgbench_simple, pgbench_extended, pgbench_prepared, pgbench_pipeline, books_balance)
