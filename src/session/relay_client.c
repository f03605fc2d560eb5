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

/* What a text is that is about to be sent; `types` as lesson_classify() has them. False: it has to wait. */
static bool look_at_text(struct up *up, struct sv text, struct sv types, struct facts *f)
{
        lesson_classify(up->c, text, types, f);
        if (outcome_waits(up, f))
                return false;
        look(up->c, f);
        return true;
}

/* What becomes of a message, as far as it is here. */
enum course {
        COURSE_PASS, /* it goes as it is */
        COURSE_DONE, /* it has gone, or something in its place; or the client has been refused */
        COURSE_WAIT, /* for more of it, or for an answer */
};

/* A message that waits, or whose client was refused because of it. */
static enum course hold(const struct up *up)
{
        return up->waits ? COURSE_WAIT : COURSE_DONE;
}

static inline void pass(struct up *up, const struct msg *m)
{
        plan_pass(&up->plan, m->head, m->have);
        up->c->pass = m->size - m->have;
        up->c->passing = m->type;
}

/* ---- messages ---- */

/* The end of a segment is on its way. */
static bool owe_end(struct up *up, enum reply_kind kind, const uint64_t *key)
{
        struct client *c = up->c;
        bool commits = (c->commits && c->wrote) || (!c->open && c->writes);

        c->commits = c->writes = false;
        return up_owe(up, kind, commits ? REPLY_COMMITS : 0, key);
}

static enum course on_floor_query(struct up *up, const struct msg *m, struct sv text, const struct facts *f)
{
        if (floor_tell(up, f) && exchange_query(up, text, tally_query(up->c, m)))
                (void)owe_end(up, REPLY_SYNC, NULL);
        return COURSE_DONE;
}

/* A Query that may go. */
static enum course send_query(struct up *up, const struct msg *m, const struct facts *f, struct sv text)
{
        struct client *c = up->c;
        bool executes;

        if (c->wrote && !up->s->commits)
                up->s->unasked = true;
        c->in_segment = c->bound = false;
        if (f->deallocate.n > 0 && !deallocate_text(c, &up->plan, text))
                return COURSE_DONE;
        if (floor_is_asked(c, f))
                return on_floor_query(up, m, text, f);
        executes = f->execute.n > 0 && execute_pass(up, m);
        if (executes) /* where what we put in front of it fails, the server skips all that is behind it */
                c->barrier = true;
        if (!owe_end(up, REPLY_QUERY, tally_query(c, m)))
                return COURSE_DONE;
        replies_tail(&up->s->replies)->left = f->statements;
        if (!executes)
                pass(up, m);
        if (up->first)
                outcome_behind(up, f);
        return COURSE_DONE;
}

/* A Query that is looked at. */
static enum course query_unknown(struct up *up, const struct msg *m)
{
        struct client *c = up->c;
        struct reader r = reader_of(m);
        struct facts f = {0};
        struct sv text = SV("");

        if (m->have < m->size && m->size <= (size_t)c->room->conf->opt.scan_limit)
                return COURSE_WAIT;
        if (m->have == m->size)
                text = take_cstr(&r);
        if (m->have < m->size || r.failed)
                look_away(c);
        else if (look_at_text(up, text, SV(""), &f))
                effects_note(c, text, &f);
        else
                return hold(up);
        return send_query(up, m, &f, text);
}

static enum course on_query(struct up *up, const struct msg *m)
{
        static const struct facts known;

        return up_must_look(up->c) ? query_unknown(up, m) : send_query(up, m, &known, SV(""));
}

/* Whether a Bind stands behind the message, which is whole. */
static bool is_bound_next(const struct up *up, const struct msg *m)
{
        const uint8_t *next = m->head + m->size;

        return up->end - next >= MSG_HEAD && *next == FE_BIND;
}

/* The unnamed statement is another one now; *f is what it is, if that is known. Bound at once, as nearly
 * always, it need not be kept. Else a Bind may come when another server serves us. What has effects has them
 * when it is bound. False: memory is out, and the client has been refused. */
static bool keep_unnamed(struct up *up, const struct msg *m, const struct facts *f)
{
        struct buf *kept = &up->c->unnamed;

        buf_consume(kept, buf_len(kept));
        if (m->have == m->size && (!is_bound_next(up, m) || f->deallocate.n > 0 || effects_has(f)) &&
            buf_append(kept, m->body + 1, m->body_size - 1, CLIENT_IN_MAX) != STATUS_OK) {
                client_refuse(up->c, "53200", "out of memory");
                return false;
        }
        buf_trim(kept);
        return true;
}

/* An unnamed Parse that is looked at. */
static enum course parse_unknown(struct up *up, const struct msg *m, struct reader *text)
{
        struct client *c = up->c;
        bool whole = m->have == m->size;
        struct facts f = {0};
        struct sv sql;

        if (!whole && m->size <= (size_t)c->room->conf->opt.scan_limit)
                return COURSE_WAIT;
        if (!whole)
                look_at_large(c, text);
        sql = take_cstr(text);
        if (whole && !look_at_text(up, sql, sv_from(text->p, text->n), &f))
                return hold(up);
        return keep_unnamed(up, m, &f) && floor_tell(up, &f) ? COURSE_PASS : COURSE_DONE;
}

static enum course parse_unnamed(struct up *up, const struct msg *m, struct reader text)
{
        static const struct facts unknown;
        struct client *c = up->c;
        struct reader again = text;
        enum course course = COURSE_PASS;

        if (up_must_look(c))
                course = parse_unknown(up, m, &text);
        else if (buf_len(&c->unnamed) > 0 || m->have < m->size || !is_bound_next(up, m))
                course = keep_unnamed(up, m, &unknown) ? COURSE_PASS : COURSE_DONE;
        if (course != COURSE_PASS)
                return course;
        c->unnamed_here = true;
        if (tally_counts(c))
                tally_unnamed(c, m->have == m->size ? take_cstr(&again) : SV(""));
        return up_owe(up, REPLY_PARSE, 0, NULL) ? COURSE_PASS : COURSE_DONE;
}

static enum course parse_named(struct up *up, const struct msg *m, struct sv name, struct reader *text)
{
        struct client *c = up->c;
        struct sv sql;
        struct facts f;

        if (exchange_follows(c)) {
                exchange_parse(up, m, name);
                return COURSE_DONE;
        }
        sql = take_cstr(text);
        if (up_must_look(c) && look_at_text(up, sql, sv_from(text->p, text->n), &f))
                effects_note(c, sql, &f);
        else if (up->waits)
                return COURSE_WAIT;
        return up_owe(up, REPLY_PARSE, 0, NULL) ? COURSE_PASS : COURSE_DONE;
}

static enum course on_parse(struct up *up, const struct msg *m)
{
        struct reader r = reader_of(m);
        struct sv name = take_cstr(&r);

        if (r.failed && m->have < m->size)
                return COURSE_WAIT;
        if (name.n == 0 || r.failed)
                return parse_unnamed(up, m, r);
        return m->have < m->size ? COURSE_WAIT : parse_named(up, m, name, &r);
}

/* A statement is bound by `m`, and so about to run: `st`, or without it the unnamed one if it was kept.
 * False: the client has been refused, or it waits. */
static bool look_at_bound(struct up *up, const struct msg *m, struct sv name, struct statement *st)
{
        struct client *c = up->c;
        struct reader kept = {buf_data(&c->unnamed), buf_len(&c->unnamed), false};
        const struct facts *f;
        struct facts space;
        struct sv text;

        if (st != NULL) {
                f = lesson_facts(c, st, &space);
        } else {
                if (name.n > 0 || buf_len(&c->unnamed) == 0)
                        return true;
                text = take_cstr(&kept);
                lesson_classify(c, text, sv_from(kept.p, kept.n), &space);
                f = &space;
        }
        if (f->deallocate.n == 0 && !up_must_look(c))
                return floor_tell(up, f);
        text = sv_cstr(st != NULL ? st->parse : (const char *)buf_data(&c->unnamed));
        if (f->deallocate.n > 0 && !deallocate_text(c, &up->plan, text))
                return false;
        if (up_must_look(c)) {
                if (outcome_waits(up, f))
                        return false;
                look(c, f);
                if (f->setting == SETTING_BOUND)
                        bound_note(c, text, m);
                else
                        effects_note(c, text, f);
        }
        return floor_tell(up, f);
}

/* A Bind of a statement that is ours by another name, or that has to be looked at. */
static enum course bind_known(struct up *up, const struct msg *m, struct sv portal, struct sv name)
{
        struct client *c = up->c;
        struct statement *st;
        size_t behind_names = MSG_HEAD + portal.n + 1 + name.n + 1;

        if (name.n > 0 && exchange_follows(c))
                c->endpoint->stats->n.bind_count++;
        if (!exchange_target(up, name, &st) || !look_at_bound(up, m, name, st) ||
            !up_owe(up, REPLY_BIND, 0, st != NULL ? st->key : NULL))
                return hold(up);
        tally_bind(c, st, name);
        if (st == NULL)
                return COURSE_PASS;
        up_put_head(up, FE_BIND, m->body_size - name.n + sizeof(st->name) - 1);
        plan_put(&up->plan, portal.p, portal.n + 1);
        plan_put(&up->plan, st->name, sizeof(st->name));
        plan_pass(&up->plan, m->head + behind_names, m->have - behind_names);
        c->pass = m->size - m->have;
        c->passing = m->type;
        return COURSE_DONE;
}

static enum course on_bind(struct up *up, const struct msg *m)
{
        struct client *c = up->c;
        struct reader r = reader_of(m);
        struct sv portal = take_cstr(&r), name = take_cstr(&r);

        if (r.failed && m->have < m->size && m->have < NAME_WHOLE_MAX)
                return COURSE_WAIT;
        if (r.failed || name.n > 0 || buf_len(&c->unnamed) > 0)
                return bind_known(up, m, portal, name);
        if (tally_counts(c)) /* the unnamed statement, which has just gone the same way */
                tally_bind(c, NULL, name);
        return up_owe(up, REPLY_BIND, 0, NULL) ? COURSE_PASS : COURSE_DONE;
}

static enum course too_large(struct up *up, const struct msg *m)
{
        if (m->size <= CLIENT_IN_FULL)
                return COURSE_WAIT;
        client_refuse(up->c, "08P01", "broken packet from client");
        return COURSE_DONE;
}

/* A Describe of the statement `name`. */
static enum course describe_statement(struct up *up, struct sv name)
{
        struct client *c = up->c;
        struct statement *st;

        if (!exchange_target(up, name, &st) ||
            (st != NULL && !floor_tell(up, statement_facts(st, endpoint_rules(c->endpoint)))) ||
            !up_owe(up, REPLY_DESCRIBE, REPLY_NAMED, st != NULL ? st->key : NULL))
                return COURSE_DONE;
        if (st == NULL)
                return COURSE_PASS;
        up_put_about(up, FE_DESCRIBE, st->name);
        return COURSE_DONE;
}

static enum course on_describe(struct up *up, const struct msg *m)
{
        struct reader r = reader_of(m);

        if (m->have < m->size)
                return too_large(up, m);
        if (take_u8(&r) == 'S')
                return describe_statement(up, take_cstr(&r));
        return up_owe(up, REPLY_DESCRIBE, 0, NULL) ? COURSE_PASS : COURSE_DONE;
}

static enum course on_close(struct up *up, const struct msg *m)
{
        struct client *c = up->c;
        struct reader r = reader_of(m);
        struct sv name;

        if (m->have < m->size)
                return too_large(up, m);
        if (take_u8(&r) == 'S' && exchange_follows(c)) {
                name = take_cstr(&r);
                if (!r.failed && names_close(&c->names, name)) {
                        up_owe(up, REPLY_CLOSE, REPLY_LOCAL, NULL);
                        return COURSE_DONE;
                }
        }
        return up_owe(up, REPLY_CLOSE, 0, NULL) ? COURSE_PASS : COURSE_DONE;
}

/* Parse and Describe alone, up to Flush, as asyncpg sends them to prepare: a Sync of our own behind it ends
 * the segment, so that what comes next, perhaps a write, is routed by what it is, and the server is free
 * meanwhile. */
static enum course on_flush(struct up *up, const struct msg *m)
{
        struct client *c = up->c;

        if (!c->in_segment || c->bound || c->began || up->s->tx != 'I' || !exchange_follows(c))
                return COURSE_PASS;
        pass(up, m);
        c->in_segment = c->bound = false;
        up_put_head(up, FE_SYNC, 0);
        up_owe(up, REPLY_SYNC, REPLY_SWALLOW, NULL);
        return COURSE_DONE;
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
static bool may_follow(struct up *up, const uint8_t *p)
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
        else if (segment_follow(c, p, (size_t)(up->end - p)) != STATUS_OK)
                return false;
        c->repairable = c->blind = false;
        return true;
}

/* Whether it has to wait for answers that are owed. */
static bool must_wait(struct up *up, const struct msg *m)
{
        struct client *c = up->c;

        if (msg_is_copy(m->type) || m->type == FE_TERMINATE)
                return false;
        return c->discarding || (!c->in_segment && (c->barrier || !may_follow(up, m->head)));
}

static enum course on_execute(struct up *up)
{
        struct client *c = up->c;

        c->bound = true;
        if (c->wrote && !up->s->commits)
                up->s->unasked = true;
        return up_owe(up, REPLY_EXECUTE, 0, tally_execute(c)) ? COURSE_PASS : COURSE_DONE;
}

static enum course on_sync(struct up *up)
{
        outcome_before_sync(up);
        up->c->in_segment = up->c->bound = false;
        return owe_end(up, REPLY_SYNC, NULL) ? COURSE_PASS : COURSE_DONE;
}

static enum course on_function(struct up *up)
{
        struct client *c = up->c;

        c->in_segment = false;
        c->wrote = c->writes = up->s->unasked = true;
        return owe_end(up, REPLY_FUNCTION, NULL) ? COURSE_PASS : COURSE_DONE;
}

static enum course on_message(struct up *up, const struct msg *m)
{
        struct client *c = up->c;

        switch (m->type) {
        case FE_QUERY: return on_query(up, m);
        case FE_PARSE: c->in_segment = true; return on_parse(up, m);
        case FE_BIND: c->in_segment = c->bound = true; return on_bind(up, m);
        case FE_DESCRIBE: c->in_segment = true; return on_describe(up, m);
        case FE_CLOSE: c->in_segment = true; return on_close(up, m);
        case FE_EXECUTE: c->in_segment = true; return on_execute(up);
        case FE_SYNC: return on_sync(up);
        case FE_FUNCTION: return on_function(up);
        case FE_FLUSH: return on_flush(up, m);
        case FE_COPY_DONE:
        case FE_COPY_FAIL: c->copies--; return COURSE_PASS;
        case FE_COPY_DATA: return COURSE_PASS;
        case FE_TERMINATE: client_close(c, NULL, "client close request"); return COURSE_DONE;
        default: client_refuse(c, "08P01", "unknown pkt"); return COURSE_DONE;
        }
}

/* ---- bytes ---- */

/* More of a message whose beginning has gone. */
static size_t step_through(struct up *up, const uint8_t *p)
{
        size_t n = (size_t)(up->end - p), k = n < up->c->pass ? n : up->c->pass;

        plan_pass(&up->plan, p, k);
        up->c->pass -= k;
        return k;
}

/* One message, or the beginning of a large one. Returns how many bytes were used; 0: they have to wait. */
static size_t step(struct up *up, const uint8_t *p)
{
        struct client *c = up->c;
        size_t n = (size_t)(up->end - p), used;
        enum course course;
        struct msg m;

        if (c->pass > 0)
                return step_through(up, p);
        if (!client_peek(c, p, n, &m))
                return c->state == CLIENT_CLOSED ? n : 0;
        c->stalled = (!c->in_segment || c->discarding) && must_wait(up, &m);
        if (c->stalled)
                return 0;
        up->first = !c->in_segment;
        course = on_message(up, &m);
        if (course == COURSE_PASS)
                pass(up, &m);
        if (up->waits) {
                c->in_segment = false;
                c->stalled = true;
        }
        used = course == COURSE_WAIT ? 0 : m.have;
        c->known -= used < c->known ? used : c->known;
        return used;
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
        up.end = p + n;
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
        while (used < n && (k = step(&up, p + used)) > 0) {
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
