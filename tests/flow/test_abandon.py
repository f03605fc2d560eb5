"""Clients that leave in the middle: what they leave behind must reach nobody."""
from wire import bind, execute, flush, parse


def test_left_before_sync(t):
    t.sql("CREATE TABLE ab_rows(i int)")
    s = t.steer(default_pool_size=1, workers=1)
    for _ in range(3):
        c = s.client()
        c.send(parse("", "INSERT INTO ab_rows VALUES (1)"), bind(), execute(), flush())
        c.until("C")
        c.socket.close()
        with s.client() as other:
            t.equal(other.value("/* pgsteer: primary */ SELECT count(*) FROM ab_rows"), "0",
                    "rows of a client that left before its Sync")
    for node in ("primary", "standby"):
        c = s.client()
        c.send(parse("", f"/* pgsteer: {node} */ SELECT nonsense FROM nowhere"), bind(), execute(), flush())
        c.until("E")
        c.socket.close()
        with s.client() as other:
            t.equal(other.value(f"/* pgsteer: {node} */ SELECT 1"), "1", "after a client that left in an error")
