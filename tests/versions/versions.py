"""versions: the flow tests with servers of other majors, which come from npm (package-lock.json) and lie in
build/versions. All of them, or those whose names contain one of PARTS (by commas), which the environment names. A column
for each major, where they are not all alike; ends with `N passed, N failed, N skipped`."""
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import npm  # noqa: E402
from run import BUILD, ROOT, Run, end_on_signals  # noqa: E402

HOME = os.path.join(BUILD, "versions")
NAME = "postgres"  # and the major: a package of package.json


def unpack(run, major):
    """Its programs, where the user whom servers run as can reach them: a checkout may be in root's own home."""
    package, copy = os.path.join(HOME, "node_modules", NAME + major), os.path.join(run.dir, major)
    run.call(["cp", "-a", package, copy], privileged=True)
    with open(os.path.join(package, "native", "pg-symlinks.json")) as f:  # npm packs none
        for link in json.load(f):
            os.symlink(os.path.basename(link["source"]), os.path.join(copy, link["target"]))
    return os.path.join(copy, "native", "bin")


def try_major(run, major):
    """{test: "ok", "FAILED" or why it was skipped}; what failed is printed as soon as it has."""
    results = {}
    with subprocess.Popen([os.path.join(ROOT, "tests", "run"), f"flow:{os.environ.get('PARTS', '')}"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "POSTGRES_BIN": unpack(run, major)}) as tests:
        printing = False
        for line in tests.stdout:
            found = re.match(r"(ok|FAILED) +(\w+\.\w+) \([0-9.]+ s\) ?(?:skipped: )?(.*)", line)
            if found:
                results[found[2]] = found[3] or found[1]
            printing = line.startswith("FAILED") or printing and not found
            if printing:
                print(f"{major}: {line}", end="", flush=True)
    if tests.returncode != 0 and "FAILED" not in results.values():
        results["the run"] = "FAILED"
    return results


def report(results):
    """`results`: {major: {test: ...}}. Prints the table and the sum; returns the exit status."""
    tests = dict.fromkeys(test for of in results.values() for test in of)
    words = {test: [of.get(test, "-") for of in results.values()] for test in tests}
    skipped = dict.fromkeys(why for row in words.values() for why in row if why not in ("ok", "FAILED", "-"))
    print(f"{'':60}" + "".join(f"{major:>8}" for major in results))
    for test, row in words.items():
        if set(row) != {"ok"}:
            print(f"{test:60}" + "".join(f"{'skipped' if word in skipped else word:>8}" for word in row))
    for why in skipped:
        print(f"skipped: {why}")
    counts = {major: list(of.values()) for major, of in results.items()}
    print(f"{'passed':60}" + "".join(f"{of.count('ok'):>8}" for of in counts.values()))
    every = [word for of in counts.values() for word in of]
    passed, failed = every.count("ok"), every.count("FAILED")
    print(f"{passed} passed, {failed} failed, {len(every) - passed - failed} skipped")
    return 1 if failed or not passed else 0


def main(wanted):
    end_on_signals()
    with open(os.path.join(HERE, "package.json")) as f:
        have = [name.removeprefix(NAME) for name in json.load(f)["dependencies"]]
    unknown = next((f"there is no PostgreSQL {major} here, only {', '.join(have)}" for major in wanted if major not in have), None)
    if wrong := unknown or npm.install(HERE, HOME):
        sys.exit(wrong)
    with Run("pgsteer-versions-") as run:
        results = {}
        for major in wanted or have:
            results[major] = try_major(run, major)
            print(f"PostgreSQL {major}: {list(results[major].values()).count('ok')} of {len(results[major])}", flush=True)
    return report(results)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
