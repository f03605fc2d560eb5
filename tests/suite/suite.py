"""suite: PostgreSQL's own tests through pgsteer: the regression suite and the isolation suite of the distribution's source
package, with its pg_regress. Once with the servers themselves, then in each way through pgsteer (RUNS). What a test
shows otherwise than without pgsteer is a difference. Fails for each that differences.py does not explain, and for an explanation
that explains nothing. Arguments: parts of the names of runs; all unless told otherwise. Results stay in build/suite."""
import collections
import difflib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import postgres  # noqa: E402
import sources  # noqa: E402
from differences import DIFFERENCES, explanation  # noqa: E402
from run import BUILD, SLOW, Run, end_on_signals, find_program  # noqa: E402
from steer import ADMIN, ADMIN_PASSWORD, Steer  # noqa: E402

HOME = os.path.join(BUILD, "suite")
LONGEST = 2400  # seconds
SETTINGS = "max_prepared_transactions = 10\nshared_buffers = 128MB\n"

Way = collections.namedtuple("Way", "suite pool_mode routed")

# The isolation tests need to know which process serves whom, so that no transaction may run on another one.
RUNS = {
    "regress, session": Way("regress", "session", False),
    "regress, session, routed": Way("regress", "session", True),
    "regress, transaction": Way("regress", "transaction", False),
    "regress, transaction, routed": Way("regress", "transaction", True),
    "isolation, session": Way("isolation", "session", False),
    "isolation, session, routed": Way("isolation", "session", True),
}


class Kit:
    """PostgreSQL's tests and what they need, where the servers' user reaches them."""

    def __init__(self, run):
        self.run, self.dir = run, run.mkdir("kit")
        self.bin = os.path.dirname(find_program("postgres"))
        self.pgxs = os.path.join(os.path.dirname(self.bin), "lib", "pgxs", "src", "test")
        with tarfile.open(sources.archive()) as archive:
            members = [m for m in archive if re.search(r"^[^/]+/src/test/(regress|isolation)/", m.name)]
            archive.extractall(self.dir, members)
        self.tests = os.path.join(self.dir, members[0].name.split("/")[0], "src", "test")
        self.lib = run.mkdir("kit", "lib")
        headers = run.call([os.path.join(self.bin, "pg_config"), "--includedir-server", "--pkglibdir", "--includedir"]).stdout.split("\n")
        self.build("regress", [os.path.join(self.tests, "regress", "regress.c")], headers[0])
        self.build("backend_pid", [os.path.join(HERE, "backend_pid.c"), "-lpq"], headers[2])
        for name in ("refint.so", "autoinc.so"):
            shutil.copy(os.path.join(headers[1], name), self.lib)
        run.call(["chmod", "-R", "a+rX", self.dir], privileged=True)

    def build(self, name, what, headers):
        self.run.call([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-w", f"-I{headers}", "-o",
                       os.path.join(self.lib, f"{name}.so"), *what], privileged=True)

    def command(self, suite, port, output):
        name = {"regress": "pg_regress", "isolation": "pg_isolation_regress"}[suite]
        schedule = {"regress": "parallel_schedule", "isolation": "isolation_schedule"}[suite]
        return [os.path.join(self.pgxs, suite, name), f"--inputdir={os.path.join(self.tests, suite)}", f"--outputdir={output}",
                f"--bindir={self.bin}", f"--dlpath={self.lib}", "--max-concurrent-tests=20", "--use-existing", f"--dbname={suite}",
                "--host=127.0.0.1", f"--port={port}", "--user=postgres",
                f"--schedule={os.path.join(self.tests, suite, schedule)}"]


def new_cluster(run, suite, directory):
    """With the database as pg_regress makes it, which asks for it through a pooler only to drop it first."""
    cluster = postgres.Cluster(run, directory, standbys=1)
    cluster.primary.query(f"CREATE DATABASE {suite} TEMPLATE template0")
    for setting in ("lc_messages TO 'C'", "lc_monetary TO 'C'", "lc_numeric TO 'C'", "lc_time TO 'C'", "bytea_output TO 'hex'",
                    "timezone_abbreviations TO 'Default'"):
        cluster.primary.query(f"ALTER DATABASE {suite} SET {setting}")
    cluster.wait_replayed()
    return cluster


def new_steer(run, cluster, way, directory):
    """Whoever the tests make may log in. A new session sees what another one has committed, as without pgsteer."""
    nodes = cluster.nodes if way.routed else [cluster.primary]
    line = cluster.line("", nodes).replace("dbname=", "")
    steer = Steer(run, directory, {way.suite: line, "*": line}, users={"postgres": "", ADMIN: ADMIN_PASSWORD}, auth_user="postgres",
                  pool_mode=way.pool_mode, consistency="strong", default_pool_size=100, lazy_begin=None)
    steer.start()
    if way.routed:
        steer.wait_nodes(1)
    return steer


def run_suite(run, kit, suite, way, name):
    """Returns (results: {test: "ok" or "FAILED"}, the directory of what the tests showed, the count of reads on the standby)."""
    directory = re.sub(r"\W+", "-", name)
    cluster = new_cluster(run, suite, f"cluster-{directory}")
    steer = new_steer(run, cluster, way, os.path.join(run.dir, f"steer-{directory}")) if way else None
    output = run.mkdir(f"output-{directory}")
    log = os.path.join(output, "stdout")
    env = {"LD_PRELOAD": os.path.join(kit.lib, "backend_pid.so")} if suite == "isolation" else {}
    with open(log, "w") as out:
        tests = subprocess.Popen(kit.command(suite, steer.port if steer else cluster.primary.port, output), cwd=output, stdout=out,
                                 stderr=out, stdin=subprocess.DEVNULL, start_new_session=True, **run._as_user({"env": env}, False))
    try:
        tests.wait(LONGEST * SLOW)
    except subprocess.TimeoutExpired:
        tests.kill()
    reads, problems = 0, []
    if steer:
        reads = sum(int(row["count"]) for row in steer.show("ROUTES") if row["target"] == "standby")
        steer.stop()
        problems = steer.problems()
    cluster.stop()
    with open(log) as f:
        text = f.read()
    kept = os.path.join(HOME, directory)
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(output, kept)
    results = {found[1]: "FAILED" if found[2] else "ok"
               for found in re.finditer(r"^(?:test| )[ +]+(\S+) +\.\.\. (?:ok|failed \(ignored\)|(FAILED))", text, re.MULTILINE)}
    results.update({found[2]: "FAILED" if found[1] else "ok"
                    for found in re.finditer(r"^(not )?ok \d+ +[-+] (\S+)", text, re.MULTILINE)})  # since PostgreSQL 16
    if tests.returncode not in (0, 1) or not results:
        problems.append(f"pg_regress ended with {tests.returncode}:\n{text[-2000:]}")
    return results, os.path.join(kept, "results"), reads, problems


def lines_of(directory, test):
    try:
        with open(os.path.join(directory, f"{test}.out"), encoding="utf-8", errors="surrogateescape") as f:
            return f.read().splitlines()
    except OSError:
        return []


def differences_of(direct, through, test):
    """[text]: each place where the two are not alike, with eight lines before it."""
    before, after = lines_of(direct, test), lines_of(through, test)
    return ["\n".join([" " + line for line in before[max(a - 8, 0):a]] + ["-" + line for line in before[a:b]] +
                      ["+" + line for line in after[c:d]])
            for tag, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes() if tag != "equal"]


def judge(name, way, direct, through):
    """Prints what is different. Returns (the rows that explain something, how much is not explained)."""
    (expected, where, _, _), (results, there, reads, problems) = direct, through
    used, strange, explained = set(), [], 0
    for test, result in results.items():
        if result == "ok":
            continue
        for text in differences_of(where, there, test):
            row = explanation(way.suite, test, name, text)
            if row:
                used.add(row)
                explained += 1
                print(f"  {test}: explained: {row.why}")
            else:
                strange.append(f"{test}:\n{text}")
    strange += [f"{test} has not run" for test in expected if test not in results] + problems
    if way.routed and way.pool_mode == "transaction" and reads == 0:
        strange.append("no standby has been asked for anything")
    unused = [row for row in DIFFERENCES if row.suite == way.suite and row.run in name and not row.sometimes and row not in used]
    strange += [f"{row.test}: nothing is as differences.py says: {row.why}" for row in unused]
    for text in strange:
        print(f"  NOT EXPLAINED {text}")
    print(f"{name}: {len(results)} tests, {explained} differences explained, {len(strange)} not; reads on the standby: {reads}", flush=True)
    return len(strange)


def main(parts):
    end_on_signals()
    wanted = {name: way for name, way in RUNS.items() if not parts or any(part in name for part in parts)}
    if not wanted:
        sys.exit(f"there is no such run, only: {'; '.join(RUNS)}")
    postgres.SETTINGS += SETTINGS
    failed, direct = 0, {}
    with Run("pgsteer-suite-") as run:
        kit = Kit(run)
        for name, way in wanted.items():
            if way.suite not in direct:
                direct[way.suite] = run_suite(run, kit, way.suite, None, f"{way.suite}, direct")
                results = direct[way.suite][0]
                print(f"{way.suite}, direct: {len(results)} tests, {list(results.values()).count('FAILED')} other than in the source package",
                      flush=True)
            began = time.monotonic()
            strange = judge(name, way, direct[way.suite], run_suite(run, kit, way.suite, way, name))
            print(f"  in {time.monotonic() - began:.0f} s", flush=True)
            failed += strange > 0
    print(f"{len(wanted) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
