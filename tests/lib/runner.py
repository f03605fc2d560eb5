"""runner: `tests/run SUITE...` runs suites and closes with one line over all of them.

    unit          the unit tests, $BUILD/unit         unit:NAME...   only these suites of it
    flow          tests/flow                          flow:PART,...  only tests whose name contains a PART
    lint-floors   tests/lint/floors
"""
import multiprocessing
import multiprocessing.connection
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from run import BUILD, ROOT, SLOW, Run, die_with_parent, end_on_signals  # noqa: E402


def run_program(name, argv):
    """A program that closes with "N passed, N failed", or one whose exit status is its only result."""
    try:
        done = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=600 * SLOW)
        output, status = done.stdout, done.returncode
    except OSError as e:
        output, status = f"{e}\n", 127
    except subprocess.TimeoutExpired as e:
        output, status = (e.stdout or b"").decode(errors="replace") + f"did not end within {600 * SLOW} s\n", 124
    lines = output.splitlines()
    closing = re.fullmatch(r"(\d+) passed, (\d+) failed", lines[-1]) if lines else None
    if closing:
        passed, failed = int(closing[1]), int(closing[2])
        output = "".join(line + "\n" for line in lines[:-1])
        if status != 0 and failed == 0:
            failed = 1
            output += f"{argv[0]} ended with status {status}\n"
    else:
        passed, failed = (1, 0) if status == 0 else (0, 1)
        if status != 0:
            output += f"{argv[0]} ended with status {status}\n"
    if failed:
        print(f"FAILED {name}\n{output}", end="")
    else:
        print(f"ok      {name}: {passed}")
    return passed, failed


def flow_lane(numbers, results, lock):
    """Runs the tests whose numbers it takes from `numbers`, up to a None, with a cluster of its own."""
    import flow
    from postgres import Cluster
    die_with_parent()
    tests = flow.find_tests()
    with Run("pgsteer-test-") as run:
        began = time.monotonic()
        cluster = Cluster(run)
        print(f"cluster of three up in {time.monotonic() - began:.1f} s", flush=True)
        while (number := numbers.get()) is not None:
            name, function = tests[number]
            good, took, text = flow.run_test(run, cluster, name, function)
            with lock:
                results.send((name, good, took, text))


def run_flow(part):
    """The flow tests, LANES of them side by side: as many as there are processors unless the environment says
    another number."""
    import flow
    try:
        tests = [number for number, (name, _) in enumerate(flow.find_tests()) if flow.is_wanted(name, part)]
    except ImportError as e:
        print(f"FAILED flow: {e} ({sys.executable}; make test-deps installs what is missing)")
        return 0, 1
    if not tests:
        print(f"FAILED flow: no test has {part!r} in its name")
        return 0, 1
    fork = multiprocessing.get_context("fork")
    lanes = min(int(os.environ.get("LANES") or len(os.sched_getaffinity(0))), 4, len(tests))
    numbers, lock = fork.SimpleQueue(), fork.Lock()
    for number in tests + [None] * lanes:
        numbers.put(number)
    results, theirs = fork.Pipe(duplex=False)
    running = [fork.Process(target=flow_lane, args=(numbers, theirs, lock)) for _ in range(lanes)]
    for lane in running:
        lane.start()
    passed, alive = 0, running
    try:
        while alive:
            multiprocessing.connection.wait([results, *(lane.sentinel for lane in alive)])
            alive = [lane for lane in alive if lane.is_alive()]
            while results.poll():
                name, good, took, text = results.recv()
                passed += good
                if good:
                    print(f"ok      {name} ({took:.1f} s) {text.strip()}".rstrip(), flush=True)
                else:
                    print(f"FAILED  {name} ({took:.1f} s)\n{text}\n", flush=True)
    finally:
        for lane in alive:
            lane.terminate()  # it sweeps
    return passed, len(tests) - passed


def main(names):
    end_on_signals()
    passed = failed = 0
    for name in names:
        suite, _, part = name.partition(":")
        if suite == "unit":
            result = run_program(name, [os.path.join(BUILD, "unit")] + ([part] if part else []))
        elif suite == "lint-floors":
            result = run_program(name, [os.path.join(ROOT, "tests", "lint", "floors")])
        elif suite == "flow":
            result = run_flow(part or None)
        else:
            print(f"FAILED  there is no suite {name!r}; there are unit, flow and lint-floors")
            result = 0, 1
        passed, failed = passed + result[0], failed + result[1]
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:] or ["unit", "flow", "lint-floors"]))
    except KeyboardInterrupt:
        sys.exit(130)
