/* From the client to its server. */
#include "session/relay.h"

#include "base/check.h"
#include "session/again.h"
#include "session/block.h"
#include "session/bound.h"
#include "session/deallocate.h"
#include "session/effects.h"
#include "session/exchange.h"
#include "session/execute.h"
#include "session/facts.h"
#include "session/lesson.h"
#include "session/outcome.h"
#include "session/owed.h"
#include "session/segment.h"
#include "session/tally.h"
#include "wire/proto.h"

#include <stdio.h>
#include <string.h>

enum { NAME_WHOLE_MAX = 65536 /* portal and statement name of a Bind must be within this */ };

/* What a statement that has been sent, or soon will be, means for the transaction. */
static void look(struct client *c, const struct facts *f)
{
        struct server *s = c->server;

        if (f->deallocate.n > 0) /* its answer takes names away, of what was prepared before it alone */
                c->barrier = true;
        if (f->writes)
                c->wrote = c->writes = s->unasked = true;
        if (f->copy_from_stdin || f->reason == REASON_UNKNOWN_STATEMENT || f->reason == REASON_UNLEXABLE)
                s->may_copy = true;
        if (f->commits)
                c->commits = true;
        if (f->piecewise)
                c->piecewise = true;
        if (f->defines)
                c->defined = true;
        if (f->tx == TX_BEGIN) {
                c->began = c->open = true;
                s->commits = false;
        } else if (f->tx == TX_END && !f->chain) {
                c->commit_sent = true;
        }
        if (f->tx == TX_END)
                c->open = f->chain;
}

/* Text that is not understood: it may be anything. */
static void look_away(struct client *c)
{
        c->wrote = c->writes = c->piecewise = c->commits = true;
        c->server->unasked = c->server->may_copy = true;
}

/* A Parse, which has one statement, and is too large for more than its first word. */
static void look_at_large(struct client *c, const struct reader *text)
{
        if (classify_head_is_rows(sv_from(text->p, text->n), c->lexing))
                c->wrote = c->writes = c->server->unasked = true;
        else
                look_away(c);
}

bool up_must_look(const struct client *c)
{
        return c->known == 0 && c->replication == REPLICATION_NONE &&
               (c->room->conf->opt.session_state || c->endpoint->cluster->probed);
}

/* What a text is that is about to be sent. False: it has to wait. */
static bool look_at_text(struct up *up, struct sv text, struct facts *f)
{
        lesson_classify(up->c, text, f);
        if (outcome_waits(up, f))
                return false;
        look(up->c, f);
        return true;
}

/* A message that waits, or whose client was refused because of it. */
static size_t hold(const struct up *up, const struct msg *m)
{
        return up->waits ? 0 : m->have;
}

/* ---- messages: each returns the bytes it used, 0 to wait for more ---- */

static size_t pass(struct up *up, const struct msg *m)
{
        plan_pass(&up->plan, m->head, m->have);
        up->c->pass = m->size - m->have;
        up->c->passing = m->type;
        return m->have;
}

/* The end of a segment is on its way. */
static bool owe_end(struct up *up, enum reply_kind kind, const uint64_t *key)
{
        struct client *c = up->c;
        bool commits = (c->commits && c->wrote) || (!c->open && c->writes);

        c->commits = c->writes = false;
        return up_owe(up, kind, commits ? REPLY_COMMITS : 0, key);
}

static size_t on_floor_query(struct up *up, const struct msg *m, struct sv text, const struct facts *f)
{
        if (floor_tell(up, f) && exchange_query(up, text, tally_query(up->c, m)))
                (void)owe_end(up, REPLY_SYNC, NULL);
        return m->have;
}

static size_t on_query(struct up *up, const struct msg *m)
{
        struct client *c = up->c;
        struct reader r = reader_of(m);
        struct facts f = {0};
        struct sv text = {"", 0};
        bool executes;
        size_t used;

        if (up_must_look(c)) {
                if (m->have < m->size && m->size <= (size_t)c->room->conf->opt.scan_limit)
                        return 0;
                if (m->have == m->size)
                        text = take_cstr(&r);
                if (m->have < m->size || r.failed)
                        look_away(c);
                else if (look_at_text(up, text, &f))
                        effects_note(c, text, &f);
                else
                        return hold(up, m);
        }
        if (c->wrote && !up->s->commits)
                up->s->unasked = true;
        c->in_segment = c->bound = false;
        if (f.deallocate.n > 0 && !deallocate_text(c, &up->plan, text))
                return m->have;
        if (floor_is_asked(c, &f))
                return on_floor_query(up, m, text, &f);
        executes = f.execute.n > 0 && execute_pass(up, m);
        if (executes) /* where what we put in front of it fails, the server skips all that is behind it */
                c->barrier = true;
        if (!owe_end(up, REPLY_QUERY, tally_query(c, m)))
                return m->have;
        replies_tail(&up->s->replies)->left = f.statements;
        used = executes ? m->have : pass(up, m);
        if (up->first)
                outcome_behind(up, &f);
        return used;
}

static size_t parse_unnamed(struct up *up, const struct msg *m)
{
        struct client *c = up->c;
        struct reader r = reader_of(m);
        struct facts f = {0};
        bool whole = m->have == m->size;
        struct sv text;

        (void)take_cstr(&r);
        text = whole ? take_cstr(&r) : SV("");
        if (up_must_look(c)) {
                if (!whole && m->size <= (size_t)c->room->conf->opt.scan_limit)
                        return 0;
                if (!whole)
                        look_at_large(c, &r);
                else if (!look_at_text(up, text, &f))
                        return hold(up, m);
        }
        c->unnamed_here = true;
        tally_unnamed(c, text);
        buf_consume(&c->unnamed, buf_len(&c->unnamed));
        /* Bound at once, as nearly always: nothing to keep. Else a Bind may come when another server serves
         * us. What has effects has them when it is bound. */
        if (whole && (up->next_type != FE_BIND || f.deallocate.n > 0 || effects_has(&f)) &&
            buf_append(&c->unnamed, m->body + 1, m->body_size - 1, CLIENT_IN_MAX) != STATUS_OK)
                buf_release(&c->unnamed);
        buf_trim(&c->unnamed);
        if (!floor_tell(up, &f) || !up_owe(up, REPLY_PARSE, 0, NULL))
                return m->have;
        return pass(up, m);
}

static size_t on_parse(struct up *up, const struct msg *m)
{
        struct client *c = up->c;
        struct reader r = reader_of(m);
        struct sv name = take_cstr(&r);

        if (r.failed && m->have < m->size)
                return 0;
        if (name.n == 0 || r.failed)
                return parse_unnamed(up, m);
        if (m->have < m->size)
                return 0;
        if (!exchange_follows(c)) {
                struct sv text = take_cstr(&r);
                struct facts f;

                if (up_must_look(c) && look_at_text(up, text, &f))
                        effects_note(c, text, &f);
                else if (up->waits)
                        return 0;
                up_owe(up, REPLY_PARSE, 0, NULL);
                return pass(up, m);
        }
        exchange_parse(up, m, name);
        return m->have;
}

/* A statement is bound by `m`, and so about to run: `st`, or without it the unnamed one if it was kept.
 * False: the client has been refused, or it waits. */
static bool look_at_bound(struct up *up, const struct msg *m, struct sv name, struct statement *st)
{
        struct client *c = up->c;
        struct facts f;
        struct sv text;

        if (st != NULL) {
                text = sv_cstr(st->parse);
                f = *lesson_facts(c, st, &f);
        } else {
                if (name.n > 0 || buf_len(&c->unnamed) == 0)
                        return true;
                text = sv_cstr((const char *)buf_data(&c->unnamed));
                lesson_classify(c, text, &f);
        }
        if (f.deallocate.n > 0 && !deallocate_text(c, &up->plan, text))
                return false;
        if (up_must_look(c)) {
                if (outcome_waits(up, &f))
                        return false;
                look(c, &f);
                if (f.setting == SETTING_BOUND)
                        bound_note(c, text, m);
                else
                        effects_note(c, text, &f);
        }
        return floor_tell(up, &f);
}

static size_t on_bind(struct up *up, const struct msg *m)
{
        struct reader r = reader_of(m);
        struct sv portal = take_cstr(&r), name = take_cstr(&r);
        struct statement *st;
        size_t skipped = m->have - r.n;

        if (r.failed && m->have < m->size && m->have < NAME_WHOLE_MAX)
                return 0;
        if (name.n > 0 && exchange_follows(up->c))
                up->c->endpoint->stats->n.bind_count++;
        if (!exchange_target(up, name, &st) || !look_at_bound(up, m, name, st) ||
            !up_owe(up, REPLY_BIND, 0, st != NULL ? st->key : NULL))
                return hold(up, m);
        tally_bind(up->c, st, name);
        if (st == NULL)
                return pass(up, m);
        up_put_head(up, FE_BIND, m->body_size - name.n + sizeof(st->name) - 1);
        plan_put(&up->plan, portal.p, portal.n + 1);
        plan_put(&up->plan, st->name, sizeof(st->name));
        plan_pass(&up->plan, m->head + skipped, m->have - skipped);
        up->c->pass = m->size - m->have;
        up->c->passing = m->type;
        return m->have;
}

static size_t on_describe(struct up *up, const struct msg *m)
{
        struct reader r = reader_of(m);
        uint8_t what;
        struct statement *st = NULL;

        if (m->have < m->size)
                return m->size > CLIENT_IN_FULL
                           ? (client_refuse(up->c, "08P01", "broken packet from client"), m->have)
                           : 0;
        what = take_u8(&r);
        if (what == 'S' &&
            (!exchange_target(up, take_cstr(&r), &st) ||
             (st != NULL && !floor_tell(up, statement_facts(st, endpoint_rules(up->c->endpoint))))))
                return m->have;
        if (!up_owe(up, REPLY_DESCRIBE, what == 'S' ? REPLY_NAMED : 0, st != NULL ? st->key : NULL))
                return m->have;
        if (st == NULL)
                return pass(up, m);
        up_put_about(up, FE_DESCRIBE, st->name);
        return m->have;
}

static size_t on_close(struct up *up, const struct msg *m)
{
        struct client *c = up->c;
        struct reader r = reader_of(m);
        struct sv name;

        if (m->have < m->size)
                return m->size > CLIENT_IN_FULL
                           ? (client_refuse(c, "08P01", "broken packet from client"), m->have)
                           : 0;
        if (take_u8(&r) == 'S' && exchange_follows(c)) {
                name = take_cstr(&r);
                if (!r.failed && names_close(&c->names, name)) {
                        up_owe(up, REPLY_CLOSE, REPLY_LOCAL, NULL);
                        return m->have;
                }
        }
        if (!up_owe(up, REPLY_CLOSE, 0, NULL))
                return m->have;
        return pass(up, m);
}

/* Parse and Describe alone, up to Flush, as asyncpg sends them to prepare: a Sync of our own behind it ends
 * the segment, so that what comes next, perhaps a write, is routed by what it is, and the server is free
 * meanwhile. */
static size_t on_flush(struct up *up, const struct msg *m)
{
        struct client *c = up->c;
        size_t used = pass(up, m);

        if (!c->in_segment || c->bound || c->began || up->s->tx != 'I' || !exchange_follows(c))
                return used;
        c->in_segment = c->bound = false;
        up_put_head(up, FE_SYNC, 0);
        up_owe(up, REPLY_SYNC, REPLY_SWALLOW, NULL);
        return used;
}

/* Whether the server serves some segments only: it is a standby's, and each segment is routed by itself. */
static bool is_routed(const struct client *c)
{
        return !c->on_primary && !c->endpoint->single && c->endpoint->pool_mode != POOL_SESSION &&
               c->replication == REPLICATION_NONE;
}

/* At the start of a segment: whether it need not wait for the answers to those before it. On the primary all
 * may follow, and then none of them can be run again alone; on a standby only reads may, outside a
 * transaction, kept with those before them. */
static bool may_follow(struct up *up, const uint8_t *p, size_t n)
{
        struct client *c = up->c;

        if (up->s->replies.count <= up->opening)
                return true;
        if (c->block != NULL && c->block->stage == BLOCK_APART)
                return false; /* it runs outside of the transaction that the client is in */
        if (is_routed(c) && c->commit_sent)
                return false; /* what comes is outside of the transaction that is ending */
        if (!is_routed(c) || up->s->tx != 'I' || c->began)
                c->repeat = REPEAT_NO;
        else if (segment_follow(c, p, n) != STATUS_OK)
                return false;
        c->repairable = c->blind = false;
        return true;
}

static size_t on_message(struct up *up, const struct msg *m)
{
        struct client *c = up->c;

        switch (m->type) {
        case FE_QUERY: return on_query(up, m);
        case FE_PARSE: c->in_segment = true; return on_parse(up, m);
        case FE_BIND: c->in_segment = c->bound = true; return on_bind(up, m);
        case FE_DESCRIBE: c->in_segment = true; return on_describe(up, m);
        case FE_CLOSE: c->in_segment = true; return on_close(up, m);
        case FE_EXECUTE:
                c->in_segment = c->bound = true;
                up->s->unasked = up->s->unasked || (c->wrote && !up->s->commits);
                up_owe(up, REPLY_EXECUTE, 0, tally_execute(c));
                return pass(up, m);
        case FE_SYNC:
                outcome_before_sync(up);
                c->in_segment = c->bound = false;
                owe_end(up, REPLY_SYNC, NULL);
                return pass(up, m);
        case FE_FUNCTION:
                c->in_segment = false;
                c->wrote = c->writes = up->s->unasked = true;
                owe_end(up, REPLY_FUNCTION, NULL);
                return pass(up, m);
        case FE_FLUSH: return on_flush(up, m);
        case FE_COPY_DONE:
        case FE_COPY_FAIL: c->copies--; return pass(up, m);
        case FE_COPY_DATA: return pass(up, m);
        case FE_TERMINATE: client_close(c, NULL, "client close request"); return m->have;
        default: client_refuse(c, "08P01", "unknown pkt"); return m->have;
        }
}

static bool is_copy(char type)
{
        return type == FE_COPY_DATA || type == FE_COPY_DONE || type == FE_COPY_FAIL;
}

static size_t step(struct up *up, const uint8_t *p, size_t n)
{
        struct client *c = up->c;
        struct msg m, next;
        size_t k;

        if (c->pass > 0) {
                k = n < c->pass ? n : c->pass;
                plan_pass(&up->plan, p, k);
                c->pass -= k;
                return k;
        }
        if (!client_peek(c, p, n, &m))
                return c->state == CLIENT_CLOSED ? n : 0;
        c->stalled =
            !is_copy(m.type) && m.type != FE_TERMINATE &&
            (c->discarding || (c->barrier && !c->in_segment) || (!c->in_segment && !may_follow(up, p, n)));
        if (c->stalled)
                return 0;
        up->next_type =
            m.have == m.size && msg_peek(p + m.size, n - m.size, &next) == STATUS_OK ? next.type : 0;
        up->first = !c->in_segment;
        k = on_message(up, &m);
        if (up->waits) {
                c->in_segment = false;
                c->stalled = true;
        }
        c->known = c->known > k ? c->known - k : 0;
        return k;
}

/* Answers of our own whose turn has come at once, because nothing is owed before them. */
static void answer_local(struct client *c, struct server *s)
{
        struct plan plan;

        plan_begin(&plan, &c->stream);
        owed_answer(c, s, &plan);
        if (plan_send(&plan) != STATUS_OK)
                client_close(c, NULL, "client unexpected eof");
}

/* In front of the first statement of a block that was begun here. */
static bool open_block(struct up *up)
{
        again_begins(up->c);
        if (!block_open(up))
                return false;
        up->opening = up->s->replies.count;
        return true;
}

size_t relay_from_client(struct client *c, const uint8_t *p, size_t n)
{
        struct up up;
        size_t used = 0, k;

        up.c = c;
        up.s = c->server;
        up.next_type = 0;
        up.opening = 0;
        up.first = up.waits = false;
        if (c->replay_size > 0 &&
            (n < c->replay_size || buf_len(&up.s->replay) > 0 ||
             buf_append(&up.s->replay, p, c->replay_size, LOOP_SCRATCH_BYTES) != STATUS_OK))
                c->repeat = REPEAT_NO;
        c->replay_size = 0;
        c->stalled = false;
        if (c->room->conf->opt.prepared_repair && up.s->replies.count == 0 && !c->in_segment)
                again_keep(c, p, n);
        /* Of a session that keeps its server the next request begins here; a segment's began at its arrival.
         */
        if (up.s->replies.count == 0 && c->answered_us > c->request_us) {
                c->request_us = c->heard_us;
                if (up.s->tx == 'I')
                        c->tx_us = c->heard_us;
        }
        plan_begin(&up.plan, &up.s->stream);
        if (c->block != NULL && c->block->stage == BLOCK_OPENING && !open_block(&up))
                return n;
        while (used < n && (k = step(&up, p + used, n - used)) > 0) {
                used += k;
                if (c->server != up.s)
                        return n; /* closed */
        }
        if (used > 0)
                up.s->said_ready = false;
        /* A broken stream is met again when it is read, outside of the client's own steps: what was sent is
         * lost with the server, and dealt with there. */
        if (plan_send(&up.plan) != STATUS_OK)
                up.s->close_needed = true;
        if (up.s->replies.local > 0)
                answer_local(c, up.s);
        return used;
}
