#include "session/control.h"

#include "base/check.h"
#include "session/block.h"
#include "session/done.h"
#include "session/exchange.h"
#include "wire/writer.h"

#include <string.h>

/* One statement as messages. */
struct unit {
        size_t size;
        bool query;       /* one Query; else Parse?, Bind, Describe?, Execute */
        bool described;   /* with Describe */
        struct msg parse; /* size 0: none */
        struct sv name;   /* of the statement */
        struct sv text;
        struct facts facts;
};

/* The message at `at`, all of it and of that type. */
static bool next_is(const uint8_t *p, size_t n, size_t at, char type, struct msg *m)
{
        return msg_peek(p + at, n - at, m) == STATUS_OK && m->type == type && m->have == m->size;
}

/* Parse without parameters, of a name that is free. */
static bool read_parse(struct client *c, struct unit *u)
{
        struct reader r = reader_of(&u->parse);

        u->name = take_cstr(&r);
        u->text = take_cstr(&r);
        if (take_u16(&r) != 0 || r.failed || r.n > 0)
                return false;
        return u->name.n == 0 || (exchange_follows(c) && names_find(&c->names, u->name) == NULL);
}

/* Bind to the unnamed portal without parameters, of the statement just parsed or of one that is known. */
static bool read_bind(struct client *c, struct unit *u, const struct msg *m)
{
        struct reader r = reader_of(m);
        struct sv portal = take_cstr(&r), name = take_cstr(&r);
        const struct statement *st;
        uint16_t formats = take_u16(&r), values = take_u16(&r), results = take_u16(&r);

        if (r.failed || portal.n > 0 || formats != 0 || values != 0 || results > 1)
                return false;
        if (u->parse.size > 0)
                return sv_eq(name, u->name);
        st = name.n > 0 && exchange_follows(c) ? names_find(&c->names, name) : NULL;
        if (st == NULL && (name.n > 0 || buf_len(&c->unnamed) == 0))
                return false;
        u->text = sv_cstr(st != NULL ? st->parse : (const char *)buf_data(&c->unnamed));
        return true;
}

/* Some have a Flush behind each message (session/gather.c); we answer at once anyway. */
static void skip_flush(const uint8_t *p, size_t n, struct unit *u)
{
        struct msg m;

        if (next_is(p, n, u->size, FE_FLUSH, &m))
                u->size += m.size;
}

static bool read_extended(struct client *c, const uint8_t *p, size_t n, struct unit *u)
{
        struct msg m;
        struct reader r;

        if (next_is(p, n, 0, FE_PARSE, &u->parse)) {
                u->size = u->parse.size;
                if (!read_parse(c, u))
                        return false;
        } else {
                u->parse.size = 0;
        }
        if (!next_is(p, n, u->size, FE_BIND, &m) || !read_bind(c, u, &m))
                return false;
        u->size += m.size;
        skip_flush(p, n, u);
        if (next_is(p, n, u->size, FE_DESCRIBE, &m)) {
                r = reader_of(&m);
                if (take_u8(&r) != 'P' || take_cstr(&r).n > 0)
                        return false;
                u->described = true;
                u->size += m.size;
                skip_flush(p, n, u);
        }
        if (!next_is(p, n, u->size, FE_EXECUTE, &m))
                return false;
        r = reader_of(&m);
        u->size += m.size;
        return take_cstr(&r).n == 0;
}

static bool read_unit(struct client *c, const uint8_t *p, size_t n, struct unit *u)
{
        struct msg m;
        struct reader r;

        *u = (struct unit){0};
        u->query = next_is(p, n, 0, FE_QUERY, &m);
        if (u->query) {
                r = reader_of(&m);
                u->text = take_cstr(&r);
                u->size = m.size;
                if (r.failed)
                        return false;
        } else if (!read_extended(c, p, n, u)) {
                return false;
        }
        classify(u->text, endpoint_rules(c->endpoint), c->lexing, &u->facts);
        return true;
}

/* The statement is the client's, as if a server had it. False: memory is out. */
static bool keep_statement(struct client *c, const struct unit *u)
{
        struct sv rest = sv_from(u->parse.body + u->name.n + 1, u->parse.body_size - u->name.n - 1);
        struct statement *st;

        if (u->name.n == 0) {
                c->unnamed_here = false;
                buf_consume(&c->unnamed, buf_len(&c->unnamed));
                return buf_append(&c->unnamed, rest.p, rest.n, CLIENT_IN_MAX) == STATUS_OK;
        }
        c->endpoint->stats->n.client_parse_count++;
        st = statement_get(&c->room->statements, rest, endpoint_rules(c->endpoint), c->lexing);
        if (!names_put(&c->names, &c->room->statements, u->name, st))
                return false;
        names_settle(&c->names, &c->room->statements, st->key, true);
        return true;
}

static void answer(struct client *c, const struct unit *u, const char *tag)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, CLIENT_OUT_MAX);

        if (u->parse.size > 0)
                write_empty(&w, BE_PARSE_COMPLETE);
        if (!u->query)
                write_empty(&w, BE_BIND_COMPLETE);
        if (u->described)
                write_empty(&w, BE_NO_DATA);
        write_command_complete(&w, tag);
        if (u->query)
                write_ready(&w, c->tx);
        done_query(c);
        client_send(c, &w);
}

size_t control_take(struct client *c, const uint8_t *p, size_t n)
{
        struct unit u;
        const char *tag;

        if (!read_unit(c, p, n, &u))
                return 0;
        c->request_us = loop_now(c->room->loop);
        if (c->block == NULL)
                c->tx_us = c->request_us;
        if (!block_run(c, u.text, &u.facts, &tag))
                return 0;
        if (u.parse.size > 0 && !keep_statement(c, &u)) {
                client_refuse(c, "53200", "out of memory");
                return 0;
        }
        if (block_rest(c) != c->state)
                client_move(c, block_rest(c));
        answer(c, &u, tag);
        return u.size;
}
