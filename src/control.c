#include "control.h"

#include "admin/admin.h"
#include "auth/secret.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "cluster/cluster.h"
#include "health/health.h"
#include "net/helpers.h"
#include "net/timer.h"
#include "process.h"
#include "router/judge.h"
#include "service.h"
#include "session/guesses.h"
#include "session/orders.h"
#include "web.h"
#include "worker.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { SIGNALS = 6, SHUTDOWN_LOOK_MS = 200, HELPERS_END_MS = 500, MEMORY_LOOK_US = 1000000 };

struct control {
        struct loop loop;
        struct conf *conf;
        struct access access; /* of conf */
        struct crowd crowd;
        struct worker *workers;
        struct listeners *listeners, *http;
        struct web web;
        struct health *health;
        struct admin *admin;
        struct event *signals[SIGNALS];
        struct event *shutdown_timer;
        struct timer *refill;
        enum shutdown_mode shutdown;
        bool shutting_down;
        bool helped; /* no helper is at work any more */
        int status;  /* of the process */
        int verbose; /* of the command line */
        int wake_fd;
};

/* ---- configuration ---- */

/* The log, opened anew: that is how it is rotated. */
static void apply_log(struct control *ctl)
{
        struct process_why why;

        if (process_log(ctl->conf, ctl->verbose, &why) != STATUS_OK)
                log_error("%s; logging goes where it went", why.text);
}

static void on_finding(void *arg, bool fatal, const char *text)
{
        (void)arg;
        log_write(fatal ? LOG_ERROR_ : LOG_WARNING_, "%s", text);
}

/* The present configuration and what goes with it. */
static void publish(struct control *ctl, struct access *access)
{
        struct news news = {ctl->conf, access->tls, access->hba};

        room_publish(&ctl->crowd, &news);
        access_release(&ctl->access);
        ctl->access = *access;
}

static void take_conf(struct control *ctl, struct conf *conf, struct access *access)
{
        conf_unref(ctl->conf);
        ctl->conf = conf;
        publish(ctl, access);
        apply_log(ctl);
        listeners_configure(ctl->listeners, &conf->opt);
        orders_give(&ctl->crowd, ORDER_CONFIGURE, NULL, NULL, NULL, NULL);
        health_configure(ctl->health, conf);
        web_configure(&ctl->web, conf);
}

/* A configuration that was read, with the hosts that are known of its lines; takes over the reference. */
static struct conf *with_members(struct control *ctl, struct conf *conf)
{
        struct conf *with = conf_with_members(conf, health_members, ctl->health);

        if (with == NULL)
                return conf;
        conf_unref(conf);
        return with;
}

/* Patroni's members are the hosts of the lines that name it. */
static void on_members(void *arg)
{
        struct control *ctl = arg;
        struct conf *conf = conf_with_members(ctl->conf, health_members, ctl->health);
        struct access access = {.tls = tls_set_ref(ctl->access.tls), .hba = hba_ref(ctl->access.hba)};

        if (conf != NULL)
                take_conf(ctl, conf, &access);
        else
                access_release(&access);
}

static bool reload(void *arg, char *message, size_t size)
{
        struct control *ctl = arg;
        struct conf_report *report = NULL;
        struct conf *conf = NULL;
        struct access access;
        char path[4096], text[512];
        bool good;

        service_reloading();
        snprintf(path, sizeof(path), "%s",
                 ctl->conf->opt.conffile[0] != '\0' ? ctl->conf->opt.conffile : ctl->conf->path);
        log_info("RELOAD: reading %s", path);
        good = conf_load(path, &conf, &report) == STATUS_OK;
        if (good)
                conf = with_members(ctl, conf);
        snprintf(message, size, "%s", "RELOAD failed, see logs for additional details");
        for (size_t i = 0; report != NULL && i < report->count; i++) {
                conf_problem_format(&report->problems[i], text, sizeof(text));
                log_write(report->problems[i].fatal ? LOG_ERROR_ : LOG_WARNING_, "%s", text);
        }
        conf_report_free(report);
        /* Nobody may come in in clear text who thinks that this is forbidden, nor by a rule that was not
         * read: all of it is new, or nothing. */
        if (good && !access_new(conf, &ctl->access, &access, on_finding, NULL)) {
                conf_unref(conf);
                good = false;
        }
        if (!good) {
                log_error("RELOAD: the configuration stays as it was");
                service_ready();
                return false;
        }
        take_conf(ctl, conf, &access);
        tls_set_note_kernel(ctl->access.tls, &ctl->conf->opt);
        service_ready();
        return true;
}

static bool set(void *arg, const char *key, const char *value, char *message, size_t size)
{
        struct control *ctl = arg;
        struct access_change change = {.before = ctl->conf, .key = key};
        struct access access;
        struct conf *conf;

        if (conf_with(ctl->conf, key, value, &conf, message, size) != STATUS_OK)
                return false;
        change.after = conf;
        if (!access_with(&ctl->access, &change, &access, message, size)) {
                conf_unref(conf);
                return false;
        }
        take_conf(ctl, conf, &access);
        return true;
}

static struct conf *present_conf(void *arg)
{
        struct control *ctl = arg;

        return ctl->conf;
}

static struct health *present_health(void *arg)
{
        struct control *ctl = arg;

        return ctl->health;
}

/* ---- shutdown ---- */

static void stop_now(struct control *ctl)
{
        ctl->shutting_down = true;
        loop_stop(&ctl->loop);
}

static void on_servers_counted(void *arg, int busy)
{
        struct control *ctl = arg;

        if (busy == 0 && !ctl->loop.stop) {
                log_info("server connections dropped, exiting");
                stop_now(ctl);
        }
}

static void on_clients_counted(void *arg, int clients)
{
        struct control *ctl = arg;

        if ((size_t)clients + admin_console_count(ctl->admin) == 0 && !ctl->loop.stop) {
                log_info("client connections dropped, exiting");
                stop_now(ctl);
        }
}

static void look(struct control *ctl, enum order_kind servers)
{
        struct mailbox *home = &ctl->loop.mailbox;

        if (ctl->shutdown == SHUTDOWN_WAIT_FOR_SERVERS)
                orders_give(&ctl->crowd, servers, NULL, home, on_servers_counted, ctl);
        else
                orders_give(&ctl->crowd, ORDER_COUNT_CLIENTS, NULL, home, on_clients_counted, ctl);
}

static void on_shutdown_look(evutil_socket_t fd, short what, void *arg)
{
        (void)fd;
        (void)what;
        look(arg, ORDER_DRAIN);
}

/* Who waits there is served, and counts when it is asked whether there are clients. */
static void on_last(void *arg, int fd, const struct address *peer)
{
        struct control *ctl = arg;

        crowd_take(&ctl->crowd, fd, peer);
}

/* No worker watches the sockets any more: now another process may be the only one to answer there. The unix
 * socket stays, for the console. */
static void on_unlistened(void *arg, int zero)
{
        struct control *ctl = arg;
        struct timeval interval = {0, SHUTDOWN_LOOK_MS * 1000L};

        (void)zero;
        listeners_close_tcp(ctl->listeners, on_last, ctl);
        atomic_store(&ctl->crowd.closed_us, clock_us());
        event_add(ctl->shutdown_timer, &interval);
        /* At once, so that an idle process ends at once. Who waits for a server has until the next look to
         * get one. */
        look(ctl, ORDER_PAUSE);
}

static void shut_down(void *arg, enum shutdown_mode mode)
{
        struct control *ctl = arg;

        service_stopping();
        if (mode == SHUTDOWN_NOW) {
                stop_now(ctl);
                return;
        }
        ctl->shutdown = mode;
        if (mode == SHUTDOWN_WAIT_FOR_SERVERS)
                admin_pause(ctl->admin);
        if (ctl->shutting_down)
                return;
        ctl->shutting_down = true;
        atomic_store(&ctl->crowd.refusing, true);
        orders_give(&ctl->crowd, ORDER_UNLISTEN, NULL, &ctl->loop.mailbox, on_unlistened, ctl);
}

/* ---- signals ---- */

/* SIGTERM and SIGINT: the first one waits, the second one does not. */
static void shut_down_by_signal(struct control *ctl, const char *name, enum shutdown_mode mode,
                                const char *waiting)
{
        if (ctl->shutting_down) {
                log_info("got %s while shutting down, fast exit", name);
                mode = SHUTDOWN_NOW;
        } else {
                log_info("got %s, shutting down, waiting for %s", name, waiting);
        }
        if (mode != SHUTDOWN_NOW && admin_is_suspended(ctl->admin)) {
                log_error("suspend was in progress, going down immediately");
                ctl->status = 1;
                mode = SHUTDOWN_NOW;
        }
        shut_down(ctl, mode);
}

static void resume_by_signal(struct control *ctl)
{
        if (ctl->shutting_down)
                log_info("got SIGUSR2 while shutting down, ignoring");
        else
                admin_resume_signal(ctl->admin);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
        struct control *ctl = arg;
        char message[256];

        (void)what;
        switch (number) {
        case SIGHUP:
                log_info("got SIGHUP, re-reading config");
                reload(ctl, message, sizeof(message));
                break;
        case SIGTERM:
                shut_down_by_signal(ctl, "SIGTERM", SHUTDOWN_WAIT_FOR_CLIENTS, "all clients disconnect");
                break;
        case SIGINT:
                shut_down_by_signal(ctl, "SIGINT", SHUTDOWN_WAIT_FOR_SERVERS,
                                    "all servers connections to be released");
                break;
        case SIGQUIT:
                log_info("got SIGQUIT, fast exit");
                shut_down(ctl, SHUTDOWN_NOW);
                break;
        case SIGUSR1: admin_pause_signal(ctl->admin); break;
        case SIGUSR2: resume_by_signal(ctl); break;
        default: break;
        }
}

static void on_refill(void *arg)
{
        (void)arg;
        (void)memory_refill();
        memory_give_back();
}

static void watch_signals(struct control *ctl)
{
        static const int numbers[SIGNALS] = {SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2};

        for (int i = 0; i < SIGNALS; i++) {
                ctl->signals[i] = evsignal_new(ctl->loop.base, numbers[i], on_signal, ctl);
                CHECK(ctl->signals[i] != NULL && event_add(ctl->signals[i], NULL) == 0);
        }
        ctl->shutdown_timer = event_new(ctl->loop.base, -1, EV_PERSIST, on_shutdown_look, ctl);
        CHECK(ctl->shutdown_timer != NULL);
        ctl->refill = timer_new(&ctl->loop, on_refill, ctl);
        timer_every(ctl->refill, MEMORY_LOOK_US);
}

/* ---- start and end ---- */

static void on_news(struct cluster *cluster, enum cluster_news news, void *arg)
{
        struct control *ctl = arg;

        (void)cluster;
        orders_give(&ctl->crowd, news == CLUSTER_TOPOLOGY ? ORDER_TOPOLOGY : ORDER_FRESHNESS, NULL, NULL,
                    NULL, NULL);
}

static const struct admin_ops admin_ops = {present_conf, reload, set, shut_down, present_health};

static int worker_count(const struct conf *conf)
{
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        int n = conf->opt.workers > 0 ? conf->opt.workers : (int)cores;

        return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : n;
}

static void make_workers(struct control *ctl, const struct inheritance *heritage)
{
        struct crowd *crowd = &ctl->crowd;
        static struct pools *peers[WORKERS_MAX];

        crowd->workers = worker_count(ctl->conf);
        secret_random(crowd->statement_key, sizeof(crowd->statement_key));
        secret_random(crowd->mock_key, sizeof(crowd->mock_key));
        crowd->helpers = helpers_new();
        crowd->guesses = guesses_new();
        if (heritage != NULL)
                takeover_share(heritage, crowd);
        crowd->adopt = admin_adopt;
        crowd->cancel_console = admin_cancel;
        crowd->control = &ctl->loop;
        ctl->workers = xcalloc((unsigned long)crowd->workers, sizeof(*ctl->workers));
        for (int i = 0; i < crowd->workers; i++) {
                worker_init(&ctl->workers[i], ctl->conf, crowd, i);
                peers[i] = &ctl->workers[i].room.pools;
        }
        for (int i = 0; i < crowd->workers; i++) {
                peers[i]->count = crowd->workers;
                peers[i]->peers = peers;
        }
}

static void drain(struct control *ctl)
{
        for (int i = 0; i < ctl->crowd.workers; i++)
                loop_drain(&ctl->workers[i].loop);
        loop_drain(&ctl->loop);
        web_drain(&ctl->web);
}

/* All threads have ended: what is left is taken down from here. Letters first, since servers travel in them.
 */
static void take_down(struct control *ctl)
{
        sigset_t all;

        /* A signal that insists, sent when we are at it already, must not kill what is about to end well. */
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, NULL);
        admin_end_takeover(ctl->admin);
        orders_give(&ctl->crowd, ORDER_STOP, NULL, NULL, NULL, NULL);
        web_stop(&ctl->web);
        for (int i = 0; i < ctl->crowd.workers; i++)
                worker_join(&ctl->workers[i]);
        admin_stop_statements(ctl->admin);
        ctl->helped = helpers_stop(ctl->crowd.helpers, HELPERS_END_MS);
        drain(ctl);
        drain(ctl);
        for (int i = 0; i < ctl->crowd.workers; i++)
                room_fini(&ctl->workers[i].room);
        drain(ctl);
        drain(ctl);
        web_fini(&ctl->web);
        admin_free(ctl->admin);
        health_free(ctl->health);
        for (int i = 0; i < ctl->crowd.workers; i++)
                loop_fini(&ctl->workers[i].loop);
        for (int i = 0; i < ctl->crowd.workers; i++)
                room_free(&ctl->workers[i].room);
        for (int i = 0; i < SIGNALS; i++)
                event_free(ctl->signals[i]);
        event_free(ctl->shutdown_timer);
        timer_free(ctl->refill);
        loop_fini(&ctl->loop);
        free(ctl->workers);
        if (ctl->crowd.handed_over)
                listeners_hand_over(ctl->listeners);
        else
                listeners_close(ctl->listeners);
        listeners_hand_over(ctl->http);
        close(ctl->wake_fd);
        guesses_free(ctl->crowd.guesses);
        if (ctl->helped)
                helpers_free(ctl->crowd.helpers);
        else
                helpers_leave(ctl->crowd.helpers);
        room_publish(&ctl->crowd, &(struct news){0});
        access_release(&ctl->access);
        pthread_mutex_destroy(&ctl->crowd.news_lock);
        conf_unref(ctl->conf);
}

static void start_threads(struct control *ctl)
{
        for (int i = 0; i < ctl->crowd.workers; i++)
                worker_start(&ctl->workers[i], ctl->listeners);
        web_start(&ctl->web);
}

/* They are this thread's: the others have started with all of them blocked, as main has left it. */
static void hear_signals(void)
{
        sigset_t all;

        sigfillset(&all);
        pthread_sigmask(SIG_UNBLOCK, &all, NULL);
}

/* Descriptors and threads are there: nothing that we cannot have ends us when the old process has ended. */
static void inherit(struct control *ctl, struct inheritance *heritage)
{
        struct process_why why;

        if (heritage == NULL)
                return;
        if (takeover_finish(heritage, ctl->conf->opt.pidfile, &why) != STATUS_OK) {
                log_write(LOG_FATAL_, "%s", why.text);
                _exit(1); /* the old process goes on with all that we share */
        }
        takeover_deal(heritage, &ctl->crowd);
        takeover_free(heritage);
}

int control_run(const struct launch *launch)
{
        const struct listeners *listeners = launch->listeners;
        struct control *ctl = xcalloc(1, sizeof(*ctl));
        int status;

        ctl->conf = launch->conf;
        ctl->listeners = launch->listeners;
        ctl->http = launch->http;
        ctl->verbose = launch->verbose;
        listeners_configure(launch->listeners, &launch->conf->opt);
        ctl->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        descriptor_needed(ctl->wake_fd >= 0, "an eventfd");
        loop_init(&ctl->loop, ctl);
        cluster_hooks(on_news, ctl, ctl->wake_fd);
        ctl->crowd.listeners = listeners;
        ctl->crowd.http_listeners = launch->http;
        pthread_mutex_init(&ctl->crowd.news_lock, NULL);
        publish(ctl, launch->access);
        make_workers(ctl, launch->heritage);
        ctl->admin = admin_new(&ctl->loop, &ctl->crowd, &admin_ops, ctl);
        ctl->crowd.adopt_arg = ctl->admin;
        ctl->health = health_new(&ctl->loop, ctl->conf, ctl->wake_fd, &judge_maker);
        web_init(&ctl->web, launch->http, ctl->admin, ctl->conf);
        health_watch_members(ctl->health, on_members, ctl);
        watch_signals(ctl);
        threads_hold();
        start_threads(ctl);
        inherit(ctl, launch->heritage);
        threads_go();
        hear_signals();
        tls_set_note_kernel(ctl->access.tls, &ctl->conf->opt);
        log_info("process up: pgsteer %s, %d worker%s, listening on %d socket%s", PGSTEER_VERSION,
                 ctl->crowd.workers, ctl->crowd.workers == 1 ? "" : "s", listeners->count,
                 listeners->count == 1 ? "" : "s");
        service_ready();
        loop_run(&ctl->loop);
        take_down(ctl);
        status = ctl->status;
        *launch->stuck = !ctl->helped;
        free(ctl);
        return status;
}
