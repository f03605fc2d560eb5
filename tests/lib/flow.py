"""flow: the frame of the flow tests. A test is a function `test_*(t)` in tests/flow/test_*.py; `t` is a World.

Each test runs in a process of its own, with a hard deadline: it may fail, hang or crash, and the next one
starts clean. The cluster is shared and must be left as it was; a test that breaks one makes its own
(t.own_cluster()). Every pgsteer a test started is stopped at its end, and how it ended is part of the test.
"""
import faulthandler
import importlib.util
import os
import random
import re
import signal
import sys
import time
import traceback

from postgres import Cluster
from run import ROOT, SLOW, die_with_parent, find_program, sweep, wait_for
from steer import Steer

DEADLINE = 60
SKIPPED = 77  # exit status of a test's process


class Skip(Exception):
    """What the test needs is not on this machine."""


def deadline(seconds):
    """Another hard deadline for this test."""
    def mark(function):
        function.deadline = seconds
        return function
    return mark


class World:
    """What a test has at hand."""

    def __init__(self, run, cluster, name, settings):
        self.run, self.name, self.settings = run, name, settings
        self._cluster = cluster
        self.dir = run.mkdir("t-" + name)
        self.steers = []

    # -- servers

    @property
    def cluster(self):
        """A primary and two standbys, shared by all tests: not to be broken."""
        return self._cluster

    def own_cluster(self, standbys=2):
        """A cluster of this test alone. From then on it is t.cluster."""
        self._cluster = Cluster(self.run, os.path.join(self.dir, "cluster"), standbys)
        return self._cluster

    def steer(self, databases=None, start=True, nodes=True, **settings):
        """A pgsteer in front of t.cluster. Databases unless told otherwise: `app`, the cluster; `single`, a
        plain line to the primary; `other`, the cluster's second database. A file's SETTINGS are those of all of
        its tests. Returns when its nodes are up."""
        if databases is None:
            databases = {"app": self.cluster.line("app"), "other": self.cluster.line("other"),
                         "single": self.cluster.line("app", [self.cluster.primary])}
            if "pgbouncer" in os.environ.get("PGSTEER", ""):  # knows one server only
                databases = {"app": databases["single"], "single": databases["single"],
                             "other": self.cluster.line("other", [self.cluster.primary])}
        steer = Steer(self.run, os.path.join(self.dir, f"steer{len(self.steers)}"), databases,
                      **{**self.settings, **settings})
        self.steers.append(steer)
        if start:
            steer.start()
            if nodes and any("," in line for line in databases.values()):
                steer.wait_nodes(len(self.cluster.alive()) - 1)
        return steer

    def sql(self, *statements, database="app"):
        """Runs statements as `app` on the primary itself, and waits until the standbys have them."""
        with self.cluster.primary.connect(database, user="app") as c:
            for statement in statements:
                c.query(statement)
        self.cluster.wait_replayed()

    def node_of(self, port):
        """The name of the cluster's node at this port."""
        return self.cluster.node_at(port).name

    # -- expectations

    def equal(self, got, expected, what):
        if got != expected:
            raise AssertionError(f"{what}:\n  expected {expected!r}\n  got      {got!r}")

    def true(self, condition, what):
        if not condition:
            raise AssertionError(f"expected: {what}")

    def within(self, got, low, high, what):
        if not low <= got <= high:
            raise AssertionError(f"{what}: expected {low} to {high}, got {got}")

    def memory_within(self, kib, high, what):
        """A bound on the process's memory; a sanitizer's own memory would not tell anything."""
        if SLOW == 1:
            self.within(kib, -high, high, f"{what}, in KiB")

    def contains(self, text, part, what):
        if part not in text:
            raise AssertionError(f"{what}:\n  expected to find {part!r}\n  in {text!r}")

    def error(self, sqlstate, action, what):
        """action() must fail with this SQLSTATE; returns the exception."""
        import wire
        try:
            action()
        except wire.ServerError as e:
            if sqlstate is not None and e.sqlstate != sqlstate:
                raise AssertionError(f"{what}: expected SQLSTATE {sqlstate}, got {e}") from e
            return e
        raise AssertionError(f"{what}: expected SQLSTATE {sqlstate}, got no error")

    def wait(self, condition, what, seconds=30):
        return wait_for(condition, what, seconds)

    def skip(self, why):
        """Ends the test, which counts as passed: what it needs is not here."""
        raise Skip(why)

    def tool(self, name):
        """Path of one of PostgreSQL's programs that will have nothing to do with servers newer than itself. Skips the
        test when they are."""
        path = find_program(name)
        own = int(re.search(r"\) (\d+)", self.run.call([path, "--version"]).stdout)[1])
        servers = int(self.cluster.primary.value("SHOW server_version_num")) // 10000
        if own < servers:
            self.skip(f"{name} is of PostgreSQL {own}, and takes no server of {servers}")
        return path

    # -- the end

    def finish(self):
        """Stops what was started. Returns what was wrong with it."""
        found = []
        for number, steer in enumerate(self.steers):
            if steer.process is not None and steer.status is None:
                steer.stop((signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)[(number + len(self.name)) % 3], 3)
            found += steer.problems()
        return found


# ---- finding and running tests ---------------------------------------------------------------------------


def is_wanted(name, parts):
    """Whether a test's name contains one of `parts` (by commas; None: all)."""
    return parts is None or any(part in name for part in parts.split(","))


def find_tests():
    """[(name, function)]; name is "file.test" without the test_ prefixes."""
    directory = os.path.join(ROOT, "tests", "flow")
    found = []
    for file in sorted(os.listdir(directory)):
        if not (file.startswith("test_") and file.endswith(".py")):
            continue
        module_name = file[:-3]
        spec = importlib.util.spec_from_file_location(module_name, os.path.join(directory, file))
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        spec.loader.exec_module(module)
        for name, function in vars(module).items():
            if name.startswith("test_") and callable(function) and function.__module__ == module_name:
                found.append((f"{module_name[5:]}.{name[5:]}", function))
    return found


def _child(run, cluster, name, function, output):
    """Runs one test in the forked process; the exit status tells how it went."""
    die_with_parent()
    os.close(run.pipe)
    os.dup2(output, 1)
    os.dup2(output, 2)
    random.seed()
    faulthandler.register(signal.SIGUSR1, file=2, all_threads=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    os.setpgid(0, 0)
    world = World(run, cluster, name, function.__globals__.get("SETTINGS", {}))
    failed = skipped = False
    try:
        function(world)
    except Skip as e:
        skipped = True
        print(f"skipped: {e}")
    except BaseException:
        failed = True
        traceback.print_exc()
    try:
        for problem in world.finish():
            failed = True
            print(problem)
    except BaseException:
        failed = True
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1 if failed else SKIPPED if skipped else 0)


def _log_tails(directory, lines=40):
    """The ends of all logs a test left."""
    text = ""
    for top, _, files in sorted(os.walk(directory)):
        for file in sorted(files):
            if file.endswith(".log") and os.path.getsize(os.path.join(top, file)):
                path = os.path.join(top, file)
                with open(path, errors="replace") as f:  # the tests' own visits to the console say nothing
                    tail = [line for line in f if "/admin@" not in line and "to the console" not in line][-lines:]
                text += f"--- {os.path.relpath(path, directory)}, last {len(tail)} lines\n{''.join(tail)}"
    return text


def run_test(run, cluster, name, function):
    """Runs a test to its end or deadline. Returns (passed, seconds, text): of one that passed, why it was skipped."""
    directory = os.path.join(run.dir, "t-" + name)
    path = os.path.join(run.dir, "output")
    seconds = getattr(function, "deadline", DEADLINE) * SLOW
    began = time.monotonic()
    sys.stdout.flush()
    with open(path, "wb") as output:
        pid = os.fork()
        if pid == 0:
            try:
                _child(run, cluster, name, function, output.fileno())
            finally:
                os._exit(2)
        status = _wait(pid, began + seconds)
        late = status is None
        if late:
            os.kill(pid, signal.SIGUSR1)  # faulthandler shows where it hangs
            time.sleep(0.5)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    took = time.monotonic() - began
    skipped = status is not None and os.waitstatus_to_exitcode(status) == SKIPPED
    passed = status == 0 or skipped
    text = ""
    if skipped or not passed:
        with open(path, errors="replace") as f:
            text = f.read()
    if not passed:
        if late:
            text = f"did not end within {seconds} s\n" + text
        elif os.WIFSIGNALED(status):
            text += f"the test's process died of signal {os.WTERMSIG(status)}\n"
        text += _log_tails(directory)
    if os.path.exists(directory):
        sweep(directory)
    return passed, took, text


def _wait(pid, until):
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(0.01)
    return None
