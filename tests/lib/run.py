"""run: one run of tests, demo or drill: its temporary directory, its processes, its end.

Every process is started with its working directory inside the run's directory, and that is how it is found
again: sweep() ends whatever works there, gives shared memory back and removes the directory. A guardian process
waits for this one to die and sweeps then, so that not even kill -9 of the run leaves anything behind.
PostgreSQL and pgsteer refuse to run as root; a run by root starts them as `postgres`, else `nobody`.
"""
import ctypes
import errno
import glob
import os
import pwd
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))

# What a pgsteer is run by, for instance valgrind and its options.
WRAPPER = os.environ.get("STEER_WRAPPER", "").split()

# The directory of another PostgreSQL's initdb and postgres; "": what is installed.
SERVERS = os.environ.get("POSTGRES_BIN", "")

# A sanitizer's build is slower; deadlines are generous anyway and grow with it.
SLOW = 10 if WRAPPER else 4 if any(word in BUILD for word in ("asan", "tsan")) else 1

_libc = ctypes.CDLL(None, use_errno=True)


class Timeout(Exception):
    """A condition did not come true in time."""


def wait_for(condition, what, seconds=30, every=0.02):
    """Calls condition() until it returns something true, and returns that. An exception in it counts as "not
    yet"; the last one is shown when the deadline passes."""
    deadline = time.monotonic() + seconds * SLOW
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = f"last value: {value!r}"
        except (OSError, EOFError, LookupError, ValueError, RuntimeError) as e:
            last = f"last error: {type(e).__name__}: {e}"
        if time.monotonic() > deadline:
            raise Timeout(f"waited {seconds * SLOW} s for {what} ({last})")
        time.sleep(every)


def die_with_parent():
    """In a forked child: the kernel kills it when its parent goes."""
    _libc.prctl(1, signal.SIGKILL, 0, 0, 0)


# ---- the end of everything -------------------------------------------------------------------------------


def processes_in(directory):
    """{pid: command} of the processes whose working directory is inside `directory`."""
    found = {}
    inside = directory.rstrip("/") + "/"
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            # A deleted directory reads as "/path (deleted)"; the prefix still tells.
            if (os.readlink(f"/proc/{entry}/cwd") + "/").startswith(inside):
                with open(f"/proc/{entry}/comm") as f:
                    found[int(entry)] = f.read().strip()
        except OSError:
            pass
    return found


def _kill(pid, number):
    try:
        os.kill(pid, number)
    except OSError:
        pass


def remove_shared_memory(pidfile):
    """Removes the System V segment that a killed postmaster left; its number stands in postmaster.pid."""
    try:
        with open(pidfile) as f:
            lines = f.read().splitlines()
        _libc.shmctl(int(lines[6].split()[1]), 0, None)  # IPC_RMID; gone already: EINVAL, which is as good
    except (OSError, IndexError, ValueError):
        pass


def sweep(directory):
    """Ends all processes that work in `directory`, frees their shared memory, removes the directory."""
    pidfiles = glob.glob(os.path.join(directory, "**", "postmaster.pid"), recursive=True)
    for pid, command in processes_in(directory).items():
        # A server asked for an immediate shutdown takes its children and its memory with it.
        _kill(pid, signal.SIGQUIT if command == "postgres" else signal.SIGKILL)
        _kill(pid, signal.SIGCONT)
    deadline = time.monotonic() + 5
    while left := processes_in(directory):
        if time.monotonic() > deadline:
            for pid in left:
                _kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    for pidfile in pidfiles:
        remove_shared_memory(pidfile)
    for _ in range(50):
        shutil.rmtree(directory, ignore_errors=True)
        if not os.path.exists(directory):
            break
        time.sleep(0.02)


def _guardian(directory, pipe):
    """Body of the guardian: waits until the run is dead, then sweeps, unless it was told to keep all."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.closerange(3, pipe)
    os.closerange(pipe + 1, 1024)
    if os.read(pipe, 1) != b"k":
        sweep(directory)
    os._exit(0)


# ---- the run ---------------------------------------------------------------------------------------------


def _unprivileged():
    """The passwd entry to start servers as; None when we are an ordinary user already."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    sys.exit("running as root, and there is neither a user `postgres` nor `nobody` to start servers as")


def find_program(name):
    """Path of one of PostgreSQL's programs: from PATH, else from the newest installed version. Servers of another
    version are those of the directory POSTGRES_BIN."""
    if SERVERS and name in ("initdb", "postgres"):
        return os.path.join(SERVERS, name)
    found = shutil.which(name)
    if found and name not in ("initdb", "postgres"):
        return found
    versions = glob.glob("/usr/lib/postgresql/*/bin/" + name)
    if versions:
        return max(versions, key=lambda path: float(path.split("/")[4]))
    if found:
        return found
    sys.exit(f"{name} is not installed: neither in PATH nor in /usr/lib/postgresql/*/bin")


class Run:
    """The directory and processes of one run. Use it as a context manager: leaving it sweeps."""

    def __init__(self, prefix="pgsteer-"):
        self.kept = False
        self.account = _unprivileged()
        self.claims = []  # of ports
        self.owner = os.getpid()
        # A thousand clients need files; what we start inherits this.
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 20000)), hard))
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
        try:
            self.dir = self._make_directory(prefix)
            read_end, self.pipe = os.pipe()
            if os.fork() == 0:
                try:
                    os.close(self.pipe)
                    _guardian(self.dir, read_end)
                finally:
                    os._exit(1)
            os.close(read_end)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def _make_directory(self, prefix):
        """A directory the unprivileged user can reach: TMPDIR may be root's own."""
        for base in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
            path = tempfile.mkdtemp(prefix=prefix, dir=base)
            self.give(path)
            if self.account is None or self.call(["test", "-w", path], cwd="/", check=False).returncode == 0:
                return path
            os.rmdir(path)
        sys.exit(f"user {self.account.pw_name} can write to no temporary directory")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """Ends everything. A second Ctrl-C does not stop this."""
        if os.getpid() != self.owner or self.kept:
            return
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        sweep(self.dir)

    def keep(self):
        """Leaves directory and processes behind, for good; `sweep` on the directory ends them."""
        os.write(self.pipe, b"k")
        self.kept = True

    def give(self, path):
        """Makes `path` the unprivileged user's."""
        if self.account is not None:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def mkdir(self, *names):
        path = os.path.join(self.dir, *names)
        os.makedirs(path, mode=0o700, exist_ok=True)
        self.give(path)
        return path

    def write(self, path, text, mode=0o600):
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)
        self.give(path)
        return path

    def _as_user(self, kw, privileged):
        if self.account is not None and not privileged:
            kw.update(user=self.account.pw_uid, group=self.account.pw_gid, extra_groups=[])
        # Nothing of the caller's own PostgreSQL settings (PGHOST, .psqlrc, .pgpass) may reach the programs.
        env = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        env.update(LC_ALL="C.UTF-8", HOME=getattr(self, "dir", "/tmp"), PGCONNECT_TIMEOUT="30")
        env.update(kw.get("env") or {})
        kw["env"] = env
        return kw

    def spawn(self, argv, cwd, log, privileged=False, **kw):
        """Starts a long-lived process; its output goes to the file `log`."""
        with open(log, "ab") as out:
            return subprocess.Popen(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                    start_new_session=True, **self._as_user(kw, privileged))

    def start(self, argv, cwd=None, privileged=False, **kw):
        """Starts a process whose output the caller reads from its pipes."""
        kw.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen(argv, cwd=cwd or self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, start_new_session=True, **self._as_user(kw, privileged))

    def call(self, argv, cwd=None, check=True, seconds=120, privileged=False, **kw):
        """Runs a command to its end; a CompletedProcess with texts. With check, a failure is an exception that
        shows what the command said."""
        if "input" not in kw:
            kw["stdin"] = subprocess.DEVNULL
        kw.setdefault("text", True)
        done = subprocess.run(argv, cwd=cwd or self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=seconds * SLOW, start_new_session=True, **self._as_user(kw, privileged))
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def port(self):
        """A loopback port nobody listens on, below the range the kernel takes for outgoing connections. Until this
        process ends no other run is given it: an abstract socket of its name says that it is taken."""
        while True:
            port = random.randrange(12000, 32000)
            claim = socket.socket(socket.AF_UNIX)
            try:
                claim.bind(f"\0pgsteer-test-port-{port}")
            except OSError as e:
                claim.close()
                if e.errno != errno.EADDRINUSE:
                    raise
                continue
            with socket.socket() as s:
                try:
                    s.bind(("127.0.0.1", port))
                except OSError as e:
                    claim.close()
                    if e.errno != errno.EADDRINUSE:
                        raise
                    continue
            self.claims.append(claim)
            return port


def end_on_signals():
    """Makes SIGTERM and SIGHUP leave through the same door as Ctrl-C, so that `with Run()` sweeps."""
    def leave(number, frame):
        raise SystemExit(128 + number)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
