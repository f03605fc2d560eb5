#include "session/split.h"

#include "router/moment.h"
#include "session/block.h"

#include <string.h>

bool split_wants_to_know(const struct endpoint *e)
{
        return e->split && e->isolation == ISOLATION_UNSAID;
}

void split_learn(struct endpoint *e, const struct msg *m)
{
        struct reader r = reader_of(m);
        uint16_t columns = take_u16(&r);
        uint32_t size = take_u32(&r);
        const uint8_t *text = take_bytes(&r, size);

        if (r.failed || columns != 1)
                return;
        if (sv_is(sv_from(text, size), "read committed") || sv_is(sv_from(text, size), "read uncommitted"))
                e->isolation = ISOLATION_READ_COMMITTED;
        else
                e->isolation = ISOLATION_SERIALIZABLE; /* or less: but nothing may run apart */
}

/* The isolation of the block: what it says itself, else the session, else the server. */
static enum tx_isolation isolation_of(const struct client *c)
{
        if (c->block->isolation != ISOLATION_UNSAID)
                return c->block->isolation;
        return c->isolation != ISOLATION_UNSAID ? c->isolation : c->endpoint->isolation;
}

static bool is_text_apart(const struct client *c, struct sv text)
{
        return !moment_in_text(text, c->lexing);
}

/* A Bind to the unnamed portal, of what does not ask for the moment. `parsed`: its segment has an unnamed
 * Parse. */
static bool is_bind_apart(struct client *c, const struct msg *m, bool parsed)
{
        struct reader r = reader_of(m);
        struct sv portal = take_cstr(&r), name = take_cstr(&r);
        const struct statement *st = name.n > 0 ? names_find(&c->names, name) : NULL;

        if (r.failed || portal.n > 0 || moment_in_value(sv_from(r.p, r.n)))
                return false;
        if (st != NULL)
                return is_text_apart(c, sv_cstr(st->parse));
        if (name.n > 0 || parsed)
                return true; /* its text stands in this segment, or nowhere */
        return buf_len(&c->unnamed) > 0 && is_text_apart(c, sv_cstr((const char *)buf_data(&c->unnamed)));
}

/* Walks the messages: every portal is bound, and run to its end, in this segment. */
static bool is_segment_apart(struct client *c, const uint8_t *p, size_t n)
{
        bool parsed = false, bound = false;
        struct msg m;

        for (; msg_peek(p, n, &m) == STATUS_OK && m.have == m.size; p += m.size, n -= m.size) {
                struct reader r = reader_of(&m);

                switch (m.type) {
                case FE_QUERY: return is_text_apart(c, take_cstr(&r));
                case FE_PARSE:
                        parsed = take_cstr(&r).n == 0 || parsed;
                        if (!is_text_apart(c, take_cstr(&r)))
                                return false;
                        break;
                case FE_BIND:
                        if (bound || !is_bind_apart(c, &m, parsed))
                                return false;
                        bound = true;
                        break;
                case FE_DESCRIBE:
                        if (take_u8(&r) == 'P' && !bound)
                                return false;
                        break;
                case FE_EXECUTE:
                        if (!bound || take_cstr(&r).n > 0 || take_u32(&r) != 0)
                                return false;
                        bound = false;
                        break;
                case FE_CLOSE: break;
                case FE_SYNC: return !bound;
                default: return false;
                }
        }
        return false;
}

bool split_may(struct client *c, const struct facts *f, const uint8_t *p, size_t n)
{
        const struct endpoint *e = c->endpoint;
        enum tx_access access = c->block->access != ACCESS_UNSAID ? c->block->access : c->access;

        return e->split && f->class == CLASS_READ && f->tx == TX_KEEP && f->setting == SETTING_NONE &&
               f->savepoint == SAVEPOINT_KEEP && (f->pins | f->unpins) == 0 && f->deallocate.n == 0 &&
               f->execute.n == 0 && f->hint != HINT_PRIMARY && c->hint != HINT_PRIMARY && !c->force_primary &&
               access != ACCESS_READ_ONLY && isolation_of(c) == ISOLATION_READ_COMMITTED &&
               is_segment_apart(c, p, n);
}
