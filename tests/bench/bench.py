"""What a transaction costs the pooler: pgsteer (workers=1) beside the PgBouncer in PATH, in turns, under
`pgbench -S` against one real PostgreSQL, so that the machine's mood hits both.

    CPU       user + system time of the pooler's process, all threads, for each transaction; medians over rounds
    memory    growth of its own memory (RssAnon) for each of 2,000 idle clients that have run one query, and of 500
              such clients with TLS
    calls     system calls for each transaction, counted by perf's tracepoint, else by strace

`routed` is pgsteer once more with statements scanned and routed (a cluster of one node); the plain line is what
PgBouncer's figures compare with. Prints a table and, last, one line of JSON.
"""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from types import SimpleNamespace

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import wire  # noqa: E402
from certs import certificates, own  # noqa: E402
from postgres import Cluster  # noqa: E402
from run import Run, end_on_signals, find_program  # noqa: E402
from steer import Steer  # noqa: E402

CLIENTS = (16, 64)
IDLE, IDLE_TLS = 2000, 500
POOL = 20


def pgbouncer():
    path = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
    if path is None:
        sys.exit("there is no pgbouncer in PATH to compare with (Debian: apt-get install pgbouncer)")
    text = subprocess.run([path, "--version"], stdout=subprocess.PIPE, text=True).stdout
    return path, tuple(int(n) for n in re.search(r"(\d+)\.(\d+)", text).groups())


class Bench:
    def __init__(self, run):
        self.run = run
        self.cluster = Cluster(run, standbys=0)
        self.node = self.cluster.primary
        run.call([find_program("pgbench"), "-h", "127.0.0.1", "-p", str(self.node.port), "-U", "app", "-i", "-q", "-s", "5",
                  "app"])
        self.node.query("VACUUM ANALYZE", database="app")
        path, self.version = pgbouncer()
        plain = self.cluster.line("app")
        certs = certificates(SimpleNamespace(run=run, dir="tls"))
        common = {**own(certs, client_tls_sslmode="allow"), "workers": 1, "default_pool_size": POOL, "max_client_conn": IDLE + 500, "health_check_interval": None,
                  "log_connections": 0, "log_disconnections": 0}
        prepared = {"max_prepared_statements": 200} if self.version >= (1, 21) else {}
        self.poolers = {
            "pgsteer": Steer(run, "pgsteer", {"app": plain}, **common),
            "routed": Steer(run, "routed", {"app": plain + " consistency=session"}, **common),
            "pgbouncer": Steer(run, "pgbouncer", {"app": plain}, binary=path, **common, **prepared),
        }
        for pooler in self.poolers.values():
            pooler.start()

    def modes(self):
        return ["simple", "extended"] + ["prepared"] * (self.version >= (1, 21))

    def pgbench(self, pooler, mode, clients, seconds):
        """(transactions, a second) of one run."""
        text = self.run.call([find_program("pgbench"), "-h", "127.0.0.1", "-p", str(pooler.port), "-U", "app", "-n", "-S",
                              "-M", mode, "-c", str(clients), "-j", "2", "-T", str(seconds), "app"]).stdout
        return (int(re.search(r"transactions actually processed: (\d+)", text)[1]),
                float(re.search(r"tps = ([\d.]+)", text)[1]))

    def cpu(self, rounds, seconds):
        """{(mode, clients): {pooler: [(microseconds, tps), ...]}}, poolers taking turns."""
        found = {}
        for mode in self.modes():
            for clients in CLIENTS:
                results = {name: [] for name in self.poolers}
                for round_ in range(rounds):
                    order = list(self.poolers.items())
                    for name, pooler in order[round_ % 3:] + order[:round_ % 3]:
                        before = pooler.cpu_seconds()
                        done, tps = self.pgbench(pooler, mode, clients, seconds)
                        results[name].append(((pooler.cpu_seconds() - before) * 1e6 / done, tps))
                found[mode, clients] = results
                print(f"{mode}, {clients} clients: done", file=sys.stderr, flush=True)
        return found

    def memory(self, idle, **how):
        """{pooler: bytes for each of so many idle clients}."""
        found = {}
        for name, pooler in self.poolers.items():
            warm = [pooler.client(**how) for _ in range(100)]
            for c in warm:
                c.query("SELECT 1")
            before = pooler.memory("RssAnon")
            clients = [pooler.client(**how) for _ in range(idle)]
            for c in clients:
                c.query("SELECT 1")
            time.sleep(0.5)  # for a pooler that frees buffers a little later
            found[name] = (pooler.memory("RssAnon") - before) * 1024 / idle
            for c in warm + clients:
                c.close()
        return found

    def calls(self, seconds):
        """{(mode, clients): {pooler: calls a transaction}}, or None where neither perf nor strace may look."""
        how = counter()
        if how is None:
            return None, None
        found = {}
        for mode in self.modes():
            for clients in CLIENTS:
                found[mode, clients] = {}
                for name, pooler in self.poolers.items():
                    process = how[1](pooler.pid)
                    time.sleep(0.3)  # until it has attached
                    done, _ = self.pgbench(pooler, mode, clients, seconds)
                    found[mode, clients][name] = how[2](process) / done
        return how[0], found


# ---- counting system calls -------------------------------------------------------------------------------


def perf_start(pid):
    return subprocess.Popen(["perf", "stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-p", str(pid)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def perf_stop(process):
    process.send_signal(2)
    text = process.communicate(timeout=30)[1]
    return int(next(line for line in text.splitlines() if "raw_syscalls" in line).split(",")[0])


def strace_start(pid):
    return subprocess.Popen(["strace", "-c", "-f", "-p", str(pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def strace_stop(process):
    process.send_signal(2)
    text = process.communicate(timeout=30)[1]
    # "% time  seconds  usecs/call  calls  [errors]  total"
    fields = next(line for line in text.splitlines() if line.rstrip().endswith("total")).split()
    return int(fields[3])


def counter():
    """(name, start, stop) of a way to count that works here."""
    for name, start, stop in (("perf", perf_start, perf_stop), ("strace", strace_start, strace_stop)):
        if shutil.which(name) is None:
            continue
        victim = subprocess.Popen([sys.executable, "-c", "import time\nwhile True: time.sleep(0.01)"])
        try:
            process = start(victim.pid)
            time.sleep(0.5)
            if process.poll() is None and stop(process) > 0:
                return name, start, stop
        except (ValueError, StopIteration, IndexError, OSError):
            pass
        finally:
            victim.kill()
            victim.wait()
    return None


# ---- the table -------------------------------------------------------------------------------------------


def main(args):
    end_on_signals()
    rounds, seconds = (int(args[0]) if args else 5), (int(args[1]) if args[1:] else 3)
    with Run("pgsteer-bench-") as run:
        bench = Bench(run)
        cpu = bench.cpu(rounds, seconds)
        how, calls = bench.calls(seconds)
        memory = {"bytes an idle client": bench.memory(IDLE),
                  "    with TLS": bench.memory(IDLE_TLS, tls=wire.trusting())}
        problems = []
        for name in ("pgsteer", "routed"):
            bench.poolers[name].stop()
            problems += bench.poolers[name].problems()
    names = list(bench.poolers)
    out = {"pgbouncer": ".".join(map(str, bench.version)), "rounds": rounds, "seconds": seconds, "counted_by": how,
           "cpu_us": {}, "tps": {}, "calls": {},
           **{key: {k: round(v) for k, v in n.items()}
              for key, n in zip(("memory_bytes", "memory_bytes_tls"), memory.values())}}
    print(f"PgBouncer {out['pgbouncer']}; {rounds} rounds of {seconds} s each; pool of {POOL}; medians\n")
    print(f"{'':24}" + "".join(f"{name:>11}" for name in names) + f"{'ratio':>8}{'routed':>8}")
    for (mode, clients), results in cpu.items():
        key = f"{mode}-{clients}"
        us = {name: statistics.median(value for value, _ in results[name]) for name in names}
        tps = {name: statistics.median(value for _, value in results[name]) for name in names}
        out["cpu_us"][key], out["tps"][key] = ({k: round(v, 2) for k, v in d.items()} for d in (us, tps))
        print(f"{'CPU us ' + mode + ', ' + str(clients):24}" + "".join(f"{us[name]:11.2f}" for name in names)
              + f"{us['pgsteer'] / us['pgbouncer']:8.2f}{us['routed'] / us['pgbouncer']:8.2f}")
        print(f"{'    transactions/s':24}" + "".join(f"{tps[name]:11.0f}" for name in names)
              + f"{tps['pgsteer'] / tps['pgbouncer']:8.2f}{tps['routed'] / tps['pgbouncer']:8.2f}")
        if calls:
            n = calls[mode, clients]
            out["calls"][key] = {k: round(v, 2) for k, v in n.items()}
            print(f"{'    system calls':24}" + "".join(f"{n[name]:11.2f}" for name in names)
                  + f"{n['pgsteer'] / n['pgbouncer']:8.2f}{n['routed'] / n['pgbouncer']:8.2f}")
    for what, n in memory.items():
        print(f"{what:24}" + "".join(f"{n[name]:11.0f}" for name in names)
              + f"{n['pgsteer'] / n['pgbouncer']:8.2f}{n['routed'] / n['pgbouncer']:8.2f}")
    if how is None:
        print("system calls were not counted: neither perf nor strace may look at processes here")
    for problem in problems:
        print(problem)
    print(json.dumps(out))
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
