#include "session/greeting.h"

#include "base/check.h"
#include "pool/tracked.h"
#include "session/said.h"
#include "wire/writer.h"

#include <stdlib.h>

enum { GREETINGS_KEPT = 16 /* of a welcome */ };

/* What clients are told and have that asked for `startup`. */
struct greeting {
        struct list in_welcome;
        struct settings *startup, *settings;
        struct said said; /* by those */
        unsigned lexing;
        struct buf bytes; /* up to the cancel key */
};

/* ---- one ---- */

/* The server has been given all that the client asked for, but for the name of who asks. */
static struct sv own_name(const struct greeting *g, struct sv name, struct sv value)
{
        struct setting own;

        if (!sv_ieq(name, SV("application_name")))
                return value;
        return settings_get(g->startup, SV("application_name"), &own) ? own.value : SV("");
}

/* The server has been given nothing: what the client asked for is said as it was written, and what it did not
 * ask for is the server's. */
static struct sv own_value(struct greeting *g, struct room *room, struct sv name, struct sv value,
                           struct writer *w)
{
        const struct options *opt = &room->conf->opt;
        struct sv known, own;

        if (!tracked_name(opt, name, &known))
                return value;
        if (tracked_get(g->startup, known, &own))
                return own;
        if (tracked_put(&room->pools.settings, opt, &g->settings, known, value) != STATUS_OK)
                w->failed = true;
        return value;
}

static bool is_reported(const struct buf *params, struct sv name)
{
        const uint8_t *p = buf_data(params);
        size_t n = buf_len(params);

        for (struct msg m; msg_peek(p, n, &m) == STATUS_OK; p += m.size, n -= m.size) {
                struct reader r = reader_of(&m);

                if (sv_ieq(take_cstr(&r), name))
                        return true;
        }
        return false;
}

static void write_params(struct greeting *g, struct room *room, const struct buf *params, struct writer *w)
{
        const struct options *opt = &room->conf->opt;
        const uint8_t *p = buf_data(params);
        size_t n = buf_len(params);
        struct sv name, value;

        for (struct msg m; msg_peek(p, n, &m) == STATUS_OK; p += m.size, n -= m.size) {
                struct reader r = reader_of(&m);

                name = take_cstr(&r);
                value = take_cstr(&r);
                value = opt->session_state ? own_name(g, name, value) : own_value(g, room, name, value, w);
                g->lexing = said_lexing(g->lexing, name, value);
                write_param_status(w, name, value);
        }
        if (opt->session_state) {
                if (!is_reported(params, SV("application_name")))
                        write_param_status(w, SV("application_name"),
                                           own_name(g, SV("application_name"), SV("")));
                return;
        }
        for (unsigned at = 0; tracked_next(opt, &at, &name);)
                if (tracked_get(g->startup, name, &value) && !is_reported(params, name))
                        write_param_status(w, name, value);
}

static void drop(struct greeting *g, struct settings_table *table)
{
        settings_unref(table, g->startup);
        settings_unref(table, g->settings);
        buf_release(&g->bytes);
        free(g);
}

/* NULL: there is too much of it. */
static struct greeting *make(struct room *room, struct settings *startup, const struct buf *params)
{
        struct greeting *g = xcalloc(1, sizeof(*g));
        struct writer w = writer_to(&g->bytes, CLIENT_OUT_MAX);

        g->startup = settings_ref(startup);
        g->settings = settings_ref(startup);
        write_auth(&w, AUTH_REQ_OK, "", 0);
        write_params(g, room, params, &w);
        said_read(g->settings, &g->said);
        if (!w.failed)
                return g;
        drop(g, &room->pools.settings);
        return NULL;
}

/* ---- those of a welcome ---- */

static void drop_last(struct welcome *w, struct settings_table *table)
{
        struct greeting *g = list_item(list_last(&w->greetings), struct greeting, in_welcome);

        list_unlink(&g->in_welcome);
        w->greeting_count--;
        drop(g, table);
}

void greetings_forget(struct welcome *w, struct settings_table *table)
{
        while (w->greeting_count > 0)
                drop_last(w, table);
}

static struct greeting *find(struct welcome *w, const struct settings *startup)
{
        list_for_each (node, &w->greetings) {
                struct greeting *g = list_item(node, struct greeting, in_welcome);

                if (g->startup == startup)
                        return g;
        }
        return NULL;
}

/* That for `startup`, which is in front then. NULL: there is too much of it. */
static const struct greeting *greeting_for(struct room *room, struct welcome *w, struct settings *startup)
{
        struct greeting *g = find(w, startup);

        if (g != NULL) {
                list_unlink(&g->in_welcome);
        } else {
                g = make(room, startup, &w->params);
                if (g == NULL)
                        return NULL;
                if (++w->greeting_count > GREETINGS_KEPT)
                        drop_last(w, &room->pools.settings);
        }
        list_prepend(&w->greetings, &g->in_welcome);
        return g;
}

static void have_settings(struct client *c, const struct greeting *g)
{
        struct settings_table *table = &c->room->pools.settings;

        settings_unref(table, c->settings);
        settings_unref(table, c->settings_now);
        c->settings = settings_ref(g->settings);
        c->settings_now = settings_ref(g->settings);
        client_heed(c, &g->said);
        c->lexing = c->lexing_base = g->lexing;
}

void greeting_send(struct client *c, struct welcome *welcome)
{
        const char *notice = c->room->conf->opt.login_notify_message;
        const struct greeting *g = greeting_for(c->room, welcome, c->startup);
        struct buf out = {0};
        struct writer w = writer_to(&out, CLIENT_OUT_MAX);

        if (g == NULL) {
                client_close(c, NULL, "client unexpected eof");
                return;
        }
        put_raw(&w, buf_data(&g->bytes), buf_len(&g->bytes));
        write_key_data(&w, &c->key);
        if (notice[0] != '\0')
                write_notice(&w, "NOTICE", "00000", notice);
        write_ready(&w, 'I');
        have_settings(c, g);
        client_send(c, &w);
}

/* What a greeting says of `name`; false: there is none, or nothing in it. */
static bool find_told(const struct greeting *g, struct sv name, struct sv *spelling, struct sv *value)
{
        const uint8_t *p = g != NULL ? buf_data(&g->bytes) : NULL;
        size_t n = g != NULL ? buf_len(&g->bytes) : 0;

        for (struct msg m; msg_peek(p, n, &m) == STATUS_OK; p += m.size, n -= m.size) {
                struct reader r = reader_of(&m);

                if (m.type != BE_PARAM_STATUS)
                        continue;
                *spelling = take_cstr(&r);
                *value = take_cstr(&r);
                if (sv_ieq(*spelling, name))
                        return true;
        }
        return false;
}

void greeting_remind(struct client *c, struct writer *w)
{
        struct settings_table *table = &c->room->pools.settings;
        struct settings *key = settings_without(table, c->startup, SV("application_name"));
        struct welcome *welcome = endpoint_welcome(c->endpoint, key);
        const struct greeting *g = welcome != NULL ? greeting_for(c->room, welcome, c->startup) : NULL;
        struct sv at = settings_blob(c->startup), name, value;
        struct setting own, now;

        settings_unref(table, key);
        while (settings_next(&at, &own)) {
                if (!settings_get(c->settings_now, own.name, &now) || !sv_eq(now.value, own.value) ||
                    !params_get(&c->server->params, own.name, &value))
                        continue;
                if (!find_told(g, own.name, &name, &value)) { /* forgotten: as the client wrote it */
                        name = own.name;
                        value = own.value;
                }
                client_lexes(c, name, value);
                write_param_status(w, name, value);
        }
}

void greeting_retell(struct client *c)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, CLIENT_OUT_MAX);
        struct sv at = params_all(&c->server->params), name, value;

        if (c->misled != MISLED_BY_LOSS || c->doubt != NULL) /* or they may be its settings yet */
                return;
        c->misled = MISLED_NOT;
        while (params_next(&at, &name, &value))
                if (!sv_is(name, "in_hot_standby"))
                        write_param_status(&w, name, value);
        if (w.failed)
                buf_release(&out);
        else if (stream_send_buf(&c->stream, &out) != STATUS_OK)
                return; /* reading from it says so, outside of the client's own steps */
}

void greeting_pass_on(struct client *c, const struct params *params)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, CLIENT_OUT_MAX);
        struct sv at = params_all(params), name, value;

        write_auth(&w, AUTH_REQ_OK, "", 0);
        while (params_next(&at, &name, &value))
                write_param_status(&w, name, value);
        write_key_data(&w, &c->key);
        write_ready(&w, 'I');
        client_send(c, &w);
}
