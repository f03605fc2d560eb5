#include "session/aborted.h"

#include "session/block.h"
#include "session/loss.h"
#include "wire/writer.h"

static void refuse(struct client *c, struct writer *w)
{
        struct refusal r;

        if (c->abort_untold)
                loss_refusal(&r, c, false);
        else
                refusal_set(
                    &r, "ERROR", "25P02",
                    "current transaction is aborted, commands ignored until end of transaction block");
        c->abort_untold = false;
        write_refusal(w, &r);
}

/* Whether the text is one of those that an aborted transaction runs. */
static bool is_way_out(struct client *c, struct sv text)
{
        struct facts f;

        classify(text, endpoint_rules(c->endpoint), c->lexing, &f);
        return f.tx == TX_END || f.savepoint == SAVEPOINT_ROLLBACK_TO;
}

static void roll_back_to(struct client *c, struct sv text, const struct facts *f, struct writer *w)
{
        struct refusal r;
        const char *tag;

        if (c->block != NULL && block_run(c, text, f, &tag)) {
                write_command_complete(w, tag);
                return;
        }
        refusal_set(&r, "ERROR", "3B001", "savepoint \"%.*s\" does not exist", SV_ARG(f->savepoint_name));
        write_refusal(w, &r);
}

/* COMMIT says ROLLBACK, as PostgreSQL's does here. The first statement to be met with an untold loss gets the
 * error instead, so that no COMMIT passes for one. False: an error was the answer. */
static bool run(struct client *c, struct sv text, struct writer *w)
{
        const char *tag;
        struct facts f;
        bool untold;

        classify(text, endpoint_rules(c->endpoint), c->lexing, &f);
        if (f.tx == TX_END && !f.commits) /* it wants no more than what has happened */
                c->abort_untold = false;
        untold = c->abort_untold;
        if (f.tx != TX_END) {
                if (untold || f.savepoint != SAVEPOINT_ROLLBACK_TO)
                        refuse(c, w);
                else
                        roll_back_to(c, text, &f, w);
                return c->tx != 'E';
        }
        if (untold)
                refuse(c, w);
        if (c->block == NULL || !block_run(c, text, &f, &tag)) {
                tag = "ROLLBACK";
                c->tx = 'I';
                if (c->block != NULL)
                        block_free(c);
        }
        if (!untold)
                write_command_complete(w, tag);
        return !untold;
}

static void fail(struct client *c, struct writer *w)
{
        refuse(c, w);
        c->skip_to_sync = true;
}

/* The statement is the client's. False: memory is out. */
static bool keep(struct client *c, const struct msg *m, struct sv name)
{
        struct statements *all = &c->room->statements;
        struct sv rest = sv_from(m->body + name.n + 1, m->body_size - name.n - 1);

        buf_consume(&c->unnamed, buf_len(&c->unnamed));
        if (name.n > 0)
                return names_put(&c->names, all, name,
                                 statement_get(all, rest, endpoint_rules(c->endpoint), c->lexing));
        return buf_append(&c->unnamed, rest.p, rest.n, CLIENT_IN_MAX) == STATUS_OK;
}

static void on_parse(struct client *c, const struct msg *m, struct writer *w)
{
        struct reader r = reader_of(m);
        struct sv name = take_cstr(&r), text = take_cstr(&r);

        if (m->have < m->size || r.failed || !is_way_out(c, text)) {
                fail(c, w);
                return;
        }
        if (keep(c, m, name))
                write_empty(w, BE_PARSE_COMPLETE);
        else
                fail(c, w);
}

/* What is bound is found by its statement's text, and kept until it is run. */
static void on_bind(struct client *c, const struct msg *m, struct writer *w)
{
        struct reader r = reader_of(m);
        struct sv portal = take_cstr(&r), name = take_cstr(&r), text = SV("");
        const struct statement *st = name.n > 0 ? names_find(&c->names, name) : NULL;

        (void)portal;
        if (st != NULL)
                text = sv_cstr(st->parse);
        else if (name.n == 0 && buf_len(&c->unnamed) > 0)
                text = sv_cstr((const char *)buf_data(&c->unnamed));
        buf_consume(&c->way_out, buf_len(&c->way_out));
        if (!is_way_out(c, text) || buf_append(&c->way_out, text.p, text.n, CLIENT_IN_MAX) != STATUS_OK)
                fail(c, w);
        else
                write_empty(w, BE_BIND_COMPLETE);
}

static void on_describe(struct client *c, const struct msg *m, struct writer *w)
{
        struct reader r = reader_of(m);

        if (buf_len(&c->way_out) == 0 && buf_len(&c->unnamed) == 0) {
                fail(c, w);
                return;
        }
        if (take_u8(&r) == 'S') {
                msg_begin(w, BE_PARAM_DESCRIPTION);
                put_i16(w, 0);
                msg_end(w);
        }
        write_empty(w, BE_NO_DATA);
}

static void on_execute(struct client *c, struct writer *w)
{
        struct sv text = sv_from(buf_data(&c->way_out), buf_len(&c->way_out));

        if (text.n == 0 || !run(c, text, w))
                c->skip_to_sync = true;
        if (text.n == 0)
                refuse(c, w);
        buf_release(&c->way_out);
}

static void on_message(struct client *c, const struct msg *m, struct writer *w)
{
        struct reader r = reader_of(m);
        struct sv text;

        if (m->type == FE_SYNC) {
                c->skip_to_sync = false;
                buf_release(&c->way_out);
                write_ready(w, c->tx);
                return;
        }
        if (c->skip_to_sync)
                return;
        switch (m->type) {
        case FE_QUERY:
                text = take_cstr(&r);
                if (r.failed)
                        refuse(c, w);
                else
                        (void)run(c, text, w);
                write_ready(w, c->tx);
                return;
        case FE_FUNCTION:
                refuse(c, w);
                write_ready(w, c->tx);
                return;
        case FE_PARSE: on_parse(c, m, w); return;
        case FE_BIND: on_bind(c, m, w); return;
        case FE_DESCRIBE: on_describe(c, m, w); return;
        case FE_EXECUTE: on_execute(c, w); return;
        case FE_CLOSE: write_empty(w, BE_CLOSE_COMPLETE); return;
        default: return;
        }
}

size_t aborted_take(struct client *c, const uint8_t *p, size_t n)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, CLIENT_OUT_MAX);
        struct msg m;
        size_t used;

        if (!client_unserved(c, p, n, &m, &used))
                return used;
        if (m.have < m.size && m.size <= CLIENT_IN_FULL)
                return 0;
        c->drop = m.size - m.have;
        on_message(c, &m, &w);
        if (buf_len(&out) > 0 && !client_send(c, &w))
                return n;
        if (c->tx != 'E' && !c->skip_to_sync && c->state == CLIENT_ABORTED &&
            (m.type == FE_QUERY || m.type == FE_SYNC))
                client_move(c, block_rest(c));
        return m.have;
}
