"""What a transaction may cost at most, in counts that do not depend on the machine's mood:

    system calls    at most 4.5 a transaction of `pgbench -S`, in all three protocols with 16 and 64 clients, and 0.6 a
                    query in pipelines of 10; by perf's tracepoint, else by strace
    instructions    of user space, libraries included, a transaction of `pgbench -S`; by valgrind's callgrind. The limits
                    are what was measured last, and a tenth: they go down when it does

`plain` is one server under [pgbouncer]; `routed` a cluster under [pgsteer] with all that this brings: statements are
scanned, routed and counted (query_stats_size). Exit status 1 when one is above. Logins are in a short run and in a long
one; what counts is the difference.
"""
import glob
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from counter import counter  # noqa: E402
from postgres import Cluster  # noqa: E402
from run import BUILD, Run, end_on_signals, find_program, wait_for  # noqa: E402
from steer import Steer, program  # noqa: E402

CALLS_MAX, CALLS_PIPELINED_MAX = 4.5, 0.6
INSTRUCTIONS_MAX = {"plain": {"simple": 5050, "prepared": 6650}, "routed": {"simple": 10700, "prepared": 8750}}
KINDS = {"plain": {"section": "pgbouncer", "pool_mode": "transaction", "max_prepared_statements": 200}, "routed": {}}
PIPELINE = 10
COMMON = {"workers": 1, "default_pool_size": 20, "log_connections": 0, "log_disconnections": 0, "health_check_interval": None}


class Gates:
    def __init__(self, run):
        self.run = run
        self.cluster = Cluster(run, standbys=0)
        run.call([find_program("pgbench"), "-h", "127.0.0.1", "-p", str(self.cluster.primary.port), "-U", "app", "-i", "-q",
                  "app"])
        select = "SELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n"
        self.pipeline = os.path.join(run.mkdir("scripts"), "pipeline")
        run.write(self.pipeline, "\\set aid random(1, 100000)\n\\startpipeline\n" + select * PIPELINE + "\\endpipeline\n")
        self.failed, self.dumps = False, 0

    def start(self, kind, directory, **more):
        line = self.cluster.line("app") + (" consistency=session" if kind == "routed" else "")
        pooler = Steer(self.run, directory, {"app": line}, **COMMON, **KINDS[kind], **more)
        pooler.start()
        if kind == "routed":
            pooler.client().close()  # whose database's catalog is read
            pooler.wait_catalogs()
        return pooler

    def pgbench(self, pooler, mode, clients, *how):
        """The transactions of one run."""
        text = self.run.call([find_program("pgbench"), "-h", "127.0.0.1", "-p", str(pooler.port), "-U", "app", "-n", "-M", mode,
                              "-c", str(clients), *how, "app"]).stdout
        return int(re.search(r"transactions actually processed: (\d+)", text)[1])

    def judge(self, what, pooler, measure, limit, digits):
        """What else the pooler does meanwhile (probes, ticks) adds to a count and takes nothing from it: the least of up
        to three is it."""
        value = measure()
        for _ in range(2):
            value = value if value <= limit else min(value, measure())
        above = value > limit
        self.failed = self.failed or above
        print(f"{'ABOVE' if above else 'ok':6}{what:36}{pooler:8}{value:10.{digits}f}   at most {limit}", flush=True)

    def count(self, how, pooler, mode, clients, script, transactions):
        process = how[1](pooler.pid)
        time.sleep(0.3)  # until it has attached
        done = self.pgbench(pooler, mode, clients, *script, "-t", str(transactions // clients))
        return how[2](process), done

    def calls(self, few=4000, many=12000):
        how = counter()
        if how is None:
            print("skip  system calls: neither perf nor strace may look at processes here")
            return
        cases = [(f"{mode}, {clients} clients", mode, clients, ("-S",), 1) for mode in ("simple", "extended", "prepared")
                 for clients in (16, 64)]
        cases += [(f"pipelines, {clients} clients", "extended", clients, ("-f", self.pipeline), PIPELINE)
                  for clients in (16, 64)]
        for name in KINDS:
            pooler = self.start(name, name)
            self.pgbench(pooler, "simple", 20, "-S", "-t", "20")  # all servers are there
            for what, mode, clients, script, queries in cases:
                def measure(p=pooler, m=mode, c=clients, s=script, q=queries):
                    (less, fewer), (more, done) = (self.count(how, p, m, c, s, n // q) for n in (few, many))
                    return (more - less) / (done - fewer) / q
                self.judge(f"system calls, {what}", name, measure,
                           CALLS_MAX if queries == 1 else CALLS_PIPELINED_MAX, 2)
            pooler.stop()

    def instructions(self, few=1000, many=3000, clients=4):
        tool = find_program("valgrind")
        for name in KINDS:
            folder = self.run.mkdir(f"callgrind-{name}")
            wrapper, out = os.path.join(folder, f"counted-{name}"), os.path.join(folder, "out")
            self.run.write(wrapper, f"#!/bin/sh\nexec {tool} --quiet --tool=callgrind --callgrind-out-file={out} "
                                    f"{program(self.run, os.path.join(BUILD, 'pgsteer'))} \"$@\"\n")
            os.chmod(wrapper, 0o755)
            pooler = self.start(name, f"{name}-counted", binary=wrapper)
            for mode, limit in INSTRUCTIONS_MAX[name].items():
                def measure(p=pooler, m=mode, o=out):
                    self.dump(p, o)
                    counted, done = [], []
                    for n in (few, many):
                        done.append(self.pgbench(p, m, clients, "-S", "-t", str(n // clients)))
                        counted.append(self.dump(p, o))
                    return (counted[1] - counted[0]) / (done[1] - done[0])
                self.judge(f"instructions, {mode}", name, measure, limit, 0)
            pooler.stop(seconds=60)

    def dump(self, pooler, out):
        """Instructions since the dump before."""
        self.dumps += 1
        hint = f"number-{self.dumps}-"
        self.run.call([find_program("callgrind_control"), "-d", hint, str(pooler.pid)])
        return wait_for(lambda: self.total(out, hint), f"callgrind's dump {hint}")

    @staticmethod
    def total(out, hint):
        """Instructions of the dump that was made with this hint; None: it is not there yet."""
        for path in glob.glob(f"{out}.*"):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            total = re.search(r"^(?:totals|summary): (\d+)", text, re.M)
            if total and re.search(rf"^desc: Trigger: .*{hint}", text, re.M):
                return int(total[1])
        return None


def main():
    end_on_signals()
    with Run("pgsteer-gates-") as run:
        gates = Gates(run)
        gates.calls()
        gates.instructions()
    return 1 if gates.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
