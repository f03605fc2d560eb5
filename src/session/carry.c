#include "session/carry.h"

#include "base/check.h"
#include "base/log.h"
#include "pool/tracked.h"
#include "session/aside.h"
#include "session/entry.h"
#include "session/greeting.h"
#include "session/link.h"
#include "session/lookup.h"
#include "session/loss.h"
#include "session/written.h"
#include "wire/fields.h"
#include "wire/writer.h"

#include <stdio.h>
#include <string.h>

enum { CARRY_SQL_MAX = 4 * SETTINGS_BYTES_MAX, CARRY_IN_MAX = 65536 };

static struct settings_table *table_of(struct client *c)
{
        return &c->room->pools.settings;
}

static void replace(struct client *c, struct settings **slot, struct settings *next)
{
        settings_unref(table_of(c), *slot);
        *slot = next;
}

/* Whether settings are those that a server reports: PgBouncer's way. */
static bool is_tracking(const struct client *c)
{
        return !c->room->conf->opt.session_state;
}

/* ---- applying ---- */

static void log_batch(const struct server *s, const char *sql)
{
        char text[1024];

        if (!log_enabled(LOG_DEBUG_))
                return;
        snprintf(text, sizeof(text), "varcache_apply: %s", sql);
        server_say(LOG_DEBUG_, s, text);
}

/* Writes the Query that gives a server which has `from` what it lacks. STATUS_ABSENT: it lacks nothing. */
static enum status write_batch(struct client *c, const struct settings *from, const struct settings *wanted,
                               struct writer *w)
{
        const struct options *opt = &c->room->conf->opt;
        struct server *s = c->server;
        struct buf sql = {0};
        enum status status = is_tracking(c) ? tracked_difference(opt, from, wanted, &sql, CARRY_SQL_MAX)
                                            : settings_difference(from, wanted, &sql, CARRY_SQL_MAX);

        if (status == STATUS_OK && buf_len(&sql) == 0)
                status = STATUS_ABSENT;
        if (status == STATUS_OK)
                status = buf_append(&sql, "", 1, CARRY_SQL_MAX + 1);
        if (status == STATUS_OK) {
                if (is_tracking(c))
                        log_batch(s, (const char *)buf_data(&sql));
                write_query(w, (const char *)buf_data(&sql));
        }
        buf_release(&sql);
        return status;
}

/* Sends what makes a server that has `from` one that has `to`. STATUS_ABSENT: nothing has to be sent.
 * STATUS_LIMIT: the client is closed. */
static enum status send_difference(struct client *c, const struct settings *from, const struct settings *to)
{
        struct server *s = c->server;
        struct buf out = {0};
        struct writer w = writer_to(&out, CARRY_SQL_MAX + 16);
        enum status status = write_batch(c, from, to, &w);

        if (status == STATUS_ABSENT)
                return STATUS_ABSENT;
        if (status != STATUS_OK) {
                client_refuse(c, "54000", "the session has more settings than can be carried to a server");
                return STATUS_LIMIT;
        }
        replies_push(&s->replies, (struct reply){.kind = REPLY_QUERY, .flags = REPLY_SWALLOW});
        if (!client_asks(c))
                client_move(c, CLIENT_SETTING);
        c->failed = false;
        /* When this fails the stream is broken, and reading from it says so, outside of the client's own
         * steps. */
        if (w.failed || stream_send_buf(&s->stream, &out) != STATUS_OK)
                s->close_needed = true;
        return STATUS_OK;
}

bool carry_begin(struct client *c, struct settings *wanted)
{
        struct server *s = c->server;
        enum status status;

        if (s->applied == wanted)
                return true;
        status = send_difference(c, s->applied, wanted);
        if (status != STATUS_OK)
                return status == STATUS_ABSENT;
        s->wanted = settings_ref(wanted);
        s->wants = true;
        return false;
}

bool carry_is_amiss(const struct client *c)
{
        const struct server *s = c->server;

        return s->wants && s->wanted != c->settings_now && s->tx == 'T' && s->replies.count == 0 &&
               !c->in_segment && (c->pins & PIN_SETTING) == 0;
}

void carry_amend(struct client *c)
{
        struct server *s = c->server;

        if (send_difference(c, s->wanted, c->settings_now) == STATUS_ABSENT)
                replace(c, &s->wanted, settings_ref(c->settings_now));
}

bool carry_keep(struct client *c)
{
        if (!c->room->conf->opt.session_state || (c->pins & PIN_SETTING) != 0 ||
            c->replication != REPLICATION_NONE) /* not followed: left as they are */
                return true;
        return carry_begin(c, c->settings);
}

static void refused(struct client *c, const struct msg *m)
{
        struct error_fields e;
        struct refusal r;
        char sqlstate[6];

        error_fields_read(m, &e);
        if (is_tracking(c)) {
                log_error("varcache_apply failed: %.*s: %.*s", SV_ARG(e.severity), SV_ARG(e.text));
                client_refuse(c, "08P01", "invalid server parameter");
                return;
        }
        snprintf(sqlstate, sizeof(sqlstate), "%.5s", e.sqlstate.n == 5 ? e.sqlstate.p : "08P01");
        if (client_asks(c))
                refusal_set(&r, "FATAL", sqlstate, "%.*s", (int)(e.text.n < 200 ? e.text.n : 200), e.text.p);
        else
                refusal_set(&r, "FATAL", sqlstate,
                            "cannot restore the session's settings on another server: %.*s",
                            (int)(e.text.n < 180 ? e.text.n : 180), e.text.p);
        client_close(c, &r, r.text);
}

/* What the server made of the values becomes the client's: another spelling of a value is not set again each
 * time. */
static void take_canonical(struct client *c, const struct server *s)
{
        const struct options *opt = &c->room->conf->opt;
        struct sv name, mine, its;
        char text[400];

        for (unsigned at = 0; tracked_next(opt, &at, &name);) {
                if (!tracked_get(c->settings, name, &mine) || !tracked_get(s->applied, name, &its) ||
                    sv_eq(mine, its))
                        continue;
                log_debug(
                    "C-%p: %s varcache_set_canonical: setting %.*s to its canonical version %.*s -> %.*s",
                    (const void *)c, client_name(c, text, sizeof(text)), SV_ARG(name), SV_ARG(mine),
                    SV_ARG(its));
                if (tracked_put(table_of(c), opt, &c->settings, name, its) != STATUS_OK)
                        return; /* it stays as it is, and is set again next time */
        }
        replace(c, &c->settings_now, settings_ref(c->settings));
        client_settings_changed(c);
}

static void applied(struct client *c, struct server *s)
{
        if (s->tx == 'T') { /* it holds when the transaction does */
                replace(c, &s->wanted, settings_ref(c->settings_now));
                client_move(c, CLIENT_ACTIVE);
                client_go_on(c);
                return;
        }
        if (is_tracking(c)) {
                replace(c, &s->wanted, NULL); /* what it has, it has reported */
                take_canonical(c, s);
        } else {
                replace(c, &s->applied, s->wanted);
                s->wanted = NULL; /* the reference went over */
        }
        s->wants = false;
        if (c->state == CLIENT_LOOKUP) {
                lookup_cleared(c);
                return;
        }
        if (c->state == CLIENT_WELCOME) {
                entry_learned(c);
                client_go_on(c);
                return;
        }
        client_move(c, CLIENT_ACTIVE);
        greeting_retell(c);
        client_go_on(c);
}

/* A session that listens hears of it even now. */
static bool pass_notification(struct client *c, const struct msg *m)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, CARRY_IN_MAX);

        put_raw(&w, m->head, m->size);
        return client_send(c, &w);
}

/* Returns false when there is nothing more to do here. */
static bool on_message(struct client *c, struct server *s, const struct msg *m)
{
        struct sv name, value;

        switch (m->type) {
        case BE_ERROR:
                if (loss_is_fatal(c, s, m))
                        return false;
                c->failed = true;
                /* Kept until ReadyForQuery, so that the server is at rest when it goes back. */
                buf_release(&s->replay);
                if (buf_append(&s->replay, m->head, m->size, CARRY_IN_MAX) == STATUS_OK)
                        return true;
                loss_of_server(c, "error message too large", true);
                return false;
        case BE_PARAM_STATUS:
                if (server_report(s, m, &name, &value) != STATUS_OK) {
                        loss_of_server(c, "malformed ParameterStatus", true);
                        return false;
                }
                return true;
        case BE_READY: return true;
        case BE_COMMAND_COMPLETE:
        case BE_ROW_DESCRIPTION:
        case BE_DATA_ROW:
        case BE_NOTICE: return true;
        case BE_NOTIFICATION: return c->pins == 0 || pass_notification(c, m);
        default: loss_of_server(c, "server broke the protocol", true); return false;
        }
}

static void ready(struct client *c, struct server *s)
{
        struct msg error;

        replies_pop(&s->replies);
        if (!c->failed) {
                applied(c, s);
                return;
        }
        c->failed = false;
        replace(c, &s->wanted, NULL);
        s->wants = false;
        if (msg_peek(buf_data(&s->replay), buf_len(&s->replay), &error) == STATUS_OK)
                refused(c, &error);
}

void carry_readable(struct server *s)
{
        struct client *c = s->client;
        struct msg m;
        bool done = false;

        if (!aside_read(c, s, CARRY_IN_MAX))
                return;
        while (aside_next(c, s, &m)) {
                if (done && (c->pins == 0 || m.type != BE_NOTIFICATION)) {
                        loss_of_server(c, "server spoke out of turn", false);
                        return;
                }
                if (!on_message(c, s, &m))
                        return;
                if (m.type == BE_READY) {
                        char tx = m.body_size == 1 ? (char)m.body[0] : '?';

                        done = tx == s->tx || (s->tx == 'T' && tx == 'E' && c->failed);
                        s->tx = tx;
                        if (!done) {
                                loss_of_server(c, "server spoke out of turn", false);
                                return;
                        }
                }
                buf_consume(&s->in, m.size);
        }
        if (!done || s->client != c)
                return;
        if (c->pins == 0 && buf_len(&s->in) > 0) {
                loss_of_server(c, "server spoke out of turn", false);
                return;
        }
        buf_trim(&s->in);
        ready(c, s);
}
