/* From the server to its client. */
#include "session/relay.h"

#include "base/check.h"
#include "session/again.h"
#include "session/block.h"
#include "session/carry.h"
#include "session/done.h"
#include "session/effects.h"
#include "session/exchange.h"
#include "session/fate.h"
#include "session/greeting.h"
#include "session/link.h"
#include "session/loss.h"
#include "session/outcome.h"
#include "session/owed.h"
#include "session/plan.h"
#include "session/split.h"
#include "session/tally.h"
#include "wire/fields.h"
#include "wire/writer.h"

enum {
        KEEP_WHOLE_MAX =
            8192, /* a message up to this size is passed on whole, so that a lost server cuts none */
        LOOK_WHOLE_MAX = 65536, /* one that must be understood and is larger than this is not a server's */
};

enum verdict {
        VERDICT_PASS,
        VERDICT_SWALLOW,
        VERDICT_STOP, /* the server is gone, or the client */
};

struct down {
        struct client *c;
        struct server *s;
        struct plan plan;
        bool ready;  /* the last message was ReadyForQuery */
        size_t told; /* of what is planned, up to the last ReadyForQuery */
};

/* What has been planned belongs to the client, whatever comes next. */
static enum verdict violation(struct down *d)
{
        plan_send(&d->plan);
        loss_of_server(d->c, "server broke the protocol", true);
        return VERDICT_STOP;
}

/* The answer that the oldest owed reply of `kind` waits for. */
static enum verdict complete(struct down *d, enum reply_kind kind)
{
        struct reply *head = replies_head(&d->s->replies);
        bool swallow;

        if (head == NULL || head->kind != kind)
                return violation(d);
        swallow = (head->flags & REPLY_SWALLOW) != 0;
        if (kind == REPLY_PARSE && !swallow && again_tells(d->c))
                names_settle(&d->c->names, &d->c->room->statements, head->key, true);
        replies_pop(&d->s->replies);
        return swallow ? VERDICT_SWALLOW : VERDICT_PASS;
}

/* The same for answers that a simple query has as well. */
static enum verdict complete_if(struct down *d, enum reply_kind kind)
{
        struct reply *head = replies_head(&d->s->replies);
        bool swallow;

        if (head == NULL)
                return violation(d);
        if (head->kind == REPLY_QUERY && (head->flags & REPLY_SWALLOW))
                return VERDICT_SWALLOW;
        if (head->kind != kind)
                return VERDICT_PASS;
        swallow = (head->flags & REPLY_SWALLOW) != 0;
        replies_pop(&d->s->replies);
        return swallow ? VERDICT_SWALLOW : VERDICT_PASS;
}

/* The server's last words. False: they are the client's, and so is the end of the connection behind them. */
static bool ends(struct down *d, const struct msg *m)
{
        if (loss_repeats(d->c, m)) /* the client gets the other run's answer */
                plan_keep(&d->plan, d->told);
        plan_send(&d->plan);
        return loss_is_fatal(d->c, d->s, m);
}

static enum verdict on_notice(struct down *d, const struct msg *m)
{
        struct error_fields e;

        error_fields_read(m, &e);
        if (error_is_last(&e) && ends(d, m))
                return VERDICT_STOP;
        fate_notice(d->c, &e);
        return VERDICT_PASS;
}

static enum verdict on_error(struct down *d, const struct msg *m)
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

static void on_tag(struct down *d, const struct msg *m)
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
        tally_rows(d->c, tag);
        if (head != NULL && head->kind == REPLY_EXECUTE)
                tally_done(d->c, d->s);
        if (tag.n > 0 && tag.p[0] == 'D' && (sv_is(tag, "DISCARD ALL") || sv_is(tag, "DEALLOCATE ALL"))) {
                prepared_fini(&d->s->prepared);
                prepared_init(&d->s->prepared);
                names_clear(&d->c->names, &d->c->room->statements);
        }
}

static enum verdict on_param(struct down *d, const struct msg *m)
{
        const struct endpoint *e = d->c->endpoint;
        struct sv name, value;

        if (server_report(d->s, m, &name, &value) != STATUS_OK)
                return violation(d);
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

        greeting_remind(d->c, &w);
        if (!w.failed)
                plan_put(&d->plan, buf_data(&out), buf_len(&out));
        buf_release(&out);
        d->c->misled = false;
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
                return violation(d);
        replies_pop(&s->replies);
        s->tx = tx;
        if (s->replies.count == 0)
                d->c->barrier = false;
        d->ready = true;
        return VERDICT_SWALLOW;
}

static enum verdict on_ready(struct down *d, const struct msg *m)
{
        struct client *c = d->c;
        struct server *s = d->s;
        bool own, ours = block_is_ours(c);

        if (!s->skipping && owed_in_extended(&s->replies))
                return violation(d); /* it has left out an answer */
        owed_skip(c, s);             /* sent after an error, before the Sync */
        s->skipping = false;
        if (m->body_size != 1 || replies_head(&s->replies) == NULL ||
            (m->body[0] != 'I' && m->body[0] != 'T' && m->body[0] != 'E'))
                return violation(d);
        if (replies_head(&s->replies)->flags & REPLY_OUTCOME)
                return on_outcome_ready(d, (char)m->body[0]);
        own = (replies_head(&s->replies)->flags & REPLY_SWALLOW) != 0;
        tally_done(c, s);
        replies_pop(&s->replies);
        s->tx = (char)m->body[0];
        if (ours && s->tx != 'I')
                return violation(d);
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
        if (c->misled && !own)
                remind(d);
        if (ours)
                return tell_status(d);
        block_free(c); /* if there is one: the server has the transaction, or it is over */
        return own ? VERDICT_SWALLOW : VERDICT_PASS;
}

/* A server that copies in throws away the Sync that came with the Execute: the one behind the data counts. */
static enum verdict on_copy_in(struct down *d)
{
        struct reply *head = replies_head(&d->s->replies);

        if (head == NULL)
                return violation(d);
        d->c->copies++;
        if (head->kind == REPLY_EXECUTE && replies_drop_sync(&d->s->replies))
                d->c->in_segment = d->c->bound = d->c->writes = true;
        return VERDICT_PASS;
}

/* Rows that the client did not ask for are for who did. */
static enum verdict on_row(struct down *d, const struct msg *m)
{
        const struct reply *head = replies_head(&d->s->replies);

        if (head == NULL)
                return violation(d);
        if (head->kind != REPLY_EXECUTE || !(head->flags & REPLY_SWALLOW))
                return VERDICT_PASS;
        if (head->flags & REPLY_OUTCOME)
                outcome_learn(d->c, d->s, m);
        else
                split_learn(d->c->endpoint, m);
        return VERDICT_SWALLOW;
}

static enum verdict on_reply(struct down *d, const struct msg *m)
{
        switch (m->type) {
        case BE_DATA_ROW: return on_row(d, m);
        case BE_COPY_DATA:
        case BE_COPY_DONE:
        case BE_COPY_OUT:
        case BE_COPY_BOTH:
        case BE_PARAM_DESCRIPTION: return d->s->replies.count == 0 ? violation(d) : VERDICT_PASS;
        case BE_FUNCTION_RESULT:
                fate_function(d->c);
                return d->s->replies.count == 0 ? violation(d) : VERDICT_PASS;
        case BE_COPY_IN: return on_copy_in(d);
        case BE_ROW_DESCRIPTION:
        case BE_NO_DATA: return complete_if(d, REPLY_DESCRIBE);
        case BE_COMMAND_COMPLETE: on_tag(d, m); return complete_if(d, REPLY_EXECUTE);
        case BE_EMPTY_QUERY:
        case BE_PORTAL_SUSPENDED: return complete_if(d, REPLY_EXECUTE);
        case BE_PARSE_COMPLETE: return complete(d, REPLY_PARSE);
        case BE_BIND_COMPLETE: return complete(d, REPLY_BIND);
        case BE_CLOSE_COMPLETE: return complete(d, REPLY_CLOSE);
        case BE_READY: return on_ready(d, m);
        case BE_ERROR: return on_error(d, m);
        case BE_PARAM_STATUS: return on_param(d, m);
        case BE_NOTICE: return on_notice(d, m);
        case BE_NOTIFICATION: return VERDICT_PASS;
        default: return violation(d);
        }
}

/* ---- bytes ---- */

/* One message, or the beginning of a large one. Returns how many bytes were used; 0: keep them for later. */
static size_t step(struct down *d, const uint8_t *p, size_t n, bool *stop)
{
        struct server *s = d->s;
        size_t k;
        struct msg m;
        enum status status;
        bool understood;

        if (s->pass > 0 || s->swallow > 0) {
                size_t *left = s->pass > 0 ? &s->pass : &s->swallow;

                k = n < *left ? n : *left;
                if (left == &s->pass)
                        plan_pass(&d->plan, p, k);
                *left -= k;
                return k;
        }
        status = msg_peek(p, n, &m);
        if (status == STATUS_AGAIN)
                return 0;
        if (status != STATUS_OK) {
                violation(d);
                *stop = true;
                return 0;
        }
        if ((int64_t)m.size > d->c->room->conf->opt.max_packet_size) {
                plan_send(&d->plan);
                loss_expel(d->c, "bad pkt header");
                *stop = true;
                return 0;
        }
        understood = m.type != BE_DATA_ROW && m.type != BE_COPY_DATA;
        if (m.have < m.size && m.size <= (understood ? (size_t)LOOK_WHOLE_MAX : (size_t)KEEP_WHOLE_MAX))
                return 0;
        d->ready = false;
        owed_answer(d->c, s, &d->plan);
        switch (on_reply(d, &m)) {
        case VERDICT_PASS:
                if (d->c->discarding) {
                        s->swallow = m.size - m.have;
                        break;
                }
                plan_pass(&d->plan, p, m.have);
                s->pass = m.size - m.have;
                break;
        case VERDICT_SWALLOW: s->swallow = m.size - m.have; break;
        case VERDICT_STOP: *stop = true; return 0;
        }
        if (d->ready)
                d->told = d->plan.total;
        owed_answer(d->c, s, &d->plan);
        return m.have;
}

/* Completes the message whose beginning was kept, with bytes of this read: *took of them. False: it is still
 * not whole, or all is over (*stop). It stays in s->in until the plan is sent. */
static bool complete_kept(struct down *d, const uint8_t *p, size_t n, size_t *took, bool *stop)
{
        struct server *s = d->s;
        struct msg m;

        while (*took < n) {
                size_t have = buf_len(&s->in), want = MSG_HEAD, k;

                if (have >= MSG_HEAD && msg_peek(buf_data(&s->in), have, &m) == STATUS_OK)
                        want = m.size;
                k = want - have < n - *took ? want - have : n - *took;
                if (buf_append(&s->in, p + *took, k, LOOK_WHOLE_MAX + LOOP_SCRATCH_BYTES) != STATUS_OK) {
                        violation(d);
                        *stop = true;
                        return false;
                }
                *took += k;
                if (have + k >= MSG_HEAD && step(d, buf_data(&s->in), buf_len(&s->in), stop) > 0)
                        return true;
                if (*stop)
                        return false;
        }
        return false;
}

/* The server is at rest: it goes back, unless the session keeps it. */
static void release(struct client *c)
{
        if (c->discarding)
                again_run(c);
        else if (c->endpoint->pool_mode != POOL_SESSION && c->pins == 0 && c->replication == REPLICATION_NONE)
                link_release(c);
        else if (!carry_keep(c))
                return; /* it goes on when that is answered */
        else if (buf_len(&c->in) > 0)
                client_go_on(c);
}

void relay_release_late(struct client *c)
{
        if (!c->late || c->pass > 0)
                return;
        c->late = false;
        if (c->state == CLIENT_ACTIVE && client_has_rest(c))
                release(c);
}

static void after(struct down *d)
{
        struct client *c = d->c;
        struct server *s = d->s;

        if (stream_unsent(&c->stream) > 0) {
                stream_want_read(&s->stream, false);
                client_want_read(c);
        }
        s->said_ready = d->ready && s->tx == 'I';
        if (!d->ready)
                return;
        if (c->repairing && s->replies.count == 0) {
                again_run(c);
                return;
        }
        if (client_has_rest(c)) {
                release(c);
                return;
        }
        c->late = c->pass > 0;
        if (carry_is_amiss(c))
                carry_amend(c);
        if (buf_len(&c->in) > 0)
                client_go_on(c);
}

/* What is incomplete. False: the server is given up. */
static bool keep(struct server *s, const uint8_t *p, size_t n)
{
        if (buf_append(&s->in, p, n, LOOK_WHOLE_MAX + LOOP_SCRATCH_BYTES) == STATUS_OK)
                return true;
        loss_of_server(s->client, "server broke the protocol", true);
        return false;
}

/* At the beginning of an answer: whether too little of it is here to let anything leave. */
static bool is_held_back(struct client *c, const uint8_t *p, size_t n)
{
        return again_may(c) && !again_look(c, p, n);
}

void relay_from_server(struct server *s)
{
        struct client *c = s->client;
        struct loop *loop = c->room->loop;
        struct down d;
        size_t n, at = 0, k, kept = buf_len(&s->in);
        bool stop = false, looks = again_may(c) && kept < LOOP_SCRATCH_BYTES;
        size_t front = looks ? kept : 0; /* what has been held back goes in front of what comes */
        enum status status = stream_read(&s->stream, loop->scratch + front, LOOP_SCRATCH_BYTES - front, &n);

        if (status == STATUS_AGAIN)
                return;
        if (status != STATUS_OK) {
                loss_of_server(c, "server conn crashed?", true);
                return;
        }
        d.c = c;
        d.s = s;
        d.ready = false;
        d.told = 0;
        plan_begin(&d.plan, &c->stream);
        if (looks) {
                if (front > 0)
                        memcpy(loop->scratch, buf_data(&s->in), front);
                buf_consume(&s->in, front);
                kept = 0;
                n += front;
                if (is_held_back(c, loop->scratch, n)) {
                        keep(s, loop->scratch, n);
                        return;
                }
        }
        if (kept > 0 && !complete_kept(&d, loop->scratch, n, &at, &stop))
                return; /* still not whole */
        while (!stop && at < n && !(d.ready && is_held_back(c, loop->scratch + at, n - at)) &&
               (k = step(&d, loop->scratch + at, n - at, &stop)) > 0)
                at += k;
        if (s->client != c) /* parted */
                return;
        status = plan_send(&d.plan);
        c->endpoint->stats->n.sent += d.plan.total;
        if (kept > 0)
                buf_consume(&s->in, buf_len(&s->in));
        if (status != STATUS_OK) {
                client_close(c, NULL, "client unexpected eof");
                return;
        }
        if (at < n && !keep(s, loop->scratch + at, n - at))
                return;
        buf_trim(&s->in);
        after(&d);
}
