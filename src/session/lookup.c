#include "session/lookup.h"

#include "auth/secret.h"
#include "base/log.h"
#include "session/aside.h"
#include "session/autodb.h"
#include "session/carry.h"
#include "session/entry.h"
#include "session/link.h"
#include "session/loss.h"
#include "session/measure.h"
#include "session/room.h"
#include "wire/fields.h"
#include "wire/proto.h"
#include "wire/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKUP_OUT_MAX = 65536, LOOKUP_IN_MAX = 1 << 20 };

static bool is_said(const char *text)
{
        return text != NULL && *text != '\0';
}

static void give_up(struct client *c)
{
        client_refuse(c, "08P01", "bouncer config error");
}

/* ---- where to ask ---- */

/* The line of the client's database; NULL: there is none, or it is the console. */
static const struct conf_database *own_line(const struct client *c)
{
        return c->entry->admin_database ? NULL : conf_find_database(c->room->conf, c->entry->database);
}

static const char *auth_user_of(const struct client *c)
{
        const struct conf_database *line = own_line(c);

        return line != NULL && is_said(line->auth_user) ? line->auth_user : c->room->conf->opt.auth_user;
}

static const char *auth_query_of(const struct client *c)
{
        const struct conf_database *line = own_line(c);

        return line != NULL && is_said(line->auth_query) ? line->auth_query : c->room->conf->opt.auth_query;
}

static const char *auth_dbname_of(const struct client *c)
{
        const struct conf_database *line = own_line(c);

        if (line != NULL && is_said(line->auth_dbname))
                return line->auth_dbname;
        return is_said(c->room->conf->opt.auth_dbname) ? c->room->conf->opt.auth_dbname : c->entry->database;
}

bool lookup_begin(struct client *c)
{
        struct room *room = c->room;
        const char *dbname, *user = auth_user_of(c);
        const struct conf_database *line;
        struct refusal r;

        /* A database that is not there has no server to ask: such a login fails as one with a wrong password.
         */
        if (!is_said(user) || (!c->entry->admin_database && own_line(c) == NULL))
                return false;
        dbname = auth_dbname_of(c);
        if (strcmp(dbname, "pgbouncer") == 0 || strcmp(dbname, "pgsteer") == 0) {
                log_error("cannot use the reserved \"%s\" database as an auth_dbname", dbname);
                give_up(c);
                return true;
        }
        line = conf_find_database(room->conf, dbname);
        if (line == NULL) {
                log_error("authentication database \"%.100s\" is not configured", dbname);
                give_up(c);
                return true;
        }
        if (nameset_has(&room->disabled, dbname)) {
                refusal_set(&r, "FATAL", "08P01", "authentication database \"%.100s\" is disabled", dbname);
                client_close(c, &r, r.text);
                return true;
        }
        c->endpoint = endpoint_get(room, line, dbname, user);
        c->endpoint->clients++;
        autodb_settle(c->endpoint, c);
        client_move(c, CLIENT_LOOKUP);
        lookup_ask(c);
        return true;
}

/* ---- a server ---- */

void lookup_ask(struct client *c)
{
        struct server *s = entry_lease(c, NULL);

        if (s != NULL)
                lookup_granted(c, s);
}

void lookup_granted(struct client *c, struct server *s)
{
        link_join(c, s, entry_node_of(c, s));
        if (carry_begin(c, NULL))
                lookup_cleared(c);
}

void lookup_cleared(struct client *c)
{
        struct server *s = c->server;
        struct buf out = {0};
        struct writer w = writer_to(&out, LOOKUP_OUT_MAX);
        struct lookup *l = &c->entry->lookup;
        size_t n = strlen(c->entry->user);

        lookup_fini(l); /* of a server that was lost */
        *l = (struct lookup){.result = LOOKUP_NONE};
        msg_begin(&w, FE_PARSE);
        put_cstr(&w, "");
        put_cstr(&w, auth_query_of(c));
        put_i16(&w, 0);
        msg_end(&w);
        msg_begin(&w, FE_BIND);
        put_cstr(&w, "");
        put_cstr(&w, "");
        put_i16(&w, 0);
        put_i16(&w, 1);
        put_i32(&w, (uint32_t)n);
        put_raw(&w, c->entry->user, n);
        put_i16(&w, 0);
        msg_end(&w);
        msg_begin(&w, FE_EXECUTE);
        put_cstr(&w, "");
        put_i32(&w, 0);
        msg_end(&w);
        msg_begin(&w, FE_SYNC);
        msg_end(&w);
        replies_push(&s->replies, (struct reply){.kind = REPLY_QUERY, .flags = REPLY_SWALLOW});
        /* When this fails the stream is broken, and reading from it says so. */
        if (w.failed || stream_send_buf(&s->stream, &out) != STATUS_OK)
                s->close_needed = true;
}

/* ---- its answer ---- */

/* False: the server is of no further use for this. */
static bool wrong(struct client *c, const char *why)
{
        link_sever(c, why);
        give_up(c);
        return false;
}

static bool on_row(struct client *c, const struct msg *m)
{
        struct lookup *l = &c->entry->lookup;
        struct reader r = reader_of(m);
        unsigned columns = take_u16(&r);
        uint32_t size = take_u32(&r);
        const uint8_t *name = take_bytes(&r, size == UINT32_MAX ? 0 : size);
        char why[80];

        if (columns != 2) {
                snprintf(why, sizeof(why), "expected 2 columns from auth_query, not %u", columns);
                return wrong(c, why);
        }
        if (size == UINT32_MAX || name == NULL)
                return wrong(c, "auth_query response contained null user name");
        if (l->rows++ > 0)
                return wrong(c, "auth_query returned more than one row");
        l->result = LOOKUP_FOUND;
        size = take_u32(&r);
        if (size != UINT32_MAX) {
                const uint8_t *secret = take_bytes(&r, size);

                if (secret == NULL || memchr(secret, 0, size) != NULL)
                        return wrong(c, "malformed answer to auth_query");
                l->secret = strndup((const char *)secret, size);
                measure_note(c->room, l->secret);
        }
        return true;
}

static bool on_message(struct client *c, struct server *s, const struct msg *m)
{
        struct lookup *l = &c->entry->lookup;
        struct error_fields e;

        switch (m->type) {
        case BE_DATA_ROW: return on_row(c, m);
        case BE_ERROR:
                if (loss_is_fatal(c, s, m))
                        return false;
                error_fields_read(m, &e);
                log_warning("C-%p: error in auth_query: %.*s", (const void *)c,
                            (int)(e.text.n < 200 ? e.text.n : 200), e.text.p);
                l->error = true;
                return true;
        case BE_PARSE_COMPLETE:
        case BE_BIND_COMPLETE:
        case BE_COMMAND_COMPLETE:
        case BE_NOTICE:
        case BE_PARAM_STATUS:
        case BE_NOTIFICATION:
        case BE_READY: return true;
        default: return wrong(c, "unexpected response from auth_query");
        }
}

/* The server is at rest: it goes back, and the login goes on where it stopped. */
static void done(struct client *c, struct server *s)
{
        struct lookup *l = &c->entry->lookup;

        replies_pop(&s->replies);
        link_rest(c);
        c->endpoint->clients--;
        autodb_settle(c->endpoint, c);
        c->endpoint = NULL;
        if (l->error) {
                give_up(c);
                return;
        }
        if (l->result == LOOKUP_NONE)
                l->result = LOOKUP_ABSENT;
        entry_looked_up(c);
}

void lookup_readable(struct server *s)
{
        struct client *c = s->client;
        struct msg m;

        s->in.secret = true;
        if (!aside_read(c, s, LOOKUP_IN_MAX))
                return;
        while (aside_next(c, s, &m)) {
                if (!on_message(c, s, &m))
                        return;
                if (m.type == BE_READY) {
                        s->tx = m.body_size == 1 ? (char)m.body[0] : '?';
                        if (s->tx != 'I' || buf_len(&s->in) > m.size) {
                                wrong(c, "unexpected response from auth_query");
                                return;
                        }
                        secret_wipe(s->in.bytes, s->in.tail);
                        buf_release(&s->in);
                        done(c, s);
                        return;
                }
                buf_consume(&s->in, m.size);
        }
}

void lookup_fini(struct lookup *lookup)
{
        secret_free(lookup->secret);
        lookup->secret = NULL;
}
