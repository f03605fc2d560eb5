#include "health/patroni.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "cluster/cluster.h"
#include "conf/urls.h"
#include "health/monitor.h"
#include "health/rest.h"
#include "health/roster.h"
#include "net/timer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD_US (2 * US_PER_SEC)
/* A switchover begins at its moment to some milliseconds, by the clock of the server, or not at all. Once the
 * old primary is stopped, writes wait in any case. */
#define EARLY_US (300 * US_PER_MS)
#define LASTS_US (5 * US_PER_SEC)
#define LOOK_US  (50 * US_PER_MS)

/* The addresses of one patroni= value. */
struct watch {
        struct watch *next;
        struct patroni *patroni;
        char *value;
        bool wanted; /* while the configuration is followed */

        const char *rest_of; /* of the addresses not yet asked this time; NULL: none */
        struct rest *rest;
        struct timer *timer;
        bool silent;          /* nobody has answered the last time */
        struct roster roster; /* count 0: nothing is known yet */

        struct timer *look;      /* at the switchover that is intended */
        struct node *held;       /* yields; NULL: nobody does */
        int64_t handled_wall_us; /* the last one that was waited for */
};

struct patroni {
        struct loop *loop;
        const struct conf *conf;
        struct watch *watches;
        void (*changed)(void *arg);
        void *arg;
};

/* ---- a switchover ---- */

static const struct topology *view_of(const struct watch *watch)
{
        const struct conf *conf = watch->patroni->conf;

        for (size_t i = 0; i < conf->database_count; i++) {
                const struct conf_database *line = &conf->databases[i];

                if (line->patroni != NULL && strcmp(line->patroni, watch->value) == 0 &&
                    cluster_for(line)->monitor != NULL)
                        return monitor_view(cluster_for(line)->monitor);
        }
        return NULL;
}

static void let_go(struct watch *watch)
{
        int yield = WISH_YIELD;

        if (watch->held == NULL)
                return;
        log_info("patroni %s: new work goes on", watch->value);
        if (atomic_compare_exchange_strong(&watch->held->wish, &yield, WISH_NONE))
                node_wake();
        watch->held = NULL;
}

static void hold(struct watch *watch, const struct topology *view)
{
        struct node *primary = view != NULL && view->primary >= 0 ? view->nodes[view->primary].node : NULL;

        watch->handled_wall_us = watch->roster.switchover_wall_us;
        if (primary == NULL || atomic_load(&primary->wish) != WISH_NONE)
                return;
        log_info("patroni %s: a switchover is about to begin, new work waits for the next primary",
                 watch->value);
        watch->held = primary;
        node_wish(primary, WISH_YIELD);
}

/* Sets itself the time of the next look, as long as there is something to look for. */
static void on_look(void *arg)
{
        struct watch *watch = arg;
        const struct topology *view = view_of(watch);
        int64_t at = watch->roster.switchover_wall_us, now = clock_wall_us();

        if (watch->held != NULL) {
                bool replaced = view != NULL && view->primary >= 0;

                if (replaced || now >= watch->handled_wall_us + LASTS_US)
                        let_go(watch);
                else
                        timer_once(watch->look, LOOK_US);
                return;
        }
        if (at == 0 || at == watch->handled_wall_us || now >= at + LASTS_US)
                return;
        if (now >= at - EARLY_US)
                hold(watch, view);
        timer_once(watch->look, watch->held != NULL ? LOOK_US : at - EARLY_US - now);
}

/* ---- the members ---- */

static void ask_next(struct watch *watch)
{
        const struct options *opt = &watch->patroni->conf->opt;
        const struct rest_terms terms = {opt->patroni_tls_ca_file, opt->patroni_tls_cert_file,
                                         opt->patroni_tls_key_file, opt->patroni_user, opt->patroni_password};
        char text[ROSTER_HOST_SIZE + 64];
        const char *why;
        struct url url;

        if (!urls_next(&watch->rest_of, &url, &why)) {
                if (!watch->silent)
                        log_warning("patroni %s: no answer from any address; the members stay as they are",
                                    watch->value);
                watch->silent = true;
                timer_once(watch->timer, PERIOD_US);
                return;
        }
        snprintf(text, sizeof(text), "%.*s/cluster", SV_ARG(url.text));
        rest_get(watch->rest, text, &terms, opt->health_check_timeout_us);
}

static void on_period(void *arg)
{
        struct watch *watch = arg;

        watch->rest_of = watch->value;
        ask_next(watch);
}

static void log_members(const struct watch *watch)
{
        char text[1024];
        size_t n = 0;

        for (int i = 0; i < watch->roster.count && n < sizeof(text); i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s:%d", i > 0 ? ", " : "",
                                      watch->roster.members[i].host, watch->roster.members[i].port);
        log_info("patroni %s: the members are %s", watch->value, text);
}

static void on_answer(void *arg, const char *body, size_t size, const char *why)
{
        struct watch *watch = arg;
        struct roster news;

        if (why != NULL || roster_read(&news, body, size, clock_us(), &why) != STATUS_OK) {
                if (!watch->silent)
                        log_info("patroni %s: %s", watch->value, why);
                ask_next(watch);
                return;
        }
        if (watch->silent)
                log_info("patroni %s: answers again", watch->value);
        watch->silent = false;
        timer_once(watch->timer, PERIOD_US);
        if (roster_take(&watch->roster, &news, clock_us())) {
                log_members(watch);
                watch->patroni->changed(watch->patroni->arg);
        }
        if (watch->held == NULL)
                on_look(watch);
}

int patroni_members(void *arg, const char *value, struct conf_host *hosts)
{
        const struct patroni *patroni = arg;

        for (const struct watch *watch = patroni->watches; watch != NULL; watch = watch->next) {
                if (strcmp(watch->value, value) != 0)
                        continue;
                for (int i = 0; i < watch->roster.count; i++)
                        hosts[i] = (struct conf_host){.host = watch->roster.members[i].host,
                                                      .port = watch->roster.members[i].port};
                return watch->roster.count;
        }
        return 0;
}

/* ---- life ---- */

struct patroni *patroni_new(struct loop *loop, void (*changed)(void *arg), void *arg)
{
        struct patroni *patroni = xcalloc(1, sizeof(*patroni));

        patroni->loop = loop;
        patroni->changed = changed;
        patroni->arg = arg;
        return patroni;
}

static struct watch *watch_for(struct patroni *patroni, const char *value)
{
        struct watch *watch;

        for (watch = patroni->watches; watch != NULL; watch = watch->next)
                if (strcmp(watch->value, value) == 0)
                        return watch;
        watch = xcalloc(1, sizeof(*watch));
        watch->next = patroni->watches;
        watch->patroni = patroni;
        watch->value = xstrdup(value);
        watch->rest = rest_new(patroni->loop->base, on_answer, watch);
        watch->timer = timer_new(patroni->loop, on_period, watch);
        watch->look = timer_new(patroni->loop, on_look, watch);
        timer_once(watch->timer, 0);
        return patroni->watches = watch;
}

static void watch_free(struct watch *watch)
{
        let_go(watch);
        rest_free(watch->rest);
        timer_free(watch->timer);
        timer_free(watch->look);
        free(watch->value);
        free(watch);
}

void patroni_configure(struct patroni *patroni, const struct conf *conf)
{
        struct watch **at = &patroni->watches, *watch;

        patroni->conf = conf;
        for (watch = patroni->watches; watch != NULL; watch = watch->next)
                watch->wanted = watch->silent = false; /* what is wrong now is said again */
        for (size_t i = 0; i < conf->database_count; i++)
                if (conf->databases[i].patroni != NULL)
                        watch_for(patroni, conf->databases[i].patroni)->wanted = true;
        while ((watch = *at) != NULL) {
                if (watch->wanted) {
                        at = &watch->next;
                } else {
                        *at = watch->next;
                        watch_free(watch);
                }
        }
}

void patroni_free(struct patroni *patroni)
{
        struct watch *watch;

        if (patroni == NULL)
                return;
        while ((watch = patroni->watches) != NULL) {
                patroni->watches = watch->next;
                watch_free(watch);
        }
        free(patroni);
}
