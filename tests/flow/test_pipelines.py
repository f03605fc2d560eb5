"""Pipelines where a read is none: a standby refuses it, and what was sent behind it, under way already, runs on the
primary with it. The client sees one answer to each, in order, and nothing is written twice."""
from test_learned import learned, start, told, types
from wire import bind, close, describe, execute, parse, query, sync


def answers(c, count):
    """The results of so many segments."""
    return [c.result(check=False) for _ in range(count)]


def run(t, c, *segments, pieces=1):
    """Sends all segments, in so many pieces, before it reads: rows, or the SQLSTATE, of each."""
    data = b"".join(segments)
    step = len(data) // pieces + 1
    for at in range(0, len(data), step):
        c.send(data[at:at + step])
    got = answers(c, len(segments))
    t.true(c.quiet(0.1), "no answer more than there were segments")
    return [r.errors[0].sqlstate if r.errors else [row[0] for row in r.rows] for r in got]


def unnamed(sql, *values):
    return parse("", sql) + bind("", "", values) + describe("P") + execute() + sync()


def of_name(name, *values, last=b""):
    return bind("", name, values) + execute() + last + sync()


def test_of_queries(t):
    s = start(t, consistency="eventual")
    with s.client() as c:
        for pieces in (1, 3, 40):  # a segment comes whole, cut, or in many parts
            s.admin("FORGET")
            t.sql("DELETE FROM told")
            got = run(t, c, query("SELECT 'a'"), query("SELECT liar(1)"), query("SELECT 1/0"), query("SELECT 'b'; SELECT 'c'"),
                      query("SELECT liar(2)"), query(""), query("SELECT 'd'"), pieces=pieces)
            t.equal(got, [["a"], ["1"], "22012", ["b", "c"], ["2"], [], ["d"]], f"{pieces} pieces")
            t.equal(told(c), ["1", "2"], "what was written")
            t.equal([text for text, _, _ in learned(s)], ["select liar(?)"], "the guilty one alone")
        # Writes wait for what was read before them, and all keep their order.
        s.admin("FORGET")
        got = run(t, c, query("SELECT liar(3)"), query("SELECT 'x'"), query("INSERT INTO told VALUES (4) RETURNING n"),
                  query("SET application_name = 'piped'"), query("SELECT liar(5)"), query("SHOW application_name"))
        t.equal(got, [["3"], ["x"], ["4"], [], ["5"], ["piped"]], "writes among them")
        t.equal(told(c), ["1", "2", "3", "4", "5"], "in order, once")


def test_all_are_counted(t):
    s = start(t, consistency="eventual")
    with s.client() as c:
        c.query("SELECT 1")
        before = s.routes()["standby", "read"]
        run(t, c, *[query(f"SELECT {n}") for n in range(50)])
        t.equal(s.routes()["standby", "read"] - before, 50, "reads of a pipeline in SHOW ROUTES")


def test_of_the_extended_protocol(t):
    s = start(t, consistency="eventual")
    with s.client() as c:
        c.segment(parse("old", "SELECT 'old' || $1"), parse("liar", "SELECT liar($1)"))
        got = run(t, c, unnamed("SELECT $1", "u"), of_name("liar", "1"), unnamed("SELECT liar($1)", "2"),
                  parse("new", "SELECT 'new' || $1") + of_name("new", "1", last=close("S", "old")),
                  parse("old", "SELECT 'newer' || $1") + sync(), of_name("old", "2", last=close("S", "new")),
                  of_name("new", "3"))
        t.equal(got, [["u"], ["1"], ["2"], ["new1"], [], ["newer2"], "26000"], "names that come and go")
        t.equal(told(c), ["1", "2"], "what was written")
        t.equal(c.segment(*[of_name("old", "3")[:-5]]).rows, [["newer3"]], "the name that is left")
        # A Parse that the standby's server need not see, behind what is refused there, is answered once.
        for n in range(12):
            c.segment(parse(f"warm{n}", "SELECT 'warm' || $1"), bind("", f"warm{n}", ["0"]), execute())
        s.admin("FORGET")
        c.send(of_name("liar", "9"), parse("last", "SELECT 'warm' || $1"), of_name("last", "1", last=close("S", "last")))
        t.equal([types(r) for r in answers(c, 2)], ["2DCZ", "12DC3Z"], "the answers")
        t.sql("DELETE FROM told WHERE n = 9")
        # Several statements up to a Sync, one behind another.
        s.admin("FORGET")
        two = parse("", "SELECT 'one'") + bind() + execute() + of_name("liar", "3")
        t.equal(run(t, c, unnamed("SELECT 'first'"), two, unnamed("SELECT 'last'")), [["first"], ["one", "3"], ["last"]],
                "two statements in one segment")
        # What an earlier segment has left unnamed is bound again, though a later one leaves something else.
        s.admin("FORGET")
        c.segment(parse("", "SELECT liar($1)"))
        got = run(t, c, of_name("", "4"), parse("", "SELECT 'other' || $1") + sync(), of_name("", "5"))
        t.equal(got, [["4"], [], ["other5"]], "the unnamed statement")
        t.equal(told(c), ["1", "2", "3", "4"], "what was written")


def test_longer_than_what_is_kept(t):
    s = start(t, consistency="eventual")
    with s.client() as c:
        count = 3000
        sql = [f"SELECT {'liar' if n % 1000 == 500 else 'abs'}({n})" for n in range(count)]
        c.send(*map(query, sql))
        t.true([r.rows for r in answers(c, count)] == [[[str(n)]] for n in range(count)], "every answer, in order")
        t.equal(told(c), ["500", "1500", "2500"], "what was written")
        s.admin("FORGET")
        wide = "x" * 20000
        t.equal(run(t, c, query(f"SELECT '{wide}'"), query("SELECT liar(1)"), query(f"SELECT '{wide}', liar(2)"[:-9]),
                    query("SELECT 'end'")), [[wide], ["1"], [wide], ["end"]], "segments that are too large to be kept")


def test_behind_long_answers(t):
    s = start(t, consistency="eventual")
    with s.client() as c:
        long = "SELECT n FROM generate_series(1, 30000) n"
        numbers = [str(n) for n in range(1, 30001)]
        got = run(t, c, query(long), query("SELECT liar(1)"), query(long), query("SELECT unlogged()"))
        t.true(got == [numbers, ["1"], numbers, ["5"]], "long answers among them")
        t.equal(s.routes()[("primary", "retried")], 1, "retries: one took all that followed along")


def test_of_a_session_that_is_terminated(t):
    from test_again import _terminate
    s = start(t, consistency="eventual")
    with s.client() as c:
        c.send(query("SELECT 'a', pg_sleep(1) /* piped */"), unnamed("SELECT 'b'"), query("SELECT 'c'"))
        _terminate(t, "piped")
        t.equal(["".join(m.type for m in r.messages) for r in answers(c, 3)], ["TDCZ", "12TDCZ", "TDCZ"],
                "all of it runs again elsewhere")


def test_read_only_endpoint_keeps_its_errors(t):
    s = start(t, databases={"app": t.cluster.line("app"),
                            "app_ro": t.cluster.line("app", target_session_attrs="standby")}, consistency="eventual")
    with s.client(database="app_ro") as c:
        t.equal(run(t, c, query("SELECT 'a'"), query("SELECT liar(1)"), query("SELECT 'b'"), query("INSERT INTO told VALUES (2)"),
                    query("SELECT 'c'")), [["a"], "25006", ["b"], "25006", ["c"]], "where nothing else may serve")
    with s.client() as c:
        t.equal(told(c), [], "nothing was written")
