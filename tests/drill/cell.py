"""cell: a network namespace for one server, with a cable to it that can be cut. Made with iproute2; needs root."""
import itertools
import json
import os
import subprocess

_numbers = itertools.count(1)


def why_not():
    """Why cells cannot be made here; "" when they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    name = f"pgsteer-{os.getpid()}"
    try:
        done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    except FileNotFoundError:
        return "network namespaces need ip, which is in iproute2"
    if done.returncode:
        return f"no network namespaces here: {done.stderr.strip()}"
    ip("netns", "del", name)
    return ""


def ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


class Cell:
    """`address` is the server's, `outside` ours; commands behind `prefix` run in there as the unprivileged user. While
    the cable is cut nobody gets an answer, not even that there is nobody: packets just vanish."""

    def __init__(self, run):
        number = next(_numbers)
        self.name, self.cable = f"pgsteer-{os.getpid()}-{number}", f"pgs{os.getpid() % 100000}.{number}"
        self.outside, self.address = f"198.18.{number}.1", f"198.18.{number}.2"  # of the networks for benchmarks
        ip("netns", "add", self.name)
        ip("link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        ip("address", "add", f"{self.outside}/30", "dev", self.cable)
        ip("-n", self.name, "address", "add", f"{self.address}/30", "dev", "eth0")
        ip("-n", self.name, "link", "set", "lo", "up")
        self.mend()
        ip("link", "set", self.cable, "up")
        other = json.loads(ip("-n", self.name, "-j", "link", "show", "eth0"))[0]["address"]
        ip("neigh", "replace", self.address, "lladdr", other, "dev", self.cable, "nud", "permanent")
        self.prefix = ["ip", "netns", "exec", self.name, "setpriv", f"--reuid={run.account.pw_uid}",
                       f"--regid={run.account.pw_gid}", "--clear-groups"]

    def cut(self):
        ip("-n", self.name, "link", "set", "eth0", "down")

    def mend(self):
        ip("-n", self.name, "link", "set", "eth0", "up")

    def close(self):
        ip("netns", "del", self.name)
