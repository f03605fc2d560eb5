/* From the server to its client. */
#include "session/relay.h"

#include "base/check.h"
#include "session/again.h"
#include "session/carry.h"
#include "session/fate.h"
#include "session/link.h"
#include "session/loss.h"
#include "session/owed.h"
#include "session/verdict.h"

enum {
        KEEP_WHOLE_MAX =
            8192, /* a message up to this size is passed on whole, so that a lost server cuts none */
        LOOK_WHOLE_MAX = 65536, /* one that must be understood and is larger than this is not a server's */
};

/* The oldest owed reply is complete. */
static inline enum verdict pop(struct replies *owed)
{
        bool swallow = (replies_head(owed)->flags & REPLY_SWALLOW) != 0;

        replies_pop(owed);
        return swallow ? VERDICT_SWALLOW : VERDICT_PASS;
}

/* The answer that the oldest owed reply of `kind` waits for. */
static inline enum verdict complete(struct down *d, enum reply_kind kind)
{
        const struct reply *head = replies_head(&d->s->replies);

        return head != NULL && head->kind == kind ? pop(&d->s->replies) : verdict_violation(d);
}

/* The same for answers that a simple query has as well. */
static enum verdict complete_if(struct down *d, enum reply_kind kind)
{
        const struct reply *head = replies_head(&d->s->replies);

        if (head == NULL)
                return verdict_violation(d);
        if (head->kind == kind)
                return pop(&d->s->replies);
        return head->kind == REPLY_QUERY && (head->flags & REPLY_SWALLOW) ? VERDICT_SWALLOW : VERDICT_PASS;
}

/* What belongs to an answer that has begun. */
static enum verdict belongs(struct down *d)
{
        return d->s->replies.count > 0 ? VERDICT_PASS : verdict_violation(d);
}

static enum verdict on_parsed(struct down *d)
{
        const struct reply *head = replies_head(&d->s->replies);

        if (head != NULL && (head->key[0] | head->key[1]) != 0 && !(head->flags & REPLY_SWALLOW) &&
            head->kind == REPLY_PARSE && again_tells(d->c))
                names_settle(&d->c->names, &d->c->room->statements, head->key, true);
        return complete(d, REPLY_PARSE);
}

static enum verdict on_row(struct down *d, const struct msg *m)
{
        const struct reply *head = replies_head(&d->s->replies);

        if (head == NULL)
                return verdict_violation(d);
        return head->flags & REPLY_SWALLOW ? verdict_row(d, m) : VERDICT_PASS;
}

static enum verdict on_reply(struct down *d, const struct msg *m)
{
        switch (m->type) {
        case BE_DATA_ROW: return on_row(d, m);
        case BE_COPY_DATA:
        case BE_COPY_DONE:
        case BE_COPY_OUT:
        case BE_COPY_BOTH:
        case BE_PARAM_DESCRIPTION: return belongs(d);
        case BE_FUNCTION_RESULT: fate_function(d->c); return belongs(d);
        case BE_COPY_IN: return verdict_copy_in(d);
        case BE_ROW_DESCRIPTION:
        case BE_NO_DATA: return complete_if(d, REPLY_DESCRIBE);
        case BE_COMMAND_COMPLETE: verdict_tag(d, m); return complete_if(d, REPLY_EXECUTE);
        case BE_EMPTY_QUERY:
        case BE_PORTAL_SUSPENDED: return complete_if(d, REPLY_EXECUTE);
        case BE_PARSE_COMPLETE: return on_parsed(d);
        case BE_BIND_COMPLETE: return complete(d, REPLY_BIND);
        case BE_CLOSE_COMPLETE: return complete(d, REPLY_CLOSE);
        case BE_READY: return verdict_ready(d, m);
        case BE_ERROR: return verdict_error(d, m);
        case BE_PARAM_STATUS: return verdict_param(d, m);
        case BE_NOTICE: return verdict_notice(d, m);
        case BE_NOTIFICATION: return VERDICT_PASS;
        default: return verdict_violation(d);
        }
}

/* ---- bytes ---- */

/* More of a message whose beginning has gone, or was dropped. */
static size_t step_through(struct down *d, const uint8_t *p, size_t n)
{
        struct server *s = d->s;
        size_t *left = s->pass > 0 ? &s->pass : &s->swallow, k = n < *left ? n : *left;

        if (left == &s->pass)
                plan_pass(&d->plan, p, k);
        *left -= k;
        return k;
}

/* Whether it is waited for until it is here. */
static bool must_be_whole(const struct msg *m)
{
        bool understood = m->type != BE_DATA_ROW && m->type != BE_COPY_DATA;

        return m->size <= (understood ? (size_t)LOOK_WHOLE_MAX : (size_t)KEEP_WHOLE_MAX);
}

static void pass(struct down *d, const struct msg *m)
{
        if (d->c->discarding) {
                d->s->swallow = m->size - m->have;
                return;
        }
        plan_pass(&d->plan, m->head, m->have);
        d->s->pass = m->size - m->have;
}

/* What stands at `p` is no message, or too large for one. */
static size_t refuse(struct down *d, enum status status, bool *stop)
{
        if (status != STATUS_OK) {
                verdict_violation(d);
        } else {
                plan_send(&d->plan);
                loss_expel(d->c, "bad pkt header");
        }
        *stop = true;
        return 0;
}

/* One message, or the beginning of a large one. Returns how many bytes were used; 0: keep them for later. */
static inline size_t step(struct down *d, const uint8_t *p, size_t n, bool *stop)
{
        struct server *s = d->s;
        struct msg m;
        enum status status;

        if ((s->pass | s->swallow) > 0)
                return step_through(d, p, n);
        status = msg_peek(p, n, &m);
        if (status == STATUS_AGAIN)
                return 0;
        if (status != STATUS_OK || m.size > d->size_max)
                return refuse(d, status, stop);
        if (m.have < m.size && must_be_whole(&m))
                return 0;
        d->ready = false;
        owed_answer(d->c, s, &d->plan);
        switch (on_reply(d, &m)) {
        case VERDICT_PASS: pass(d, &m); break;
        case VERDICT_SWALLOW: s->swallow = m.size - m.have; break;
        case VERDICT_STOP: *stop = true; return 0;
        }
        if (d->ready)
                d->told = d->plan.total;
        owed_answer(d->c, s, &d->plan);
        return m.have;
}

/* At the beginning of an answer: whether too little of it is here to let anything leave. */
static bool is_held_back(struct client *c, const uint8_t *p, size_t n)
{
        return again_may(c) && !again_look(c, p, n);
}

/* Messages, as many as can be used. Returns their bytes. */
static size_t run(struct down *d, const uint8_t *p, size_t n, bool *stop)
{
        size_t at = 0, k;

        while (!*stop && at < n && !(d->ready && is_held_back(d->c, p + at, n - at)) &&
               (k = step(d, p + at, n - at, stop)) > 0)
                at += k;
        return at;
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
                        verdict_violation(d);
                        *stop = true;
                        return false;
                }
                *took += k;
                if (have + k >= MSG_HEAD && run(d, buf_data(&s->in), buf_len(&s->in), stop) > 0)
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

void relay_from_server(struct server *s)
{
        struct client *c = s->client;
        struct loop *loop = c->room->loop;
        struct down d;
        size_t n, at = 0, kept = buf_len(&s->in);
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
        d.size_max = (size_t)c->room->conf->opt.max_packet_size;
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
        at += run(&d, loop->scratch + at, n - at, &stop);
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
