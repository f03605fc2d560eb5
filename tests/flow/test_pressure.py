"""Slow clients and slow servers: nobody hangs, nothing grows."""
import threading
import time

from wire import bind, execute, message, parse, query, sync

MEGABYTE = 1 << 20


def test_a_large_named_statement(t):
    s = t.steer()
    with s.client(timeout=20) as c:
        for size in (100_000, 140_000, 3 * MEGABYTE):
            text = f"SELECT length('{'x' * size}')"
            got = c.segment(parse(f"large{size}", text), bind("", f"large{size}"), execute())
            t.equal(got.rows, [[str(size)]], f"a named statement of {size} bytes")


def test_a_slow_server_does_not_grow_memory(t):
    t.sql("CREATE TABLE pr_slow(t text)",
          "CREATE FUNCTION pr_wait() RETURNS trigger LANGUAGE plpgsql AS "
          "'BEGIN IF new.t = ''wait'' THEN PERFORM pg_sleep(3); END IF; RETURN NULL; END'",
          "CREATE TRIGGER pr_wait BEFORE INSERT ON pr_slow FOR EACH ROW EXECUTE FUNCTION pr_wait()")
    s = t.steer()
    with s.client() as c:
        c.send(query("COPY pr_slow FROM STDIN"))
        c.until("G")
        before = s.memory()
        c.send(message("d", b"wait\n"))
        rows, peak = b"".join(b"x" * 999 + b"\n" for _ in range(1000)), [0]
        done = threading.Event()

        def watch():
            while not done.wait(0.05):
                peak[0] = max(peak[0], s.memory())
        watcher = threading.Thread(target=watch)
        watcher.start()
        for _ in range(100):
            c.send(message("d", rows))
        c.send(message("c"))
        t.equal(c.result().tags, ["COPY 0"], "the copy's end")
        done.set()
        watcher.join()
        t.within(peak[0] - before, -MEGABYTE, 16 * 1024, "memory grown by a copy to a slow server, KiB")


def test_a_client_that_only_sends(t):
    s = t.steer()
    with s.client(timeout=60) as c:
        before = s.memory()
        count = 2000
        sender = threading.Thread(target=lambda: c.send(*[query("SELECT repeat('x', 50000)")] * count))
        sender.start()
        time.sleep(2)
        t.within(s.memory() - before, -MEGABYTE, 16 * 1024, "memory grown for a client that does not read, KiB")
        for number in range(count):
            t.equal(len(c.result().rows[0][0]), 50000, f"answer {number}")
        sender.join()
        c.send(*[parse("", "SELECT 1"), bind(), execute(), sync()] * 10)
        for _ in range(10):
            t.equal(c.result().rows, [["1"]], "afterwards")
