"""sources: PostgreSQL's source archive, as the distribution has it: its tests are ours as well."""
import glob
import os
import re
import subprocess
import sys
import tempfile

from run import ROOT

ARCHIVE = os.path.join(ROOT, "build", "postgresql.tar")


def _apt(folder, *arguments):
    """apt-get with lists and archives of its own, which know the source packages of what the machine uses."""
    options = {"Dir::Etc::sourcelist": "-", "Dir::Etc::sourceparts": f"{folder}/parts",
               "Dir::State::lists": f"{folder}/lists", "Dir::Cache": f"{folder}/cache",
               "APT::Sandbox::User": "root"}
    command = [arguments[0]] + [f"-o{name}={value}" for name, value in options.items()] + list(arguments[1:])
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


def _write_sources(folder):
    """Copies of apt's lists of archives, asking for source packages in place of built ones."""
    lists = glob.glob("/etc/apt/sources.list") + glob.glob("/etc/apt/sources.list.d/*")
    for number, path in enumerate(lists):
        with open(path, encoding="utf-8") as file:
            text = re.sub(r"^(Types: .*|deb\b)", lambda found: found[0].replace("deb-src", "deb").replace("deb", "deb-src"),
                          file.read(), flags=re.MULTILINE)
        ending = os.path.splitext(path)[1]
        with open(f"{folder}/parts/{number}{ending}", "w", encoding="utf-8") as file:
            file.write(text)


def archive():
    """Its path; fetched once. The distribution may know versions whose files it has not: the newest one that comes is
    taken."""
    if os.path.exists(ARCHIVE):
        return ARCHIVE
    os.makedirs(os.path.dirname(ARCHIVE), exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pgsteer-sources-", dir=os.path.dirname(ARCHIVE)) as folder:
        for name in ("lists/partial", "cache/archives/partial", "parts"):
            os.makedirs(f"{folder}/{name}")
        _write_sources(folder)
        failed = _apt(folder, "apt-get", "update")
        package = subprocess.run(["apt-cache", "depends", "postgresql"], check=True, capture_output=True, text=True)
        package = re.search(r"postgresql-\d+", package.stdout).group()
        versions = re.findall(r"^Version: (\S+)$", _apt(folder, "apt-cache", "showsrc", package).stdout, re.MULTILINE)
        for version in versions:
            failed = _apt(folder, "apt-get", "source", "--download-only", f"{package}={version}")
            found = [name for name in os.listdir(folder) if ".orig.tar." in name and not name.endswith(".asc")]
            if failed.returncode == 0 and found:
                os.replace(f"{folder}/{found[0]}", ARCHIVE)
                return ARCHIVE
    sys.exit(f"the source package of PostgreSQL cannot be fetched: {failed.stderr.strip()}")
