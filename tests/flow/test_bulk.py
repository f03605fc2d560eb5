"""COPY, large rows and large parameters: streamed, never gathered."""
import hashlib
import os
import socket
import time

import wire
from flow import deadline
from wire import bind, execute, flush, message, parse, query, sync

MEGABYTE = 1 << 20


def copy_in(c, table, chunks):
    c.send(query(f"COPY {table} FROM STDIN"))
    got = c.receive()
    if got.type == "E":
        raise wire.ServerError(got)
    assert got.type == "G", got
    for chunk in chunks:
        c.send(message("d", chunk))
    c.send(message("c"))
    return c.result()


def copy_out(c, sql):
    """(CRC-like digest, bytes, Result without data) of a COPY TO STDOUT."""
    c.send(query(sql))
    digest, size, rest = hashlib.md5(), 0, []
    while True:
        got = c.receive()
        if got.type == "d":
            digest.update(got.body)
            size += len(got.body)
        else:
            rest.append(got)
            if got.type == "Z":
                return digest.hexdigest(), size, wire.Result(rest)


@deadline(120)
def test_copy_in_and_out(t):
    t.sql("CREATE TABLE bu_copy(i int, t text)")
    s = t.steer()
    expected, total = hashlib.md5(), 0

    def rows():
        nonlocal total
        for start in range(0, 200000, 500):
            chunk = b"".join(b"%d\t%s\n" % (i, b"x" * 95) for i in range(start, start + 500))
            expected.update(chunk)
            total += len(chunk)
            yield chunk
    with s.client() as c:
        before = s.memory("VmHWM")
        t.equal(copy_in(c, "bu_copy", rows()).tags, ["COPY 200000"], "COPY FROM STDIN")
        t.true(total > 20_000_000, f"20 MB were copied in, got {total}")
        t.cluster.wait_replayed()
        for target in ("primary", "standby"):
            digest, size, rest = copy_out(
                c, f"/* pgsteer: {target} */ COPY (SELECT * FROM bu_copy ORDER BY i) TO STDOUT")
            t.equal(rest.tags, ["COPY 200000"], f"COPY TO STDOUT from the {target}")
            t.equal((size, digest), (total, expected.hexdigest()), f"bytes that came back from the {target}")
        grown = s.memory("VmHWM") - before
        t.memory_within(grown, 4 * 1024, "growth of pgsteer's memory during 60 MB of COPY")


def test_copy_that_fails(t):
    t.sql("CREATE TABLE bu_fail(i int)")
    s = t.steer()
    with s.client() as c:
        c.send(query("COPY bu_fail FROM STDIN"))
        t.equal(c.receive().type, "G", "CopyInResponse")
        c.send(message("d", b"1\n"), message("f", b"the client gives up\0"))
        got = c.result(check=False)
        t.equal([e.sqlstate for e in got.errors], ["57014"], "CopyFail")
        c.send(query("COPY bu_fail FROM STDIN"))
        c.receive()
        c.send(message("d", b"not a number\n"))
        for _ in range(50):
            c.send(message("d", b"2\n" * 100))
        c.send(message("c"))
        got = c.result(check=False)
        t.equal([e.sqlstate for e in got.errors], ["22P02"], "bad data; what the client still sends is dropped")
        t.equal(c.value("SELECT count(*) FROM bu_fail"), "0", "rows")
        e = t.error("42P01", lambda: copy_in(c, "bu_nowhere", []), "COPY into nothing")
        t.contains(e.message, "bu_nowhere", "the error names the table")
        c.until("Z")
        c.send(query("COPY bu_fail FROM STDIN; SELECT 5"))
        c.receive()
        c.send(message("d", b"1\n2\n"), message("c"))
        got = c.result()
        t.equal((got.tags, got.rows), (["COPY 2", "SELECT 1"], [["5"]]), "COPY and another statement in one Query")


def test_copy_through_the_extended_protocol(t):
    t.sql("CREATE TABLE bu_ext(i int)")
    s = t.steer()
    with s.client() as c:
        c.send(parse("", "COPY bu_ext FROM STDIN"), bind(), execute(), sync())
        got = c.until("G")
        t.equal("".join(m.type for m in got), "12G", "COPY through Execute")
        c.send(message("d", b"1\n2\n3\n"), message("c"), sync())
        first = c.result()
        t.equal(first.tags, ["COPY 3"], "the copy's end")
        t.equal(first.status, "I", "the state afterwards")
        t.true(c.quiet() or c.receive().type == "Z", "only ReadyForQuery may follow")
        c.query("SELECT 1")
    with s.client() as c:
        got = c.segment(parse("", "COPY (SELECT generate_series(1, 3)) TO STDOUT"), bind(), execute())
        t.equal("".join(m.type for m in got.messages), "12HdddcCZ", "COPY TO STDOUT through Execute")


@deadline(120)
def test_large_values_are_streamed(t):
    t.sql("CREATE TABLE bu_large(t text)")
    s = t.steer()
    size = 64 * MEGABYTE
    with s.client(timeout=100) as c:
        c.query("SELECT 1")
        before = s.memory("VmHWM")
        for target in ("primary", "standby"):
            got = c.query(f"/* pgsteer: {target} */ SELECT repeat('x', {size})")
            t.equal(len(got.rows[0][0]), size, f"length of a 64 MB value from the {target}")
        value = b"y" * size
        c.send(parse("", "INSERT INTO bu_large VALUES ($1) RETURNING length(t), md5(t)"), bind("", "", [value]),
               execute(), sync())
        t.equal(c.result().rows, [[str(size), hashlib.md5(value).hexdigest()]], "a 64 MB parameter")
        c.send(parse("", "SELECT length($1::text), inet_server_port()"), bind("", "", [value]), execute(), sync())
        got = c.result().rows
        t.equal(got[0][0], str(size), "a 64 MB parameter of a read")
        literal = "z" * (8 * MEGABYTE)
        t.equal(c.value(f"SELECT length('{literal}')"), str(8 * MEGABYTE), "an 8 MB Query")
        grown = s.memory("VmHWM") - before
        t.memory_within(grown, 4 * 1024, "growth of pgsteer's memory through values of 64 MB")
    t.sql("DROP TABLE bu_large")


@deadline(120)
def test_a_slow_reader_does_not_grow_memory(t):
    s = t.steer()
    before = s.memory("VmHWM")
    slow = [s.client() for _ in range(4)]
    for c in slow:
        c.send(query("SELECT repeat('x', 100000) FROM generate_series(1, 500)"))
    with s.client() as other:  # the slow ones must not hold anyone up meanwhile
        for n in range(50):
            t.equal(other.value(f"SELECT {n}"), str(n), "another client beside slow readers")
            time.sleep(0.01)
    t.memory_within(s.memory("VmHWM") - before, 4 * 1024,
                    "growth of pgsteer's memory while 4 clients do not read 200 MB")
    for c in slow:
        got = c.result()
        t.equal((len(got.rows), got.tags), (500, ["SELECT 500"]), "all rows once the client reads")


def test_many_rows(t):
    s = t.steer()
    with s.client() as c:
        got = c.query("SELECT i, i::text FROM generate_series(1, 100000) i")
        t.equal((len(got.rows), got.rows[-1]), (100000, ["100000", "100000"]), "100,000 rows")


def test_sending_and_receiving_at_once(t):
    """A pipeline so long that both directions fill up: whoever blocks in a write while the peer blocks too
    hangs for ever."""
    s = t.steer()
    c = s.client()
    c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    payload = os.urandom(30000).hex()
    one = parse("", "SELECT $1::text") + bind("", "", [payload]) + execute() + sync()
    import threading
    sender = threading.Thread(target=lambda: [c.send(one) for _ in range(200)])
    sender.start()
    for n in range(200):
        got = c.result()
        t.equal(got.rows == [[payload]], True, f"answer {n}")
    sender.join()
    c.close()


def test_a_server_is_free_after_every_copy(t):
    t.sql("CREATE TABLE bu_free(i int)")
    s = t.steer(default_pool_size=1)
    count = "/* pgsteer: primary */ SELECT count(*) > 0 FROM bu_free"
    rows = b"".join(message("d", b"1\n") for _ in range(10))
    with s.client() as c, s.client(timeout=15) as other:
        for what, start, end in (
                ("Query", [query("COPY bu_free FROM STDIN")], [message("c")]),
                ("Query that fails", [query("COPY bu_free FROM STDIN")], [message("f", b"no\0")]),
                ("Execute with Sync", [parse("", "COPY bu_free FROM STDIN"), bind(), execute(), sync()],
                 [message("c"), sync()]),
                ("Execute that fails", [parse("", "COPY bu_free FROM STDIN"), bind(), execute(), sync()],
                 [message("f", b"no\0"), sync()]),
                ("Execute with Flush", [parse("", "COPY bu_free FROM STDIN"), bind(), execute(), flush()],
                 [message("c"), sync()])):
            c.send(*start)
            c.until("G")
            c.send(rows, *end)
            c.result(False)
            t.equal(other.value(count), "t", f"another client over the only server after {what}")
        c.send(query("COPY bu_free FROM STDIN"))
        c.until("G")
        late = message("d", b"1\n" * 20000)
        c.send(message("d", b"nonsense\n"), late[:10000])
        c.result(False)
        c.send(late[10000:], message("c"))
        t.equal(other.value(count), "t", "another client after a copy that failed in the middle of a message")
