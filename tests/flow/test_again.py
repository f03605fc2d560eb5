"""Segments that are run again: the client must see one answer, and nothing twice."""
from wire import bind, describe, execute, parse, query, sync

SETTINGS = {"lazy_begin": 1}


def types(messages):
    return "".join(m.type for m in messages)


def _terminate(t, what):
    """Ends the sessions that run `what`, on every node."""
    def hit():
        return any(node.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'active' "
                              f"AND query LIKE '%{what}%' AND pid <> pg_backend_pid()").rows
                   for node in t.cluster.alive())
    t.wait(hit, f"a session that runs {what}")


def test_one_answer_when_the_session_is_terminated(t):
    s = t.steer()
    text = "SELECT 7, pg_sleep(1) /* again */"
    rows = "SELECT i, pg_sleep(i - 1) FROM generate_series(1, 2) i /* again */"  # its first row comes with the error
    with s.client() as c:
        for what, letters, messages in (
                ("Query", "TDCZ", [query(text)]),
                ("Query with a row", "TDDCZ", [query(rows)]),
                ("two Queries with rows", "TDCTDDCZ", [query(f"SELECT 1; {rows}")]),
                ("extended", "12TDCZ", [parse("", text), bind(), describe("P"), execute(), sync()]),
                ("extended with a row", "12DDCZ", [parse("", rows), bind(), execute(), sync()])):
            c.send(*messages)
            _terminate(t, "again")
            t.equal(types(c.until("Z")), letters, f"{what}: the answer to a read whose session was terminated")


def test_a_parse_answered_here_is_answered_once(t):
    s = t.steer()
    with s.client() as c:
        text = "/* pgsteer: standby */ SELECT 8, pg_sleep($1) /* once */"
        for number in range(12):  # prepared on both standbys
            c.segment(parse(f"warm{number}", text), bind("", f"warm{number}", ["0"]), execute())
        c.send(parse("last", text), bind("", "last", ["1"]), execute(), sync())
        _terminate(t, "once")
        t.equal(types(c.until("Z")), "12DCZ", "the answer to a read that is run again")
