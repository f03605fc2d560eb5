#include "session/loss.h"

#include "base/check.h"
#include "session/again.h"
#include "session/block.h"
#include "session/carry.h"
#include "session/doubt.h"
#include "session/fate.h"
#include "session/link.h"
#include "session/relay.h"
#include "session/segment.h"
#include "wire/fields.h"
#include "wire/writer.h"

#include <stdio.h>
#include <string.h>

static const char hint_retry[] = "The server was lost. The transaction did not commit: run it again.";
static const char hint_unknown[] =
    "The server was lost before it answered. Look whether the change is there.";

/* Why a server ends a transaction that its client has kept too long: trying again would not help. */
static const struct {
        const char *sqlstate, *setting;
} overtimes[] = {{"25P03", "idle_in_transaction_session_timeout"}, {"25P04", "transaction_timeout"}};

static unsigned char overtime_of(struct sv sqlstate)
{
        for (size_t i = 0; i < sizeof(overtimes) / sizeof(overtimes[0]); i++)
                if (sv_is(sqlstate, overtimes[i].sqlstate))
                        return (unsigned char)(i + 1);
        return 0;
}

void loss_refusal(struct refusal *r, const struct client *c, bool unknown)
{
        const struct node *node = c->lost_node;

        if (c->overtime != 0 && !unknown) {
                refusal_set(r, "ERROR", overtimes[c->overtime - 1].sqlstate,
                            "server %.100s has ended the transaction: %s", node->name,
                            overtimes[c->overtime - 1].setting);
                return;
        }
        if (unknown)
                refusal_set(r, "ERROR", "40003", "server %.100s was lost: statement completion unknown",
                            node->name);
        else
                refusal_set(r, "ERROR", "40001", "server %.100s was lost: transaction rolled back",
                            node->name);
        r->hint = unknown ? hint_unknown : hint_retry;
}

void loss_end_refusal(struct refusal *r, const struct client *c, const struct refusal *what)
{
        if (what == NULL) {
                refusal_set(r, "FATAL", "08006",
                            "server %.100s was lost, and with it the state of the session",
                            c->lost_node->name);
                return;
        }
        refusal_set(r, "FATAL", what->sqlstate, "%.180s; the state of the session is lost as well",
                    what->text);
        r->hint = what->hint;
}

/* The node that failed is not asked again for this segment. */
static void remember_failure(struct client *c, int node)
{
        if (node >= 0 && node < 64)
                c->skip_nodes |= UINT64_C(1) << node;
        c->retry_reason = REASON_REROUTED;
}

/* Those of the transaction that was lost. */
static void forget_settings(struct client *c)
{
        if (c->settings_now != c->settings)
                c->misled = MISLED_BY_LOSS;
        settings_unref(&c->room->pools.settings, c->settings_now);
        c->settings_now = settings_ref(c->settings);
        client_settings_changed(c);
        client_lexes_at_rest(c);
}

/* The segment is whole in c->in, or goes back there: decide anew. */
static void run_again(struct client *c, struct buf *replay)
{
        if (buf_len(replay) > 0 && !again_rewind(c, replay))
                return;
        c->repeat = REPEAT_NO;
        buf_release(&c->effects);
        c->pass = c->known = c->replay_size = 0;
        c->discarding = c->failed = false;
        c->in_segment = c->bound = c->barrier = c->wrote = c->began = c->commit_sent = false;
        c->open = c->writes = c->commits = false;
        c->copies = 0;
        fate_clear(c);
        forget_settings(c);
        client_move(c, block_rest(c));
        client_go_on(c);
}

/* What the session left in its server cannot be had from another one. */
static bool keeps_state(const struct client *c)
{
        return c->pins_held != 0 || c->endpoint->pool_mode == POOL_SESSION;
}

/* Whether any of what the client has asked and has no answer to may be committed. */
static bool may_be_committed(const struct client *c, bool reported)
{
        struct replies *owed = &c->server->replies;

        for (uint32_t i = 0; i <= owed->count; i++)
                if ((i == owed->count ? c->in_segment : reply_is_awaited(replies_at(owed, i))) &&
                    fate_may_be_committed(c, i, reported))
                        return true;
        return false;
}

/* Nothing but the end of the connection can tell the client that what it relies on (a LISTEN, a temporary
 * table) is gone, be it in the middle of something or not. */
static void end_session(struct client *c, const char *why, bool reported)
{
        bool asked = c->server->replies.sync_points > 0 || c->in_segment || c->open || c->tx != 'I';
        bool unknown = may_be_committed(c, reported);
        struct refusal what, r;

        c->lost_node = c->server->pool->node;
        loss_refusal(&what, c, unknown);
        if (asked)
                cluster_pays(c->endpoint->cluster, unknown ? TOLL_UNKNOWN : TOLL_ROLLED_BACK);
        loss_end_refusal(&r, c, asked ? &what : NULL);
        link_sever(c, why);
        client_close(c, &r, r.text);
}

/* Error and ReadyForQuery for all that the lost server owes. The gravest error goes to *worst. */
static void write_owed(struct client *c, struct writer *w, char tx, bool reported, struct refusal *worst)
{
        struct replies *owed = &c->server->replies;
        bool any_unknown = false;

        for (uint32_t i = 0; i <= owed->count; i++) {
                bool rest = i == owed->count, unknown;
                struct refusal r;

                /* The Sync of the rest is still to come. */
                if (rest ? !c->skip_to_sync : !reply_is_awaited(replies_at(owed, i)))
                        continue;
                unknown = fate_may_be_committed(c, i, reported);
                any_unknown = any_unknown || unknown;
                loss_refusal(&r, c, unknown);
                write_refusal(w, &r);
                if (!rest)
                        write_ready(w, tx);
        }
        loss_refusal(worst, c, any_unknown);
        cluster_pays(c->endpoint->cluster, any_unknown ? TOLL_UNKNOWN : TOLL_ROLLED_BACK);
}

static void forget_transaction(struct client *c)
{
        forget_settings(c);
        if (c->block != NULL && c->block->stage != BLOCK_APART)
                block_free(c);
        if (c->block == NULL)
                savepoints_clear(&c->savepoints, &c->room->pools.settings);
        buf_release(&c->effects);
        c->unpinning = 0;
        c->wrote = c->commit_sent = c->began = c->failed = c->open = c->writes = c->commits = false;
        c->copies = 0;
        fate_clear(c);
        c->repeats = 0;
        c->known = c->replay_size = 0;
        c->barrier = false;
        c->pins = c->pins_held = 0; /* rolled back, or lost with the session */
        c->repeat = REPEAT_NO;
        c->discarding = c->repairing = false;
        names_rewind(&c->names, &c->room->statements);
        c->drop = c->pass;
        c->pass = 0;
}

static void plain_loss(struct client *c, const char *why)
{
        static const char crashed[] = "server conn crashed?";

        link_sever(c, why);
        if (c->dismissed)
                client_close(c, NULL, crashed);
        else
                client_refuse(c, "08P01", crashed);
}

void loss_expel(struct client *c, const char *why)
{
        link_sever(c, why);
        client_refuse(c, "08P01", why);
}

/* A connection in CLIENT_LOOKUP or CLIENT_WELCOME, or CLIENT_SETTING outside a transaction and not pinned:
 * the client has noticed nothing. */
static void loss_before_use(struct client *c, const char *why)
{
        struct buf nothing = {0};
        int node = c->node;

        link_sever(c, why);
        if (client_asks(c))
                return; /* the room's tick asks again */
        remember_failure(c, node);
        run_again(c, &nothing);
}

/* `reported`: the server has said that it aborts. */
static bool runs_again(const struct client *c, bool reported)
{
        if (buf_len(&c->server->replay) == 0 || c->overtime != 0 || keeps_state(c))
                return false;
        if (c->discarding)
                return c->repeat == REPEAT_POSSIBLE;
        if (c->repeats >= REPEATS_MAX)
                return false;
        return c->repeat == REPEAT_POSSIBLE || c->repeat == REPEAT_IF_LOST ||
               (c->repeat == REPEAT_IF_ABORTED && reported && fate_is_abort(c));
}

static void repeat(struct client *c, const char *why)
{
        struct buf replay = c->server->replay;
        int index = c->node;

        c->server->replay = (struct buf){0};
        link_sever(c, why);
        if (c->discarding) { /* refused already, only the end of the refusal is missing */
                c->force_primary = true;
                c->retry_reason = REASON_RETRY;
        } else {
                c->repeats++;
                remember_failure(c, index);
                cluster_pays(c->endpoint->cluster, TOLL_REPEATED);
        }
        run_again(c, &replay);
}

/* It is told when it is known what became of its COMMIT. */
static void answer_later(struct client *c, const char *why)
{
        struct doubt *d = doubt_new(c);

        link_sever(c, why);
        forget_transaction(c);
        c->in_segment = c->bound = false;
        client_move(c, CLIENT_IDLE);
        doubt_begin(c, d);
}

/* The client stays, and is told. */
static void answer_loss(struct client *c, const char *why, bool reported)
{
        struct server *s = c->server;
        unsigned sync_points = s->replies.sync_points;
        const struct reply *tail = replies_tail(&s->replies);
        bool aborted = c->open || (c->block != NULL && !block_is_sent(c->block));
        struct buf out = {0};
        struct writer w = writer_to(&out, CLIENT_OUT_MAX);
        struct refusal r;

        c->lost_node = s->pool->node;
        /* Behind a Sync that we have put in its place the client still owes its Sync. */
        c->skip_to_sync = c->in_segment || (tail != NULL && tail->kind == REPLY_SYNC &&
                                            (tail->flags & (REPLY_SWALLOW | REPLY_OUTCOME)) == REPLY_SWALLOW);
        write_owed(c, &w, aborted ? 'E' : 'I', reported, &r);
        link_sever(c, why);
        c->abort_untold = aborted && sync_points == 0 && !c->skip_to_sync;
        forget_transaction(c);
        c->tx = aborted ? 'E' : 'I';
        c->in_segment = c->bound = false;
        client_move(c, aborted ? CLIENT_ABORTED : CLIENT_IDLE);
        client_log_error(c, &r);
        if (!client_send(c, &w))
                return;
        client_go_on(c);
}

static void lose(struct client *c, const char *why, bool reported)
{
        c->endpoint->stats->n.lost++;
        if (c->doubt != NULL) {
                doubt_lost(c, why);
        } else if (client_asks(c) || (c->state == CLIENT_SETTING && c->pins == 0 && c->server->tx == 'I')) {
                loss_before_use(c, why);
        } else if (!c->endpoint->cluster->probed || c->replication != REPLICATION_NONE) {
                plain_loss(c, why);
        } else if (c->cut_answer || c->server->pass > 0) {
                link_sever(c, why);
                client_close(c, NULL, "server lost in the middle of a message");
        } else if (runs_again(c, reported)) {
                repeat(c, why);
        } else if (doubt_is_possible(c, reported)) {
                answer_later(c, why);
        } else if (keeps_state(c)) {
                end_session(c, why, reported);
        } else {
                answer_loss(c, why, reported);
        }
}

void loss_of_server(struct client *c, const char *why, bool crashed)
{
        c->overtime = 0;
        if (crashed)
                node_report(c->server->pool->node, EVIDENCE_LOST);
        lose(c, why, false);
}

bool loss_repeats(const struct client *c, const struct msg *m)
{
        struct error_fields e;

        error_fields_read(m, &e);
        return overtime_of(e.sqlstate) == 0 && runs_again(c, error_is_abort(&e));
}

bool loss_is_fatal(struct client *c, struct server *s, const struct msg *m)
{
        struct error_fields e;
        char why[160];

        error_fields_read(m, &e);
        if (sqlstate_is_shutdown(e.sqlstate))
                node_report(s->pool->node, EVIDENCE_SHUTDOWN);
        if (!error_is_last(&e))
                return false;
        if ((!c->endpoint->cluster->probed || c->replication != REPLICATION_NONE) &&
            c->state == CLIENT_ACTIVE) {
                c->dismissed = true;
                return false; /* passed on as it is; the end of the connection follows */
        }
        snprintf(why, sizeof(why), "server said: %.*s", (int)(e.text.n < 120 ? e.text.n : 120), e.text.p);
        c->overtime = overtime_of(e.sqlstate);
        lose(c, why, error_is_abort(&e) || c->overtime != 0);
        return true;
}
