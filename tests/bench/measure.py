"""measure: one slice of load on one peer, by the bench's own client (load.c) or by pgbench, as a dictionary of figures."""
import glob
import json
import os
import re
import shutil
import statistics
import subprocess
import time

from run import find_program


def processor_seconds(pids):
    """User and system time so far of all threads: the scheduler's own account, which is finer than /proc/PID/stat."""
    total = 0
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat") as f:
                total += int(f.read().split()[0])
    return total / 1e9


def figures(n, seconds, cpu_seconds, latencies, transferred=0, **more):
    """`cpu_seconds` is 0 where there is no pooler."""
    return {"cpu_us": cpu_seconds * 1e6 / n if n and cpu_seconds else None, "per_second": n / seconds,
            "cpu_s_per_gb": cpu_seconds * 1e9 / transferred if transferred and cpu_seconds else None,
            "mb_per_second": transferred / seconds / 1e6, "busy": cpu_seconds / seconds, **latencies, **more}


def beside(house, pinned):
    """What a client's command begins with: `pinned`, and it keeps off the pooler's processor."""
    return ["taskset", "-c", ",".join(map(str, house.cpus[1]))] if pinned and house.cpus[1] else []


def by_load(house, peer, seconds, options, pinned):
    words = {"seconds": seconds, "watch": ",".join(map(str, peer.pids)), **options}
    argv = [house.bin["load"], str(peer.port), *(str(word) for pair in words.items() for word in pair)]
    told = json.loads(house.run.call(beside(house, pinned) + argv, seconds=300).stdout)
    names = ("p50_us", "p99_us", "p999_us", "max_us")
    return figures(told["queries"], told["seconds"], told["cpu_s"], {name: told[name] for name in names}, told["bytes"],
                   idle_bytes=told["idle_bytes"], p50_turns=told["p50_turns"], max_turns=told["max_turns"])


def by_pgbench(house, peer, seconds, options, login, pinned):
    """`login`: how clients come in: trust, scram or tls."""
    log = os.path.join(house.run.mkdir("pgbench"), "latencies")
    env = {"PGPASSWORD": "app-secret", "PGSSLMODE": "require" if login == "tls" else "disable"}
    before, began = processor_seconds(peer.pids), time.monotonic()
    text = house.run.call([*beside(house, pinned), find_program("pgbench"), "-h", "127.0.0.1", "-p", str(peer.port), "-U", "app",
                           "-n", "-l", f"--log-prefix={log}", "-T", str(max(1, round(seconds))),
                           *(word.format(one=house.one) for word in options), "app"], env=env).stdout
    seconds, used = time.monotonic() - began, processor_seconds(peer.pids) - before
    took = []
    for path in glob.glob(log + ".*"):
        with open(path) as f:
            took += [int(line.split()[2]) for line in f]
        os.unlink(path)
    took.sort()
    done = int(re.search(r"transactions actually processed: (\d+)", text)[1])
    latencies = {name: took[min(int(len(took) * share), len(took) - 1)]
                 for name, share in (("p50_us", .5), ("p99_us", .99), ("p999_us", .999), ("max_us", 1))}
    return {**figures(done, seconds, used, latencies), "per_second": float(re.search(r"tps = ([\d.]+)", text)[1])}


def can_count_instructions():
    """Whether perf counts instructions on this machine: virtual ones often hide the counters."""
    if shutil.which("perf") is None:
        return False
    said = subprocess.run(["perf", "stat", "-x", ",", "-e", "instructions", "true"], stderr=subprocess.PIPE, text=True)
    return said.returncode == 0 and said.stderr.split(",")[0].isdigit()


class Instructions:
    """Counts what processes execute while it is entered."""

    def __init__(self, pids):
        self.pids, self.count = pids, None

    def __enter__(self):
        self.perf = subprocess.Popen(["perf", "stat", "-x", ",", "-e", "instructions", "-p", ",".join(map(str, self.pids))],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *exception):
        self.perf.send_signal(2)
        first = self.perf.communicate(timeout=30)[1].split(",")[0]
        self.count = int(first) if first.isdigit() else None


# ---- several slices --------------------------------------------------------------------------------------


def middle(slices, name):
    """The median of one figure; None: it was not measured."""
    values = [s[name] for s in slices if s.get(name) is not None]
    return statistics.median(values) if values else None


def ratio(slices, base, name, base_name=None):
    """How much one is of the other. What was measured in the same rounds is compared round by round: a machine that has
    become slower meanwhile has done so to both."""
    base_name = base_name or name
    pairs = [(s.get(name), b.get(base_name)) for s, b in zip(slices, base)]
    if pairs and len(slices) == len(base) and all(s is not None and b for s, b in pairs):
        return statistics.median(s / b for s, b in pairs)
    value, to = middle(slices, name), middle(base, base_name)
    return value / to if value is not None and to else None
