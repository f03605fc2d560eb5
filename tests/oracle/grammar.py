"""Statements made from a grammar of our own: what people rarely write, but PostgreSQL takes. Every rule is a list
of alternatives; <name> stands for a rule, {..} for what may be missing, and + for a list of one to three."""
import random
import re

RULES = {
    "statement": ["<query>"] * 12
    + [
        "EXPLAIN {(COSTS OFF, FORMAT JSON)} <query>",
        "EXPLAIN {ANALYZE} {VERBOSE} <change>",
        "COPY (<query>) TO STDOUT {WITH (FORMAT csv)}",
        "COPY (<change> RETURNING *) TO STDOUT",
        "SHOW <setting>",
        "<change>",
        "WITH <cte+> <change>",
        "DECLARE c CURSOR {WITH HOLD} FOR <query>",
        "CREATE TABLE t2 AS <query>",
        "PREPARE p AS <query>",
        "SELECT 1; <statement>",
    ],
    "query": ["<select>"] * 6
    + [
        "WITH {RECURSIVE} <cte+> <select>",
        "(<query>)",
        "<select> <setop> <select>",
        "(<query>) <setop> (<query>) {ORDER BY 1}",
        "VALUES <row+>",
        "TABLE <table>",
    ],
    "setop": ["UNION", "UNION ALL", "INTERSECT", "EXCEPT", "EXCEPT ALL"],
    "cte": ["<name> AS {MATERIALIZED} (<query>)"] * 5
    + [
        "<name>(a, b) AS NOT MATERIALIZED (<query>)",
        "<name> AS (<change> RETURNING *)",
        "<name>(x) AS (<query>) SEARCH DEPTH FIRST BY x SET ordering",
    ],
    "change": [
        "INSERT INTO <table> (a) <query>",
        "INSERT INTO <table> VALUES <row+> ON CONFLICT DO NOTHING",
        "UPDATE <table> SET a = <expr> WHERE <expr>",
        "DELETE FROM <table> USING <from> WHERE <expr>",
        "MERGE INTO <table> USING u ON true WHEN MATCHED THEN DELETE",
    ],
    "select": [
        "SELECT <target+> {FROM <from+>} {WHERE <expr>} {GROUP BY <grouping+>} {HAVING <expr>} {ORDER BY <sort+>} {LIMIT 3}",
        "SELECT {DISTINCT} <target+> FROM <from> {WHERE <expr>} {ORDER BY <sort>} {OFFSET 2 ROWS} {FETCH FIRST (1 + 2) ROWS ONLY}",
        "SELECT DISTINCT ON (<expr>) <target> FROM <from> {WINDOW w AS (PARTITION BY <expr> ORDER BY <sort>)}",
        "SELECT <target> FROM <from> WHERE <expr> {<lock>}",
        "SELECT <target> {INTO {TEMP} t3} FROM <from>",
    ],
    "lock": ["FOR UPDATE", "FOR NO KEY UPDATE OF t NOWAIT", "FOR SHARE SKIP LOCKED", "FOR KEY SHARE", "FOR READ ONLY"],
    "grouping": ["<expr>", "()", "ROLLUP (<expr>, <expr>)", "CUBE (a, b)", "GROUPING SETS ((a), (b), ())"],
    "sort": ["<expr> {DESC} {NULLS LAST}", "<expr> USING <"],
    "target": ["<expr>", "<expr> AS <name>", "*", "t.*", "<expr> <label>", '<expr> AS "select"'],
    "label": ["x", "value", "kind", "data", '"for update"'],
    "name": ["x", "q", '"Q"', "insert1", "update_at", '"delete from t"', "värde", "merge"],
    "table": ["t", "public.t", "ONLY t", '"T"', "information_schema.tables", '"update"', "pg_catalog.pg_class"],
    "from": [
        "<table>",
        "t AS <name>",
        "(<query>) AS s",
        "LATERAL (<query>) AS l",
        "t {LEFT} JOIN u ON <expr>",
        "t NATURAL JOIN u",
        "t CROSS JOIN (<query>) y",
        "t JOIN u USING (a)",
        "generate_series(1, <expr>) WITH ORDINALITY AS g(n, i)",
        "unnest(ARRAY[1,2]) AS k",
        "ROWS FROM (generate_series(1,2), <call>) AS r",
        "t TABLESAMPLE bernoulli(10) REPEATABLE (1)",
        "jsonb_to_recordset('[]') AS j(a int, b text)",
    ],
    "row": ["(<expr>)", "(<expr>, <expr>)", "(DEFAULT)"],
    "expr": ["<literal>"] * 4
    + ["a", "t.b", "$1", '"select"', "(t).c", "a[1]", "a[1:2]"]
    + [
        "<expr> <operator> <expr>",
        "(<expr>)",
        "<call>",
        "<call>",
        "CASE {<expr>} WHEN <expr> THEN <expr> ELSE <expr> END",
        "<expr>::<type>",
        "CAST(<expr> AS <type>)",
        "<expr> IS {NOT} NULL",
        "<expr> IN (<expr>, <expr>)",
        "<expr> NOT IN (<query>)",
        "EXISTS (<query>)",
        "<expr> = ANY (<query>)",
        "ARRAY(<query>)",
        "ARRAY[<expr>, <expr>]",
        "ROW(<expr>, <expr>)",
        "(<expr>) BETWEEN (<expr>) AND (<expr>)",
        "<expr> LIKE <literal> ESCAPE '!'",
        "NOT (<expr>)",
        "- (<expr>)",
        "(<query>)",
        "<expr> AT TIME ZONE 'UTC'",
        '<expr> COLLATE "C"',
        "(<expr>) OPERATOR(pg_catalog.+) (<expr>)",
        "<type> '2020-01-01'",
        "GROUPING(a)",
    ],
    "operator": ["+", "-", "*", "/", "%", "=", "<>", "<", ">=", "||", "AND", "OR", "~", "!~*", "->", "->>", "#>", "@>", "&&", "?|", "<->", "#-#"],
    "type": ["int", "text", "double precision", "varchar(10)", "numeric(10,2)[]", "timestamp with time zone", "interval day to second", "pg_catalog.int4", "mytype"],
    "literal": ["1", "1.5e3", "'x'", "'it''s'", "E'a\\'b'", "$$delete from t$$", "$a$ $$ $a$", "NULL", "true", "B'101'", "X'1F'", "'; DROP TABLE t; --'", "N'x'", "-1", "0x1F", "''"],
    "setting": ["search_path", "all", "time zone", "transaction_isolation", "my.setting"],
    "call": [
        "count(*)",
        "sum(DISTINCT <expr>) FILTER (WHERE <expr>)",
        "row_number() OVER (PARTITION BY <expr> ORDER BY <sort>)",
        "lag(<expr>) OVER w",
        "coalesce(<expr>, <expr>)",
        "greatest(<expr>, 1)",
        "nullif(<expr>, <expr>)",
        "lower(<expr>)",
        "pg_catalog.lower(<expr>)",
        '"lower"(<expr>)',
        "substring(<expr> FROM 1 FOR 2)",
        "extract(year FROM <expr>)",
        "trim(BOTH ' ' FROM <expr>)",
        "overlay(<expr> PLACING 'x' FROM 2)",
        "position('a' IN <expr>)",
        "percentile_cont(0.5) WITHIN GROUP (ORDER BY <expr>)",
        "array_agg(<expr> ORDER BY <sort>)",
        "xmlelement(name foo, <expr>)",
        "format('%s', VARIADIC ARRAY[<expr>])",
        "make_interval(days => 1)",
        "nextval('s')",
        "setval('s', 1)",
        "myfunction(<expr>)",
        "public.lower(<expr>)",
        "pg_advisory_lock(1)",
        "txid_current()",
        "random()",
        "now()",
        "current_timestamp(3)",
        "set_config('a.b', 'c', false)",
        "lo_create(0)",
        '"Lower"(<expr>)',
        "pg_notify('a', 'b')",
        "dblink('x', 'y')",
    ],
}
PART = re.compile(r"<([a-z]+)(\+?)>|\{((?:[^{}]|\{[^{}]*\})*)\}|([^<{]+|<)")
# Rules that end, for when a statement has grown deep enough.
ENDS = {"expr": "a", "query": "SELECT 1", "from": "t", "select": "SELECT 1", "statement": "SELECT 1", "cte": "c AS (SELECT 1)", "change": "DELETE FROM t", "call": "now()"}


class Grammar:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def rule(self, name, depth):
        if depth > 9 and name in ENDS:
            return ENDS[name]
        return self.fill(self.random.choice(RULES[name]), depth + 1)

    def fill(self, form, depth):
        out = []
        for rule, many, maybe, text in PART.findall(form):
            if rule:
                count = self.random.choice((1, 1, 2, 3)) if many else 1
                out.append(", ".join(self.rule(rule, depth) for _ in range(count)))
            elif maybe:
                if self.random.random() < 0.4:
                    out.append(self.fill(maybe, depth))
            else:
                out.append(text)
        return "".join(out)

    def spaced(self, text):
        """With comments and line ends where blanks were, now and then."""
        blanks = (" ",) * 30 + ("\n", "\t", " /* for update */ ", " -- delete\n", "/* a /* b */ */")
        return "".join(self.random.choice(blanks) if c == " " and self.random.random() < 0.2 else c for c in text)

    def statements(self, count):
        for _ in range(count):
            text = self.rule("statement", 0)
            yield self.spaced(text) if "'" not in text and '"' not in text and "$" not in text else text
