#include "session/carry.h"

#include "base/check.h"
#include "base/log.h"
#include "pool/tracked.h"
#include "session/entry.h"
#include "session/link.h"
#include "session/lookup.h"
#include "session/loss.h"
#include "session/written.h"
#include "wire/fields.h"
#include "wire/writer.h"

#include <stdio.h>
#include <string.h>

enum { CARRY_SQL_MAX = 4 * SETTINGS_BYTES_MAX, CARRY_IN_MAX = 65536, NAME_MAX_BYTES = 128 };

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

/* Writes the Query that gives the server what it lacks. STATUS_ABSENT: it lacks nothing. */
static enum status write_batch(struct client *c, struct settings *wanted, struct writer *w)
{
        const struct options *opt = &c->room->conf->opt;
        struct server *s = c->server;
        struct buf sql = {0};
        enum status status = is_tracking(c) ? tracked_difference(opt, s->applied, wanted, &sql, CARRY_SQL_MAX)
                                            : settings_difference(s->applied, wanted, &sql, CARRY_SQL_MAX);

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

bool carry_begin(struct client *c, struct settings *wanted)
{
        struct server *s = c->server;
        struct buf out = {0};
        struct writer w = writer_to(&out, CARRY_SQL_MAX + 16);
        enum status status;

        if (s->applied == wanted)
                return true;
        status = write_batch(c, wanted, &w);
        if (status == STATUS_ABSENT)
                return true;
        if (status != STATUS_OK) {
                client_refuse(c, "54000", "the session has more settings than can be carried to a server");
                return false;
        }
        s->wanted = settings_ref(wanted);
        s->wants = true;
        replies_push(&s->replies, (struct reply){.kind = REPLY_QUERY, .flags = REPLY_SWALLOW});
        if (!client_asks(c))
                client_move(c, CLIENT_SETTING);
        c->failed = false;
        /* When this fails the stream is broken, and reading from it says so, outside of the client's own
         * steps. */
        if (w.failed || stream_send_buf(&s->stream, &out) != STATUS_OK)
                s->close_needed = true;
        return false;
}

bool carry_keep(struct client *c)
{
        if (c->endpoint->pool_mode == POOL_SESSION || !c->room->conf->opt.session_state ||
            (c->pins & PIN_SETTING) != 0 ||
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
        struct reader r = reader_of(m);
        struct sv name, value;

        switch (m->type) {
        case BE_ERROR:
                if (loss_is_fatal(c, s, m))
                        return false;
                c->failed = true;
                /* Kept until ReadyForQuery, so that the server is at rest when it goes back. */
                buf_release(&s->replay);
                if (buf_append(&s->replay, m->head, m->size, CARRY_IN_MAX) != STATUS_OK)
                        loss_of_server(c, "error message too large", true);
                return true;
        case BE_PARAM_STATUS:
                name = take_cstr(&r);
                value = take_cstr(&r);
                if (r.failed || server_report(s, name, value) != STATUS_OK) {
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
        struct loop *loop = c->room->loop;
        size_t n;
        enum status status = stream_read(&s->stream, loop->scratch, LOOP_SCRATCH_BYTES, &n);
        struct msg m;
        bool done = false;

        if (status == STATUS_AGAIN)
                return;
        if (status != STATUS_OK || buf_append(&s->in, loop->scratch, n, CARRY_IN_MAX) != STATUS_OK) {
                loss_of_server(c, "server conn crashed?", true);
                return;
        }
        while (s->client == c && buf_len(&s->in) > 0) {
                status = msg_peek(buf_data(&s->in), buf_len(&s->in), &m);
                if (status == STATUS_INVALID) {
                        loss_of_server(c, "broken packet from server", true);
                        return;
                }
                if (status == STATUS_AGAIN || m.have < m.size)
                        break;
                if (done && (c->pins == 0 || m.type != BE_NOTIFICATION)) {
                        loss_of_server(c, "server spoke out of turn", false);
                        return;
                }
                if (!on_message(c, s, &m))
                        return;
                if (m.type == BE_READY) {
                        s->tx = m.body_size == 1 ? (char)m.body[0] : '?';
                        done = s->tx == 'I';
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

/* ---- understanding ---- */

static void pin(struct client *c, unsigned pins)
{
        c->pins |= pins;
        c->server->dirty = true;
}

/* Both the client's and the server's view get the change; what the server had before the transaction is where
 * its view starts from. */
static void start_view(struct client *c)
{
        struct server *s = c->server;

        if (!s->wants) {
                s->wanted = settings_ref(s->applied);
                s->wants = true;
        }
        c->barrier = true;
}

static void set(struct client *c, const struct setting *setting)
{
        struct settings *next;

        start_view(c);
        if (settings_with(table_of(c), c->settings_now, setting, &next) != STATUS_OK) {
                pin(c, PIN_SETTING);
                return;
        }
        replace(c, &c->settings_now, next);
        if (settings_with(table_of(c), c->server->wanted, setting, &next) == STATUS_OK)
                replace(c, &c->server->wanted, next);
        else
                pin(c, PIN_SETTING);
}

static void reset(struct client *c, struct sv name)
{
        struct setting startup;

        start_view(c);
        replace(c, &c->server->wanted, settings_without(table_of(c), c->server->wanted, name));
        if (settings_get(c->startup, name, &startup)) {
                struct settings *next;

                /* The session's own default, which is not the server's: differs until the next attach. */
                if (settings_with(table_of(c), c->settings_now, &startup, &next) == STATUS_OK)
                        replace(c, &c->settings_now, next);
        } else {
                replace(c, &c->settings_now, settings_without(table_of(c), c->settings_now, name));
        }
}

/* `base`, and what RESET ALL leaves alone; DISCARD ALL does not. */
static struct settings *reset_but_identity(struct client *c, const struct settings *from,
                                           struct settings *base)
{
        static const char *const names[] = {"session_authorization", "role"};
        struct settings *set = settings_ref(base), *next;
        struct setting kept;

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (settings_get(from, sv_cstr(names[i]), &kept) &&
                    settings_with(table_of(c), set, &kept, &next) == STATUS_OK)
                        replace(c, &set, next);
        return set;
}

static void reset_all(struct client *c, bool discard)
{
        struct server *s = c->server;

        start_view(c);
        if (discard) {
                replace(c, &c->settings_now, settings_ref(c->startup));
                replace(c, &s->wanted, NULL);
        } else {
                replace(c, &c->settings_now, reset_but_identity(c, c->settings_now, c->startup));
                replace(c, &s->wanted, reset_but_identity(c, s->wanted, NULL));
        }
}

static void set_text(struct client *c, const char *name, const char *value)
{
        struct setting s = {sv_cstr(name), sv_cstr(value), SETTING_KIND_STRING};

        set(c, &s);
}

static void characteristics(struct client *c, const struct facts *f)
{
        static const char *const levels[] = {"", "read committed", "repeatable read", "serializable"};

        if (f->access != ACCESS_UNSAID)
                set_text(c, "default_transaction_read_only", f->access == ACCESS_READ_ONLY ? "on" : "off");
        if (f->isolation != ISOLATION_UNSAID)
                set_text(c, "default_transaction_isolation", levels[f->isolation]);
        if (f->access == ACCESS_UNSAID && f->isolation == ISOLATION_UNSAID)
                pin(c, PIN_SETTING); /* DEFERRABLE alone: rare, not modelled */
}

static void note_one(struct client *c, const struct facts *f)
{
        char name_text[NAME_MAX_BYTES], value_text[4096];
        struct setting s = {.kind = SETTING_KIND_SQL};

        switch (f->setting) {
        case SETTING_NONE:
        case SETTING_SET_LOCAL: return;
        case SETTING_SET:
                if (!written_name(f->setting_name, name_text, sizeof(name_text), &s.name)) {
                        pin(c, PIN_SETTING);
                        return;
                }
                s.value = f->setting_value;
                if (f->setting_by_call) {
                        s.kind = SETTING_KIND_STRING;
                        if (!written_literal(f->setting_value, value_text, sizeof(value_text), &s.value)) {
                                pin(c, PIN_SETTING);
                                return;
                        }
                }
                set(c, &s);
                return;
        case SETTING_RESET:
                if (written_name(f->setting_name, name_text, sizeof(name_text), &s.name))
                        reset(c, s.name);
                else
                        pin(c, PIN_SETTING);
                return;
        case SETTING_RESET_ALL: reset_all(c, false); return;
        case SETTING_DISCARD_ALL: reset_all(c, true); return;
        case SETTING_CHARACTERISTICS: characteristics(c, f); return;
        case SETTING_UNKNOWN: pin(c, PIN_SETTING); return;
        }
}

void carry_note(struct client *c, struct sv text, const struct facts *facts)
{
        struct sv rest = text;
        struct facts one;

        if (!c->room->conf->opt.session_state || c->endpoint->pool_mode == POOL_SESSION)
                return;
        if (facts->setting != SETTING_NONE) {
                if (facts->statements > 1)
                        while (classify_next(&rest, &c->room->rules, c->backslash_unsafe, &one))
                                note_one(c, &one);
                else
                        note_one(c, facts);
                client_settings_changed(c);
        }
        c->pins &= ~facts->unpins;
        if (facts->pins != 0)
                pin(c, facts->pins);
}

void carry_settle(struct client *c, struct server *s)
{
        /* A server says what a rollback has changed back. */
        bool forget = !is_tracking(c) && (c->failed || c->rolled_back);

        if (c->settings_now != c->settings) {
                if (forget)
                        replace(c, &c->settings_now, settings_ref(c->settings));
                else
                        replace(c, &c->settings, settings_ref(c->settings_now));
                client_settings_changed(c);
        }
        if (s->wants) {
                if (forget)
                        settings_unref(table_of(c), s->wanted);
                else
                        replace(c, &s->applied, s->wanted);
                s->wanted = NULL; /* given back, or gone over */
                s->wants = false;
        }
}

void carry_report(struct client *c, struct sv name, struct sv value)
{
        const struct options *opt = &c->room->conf->opt;
        struct sv known;

        if (!is_tracking(c) || !tracked_name(opt, name, &known) ||
            tracked_put(table_of(c), opt, &c->settings_now, name, value) != STATUS_OK)
                return;
        client_settings_changed(c);
}
