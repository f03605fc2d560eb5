/* main: the command line, and what must be done before threads exist: the configuration, the user, the log,
 * the sockets, the pid file. */
#include "audit.h"
#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "control.h"
#include "health/health.h"
#include "process.h"
#include "service.h"
#include "session/supposed.h"
#include "terminal.h"
#include "web.h"

#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct arguments {
        const char *program, *file, *user;
        bool daemon, check, quiet, reboot;
        bool classify, lines, explain; /* questions to the router instead of a process that serves */
        bool supposes;                 /* `session` says something */
        const char *database, *sql;    /* of these */
        struct supposed session;       /* of --explain */
        int verbose;
};

static void print_help(const char *program)
{
        printf(
            "pgsteer: one PostgreSQL endpoint in front of a primary and its standbys\n\n"
            "Usage: %s [OPTION]... CONFIG_FILE\n"
            "       %s top [--once] CONFIG_FILE | CONNECTION   what a running pgsteer does, in a terminal\n\n"
            "  -t, --check          check CONFIG_FILE, say all that is wrong with it, and exit\n"
            "  -d, --daemon         run in background (needs a pidfile)\n"
            "  -R, --reboot         take over from the process that runs, with all its clients\n"
            "  -u, --user=USERNAME  assume identity of USERNAME\n"
            "  -q, --quiet          do not log to standard error\n"
            "  -v, --verbose        log more; may be given twice\n"
            "      --help-config    describe every setting and exit\n"
            "      --explain        CONFIG_FILE DATABASE SQL: say where SQL would go, and why\n"
            "      --set=NAME=VALUE with --explain: in a session that has set this; \"user\" is its user\n"
            "      --classify       say of each statement of standard input (they are separated\n"
            "                       by NUL) whether it may go to a standby: R or W, why, by which token\n"
            "      --lines          with --classify: each line is a statement\n"
            "      --database=NAME  with --classify: by the catalog of this database of CONFIG_FILE\n"
            "  -V, --version        show version, then exit\n"
            "  -h, --help           show this help, then exit\n",
            program, program);
}

/* The first line is what SHOW VERSION says. */
static void print_version(void)
{
        printf("PgBouncer 1.25.2 (pgsteer %s)\nlibevent %s\nsystemd: yes\n", PGSTEER_VERSION,
               event_get_version());
}

/* One line for a person, exit status 1. */
static int die(const char *text)
{
        fprintf(stderr, "pgsteer: %s\n", text);
        log_to_stderr(false);
        log_write(LOG_FATAL_, "%s", text);
        return 1;
}

static int misused(const struct arguments *a, const char *why)
{
        if (why != NULL)
                fprintf(stderr, "%s: %s\n", a->program, why);
        fprintf(stderr, "Try \"%s --help\" for more information.\n", a->program);
        return 1;
}

/* --set=NAME=VALUE; false: that cannot be, as has been said. */
static bool suppose(struct arguments *a, char *text)
{
        char *sign = strchr(text, '=');
        struct refusal r;

        a->supposes = true;
        if (sign == NULL) {
                (void)misused(a, "--set needs NAME=VALUE");
                return false;
        }
        *sign = '\0';
        if (supposed_set(&a->session, text, sign + 1, &r))
                return true;
        fprintf(stderr, "%s: --set=%s: %s\n%s\n", a->program, text, r.text, r.hint != NULL ? r.hint : "");
        return false;
}

/* What stands behind the options of --explain and --classify. Returns as read_arguments. */
static int read_question(int argc, char **argv, struct arguments *a)
{
        int files = a->explain ? 3 : a->database != NULL ? 1 : 0;

        if (a->explain == a->classify || (a->explain && (a->lines || a->database != NULL)) ||
            (a->supposes && !a->explain))
                return misused(a, "--lines and --database go with --classify, --set with --explain");
        if (optind + files != argc)
                return misused(a, a->explain ? "--explain needs CONFIG_FILE DATABASE SQL"
                                  : a->database != NULL
                                      ? "--database needs one CONFIG_FILE"
                                      : "--classify needs --database=NAME for a CONFIG_FILE");
        if (files > 0)
                a->file = argv[optind];
        if (a->explain) {
                a->database = argv[optind + 1];
                a->sql = argv[optind + 2];
        }
        return -1;
}

/* Returns -1 to go on, else the exit status. */
static int read_arguments(int argc, char **argv, struct arguments *a)
{
        static const struct option options[] = {
            {"check", no_argument, NULL, 't'},
            {"daemon", no_argument, NULL, 'd'},
            {"reboot", no_argument, NULL, 'R'},
            {"user", required_argument, NULL, 'u'},
            {"quiet", no_argument, NULL, 'q'},
            {"verbose", no_argument, NULL, 'v'},
            {"version", no_argument, NULL, 'V'},
            {"help", no_argument, NULL, 'h'},
            {"help-config", no_argument, NULL, 'C'},
            {"explain", no_argument, NULL, 'E'},
            {"classify", no_argument, NULL, 'K'},
            {"lines", no_argument, NULL, 'L'},
            {"database", required_argument, NULL, 'D'},
            {"set", required_argument, NULL, 'S'},
            {NULL, 0, NULL, 0},
        };
        int c;

        a->program = argv[0];
        /* No thread exists yet. NOLINTNEXTLINE(concurrency-mt-unsafe) */
        while ((c = getopt_long(argc, argv, "tdRu:qvVh", options, NULL)) != -1) {
                switch (c) {
                case 't': a->check = true; break;
                case 'd': a->daemon = true; break;
                case 'R': a->reboot = true; break;
                case 'u': a->user = optarg; break;
                case 'q': a->quiet = true; break;
                case 'v': a->verbose++; break;
                case 'V': print_version(); return 0;
                case 'h': print_help(argv[0]); return 0;
                case 'C': conf_help(stdout); return 0;
                case 'E': a->explain = true; break;
                case 'K': a->classify = true; break;
                case 'L': a->lines = true; break;
                case 'D': a->database = optarg; break;
                case 'S':
                        if (!suppose(a, optarg))
                                return 1;
                        break;
                default: return misused(a, NULL);
                }
        }
        if (a->explain || a->classify || a->lines || a->database != NULL || a->supposes)
                return read_question(argc, argv, a);
        if (optind + 1 != argc)
                return misused(a, optind == argc ? "no configuration file specified"
                                                 : "more than one configuration file specified");
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

static struct conf *load_quietly(const char *file)
{
        return load(&(struct arguments){.file = file, .quiet = true});
}

static void on_finding(void *arg, bool fatal, const char *text)
{
        const struct arguments *a = arg;

        if (fatal)
                (void)die(text);
        else if (!a->quiet)
                fprintf(stderr, "pgsteer: %s\n", text);
}

static int answer_question(const struct arguments *a)
{
        struct conf *conf = a->file != NULL ? load(a) : NULL;
        int status;

        if (a->file != NULL && conf == NULL)
                return 1;
        status = a->explain ? audit_explain(conf, a->database, &a->session, a->sql)
                            : audit_classify(conf, a->database, a->lines);
        conf_unref(conf);
        return status;
}

/* Every address of listen_addr that can be had; to have none of them is an error. */
static bool listen_on_addresses(const struct options *opt, const struct listen_how *how, struct listeners *l,
                                struct process_why *why)
{
        const char *rest = opt->listen_addr;
        struct listen_why refused;
        int wanted = 0, got = 0;
        char host[256];
        struct sv word;

        while (option_list_next(&rest, &word)) {
                snprintf(host, sizeof(host), "%.*s", SV_ARG(word));
                wanted++;
                if (listeners_add(l, host, opt->listen_port, how, &refused) == STATUS_OK) {
                        got++;
                        continue;
                }
                snprintf(why->text, sizeof(why->text), "%s", refused.text);
                log_warning("%s", refused.text);
        }
        return wanted == 0 || got > 0;
}

static bool listen_on(const struct conf *conf, struct listeners *l, struct process_why *why)
{
        const struct options *opt = &conf->opt;
        struct listen_how how = {opt->listen_backlog, opt->so_reuseport, opt->unix_socket_mode,
                                 opt->unix_socket_group};
        struct listen_why refused;

        if (service_sockets() > 0) {
                if (opt->listen_addr[0] != '\0')
                        log_warning("sockets passed from service manager, listen_addr ignored");
                service_offer_sockets(l);
                listeners_take_spares(l);
                return true;
        }
        if (!listen_on_addresses(opt, &how, l, why))
                return false;
        if (opt->unix_socket_dir[0] != '\0' &&
            listeners_add(l, opt->unix_socket_dir, opt->listen_port, &how, &refused) != STATUS_OK) {
                snprintf(why->text, sizeof(why->text), "%s", refused.text);
                return false;
        }
        if (l->count == 0)
                snprintf(why->text, sizeof(why->text),
                         "nothing to listen on: set listen_addr or unix_socket_dir");
        return l->count > 0;
}

/* Who we are, and where we log. As PgBouncer: all files and sockets are made by the user we become. */
static bool settle_in(const struct arguments *a, const struct conf *conf, struct process_why *why)
{
        const char *user = a->user != NULL ? a->user : conf->opt.user;

        if (a->daemon && conf->opt.pidfile[0] == '\0') {
                snprintf(why->text, sizeof(why->text), "daemon needs pidfile configured in %s", a->file);
                return false;
        }
        if (process_may_be_root() && user[0] == '\0') {
                snprintf(why->text, sizeof(why->text),
                         "pgsteer should not run as root: set user= in %s, or use -u", a->file);
                return false;
        }
        process_raise_limits();
        log_to_stderr(!a->quiet && !a->daemon); /* a pipe's other user may not open it */
        (void)umask(S_IRWXG | S_IRWXO); /* files are ours alone; sockets get their mode when they are there */
        if (user[0] != '\0' && process_become(user, why) != STATUS_OK)
                return false;
        CHECK(!process_may_be_root());
        return process_log(conf, a->verbose, why) == STATUS_OK;
}

/* With -R, *heritage is what the old process has; NULL when there is none. */
static bool meet_old_process(const struct arguments *a, struct launch *launch, struct process_why *why)
{
        if (a->reboot && service_sockets() > 0) {
                snprintf(why->text, sizeof(why->text), "cannot reboot under service manager");
                return false;
        }
        if (a->reboot) {
                switch (takeover_begin(launch->conf, &launch->heritage, why)) {
                case STATUS_OK: takeover_offer_sockets(launch->heritage, launch->listeners); return true;
                case STATUS_ABSENT: log_info("old process not found, try to continue normally"); break;
                case STATUS_AGAIN:
                case STATUS_EOF:
                case STATUS_IO:
                case STATUS_INVALID:
                case STATUS_LIMIT:
                case STATUS_DENIED: return false;
                }
        }
        return pidfile_claim(launch->conf->opt.pidfile, why) == STATUS_OK;
}

/* From now on we may be signalled; until control_run() listens, signals wait. */
static bool tell_number(const struct launch *launch, struct process_why *why)
{
        sigset_t all;

        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, NULL);
        return launch->heritage != NULL || pidfile_write(launch->conf->opt.pidfile, why) == STATUS_OK;
}

/* What can go wrong does so before an old process ends: control_run ends it, and writes the pid file then. */
static bool prepare(const struct arguments *a, struct launch *launch, struct process_why *why)
{
        return settle_in(a, launch->conf, why) && meet_old_process(a, launch, why) &&
               listen_on(launch->conf, launch->listeners, why) &&
               web_listen(&launch->conf->opt, launch->listeners, launch->http, why) &&
               (!a->daemon || process_go_to_background(why) == STATUS_OK) && tell_number(launch, why);
}

int main(int argc, char **argv)
{
        struct arguments a = {0};
        static struct listeners listeners, http;
        bool stuck = false;
        struct launch launch = {.listeners = &listeners, .http = &http, .stuck = &stuck};
        struct process_why why = {""};
        char pidfile[256];
        struct access access;
        int status;

        if (argc > 1 && strcmp(argv[1], "top") == 0)
                return terminal(argc - 1, argv + 1, load_quietly);
        loop_prepare();
        supposed_init(&a.session);
        status = read_arguments(argc, argv, &a);
        if (status < 0 && (a.explain || a.classify))
                status = answer_question(&a);
        supposed_fini(&a.session);
        if (status >= 0)
                return status;
        launch.verbose = a.verbose;
        launch.conf = load(&a);
        if (launch.conf == NULL)
                return 1;
        launch.access = &access;
        if (!access_new(launch.conf, NULL, &access, on_finding, &a)) {
                conf_unref(launch.conf);
                return 1;
        }
        if (a.check) {
                printf("%s: good\n", a.file);
                access_release(&access);
                conf_unref(launch.conf);
                return 0;
        }
        memory_tune();
        (void)memory_refill();
        signal(SIGPIPE, SIG_IGN);
        health_prepare();
        snprintf(pidfile, sizeof(pidfile), "%s", launch.conf->opt.pidfile);
        if (!prepare(&a, &launch, &why)) {
                if (launch.heritage != NULL)
                        listeners_hand_over(&listeners); /* the old process still has them */
                else
                        listeners_close(&listeners);
                listeners_hand_over(&http);
                takeover_free(launch.heritage);
                access_release(&access);
                conf_unref(launch.conf);
                return die(why.text);
        }
        status = control_run(&launch);
        if (pidfile[0] != '\0')
                (void)unlink(pidfile);
        if (stuck)
                _exit(status);
        return status;
}
