"""turmoil: what befalls a pgsteer and its servers while clients work: the console's commands, cancel requests, sessions that are
terminated, standbys that die or freeze, a primary that is replaced, pgsteer's own restart. One blow after the other, by
chance, from start() to stop(); after stop() all is as it was."""
import random
import threading
import time
from collections import Counter

import wire
from run import SLOW, wait_for

VICTIMS = "usename IN ('app', 'md5_user', 'scram_user') AND backend_type = 'client backend'"

# What RELOAD changes; the first is what the file begins with.
RELOADS = (
    {"default_pool_size": 2, "max_prepared_statements": 30, "server_lifetime": 3600, "query_wait_timeout": 120},
    {"default_pool_size": 1, "max_prepared_statements": 5},
    {"server_lifetime": 1, "server_idle_timeout": 1},
    {"default_pool_size": 4, "server_lifetime": 3600, "server_idle_timeout": 600},
    {"server_lifetime": 3600, "server_idle_timeout": 600},
)

# Of pgsteer's file: who may not idle in a transaction, and often does; whose queries may not take long, and sometimes do.
HURRIED = "\n[users]\nscram_user = idle_transaction_timeout=0.05\nmd5_user = query_timeout=0.15\n"


class Turmoil:
    """`databases`: those of pgsteer's whose clients may be killed and refused; `voices`: clients that may be canceled;
    `blows`: {name of a blow: weight}; `pause`: the longest wait between two, in seconds."""

    def __init__(self, steer, cluster, databases, voices, blows, seed, pause=0.2):
        self.steer, self.cluster, self.databases, self.voices, self.pause = steer, cluster, databases, voices, pause
        self.random, self.done, self.crashed = random.Random(f"turmoil {seed}"), Counter(), []
        self.blows = [blow for blow, weight in blows.items() for _ in range(weight)]
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def stop(self, seconds=120):
        """Everybody is served again when it returns."""
        self.stopping.set()
        self.thread.join(seconds * SLOW)
        if self.thread.is_alive():
            self.crashed.append(f"a blow did not come to an end within {seconds} s, after {dict(self.done)}")
        for command in ("RESUME", *(f"{word} {database}" for database in self.databases for word in ("RESUME", "ENABLE"))):
            self.order(command)
        if self.crashed:
            raise RuntimeError("; ".join(self.crashed[:3]))

    def _run(self):
        while not self.stopping.wait(self.random.random() * self.pause):
            blow = self.random.choice(self.blows)
            try:
                getattr(self, "blow_" + blow)()
                self.done[blow] += 1
            except Exception as e:
                self.crashed.append(f"{blow}: {type(e).__name__}: {e}")
                return

    def told(self):
        return " ".join(f"{name}:{count}" for name, count in sorted(self.done.items()))

    # -- the console

    def order(self, command):
        """A command; what the console has against it (the database is paused already, ...) does not matter here."""
        with self.steer.console() as c:
            return c.query(command, check=False)

    def database(self):
        return self.random.choice(self.databases)

    def while_ordered(self, command):
        """The command in a console of its own, ended by RESUME a moment later, be it done or still waiting; in one that is
        there already, since SUSPEND lets nobody in. The command may come only after the first RESUME."""
        resume = "RESUME" + command.partition(" ")[1] + command.partition(" ")[2]
        with self.steer.console() as resuming:
            waiting = threading.Thread(target=self.order, args=(command,))
            waiting.start()
            self.stopping.wait(self.random.random() * 0.2)
            until = time.monotonic() + 30 * SLOW
            while waiting.is_alive() and time.monotonic() < until:
                resuming.query(resume, check=False)
                waiting.join(0.05)
            resuming.query(resume, check=False)
        if waiting.is_alive():
            raise RuntimeError(f"{command} goes on after RESUME")

    def blow_pause(self):
        self.while_ordered(f"PAUSE {self.database()}")

    def blow_suspend(self):
        self.while_ordered("SUSPEND")

    def blow_kill(self):
        database = self.database()
        self.order(f"KILL {database}")
        self.order(f"RESUME {database}")

    def blow_kill_client(self):
        clients = [row for row in self.steer.show("CLIENTS") if row["database"] in self.databases]
        for row in self.random.sample(clients, min(3, len(clients))):
            self.order(f"KILL_CLIENT {row['id']}")

    def blow_reconnect(self):
        self.order("RECONNECT" if self.random.random() < 0.3 else f"RECONNECT {self.database()}")

    def blow_disable(self):
        database = self.database()
        self.order(f"DISABLE {database}")
        self.stopping.wait(self.random.random() * 0.1)
        self.order(f"ENABLE {database}")

    def blow_churn(self):
        """Clients are killed while their servers are replaced, and while those who were killed come back."""
        database = self.database()
        orders = [f"RECONNECT {database}", f"KILL {database}", f"RESUME {database}"]
        threads = [threading.Thread(target=self.order, args=(command,))
                   for _ in range(3) for command in self.random.sample(orders, len(orders))]
        for thread in threads:
            thread.start()
            self.stopping.wait(self.random.random() * 0.02)
        for thread in threads:
            thread.join(30 * SLOW)
        if any(thread.is_alive() for thread in threads):
            raise RuntimeError("RECONNECT, KILL and RESUME of one database do not end")
        self.order(f"RESUME {database}")

    def blow_reload(self):
        self.steer.settings.update(self.random.choice(RELOADS))
        self.steer.write_files()
        self.order("RELOAD")

    # -- clients and servers

    def blow_cancel(self):
        hunted = [voice for voice in self.voices if voice.hunted]
        for voice in self.random.sample(hunted, min(3, len(hunted))):
            voice.cancel()

    def blow_terminate(self):
        node = self.random.choice(self.cluster.alive())
        try:
            node.query(f"SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE {VICTIMS} "
                       "ORDER BY random() LIMIT 3) v")
        except (OSError, EOFError, wire.ServerError):
            pass  # the node has just been struck

    def blow_kill_standby(self):
        node = self.random.choice(self.cluster.standbys)
        node.kill()
        self.stopping.wait(self.random.random() * 0.3)
        node.start()

    def blow_freeze_standby(self):
        node = self.random.choice(self.cluster.standbys)
        node.freeze()
        self.stopping.wait(self.random.random() * 0.5)
        node.thaw()

    def blow_fail_over(self):
        """The primary dies, the best standby takes its place, and it comes back as a standby. Commits are synchronous,
        so that none may be lost by that."""
        old = self.cluster.primary
        old.kill()
        self.cluster.fail_over()
        self._come_back(old)

    def blow_switchover(self):
        old, chosen = self.cluster.primary, self.cluster.candidate()
        self.cluster.rally(chosen)
        got = self.order(f"SWITCHOVER {self.databases[0]} TO {chosen.address}")
        if got.errors and chosen.in_recovery():  # it came to nothing, and everything is as it was
            for node in self.cluster.standbys:
                node.follow(old)
            return
        self.cluster.primary = chosen
        old.stop("immediate")
        self._come_back(old)

    def _come_back(self, old):
        self.cluster.rejoin(old)
        self.cluster.synchronous()
        self.cluster.wait_streaming()

    def blow_restart(self):
        """Another process takes pgsteer's place."""
        status = self.steer.reboot(60)
        if status != 0:
            raise RuntimeError(f"the old process ended with {status}")

    def settle(self):
        """Until all nodes serve again."""
        self.steer.wait_nodes(len(self.cluster.nodes) - 1, 60)
        wait_for(lambda: all(row["paused"] == row["disabled"] == "0" for row in self.steer.show("DATABASES")),
                 "nothing to be paused")
