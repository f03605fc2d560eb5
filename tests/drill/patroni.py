"""pgsteer in front of Debian's Patroni, with Patroni's own consensus (raft): members are found, a planned and a scheduled
switchover, a killed leader and a member that leaves and comes back, under the ledger's load. Exit status 1 when a promise
is broken.
"""
import json
import os
import signal
import sys
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import wire  # noqa: E402
from ledger import Ledger  # noqa: E402
from run import Run, end_on_signals, find_program, wait_for  # noqa: E402
from steer import Steer  # noqa: E402

BIN = os.path.dirname(find_program("postgres"))


class Member:
    """One Patroni and its PostgreSQL."""

    def __init__(self, run, number):
        self.run, self.name = run, f"member{number}"
        self.dir = run.mkdir(self.name)
        self.port, self.rest, self.raft = run.port(), run.port(), run.port()
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.rest}"

    def configure(self, members):
        login = {"username": "postgres", "password": "secret"}
        self.run.write(os.path.join(self.dir, "patroni.yml"), json.dumps({
            "scope": "pgsteer", "name": self.name,
            "restapi": {"listen": f"127.0.0.1:{self.rest}", "connect_address": f"127.0.0.1:{self.rest}"},
            "raft": {"data_dir": self.run.mkdir(self.name, "raft"), "self_addr": f"127.0.0.1:{self.raft}",
                     "partner_addrs": [f"127.0.0.1:{m.raft}" for m in members if m is not self]},
            "bootstrap": {"dcs": {"ttl": 20, "loop_wait": 2, "retry_timeout": 5, "synchronous_mode": True,
                                  "postgresql": {"use_pg_rewind": True, "parameters": {"wal_log_hints": "on"}}},
                          "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}]},
            "postgresql": {"listen": f"127.0.0.1:{self.port}", "connect_address": f"127.0.0.1:{self.port}",
                           "data_dir": os.path.join(self.dir, "data"), "bin_dir": BIN,
                           "pgpass": os.path.join(self.dir, "pgpass"),
                           "pg_hba": ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
                           "authentication": {"superuser": login, "replication": login},
                           "parameters": {"unix_socket_directories": self.dir, "max_connections": 200,
                                          "shared_buffers": "32MB"}}}))

    def start(self):
        self.process = self.run.spawn(["/usr/bin/patroni", os.path.join(self.dir, "patroni.yml")], cwd=self.dir,
                                      log=os.path.join(self.dir, "patroni.log"))

    def stop(self):
        """Patroni stops its PostgreSQL, and says that it leaves."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def kill(self):
        """Both at once; nobody says anything."""
        self.process.kill()
        self.process.wait()
        with open(os.path.join(self.dir, "data", "postmaster.pid")) as f:
            pid = int(f.readline())
        os.kill(pid, signal.SIGQUIT)

    def ctl(self, *words):
        return self.run.call(["/usr/bin/patronictl", "-c", os.path.join(self.dir, "patroni.yml"), *words], cwd=self.dir,
                             env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout


def view(members):
    """What the first of them that answers says of the cluster: {port: (role, state)}."""
    for member in members:
        try:
            with urllib.request.urlopen(member.url + "/cluster", timeout=2) as answer:
                return {int(m["port"]): (m["role"], m["state"]) for m in json.load(answer)["members"] if "port" in m}
        except (OSError, ValueError):
            continue
    return {}


def leader(members):
    said = view(members)
    return next((m for m in members if said.get(m.port, ("",))[0] == "leader"), None)


def settled(members):
    """One leader, and all others follow it."""
    states = sorted(view(members).values())
    return len(states) == len(members) and sum(role == "leader" for role, _ in states) == 1 and \
        all(state in ("running", "streaming") for _, state in states) and \
        sum(role == "sync_standby" for role, _ in states) == 1


def main():
    end_on_signals()
    broken = []
    with Run("pgsteer-patroni-") as run:
        members = [Member(run, number) for number in (1, 2, 3)]
        for member in members:
            member.configure(members)
            member.start()
        wait_for(lambda: settled(members), "Patroni's cluster to form", 180, every=0.5)
        print("the cluster is up", flush=True)
        with wire.Client(leader(members).port, user="postgres", database="postgres") as c:
            c.query("CREATE ROLE app LOGIN")
            c.query("CREATE DATABASE app OWNER app")
        s = Steer(run, "pgsteer", {"app": "dbname=app patroni=" + ",".join(m.url for m in members)},
                  health_check_interval=None, lazy_begin=None)
        s.start()
        # the addresses' own hosts come first: 127.0.0.1 with PostgreSQL's usual port, which is no member
        wait_for(lambda: sorted(int(r["node"].rpartition(":")[2]) for r in s.nodes()) == sorted(m.port for m in members),
                 "pgsteer to know the members", 30)
        s.wait_nodes(2, 60)
        with wire.Client(leader(members).port, user="app", database="app") as c:
            Ledger.prepare(c)
        ledger = Ledger(s.client, writers=8, readers=8, pause=0.01).start()

        def step(name, body, allowed=()):
            writes, reads = dict(ledger.write_errors), dict(ledger.read_errors)
            before, began = leader(members), time.monotonic()
            body(before)
            wait_for(lambda: leader(members) not in (before, None), f"{name}: another leader", 120, every=0.1)
            wait_for(lambda: s.node(leader(members).port)["role"] == "primary", f"{name}: pgsteer's view", 30)
            moment = time.monotonic()
            wait_for(lambda: sum(m > moment for m in list(ledger.acknowledged.values())) > 100, "writes to flow", 60)
            errors = {k: v - writes.get(k, 0) for k, v in ledger.write_errors.items() if v > writes.get(k, 0)}
            print(f"{name}: write gap {ledger.write_gap(began) * 1000:.0f} ms, longest read "
                  f"{ledger.read_gap(began) * 1000:.0f} ms, errors {errors or 'none'}", flush=True)
            broken.extend(f"{name}: errors {k} of writes" for k in errors if k not in allowed)
            if dict(ledger.read_errors) != reads:
                broken.append(f"{name}: errors of reads {dict(ledger.read_errors)}")

        flight = ("40001", "40003")
        step("switchover", lambda old: old.ctl("switchover", "--force"), flight)
        wait_for(lambda: settled(members), "all members to follow", 120, every=0.5)
        at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() + 15))
        step("scheduled switchover", lambda old: old.ctl("switchover", "--force", "--scheduled", at))
        s.wait_log("a switchover is about to begin", 1)
        wait_for(lambda: settled(members), "all members to follow", 120, every=0.5)
        step("killed leader", lambda old: old.kill(), flight)
        gone = next(m for m in members if m.process.poll() is not None)
        gone.start()
        wait_for(lambda: settled(members), "the killed member to come back", 180, every=0.5)
        s.wait_nodes(2, 60)
        ledger.stop()
        with wire.Client(leader(members).port, user="postgres", database="app") as c:
            verdict = ledger.check(c)
        broken += [f"commits lost: {verdict.lost[:5]}"] * bool(verdict.lost)
        broken += [f"commits that happened twice: {verdict.twice[:5]}"] * bool(verdict.twice)
        broken += [f"{ledger.disconnected} clients disconnected"] * bool(ledger.disconnected)
        broken += ledger.stale[:3]
        s.stop()
        broken += s.problems()
        print(f"{verdict.acknowledged} commits, {len(verdict.lost)} lost, {len(verdict.twice)} twice")
        for member in members:
            member.stop()
    for promise in broken:
        print(f"broken: {promise}")
    return 1 if broken else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
