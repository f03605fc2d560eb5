"""What pgsteer may do on its machine: it is nobody's root, its files are its own, and it works within config/pgsteer.service."""
import os
import shutil
import signal
import stat

import confine
from flow import deadline
from ordeal import Ordeal
from run import ROOT, wait_for

UNIT = os.path.join(ROOT, "config", "pgsteer.service")


def status_of(pid):
    with open(f"/proc/{pid}/status") as f:
        return {name: value.split() for name, _, value in (line.partition(":") for line in f)}


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_root_is_given_up(t):
    if os.geteuid() != 0:
        t.skip("only root can give up being root")
    user = t.run.account
    s = t.steer(start=False, user=user.pw_name, logfile="pgsteer.log", pidfile="pgsteer.pid", unix_socket_mode="0750")
    s.write_files()
    log = os.path.join(s.dir, "output")
    s.process = t.run.spawn([s.program, "-q", s.ini], cwd=s.dir, log=log, privileged=True)
    wait_for(lambda: "process up" in s.log_text(), "pgsteer to be up")
    now = status_of(s.pid)
    t.equal(set(now["Uid"]), {str(user.pw_uid)}, "real, effective, saved and file system's user")
    t.equal(set(now["Gid"]), {str(user.pw_gid)}, "the same of the group")
    t.equal(sorted(map(int, now["Groups"])), sorted(set(os.getgrouplist(user.pw_name, user.pw_gid))), "its groups")
    for kind in ("CapPrm", "CapEff", "CapAmb"):
        t.equal(int(now[kind][0], 16), 0, f"rights of root's that are left ({kind})")
    for thread in os.listdir(f"/proc/{s.pid}/task"):
        t.equal(set(status_of(f"{s.pid}/task/{thread}")["Uid"]), {str(user.pw_uid)}, f"the user of thread {thread}")
    for name, want in (("pgsteer.log", 0o600), ("pgsteer.pid", 0o600), (f".s.PGSQL.{s.port}", 0o750)):
        path = os.path.join(s.dir, name)
        t.equal((mode(path), os.stat(path).st_uid), (want, user.pw_uid), f"mode and owner of {name}")
    t.equal(s.client().value("SELECT 1"), "1", "a query")


def test_files_are_its_own(t):
    for umask in (0, 0o777):
        s = t.steer(start=False, nodes=False, logfile="own.log", pidfile="own.pid", unix_socket_mode="0770")
        s.write_files()
        s.process = t.run.spawn([s.program, s.ini], cwd=s.dir, log=s.log, umask=umask)
        wait_for(lambda: "process up" in s.log_text(), "pgsteer to be up")
        for name, want in (("own.log", 0o600), ("own.pid", 0o600), (f".s.PGSQL.{s.port}", 0o770)):
            t.equal(mode(os.path.join(s.dir, name)), want, f"mode of {name} with umask {umask:o}")
        s.stop(signal.SIGTERM)
        t.true(not os.path.exists(os.path.join(s.dir, "own.pid")), "the pid file goes with its process")


@deadline(120)
def test_within_its_unit(t):
    if not shutil.which("systemd-analyze"):
        t.skip("systemd-analyze says what the sets of system calls are")
    o = Ordeal(t, start=False, logfile="own.log", pidfile="own.pid", unix_socket_group=str(os.stat(t.run.dir).st_gid))
    s = o.s
    # AddressSanitizer looks for leaks by ptrace, which is what the unit denies.
    s.wrapper, s.env = [confine.launcher(t.run, UNIT)], {"ASAN_OPTIONS": "detect_leaks=0"}
    o.begin()
    now = status_of(s.pid)
    t.equal((now["Seccomp"], now["NoNewPrivs"]), (["2"], ["1"]), "the filter is on")
    for name, scene in o.scenes.items():
        scene()
    with s.client(host=s.dir) as c:
        t.equal(c.value("SELECT 1"), "1", "by its Unix socket")
        s.admin("RELOAD")
        t.equal(c.value("SELECT 2"), "2", "after RELOAD")
    t.true("not permitted" not in s.log_text(), "nothing that it wanted was denied")
    t.equal(s.stop(signal.SIGINT), 0, "its end")


def test_unit_denies_what_it_is_to(t):
    """The filter that test_within_its_unit works under is one."""
    if not shutil.which("systemd-analyze"):
        t.skip("systemd-analyze says what the sets of system calls are")
    program = confine.launcher(t.run, UNIT)
    python = "import ctypes, mmap, os, socket\n"
    for what, code, denied in (
            ("write and run memory", "mmap.mmap(-1, 4096, prot=7)", True),
            ("write memory", "mmap.mmap(-1, 4096, prot=3)", False),
            ("raw packets", "socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)", True),
            ("a socket", "socket.socket(socket.AF_INET6)", False),
            ("become another", "os.setuid(os.getuid())", True),
            ("another root directory", "os.chroot('/')", True),
            ("look into processes", "l = ctypes.CDLL(None, use_errno=True); r = l.ptrace(0, 0, 0, 0)\n"
                                    "if r < 0: raise PermissionError(ctypes.get_errno())", True)):
        done = t.run.call([program, "/usr/bin/python3", "-c", python + code], check=False)
        t.equal(done.returncode != 0, denied, f"{what} is denied: {done.stderr[-200:]}")
