"""confine: runs a program as systemd would by a unit's SystemCallFilter=, RestrictAddressFamilies=,
MemoryDenyWriteExecute=, NoNewPrivileges= and UMask=, without systemd: by a small program that sets the same filter
and becomes it. What the names of sets mean, systemd-analyze says."""
import os
import re
import socket
import subprocess

ALWAYS = {"execve", "exit", "exit_group", "rt_sigreturn", "sigreturn", "getrlimit", "clock_gettime"}

LAUNCHER = """#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#define WORD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IS(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define DENY BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
int main(int argc, char **argv)
{
        struct sock_filter code[] = {
            /* memory that is written and run: mmap's protection is its third argument, as mprotect's is */
            WORD(nr), IS(__NR_mmap, 0, 4), WORD(args[2]), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 6), IS(6, 0, 1), DENY,
            WORD(nr), IS(__NR_mprotect, 0, 3), WORD(args[2]), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 4, 0, 1), DENY,
            WORD(nr), IS(__NR_socket, 0, %d), WORD(args[0]), %s DENY,
            WORD(nr),
            %s
            DENY};
        struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
        if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
                perror("confine");
                return 1;
        }
        umask(%s);
        execv(argv[1], argv + 1);
        perror(argv[1]);
        return 1;
}
"""


def settings(unit):
    """{name: [values in their order]} of a unit file's lines."""
    found = {}
    with open(unit) as f:
        for line in f:
            if match := re.match(r"(\w+)=(.*)", line):
                found.setdefault(match[1], []).append(match[2].strip())
    return found


def members(name):
    """The system calls of a set (@name), or the call itself."""
    if not name.startswith("@"):
        return {name}
    shown = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True, capture_output=True, text=True).stdout
    words = [line.split("#")[0].strip() for line in shown.splitlines()[1:]]
    return set().union(*(members(word) for word in words if word and word != name))


def allowed(unit):
    """The system calls that the unit's filter lets pass: the first line says whether it allows or denies."""
    calls = set(members("@default")) | ALWAYS
    for line in settings(unit)["SystemCallFilter"]:
        words = set().union(*(members(word) for word in line.lstrip("~").split()))
        calls = calls - words | ALWAYS | members("@default") if line.startswith("~") else calls | words
    return calls


def launcher(run, unit):
    """The path of a program that becomes its arguments under what the unit demands."""
    source, program = os.path.join(run.mkdir("confine"), "confine.c"), os.path.join(run.dir, "confine", "confine")
    families = [getattr(socket, name) for name in settings(unit)["RestrictAddressFamilies"][-1].split()]
    checks = "".join(f"IS({int(family)}, {len(families) - i}, 0), " for i, family in enumerate(families))
    passes = "".join(f"\n#ifdef __NR_{call}\n            IS(__NR_{call}, 0, 1), ALLOW,\n#endif\n" for call in sorted(allowed(unit)))
    run.write(source, LAUNCHER % (len(families) + 2, checks, passes, settings(unit)["UMask"][-1]))
    subprocess.run([os.environ.get("CC", "cc"), "-O1", "-o", program, source], check=True)
    os.chmod(program, 0o755)
    run.give(program)
    return program
