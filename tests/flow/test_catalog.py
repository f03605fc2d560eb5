"""What names mean in a database: its own functions, views, types and operators, and those of extensions."""
import os
import subprocess

import wire
from run import ROOT, find_program

DATABASE = "names"

SCHEMA = """
CREATE EXTENSION hstore; CREATE EXTENSION pg_trgm; CREATE EXTENSION "uuid-ossp"; CREATE EXTENSION tablefunc;
CREATE EXTENSION postgres_fdw;
CREATE SCHEMA a; CREATE SCHEMA b; CREATE SCHEMA "Quoted";
CREATE TABLE t(i int, x text); CREATE TABLE part(i int) PARTITION BY LIST (i); CREATE SEQUENCE s;
INSERT INTO t VALUES (1, 'x');
CREATE FUNCTION calm(int) RETURNS int STABLE LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION wild(int) RETURNS int VOLATILE LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION wild_row(t) RETURNS int VOLATILE LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION counts(i bigint DEFAULT nextval('s')) RETURNS bigint STABLE LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION a.twice(int) RETURNS int STABLE LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION b.twice(int) RETURNS int VOLATILE LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION many(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION many(text) RETURNS int VOLATILE LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION "Mixed"(int) RETURNS int STABLE LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION lower(t) RETURNS text VOLATILE LANGUAGE sql AS 'SELECT 1::text';
CREATE FUNCTION adds(int, int) RETURNS int VOLATILE LANGUAGE sql AS 'SELECT $1 + $2';
CREATE AGGREGATE calm_sum(int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE AGGREGATE wild_sum(int) (sfunc = adds, stype = int, initcond = '0');
CREATE VIEW plain AS SELECT i, calm(i) FROM t;
CREATE VIEW over_nextval AS SELECT nextval('s') AS n;
CREATE VIEW over_view AS SELECT n + 1 AS n FROM over_nextval;
CREATE VIEW locks AS SELECT i FROM t FOR UPDATE;
CREATE VIEW over_user AS SELECT wild(i) FROM t;
CREATE VIEW asks AS SELECT pg_is_in_recovery() AS r;
CREATE VIEW settings AS SELECT * FROM pg_settings;
CREATE VIEW draws AS SELECT random() AS r;
CREATE VIEW "Quoted"."View" AS SELECT 1 AS i;
CREATE MATERIALIZED VIEW stored AS SELECT nextval('s') AS n;
CREATE FUNCTION positive(int) RETURNS bool VOLATILE LANGUAGE sql AS 'SELECT $1 > 0';
CREATE DOMAIN checked AS int CHECK (positive(VALUE));
CREATE DOMAIN tame AS int CHECK (VALUE > 0);
CREATE TABLE has_checked(c checked);
CREATE VIEW over_columns AS SELECT c + 1 AS c FROM json_to_record('{"c": 1}') AS r(c checked);
CREATE TYPE span AS RANGE (subtype = checked);
CREATE OPERATOR === (leftarg = int, rightarg = int, function = int4eq);
CREATE FUNCTION wild_eq(int, int) RETURNS bool VOLATILE LANGUAGE sql AS 'SELECT $1 = $2';
CREATE OPERATOR ==== (leftarg = int, rightarg = int, function = wild_eq);
CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION to_pair(text) RETURNS pair VOLATILE LANGUAGE sql AS 'SELECT 1, 2';
CREATE CAST (text AS pair) WITH FUNCTION to_pair(text);
CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TABLE moods(m mood);
CREATE TABLE guarded(i int); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON guarded USING (wild(i) > 0);
CREATE TABLE owned(i int); ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON owned USING (i::text = current_setting('app.user', true));
CREATE UNLOGGED TABLE fast(i int);
CREATE UNLOGGED TABLE part_fast PARTITION OF part FOR VALUES IN (1);
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
CREATE FOREIGN TABLE far(i int) SERVER elsewhere;
CREATE FUNCTION hides_fast() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT count(*) FROM fast';
CREATE FUNCTION hides_lock() RETURNS void IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(1); END';
CREATE FUNCTION hides_wild(int) RETURNS int STABLE LANGUAGE plpgsql AS 'BEGIN EXECUTE ''SELECT wild(1)''; RETURN 1; END';
"""

# What PostgreSQL has from 14 on.
SCHEMA_OF_14 = """
CREATE FUNCTION reads_fast() RETURNS bigint STABLE BEGIN ATOMIC SELECT count(*) FROM fast; END;
CREATE FUNCTION reads_t() RETURNS bigint STABLE BEGIN ATOMIC SELECT count(*) FROM t; END;
CREATE VIEW over_fast AS SELECT reads_fast();
"""
READS_OF_14 = ["reads_t()"]
WRITES_OF_14 = [("unreadable", ["reads_fast()", "(SELECT reads_fast FROM over_fast)"]),
                ("type", ["'{[1,2)}'::span_multirange", "span_multirange('[1,2)'::span)"])]

READS = [
    "calm(1)", "public.calm(1)", "a.twice(1)", "\"Mixed\"(1)", "(SELECT calm_sum(i) FROM t)",
    "(SELECT count(*) FROM plain)", "(SELECT count(*) FROM public.plain p)", "(SELECT r FROM draws)",
    "(SELECT i FROM \"Quoted\".\"View\")", "(SELECT n FROM stored)", "(SELECT count(*) FROM moods)", "'good'::mood",
    "1::tame", "1 === 1", "1 OPERATOR(public.===) 1", "'a=>1'::hstore -> 'a'", "'a=>1'::hstore ? 'a'", "akeys('a=>1')",
    "similarity('a', 'b')", "'a' % 'b'", "uuid_generate_v4()", "uuid_nil()", "normal_rand(1, 1, 1)",
    "(SELECT count(*) FROM owned)", "(SELECT count(*) FROM pg_class)", "(SELECT count(*) FROM information_schema.tables)",
    "(WITH c AS (SELECT 1 AS i), d(i) AS (SELECT i FROM c) SELECT d.i FROM c, d)",
    "(SELECT EXTRACT(year FROM now()) FROM t)", "(SELECT t.i FROM t JOIN (moods m CROSS JOIN plain p) ON true LIMIT 1)",
    "(SELECT x FROM t ORDER BY i, x LIMIT 1)", "(SELECT 1 FROM (VALUES (1, 2), (3, 4)) v(a, b) LIMIT 1)",
    "(SELECT 1 FROM ROWS FROM (generate_series(1, 1), calm(1)) AS g(a, b))",
    "(SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY i) FROM t)",
]

WRITES = [
    ("function", ["wild(1)", "WILD(1)", "b.twice(1)", "twice(1)", "many(1)", "lower('A')", "counts()", "positive(1)",
                  "mixed(1)", "(SELECT wild_sum(i) FROM t)", "(SELECT t.wild_row FROM t)", "set_limit(0.5)",
                  "hides_wild(1)"]),
    ("effect", ["hides_lock()"]),
    ("relation", ["(SELECT n FROM over_nextval)", "(SELECT n FROM over_view)", "(SELECT n FROM public.over_view v)",
                  "(SELECT i FROM locks)", "(SELECT c FROM over_columns)", "(SELECT wild FROM over_user LIMIT 1)", "(SELECT count(*) FROM guarded)",
                  "(SELECT 1 FROM t JOIN over_view ON true LIMIT 1)", "(SELECT 1 FROM t, over_view LIMIT 1)",
                  "(SELECT n FROM (over_view CROSS JOIN t) LIMIT 1)",
                  "(WITH over_view AS (SELECT 1 AS n) SELECT n FROM over_view)",
                  "(SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY n) FROM over_view)"]),
    ("type", ["1::checked", "'[1,2)'::span", "CAST(1 AS checked)", "(SELECT count(*) FROM has_checked)", "('a'::text)::pair"]),
    ("operator", ["1 ==== 1"]),
    ("unreadable", ["(SELECT count(*) FROM fast)", "(SELECT count(*) FROM part)", "(SELECT last_value FROM s)", "hides_fast()"]),
    ("node state", ["(SELECT r FROM asks)", "(SELECT count(last_value) FROM pg_sequences)", "(SELECT count(*) FROM settings)"]),
]


def of_14(t):
    return int(t.cluster.primary.value("SHOW server_version_num")) >= 140000


def make_database(t):
    t.cluster.primary.query(f"CREATE DATABASE {DATABASE}")
    with t.cluster.primary.connect(DATABASE) as c:
        c.query(SCHEMA)
        if of_14(t):
            c.query(SCHEMA_OF_14)
        c.query("GRANT ALL ON ALL TABLES IN SCHEMA public, \"Quoted\" TO public; GRANT ALL ON SCHEMA public, a, b, "
                "\"Quoted\" TO public; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO public")
    t.cluster.wait_replayed()


def databases(t):
    return {DATABASE: t.cluster.line(DATABASE)}


def row_of(s, name=DATABASE):
    return next(row for row in s.show("CATALOG") if row["database"] == name)


def where(t, c, expression):
    """The role of the node that computed the expression, in a table's row, so that nothing is folded."""
    rows = c.query(f"SELECT inet_server_port(), {expression} AS r FROM (SELECT 1) one").rows
    return "primary" if int(rows[0][0]) == t.cluster.primary.port else "standby"


def gained(before, after):
    return {key: n - before.get(key, 0) for key, n in after.items() if n != before.get(key, 0)}


def test_every_kind_of_name(t):
    make_database(t)
    s = t.steer(databases(t), users=None)
    row = row_of(s)
    t.equal((row["state"], row["error"]), ("loaded", ""), "state and error in SHOW CATALOG")
    t.true(int(row["functions"]) > 3000 and int(row["relations"]) > 100, f"what SHOW CATALOG counts, got {row}")
    with s.client(user="postgres", database=DATABASE) as c:
        for expression in READS + (READS_OF_14 if of_14(t) else []):
            t.equal(where(t, c, expression), "standby", f"where {expression} is computed")
        statements = [(f"SELECT {expression} FROM (SELECT 1) one", reason)
                      for reason, expressions in WRITES + (WRITES_OF_14 if of_14(t) else [])
                      for expression in expressions]
        statements += [("SELECT i FROM far", "unreadable"), ("EXPLAIN SELECT * FROM fast", "unreadable"),
                       ("COPY fast TO STDOUT", "unreadable"), ("EXPLAIN SELECT hides_lock()", "effect"), ("TABLE over_view", "relation"),
                       ("SELECT * FROM no_such_relation", "relation")]
        for sql, reason in statements:
            before = s.routes(DATABASE)
            try:
                c.query(sql)
            except wire.ServerError as e:  # whatever the primary thinks of it
                t.true(e.sqlstate[:2] in ("42", "HV", "08"), f"an error that the primary has as well for {sql}: {e}")
            t.equal(gained(before, s.routes(DATABASE)), {("primary", reason): 1}, f"the route of {sql}")


def test_definitions_change(t):
    t.cluster.primary.query("CREATE DATABASE changing")
    t.cluster.wait_replayed()
    s = t.steer({"changing": t.cluster.line("changing")})
    with s.client(user="postgres", database="changing") as c, s.client(user="postgres", database="changing") as d:
        def there(expression):
            try:
                return where(t, d, expression)
            except wire.ServerError as e:  # the standby has not got it yet
                return e.sqlstate

        def follows(ddl, expression, role):
            loads = int(row_of(s, "changing")["loads"])
            c.query(ddl)
            t.wait(lambda: int(row_of(s, "changing")["loads"]) > loads, f"the catalog to be read after {ddl}")
            if role == "primary":
                t.equal(there(expression), role, f"where {expression} is computed after {ddl}")
            t.wait(lambda: there(expression) == role, f"{expression} to be computed on a {role} after {ddl}")
        follows("CREATE FUNCTION f(int) RETURNS int STABLE LANGUAGE sql AS 'SELECT $1'", "f(1)", "standby")
        follows("ALTER FUNCTION f(int) VOLATILE", "f(1)", "primary")
        follows("ALTER FUNCTION f(int) IMMUTABLE", "f(1)", "standby")
        follows("CREATE FUNCTION f(text) RETURNS int VOLATILE LANGUAGE sql AS 'SELECT 1'", "f(1)", "primary")
        follows("DROP FUNCTION f(text)", "f(1)", "standby")
        follows("CREATE TABLE t(i int)", "(SELECT count(*) FROM t)", "standby")
        follows("CREATE VIEW v AS SELECT i FROM t", "(SELECT count(*) FROM v)", "standby")
        follows("CREATE SEQUENCE s; CREATE OR REPLACE VIEW v AS SELECT nextval('s')::int AS i",
                "(SELECT i FROM v)", "primary")
        follows("DROP VIEW v; CREATE VIEW v AS SELECT 1 AS i", "(SELECT i FROM v)", "standby")
        follows("ALTER TABLE t SET UNLOGGED", "(SELECT count(*) FROM t)", "primary")
        follows("BEGIN; ALTER TABLE t SET LOGGED; COMMIT", "(SELECT count(*) FROM t)", "standby")
        # behind pgsteer's back: what is missed is looked for; what has changed is found by and by
        t.true(("primary", "retried") not in s.routes("changing"), "no standby has refused a statement")
        t.cluster.primary.query("CREATE TABLE elsewhere(i int)", "changing")
        t.equal(there("(SELECT count(*) FROM elsewhere)"), "primary", "where a table that is not known is read")
        t.wait(lambda: there("(SELECT count(*) FROM elsewhere)") == "standby", "the catalog to have the table", 10)
        s.settings["catalog_check_interval"] = "0.2"
        s.reload()
        t.cluster.primary.query("CREATE OR REPLACE VIEW v AS SELECT nextval('s')::int AS i", "changing")
        t.wait(lambda: there("(SELECT i FROM v)") == "primary", "a view that was changed elsewhere to be noticed", 10)


def test_databases_have_their_own(t):
    """The same text means different things in two databases, prepared or not; and stays what it was after a failover."""
    t.own_cluster()
    for name in ("one", "two"):
        t.cluster.primary.query(f"CREATE DATABASE {name}")
    t.cluster.primary.query("CREATE FUNCTION f() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1'", "one")
    t.cluster.primary.query("CREATE FUNCTION f() RETURNS int VOLATILE LANGUAGE sql AS 'SELECT 1'", "two")
    t.cluster.wait_replayed()
    s = t.steer({name: t.cluster.line(name) for name in ("one", "two")}, workers=1)
    with s.client(user="postgres", database="one") as one, s.client(user="postgres", database="two") as two:
        sql = "SELECT inet_server_port(), f()"
        for c in (one, two):
            c.segment(wire.parse("same", sql))

        def places():
            primary = str(t.cluster.primary.port)
            return [c.segment(wire.bind("", "same"), wire.execute()).rows[0][0] == primary
                    for c in (one, two, one, two)] + [c.query(sql).rows[0][0] == primary for c in (one, two)]
        t.equal(places(), [False, True] * 3, "whether the primary ran it")
        t.cluster.fail_over()
        s.wait_nodes(1)
        t.equal([row["state"] for row in s.show("CATALOG")], ["loaded"] * 2, "the catalogs after a failover")
        # Until the standby left has replayed the new timeline's beginning it is not fresh enough for this session.
        t.wait(lambda: one.value("SELECT inet_server_port()") != str(t.cluster.primary.port), "the standby to be fresh")
        t.equal(places(), [False, True] * 3, "whether the new primary ran it")
        t.wait(lambda: {row["node"].rpartition(":")[2] for row in s.show("CATALOG")} == {str(t.cluster.primary.port)},
               "the new primary to be asked")


def test_what_may_not_be_read(t):
    t.sql("DROP TABLE IF EXISTS seen; CREATE TABLE seen AS SELECT 1 AS i",
          "CREATE OR REPLACE FUNCTION not_known() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1'")
    s = t.steer({"app": t.cluster.line("app")}, users={"app": "app-secret", "ghost": "", "admin": "admin-secret"},
                start=False, health_check_user="ghost", health_check_dbname="postgres")
    t.cluster.primary.query("DROP ROLE IF EXISTS ghost; CREATE ROLE ghost LOGIN SUPERUSER")
    t.cluster.wait_replayed()
    s.start()
    s.wait_nodes(2)
    t.equal(row_of(s, "app")["state"], "loaded", "with all rights")
    t.cluster.primary.query("ALTER ROLE ghost NOSUPERUSER; REVOKE CONNECT ON DATABASE app FROM public")
    try:
        late = t.steer({"app": t.cluster.line("app")}, health_check_user="ghost", health_check_dbname="postgres")
        row = row_of(late, "app")
        t.equal(row["state"], "absent", "the state")
        t.contains(row["error"], "42501", "the error")
        late.wait_log("catalog of app cannot be read")
    finally:
        t.cluster.primary.query("GRANT CONNECT ON DATABASE app TO public")
    t.wait(lambda: row_of(late, "app")["state"] == "loaded", "it to be read as soon as that is allowed")
    t.true((row_of(s, "app")["error"], row_of(s, "app")["state"]) == ("", "loaded"), "the other one has kept its own")


def test_every_built_in_function_is_decided(t):
    """Of the server at hand. A new version's are to be put into src/router/overlay.def."""
    env = dict(os.environ, PGHOST="127.0.0.1", PGPORT=str(t.cluster.primary.port), PGUSER="postgres",
               PGDATABASE="postgres", PATH=os.path.dirname(find_program("psql")) + os.pathsep + os.environ["PATH"])
    got = subprocess.run([os.path.join(ROOT, "tests", "tools", "undecided")], env=env, capture_output=True, text=True)
    t.equal((got.stdout, got.stderr, got.returncode), ("", "", 0), "volatile functions that nobody has decided")
