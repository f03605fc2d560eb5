"""Calls of the system and of the C library fail on purpose, and cost at most the connection concerned. `make faults`
goes through all of them."""
import contextlib
import errno
import time

from flow import deadline
from ordeal import CALLS, Ordeal
from run import SLOW, WRAPPER, wait_for
from wire import ServerError, bind, execute, parse


def ordeal(t, **settings):
    if WRAPPER:
        t.skip("what is preloaded does not get on with valgrind's own memory")
    return Ordeal(t, **settings)


@deadline(120)
def test_memory(t):
    o = ordeal(t)
    for name in o.scenes:
        o.play(name)  # what is made once is there
    for name in o.scenes:
        n = min(o.calls(name), 400)
        t.true(o.walk(name, range(1, n + 1, max(1, n // 6))) > 0, f"something has failed in {name}")
    o.rests()


@deadline(120)
def test_system_calls(t):
    o = ordeal(t)
    for call, errors in CALLS.items():
        for error, least in errors if call != "malloc" else ():
            for name in ("tls", "server", "prepared", "http"):
                n = min(o.calls(name, call), 60)
                o.walk(name, range(1, n + 1, max(1, n // 2)), call, error=error, least=least)
    o.rests()


def test_descriptors_that_cannot_be_watched(t):
    """Each in turn: a server's in its login, an idle one's, a probe's; in whatever state, nobody waits for it for ever."""
    o = ordeal(t)
    for n in range(1, 70):
        o.walk("server", [n], "epoll_ctl", error=errno.ENOSPC)
    o.rests()


def test_what_a_peer_makes_grow(t):
    o = ordeal(t)
    s = o.s
    with s.client() as c, o.faults.failing("malloc", least=900_000, count=3) as rule:
        try:  # whoever is hung up on in the middle of sending may not read why
            c.segment(parse("large", f"SELECT '{'x' * 1_000_000}'"), bind("", "large"), execute())
            t.true(False, "a statement that there is no memory for is an error")
        except ServerError as e:
            t.equal(e.sqlstate, "53200", "a statement that there is no memory for")
        except (OSError, EOFError):
            pass
        t.true(rule.hit > 0, "memory was refused")
        o.check("no memory for large things")
    o.check("afterwards")
    o.rests()


def kept(o):
    return o.s.admin("SELECT count(*) FROM queries").rows[0][0]


def test_statistics_have_no_memory(t):
    o = ordeal(t)
    with o.faults.failing("malloc", least=900_000, count=1 << 40) as rule:
        o.s.admin("SET query_stats_size = 4000")  # which begins anew, in another table
        o.check("no memory for statistics")
        t.true(rule.hit > 0, "memory was refused")
        t.equal(kept(o), "0", "what is kept")
    o.check("afterwards")
    t.wait(lambda: kept(o) != "0", "queries to be kept again")
    t.true("living on a reserve" not in o.s.log_text(), "the reserve was not for that")


@deadline(120)
def test_memory_is_out(t):
    """The real thing: the process may have no more address space, and clients want ever more."""
    o = ordeal(t, auth_type="trust", max_prepared_statements=100000)
    s, clients = o.s, []
    now = s.memory("VmSize") * 1024
    o.limit("as", now + (24 << 20))
    refused = 0
    with contextlib.ExitStack() as all_of_them:
        for number in range(600):
            try:
                clients.append(all_of_them.enter_context(s.client(timeout=10)))
                clients[-1].segment(parse(f"s{number}", f"SELECT '{number}{'z' * 400_000}'"))
            except (OSError, EOFError, RuntimeError):
                refused += 1
                if refused == 20:
                    break
        t.equal(refused, 20, "those who were turned away for want of memory")
        t.true(s.process.poll() is None, "it lives")
        t.equal(o.healthy.value("SELECT 1"), "1", "a client who was there")
    o.limit("as", "unlimited")
    wait_for(lambda: s.log_text().count("living on a reserve") == s.log_text().count("memory is there again"),
             "the reserve to be whole", 10)
    o.check("when there is memory again")
    o.rests()


def test_files_that_cannot_be_read_for_a_moment(t):
    """RELOAD keeps what such a file said before."""
    o = ordeal(t, start=False)
    s = o.s
    s.settings.update(passfile=t.run.write(f"{s.dir}/pass", "*:*:*:app:app-secret\n"), auth_type="hba",
                      auth_hba_file=t.run.write(f"{s.dir}/hba.conf", "host all all all scram-sha-256\n"))
    o.begin()
    for path in ("userlist.txt", "pass", "hba.conf", "pgsteer.ini", "host.key", "host.crt"):
        with o.faults.failing("open", errno.EMFILE, path=path, count=1 << 40) as rule, o.console() as c:
            got = c.query("RELOAD", check=False)
            t.true(rule.hit > 0, f"{path} was to be read")
        t.true(got.errors and "Too many open files" in str(got.errors) + s.log_text(20), f"RELOAD without {path}, got {got.messages}")
        o.check(f"after RELOAD without {path}")
        with o.client(tls=o.tls) as c:
            t.equal(c.value("SELECT 1"), "1", f"TLS after RELOAD without {path}")
        o.scene_reload()


def test_descriptors(t):
    """accept() has no descriptor: nobody spins, who is there is served, and who waits gets in when there is one."""
    o = ordeal(t)
    s = o.s
    _, used = o.rests()
    before = o.limit("nofile", used + 3)
    with contextlib.ExitStack() as waiting:
        first = [waiting.enter_context(s.client(login=False)) for _ in range(8)]
        s.wait_log("cannot accept connections: Too many open files")
        cpu, began = s.cpu_seconds(), time.monotonic()
        while time.monotonic() < began + 2:
            t.within(o.served(o.healthy), 0, 1, "seconds that a client who is there waits")
            time.sleep(0.1)
        t.within(s.cpu_seconds() - cpu, 0, 0.5, "processor time of two seconds without a descriptor")
        t.equal(s.log_text().count("cannot accept connections"), 1, "lines about it")
        t.contains(s.log_text(), "LimitNOFILE", "what to do")
        o.limit("nofile", before)
        for c in first:
            c.login()
            t.equal(c.value("SELECT 1"), "1", "one who waited")
    o.check("when there are descriptors again")
    o.rests()


def test_descriptors_of_http(t):
    o = ordeal(t)
    with o.faults.failing("accept4", errno.EMFILE, object="libevent", count=1 << 40) as rule:
        with contextlib.suppress(OSError):
            o.http_once(0.5)
        seen, before = rule.hit, o.s.cpu_seconds()
        t.true(seen > 0, "HTTP had no descriptor")
        time.sleep(1)
        t.within(rule.hit - seen, 1, 30, "times that it tried in a second")
        t.within(o.s.cpu_seconds() - before, 0, 0.4, "processor time of that second")
    wait_for(lambda: o.http_once(2), "HTTP to answer again", 3)
    o.check("afterwards")


def test_the_disk_is_full(t):
    o = ordeal(t, log_connections=1, logfile="full.log")
    s = o.s
    with o.faults.failing("send", errno.ENOSPC, path="full.log", count=1 << 40) as rule:
        o.play("login")
        t.true(rule.hit > 0, "a line was lost")
        o.check("no room for the log")
        t.true(any(row["rule"] == "log" for row in s.show("ALERTS")), "SHOW ALERTS says so")
    o.play("login")
    with open(f"{s.dir}/full.log") as f:
        t.contains(f.read(), "No space left on device", "what the log says later of lines that it lost")
    o.check("afterwards")


def test_what_is_needed_at_the_start(t):
    """What cannot be had at the start ends it with a line that says what."""
    for call, error, about, part in (
            ("pthread_create", errno.EAGAIN, {"object": "pgsteer"}, "cannot start thread 'worker 0'"),
            ("send", errno.ENOSPC, {"path": "own.pid"}, "could not write pidfile 'own.pid': No space left on device"),
            ("open", errno.ENOSPC, {"path": "own.log"}, "cannot open logfile 'own.log': No space left on device"),
            ("socket", errno.EMFILE, {"object": "pgsteer"}, "cannot listen on 127.0.0.1"),
            ("bind", errno.EADDRINUSE, {"object": "pgsteer"}, "Address already in use")):
        o = ordeal(t, start=False, logfile="own.log", pidfile="own.pid", workers=1)
        o.faults.arm(call, error, count=1 << 40, **about)
        o.s.write_files()
        done = t.run.call([o.s.program, o.s.ini], cwd=o.s.dir, check=False, env=o.s.env, seconds=20)
        t.equal((done.returncode, part in done.stdout + done.stderr), (1, True),
                f"{call}: status, and {part!r} in {(done.stdout + done.stderr)[-500:]!r}")
