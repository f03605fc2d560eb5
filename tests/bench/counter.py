"""counter: how many system calls a process makes, counted by perf's tracepoint, else by strace."""
import shutil
import subprocess
import sys
import time


def perf_start(pid):
    return subprocess.Popen(["perf", "stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-p", str(pid)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def perf_stop(process):
    process.send_signal(2)
    text = process.communicate(timeout=30)[1]
    return int(next(line for line in text.splitlines() if "raw_syscalls" in line).split(",")[0])


def strace_start(pid):
    return subprocess.Popen(["strace", "-c", "-f", "-p", str(pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def strace_stop(process):
    process.send_signal(2)
    text = process.communicate(timeout=30)[1]
    # "% time  seconds  usecs/call  calls  [errors]  total"
    fields = next(line for line in text.splitlines() if line.rstrip().endswith("total")).split()
    return int(fields[3])


def counter():
    """(name, start, stop) of a way to count that works here."""
    for name, start, stop in (("perf", perf_start, perf_stop), ("strace", strace_start, strace_stop)):
        if shutil.which(name) is None:
            continue
        victim = subprocess.Popen([sys.executable, "-c", "import time\nwhile True: time.sleep(0.01)"])
        try:
            process = start(victim.pid)
            time.sleep(0.5)
            if process.poll() is None and stop(process) > 0:
                return name, start, stop
        except (ValueError, StopIteration, IndexError, OSError):
            pass
        finally:
            victim.kill()
            victim.wait()
    return None
