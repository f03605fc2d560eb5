#include "session/verdict.h"

#include "base/check.h"
#include "session/again.h"
#include "session/block.h"
#include "session/done.h"
#include "session/effects.h"
#include "session/exchange.h"
#include "session/fate.h"
#include "session/greeting.h"
#include "session/loss.h"
#include "session/outcome.h"
#include "session/owed.h"
#include "session/split.h"
#include "session/tally.h"
#include "wire/fields.h"
#include "wire/writer.h"

/* What has been planned belongs to the client, whatever comes next. */
enum verdict verdict_violation(struct down *d)
{
        plan_send(&d->plan);
        loss_of_server(d->c, "server broke the protocol", true);
        return VERDICT_STOP;
}

/* The server's last words. False: they are the client's, and so is the end of the connection behind them. */
static bool ends(struct down *d, const struct msg *m)
{
        if (loss_repeats(d->c, m)) /* the client gets the other run's answer */
                plan_keep(&d->plan, d->told);
        plan_send(&d->plan);
        return loss_is_fatal(d->c, d->s, m);
}

enum verdict verdict_notice(struct down *d, const struct msg *m)
{
        struct error_fields e;

        error_fields_read(m, &e);
        if (error_is_last(&e) && ends(d, m))
                return VERDICT_STOP;
        fate_notice(d->c, &e);
        return VERDICT_PASS;
}

enum verdict verdict_error(struct down *d, const struct msg *m)
{
        struct error_fields e;

        error_fields_read(m, &e);
        if (error_is_last(&e) && ends(d, m))
                return VERDICT_STOP;
        switch (outcome_failed(d->c, d->s, &e)) {
        case OUTCOME_ERROR_OTHERS: break;
        case OUTCOME_ERROR_KNOWN:
                d->s->skipping = true;
                owed_skip(d->c, d->s);
                return VERDICT_SWALLOW;
        case OUTCOME_ERROR_OURS:
                plan_send(&d->plan);
                loss_of_server(d->c, "the transaction has failed when it was asked for its id", false);
                return VERDICT_STOP;
        }
        d->c->failed = true;
        if (d->c->copies > 0)
                d->c->copies = 0; /* what it was copied by is over */
        if (d->c->on_primary && sqlstate_is_read_only(e.sqlstate) && d->c->access != ACCESS_READ_ONLY)
                node_report(d->s->pool->node, EVIDENCE_READ_ONLY);
        tally_failed(d->c, d->s);
        d->s->skipping = d->s->skipping || owed_in_extended(&d->s->replies);
        owed_skip(d->c, d->s);
        exchange_end_skip(d->c, d->s);
        return VERDICT_PASS;
}

void verdict_tag(struct down *d, const struct msg *m)
{
        struct reader r = reader_of(m);
        struct sv tag = take_cstr(&r);
        struct reply *head = replies_head(&d->s->replies);

        if (head != NULL && (head->flags & REPLY_SWALLOW)) {
                block_completed(d->c, tag);
                return;
        }
        fate_tag(d->c, head, tag);
        effects_done(d->c, d->s, tag);
        if (tally_counts(d->c))
                tally_rows(d->c, tag);
        if (head != NULL && head->kind == REPLY_EXECUTE)
                tally_done(d->c, d->s);
        if (tag.n > 0 && tag.p[0] == 'D' && (sv_is(tag, "DISCARD ALL") || sv_is(tag, "DEALLOCATE ALL"))) {
                prepared_fini(&d->s->prepared);
                prepared_init(&d->s->prepared);
                names_clear(&d->c->names, &d->c->room->statements);
        }
}

enum verdict verdict_param(struct down *d, const struct msg *m)
{
        const struct endpoint *e = d->c->endpoint;
        struct sv name, value;

        if (server_report(d->s, m, &name, &value) != STATUS_OK)
                return verdict_violation(d);
        if (sv_is(name, "in_hot_standby")) {
                node_report(d->s->pool->node, EVIDENCE_RECOVERY);
                return e->cluster->probed ? VERDICT_SWALLOW : VERDICT_PASS;
        }
        effects_report(d->c, name, value);
        return VERDICT_PASS;
}

/* What a RESET goes back to is the startup packet's: carry_keep and carry_amend see to it, and this says so.
 */
static void remind(struct down *d)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, PLAN_OWN_BYTES);

        if ((d->c->pins & PIN_SETTING) == 0) /* else neither is known */
                greeting_remind(d->c, &w);
        if (!w.failed)
                plan_put(&d->plan, buf_data(&out), buf_len(&out));
        buf_release(&out);
        d->c->misled = MISLED_NOT;
}

/* ReadyForQuery as the client's block has it, instead of the server's. */
static enum verdict tell_status(struct down *d)
{
        const uint8_t ready[] = {BE_READY, 0, 0, 0, 5, (uint8_t)d->c->tx};

        if (!d->c->discarding)
                plan_put(&d->plan, ready, sizeof(ready));
        return VERDICT_SWALLOW;
}

/* Of our question about the transaction: the client's own messages may be under way behind it. */
static enum verdict on_outcome_ready(struct down *d, char tx)
{
        struct server *s = d->s;

        if (tx == 'I')
                return verdict_violation(d);
        replies_pop(&s->replies);
        s->tx = tx;
        if (s->replies.count == 0)
                d->c->barrier = false;
        d->ready = true;
        return VERDICT_SWALLOW;
}

enum verdict verdict_ready(struct down *d, const struct msg *m)
{
        struct client *c = d->c;
        struct server *s = d->s;
        bool own, ours = block_is_ours(c);

        if (!s->skipping && owed_in_extended(&s->replies))
                return verdict_violation(d); /* it has left out an answer */
        owed_skip(c, s);                     /* sent after an error, before the Sync */
        s->skipping = false;
        if (m->body_size != 1 || replies_head(&s->replies) == NULL ||
            (m->body[0] != 'I' && m->body[0] != 'T' && m->body[0] != 'E'))
                return verdict_violation(d);
        if (replies_head(&s->replies)->flags & REPLY_OUTCOME)
                return on_outcome_ready(d, (char)m->body[0]);
        own = (replies_head(&s->replies)->flags & REPLY_SWALLOW) != 0;
        tally_done(c, s);
        replies_pop(&s->replies);
        s->tx = (char)m->body[0];
        if (ours && s->tx != 'I')
                return verdict_violation(d);
        c->tx = ours ? block_ready(c) : s->tx;
        if (s->tx != 'I' && c->endpoint->pool_mode == POOL_STATEMENT && c->replication == REPLICATION_NONE) {
                loss_expel(c, "transaction blocks not allowed in statement pooling mode");
                return VERDICT_STOP;
        }
        if (!own) {
                again_next(c);
                done_query(c);
        } else if (c->failed) {
                c->skip_to_sync = true; /* as the server would, up to the Sync that the client still owes */
        }
        d->ready = true;
        effects_drop(c);
        if (s->tx == 'I' && !ours) {
                if (c->wrote && c->endpoint->cluster->probed)
                        floor_committed(c);
                if (c->defined && c->endpoint->home != NULL)
                        catalog_home_doubt(c->endpoint->home, CATALOG_CHANGED);
                effects_settle(c, s, !c->failed);
                outcome_over(s);
        }
        if (s->replies.count == 0) {
                c->barrier = false;
                c->commit_sent = false;
                c->copies = 0;
                c->open = s->tx != 'I';
                if (s->tx == 'I')
                        c->began = c->wrote = c->defined = false;
        }
        c->failed = false;
        fate_ready(c);
        if (c->misled == MISLED_BY_RESET && !own)
                remind(d);
        if (ours)
                return tell_status(d);
        block_free(c); /* if there is one: the server has the transaction, or it is over */
        return own ? VERDICT_SWALLOW : VERDICT_PASS;
}

/* A server that copies in throws away the Sync that came with the Execute: the one behind the data counts. */
enum verdict verdict_copy_in(struct down *d)
{
        struct reply *head = replies_head(&d->s->replies);

        if (head == NULL)
                return verdict_violation(d);
        d->c->copies++;
        if (head->kind == REPLY_EXECUTE && replies_drop_sync(&d->s->replies))
                d->c->in_segment = d->c->bound = d->c->writes = true;
        return VERDICT_PASS;
}

enum verdict verdict_row(struct down *d, const struct msg *m)
{
        const struct reply *head = replies_head(&d->s->replies);

        if (head->kind != REPLY_EXECUTE)
                return VERDICT_PASS;
        if (head->flags & REPLY_OUTCOME)
                outcome_learn(d->c, d->s, m);
        else
                split_learn(d->c->endpoint, m);
        return VERDICT_SWALLOW;
}
