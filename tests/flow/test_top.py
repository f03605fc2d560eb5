"""pgsteer top: what it shows, without a terminal and in one."""
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

from steer import ADMIN, ADMIN_PASSWORD

VIEWS = ("databases", "nodes", "pools", "queries", "routes", "clients", "failovers")


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
