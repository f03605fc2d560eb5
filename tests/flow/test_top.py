"""pgsteer top: what it shows, without a terminal and in one."""
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

from run import wait_for
from steer import ADMIN, ADMIN_PASSWORD

VIEWS = ("databases", "nodes", "pools", "queries", "routes", "clients", "holds", "failovers")


def where(s):
    return f"host=127.0.0.1 port={s.port} user={ADMIN} password={ADMIN_PASSWORD} dbname=pgbouncer"


def test_everything_once(t):
    s = t.steer()
    with s.client() as c:
        c.query("SELECT 1 AS looked_for")
        done = t.run.call([s.program, "top", "--once", where(s)])
        t.equal(done.returncode, 0, f"exit status; it said {done.stderr}")
        parts = re.split(r"\n\n(%s)\n" % "|".join(VIEWS), done.stdout)
        t.equal(parts[0], "all well", "the verdict comes first")
        t.equal(tuple(parts[1::2]), VIEWS, "the views")
        shown = dict(zip(parts[1::2], parts[2::2]))
        t.contains(shown["queries"], "select ? as looked_for", "the query")
        for node in t.cluster.nodes:
            t.contains(shown["nodes"], f"127.0.0.1:{node.port}", "each node")
        t.contains(shown["clients"], "127.0.0.1", "the client")
    done = t.run.call([s.program, "top", "--once", s.ini], check=False)
    t.equal(done.returncode, 0, f"by the configuration and its socket, as the same user; it said {done.stderr}")
    done = t.run.call([s.program, "top", where(s)], check=False)
    t.contains(done.stderr, "--once", "what to do without a terminal")
    s.stop()
    done = t.run.call([s.program, "top", "--once", where(s)], check=False)
    t.equal(done.returncode, 1, "nobody answers")
    t.contains(done.stderr, "refused", "and why")


class Screen:
    """A terminal of 100 x 30 with a program in it. Text is what was written, without where."""

    def __init__(self, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
            os.execv(command[0], command)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.text = ""

    def resize(self, rows, columns):
        """As a window does; the program draws all of it again."""
        self.text = ""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        while select.select([self.fd], [], [], 0.05)[0]:
            try:
                got = os.read(self.fd, 65536)
            except OSError:  # the program has ended
                return
            if not got:
                return
            self.text += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>78]", " ", got.decode(errors="replace"))

    def shows(self, text):
        self.read()
        return text in self.text

    def press(self, keys):
        self.text = ""
        os.write(self.fd, keys.encode())

    def end(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        return None


def test_in_a_terminal(t):
    s = t.steer()
    with s.client() as c:
        c.query("SELECT 1 AS looked_for")
        screen = Screen([s.program, "top", where(s)])
        try:
            t.wait(lambda: screen.shows("all well") and screen.shows("xacts/s"), "the first view")
            screen.press("4")
            t.wait(lambda: screen.shows("looked_for"), "another view by its number")
            screen.press("\x1bOD")  # as terminals send it in keypad mode
            t.wait(lambda: screen.shows(">") or screen.shows("<"), "another order by an arrow key")
            screen.press("2")
            t.wait(lambda: screen.shows("standby"), "nodes")
            s.console().query("FENCE 127.0.0.1:%d" % next(n.port for n in t.cluster.nodes if n is not t.cluster.primary))
            t.wait(lambda: screen.shows("critical"), "what is wrong comes first, and by itself")
            screen.press("q")
        finally:
            status = screen.end()
        t.equal(status, 0, "exit status after q")


def test_sizes_of_a_terminal(t):
    s = t.steer(nodes=False, databases={f"database_{i:02}": t.cluster.line("app", [t.cluster.primary]) for i in range(30)})
    for i in range(30):
        with s.client(database=f"database_{i:02}") as c:
            c.query("SELECT 1")
    screen = Screen([s.program, "top", where(s)])
    try:
        screen.resize(60, 160)
        t.wait(lambda: screen.shows("database_29"), "all of it on a large one")
        for rows, columns in ((1, 1), (2, 200), (3, 10), (5, 5), (200, 3)):
            screen.resize(rows, columns)
            screen.press("\x1bOB2\x1bOC1r")  # keys do no harm
            t.wait(lambda: screen.read() or screen.text, f"something on {rows} x {columns}")
        screen.resize(12, 40)
        t.wait(lambda: screen.shows("1 databases"), "a small one")
        t.true("7 holds" not in screen.text, f"tabs that do not fit are left out: {screen.text}")
        screen.resize(60, 160)
        t.wait(lambda: screen.shows("database_00") and screen.shows("8 failovers"), "all of it on a large one again")
        screen.press("q")
    finally:
        status = screen.end()
    t.equal(status, 0, "exit status after q")


def order(screen, s):
    """Databases in the order in which they are on the screen, drawn anew."""
    screen.resize(40, 151 + order.turn % 2)
    order.turn += 1
    found = []

    def all_there():
        screen.read()
        found[:] = re.findall(r"database_(\d)", screen.text)
        return len(set(found)) == 3
    wait_for(all_there, "three databases on the screen")
    return list(dict.fromkeys(found))


order.turn = 0


def test_order(t):
    s = t.steer(nodes=False, databases={f"database_{i}": t.cluster.line("app", [t.cluster.primary]) for i in range(3)})
    clients = [s.client(database=f"database_{i}") for i in (1, 0, 0, 2, 2, 2)]
    for c in clients:
        c.query("SELECT 1")
    screen = Screen([s.program, "top", where(s)])
    try:
        t.wait(lambda: screen.shows("all well"), "the first view")
        screen.press("6")
        t.wait(lambda: screen.shows("addr"), "clients")
        screen.press("\x1bOD" * 20 + "\x1bOC")  # by the second column, the database
        t.wait(lambda: order(screen, s) in (["0", "1", "2"], ["2", "1", "0"]), "in the order of their names")
        before = order(screen, s)
        screen.press("r")
        t.wait(lambda: order(screen, s) == before[::-1], "the other way round")
        screen.press("q")
    finally:
        status = screen.end()
    t.equal(status, 0, "exit status after q")
    for c in clients:
        c.close()


def test_connection_that_is_lost(t):
    s = t.steer(nodes=False)
    screen = Screen([s.program, "top", where(s)])
    try:
        t.wait(lambda: screen.shows("all well"), "the first view")
        s.process.kill()
        s.process.wait()
        t.wait(lambda: screen.shows("no answer"), "that nobody answers")
        screen.press("2")
        screen.resize(30, 101)
        t.wait(lambda: screen.shows("no answer") and screen.shows("q: end"), "keys and sizes are taken meanwhile")
        s.start()
        screen.text = ""
        t.wait(lambda: screen.shows("all well"), "it to come back by itself", 40)
        t.wait(lambda: screen.shows("lag_ms"), "in the view that was chosen meanwhile")
        screen.press("q")
    finally:
        status = screen.end()
    t.equal(status, 0, "exit status after q")
