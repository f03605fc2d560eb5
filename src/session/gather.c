#include "session/gather.h"

#include "session/facts.h"
#include "session/lesson.h"

#include <string.h>

bool gather_wants_facts(const struct client *c)
{
        return c->endpoint->cluster->probed || c->room->conf->opt.session_state;
}

static void add_facts(struct segment *seg, const struct facts *one, struct sv text)
{
        if (seg->text.n == 0 || one->class > seg->facts.class)
                seg->text = text;
        facts_merge(&seg->facts, one);
}

/* `types`: of a Parse's parameters, as they stand behind its text. */
static void add_text(struct client *c, struct sv text, struct sv types, struct segment *seg)
{
        struct facts one;

        if (!gather_wants_facts(c))
                return;
        lesson_classify(c, text, types, &one);
        add_facts(seg, &one, text);
}

/* The unnamed statement, whose Parse came in an earlier segment. */
static void add_unnamed(struct client *c, struct segment *seg)
{
        struct reader body = {buf_data(&c->unnamed), buf_len(&c->unnamed), false};
        struct sv text = take_cstr(&body);

        add_text(c, text, sv_from(body.p, body.n), seg);
        seg->leans = true;
}

/* A Bind or Describe of a statement: it counts as what its Parse was. */
static void add_statement(struct client *c, struct sv name, struct segment *seg)
{
        struct statement *s;
        struct facts space;

        if (!gather_wants_facts(c))
                return;
        if (name.n > 0) {
                s = names_find(&c->names, name);
                if (s != NULL)
                        add_facts(seg, lesson_facts(c, s, &space), sv_cstr(s->parse));
                else if (seg->facts.statements == 0)
                        facts_strengthen(&seg->facts,
                                         REASON_UNKNOWN_STATEMENT); /* the server shall say what is wrong */
        } else if (!seg->unnamed && buf_len(&c->unnamed) > 0) {
                add_unnamed(c, seg);
        } else if (!seg->unnamed) {
                facts_strengthen(&seg->facts, REASON_UNKNOWN_STATEMENT);
        }
}

/* One message of a segment. False: it is not whole, and shall be. */
static bool add_message(struct client *c, const struct msg *m, struct segment *seg)
{
        struct reader r = reader_of(m);
        struct sv name, text;
        bool whole = m->have == m->size;
        size_t limit = (size_t)c->room->conf->opt.scan_limit;

        switch (m->type) {
        case FE_QUERY:
        case FE_PARSE:
                name = m->type == FE_PARSE ? take_cstr(&r) : SV("");
                if (!whole && (m->size <= limit || (m->type == FE_PARSE && (r.failed || name.n > 0))))
                        return false;
                seg->unnamed = seg->unnamed || (m->type == FE_PARSE && name.n == 0);
                if (seg->unnamed && seg->leans) /* it could not be run again: that statement is gone */
                        facts_strengthen(&seg->facts, REASON_UNKNOWN_STATEMENT);
                if (!whole || m->size > limit) {
                        facts_strengthen(&seg->facts, REASON_TOO_LARGE);
                        return true;
                }
                text = take_cstr(&r);
                if (r.failed)
                        facts_strengthen(&seg->facts, REASON_UNKNOWN_STATEMENT);
                else
                        add_text(c, text, m->type == FE_PARSE ? sv_from(r.p, r.n) : SV(""), seg);
                return true;
        case FE_BIND:
                (void)take_cstr(&r);
                name = take_cstr(&r);
                if (!whole && (m->size <= limit || (r.failed && m->have < limit)))
                        return false;
                if (!whole) /* sent as it comes, and anything may follow it */
                        facts_strengthen(&seg->facts, REASON_TOO_LARGE);
                add_statement(c, name, seg);
                return true;
        case FE_DESCRIBE:
                if (!whole)
                        return m->size > limit;
                if (take_u8(&r) == 'S')
                        add_statement(c, take_cstr(&r), seg);
                return true;
        case FE_FUNCTION: facts_strengthen(&seg->facts, REASON_FUNCTION); return true;
        default: return whole || m->size > limit;
        }
}

/* Whether all is here up to the Sync: then nobody waits before it. So has pg8000 a Flush behind each message.
 */
static bool sync_is_here(const uint8_t *p, size_t n)
{
        struct msg m;

        while (msg_peek(p, n, &m) == STATUS_OK && m.have == m.size && strchr("BCDEHP", m.type) != NULL) {
                p += m.size;
                n -= m.size;
        }
        return msg_peek(p, n, &m) == STATUS_OK && m.type == FE_SYNC;
}

enum gathered gather(struct client *c, const uint8_t *p, size_t n, struct segment *seg)
{
        bool wants_facts = gather_wants_facts(c);
        size_t at = 0;
        struct msg m;

        *seg = (struct segment){0};
        for (;;) {
                enum status status = msg_peek(p + at, n - at, &m);
                bool odd = status == STATUS_OK && (!msg_is_request(m.type) || msg_is_copy(m.type));

                if (odd && at == 0)
                        return GATHER_BROKEN;
                if (odd || status == STATUS_INVALID || (status == STATUS_OK && m.type == FE_TERMINATE))
                        return at == 0 ? GATHER_END : GATHER_READY;
                if (status == STATUS_AGAIN ||
                    ((wants_facts || m.have < m.size) && !add_message(c, &m, seg))) {
                        /* What nothing depends on is not waited for: as with PgBouncer the server may answer
                         * it before there is a Sync. */
                        if (at < (size_t)c->room->conf->opt.scan_limit && (at == 0 || wants_facts))
                                return GATHER_MORE;
                        /* Else a long pipeline without a Sync in sight: what is here decides. */
                        facts_strengthen(&seg->facts, REASON_TOO_LARGE);
                        seg->size = at;
                        return GATHER_READY;
                }
                at += m.have;
                seg->size = at;
                seg->bound = seg->bound || m.type == FE_BIND || m.type == FE_EXECUTE;
                if (m.have < m.size)
                        return GATHER_READY; /* streamed; known to be a write */
                if (m.type == FE_FLUSH && seg->bound && sync_is_here(p + at, n - at))
                        continue;
                if (m.type == FE_QUERY || m.type == FE_SYNC || m.type == FE_FUNCTION || m.type == FE_FLUSH) {
                        seg->whole = true;
                        seg->flush = m.type == FE_FLUSH;
                        if ((seg->flush && seg->bound) || (m.type == FE_QUERY && at > m.size))
                                facts_strengthen(&seg->facts, REASON_FLUSH);
                        seg->only_sync = m.type == FE_SYNC && at == m.size;
                        return GATHER_READY;
                }
        }
}
