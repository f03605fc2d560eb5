#include "health/monitor.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "cluster/cluster.h"
#include "conf/conf.h"
#include "health/gauge.h"
#include "health/history.h"
#include "health/login.h"
#include "health/news.h"
#include "health/pace.h"
#include "health/probe.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

/* A standby is asked a little after the primary, so that what the primary just said can have arrived there.
 */
#define STAGGER (50 * US_PER_MS)
/* However loud the evidence, a node is not asked more often. */
#define LEAST_GAP (10 * US_PER_MS)
/* What workers have lost so long before a verdict has nothing to do with it. */
#define CALM US_PER_SEC

struct watched {
        struct monitor *monitor;
        int index;
        struct probe *probe;
        int64_t asked_us; /* when it was last asked; 0: never */
        bool urgent;      /* ask as soon as possible */
};

struct monitor {
        struct event_base *base;
        struct names *names;
        struct cluster *cluster;
        struct event *tick;

        char *name; /* of the line, for the log */
        int64_t timeout_us;
        struct elect_rules rules;
        struct pace pace;

        struct watched watched[TOPOLOGY_NODES_MAX];
        struct dossier dossiers[TOPOLOGY_NODES_MAX];
        struct elect_memory memory;
        struct topology *view; /* never handed out for keeping: a copy of it is published */
        struct gauge gauge;
        struct history history;
        uint64_t
            calm_toll[TOLL_KINDS]; /* before the first signs of trouble: losses come before the verdict */
};

static void on_tick(evutil_socket_t fd, short what, void *arg);
static void on_answer(const struct answer *answer, void *arg);

struct monitor *monitor_new(struct event_base *base, struct names *names, struct cluster *cluster)
{
        struct monitor *monitor = xcalloc(1, sizeof(*monitor));
        struct topology *published = NULL;

        monitor->base = base;
        monitor->names = names;
        monitor->cluster = cluster;
        monitor->tick = evtimer_new(base, on_tick, monitor);
        CHECK(monitor->tick != NULL);
        cluster_refresh(cluster, &published);
        monitor->view = topology_copy(published);
        topology_unref(published);
        elect_init(&monitor->memory);
        monitor->pace.no_primary_us = clock_us();
        monitor->gauge.node = -1;
        for (int i = 0; i < cluster->count; i++) {
                monitor->watched[i] = (struct watched){.monitor = monitor, .index = i};
                dossier_init(&monitor->dossiers[i]);
        }
        return monitor;
}

/* When node `i` is to be asked next. */
static int64_t due_us(const struct monitor *monitor, int i)
{
        const struct watched *watched = &monitor->watched[i];
        const struct topology_node *node = &monitor->view->nodes[i];
        int primary = monitor->view->primary;
        int64_t period = pace_period(&monitor->pace, node, &monitor->dossiers[i]), due;

        if (watched->urgent)
                return watched->asked_us + (period < LEAST_GAP ? period : LEAST_GAP);
        due = watched->asked_us + period;
        if (primary >= 0 && primary != i && period > 2 * STAGGER) {
                int64_t after = monitor->watched[primary].asked_us + STAGGER;

                due = due > after ? due : after;
        }
        return due;
}

/* Asks every node whose time has come, and sets the timer for the next. */
static void ask_who_is_due(struct monitor *monitor)
{
        int64_t now = clock_us(), next = INT64_MAX;
        struct timeval tv;

        monitor->pace.now_us = now;
        monitor->pace.wanted_us =
            atomic_load_explicit(&monitor->cluster->floor_wanted_us, memory_order_relaxed);
        monitor->pace.awaited = atomic_load_explicit(&monitor->cluster->catching, memory_order_relaxed) > 0;
        for (int i = 0; i < monitor->view->count; i++) {
                struct watched *watched = &monitor->watched[i];
                int64_t due;

                if (probe_is_asking(watched->probe))
                        continue;
                due = due_us(monitor, i);
                if (due <= now) {
                        watched->asked_us = now;
                        watched->urgent = false;
                        probe_ask(watched->probe, pace_timeout(monitor->timeout_us, &monitor->dossiers[i]));
                } else if (due < next) {
                        next = due;
                }
        }
        if (next == INT64_MAX) { /* all are being asked: the answers come back here */
                event_del(monitor->tick);
                return;
        }
        next -= now;
        tv = (struct timeval){.tv_sec = next / US_PER_SEC, .tv_usec = next % US_PER_SEC};
        CHECK(event_add(monitor->tick, &tv) == 0);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
        (void)fd;
        (void)what;
        ask_who_is_due(arg);
}

static void read_toll(const struct monitor *monitor, uint64_t toll[TOLL_KINDS])
{
        for (int kind = 0; kind < TOLL_KINDS; kind++)
                toll[kind] = atomic_load_explicit(&monitor->cluster->toll[kind], memory_order_relaxed);
}

static void note_failover(struct monitor *monitor, const struct topology *was)
{
        const struct topology *is = monitor->view;
        uint64_t toll[TOLL_KINDS];
        struct failover last;

        if (was->primary == is->primary)
                return;
        if (was->primary >= 0)
                history_lost(&monitor->history, was->nodes[was->primary].node->name,
                             is->nodes[was->primary].why, clock_us(), clock_wall_us(), monitor->calm_toll);
        if (is->primary >= 0) {
                history_elected(&monitor->history, is->nodes[is->primary].node->name,
                                is->nodes[is->primary].timeline, clock_us(), clock_wall_us());
                read_toll(monitor, toll);
                /* the first primary is none that replaces another */
                if (history_last(&monitor->history, clock_us(), toll, &last))
                        news_of_failover(monitor->name, &last);
        }
}

bool monitor_failover(const struct monitor *monitor, size_t i, struct failover *out)
{
        uint64_t toll[TOLL_KINDS];

        read_toll(monitor, toll);
        return history_at(&monitor->history, i, clock_us(), toll, out);
}

size_t monitor_failovers(const struct monitor *monitor)
{
        return monitor->history.count;
}

/* Tells the log and all readers. `was` is the view before. */
static void publish(struct monitor *monitor, const struct topology *was)
{
        struct topology *view = monitor->view;

        for (int i = 0; i < view->count; i++) {
                if (view->nodes[i].role != was->nodes[i].role || view->nodes[i].state != was->nodes[i].state)
                        view->nodes[i].since_wall_us = clock_wall_us();
                if (view->nodes[i].state == NODE_UP && was->nodes[i].state != NODE_UP) {
                        view->nodes[i].returned_us = view->nodes[i].served ? clock_us() : 0;
                        view->nodes[i].served = true;
                }
                news_of_node(monitor->name, monitor->memory.nodes[i].cause, &was->nodes[i], &view->nodes[i]);
        }
        news_of_primary(monitor->name, was, view);
        note_failover(monitor, was);
        monitor->pace.changed_us = clock_us();
        if (view->primary < 0 && was->primary >= 0)
                monitor->pace.no_primary_us = monitor->pace.changed_us;
        monitor->pace.primary = view->primary >= 0;
        cluster_publish(monitor->cluster, topology_copy(view));
        view->epoch = atomic_load(&monitor->cluster->epoch);
}

/* What the evidence means now. `answered`: whose answer is new; -1: nobody's. */
static void decide(struct monitor *monitor, int answered)
{
        const struct sight sight = {monitor->dossiers, &monitor->memory, monitor->view};
        struct topology was;
        bool changed;

        memcpy(&was, monitor->view, sizeof(was));
        monitor->rules.now_us = clock_us();
        changed = elect(&monitor->rules, monitor->dossiers, &monitor->memory, monitor->view);
        if (answered >= 0)
                gauge_take(&monitor->gauge, &sight, answered);
        gauge_publish(&monitor->gauge, &sight);
        if (changed)
                publish(monitor, &was);
        else if (answered >= 0 && monitor->view->primary == answered &&
                 monitor->dossiers[answered].last == ANSWER_GOOD &&
                 clock_us() - monitor->pace.evidence_us > CALM)
                read_toll(monitor, monitor->calm_toll);
        cluster_answered(monitor->cluster);
}

static void hurry_all(struct monitor *monitor)
{
        for (int i = 0; i < monitor->view->count; i++)
                monitor->watched[i].urgent = true;
}

static void on_answer(const struct answer *answer, void *arg)
{
        struct watched *watched = arg;
        struct monitor *monitor = watched->monitor;
        struct dossier *dossier = &monitor->dossiers[watched->index];
        int primary = monitor->view->primary;

        if (dossier_may_have_restarted(dossier, answer))
                atomic_fetch_add(&monitor->view->nodes[watched->index].node->run, 1);
        dossier_note(dossier, answer);
        if (answer->kind == ANSWER_GOOD)
                gauge_lag(&monitor->gauge, dossier, clock_us());
        decide(monitor, watched->index);
        if (answer->kind != ANSWER_GOOD && answer->sent_us == 0 && answer->kind == ANSWER_LOST)
                watched->urgent = true;
        /* a primary in doubt, or a change of primary: what do the others say? */
        if (monitor->view->primary != primary || (primary == watched->index && dossier->failures == 1))
                hurry_all(monitor);
        ask_who_is_due(monitor);
}

/* What operators want; whether that is something new. */
static bool take_wishes(struct monitor *monitor)
{
        bool changed = false;

        for (int i = 0; i < monitor->view->count; i++) {
                int wish = atomic_load(&monitor->view->nodes[i].node->wish);

                changed |= wish != monitor->dossiers[i].wish;
                monitor->dossiers[i].wish = wish;
        }
        return changed;
}

void monitor_wake(struct monitor *monitor)
{
        bool any = false, all = false;

        if (take_wishes(monitor))
                decide(monitor, -1);
        for (int i = 0; i < monitor->view->count; i++) {
                uint32_t bits = node_take_evidence(monitor->view->nodes[i].node);

                if (bits == 0)
                        continue;
                dossier_note_traffic(&monitor->dossiers[i], bits);
                monitor->watched[i].urgent = any = true;
                all = all || monitor->view->primary == i || monitor->view->primary < 0;
        }
        if (all)
                hurry_all(monitor);
        if (any)
                monitor->pace.evidence_us = clock_us();
        ask_who_is_due(monitor);
}

struct probe *monitor_probe(const struct monitor *monitor, int i, probe_answer_fn *on_heard, void *arg)
{
        return probe_new(monitor->base, monitor->names, probe_target(monitor->watched[i].probe), on_heard,
                         arg);
}

static void make_probes(struct monitor *monitor, const struct conf *conf, const struct conf_database *line)
{
        for (int i = 0; i < monitor->view->count; i++) {
                struct watched *watched = &monitor->watched[i];
                const struct node *node = monitor->cluster->nodes[i];
                struct probe_target target = {.host = node->host, .port = node->port};

                login_choose(conf, line, &target);
                if (watched->probe != NULL && target_same(probe_target(watched->probe), &target))
                        continue;
                probe_free(watched->probe);
                watched->probe = probe_new(monitor->base, monitor->names, &target, on_answer, watched);
                watched->urgent = true;
        }
}

void monitor_configure(struct monitor *monitor, const struct conf *conf, const struct conf_database *line)
{
        free(monitor->name);
        monitor->name = xstrdup(line->name);
        monitor->timeout_us = conf->opt.health_check_timeout_us;
        monitor->pace.interval_us = conf->opt.health_check_interval_us;
        monitor->rules.failures = conf->opt.health_check_failures;
        monitor->rules.successes = conf->opt.health_check_successes;
        monitor->rules.max_lag_us =
            line->max_standby_lag_us >= 0 ? line->max_standby_lag_us : conf->opt.max_standby_lag_us;
        monitor->rules.max_lag_bytes =
            line->max_standby_lag_bytes >= 0 ? line->max_standby_lag_bytes : conf->opt.max_standby_lag_bytes;
        make_probes(monitor, conf, line);
        ask_who_is_due(monitor);
}

const struct topology *monitor_view(const struct monitor *monitor)
{
        return monitor->view;
}

void monitor_free(struct monitor *monitor)
{
        if (monitor == NULL)
                return;
        for (int i = 0; i < monitor->view->count; i++) {
                probe_free(monitor->watched[i].probe);
                atomic_store(&monitor->view->nodes[i].node->fresh_us, 0);
                atomic_store(&monitor->view->nodes[i].node->lsn, 0);
        }
        event_free(monitor->tick);
        topology_unref(monitor->view);
        free(monitor->name);
        free(monitor);
}
