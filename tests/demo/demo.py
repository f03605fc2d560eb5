"""The demo: a real cluster, pgsteer in front, a load, a failover; told as it happens. Every number is measured in
this very run. Exit status 1 when a promise is broken: a client disconnected, a commit lost, no writes afterwards."""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from ledger import Ledger  # noqa: E402
from postgres import Cluster  # noqa: E402
from run import Run, Timeout, end_on_signals, find_program, sweep, wait_for  # noqa: E402
from steer import ADMIN, ADMIN_PASSWORD, Steer  # noqa: E402

PREFIX = "pgsteer-demo-"
POOL, CLIENTS = 20, 200
BOLD, PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")


def say(text=""):
    print(text, flush=True)


def head(number, text):
    say(f"\n{BOLD}{number}. {text}{PLAIN}")


def table(rows, columns):
    """Prints dictionaries as an aligned table."""
    lines = [columns] + [[str(row.get(c, "")) for c in columns] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        say("     " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


class Demo:
    """The actors, and what each step leaves for the next."""

    def __init__(self, run):
        self.run = run
        self.broken = []

    def start(self):
        say("Starting one primary and two streaming standbys, in a temporary directory, on loopback ...")
        began = time.monotonic()
        self.cluster = Cluster(self.run)
        self.cluster.synchronous()
        for node in self.cluster.nodes:
            role = "primary" if node is self.cluster.primary else "standby"
            say(f"   {node.name}  127.0.0.1:{node.port}  {role}")
        self.names = {node.address: node.name for node in self.cluster.nodes}
        say(f"Up in {time.monotonic() - began:.1f} s. Now pgsteer in front. Its whole knowledge of the cluster is one line,")
        say("which says nothing about who is the primary:")
        line = self.cluster.line("app")
        say(f"   app = {line}")
        self.steer = Steer(self.run, "pgsteer", {"app": line}, default_pool_size=POOL, max_client_conn=1000,
                           health_check_interval=None)
        self.steer.start()
        self.steer.wait_nodes(2)
        say(f"pgsteer listens on 127.0.0.1:{self.steer.port} and has found out which node is what.")

    def psql(self, sql):
        argv = [find_program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.steer.dsn(), "-c", sql]
        return self.run.call(argv).stdout.strip()

    def name(self, port):
        return self.names[f"127.0.0.1:{port}"]

    # -- 1

    def step_psql(self):
        head(1, "psql through the one port")
        port = self.psql("CREATE TABLE hello(t text, node int DEFAULT inet_server_port()); "
                         "INSERT INTO hello VALUES ('hello') RETURNING node")
        say(f"   INSERT INTO hello ...             -> {self.name(port)} (the primary)")
        self.cluster.wait_replayed()
        where = [self.name(self.psql("SELECT inet_server_port() FROM hello")) for _ in range(6)]
        say(f"   SELECT ... FROM hello, six times  -> {', '.join(where)}")
        port = self.psql("/* pgsteer: primary */ SELECT inet_server_port()")
        say(f"   the same with /* pgsteer: primary */ in front -> {self.name(port)}")

    # -- 2

    def pgbench_argv(self, *args):
        return [find_program("pgbench"), "-h", "127.0.0.1", "-p", str(self.steer.port), "-U", "app", "-n", *args, "app"]

    def transactions_by_node(self):
        """The servers' own counts. A backend hands its counts in when it ends, hence RECONNECT first."""
        self.steer.admin("RECONNECT")
        busy = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND backend_type = 'client backend'"
        wait_for(lambda: all(n.value(busy) == "0" for n in self.cluster.alive()), "servers to be closed", 15)
        return {n.name: int(n.value("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'app'"))
                for n in self.cluster.alive()}

    def step_pgbench(self):
        head(2, f"pgbench: {CLIENTS} clients over a pool of {POOL}")
        self.run.call([find_program("pgbench"), "-h", "127.0.0.1", "-p", str(self.steer.port), "-U", "app", "-i", "-q",
                       "-s", "10", "app"])
        self.cluster.wait_replayed()
        for what, args in (("TPC-B (writes)", []), ("select-only", ["-S"])):
            before = self.transactions_by_node()
            text = self.run.call(self.pgbench_argv(*args, "-c", str(CLIENTS), "-j", "2", "-T", "5")).stdout
            done = int(re.search(r"transactions actually processed: (\d+)", text)[1])
            tps = float(re.search(r"tps = ([\d.]+)", text)[1])
            after = self.transactions_by_node()
            shares = "  ".join(f"{name} {after[name] - before[name]:,}" for name in after)
            say(f"   {what:15} {done:8,} transactions, {tps:,.0f} a second; by node: {shares}")

    # -- 3

    def start_load(self):
        with self.steer.client() as c:
            Ledger.prepare(c)
        self.cluster.wait_replayed()
        self.readers = self.run.start(self.pgbench_argv("-S", "-c", "100", "-j", "1", "-R", "1000", "-T", "12"))
        self.ledger = Ledger(self.steer.client, writers=50, readers=50, pause=0.03).start()
        wait_for(lambda: self.ledger.commits() > 1000, "the load to run")

    def step_failover(self):
        head(3, "The primary is killed under load")
        self.nodes_before, self.routes_before = self.steer.nodes(), self.steer.routes()
        say("   100 pgbench clients read; 50 clients read and 50 write rows that are counted afterwards: 25 with single")
        say("   statements, 25 in explicit transactions. Replication is synchronous (any one standby).")
        self.start_load()
        time.sleep(2)  # a load to look back on; nothing waits for this
        old = self.cluster.primary
        killed = time.monotonic()
        old.kill()
        say(f"   kill -9 {old.name} ...")
        time.sleep(0.5)  # what an orchestrator needs to make up its mind
        promoted = self.cluster.fail_over()
        say(f"   {self.cluster.primary.name} is promoted, {promoted - killed:.2f} s later ...")
        ledger = self.ledger
        try:
            wait_for(lambda: ledger.first_commit_after(promoted) is not None, "writes after the promotion", 20)
        except Timeout:
            self.broken.append("writes did not flow again within 20 s of the promotion")
        time.sleep(2)
        ended = time.monotonic()
        pgbench_out, pgbench_err = self.readers.communicate(timeout=60)
        ledger.stop()
        self.old, self.promoted = old, promoted
        self.report(killed, promoted, ended, pgbench_out, pgbench_err)

    def report(self, killed, promoted, ended, pgbench_out, pgbench_err):
        ledger = self.ledger
        with self.cluster.primary.connect("app") as c:
            verdict = ledger.check(c)
        after = ledger.first_commit_after(promoted)
        errors = ledger.write_errors + ledger.read_errors
        known = {"40001": "the transaction was rolled back for certain: retried", "40003": "cannot be known: not retried"}
        rows = [
            ("longest write gap", f"{ledger.write_gap(killed, ended) * 1000:.0f} ms, of which the promotion took "
                                  f"{(promoted - killed) * 1000:.0f} ms"),
            ("writes after the promotion's end", "never" if after is None else f"{after * 1000:.0f} ms later"),
            ("longest wait of any read", f"{ledger.read_gap(killed) * 1000:.0f} ms"),
            *((f"errors with {state}", f"{count} ({known.get(state, ledger.first_messages[state])})")
              for state, count in sorted(errors.items())),
            ("clients disconnected", str(ledger.disconnected)),
            ("commits acknowledged", f"{verdict.acknowledged:,}"),
            ("  of these lost", str(len(verdict.lost))),
            ("  there twice", str(len(verdict.twice))),
        ]
        bench = re.search(r"transactions actually processed: (\d+)", pgbench_out)
        failed = re.search(r"number of failed transactions: (\d+)", pgbench_out)
        rows.append(("pgbench's 100 readers", f"{int(bench[1]):,} transactions, {failed[1] if failed else '0'} failed"
                     if bench else "gave up"))
        for name, value in rows:
            say(f"   {name:34}{value}")
        if ledger.disconnected:
            self.broken.append(f"{ledger.disconnected} clients were disconnected")
        if verdict.lost:
            self.broken.append(f"{len(verdict.lost)} acknowledged commits are lost")
        if verdict.twice:
            self.broken.append(f"{len(verdict.twice)} commits happened twice")
        if ledger.read_errors:
            self.broken.append(f"reads failed: {dict(ledger.read_errors)}")
        if set(ledger.write_errors) - {"40001", "40003"}:
            self.broken.append(f"unexpected errors: {ledger.first_messages}")
        if not bench or (failed and failed[1] != "0") or "aborted" in pgbench_err:
            self.broken.append(f"pgbench's readers met errors:\n{pgbench_err}")

    # -- 4

    def show_nodes(self, rows):
        """What changes, out of SHOW NODES; the console itself shows some columns more."""
        table([{k: "-" if v is None else v for k, v in row.items()} | {"node": self.names[row["node"]]} for row in rows],
              ["node", "role", "state", "timeline", "lsn", "lag_ms", "reads", "writes", "why"])

    def step_console(self):
        head(4, "The same, seen from the admin console")
        say("   SHOW NODES before:")
        self.show_nodes(self.nodes_before)
        say("   after:")
        self.show_nodes(self.steer.nodes())
        say(f"   {self.old.name} comes back and still believes to be the primary:")
        self.old.start()
        try:
            wait_for(lambda: self.steer.node(self.old.port)["state"] == "fenced", "the old primary to be fenced", 20)
        except Timeout as e:
            self.broken.append(str(e))
        self.show_nodes([self.steer.node(self.old.port)])
        say("   SHOW ROUTES, grown since step 3 began:")
        after = self.steer.routes()
        table([{"target": target, "reason": reason, "count": count - self.routes_before.get((target, reason), 0)}
               for (target, reason), count in sorted(after.items(), key=lambda item: -item[1])
               if count > self.routes_before.get((target, reason), 0)], ["target", "reason", "count"])

    # -- the end

    def stay(self):
        self.old.stop("fast")
        self.cluster.rejoin(self.old)
        self.cluster.wait_streaming()
        self.run.write(os.path.join(self.run.dir, "demo"), "pgsteer's demo cluster; tests/demo/demo --stop ends it\n")
        self.run.keep()
        say(f"\n{BOLD}All stays up{PLAIN} ({self.old.name} has joined again as a standby):")
        say(f"   psql 'host=127.0.0.1 port={self.steer.port} user=app dbname=app'")
        say(f"   psql 'host=127.0.0.1 port={self.steer.port} user={ADMIN} password={ADMIN_PASSWORD} dbname=pgsteer' "
            "-c 'SHOW NODES'")
        for node in self.cluster.nodes:
            say(f"   psql 'host=127.0.0.1 port={node.port} user=postgres dbname=app'   # {node.name}, past pgsteer")
        say(f"To end it:  tests/demo/demo --stop {self.run.dir}")


def stop(directory):
    directory = os.path.abspath(directory)
    if not os.path.basename(directory).startswith(PREFIX) or not os.path.exists(os.path.join(directory, "demo")):
        sys.exit(f"{directory} is not the directory of a demo that was kept")
    sweep(directory)
    say("Stopped; nothing is left behind.")


def main(args):
    if len(args) == 2 and args[0] == "--stop":
        return stop(args[1])
    if args not in ([], ["--keep"]):
        sys.exit("usage: tests/demo/demo [--keep]\n       tests/demo/demo --stop DIRECTORY")
    end_on_signals()
    began = time.monotonic()
    with Run(PREFIX) as run:
        demo = Demo(run)
        try:
            demo.start()
            demo.step_psql()
            demo.step_pgbench()
            demo.step_failover()
            demo.step_console()
        except (Timeout, RuntimeError, OSError, EOFError) as e:
            say(f"\nThe demo failed: {e}")
            if hasattr(demo, "steer"):
                say(f"The end of pgsteer's log:\n{demo.steer.log_text(30)}")
            return 1
        if args == ["--keep"]:
            demo.stay()
        else:
            demo.steer.stop()
            demo.broken += demo.steer.problems()
    if args == []:
        say(f"\nDone in {time.monotonic() - began:.0f} s; every process and file is gone again.")
    for promise in demo.broken:
        say(f"A promise was broken: {promise}")
    return 1 if demo.broken else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        say("\nStopped; nothing is left behind.")
        sys.exit(130)
