/* main: the command line, and what must be done before threads exist: the configuration, the sockets, the
 * user, the pid file. */
#include "base/check.h"
#include "base/log.h"
#include "conf/conf.h"
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct arguments {
        const char *file;
        const char *user;
        bool daemon, check, quiet;
        int verbose;
};

static void print_help(const char *program)
{
        printf("pgsteer: one PostgreSQL endpoint in front of a primary and its standbys\n\n"
               "Usage: %s [OPTION]... CONFIG.INI\n\n"
               "  -t, --check          check CONFIG.INI, say all that is wrong with it, and exit\n"
               "  -d, --daemon         run in the background (needs logfile and pidfile)\n"
               "  -u, --user=USER      become USER after start\n"
               "  -q, --quiet          do not log to standard error\n"
               "  -v, --verbose        log more; may be given twice\n"
               "      --help-config    describe every setting and exit\n"
               "  -V, --version        show the version and exit\n"
               "  -h, --help           show this text and exit\n",
               program);
}

/* One line for a person, exit status 1. */
static int die(const char *text)
{
        fprintf(stderr, "pgsteer: %s\n", text);
        return 1;
}

/* Returns -1 to go on, else the exit status. */
static int read_arguments(int argc, char **argv, struct arguments *a)
{
        static const struct option options[] = {
            {"check", no_argument, NULL, 't'},
            {"daemon", no_argument, NULL, 'd'},
            {"user", required_argument, NULL, 'u'},
            {"quiet", no_argument, NULL, 'q'},
            {"verbose", no_argument, NULL, 'v'},
            {"version", no_argument, NULL, 'V'},
            {"help", no_argument, NULL, 'h'},
            {"help-config", no_argument, NULL, 'C'},
            {NULL, 0, NULL, 0},
        };
        int c;

        /* No thread exists yet. NOLINTNEXTLINE(concurrency-mt-unsafe) */
        while ((c = getopt_long(argc, argv, "tdu:qvVh", options, NULL)) != -1) {
                switch (c) {
                case 't': a->check = true; break;
                case 'd': a->daemon = true; break;
                case 'u': a->user = optarg; break;
                case 'q': a->quiet = true; break;
                case 'v': a->verbose++; break;
                case 'V': printf("PgBouncer 1.25.2 (pgsteer %s)\n", PGSTEER_VERSION); return 0;
                case 'h': print_help(argv[0]); return 0;
                case 'C': conf_help(stdout); return 0;
                default: return die("try --help");
                }
        }
        if (optind + 1 != argc)
                return die(optind == argc ? "no configuration file given; try --help"
                                          : "more than one configuration file given; try --help");
        a->file = argv[optind];
        return -1;
}

static struct conf *load(const struct arguments *a)
{
        struct conf_report *report = NULL;
        struct conf *conf = NULL;
        char text[1024];
        bool good = conf_load(a->file, &conf, &report) == STATUS_OK;

        for (size_t i = 0; report != NULL && i < report->count; i++) {
                if (good && a->quiet && !report->problems[i].fatal)
                        continue;
                conf_problem_format(&report->problems[i], text, sizeof(text));
                fprintf(stderr, "pgsteer: %s\n", text);
        }
        conf_report_free(report);
        return good ? conf : NULL;
}

static bool listen_on(const struct conf *conf, struct listeners *l, char *message, size_t size)
{
        const struct options *opt = &conf->opt;
        char host[256];
        const char *rest = opt->listen_addr;
        struct sv word;

        while (option_list_next(&rest, &word)) {
                snprintf(host, sizeof(host), "%.*s", SV_ARG(word));
                if (listeners_add(l, host, opt->listen_port, opt->listen_backlog, 0, message, size) !=
                    STATUS_OK)
                        return false;
        }
        if (opt->unix_socket_dir[0] != '\0' &&
            listeners_add(l, opt->unix_socket_dir, opt->listen_port, opt->listen_backlog,
                          opt->unix_socket_mode, message, size) != STATUS_OK)
                return false;
        if (l->count == 0)
                snprintf(message, size, "nothing to listen on: set listen_addr or unix_socket_dir");
        return l->count > 0;
}

static bool become(const char *name, char *message, size_t size)
{
        struct passwd entry, *user = NULL;
        char strings[4096];

        if (getpwnam_r(name, &entry, strings, sizeof(strings), &user) != 0 || user == NULL) {
                snprintf(message, size, "user \"%s\" does not exist", name);
                return false;
        }
        if (user->pw_uid == 0) {
                snprintf(message, size, "user \"%s\" is root; pgsteer should not run as root", name);
                return false;
        }
        if (initgroups(name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0) {
                snprintf(message, size, "cannot become user \"%s\": %s", name, strerrordesc_np(errno));
                return false;
        }
        return true;
}

/* As many descriptors as the hard limit allows: each client is one. */
static void raise_descriptor_limit(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
                limit.rlim_cur = limit.rlim_max;
                (void)setrlimit(RLIMIT_NOFILE, &limit);
        }
}

/* A pid file whose process is alive is another pgsteer's. */
static bool claim_pidfile(const char *path, char *message, size_t size)
{
        FILE *f = fopen(path, "re");
        long pid = 0;

        if (f != NULL) {
                char line[32] = "";

                if (fgets(line, sizeof(line), f) != NULL)
                        pid = strtol(line, NULL, 10);
                fclose(f);
                if (pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM)) {
                        snprintf(message, size, "pidfile %s exists and process %ld is running", path, pid);
                        return false;
                }
        }
        return true;
}

static bool write_pidfile(const char *path, char *message, size_t size)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        if (fd < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0) {
                snprintf(message, size, "cannot write pidfile %s: %s", path, strerrordesc_np(errno));
                if (fd >= 0)
                        close(fd);
                return false;
        }
        close(fd);
        return true;
}

static bool go_to_background(void)
{
        int null;
        pid_t pid = fork();

        if (pid < 0)
                return false;
        if (pid > 0)
                _exit(0);
        setsid();
        null = open("/dev/null", O_RDWR);
        if (null < 0)
                return false;
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        if (null > STDERR_FILENO)
                close(null);
        return true;
}

static bool prepare(const struct arguments *a, const struct conf *conf, struct listeners *listeners,
                    char *message, size_t size)
{
        const struct options *opt = &conf->opt;
        const char *user = a->user != NULL ? a->user : opt->user;

        if (a->daemon && (opt->logfile[0] == '\0' || opt->pidfile[0] == '\0')) {
                snprintf(message, size, "-d needs logfile and pidfile in %s", a->file);
                return false;
        }
        if (geteuid() == 0 && user[0] == '\0') {
                snprintf(message, size, "pgsteer should not run as root: set user= in %s, or use -u",
                         a->file);
                return false;
        }
        raise_descriptor_limit();
        if (opt->pidfile[0] != '\0' && !claim_pidfile(opt->pidfile, message, size))
                return false;
        if (!listen_on(conf, listeners, message, size))
                return false;
        if (geteuid() == 0 && !become(user, message, size))
                return false;
        if (!log_open(opt->logfile, !a->quiet && !a->daemon)) {
                snprintf(message, size, "cannot open logfile %s: %s", opt->logfile, strerrordesc_np(errno));
                return false;
        }
        if (a->daemon && !go_to_background()) {
                snprintf(message, size, "cannot go to the background: %s", strerrordesc_np(errno));
                return false;
        }
        return opt->pidfile[0] == '\0' || write_pidfile(opt->pidfile, message, size);
}

int main(int argc, char **argv)
{
        struct arguments a = {0};
        static struct listeners listeners;
        char message[512], pidfile[256];
        struct conf *conf;
        int status = read_arguments(argc, argv, &a);

        if (status >= 0)
                return status;
        conf = load(&a);
        if (conf == NULL)
                return 1;
        if (a.check) {
                printf("%s: good\n", a.file);
                conf_unref(conf);
                return 0;
        }
        signal(SIGPIPE, SIG_IGN);
        log_set_level((enum log_level)(LOG_INFO_ + conf->opt.verbose + a.verbose));
        snprintf(pidfile, sizeof(pidfile), "%s", conf->opt.pidfile);
        if (!prepare(&a, conf, &listeners, message, sizeof(message))) {
                listeners_close(&listeners);
                conf_unref(conf);
                return die(message);
        }
        status = control_run(conf, &listeners);
        if (pidfile[0] != '\0')
                (void)unlink(pidfile);
        return status;
}
