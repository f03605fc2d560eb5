"""What the checks of this directory share: the rooms, the files, and C text without its comments."""

import os
import re
import sys

# A room may include itself and rooms on lower floors. The roof is every file directly in src/.
FLOORS = {
    "base": 0,
    "wire": 1, "conf": 1, "auth": 1,
    "cluster": 2, "net": 2, "authority": 2,
    "router": 3, "pool": 3, "health": 3,
    "session": 4,
    "admin": 5,
    "http": 6, "top": 6,
    "roof": 7,
}

_TOKEN = re.compile(r'//[^\n]*|/\*.*?(?:\*/|\Z)|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def without_comments(text, strings=True):
    """C text with comments (and, if `strings` is false, literals) replaced by blanks, lines kept."""
    def blank(match):
        token = match.group(0)
        if strings and token[0] in "\"'":
            return token
        return re.sub(r"[^\n]", " ", token)
    return _TOKEN.sub(blank, text)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def files(root, top):
    """Paths under root/top, relative to root, in order."""
    found = []
    for directory, subdirectories, names in os.walk(os.path.join(root, top)):
        subdirectories[:] = sorted(d for d in subdirectories if d != "__pycache__")
        found += [os.path.relpath(os.path.join(directory, name), root) for name in sorted(names)]
    return found


def c_files(root):
    return [path for path in files(root, "src") if path.endswith((".c", ".h", ".def", ".inc"))]


def root_argument(usage):
    """The tree to check: the first argument, or the one that these scripts stand in."""
    arguments = sys.argv[1:]
    if len(arguments) > 1 or (arguments and arguments[0].startswith("-")):
        sys.exit("usage: %s [ROOT]\n%s" % (os.path.basename(sys.argv[0]), usage.strip()))
    root = arguments[0] if arguments else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    root = os.path.normpath(root)
    if not os.path.isdir(os.path.join(root, "src")):
        sys.exit("%s has no src/ directory: give the root of the tree as the argument" % root)
    return root


def report(violations):
    """One line each; exit status 1 when there is one."""
    for line in violations:
        print(line)
    sys.exit(1 if violations else 0)
