"""Segments that are run again: the client must see one answer, and nothing twice."""
import signal

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


def test_a_pipeline_whose_second_half_is_terminated(t):
    """What was answered before the error, in the same packet too, is the client's; the rest is run again."""
    s = t.steer()
    # On the primary, which serves reads when no standby is fit, the second half is not run again.
    texts = ["/* pgsteer: standby */ SELECT 1, pg_sleep(1) /* before */", "/* pgsteer: standby */ SELECT 2, pg_sleep(2) /* again */"]
    active = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%/* {} */' AND pid <> pg_backend_pid()"
    at_nodes = [node.connect() for node in t.cluster.nodes]
    known = "/* pgsteer: standby */ SELECT 2, pg_sleep($1) /* again */"

    def runs(part):
        return any(node.value(active.format(part)) == "1" for node in at_nodes)
    with s.client() as c:
        for number in range(12):  # prepared on both standbys
            c.segment(parse(f"warm{number}", known), bind("", f"warm{number}", ["0"]), execute())
        extended = [parse("", text) + bind() + describe("P") + execute() + sync() for text in texts]
        for at_once in (False, True):
            for what, letters, messages in (
                    ("Query", "TDCZ", [query(text) for text in texts]),
                    ("extended", "12TDCZ", extended),
                    ("named", "12DCZ", [extended[0], parse(f"n{at_once}", known) + bind("", f"n{at_once}", ["2"]) + execute() + sync()])):
                c.send(*messages)
                if at_once:
                    t.wait(lambda: runs("before"), "the first to run")
                    s.process.send_signal(signal.SIGSTOP)
                try:
                    t.wait(lambda: runs("again"), "the second to run")
                    _terminate(t, "again")
                    t.wait(lambda: not at_once or not runs("again"), "its session to end")
                finally:
                    s.process.send_signal(signal.SIGCONT)
                c.until("Z")
                t.equal(types(c.until("Z")), letters, f"{what}{', at once' * at_once}: the second answer")
