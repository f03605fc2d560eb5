#include "session/again.h"

#include "base/check.h"
#include "session/block.h"
#include "session/exchange.h"
#include "session/lesson.h"
#include "session/link.h"
#include "wire/fields.h"

#include <string.h>
#include <strings.h>

enum { KEEP_MAX = 16384 /* a larger segment is not kept to be prepared again */ };

/* ---- what is kept ---- */

/* Whether `text` is a BEGIN and nothing else; if so it is the transaction's from now on. */
static bool note_begin(struct server *s, struct sv text)
{
        text = sv_trim(text);
        while (text.n > 0 && text.p[text.n - 1] == ';')
                text.n--;
        if (text.n < 5 || text.n >= sizeof(s->begin) || memchr(text.p, ';', text.n) != NULL ||
            (strncasecmp(text.p, "begin", 5) != 0 &&
             (text.n < 17 || strncasecmp(text.p, "start transaction", 17) != 0)))
                return false;
        memcpy(s->begin, text.p, text.n);
        s->begin[text.n] = '\0';
        return true;
}

/* Looks at what may be one segment: whether it is, and binds or describes a named statement. */
static bool is_bound_by_name(const uint8_t *p, size_t n, struct sv *unnamed)
{
        bool named = false;
        struct msg m;

        *unnamed = SV("");
        while (msg_peek(p, n, &m) == STATUS_OK && m.have == m.size) {
                struct reader r = reader_of(&m);

                p += m.size;
                n -= m.size;
                if (m.type == FE_SYNC)
                        return n == 0 && named;
                if (m.type == FE_PARSE && take_cstr(&r).n == 0)
                        *unnamed = take_cstr(&r);
                else if (m.type == FE_BIND)
                        named = ((void)take_cstr(&r), take_cstr(&r).n > 0) || named;
                else if (m.type == FE_DESCRIBE)
                        named = (take_u8(&r) == 'S' && take_cstr(&r).n > 0) || named;
                else if (m.type != FE_PARSE && m.type != FE_EXECUTE && m.type != FE_CLOSE)
                        return false;
        }
        return false;
}

void again_keep(struct client *c, const uint8_t *p, size_t n)
{
        struct server *s = c->server;
        struct sv text = SV("");
        struct msg m;
        bool named, first = s->tx == 'T' && s->begin_age == BEGIN_SENT;

        c->repairable = false;
        s->begin_age = first ? BEGIN_FIRST : BEGIN_NONE;
        if (n > KEEP_MAX || c->pass > 0 || !exchange_follows(c) || (s->tx != 'I' && !first))
                return;
        if (p[0] == FE_QUERY) {
                struct reader r;

                if (s->tx != 'I' || n > BEGIN_MAX || msg_peek(p, n, &m) != STATUS_OK || m.size != n)
                        return;
                r = reader_of(&m);
                if (note_begin(s, take_cstr(&r)))
                        s->begin_age = BEGIN_SENT;
                return;
        }
        named = is_bound_by_name(p, n, &text);
        if (!named && s->tx == 'I' && text.n > 0 && note_begin(s, text))
                s->begin_age = BEGIN_SENT;
        if (!named)
                return;
        buf_consume(&s->replay, buf_len(&s->replay));
        c->repairable = buf_append(&s->replay, p, n, LOOP_SCRATCH_BYTES) == STATUS_OK;
}

void again_begins(struct client *c)
{
        const struct block *b = c->block;
        struct server *s = c->server;

        s->begin_age = BEGIN_NONE;
        if (b->size > sizeof(s->begin) || b->size != strlen(b->opening) + 1 || b->read ||
            c->savepoints.count > 0) {
                c->repairable = false;
                return;
        }
        memcpy(s->begin, b->opening, b->size);
        s->begin_age = BEGIN_FIRST;
}

/* How much of what is kept is its first segment. */
static size_t first_segment(const struct buf *kept)
{
        const uint8_t *p = buf_data(kept);
        size_t n = buf_len(kept), at = 0;
        struct msg m;

        while (msg_peek(p + at, n - at, &m) == STATUS_OK && m.have == m.size) {
                at += m.size;
                if (m.type == FE_QUERY || m.type == FE_SYNC)
                        break;
        }
        return at;
}

void again_advance(struct client *c)
{
        struct buf *kept = &c->server->replay;

        floor_shown(c, c->server);
        buf_consume(kept, first_segment(kept));
        c->repeat = buf_len(kept) > 0 ? REPEAT_POSSIBLE : REPEAT_NO;
}

/* ---- what the answer begins with ---- */

enum beginning {
        BEGINS_WELL,
        BEGINS_REFUSED, /* a standby does not do this, or not now */
        BEGINS_LOST     /* the server goes away */
};

/* What a message of an answer may come before: bits. */
enum place {
        BEFORE_ROWS = 1 << 0,
        BEFORE_ERROR = 1 << 1,   /* rows that have come with it have not left yet */
        ENDS_STATEMENT = 1 << 2, /* and the statement ends with it */
};

static unsigned place_of(char type)
{
        static const uint8_t places[UINT8_MAX + 1] = {
            [BE_PARSE_COMPLETE] = BEFORE_ROWS | BEFORE_ERROR,
            [BE_BIND_COMPLETE] = BEFORE_ROWS | BEFORE_ERROR,
            [BE_CLOSE_COMPLETE] = BEFORE_ROWS | BEFORE_ERROR,
            [BE_PARAM_DESCRIPTION] = BEFORE_ROWS | BEFORE_ERROR,
            [BE_ROW_DESCRIPTION] = BEFORE_ROWS | BEFORE_ERROR,
            [BE_NO_DATA] = BEFORE_ROWS | BEFORE_ERROR,
            [BE_PARAM_STATUS] = BEFORE_ROWS | BEFORE_ERROR,
            [BE_NOTICE] = BEFORE_ROWS | BEFORE_ERROR,
            [BE_DATA_ROW] = BEFORE_ERROR,
            [BE_COPY_OUT] = BEFORE_ERROR,
            [BE_COPY_DATA] = BEFORE_ERROR,
            [BE_COMMAND_COMPLETE] = BEFORE_ERROR | ENDS_STATEMENT,
            [BE_EMPTY_QUERY] = BEFORE_ERROR | ENDS_STATEMENT,
            [BE_PORTAL_SUSPENDED] = BEFORE_ERROR | ENDS_STATEMENT,
        };

        return places[(uint8_t)type];
}

static bool is_last_notice(const struct msg *m)
{
        struct error_fields e;

        if (m->type != BE_NOTICE)
                return false;
        error_fields_read(m, &e);
        return error_is_last(&e);
}

/* A standby's error: whether the segment is run again; `done` of its statements had no error. */
static enum beginning look_at_error(struct client *c, const struct msg *m, unsigned done)
{
        const struct buf *kept = &c->server->replay;
        struct error_fields e;

        error_fields_read(m, &e);
        if (error_is_last(&e))
                return BEGINS_LOST;
        if (c->block != NULL && c->block->stage != BLOCK_APART)
                return BEGINS_WELL; /* it is in a transaction, which the client wants there */
        switch (c->on_primary || c->repeat != REPEAT_POSSIBLE ? STANDBY_ERROR_OTHER : standby_error_of(&e)) {
        case STANDBY_ERROR_OTHER: return BEGINS_WELL;
        case STANDBY_ERROR_CONFLICT: return BEGINS_REFUSED;
        case STANDBY_ERROR_REFUSAL: break;
        }
        /* A primary refuses a READ ONLY session as well. */
        if (c->access != ACCESS_READ_ONLY)
                lesson_learn(c, buf_data(kept), first_segment(kept), done, e.sqlstate);
        return BEGINS_REFUSED;
}

static enum beginning look_at_beginning(struct client *c, const uint8_t *p, size_t n)
{
        unsigned done = 0;
        struct msg m;

        while (msg_peek(p, n, &m) == STATUS_OK && m.have == m.size) {
                if (m.type == BE_ERROR || is_last_notice(&m))
                        return look_at_error(c, &m, done);
                if ((place_of(m.type) & BEFORE_ERROR) == 0)
                        return BEGINS_WELL;
                done += (place_of(m.type) & ENDS_STATEMENT) != 0;
                p += m.size;
                n -= m.size;
        }
        return BEGINS_WELL;
}

static void consider_repeat(struct client *c, const uint8_t *p, size_t n)
{
        enum beginning begins = look_at_beginning(c, p, n);

        if (begins == BEGINS_REFUSED)
                c->discarding = true;
        else if (begins != BEGINS_LOST)
                c->repeat = REPEAT_BEGUN;
}

/* The reply that comes `*at` behind the oldest from the server itself. */
static struct reply *next_reply(struct replies *owed, uint32_t *at)
{
        while (*at < owed->count && (replies_at(owed, *at)->flags & REPLY_LOCAL))
                ++*at;
        return *at < owed->count ? replies_at(owed, *at) : NULL;
}

static bool is_begin(const struct msg *m)
{
        struct reader r = reader_of(m);
        struct sv tag = take_cstr(&r);

        return sv_is(tag, "BEGIN") || sv_is(tag, "START TRANSACTION");
}

static bool is_outdated(const struct msg *m)
{
        struct error_fields e;

        error_fields_read(m, &e);
        return sv_is(e.severity, "ERROR") &&
               (sv_is(e.sqlstate, "26000") ||
                (sv_is(e.sqlstate, "0A000") && sv_is(e.routine, "RevalidateCachedQuery")));
}

/* The Bind or Describe that an answer, which begins with nothing that the client must see, fails at because
 * its statement is not what it was. NULL: it does not. */
static const struct reply *find_outdated(struct replies *owed, const uint8_t *p, size_t n)
{
        uint32_t at = 0;
        struct msg m;

        while (msg_peek(p, n, &m) == STATUS_OK && m.have == m.size) {
                struct reply *reply = next_reply(owed, &at);

                if (reply == NULL)
                        return NULL;
                if (m.type == BE_ERROR)
                        return is_outdated(&m) && (reply->key[0] | reply->key[1]) != 0 &&
                                       (reply->kind == REPLY_BIND || reply->kind == REPLY_DESCRIBE)
                                   ? reply
                                   : NULL;
                if (m.type == BE_COMMAND_COMPLETE ? !is_begin(&m) : (place_of(m.type) & BEFORE_ROWS) == 0)
                        return NULL;
                if (m.type != BE_PARAM_DESCRIPTION && m.type != BE_PARAM_STATUS && m.type != BE_NOTICE)
                        at++;
                p += m.size;
                n -= m.size;
        }
        return NULL;
}

/* Whether it ends before anything has come that decides: in the middle of a message that may be the error. A
 * notice is for now, and not for when the query ends; nor is what a client waits for that has sent Flush. */
static bool is_cut(const struct client *c, const uint8_t *p, size_t n)
{
        bool several = c->several && c->repeat == REPEAT_POSSIBLE && !c->on_primary;
        unsigned harmless = several ? BEFORE_ERROR : BEFORE_ROWS;
        bool noticed = false;
        struct msg m;

        while (msg_peek(p, n, &m) == STATUS_OK) {
                if (m.type != BE_ERROR && (place_of(m.type) & harmless) == 0 &&
                    (m.type != BE_COMMAND_COMPLETE || !c->repairable))
                        return false;
                if (m.have < m.size)
                        return m.size <= LOOP_SCRATCH_BYTES / 2;
                if (m.type == BE_ERROR || is_last_notice(&m))
                        return false;
                noticed = noticed || m.type == BE_NOTICE;
                p += m.size;
                n -= m.size;
        }
        return n > 0 ? n < MSG_HEAD : again_kept(c) && !noticed;
}

bool again_look(struct client *c, const uint8_t *p, size_t n)
{
        const struct reply *outdated = NULL;

        if (n < LOOP_SCRATCH_BYTES && is_cut(c, p, n))
                return false;
        if (c->repairable)
                outdated = find_outdated(&c->server->replies, p, n);
        c->repairable = false;
        if (outdated != NULL) {
                memcpy(c->repair_key, outdated->key, sizeof(c->repair_key));
                c->repairing = c->discarding = true;
                c->repeat = REPEAT_NO;
        } else if (again_kept(c)) {
                consider_repeat(c, p, n);
        }
        return true;
}

/* ---- the second run ---- */

bool again_rewind(struct client *c, struct buf *kept)
{
        struct buf rest = c->in;

        names_rewind(&c->names, &c->room->statements);
        buf_release(&c->effects);
        c->in = *kept;
        *kept = (struct buf){0};
        if (buf_len(&rest) > 0 &&
            buf_append(&c->in, buf_data(&rest), buf_len(&rest), 2UL * CLIENT_IN_MAX) != STATUS_OK) {
                client_refuse(c, "53200", "out of memory");
                buf_release(&rest);
                return false;
        }
        buf_release(&rest);
        return true;
}

static void prepare_again(struct client *c)
{
        struct up up = {.c = c, .s = c->server};

        plan_begin(&up.plan, &up.s->stream);
        c->repairing = false;
        c->known = 0;
        if (up.s->tx == 'E' && !exchange_run(&up, "ROLLBACK"))
                return;
        if (up.s->tx == 'E' && up.s->begin_age == BEGIN_FIRST && !exchange_run(&up, up.s->begin))
                return;
        if (!exchange_close(&up, c->repair_key))
                return;
        c->in_segment = true; /* of which the Close is the beginning */
        if (plan_send(&up.plan) != STATUS_OK)
                up.s->close_needed = true;
        client_go_on(c);
}

void again_run(struct client *c)
{
        c->discarding = false;
        if (!again_rewind(c, &c->server->replay))
                return;
        if (c->repairing)
                prepare_again(c);
        else
                link_release_to_primary(c, REASON_RETRY);
}
