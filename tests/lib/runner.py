"""runner: `tests/run SUITE...` runs suites and closes with one line over all of them.

    unit          the unit tests, $BUILD/unit         unit:NAME...   only these suites of it
    flow          tests/flow                          flow:PART,...  only tests whose name contains a PART
    lint-floors   tests/lint/floors
"""
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from run import BUILD, ROOT, Run, end_on_signals  # noqa: E402


def run_program(name, argv):
    """A program that closes with "N passed, N failed", or one whose exit status is its only result."""
    try:
        done = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=600)
        output, status = done.stdout, done.returncode
    except OSError as e:
        output, status = f"{e}\n", 127
    except subprocess.TimeoutExpired as e:
        output, status = (e.stdout or b"").decode(errors="replace") + "did not end within 600 s\n", 124
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


def run_flow(part):
    """The flow tests, one after the other."""
    import flow
    from postgres import Cluster
    try:
        tests = flow.find_tests(part)
    except ImportError as e:
        print(f"FAILED flow: {e} ({sys.executable}; make test-deps installs what is missing)")
        return 0, 1
    if not tests:
        print(f"FAILED flow: no test has {part!r} in its name")
        return 0, 1
    passed = failed = 0
    with Run("pgsteer-test-") as run:
        began = time.monotonic()
        cluster = Cluster(run)
        print(f"cluster of three up in {time.monotonic() - began:.1f} s", flush=True)
        for name, function in tests:
            good, took, text = flow.run_test(run, cluster, name, function)
            if good:
                passed += 1
                print(f"ok      {name} ({took:.1f} s) {text.strip()}".rstrip(), flush=True)
            else:
                failed += 1
                print(f"FAILED  {name} ({took:.1f} s)\n{text}\n", flush=True)
    return passed, failed


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
