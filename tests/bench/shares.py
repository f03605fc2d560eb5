"""shares: of the processor time that routed `pgbench -S` takes of pgsteer, the kernel's within it, how many per cent go into

    classification   reading the statement and looking its names up in the catalog
    decision         choosing the node
    statistics       the fingerprint under which the statement is counted (query_stats_size), which reads it once more

perf samples the process with its call chains, so that what libc does for the scanner is the scanner's, and what the scanner
does for a fingerprint is not.
"""
import collections
import os
import re
import shutil
import subprocess

from measure import by_pgbench
from run import BUILD, wait_for

# Of a source file: what its functions are for, and with them all that they call.
PURPOSES = {"src/router/fingerprint.c": "statistics", "src/session/queries.c": "statistics", "src/router/route.c": "decision",
            "src/router/balance.c": "decision", "src/cluster/catalog.c": "classification",
            "src/cluster/catalog_home.c": "classification"}
SHOWN = ("statistics", "classification", "decision")  # where two are at work, the first has called the second
SAMPLES_PER_SECOND, STACK_BYTES = 8000, 4096


def missing():
    """Why nothing can be sampled here; None: it can."""
    for tool in ("perf", "addr2line"):
        if shutil.which(tool) is None:
            return f"there is no {tool}"
    tried = subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-o", os.devnull, "true"], stderr=subprocess.PIPE, text=True)
    return None if tried.returncode == 0 else f"perf record: {(tried.stderr.strip().splitlines() or ['it fails'])[0]}"


def purpose_of(said):
    """`said` is "DIRECTORY/src/ROOM/FILE.c:LINE": DIRECTORY may be another tree's, since compilers' caches are shared."""
    found = re.search(r"src/(\w+)/\w+\.c(?=:)", said)
    return found and PURPOSES.get(found[0], "classification" if found[1] == "router" else None)


def purposes(addresses):
    """{address: what the function there is for}. Of functions that are within each other the outermost counts."""
    addresses = sorted(addresses)
    text = subprocess.run(["addr2line", "-a", "-i", "-e", os.path.join(BUILD, "pgsteer")], input="\n".join(map(hex, addresses)),
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    blocks = [block.splitlines() for block in re.split(r"^0x", text, flags=re.M)[1:]]
    return {address: purpose_of(block[-1]) for address, block in zip(addresses, blocks)}


def chains(data):
    """Of each sample the places in our own program, innermost first."""
    text = subprocess.run(["perf", "script", "-i", data, "--no-inline", "-F", "ip,dso"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=True).stdout
    return [[int(line.split()[0], 16) for line in block.splitlines() if line.endswith("/pgsteer)")]
            for block in text.split("\n\n") if block.strip()]


def shares(data):
    """{purpose: per cent of all samples}."""
    found = chains(data)
    known = purposes({place for chain in found for place in chain})
    of = [[known[place] for place in chain] for chain in found]
    counts = collections.Counter(next((name for name in SHOWN if name in chain), None) for chain in of)
    return {name: 100 * counts[name] / len(found) for name in SHOWN}


def measure(house, mode, seconds):
    peer = house.peer("routed", "real")
    data = os.path.join(house.run.mkdir("shares"), mode)
    perf = subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", str(SAMPLES_PER_SECOND), "--call-graph",
                             f"dwarf,{STACK_BYTES}", "-o", data, "-p", str(peer.pids[0])], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    wait_for(lambda: os.path.exists(data) and os.path.getsize(data) > 0, "perf to begin")
    try:
        by_pgbench(house, peer, seconds, ("-S", "-M", mode, "-c", "32", "-j", "2"), "trust", False)
    finally:
        perf.send_signal(2)
        perf.wait(60)
    return shares(data)
