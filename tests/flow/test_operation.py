"""pgsteer among the things of its machine: ports, sockets, pid files, logs, systemd."""
import grp
import os
import pwd
import signal
import socket
import subprocess
import sys

import wire
from run import SLOW
from steer import program
from wire import query


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
            s = t.steer(syslog=1, syslog_ident="steersman", syslog_facility="local3", verbose=1)
            got = ""
            while "process up" not in got:
                got = log.recv(4096).decode()
            t.true(got.startswith(f"<{19 * 8 + 6}>") and f"steersman[{s.pid}]: process up" in got, f"syslog's {got!r}")
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
