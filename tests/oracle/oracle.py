"""make oracle: the scanner beside PostgreSQL's own grammar (the distribution's libpg-query), over PostgreSQL's
regression tests (the distribution's source package), the statements of ORMs (orm.sql) and statements made from a
grammar (grammar.py), and over random mixtures of all their tokens. Fails when a statement that the grammar shows
to be a write is a read to the scanner; prints how many reads were lost. Arguments: MUTATIONS (200000) SEED (1)."""
import os
import re
import subprocess
import sys
import tarfile

import grammar
import split

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import sources  # noqa: E402

BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"), "oracle")
GENERATED = 50000
PATTERN = re.compile(r"/(src/test/regress|src/pl/plpgsql/src|contrib/[^/]+)/sql/[^/]+\.sql$")


def regression_statements():
    with tarfile.open(sources.archive()) as archive:
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
