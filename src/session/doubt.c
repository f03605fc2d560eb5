#include "session/doubt.h"

#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"
#include "session/aside.h"
#include "session/block.h"
#include "session/done.h"
#include "session/fate.h"
#include "session/link.h"
#include "session/loss.h"
#include "session/outcome.h"
#include "session/segment.h"
#include "session/testimony.h"
#include "wire/fields.h"
#include "wire/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWERS_MAX = 8, ASKING_IN_MAX = 65536, HINT_MAX = 512 };

struct doubt {
        struct xact x;
        const struct node *lost;   /* whose loss it was */
        struct settings *settings; /* the client's, if it was committed */
        bool defined;              /* it may have changed what names mean */
        bool stateful;             /* the session had state in that server before, and ends with it */
        bool leaves_state;         /* it has state there if the transaction was committed */
        bool told;                 /* the primary's answer is in `now` */
        bool forbidden;            /* it must not be asked */
        struct xact_testimony now;
        int64_t since_us;
        char answers[ANSWERS_MAX + 1]; /* types of the messages that the client waits for */
};

/* ---- what is in doubt ---- */

static const char *answers_to(const struct reply *reply)
{
        switch ((enum reply_kind)reply->kind) {
        case REPLY_PARSE:
                return (reply->key[0] | reply->key[1]) == 0 ? "1" : NULL; /* a name of the client's */
        case REPLY_BIND: return "2";
        case REPLY_DESCRIBE: return (reply->flags & REPLY_NAMED) != 0 ? "tn" : "n";
        case REPLY_EXECUTE: return "C";
        case REPLY_SYNC: return "Z";
        case REPLY_QUERY: return reply->left <= 1 ? "CZ" : NULL;
        case REPLY_CLOSE:
        case REPLY_FUNCTION: break;
        }
        return NULL;
}

/* What completes a COMMIT, by itself or as the end of its segment: the types of the answers, into `out`. */
static bool read_answers(struct replies *owed, char *out)
{
        size_t n = 0;

        for (uint32_t i = 0; i < owed->count; i++) {
                const struct reply *reply = replies_at(owed, i);
                const char *types = answers_to(reply);

                if (reply->flags & REPLY_SWALLOW)
                        continue;
                if (types == NULL || (reply->flags & REPLY_LOCAL) || n + strlen(types) > ANSWERS_MAX)
                        return false;
                memcpy(out + n, types, strlen(types));
                n += strlen(types);
        }
        out[n] = '\0';
        return n > 0 && out[n - 1] == 'Z' && strchr(out, 'Z') == out + n - 1 &&
               (strchr(out, 'C') == NULL || strchr(out, 'C') == out + n - 2);
}

/* That it has no id is known when an answer says so, and nothing was written since. */
static bool is_covered(const struct client *c)
{
        const struct server *s = c->server;

        return s->xact.xid != 0 || !c->wrote || (!s->unasked && !outcome_is_owed(s));
}

bool doubt_is_possible(struct client *c, bool reported)
{
        struct server *s = c->server;
        char answers[ANSWERS_MAX + 1];

        return s->commits && outcome_is_asked(c) && !c->open &&
               (c->block == NULL || block_is_sent(c->block)) && !c->in_segment && is_covered(c) &&
               read_answers(&s->replies, answers) && fate_may_be_committed(c, s->replies.count - 1, reported);
}

struct doubt *doubt_new(struct client *c)
{
        struct doubt *d = xcalloc(1, sizeof(*d));
        const struct endpoint *e = c->endpoint;
        struct server *s = c->server;

        d->x = s->xact;
        d->x.unwaited = c->unwaited;
        if (e->topology != NULL && c->node < e->topology->count &&
            e->topology->nodes[c->node].node == s->pool->node)
                d->x.system_id = e->topology->nodes[c->node].system_id;
        d->lost = s->pool->node;
        d->settings = settings_ref(c->settings_now);
        d->defined = c->defined;
        d->stateful = c->pins_held != 0;
        d->leaves_state = (c->pins & ~c->unpinning) != 0;
        d->since_us = loop_now(c->room->loop);
        (void)read_answers(&s->replies, d->answers);
        return d;
}

void doubt_free(struct client *c)
{
        if (c->doubt == NULL)
                return;
        settings_unref(&c->room->pools.settings, c->doubt->settings);
        free(c->doubt);
        c->doubt = NULL;
}

/* ---- the end ---- */

/* The transaction's settings hold. */
static void take_settings(struct client *c)
{
        struct settings_table *table = &c->room->pools.settings;

        settings_unref(table, c->settings);
        settings_unref(table, c->settings_now);
        c->settings = settings_ref(c->doubt->settings);
        c->settings_now = settings_ref(c->doubt->settings);
        client_settings_changed(c);
        client_lexes_at_rest(c);
}

static void write_commit(struct client *c, struct writer *w)
{
        take_settings(c);
        floor_committed(c);
        if (c->doubt->defined && c->endpoint->home != NULL)
                catalog_home_doubt(c->endpoint->home, CATALOG_CHANGED);
        cluster_pays(c->endpoint->cluster, TOLL_COMMITTED);
        for (const char *type = c->doubt->answers; *type != '\0'; type++) {
                if (*type == BE_COMMAND_COMPLETE) {
                        write_command_complete(w, "COMMIT");
                } else if (*type == BE_READY) {
                        write_ready(w, 'I');
                } else if (*type == BE_PARAM_DESCRIPTION) {
                        msg_begin(w, BE_PARAM_DESCRIPTION);
                        put_i16(w, 0);
                        msg_end(w);
                } else {
                        write_empty(w, *type);
                }
        }
}

static void make_error(struct client *c, struct refusal *r, bool unknown, const char *why,
                       char hint[HINT_MAX])
{
        loss_refusal(r, c, unknown);
        if (unknown) {
                snprintf(hint, HINT_MAX, "It could not be found out: %s. %s", why, r->hint);
                r->hint = hint;
        }
        cluster_pays(c->endpoint->cluster, unknown ? TOLL_UNKNOWN : TOLL_ROLLED_BACK);
}

static void log_end(const struct client *c, enum xact_verdict verdict, const char *why)
{
        static const char *const verdicts[] = {[XACT_IS_COMMITTED] = "committed",
                                               [XACT_IS_ROLLED_BACK] = "rolled back",
                                               [XACT_IS_RUNNING] = "still running",
                                               [XACT_IS_UNKNOWN] = "unknown"};
        const struct doubt *d = c->doubt;
        char name[400];

        log_info("C-%p: %s COMMIT lost with %s: transaction %" PRIu64 " (%X/%X, timeline %u): %s: %s",
                 (const void *)c, client_name(c, name, sizeof(name)), d->lost->name, d->x.xid,
                 (unsigned)(d->x.lsn >> 32), (unsigned)d->x.lsn, (unsigned)d->x.timeline, verdicts[verdict],
                 why);
}

static void write_error(struct client *c, struct writer *w, const struct refusal *r)
{
        client_log_error(c, r);
        write_refusal(w, r);
        write_ready(w, 'I');
}

/* Who is to hear both of a COMMIT and of the end of the session hears of them one after the other, as if the
 * server had been lost a moment later. */
static void end(struct client *c, enum xact_verdict verdict, const char *why)
{
        bool committed = verdict == XACT_IS_COMMITTED;
        bool session_ends = committed ? c->doubt->leaves_state : c->doubt->stateful;
        struct buf out = {0};
        struct writer w = writer_to(&out, CLIENT_OUT_MAX);
        struct refusal r, last;
        char hint[HINT_MAX];

        if (c->state != CLIENT_IDLE)
                client_move(c, CLIENT_IDLE);
        log_end(c, verdict, why);
        c->lost_node = c->doubt->lost;
        if (committed)
                write_commit(c, &w);
        else
                make_error(c, &r, verdict != XACT_IS_ROLLED_BACK, why, hint);
        if (!committed && !session_ends)
                write_error(c, &w, &r);
        doubt_free(c);
        c->held_us = 0;
        c->skip_nodes = 0;
        done_query(c);
        if (!client_send(c, &w))
                return;
        if (session_ends) {
                loss_end_refusal(&last, c, committed ? NULL : &r);
                client_close(c, &last, last.text);
                return;
        }
        client_go_on(c);
}

void doubt_give_up(struct client *c, const char *why)
{
        pool_cancel_wait(&c->waiter);
        if (c->server != NULL)
                link_sever(c, "its answer is not waited for");
        end(c, XACT_IS_UNKNOWN, why);
}

/* ---- the way to a primary ---- */

void doubt_begin(struct client *c, struct doubt *d)
{
        c->doubt = d;
        c->tx = 'I';
        if (d->x.xid == 0) {
                end(c, XACT_IS_ROLLED_BACK, "it had written nothing");
                return;
        }
        cluster_pays(c->endpoint->cluster, TOLL_ASKED);
        doubt_go_on(c);
}

static void ask(struct client *c)
{
        struct server *s = c->server;
        struct buf out = {0};
        struct writer w = writer_to(&out, TESTIMONY_SQL_MAX + 16);
        char sql[TESTIMONY_SQL_MAX];

        testimony_sql(c->doubt->x.xid, sql);
        write_query(&w, sql);
        replies_push(&s->replies, (struct reply){.kind = REPLY_QUERY, .flags = REPLY_SWALLOW});
        c->doubt->told = c->doubt->forbidden = false;
        client_move(c, CLIENT_ASKING);
        /* A broken stream is met again when it is read. */
        if (w.failed || stream_send_buf(&s->stream, &out) != STATUS_OK)
                s->close_needed = true;
}

void doubt_go_on(struct client *c)
{
        if (c->state == CLIENT_IDLE && c->endpoint->line == NULL) {
                doubt_give_up(c, "the database is no longer configured");
                return;
        }
        if (c->state == CLIENT_IDLE)
                segment_take_primary(c);
        if (c->state == CLIENT_ACTIVE)
                ask(c);
        if (c->state != CLIENT_CLOSED)
                client_want_read(c);
}

/* Later, when somebody is known to be the primary, once more. */
static void hold(struct client *c)
{
        if (loop_now(c->room->loop) - c->doubt->since_us > c->room->conf->opt.failover_timeout_us) {
                end(c, XACT_IS_UNKNOWN, "the primary did not say in time (failover_timeout)");
                return;
        }
        client_move(c, CLIENT_IDLE);
        segment_hold(c, ROUTE_PRIMARY);
}

void doubt_lost(struct client *c, const char *why)
{
        link_sever(c, why);
        hold(c);
}

/* ---- the answer ---- */

/* What of the testimony is health's: whose server it is, and where its timeline comes from. */
static void add_view(struct client *c, struct xact_testimony *now)
{
        const struct topology *t = endpoint_topology(c->endpoint);
        const struct topology_node *node = &t->nodes[c->node];

        if (c->node >= t->count || node->node != c->server->pool->node)
                return;
        now->system_id = node->system_id;
        if (node->timeline == now->timeline)
                now->branch = node->branch;
}

static void answered(struct client *c)
{
        struct doubt *d = c->doubt;
        enum xact_verdict verdict = XACT_IS_RUNNING;
        const char *why = "it may not be asked";

        if (d->told) {
                add_view(c, &d->now);
                verdict = xact_judge(&d->x, &d->now, &why);
        } else if (d->forbidden) {
                verdict = XACT_IS_UNKNOWN;
        }
        link_rest(c);
        if (verdict == XACT_IS_RUNNING)
                hold(c);
        else
                end(c, verdict, why);
}

static void on_error(struct doubt *d, const struct msg *m)
{
        struct error_fields e;

        error_fields_read(m, &e);
        d->told = false;
        d->forbidden = sv_is(e.sqlstate, "42501") || sv_is(e.sqlstate, "42883");
}

/* Returns false when there is nothing more to do here. */
static bool on_message(struct client *c, struct server *s, const struct msg *m)
{
        struct sv name, value;

        switch (m->type) {
        case BE_ERROR:
                if (loss_is_fatal(c, s, m))
                        return false;
                on_error(c->doubt, m);
                return true;
        case BE_DATA_ROW: c->doubt->told = testimony_read(m, &c->doubt->now); return true;
        case BE_PARAM_STATUS:
                if (server_report(s, m, &name, &value) == STATUS_OK)
                        return true;
                break;
        case BE_READY:
                if (m->body_size == 1 && m->body[0] == 'I' && buf_len(&s->in) == m->size)
                        return true;
                break;
        case BE_COMMAND_COMPLETE:
        case BE_ROW_DESCRIPTION:
        case BE_NOTICE:
        case BE_NOTIFICATION: return true;
        default: break;
        }
        loss_of_server(c, "server broke the protocol", true);
        return false;
}

void doubt_readable(struct server *s)
{
        struct client *c = s->client;
        bool done = false;
        struct msg m;

        if (!aside_read(c, s, ASKING_IN_MAX))
                return;
        while (!done && aside_next(c, s, &m)) {
                if (!on_message(c, s, &m))
                        return;
                done = m.type == BE_READY;
                buf_consume(&s->in, m.size);
        }
        if (!done)
                return;
        buf_trim(&s->in);
        replies_pop(&s->replies);
        answered(c);
}
