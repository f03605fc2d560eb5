"""auth_delay: whoever guesses passwords waits, and nobody else does."""
import threading
import time

import wire
from postgres import USERS


def attempt(s, user, password, **more):
    """Seconds until the answer, and whether it let us in."""
    began = time.monotonic()
    try:
        s.client(user, "single", password=password, **more).close()
        good = True
    except wire.ServerError as e:
        assert e.sqlstate == "28P01", e
        good = False
    return time.monotonic() - began, good


def right(t, s, user, what, **more):
    seconds, good = attempt(s, user, USERS[user][0], **more)
    t.equal(good, True, what)
    return seconds


def test_guesser(t):
    for method in ("scram-sha-256", "md5"):
        s = t.steer(nodes=False, auth_type=method, workers=4, auth_delay=0.2, auth_delay_max=2)
        took = []
        for n, (user, least) in enumerate((("scram_user", 0.2), ("nobody_here", 0.4), ("app", 0.8))):
            seconds, good = attempt(s, user, f"guess{n}")
            t.equal(good, False, "a guess")
            t.within(seconds, least, least + 2, f"{method}: failure {n + 1} from this address")
            took.append(seconds)
        for user in ("app", "scram_user"):
            t.within(right(t, s, user, f"{method}: the right password from there"), 0, 0.8,
                     "which is told at once, after three failures")
        t.within(attempt(s, "app", "guess", host=s.dir)[0], 0.2, 2, "a first failure through the Unix socket")


def test_many_at_once(t):
    """Many connections do not make guessing faster, and other users do not notice."""
    s = t.steer(nodes=False, auth_type="md5", workers=4, auth_delay=0.2, auth_delay_max=1)
    answers, started = [], time.monotonic()

    def guess():
        answers.append(attempt(s, "scram_user", "wrong")[0])
    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    seconds = right(t, s, "app", "another user, meanwhile")
    t.within(seconds, 0, 0.8, "his login")
    for thread in threads:
        thread.join(60)
    t.equal(len(answers), 8, "refusals")
    t.true(time.monotonic() - started > 2, f"the last of eight to come late: {sorted(answers)}")


def test_answers_not_waited_for(t):
    s = t.steer(nodes=False, auth_type="md5", workers=4, auth_delay=0.9, auth_delay_max=1)
    for _ in range(3):
        c = s.client("md5_user", "single", login=False)
        c.send(wire.startup({"user": "md5_user", "database": "single"}), wire.message("p", wire.text("md5" + "0" * 32)))
        t.equal(c.receive().type, "R", "the request for a password")
        time.sleep(0.05)
        c.socket.close()
    t.within(right(t, s, "md5_user", "the right password, where somebody has just tried three"), 0.4, 8,
             "which is only looked at when those have been paid for")
    t.within(right(t, s, "app", "another user again"), 0, 0.8, "his login")


def test_off(t):
    s = t.steer(nodes=False, section="pgbouncer", auth_type="md5", auth_delay=None)
    began = time.monotonic()
    for _ in range(8):
        e = t.error("08P01", lambda: s.client("app", "single", password="wrong"), "a wrong password")
        t.equal(e.message, "password authentication failed", "in PgBouncer's words")
    t.within(time.monotonic() - began, 0, 4, "eight of them with PgBouncer's file")
