"""What it costs to look at a pgsteer with 10,000 clients: processor time of the whole process (by the scheduler's own count),
as a share of one core, while

    nobody looks, and there is no HTTP at all
    nobody looks: the past of the page's curves is kept
    /metrics is scraped once a second, as Prometheus does
    the page is open besides, and asks once a second
    and SHOW POOLS and SHOW STATS once a second, as exporters do

Each line but the first is what it adds to the one before; /metrics may cost 1 % of a core at most, the past 0.5 %. Exit status
1 when it is more. Clients are spread over 20 databases of a cluster with one standby, and each has run a query.

    scrape [CLIENTS [SECONDS]]
"""
import os
import resource
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import web  # noqa: E402
from postgres import Cluster  # noqa: E402
from run import Run, end_on_signals  # noqa: E402
from steer import Steer  # noqa: E402

DATABASES = 20
METRICS_MAX, PAST_MAX = 1.0, 0.5  # percent


def processor_seconds(pid):
    """All threads, to the nanosecond."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as f:
            total += int(f.read().split()[0])
    return total / 1e9


class EverySecond:
    """Does it at 1 Hz while it is there."""

    def __init__(self, what):
        self.what, self.ended, self.slowest, self.count = what, threading.Event(), 0.0, 0
        self.thread = threading.Thread(target=self.work, daemon=True)

    def work(self):
        following = time.monotonic()
        while not self.ended.wait(max(0, following - time.monotonic())):
            following += 1
            began = time.monotonic()
            self.what()
            self.slowest, self.count = max(self.slowest, time.monotonic() - began), self.count + 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.ended.set()
        self.thread.join(30)


class Bench:
    def __init__(self, run, clients, seconds):
        self.run, self.clients, self.seconds = run, clients, seconds
        self.cluster = Cluster(run, standbys=1)
        self.failed, self.last = False, 0.0

    def start(self, name, **settings):
        line = self.cluster.line("app")
        steer = Steer(self.run, name, {f"app{i}": line for i in range(DATABASES)}, max_client_conn=self.clients + 100, log_connections=0,
                      log_disconnections=0, default_pool_size=5, health_check_interval=None, **settings).start()
        steer.wait_nodes(1)
        crowd = [steer.client(database=f"app{i % DATABASES}") for i in range(self.clients)]
        for c in crowd:
            c.query("SELECT 1")
        return steer, crowd

    def percent(self, steer):
        """Of one core, over the time that is measured."""
        time.sleep(2)  # what began before
        before, began = processor_seconds(steer.pid), time.monotonic()
        time.sleep(self.seconds)
        return 100 * (processor_seconds(steer.pid) - before) / (time.monotonic() - began)

    def line(self, what, percent, limit=None, more=""):
        added = percent - self.last
        bad = limit is not None and added > limit
        self.failed = self.failed or bad
        print(f"{what:48} {percent:6.2f} % of a core, {added:+6.2f}{f' (at most {limit})' if limit else '':16} {more} {'TOO MUCH' if bad else ''}".rstrip(),
              flush=True)
        self.last = percent

    def measure(self):
        print(f"{self.clients} clients, {self.seconds} s each", flush=True)
        steer, crowd = self.start("plain")
        self.line("nobody looks, no HTTP", self.percent(steer))
        for c in crowd:
            c.close()
        steer.stop()
        port = self.run.port()
        steer, crowd = self.start("http", http_listen=port)
        self.line("the past is kept", self.percent(steer), PAST_MAX)

        def scrape():
            size[0] = len(web.get(port, "/metrics").body)
        size = [0]
        with EverySecond(scrape) as prometheus:
            self.line("/metrics at 1 Hz", self.percent(steer), METRICS_MAX, f"{size[0]} bytes, slowest {1000 * prometheus.slowest:.1f} ms")
            with EverySecond(lambda: web.get(port, "/api/v1/overview")) as page:
                self.line("and the page", self.percent(steer), None, f"slowest {1000 * page.slowest:.1f} ms")
                with steer.console() as console, EverySecond(lambda: (console.query("SHOW POOLS"), console.query("SHOW STATS"))) as shows:
                    self.line("and SHOW POOLS, SHOW STATS", self.percent(steer), None, f"slowest {1000 * shows.slowest:.1f} ms")
        for c in crowd:
            c.close()
        steer.stop()


def main():
    end_on_signals()
    numbers = [int(word) for word in sys.argv[1:]]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with Run("pgsteer-scrape-") as run:
        bench = Bench(run, *(numbers + [10000, 30][len(numbers):]))
        bench.measure()
    return bench.failed


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
