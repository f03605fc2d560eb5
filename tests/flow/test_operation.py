"""pgsteer among the things of its machine: ports, sockets, pid files, logs, systemd."""
import contextlib
import grp
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import threading
import time

import web
import wire
from run import SLOW
from steer import program
from wire import query, sync


def refused(s):
    try:
        s.client().close()
    except ConnectionRefusedError:
        return True
    return False


def last_words(c):
    """The error a client gets instead of an answer, at the end of its connection."""
    error = wire.ServerError(c.until("E")[-1])
    return error.severity, error.sqlstate, error.message


def test_several_processes_on_one_port(t):
    """One leaves, by SHUTDOWN WAIT_FOR_CLIENTS and by SIGTERM: its clients stay, new ones go to the other."""
    for how in ("command", "SIGTERM"):
        old = t.steer(so_reuseport=1)
        new = t.steer(start=False, so_reuseport=1)
        new.settings["listen_port"] = new.port = old.port
        with old.client(host=old.dir) as c:
            c.query("SELECT 1")
            if how == "command":
                old.admin("SHUTDOWN WAIT_FOR_CLIENTS")
            else:
                old.process.send_signal(signal.SIGTERM)
            t.wait(lambda: refused(old), f"nobody to listen any more after {how}")
            t.true(os.path.exists(os.path.join(old.dir, f".s.PGSQL.{old.port}")), "the console's Unix socket is there")
            new.start()
            for _ in range(5):
                with new.client() as other:
                    t.equal(other.value("SELECT 2"), "2", "a new client")
            t.equal(c.value("SELECT 3"), "3", "the old client")
            t.true(old.process.poll() is None, "the old process waits for it")
        old.status = old.process.wait(20 * SLOW)
        t.equal(old.status, 0, "exit status when the last client has left")
        new.stop()


def test_who_waits_at_the_door_when_it_leaves(t):
    """Connections that are complete when SIGTERM comes are served, though nobody else is there to wait for."""
    s = t.steer(so_reuseport=1, tcp_defer_accept=0)
    with contextlib.ExitStack() as stack:
        s.process.send_signal(signal.SIGSTOP)
        clients = [stack.enter_context(s.client(login=False)) for _ in range(60)]
        s.process.send_signal(signal.SIGTERM)
        s.process.send_signal(signal.SIGCONT)
        t.wait(lambda: refused(s), "nobody to listen any more")
        for number, c in enumerate(clients):
            c.login()
            t.equal(c.value(f"SELECT {number}"), str(number), "one who waited")
    s.status = s.process.wait(20 * SLOW)
    t.equal(s.status, 0, "exit status when the last client has left")


def test_a_port_that_is_not_shared(t):
    s = t.steer()
    other = t.steer(start=False)
    other.settings["listen_port"] = s.port
    other.write_files()
    done = t.run.call([other.program, other.ini], check=False, seconds=10)
    t.equal(done.returncode, 1, "exit status without so_reuseport")
    t.contains(done.stderr, "Address already in use", "what it says")


def test_interrupt_waits_for_servers(t):
    """SIGINT: transactions end, who would begin one is told to go; nobody new comes."""
    s = t.steer(default_pool_size=1)
    busy, idle, waiting = (s.client(database="single") for _ in range(3))
    busy.query("BEGIN")
    waiting.send(query("SELECT 1"))
    t.true(waiting.quiet(0.1), "a client waits for the only server")
    s.process.send_signal(signal.SIGINT)
    t.equal(last_words(waiting), ("FATAL", "08P01", "server shutting down"), "what the waiting client is told")
    t.wait(lambda: refused(s), "the port to be closed")
    t.equal(busy.value("SELECT 2"), "2", "the transaction goes on")
    idle.send(query("SELECT 3"))
    t.equal(last_words(idle), ("FATAL", "08P01", "server shutting down"), "what a client that would begin is told")
    t.contains(s.log_text(), "got SIGINT, shutting down, waiting for all servers connections to be released", "the log")
    s.process.send_signal(signal.SIGUSR2)
    s.wait_log("got SIGUSR2 while shutting down, ignoring")
    busy.query("COMMIT")
    s.status = s.process.wait(20 * SLOW)
    t.equal(s.status, 0, "exit status")


def test_unix_socket_file(t):
    """Its mode and group; a stale file is replaced, a PostgreSQL server's is not; it goes at the end."""
    account = t.run.account or pwd.getpwuid(os.getuid())
    s = t.steer(start=False, unix_socket_mode="0750", unix_socket_group=grp.getgrgid(account.pw_gid).gr_name)
    path = os.path.join(s.dir, f".s.PGSQL.{s.port}")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(path)
    t.run.give(path)
    s.start()
    st = os.stat(path)
    t.equal((oct(st.st_mode & 0o777), st.st_gid), ("0o750", account.pw_gid), "mode and group")
    with s.client(host=s.dir) as c:
        t.equal(c.value("SELECT 1"), "1", "a query through it")
    s.stop()
    t.true(not os.path.exists(path), "it is gone at the end")
    s.settings["unix_socket_group"] = "nobody-has-this-group"
    s.write_files()
    done = t.run.call([s.program, s.ini], check=False, seconds=10)
    t.equal((done.returncode, os.path.exists(path)), (1, False), f"a group that does not exist: {done.stderr}")
    s.settings["unix_socket_group"] = None
    t.run.write(path + ".lock", "1\n")
    s.write_files()
    done = t.run.call([s.program, s.ini], check=False, seconds=10)
    t.equal(done.returncode, 1, f"beside a PostgreSQL server's lock file: {done.stderr}")


def test_abstract_unix_socket(t):
    name = f"@pgsteer-{os.getpid()}"
    s = t.steer(unix_socket_dir=name)
    with wire.Client(s.port, host=name) as c:
        t.equal(c.value("SELECT 1"), "1", "a query through an abstract socket")


def daemon_of(t, s):
    """Starts `s` with -d; returns its number. The process that was started must end by itself."""
    s.write_files()
    done = t.run.call([s.program, "-d", "-q", s.ini], cwd=s.dir, seconds=20)
    t.equal(done.stdout + done.stderr, "", "what -d prints")

    def number():
        with open(s.settings["pidfile"]) as f:
            return int(f.read())
    return t.wait(number, "the pid file")


def test_a_signal_as_soon_as_there_is_a_pid_file(t):
    """It is heard, though nobody listens yet."""
    s = t.steer(start=False)
    s.settings["pidfile"] = os.path.join(s.dir, "own.pid")
    s.write_files()
    s.process = t.run.spawn([s.program, s.ini], cwd=s.dir, log=s.log)
    until = time.monotonic() + 30 * SLOW
    while not os.path.exists(s.settings["pidfile"]) and time.monotonic() < until:
        pass
    s.process.send_signal(signal.SIGHUP)
    s.wait_log("got SIGHUP")
    with s.client() as c:
        t.equal(c.value("SELECT 1"), "1", "a query")


def test_background_and_pidfile(t):
    """-d with files named from the working directory; a living pid file is respected, a stale one not."""
    s = t.steer(start=False, pidfile=None)
    s.settings["pidfile"] = os.path.join(s.dir, "own.pid")
    s.settings["logfile"] = "own.log"
    s.log = os.path.join(s.dir, "own.log")
    pid = daemon_of(t, s)
    with s.client() as c:
        t.equal(c.value("SELECT 1"), "1", "a query")
    t.equal(os.getsid(pid) != pid and os.getsid(pid) != os.getsid(0), True, "a session of its own, not led by it")
    other = t.steer(start=False, pidfile=s.settings["pidfile"])
    other.write_files()
    done = t.run.call([other.program, other.ini], check=False, seconds=10)
    t.equal(done.returncode, 1, "exit status of a second instance")
    t.contains(done.stderr, f"pidfile '{s.settings['pidfile']}' exists, another instance running?", "what it says")
    os.rename(s.log, s.log + ".1")
    os.kill(pid, signal.SIGHUP)
    t.wait(lambda: os.path.exists(s.log), "the log to be opened again")
    os.kill(pid, signal.SIGTERM)
    t.wait(lambda: not os.path.exists(s.settings["pidfile"]), "the pid file to go away")
    t.wait(lambda: not os.path.exists(f"/proc/{pid}"), "the process to end")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    t.run.write(s.settings["pidfile"], f"{ended.pid}\n")
    pid = daemon_of(t, s)
    t.true(pid != ended.pid, "a stale pid file is replaced")
    os.kill(pid, signal.SIGQUIT)
    t.wait(lambda: not os.path.exists(f"/proc/{pid}"), "the process to end")
    t.run.write(s.settings["pidfile"], "")
    done = t.run.call([s.program, "-q", s.ini], cwd=s.dir, check=False, seconds=10)
    t.equal(done.returncode, 1, "a pid file that names no process")
    os.unlink(s.settings["pidfile"])


def test_another_file_on_reload(t):
    s = t.steer()
    t.equal({r["key"]: r["value"] for r in s.show("CONFIG")}["server_lifetime"], "3600", "before")
    with open(s.ini) as f:
        t.run.write(os.path.join(s.dir, "other.ini"), f.read() + "server_lifetime = 1234\n")
    s.admin(f"SET conffile = '{s.dir}/other.ini'")
    s.admin("RELOAD")
    t.equal({r["key"]: r["value"] for r in s.show("CONFIG")}["server_lifetime"], "1234", "after RELOAD of conffile")
    s.admin("RELOAD")
    t.equal({r["key"]: r["value"] for r in s.show("CONFIG")}["server_lifetime"], "1234", "and after the next")


def test_syslog(t):
    """Lines up to LOG, with name, number and facility. Only where there is no syslog that we would disturb."""
    path = "/dev/log"
    if os.path.exists(path) or not os.access("/dev", os.W_OK):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(path)
        try:
            os.chmod(path, 0o666)
            log.settimeout(20)
            s = t.steer(nodes=False, syslog=1, syslog_ident="steersman", syslog_facility="local3", verbose=1)
            got = ""
            while "process up" not in got:
                got = log.recv(4096).decode()
            t.true(got.startswith(f"<{19 * 8 + 6}>") and f"steersman[{s.pid}]: process up" in got, f"syslog's {got!r}")
            # Nobody reads it any more: lines are lost, and nobody waits.
            with s.client(database="single") as c:
                def lost():
                    for _ in range(50):
                        t.error("08P01", lambda: s.client(database="nowhere"), "an error that is logged")
                    return any(r["rule"] == "log" and "Resource temporarily unavailable" in r["text"] for r in s.show("ALERTS"))
                t.wait(lost, "lines to be lost")
                t.equal(c.value("SELECT 1"), "1", "clients are served")
            log.setblocking(False)
            got = ""
            while "lines of the log are missing here" not in got:
                try:
                    got = log.recv(4096).decode()
                except BlockingIOError:
                    s.show("VERSION")
                    t.error("08P01", lambda: s.client(database="nowhere"), "another one")
            t.equal([r for r in s.show("ALERTS") if r["rule"] == "log"], [], "all is well again")
            s.settings["syslog"] = 0
            s.reload()
            t.wait(lambda: {r["key"]: r["value"] for r in s.show("CONFIG")}["syslog"] == "0", "the reload")
            log.setblocking(False)
            try:
                while log.recv(4096):
                    pass
            except BlockingIOError:
                pass
            s.show("VERSION")
            t.error("08P01", lambda: s.client(database="nowhere"), "an error that is logged")
            try:
                t.equal(log.recv(4096), b"", "a line after syslog=0")
            except BlockingIOError:
                pass
        finally:
            os.unlink(path)


class Manager:
    """A service manager's side of sd_notify."""

    def __init__(self, t, s):
        self.path = os.path.join(s.dir, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        t.run.give(self.path)
        self.socket.settimeout(20 * SLOW)

    def hears(self):
        return self.socket.recv(4096).decode().splitlines()


def test_tells_systemd(t):
    s = t.steer(start=False)
    manager = Manager(t, s)
    s.write_files()
    s.process = t.run.spawn([s.program, s.ini], cwd=s.dir, log=s.log, env={"NOTIFY_SOCKET": manager.path})
    t.equal(manager.hears(), ["READY=1"], "at the start")
    s.client().close()
    for reload in (s.reload, lambda: s.admin("RELOAD")):
        reload()
        got = manager.hears()
        t.equal((got[0], got[1].partition("=")[0], len(got)), ("RELOADING=1", "MONOTONIC_USEC", 2), "at a reload")
        t.equal(manager.hears(), ["READY=1"], "when it is done")
    s.process.send_signal(signal.SIGTERM)
    t.equal(manager.hears(), ["STOPPING=1"], "at the end")
    s.status = s.process.wait(20 * SLOW)
    manager.socket.close()


def test_takes_sockets_of_systemd(t):
    """Socket activation: what is passed is listened on, listen_addr and unix_socket_dir are not."""
    s = t.steer(start=False)
    path = os.path.join(s.dir, "passed")
    tcp, unix = socket.socket(), socket.socket(socket.AF_UNIX)
    tcp.bind(("127.0.0.1", 0))
    unix.bind(path)
    os.chmod(path, 0o777)
    for sock in (tcp, unix):
        sock.listen(8)
    s.write_files()

    def pass_on():
        """In the child: the sockets are descriptors 3 and 4, in this order."""
        high = [os.dup(sock.fileno()) for sock in (tcp, unix)]
        high = [fd if fd > 4 else os.dup(os.dup(fd)) for fd in high]
        for number, fd in enumerate(high, 3):
            os.dup2(fd, number)
        os.environ["LISTEN_PID"] = str(os.getpid())
    with open(s.log, "ab") as out:
        start = ("import os, sys; os.environ['LISTEN_PID'] = str(os.getpid()); os.execv(sys.argv[1], sys.argv[1:])")
        s.process = subprocess.Popen([sys.executable, "-c", start, s.program, s.ini], cwd=s.dir, stdout=out, stderr=out,
                                     preexec_fn=pass_on, pass_fds=(3, 4),
                                     **t.run._as_user({"env": {"LISTEN_FDS": "2"}}, False))
    port = tcp.getsockname()[1]
    tcp.close()
    unix.close()
    with wire.Client(port) as c:
        t.equal(c.value("SELECT 1"), "1", "a query through the TCP socket that was passed")
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(path)
        raw.sendall(wire.startup({"user": "app", "database": "app"}))
        t.equal(raw.recv(1), b"R", "an answer through the Unix socket that was passed")
    t.true(refused(s), "listen_addr is ignored")
    s.wait_log("sockets passed from service manager, listen_addr ignored")
    s.stop()
    t.true(os.path.exists(path), "the manager's socket file stays")


def test_other_names(t):
    """A symbolic link called pgbouncer, PgBouncer's words on the command line."""
    link = os.path.join(t.run.mkdir(t.dir, "bin"), "pgbouncer")
    os.symlink(program(t.run), link)
    done = t.run.call([link, "--version"])
    t.true(done.stdout.startswith("PgBouncer 1."), f"the first line of --version: {done.stdout!r}")
    t.contains(t.run.call([link, "-h"]).stdout, f"Usage: {link} ", "-h")
    done = t.run.call([link], check=False)
    t.equal((done.returncode, done.stderr.splitlines()),
            (1, [f"{link}: no configuration file specified", f'Try "{link} --help" for more information.']), "no file")


# ---- taking over: -R ----------------------------------------------------------------------------------------


def reboot(t, s, seconds=20, **settings):
    """Another process takes the place of `s`; the old one must end well."""
    s.settings.update(settings)
    t.equal(s.reboot(seconds), 0, f"exit status of the process that was replaced\n{s.log_text(40)}")


def test_reboot_in_the_middle_of_everything(t):
    """From three workers to one and to four; no client notices, whatever it was doing."""
    s = t.steer(workers=3, default_pool_size=12, session_state=1, pidfile=None)
    s.settings["pidfile"] = os.path.join(s.dir, "own.pid")
    s.stop()
    s.status = None
    s.start()
    t.sql("DROP TABLE IF EXISTS reboot", "CREATE TABLE reboot (n int)")
    idle, busy, sleeper, pinned, slow, half, ahead = (s.client(database="single") for _ in range(7))
    idle.query("SET work_mem = '12MB'")
    idle.segment(wire.parse("one", "SELECT $1::int + 1"))
    busy.query("BEGIN")
    busy.query("INSERT INTO reboot VALUES (1)")
    pinned.query("LISTEN reboot_channel")
    pinned.query("CREATE TEMP TABLE mine AS SELECT 5 AS n")
    slow.send(query("SELECT repeat('x', 1000) FROM generate_series(1, 30000)"))  # 30 MB, not read yet
    unsaid = s.client(login=False)
    for number, workers in enumerate((1, 4)):
        sleeper.send(query("SELECT pg_sleep(1.5), 'slept'"))
        whole = query(f"SELECT 'half {number}'")
        half.send(whole[:9])
        ahead.send(wire.parse("", "SELECT 'ahead'"), wire.bind(), wire.flush())
        t.wait(lambda: not ahead.quiet(0.01), "the answer to Flush")
        reboot(t, s, workers=workers)
        t.equal({r["key"]: r["value"] for r in s.show("CONFIG")}["workers"], str(workers), "the new process answers")
        half.send(whole[9:])
        t.equal(half.result().rows, [[f"half {number}"]], "a message that was sent in part")
        ahead.send(wire.execute(), sync())
        t.equal(ahead.result().rows, [["ahead"]], "a portal that was bound")
        t.equal(idle.value("SHOW work_mem"), "12MB", "a setting")
        t.equal(idle.segment(wire.bind("", "one", [41]), wire.execute()).rows, [["42"]], "a prepared statement")
        t.equal(busy.value("SELECT count(*) FROM reboot"), str(number + 1), "a transaction goes on")
        busy.query("INSERT INTO reboot VALUES (2)")
        t.equal(pinned.value("SELECT n FROM mine"), "5", "a temporary table")
        t.equal(sleeper.result().rows, [["", "slept"]], "a query that runs")
    rows = slow.result().rows
    t.equal((len(rows), {len(r[0]) for r in rows}), (30000, {1000}), "an answer that was not read")
    unsaid.login()
    t.equal(unsaid.value("SELECT 7"), "7", "a client that had not said anything")
    busy.query("COMMIT")
    t.equal(t.cluster.primary.value("SELECT count(*) FROM reboot", database="app"), "3", "rows of the transaction")
    with s.client() as c:
        c.query("NOTIFY reboot_channel, 'hello'")
    t.true(b"hello" in t.wait(lambda: pinned.quiet(0.05) or pinned.unread(), "the notification"), "LISTEN goes on")
    pinned.query("LISTEN other_channel")
    pinned.query("UNLISTEN other_channel")
    t.true("LISTEN" in s.pins(), "the first channel still pins")
    sleeper.send(query("SELECT pg_sleep(60)"))
    t.wait(lambda: any(r["state"] == "active" and r["remote_pid"] == str(sleeper.pid) for r in s.show("CLIENTS")) or
           True, "the query to run")
    t.true(sleeper.quiet(0.3), "it runs")
    sleeper.cancel()
    t.error("57014", sleeper.result, "a cancel request with the key of the first process")
    for c in (idle, busy, sleeper, pinned, slow, half, ahead, unsaid):
        c.close()
    with open(s.settings["pidfile"]) as f:
        t.equal(int(f.read()), s.pid, "the pid file")
    t.true(os.path.exists(os.path.join(s.dir, f".s.PGSQL.{s.port}")), "the Unix socket's file")
    with s.client(host=s.dir) as c:
        t.equal(c.value("SELECT 1"), "1", "a query through the Unix socket")


def test_reboot_with_clients_that_wait(t):
    """Clients in the queue of a pool and clients held for want of a primary are served by the new process."""
    s = t.steer({"narrow": t.cluster.line("app", [t.cluster.primary]) + " pool_size=1", "app": t.cluster.line("app"),
                 "lost": "host=127.0.0.1,127.0.0.1 port=1,2 dbname=app"}, nodes=False, workers=2, failover_timeout=30,
                health_check_timeout="0.2", http_listen=t.run.port())
    http = int(s.settings["http_listen"])
    t.equal(web.get(http, "/healthz").status, 200, "HTTP before")
    going, missed = threading.Event(), []

    def knock():
        while not going.wait(0.005):
            try:
                socket.create_connection(("127.0.0.1", http), 5).close()
            except OSError as e:
                missed.append(e)
    knocking = threading.Thread(target=knock, daemon=True)
    knocking.start()
    busy, waiting, held = s.client(database="narrow"), s.client(database="narrow"), s.client(database="app")
    held.query("SELECT 1")
    busy.query("BEGIN")
    waiting.send(query("SELECT 'served'"))
    t.true(waiting.quiet(0.1), "a client waits")
    held.send(query("SELECT pg_sleep(0.3), 'sent'"))
    reboot(t, s, workers=1)
    t.equal(web.get(http, "/healthz").status, 200, "HTTP afterwards")
    going.set()
    knocking.join()
    t.equal(missed, [], "the socket of HTTP was there all the time")
    t.equal(held.result().rows, [["", "sent"]], "a client of the cluster")
    held.query("CREATE TABLE IF NOT EXISTS reboot_held (n int)")
    t.true(waiting.quiet(0.1), "it waits on")
    busy.query("COMMIT")
    t.equal(waiting.result().rows, [["served"]], "and is served")
    t.equal(s.show("SERVERS")[0]["database"] in ("narrow", "app"), True, "servers are counted")
    count = t.cluster.primary.value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND "
                                    "backend_type = 'client backend' AND query LIKE '%served%'")
    t.equal(count, "1", "servers of a pool of one")
    for c in (busy, waiting, held):
        c.close()


SUCCESSOR = """
import sys
sys.path.insert(0, sys.argv[1])
import wire
with wire.Client(int(sys.argv[2]), host=sys.argv[3], user="pgbouncer", database="pgbouncer") as c:
    c.send(wire.query("TAKEOVER"))
    print(len(c.until("Z")), flush=True)
    sys.stdin.readline()
"""


def test_a_reboot_that_fails(t):
    """The old process goes on as if nothing had been."""
    s = t.steer(workers=2)
    c = s.client()
    c.query("BEGIN")
    other = t.steer(start=False)
    other.settings.update(listen_port=s.port, unix_socket_dir=s.dir, listen_addr="192.0.2.1")
    other.write_files()
    done = t.run.call([s.program, "-R", other.ini], check=False, seconds=20)
    t.equal(done.returncode, 1, "exit status of a process that finds no address to listen on")
    s.wait_log("pgbouncer access from unix socket")
    s.wait_log("the takeover has not come about; going on")
    t.equal(c.value("SELECT 1"), "1", "a client of the old process")
    library = os.path.dirname(wire.__file__)
    with open(os.path.join(library, "wire.py")) as f:  # where the user that runs pgsteer can read it
        t.run.write(os.path.join(s.dir, "wire.py"), f.read())
    successor = t.run.start([sys.executable, "-c", SUCCESSOR, s.dir, str(s.port), s.dir], stdin=subprocess.PIPE)
    t.true(int(successor.stdout.readline()) > 4, "what a successor gets")
    c.send(query("SELECT 2"))
    t.true(c.quiet(0.2), "nobody is served meanwhile")
    successor.communicate("go\n", timeout=20)
    t.equal(c.result().rows, [["2"]], "the successor has gone: everything goes on")
    with s.client() as new:
        t.equal(new.value("SELECT 3"), "3", "new clients too")
    t.error("08P01", lambda: s.admin("TAKEOVER"), "TAKEOVER over TCP")
    with s.client(host=s.dir) as new:
        t.equal(new.value("SELECT 4"), "4", "after it")
    c.query("COMMIT")
    c.close()
    # A process that ends while it waits for its successor's word ends all the same.
    successor = t.run.start([sys.executable, "-c", SUCCESSOR, s.dir, str(s.port), s.dir], stdin=subprocess.PIPE)
    t.true(int(successor.stdout.readline()) > 3, "what a successor gets")
    s.stop(signal.SIGQUIT)
    t.equal(s.status, 0, "exit status after SIGQUIT during a takeover")
    successor.communicate("go\n", timeout=20)


def test_reboot_without_an_old_process(t):
    s = t.steer(start=False)
    s.write_files()
    s.process = t.run.spawn([s.program, "-R", s.ini], cwd=s.dir, log=s.log)
    s.wait_log("process up")
    t.contains(s.log_text(), "old process not found, try to continue normally", "the log")
    with s.client() as c:
        t.equal(c.value("SELECT 1"), "1", "a query")


def test_who_keeps_a_reboot_waiting(t):
    """suspend_timeout: a client in the middle of its login holds it up so long and is closed."""
    s = t.steer(suspend_timeout="0.6", auth_type="md5")
    client = s.client(login=False)
    client.send(wire.startup({"user": "app", "database": "app"}))
    t.equal(client.receive().type, "R", "the request for a password")
    with s.client() as other:
        before = time.monotonic()
        reboot(t, s)
        t.within(time.monotonic() - before, 0.5, 0.6 + 4 * SLOW, "how long the restart takes")
        t.true(client.at_end(10), "the client that proves its password is closed")
        t.equal(other.value("SELECT 1"), "1", "another one goes on")


def test_log_as_json(t):
    s = t.steer(log_format="json")
    with s.client() as c:
        c.query("SELECT 1")
    for byte in range(1, 256):  # names of every kind of byte
        with s.client(login=False) as c:
            body = b"\0\3\0\0user\0of-" + bytes([byte]) + b"\0database\0\"" + bytes([byte]) * 2 + b"\\\0\0"
            c.send((len(body) + 4).to_bytes(4, "big") + body)
            t.equal(c.receive().type, "E", "it does not come in")
    t.wait(lambda: s.log_text().count("of-") >= 255, "all of them in the log")
    mine = "app/app@127.0.0.1:"
    t.wait(lambda: any(mine in line and "client close" in line for line in s.log_text().splitlines()), "the client's end in the log")
    with open(s.log, "rb") as f:
        lines = [json.loads(line.decode()) for line in f.read().split(b"\n")[:-1]]
    t.true(all(line["pid"] == s.pid and line["level"] in ("LOG", "WARNING") and line["time"].endswith("Z") for line in lines),
           "each line is an object with pid, level and time")
    left = next(line for line in lines if line["message"].startswith(mine) and "client close" in line["message"])
    t.true(left["id"].startswith("C-0x"), f"a client's line: {left}")
