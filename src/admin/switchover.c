#include "admin/switchover.h"

#include "admin/inner.h"
#include "admin/namesakes.h"
#include "admin/promotable.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/machine.h"
#include "base/memory.h"
#include "cluster/cluster.h"
#include "conf/conf.h"
#include "health/envoy.h"
#include "health/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_US = 10000, OUTCOME_US = 300000 };

#define PROMOTION_LASTS_US (60 * US_PER_SEC) /* as pg_promote itself would wait */

enum switch_state {
        SWITCH_ASKING,
        SWITCH_HOLDING,
        SWITCH_LOOKING,
        SWITCH_CATCHING_UP,
        SWITCH_PROVING,
        SWITCH_PROMOTING,
        SWITCH_ELECTING,
        SWITCH_OVER,
        SWITCH_STATES,
};

static const struct machine_state states[SWITCH_STATES] = {
    [SWITCH_ASKING] = {"asked the standby", MOVE(SWITCH_HOLDING) | MOVE(SWITCH_OVER)},
    [SWITCH_HOLDING] = {"held new work, waited for what ran", MOVE(SWITCH_LOOKING) | MOVE(SWITCH_OVER)},
    [SWITCH_LOOKING] = {"looked for others who write", MOVE(SWITCH_CATCHING_UP) | MOVE(SWITCH_OVER)},
    [SWITCH_CATCHING_UP] = {"waited for the standby to replay everything",
                            MOVE(SWITCH_PROVING) | MOVE(SWITCH_OVER)},
    [SWITCH_PROVING] = {"made sure that nobody had written",
                        MOVE(SWITCH_CATCHING_UP) | MOVE(SWITCH_PROMOTING) | MOVE(SWITCH_OVER)},
    [SWITCH_PROMOTING] = {"asked for the promotion", MOVE(SWITCH_ELECTING) | MOVE(SWITCH_OVER)},
    [SWITCH_ELECTING] = {"waited until it was the primary", MOVE(SWITCH_OVER)},
    [SWITCH_OVER] = {"over", 0},
};

/* Who writes has a transaction's number: the next one to be given away, and who has one now. */
static const char look_sql[] =
    "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot()), pg_catalog.count(*),"
    " pg_catalog.string_agg(pid || ' ' || COALESCE(application_name, ''), ', ')"
    " FROM pg_catalog.pg_stat_activity WHERE backend_xid IS NOT NULL AND usesysid IS NOT NULL";

static const char promote_sql[] = "SELECT pg_catalog.pg_promote(false)";

/* What became of it: a standby that runs on may be asked again; one that was restarted has forgotten that it
 * was asked.
 */
static const char outcome_sql[] =
    "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.pg_postmaster_start_time()";

struct switchover {
        struct admin *admin;
        const struct conf *conf; /* at the start; another one ends it */
        struct cluster *cluster;
        int from, to;
        bool force;
        switchover_done_fn *done; /* NULL: nobody waits */
        void *arg;

        enum switch_state state;
        int64_t moved_us, deadline_us, held_us;
        int64_t took_us[SWITCH_STATES];
        struct envoy *to_standby, *to_primary;
        struct timer *timer;
        bool ordered, settled; /* the workers' orders: one is out; all have seen that new work waits */
        bool torn;             /* what ran too long has been ended */
        bool cancelled;
        bool unsure;        /* whether the standby has heard that it shall be promoted */
        bool restarted;     /* it has been restarted, and is a standby still */
        bool awaits;        /* the standby's answer to outcome_sql or promote_sql */
        int64_t outcome_us; /* when it was asked last what became of the promotion */
        int64_t silent_us;  /* since when the primary could not be asked; 0: it could */
        char silence[160];  /* why */
        char started[40];   /* the standby's start before */
        char next_xid[24];  /* as LOOKING found it */
        int64_t looked_us;  /* when: the standby must have all up to there */
        char writers[160];  /* who wrote then; "": nobody */
        struct refusal refusal;
        char hint[320];
};

static const char *name_of(const struct switchover *sw, int node)
{
        return sw->cluster->nodes[node]->name;
}

static void move(struct switchover *sw, enum switch_state to)
{
        int64_t now = clock_us();

        machine_move(states, sw->state, to);
        sw->took_us[sw->state] += now - sw->moved_us;
        sw->moved_us = now;
        sw->state = to;
}

static void wish(const struct switchover *sw, enum node_wish what)
{
        namesakes_wish(name_of(sw, sw->from), what);
}

/* Transactions, and sessions that keep a server. */
static unsigned busy(const struct switchover *sw)
{
        return namesakes_in_flight(name_of(sw, sw->from));
}

/* ---- the end ---- */

static void switchover_free(struct switchover *sw)
{
        envoy_free(sw->to_standby);
        envoy_free(sw->to_primary);
        timer_free(sw->timer);
        free(sw);
}

/* The outcome stands in sw->refusal. */
static void over(struct switchover *sw)
{
        switchover_done_fn *done = sw->done;

        move(sw, SWITCH_OVER);
        sw->done = NULL;
        sw->admin->switchover = NULL;
        if (done != NULL)
                done(sw->arg, sw);
        if (!sw->ordered)
                switchover_free(sw);
}

static void fail(struct switchover *sw, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Everything goes on as it was, unless the standby may be a primary by now. */
static void fail(struct switchover *sw, const char *hint, const char *format, ...)
{
        bool held = sw->state != SWITCH_ASKING, too_late = sw->state == SWITCH_ELECTING && !sw->restarted;
        char text[sizeof(sw->refusal.text)];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        utf8_clean(text);
        refusal_set(&sw->refusal, "ERROR", sw->cancelled ? "57014" : "55000", "%s", text);
        snprintf(sw->hint, sizeof(sw->hint), "%s", hint);
        sw->refusal.hint = sw->hint[0] != '\0' ? sw->hint : NULL;
        if (held)
                wish(sw, too_late ? WISH_FENCE : WISH_NONE);
        log_warning("SWITCHOVER from %s to %s failed: %s; %s", name_of(sw, sw->from), name_of(sw, sw->to),
                    text,
                    too_late ? "the old primary is fenced"
                    : held   ? "what was held goes on"
                             : "nothing was held");
        over(sw);
}

static void succeed(struct switchover *sw)
{
        log_info("SWITCHOVER from %s to %s is complete, new work was held for %lld ms", name_of(sw, sw->from),
                 name_of(sw, sw->to), (long long)((clock_us() - sw->held_us) / US_PER_MS));
        wish(sw, WISH_NONE); /* it is on an old timeline now, which fences it */
        over(sw);
}

/* ---- the steps ---- */

static void say(struct switchover *sw, struct envoy *envoy, const char *sql)
{
        envoy_say(envoy, sql, sw->conf->opt.health_check_timeout_us);
}

static void on_asked(struct switchover *sw, const struct message *m)
{
        const char *hint = "", *why = promotable_objection(m, &hint);

        if (why != NULL) {
                fail(sw, hint, "cannot promote %s: %s", name_of(sw, sw->to), why);
                return;
        }
        snprintf(sw->started, sizeof(sw->started), "%s", m->columns[5]);
        move(sw, SWITCH_HOLDING);
        sw->held_us = sw->moved_us;
        sw->deadline_us = sw->moved_us + sw->conf->opt.switchover_timeout_us;
        log_info("SWITCHOVER from %s to %s: new work is held", name_of(sw, sw->from), name_of(sw, sw->to));
        wish(sw, WISH_YIELD);
}

static void on_settled(void *arg, int zero)
{
        struct switchover *sw = arg;

        (void)zero;
        sw->ordered = false;
        sw->settled = true;
        if (sw->state == SWITCH_OVER)
                switchover_free(sw);
}

/* When all workers have had an order that was given after the topology was published, none of them can begin
 * anything on the old primary: what is in flight then only ends. */
static void step_holding(struct switchover *sw)
{
        struct admin *a = sw->admin;

        if (namesakes_have_primary(name_of(sw, sw->from)) || sw->ordered)
                return;
        if (!sw->settled) {
                sw->ordered = true;
                a->workers->order(a->crowd, ORDER_NOTHING, "", &a->loop->mailbox, on_settled, sw);
        } else if (busy(sw) == 0) {
                wish(sw, WISH_YIELD); /* what was torn may be asked again */
                move(sw, SWITCH_LOOKING);
                say(sw, sw->to_primary, look_sql);
        }
}

static void on_looked(struct switchover *sw, const struct message *m)
{
        bool nobody = strcmp(m->columns[1], "0") == 0;
        bool same = strcmp(m->columns[0], sw->next_xid) == 0;

        snprintf(sw->writers, sizeof(sw->writers), "%s", m->columns[2]);
        if (nobody && !same && sw->state == SWITCH_PROVING)
                snprintf(sw->writers, sizeof(sw->writers), "transactions too short to be named");
        if (sw->state == SWITCH_PROVING && (sw->force || (nobody && same))) {
                move(sw, SWITCH_PROMOTING);
                say(sw, sw->to_standby, promote_sql);
                return;
        }
        snprintf(sw->next_xid, sizeof(sw->next_xid), "%s", m->columns[0]);
        sw->looked_us = clock_us();
        move(sw, SWITCH_CATCHING_UP);
}

static void step_catching_up(struct switchover *sw)
{
        const struct node *standby = sw->cluster->nodes[sw->to];

        if (atomic_load(&standby->fresh_us) < sw->looked_us)
                return;
        move(sw, SWITCH_PROVING);
        say(sw, sw->to_primary, look_sql);
}

static void on_promoted(struct switchover *sw, const struct message *m)
{
        if (!m->good && !m->unsure) {
                fail(sw, "", "cannot promote %s: %s", name_of(sw, sw->to), m->why);
                return;
        }
        if (m->good)
                log_info("SWITCHOVER: %s is being promoted", name_of(sw, sw->to));
        else
                log_warning("SWITCHOVER: whether %s is being promoted is not sure: %s", name_of(sw, sw->to),
                            m->why);
        sw->unsure = !m->good;
        sw->outcome_us = clock_us();
        move(sw, SWITCH_ELECTING);
        sw->deadline_us = sw->moved_us + PROMOTION_LASTS_US;
}

/* Its answer to outcome_sql, or to promote_sql said again: nothing has been written meanwhile, and it cannot
 * be promoted twice. */
static void on_outcome(struct switchover *sw, const struct message *m)
{
        bool standby = m->good && strcmp(m->columns[0], "t") == 0 && m->columns[1][0] != '\0';

        sw->awaits = false;
        if (standby && strcmp(m->columns[1], sw->started) != 0) {
                sw->restarted = true;
                fail(sw, "SHOW NODES says when it is a fit standby again.",
                     "%s was restarted before it was promoted", name_of(sw, sw->to));
        } else if (standby && sw->unsure) {
                log_warning("SWITCHOVER: %s is a standby still and asked for its promotion again",
                            name_of(sw, sw->to));
                sw->awaits = true;
                say(sw, sw->to_standby, promote_sql);
        } else if (m->good && !standby && m->columns[1][0] == '\0') {
                sw->unsure = false; /* the promotion was heard */
        }
}

static void step_electing(struct switchover *sw)
{
        int64_t now = clock_us();

        if (sw->awaits || now - sw->outcome_us < OUTCOME_US)
                return;
        sw->outcome_us = now;
        sw->awaits = true;
        say(sw, sw->to_standby, outcome_sql);
}

/* What is held would go to it as soon as this ends, so health looks first whether it is there still. */
static void on_silence(struct switchover *sw, const char *why)
{
        sw->silent_us = clock_us();
        snprintf(sw->silence, sizeof(sw->silence), "%s", why);
        node_report(sw->cluster->nodes[sw->from], EVIDENCE_LOST);
}

/* Health has had its answer, or the time for it. */
static bool is_seen_again(const struct switchover *sw)
{
        return atomic_load(&sw->cluster->nodes[sw->from]->asked_us) >= sw->silent_us ||
               clock_us() >= sw->silent_us + sw->conf->opt.health_check_timeout_us;
}

static void on_heard(void *arg, const struct message *m)
{
        struct switchover *sw = arg;

        if (sw->state == SWITCH_PROMOTING)
                on_promoted(sw, m);
        else if (sw->state == SWITCH_ELECTING)
                on_outcome(sw, m);
        else if (!m->good && sw->state == SWITCH_ASKING)
                fail(sw, "", "cannot ask %s: %s", name_of(sw, sw->to), m->why);
        else if (!m->good)
                on_silence(sw, m->why);
        else if (sw->state == SWITCH_ASKING)
                on_asked(sw, m);
        else
                on_looked(sw, m);
}

/* ---- what ends it ---- */

/* True: and so it is. */
static bool time_is_over(struct switchover *sw)
{
        if (sw->state == SWITCH_HOLDING && sw->force && !sw->torn) {
                log_warning("SWITCHOVER: %u transactions and sessions on %s are ended (FORCE)", busy(sw),
                            name_of(sw, sw->from));
                sw->torn = true;
                sw->deadline_us += sw->conf->opt.switchover_timeout_us;
                wish(sw, WISH_FENCE);
                return false;
        }
        if (sw->state == SWITCH_HOLDING)
                fail(sw,
                     "Transactions that run long, or sessions that keep their server: SHOW SESSIONS names "
                     "them. FORCE at the end of the command ends them after switchover_timeout.",
                     "%u clients still use %s after switchover_timeout", busy(sw), name_of(sw, sw->from));
        else if (sw->writers[0] != '\0')
                fail(sw,
                     "They are no clients of these databases here, and their commits would be lost. Stop "
                     "them, "
                     "or say FORCE at the end of the command.",
                     "others write to %s: %s", name_of(sw, sw->from), sw->writers);
        else
                fail(sw, "SHOW NODES has its lag.",
                     "%s has not replayed everything within switchover_timeout", name_of(sw, sw->to));
        return true;
}

/* Before the promotion: true, it has ended. */
static bool is_called_off(struct switchover *sw, const struct topology *view)
{
        const struct admin *a = sw->admin;
        const struct topology_node *from = &view->nodes[sw->from], *to = &view->nodes[sw->to];

        if (sw->cancelled)
                fail(sw, "", "canceling statement due to user request");
        else if (a->ops->conf(a->arg) != sw->conf)
                fail(sw, "", "the configuration was read anew meanwhile");
        else if (atomic_load(&a->crowd->refusing) || a->taker != NULL)
                fail(sw, "", "pgsteer is being shut down");
        else if (view->primary >= 0 && view->primary != sw->from)
                fail(sw, "", "%s has become the primary meanwhile", view->nodes[view->primary].node->name);
        else if (from->state == NODE_DOWN)
                fail(sw, "", "the primary %s is gone: %s", name_of(sw, sw->from), from->why);
        else if (to->role != ROLE_STANDBY || to->state != NODE_UP)
                fail(sw, "", "%s is no fit standby any more: %s", name_of(sw, sw->to), to->why);
        else if (sw->silent_us != 0 && is_seen_again(sw))
                fail(sw, "", "cannot ask %s: %s", name_of(sw, sw->from), sw->silence);
        else
                return clock_us() >= sw->deadline_us && time_is_over(sw);
        return true;
}

static void on_look(void *arg)
{
        struct switchover *sw = arg;
        struct topology view;

        health_snapshot(sw->cluster, &view);
        if (sw->state < SWITCH_PROMOTING && is_called_off(sw, &view))
                return;
        if (sw->state == SWITCH_HOLDING)
                step_holding(sw);
        else if (sw->state == SWITCH_CATCHING_UP)
                step_catching_up(sw);
        else if (sw->state == SWITCH_ELECTING && view.primary == sw->to) {
                succeed(sw);
                return;
        } else if (sw->state == SWITCH_ELECTING && clock_us() >= sw->deadline_us) {
                fail(sw,
                     "Look at both servers. When it is sure that the standby was not promoted and will not "
                     "be, "
                     "UNFENCE the old primary.",
                     "%s has not become the primary, and whether it will is not known", name_of(sw, sw->to));
                return;
        } else if (sw->state == SWITCH_ELECTING) {
                step_electing(sw);
        }
        timer_once(sw->timer, LOOK_US);
}

/* ---- the start ---- */

static bool refuse(struct refusal *r, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(struct refusal *r, const char *hint, const char *format, ...)
{
        char text[sizeof(r->text)];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        utf8_clean(text);
        refusal_set(r, "ERROR", "55000", "%s", text);
        r->hint = hint;
        return false;
}

static int index_of(const struct cluster *cluster, const char *name)
{
        for (int i = 0; i < cluster->count; i++)
                if (strcmp(cluster->nodes[i]->name, name) == 0)
                        return i;
        return -1;
}

/* From which node to which; false: *r says why not. */
static bool find_nodes(struct switchover *sw, const struct switchover_order *order, struct refusal *r)
{
        const struct conf_database *line = conf_find_database(sw->conf, order->database);
        const struct topology_node *to;
        struct topology view;

        if (line == NULL)
                return refuse(r, NULL, "no such database: %s", order->database);
        if (!line->cluster)
                return refuse(r, NULL, "database %s is no cluster", order->database);
        if (line->patroni != NULL)
                return refuse(r, "Use patronictl switchover: pgsteer holds writes as long as it takes.",
                              "Patroni manages database %s", order->database);
        sw->cluster = cluster_for(line);
        sw->to = index_of(sw->cluster, order->node);
        if (sw->to < 0)
                return refuse(r, "SHOW NODES lists them.", "database %s has no node %s", order->database,
                              order->node);
        health_snapshot(sw->cluster, &view);
        sw->from = view.primary;
        to = &view.nodes[sw->to];
        if (sw->from < 0)
                return refuse(r, "SHOW NODES says why.", "database %s has no primary now", order->database);
        if (sw->from == sw->to)
                return refuse(r, NULL, "%s is the primary already", order->node);
        if (to->role != ROLE_STANDBY || to->state != NODE_UP)
                return refuse(r, NULL, "%s is no fit standby: %s", order->node, to->why);
        return true;
}

struct switchover *switchover_start(struct admin *admin, const struct switchover_order *order,
                                    switchover_done_fn *done, void *arg, struct refusal *refusal)
{
        struct switchover *sw;

        if (admin->switchover != NULL) {
                refuse(refusal, NULL, "another switchover is under way");
                return NULL;
        }
        sw = xcalloc(1, sizeof(*sw));
        sw->admin = admin;
        sw->conf = admin->ops->conf(admin->arg);
        sw->force = order->force;
        sw->done = done;
        sw->arg = arg;
        if (!find_nodes(sw, order, refusal)) {
                free(sw);
                return NULL;
        }
        admin->switchover = sw;
        sw->moved_us = clock_us();
        sw->deadline_us = sw->moved_us + sw->conf->opt.switchover_timeout_us;
        sw->to_standby = envoy_new(sw->cluster, sw->to, on_heard, sw);
        sw->to_primary = envoy_new(sw->cluster, sw->from, on_heard, sw);
        CHECK(sw->to_standby != NULL && sw->to_primary != NULL); /* it has a primary: it is monitored */
        sw->timer = timer_new(admin->loop, on_look, sw);
        timer_once(sw->timer, LOOK_US);
        say(sw, sw->to_standby, promotable_sql);
        return sw;
}

void switchover_cancel(struct switchover *sw)
{
        sw->cancelled = true;
}

void switchover_leave(struct switchover *sw)
{
        sw->done = NULL;
        switchover_cancel(sw);
}

void switchover_stop(struct admin *admin)
{
        if (admin->switchover != NULL)
                switchover_free(admin->switchover);
        admin->switchover = NULL;
}

/* ---- the answer ---- */

const struct refusal *switchover_refusal(const struct switchover *sw)
{
        return &sw->refusal;
}

const struct column *switchover_columns(int *count)
{
        static const struct column columns[] = {{"step", CELL_TEXT}, {"ms", CELL_INT8}};

        *count = sizeof(columns) / sizeof(columns[0]);
        return columns;
}

void switchover_fill(const struct switchover *sw, struct table *t)
{
        for (int i = 0; i < SWITCH_OVER; i++) {
                table_text(t, states[i].name);
                table_int(t, (sw->took_us[i] + US_PER_MS / 2) / US_PER_MS);
        }
}
