"""contract: what the Python programs share: where to connect, how to report."""
import os
import sys
import threading
import traceback

HOST, PORT = os.environ["DB_HOST"], int(os.environ["DB_PORT"])
USER, PASSWORD, NAME = os.environ["DB_USER"], os.environ["DB_PASSWORD"], os.environ["DB_NAME"]
URL = os.environ["DATABASE_URL"]
DSN = f"host={HOST} port={PORT} user={USER} password={PASSWORD} dbname={NAME} sslmode=disable"

PRIMARY = int(os.environ.get("PRIMARY_PORT", 0))  # 0: all runs on one server
PLACE = "SELECT inet_server_port()"


def equal(got, expected, what):
    if got != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {got!r}")


def clean(poison):
    equal(poison, "", "settings of the noise")


def offloaded(ports):
    """Reads of a session that has written nothing: at most one in four on the primary."""
    if ports.count(PRIMARY) * 4 > len(ports):
        raise AssertionError(f"{ports.count(PRIMARY)} of {len(ports)} reads on the primary")


def on_primary(port, what):
    equal(port, PRIMARY, f"{what}: the port of the server")


def on_standby(port, what):
    if port == PRIMARY:
        raise AssertionError(f"{what}: on the primary")


def together(count, work):
    """Runs work(0) ... work(count - 1) in threads of their own; the first exception is raised here."""
    wrong = []

    def one(number):
        try:
            work(number)
        except BaseException as e:
            traceback.print_exc()
            wrong.append(e)
    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]


def told(name, e):
    """Reports a case that ended with exception `e`, or None."""
    if e is None:
        print(f"ok {name}", flush=True)
    else:
        traceback.print_exception(e, file=sys.stderr)
        print(f"not ok {name}: {type(e).__name__}: {' '.join(str(e).split())}", flush=True)


def run(*cases):
    """Runs them; of those called routing_... only where there is a choice."""
    cases = [case for case in cases if PRIMARY or not case.__name__.startswith("routing")]
    for case in cases:
        try:
            case()
            told(case.__name__, None)
        except Exception as e:
            told(case.__name__, e)
