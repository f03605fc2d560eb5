#include "process.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIDFILE_LOOK_US = 20000, PIDFILE_PATIENCE_US = 30000000 };

enum status process_fail(struct process_why *why, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        vsnprintf(why->text, sizeof(why->text), format, ap);
        va_end(ap);
        return STATUS_DENIED;
}

bool process_may_be_root(void)
{
        uid_t real, effective, saved;

        return getresuid(&real, &effective, &saved) != 0 || real == 0 || effective == 0 || saved == 0;
}

enum status process_become(const char *name, struct process_why *why)
{
        struct passwd entry, *user = NULL;
        char strings[4096];

        if (getpwnam_r(name, &entry, strings, sizeof(strings), &user) != 0 || user == NULL)
                return process_fail(why, "could not find user '%s' to switch to: it does not exist", name);
        if (user->pw_uid == 0)
                return process_fail(why, "user '%s' is root; pgsteer should not run as root", name);
        if (geteuid() == user->pw_uid && getuid() == user->pw_uid && !process_may_be_root())
                return STATUS_OK;
        if ((geteuid() == 0 && initgroups(name, user->pw_gid) != 0) ||
            setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
            setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
                return process_fail(why, "failed to assume identity of user '%s': %s", name,
                                    strerrordesc_np(errno));
        return STATUS_OK;
}

enum status process_log(const struct conf *conf, int verbose, struct process_why *why)
{
        const struct options *opt = &conf->opt;
        const struct option_info *facility = option_at(OPTION_ID_syslog_facility);
        struct sv word = option_word(facility, opt->syslog_facility);
        char name[32];

        if (conf_is_set(conf, option_at(OPTION_ID_verbose)))
                verbose = opt->verbose;
        log_set_level((enum log_level)(LOG_INFO_ + (verbose > 3 ? 3 : verbose)));
        log_set_format((enum log_format)opt->log_format);
        snprintf(name, sizeof(name), "%.*s", SV_ARG(word));
        log_to_syslog(opt->syslog, opt->syslog_ident, name);
        if (!log_open(opt->logfile))
                return process_fail(why, "cannot open logfile '%s': %s", opt->logfile,
                                    strerrordesc_np(errno));
        return STATUS_OK;
}

void process_raise_limits(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
                limit.rlim_cur = limit.rlim_max;
                (void)setrlimit(RLIMIT_NOFILE, &limit);
        }
}

/* ---- pid file ---- */

/* The number in the file; 0: there is none. */
static long number_in(int fd)
{
        char text[64];
        ssize_t n = read(fd, text, sizeof(text) - 1);

        if (n <= 0)
                return 0;
        text[n] = '\0';
        return strtol(text, NULL, 10);
}

enum status pidfile_claim(const char *path, struct process_why *why)
{
        long pid;
        int fd;

        if (path == NULL || path[0] == '\0')
                return STATUS_OK;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return STATUS_OK;
        if (fd < 0)
                return process_fail(why, "could not open pidfile '%s': %s", path, strerrordesc_np(errno));
        pid = number_in(fd);
        close(fd);
        if (pid <= 0)
                return process_fail(why, "pidfile '%s' exists, another instance running? It names no process",
                                    path);
        if (kill((pid_t)pid, 0) == 0 || errno != ESRCH)
                return process_fail(why, "pidfile '%s' exists, another instance running? Process %ld is",
                                    path, pid);
        log_info("stale pidfile, removing");
        if (unlink(path) != 0)
                return process_fail(why, "could not remove stale pidfile: %s", strerrordesc_np(errno));
        return STATUS_OK;
}

enum status pidfile_write(const char *path, struct process_why *why)
{
        char text[32];
        int fd, saved, n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

        if (path == NULL || path[0] == '\0')
                return STATUS_OK;
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
                return process_fail(why, "could not open pidfile '%s': %s", path, strerrordesc_np(errno));
        errno = ENOSPC; /* what a short write means */
        if (write(fd, text, (size_t)n) != n) {
                saved = errno;
                close(fd);
                (void)unlink(path);
                return process_fail(why, "could not write pidfile '%s': %s", path, strerrordesc_np(saved));
        }
        close(fd);
        return STATUS_OK;
}

enum status pidfile_await_gone(const char *path, struct process_why *why)
{
        int64_t end = clock_us() + PIDFILE_PATIENCE_US;
        struct stat st;

        if (path == NULL || path[0] == '\0')
                return STATUS_OK;
        while (stat(path, &st) == 0) {
                if (clock_us() > end)
                        return process_fail(why, "pidfile '%s' of the old process does not go away", path);
                usleep(PIDFILE_LOOK_US);
        }
        return STATUS_OK;
}

/* ---- background ---- */

/* The parent ends here, without what it would clean up: that is the child's now. */
static bool leave_to_child(void)
{
        pid_t pid = fork();

        if (pid > 0)
                _exit(0);
        return pid == 0;
}

enum status process_go_to_background(struct process_why *why)
{
        int null = open("/dev/null", O_RDWR);

        /* Twice: a session's leader could still get a terminal by opening one. */
        if (null < 0 || !leave_to_child() || setsid() < 0 || !leave_to_child())
                return process_fail(why, "cannot go to the background: %s", strerrordesc_np(errno));
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        if (null > STDERR_FILENO)
                close(null);
        return STATUS_OK;
}
