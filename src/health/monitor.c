#include "health/monitor.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "cluster/cluster.h"
#include "conf/conf.h"
#include "health/elect.h"
#include "health/history.h"
#include "health/login.h"
#include "health/pace.h"
#include "health/probe.h"
#include "health/ring.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
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
        struct ring ring;
        int ring_node; /* the primary that the samples are from */
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
        monitor->ring_node = -1;
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

static const char *describe(const struct topology_node *node)
{
        switch (node->state) {
        case NODE_UP: return node->role == ROLE_PRIMARY ? "primary" : "standby";
        case NODE_NEW: return "unknown";
        case NODE_EJECTED: return node->role == ROLE_STANDBY ? "standby, not used" : "not used";
        case NODE_DOWN:
        case NODE_FENCED: break;
        }
        return node_state_name(node->state);
}

/* How loud a verdict is: what takes capacity away is a warning; that the others are asked first is over in a
 * moment, and what comes of it is said then. */
static enum log_level level_of(enum elect_cause cause)
{
        switch (cause) {
        case CAUSE_UNCONFIRMED:
        case CAUSE_NOT_ASKED: return LOG_DEBUG_;
        case CAUSE_PRIMARY:
        case CAUSE_STANDBY:
        case CAUSE_FENCED:
        case CAUSE_DRAINED:
        case CAUSE_YIELDING:
        case CAUSE_PROBATION: return LOG_INFO_;
        case CAUSE_PRIMARY_READ_ONLY:
        case CAUSE_PRIMARY_KEPT:
        case CAUSE_STANDBY_KEPT:
        case CAUSE_LAG:
        case CAUSE_TIMELINE:
        case CAUSE_OLD_TIMELINE:
        case CAUSE_TWIN:
        case CAUSE_FOREIGN:
        case CAUSE_LOGIN:
        case CAUSE_GONE:
        case CAUSE_COUNT: break;
        }
        return LOG_WARNING_;
}

static void log_node(const struct monitor *monitor, int i, const struct topology_node *was)
{
        const struct topology_node *is = &monitor->view->nodes[i];

        if (was->role != is->role || was->state != is->state || strcmp(was->why, is->why) != 0)
                log_write(level_of(monitor->memory.nodes[i].cause), "%s: node %s is now %s (was %s): %s",
                          monitor->name, is->node->name, describe(is), describe(was), is->why);
}

static void log_primary(const struct monitor *monitor, const struct topology *was)
{
        const struct topology *is = monitor->view;

        if (was->primary == is->primary)
                return;
        if (is->primary < 0)
                log_warning("%s: there is no primary: writes wait for one, reads go on", monitor->name);
        else
                log_info("%s: %s is the primary, timeline %u", monitor->name,
                         is->nodes[is->primary].node->name, (unsigned)is->nodes[is->primary].timeline);
}

static void read_toll(const struct monitor *monitor, uint64_t toll[TOLL_KINDS])
{
        for (int kind = 0; kind < TOLL_KINDS; kind++)
                toll[kind] = atomic_load_explicit(&monitor->cluster->toll[kind], memory_order_relaxed);
}

/* All that who is called for it must know, in one line. */
static void log_failover(const struct monitor *monitor)
{
        uint64_t toll[TOLL_KINDS];
        struct failover f;

        read_toll(monitor, toll);
        if (!history_last(&monitor->history, clock_us(), toll, &f))
                return; /* the first primary is none that replaces another */
        log_warning("%s: failover: %s is the primary %s%s (%s), timeline %u, after %" PRId64
                    " ms without one; clients that waited: %" PRIu64 ", refused: %" PRIu64
                    ", rolled back (40001): %" PRIu64 ", outcome unknown (40003): %" PRIu64,
                    monitor->name, f.to, strcmp(f.to, f.from) == 0 ? "again" : "instead of ",
                    strcmp(f.to, f.from) == 0 ? "" : f.from, f.why, (unsigned)f.timeline,
                    f.gap_us / US_PER_MS, f.toll[TOLL_HELD], f.toll[TOLL_REFUSED], f.toll[TOLL_ROLLED_BACK],
                    f.toll[TOLL_UNKNOWN]);
}

static void note_failover(struct monitor *monitor, const struct topology *was)
{
        const struct topology *is = monitor->view;

        if (was->primary == is->primary)
                return;
        if (was->primary >= 0)
                history_lost(&monitor->history, was->nodes[was->primary].node->name,
                             is->nodes[was->primary].why, clock_us(), clock_wall_us(), monitor->calm_toll);
        if (is->primary >= 0) {
                history_elected(&monitor->history, is->nodes[is->primary].node->name,
                                is->nodes[is->primary].timeline, clock_us(), clock_wall_us());
                log_failover(monitor);
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
                log_node(monitor, i, &was->nodes[i]);
        }
        log_primary(monitor, was);
        note_failover(monitor, was);
        monitor->pace.changed_us = clock_us();
        if (view->primary < 0 && was->primary >= 0)
                monitor->pace.no_primary_us = monitor->pace.changed_us;
        monitor->pace.primary = view->primary >= 0;
        cluster_publish(monitor->cluster, topology_copy(view));
        view->epoch = atomic_load(&monitor->cluster->epoch);
}

/* Whether what node `i` has just said tells how far a standby must be: it is the primary, or was the last one
 * and gives way to the next, which must have all that it wrote. */
static bool is_source(const struct monitor *monitor, int i)
{
        const struct dossier *dossier = &monitor->dossiers[i];

        return dossier->last == ANSWER_GOOD &&
               (monitor->view->primary == i ||
                (monitor->memory.primary == i && dossier->wish == WISH_YIELD && !dossier->facts.in_recovery &&
                 dossier->facts.timeline == monitor->memory.timeline));
}

/* The primary's answer is a sample. Samples of another primary or timeline are of no use any more. */
static void take_sample(struct monitor *monitor, int i)
{
        const struct dossier *dossier = &monitor->dossiers[i];

        if (monitor->ring_node != i || monitor->ring.timeline != dossier->facts.timeline) {
                ring_reset(&monitor->ring, dossier->facts.timeline);
                monitor->ring_node = i;
        }
        ring_push(&monitor->ring, (struct ring_sample){.clock_us = dossier->good_us,
                                                       .lsn = dossier->facts.lsn,
                                                       .flush_lsn = dossier->facts.flush_lsn});
}

static void measure_lag(struct monitor *monitor, int i)
{
        struct dossier *dossier = &monitor->dossiers[i];

        if (!dossier->facts.in_recovery || dossier->facts.timeline != monitor->ring.timeline)
                return;
        dossier->lag_us = ring_lag_us(&monitor->ring, dossier->facts.lsn, clock_us());
        dossier->lag_bytes = ring_lag_bytes(&monitor->ring, dossier->facts.lsn);
}

/* A moment before which everything is visible on node `i`. Only what was answered last counts: a standby that
 * restarts may come back with less than it had. */
static int64_t fresh_us(const struct monitor *monitor, int i)
{
        const struct topology_node *node = &monitor->view->nodes[i];
        const struct dossier *dossier = &monitor->dossiers[i];

        if (node->state != NODE_UP)
                return 0;
        if (node->role == ROLE_PRIMARY)
                return INT64_MAX;
        if (dossier->last != ANSWER_GOOD || dossier->facts.timeline != monitor->ring.timeline)
                return 0;
        return ring_fresh_us(&monitor->ring, dossier->facts.lsn);
}

/* The same for its position in the WAL. */
static uint64_t lsn(const struct monitor *monitor, int i)
{
        const struct dossier *dossier = &monitor->dossiers[i];

        return monitor->view->nodes[i].state == NODE_UP && dossier->last == ANSWER_GOOD ? dossier->facts.lsn
                                                                                        : 0;
}

/* Whatever loses certainty loses it before readers learn why. */
static void update_freshness(struct monitor *monitor)
{
        for (int i = 0; i < monitor->view->count; i++) {
                struct node *node = monitor->view->nodes[i].node;

                atomic_store_explicit(&node->fresh_us, fresh_us(monitor, i), memory_order_release);
                atomic_store_explicit(&node->lsn, lsn(monitor, i), memory_order_release);
                atomic_store_explicit(&node->asked_us, monitor->dossiers[i].good_us, memory_order_release);
        }
}

/* What the evidence means now. `answered`: whose answer is new; -1: nobody's. */
static void decide(struct monitor *monitor, int answered)
{
        struct topology was;
        bool changed;

        memcpy(&was, monitor->view, sizeof(was));
        monitor->rules.now_us = clock_us();
        changed = elect(&monitor->rules, monitor->dossiers, &monitor->memory, monitor->view);
        if (answered >= 0 && is_source(monitor, answered))
                take_sample(monitor, answered);
        update_freshness(monitor);
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
                measure_lag(monitor, watched->index);
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
