"""make oracle: the scanner beside PostgreSQL's own grammar (the distribution's libpg-query), over PostgreSQL's
regression tests (the distribution's source package), the statements of ORMs (orm.sql) and statements made from a
grammar (grammar.py), and over random mixtures of all their tokens. Fails when a statement that the grammar shows
to be a write is a read to the scanner; prints how many reads were lost. Arguments: MUTATIONS (200000) SEED (1)."""
import glob
import os
import re
import subprocess
import sys
import tarfile
import tempfile

import grammar
import split

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"), "oracle")
GENERATED = 50000
PATTERN = re.compile(r"/(src/test/regress|src/pl/plpgsql/src|contrib/[^/]+)/sql/[^/]+\.sql$")


def apt(folder, *arguments):
    """apt-get with lists and archives of its own, which know the source packages of what the machine uses."""
    options = {"Dir::Etc::sourcelist": "-", "Dir::Etc::sourceparts": f"{folder}/parts",
               "Dir::State::lists": f"{folder}/lists", "Dir::Cache": f"{folder}/cache",
               "APT::Sandbox::User": "root"}
    command = [arguments[0]] + [f"-o{name}={value}" for name, value in options.items()] + list(arguments[1:])
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


def write_sources(folder):
    """Copies of apt's lists of archives, asking for source packages in place of built ones."""
    lists = glob.glob("/etc/apt/sources.list") + glob.glob("/etc/apt/sources.list.d/*")
    for number, path in enumerate(lists):
        with open(path, encoding="utf-8") as file:
            text = re.sub(r"^(Types: .*|deb\b)", lambda found: found[0].replace("deb-src", "deb").replace("deb", "deb-src"),
                          file.read(), flags=re.MULTILINE)
        ending = os.path.splitext(path)[1]
        with open(f"{folder}/parts/{number}{ending}", "w", encoding="utf-8") as file:
            file.write(text)


def fetch_sources(path):
    """PostgreSQL's source archive, as the distribution has it, moved to `path`. An archive may know versions whose
    files it has not: the newest one that comes is taken."""
    with tempfile.TemporaryDirectory(prefix="pgsteer-oracle-") as folder:
        for name in ("lists/partial", "cache/archives/partial", "parts"):
            os.makedirs(f"{folder}/{name}")
        write_sources(folder)
        failed = apt(folder, "apt-get", "update")
        package = subprocess.run(["apt-cache", "depends", "postgresql"], check=True, capture_output=True, text=True)
        package = re.search(r"postgresql-\d+", package.stdout).group()
        versions = re.findall(r"^Version: (\S+)$", apt(folder, "apt-cache", "showsrc", package).stdout, re.MULTILINE)
        for version in versions:
            failed = apt(folder, "apt-get", "source", "--download-only", f"{package}={version}")
            found = [name for name in os.listdir(folder) if ".orig.tar." in name and not name.endswith(".asc")]
            if failed.returncode == 0 and found:
                os.replace(f"{folder}/{found[0]}", path)
                return
    sys.exit(f"oracle: the source package of PostgreSQL cannot be fetched: {failed.stderr.strip()}")


def regression_statements():
    path = os.path.join(BUILD, "postgresql.tar")
    if not os.path.exists(path):
        fetch_sources(path)
    with tarfile.open(path) as archive:
        for member in archive:
            if PATTERN.search(member.name):
                text = archive.extractfile(member).read().decode("utf-8", "surrogateescape")
                yield from split.statements(text)


def write(name, statements):
    path = os.path.join(BUILD, name)
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        for statement in statements:
            if statement.strip():
                file.write(statement.strip().replace("\0", "") + "\0")
    return path


def main():
    mutations, seed = (sys.argv[1:] + ["200000", "1"][len(sys.argv) - 1 :])[:2]
    os.makedirs(BUILD, exist_ok=True)
    files = [
        write("regression", regression_statements()),
        write("grammar", grammar.Grammar(int(seed)).statements(GENERATED)),
        os.path.join(HERE, "orm.sql"),
    ]
    sys.exit(subprocess.run([os.path.join(BUILD, "compare"), "-n", mutations, "-s", seed, *files], check=False).returncode)


if __name__ == "__main__":
    main()
