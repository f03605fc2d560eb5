"""npm: what comes from npm: the packages of a package-lock.json, below build/."""
import os
import shutil
import subprocess


def build(argv, cwd, **environment):
    """Why it failed, or None."""
    done = subprocess.run(argv, cwd=cwd, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
    return f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout[-3000:]}" if done.returncode else None


def install(source, home):
    """Copies the files of `source` to `home`, and installs the packages of its lock file there, once for each lock
    file. Why it failed, or None."""
    os.makedirs(home, exist_ok=True)
    with open(os.path.join(source, "package-lock.json")) as f:
        wanted = f.read()
    installed = os.path.join(home, "installed-lock.json")
    for file in os.listdir(source):
        shutil.copy(os.path.join(source, file), home)
    if os.path.exists(installed) and open(installed).read() == wanted:
        return None
    wrong = build(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], home)
    if not wrong:
        with open(installed, "w") as f:
            f.write(wanted)
    return wrong
