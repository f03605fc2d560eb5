"""load: what the loads of drills have in common: clients in threads, what they were promised and when, what they
were refused. A client does what an application should: after 40001 it runs the same again; after 40003 it cannot know."""
import threading
import time
from collections import Counter


class Verdict:
    """What became of the promises."""

    def __init__(self, lost, twice, acknowledged, unknown, wrong=()):
        self.lost, self.twice, self.acknowledged, self.unknown = lost, twice, acknowledged, unknown
        self.wrong = list(wrong)  # sentences


class Load:
    """Threads run from start() to stop(). A commit is known by a key (who, n)."""

    fickle = 0.0  # the share of commits in whose middle a client leaves

    def __init__(self):
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.sent = {}          # (who, n) -> moments its attempts were sent
        self.acknowledged = {}  # (who, n) -> moment
        self.unknown = set()
        self.write_errors, self.read_errors = Counter(), Counter()
        self.warned = 0  # those of them that came with the server's warning that a commit was not waited for
        self.autocommit_errors = Counter()  # those of write_errors that single statements got
        self.disconnected = 0
        self.first_messages = {}  # SQLSTATE -> the first message that came with it
        self.reads = []           # (begun, ended) of each successful read
        self.stale = []           # sessions that did not see what they must
        self.threads, self.crashed = [], []

    def add(self, body, who):
        """A client: body(who) in a thread."""
        self.threads.append(threading.Thread(target=self._guard, args=(body, who), daemon=True))

    def _guard(self, body, who):
        try:
            body(who)
        except Exception as e:
            self.crashed.append(f"{body.__name__[1:]} {who}: {type(e).__name__}: {e}")

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def stop(self, seconds=90):
        self.stopping.set()
        until = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0.1, until - time.monotonic()))
        stuck = sum(thread.is_alive() for thread in self.threads)
        if stuck:
            self.crashed.append(f"{stuck} clients did not come to an end within {seconds} s")
        if self.crashed:
            raise RuntimeError("; ".join(self.crashed[:3]))

    def lose_client(self):
        with self.lock:
            self.disconnected += 1

    def note(self, counter, sqlstate, message):
        with self.lock:
            counter[sqlstate] += 1
            self.first_messages.setdefault(sqlstate, message)

    # -- what it saw

    def commits(self):
        return len(self.acknowledged)

    def write_gap(self, since, until=None):
        """The longest time after `since` in which no client at all had a commit acknowledged."""
        until = until or time.monotonic()
        moments = sorted([since, until] + [m for m in list(self.acknowledged.values()) if since < m < until])
        return max(b - a for a, b in zip(moments, moments[1:]))

    def first_commit_after(self, moment):
        """Seconds from `moment` to the first commit acknowledged after it whose row was sent after it or was held
        over it; None while there is none."""
        later = [m for m in list(self.acknowledged.values()) if m > moment]
        return min(later) - moment if later else None

    def read_gap(self, since=0):
        """The longest that any reader waited for one answer, among the reads that ended after `since`."""
        return max((ended - begun for begun, ended in list(self.reads) if ended > since), default=0.0)

    def compare(self, client, table, wrong=()):
        """Compares with the keys in a table behind `client`, which must be the primary's own."""
        counts = {(int(w), int(n)): int(c) for w, n, c in
                  client.query(f"SELECT who, n, count(*) FROM {table} GROUP BY who, n").rows}
        lost = sorted(key for key in self.acknowledged if key not in counts)
        twice = sorted(key for key, count in counts.items() if count > 1)
        return Verdict(lost, twice, len(self.acknowledged), len(self.unknown), wrong)

    def attempt(self, key):
        """One more attempt at `key`, now. Its number, which is to be written down with it."""
        self.sent.setdefault(key, []).append(time.monotonic())
        return len(self.sent[key]) - 1

    def find_sent_after(self, client, table, moment):
        """Keys behind `client` whose attempt was sent after `moment`: on a fenced node there must be none. (What a server
        had been sent when it was frozen it does when it thaws, though its client was told 40001 and has tried again.)"""
        rows = client.query(f"SELECT who, n, attempt FROM {table}").rows
        return [(int(who), int(n)) for who, n, attempt in rows
                if self.sent.get((int(who), int(n)), {int(attempt): 0})[int(attempt)] > moment]
