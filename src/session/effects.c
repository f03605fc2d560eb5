#include "session/effects.h"

#include "base/check.h"
#include "pool/tracked.h"
#include "router/known.h"
#include "session/written.h"

#include <string.h>

enum {
        NAME_MAX_BYTES = 128,
        VALUE_MAX_BYTES = 4096, /* of set_config() */
        KEPT_MAX_BYTES = 65536, /* of statements that are not answered yet */
};

static struct settings_table *table_of(struct client *c)
{
        return &c->room->pools.settings;
}

static void replace(struct client *c, struct settings **slot, struct settings *next)
{
        settings_unref(table_of(c), *slot);
        *slot = next;
}

static bool is_followed(const struct client *c)
{
        return c->room->conf->opt.session_state && c->replication == REPLICATION_NONE;
}

void effects_pin(struct client *c, unsigned pins)
{
        bool pinned = c->room->conf->opt.pin_session_state;

        if (pinned)
                c->pins |= pins;
        /* A server with settings nobody knows of goes to no other client as it is, pinned or not. */
        if (pinned || (pins & PIN_SETTING) != 0)
                c->server->dirty = true;
}

/* ---- settings ---- */

/* Both the client's and the server's view get the change; what the server had before the transaction is where
 * its view starts from. */
static void start_view(struct client *c)
{
        struct server *s = c->server;

        if (!s->wants) {
                s->wanted = settings_ref(s->applied);
                s->wants = true;
        }
}

static void set(struct client *c, const struct setting *setting)
{
        struct settings *next;

        start_view(c);
        if (settings_with(table_of(c), c->settings_now, setting, &next) != STATUS_OK) {
                effects_pin(c, PIN_SETTING);
                return;
        }
        replace(c, &c->settings_now, next);
        if (settings_with(table_of(c), c->server->wanted, setting, &next) == STATUS_OK)
                replace(c, &c->server->wanted, next);
        else
                effects_pin(c, PIN_SETTING);
}

/* The server goes back to its own value, the client to its startup packet's: they differ until carry_keep or
 * carry_amend, or the next server. */
static void reset(struct client *c, struct sv name)
{
        struct setting startup;
        struct settings *next;

        start_view(c);
        replace(c, &c->server->wanted, settings_without(table_of(c), c->server->wanted, name));
        if (!settings_get(c->startup, name, &startup)) {
                next = settings_without(table_of(c), c->settings_now, name);
        } else {
                c->misled = MISLED_BY_RESET;
                if (settings_with(table_of(c), c->settings_now, &startup, &next) != STATUS_OK)
                        return;
        }
        replace(c, &c->settings_now, next);
}

/* `base`, and what RESET ALL leaves alone; DISCARD ALL does not. */
static struct settings *reset_but_identity(struct client *c, const struct settings *from,
                                           struct settings *base)
{
        static const char *const names[] = {"session_authorization", "role"};
        struct settings *all = settings_ref(base), *next;
        struct setting kept;

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (settings_get(from, sv_cstr(names[i]), &kept) &&
                    settings_with(table_of(c), all, &kept, &next) == STATUS_OK)
                        replace(c, &all, next);
        return all;
}

static void reset_all(struct client *c, bool discard)
{
        struct server *s = c->server;

        start_view(c);
        c->misled = c->startup != NULL ? MISLED_BY_RESET : MISLED_NOT;
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
}

static void set_written(struct client *c, const struct facts *f)
{
        char name_text[NAME_MAX_BYTES], value_text[VALUE_MAX_BYTES];
        struct setting s = {.kind = SETTING_KIND_SQL, .value = f->setting_value};
        bool known = written_name(f->setting_name, name_text, sizeof(name_text), &s.name);

        if (f->setting == SETTING_RESET && known) {
                reset(c, s.name);
                return;
        }
        if (known && f->setting_by_call) {
                s.kind = SETTING_KIND_STRING;
                known = written_literal(f->setting_value, value_text, sizeof(value_text), &s.value);
        }
        if (known)
                set(c, &s);
        else
                effects_pin(c, PIN_SETTING);
}

static void change_settings(struct client *c, const struct facts *f)
{
        switch (f->setting) {
        case SETTING_NONE:
        case SETTING_SET_LOCAL: return;
        case SETTING_SET:
        case SETTING_RESET: set_written(c, f); break;
        case SETTING_RESET_ALL: reset_all(c, false); break;
        case SETTING_DISCARD_ALL: reset_all(c, true); break;
        case SETTING_CHARACTERISTICS: characteristics(c, f); break;
        case SETTING_BOUND:
        case SETTING_UNKNOWN: effects_pin(c, PIN_SETTING); return;
        }
        client_settings_changed(c);
}

/* ---- savepoints ---- */

static void roll_back_to(struct client *c, struct server *s, struct sv name)
{
        const struct savepoint *level = NULL;

        c->unpinning = 0;
        (void)pin_names_settle(&c->pin_names, false);
        if (!c->savepoints.lost)
                level = savepoints_rollback_to(&c->savepoints, table_of(c), name);
        if (!s->wants)
                return; /* nothing has been set in the transaction */
        if (level == NULL) {
                effects_pin(c, PIN_SETTING);
                return;
        }
        replace(c, &c->settings_now, settings_ref(level->client));
        replace(c, &s->wanted, settings_ref(level->server));
        client_settings_changed(c);
}

static void change_savepoints(struct client *c, struct server *s, const struct facts *f)
{
        char space[KNOWN_NAME_BYTES];
        struct sv name = known_fold(f->savepoint_name, space);

        switch (f->savepoint) {
        case SAVEPOINT_KEEP: return;
        case SAVEPOINT_DEFINE:
                savepoints_define(&c->savepoints, name, c->settings_now, s->wants ? s->wanted : s->applied);
                return;
        case SAVEPOINT_RELEASE: (void)savepoints_release(&c->savepoints, table_of(c), name); return;
        case SAVEPOINT_ROLLBACK_TO: roll_back_to(c, s, name); return;
        }
}

/* ---- from sending to the answer ---- */

/* How many segments have been sent whose ReadyForQuery has not come. What is kept is of the last one: nothing
 * is sent behind it before it is answered. */
static unsigned unanswered(const struct client *c)
{
        return c->server->replies.sync_points + (c->in_segment ? 1 : 0);
}

bool effects_has(const struct facts *f)
{
        return f->setting != SETTING_NONE || f->savepoint != SAVEPOINT_KEEP || (f->pins | f->unpins) != 0;
}

/* Whether a statement's completion has to be waited for. */
static bool is_kept(const struct client *c, const struct facts *f)
{
        if (f->setting == SETTING_SET_LOCAL || f->setting == SETTING_UNKNOWN)
                return false;
        return f->setting != SETTING_NONE || f->savepoint != SAVEPOINT_KEEP ||
               (f->tx == TX_END && buf_len(&c->effects) > 0);
}

static void keep(struct client *c, struct sv text, const struct facts *f)
{
        if (!is_kept(c, f))
                return;
        c->barrier = true; /* what follows is read, and routed, as the settings of then say */
        if (f->savepoint == SAVEPOINT_ROLLBACK_TO && c->commit_sent)
                effects_pin(c, PIN_SETTING); /* the two have one tag */
        if (buf_append(&c->effects, text.p, text.n, KEPT_MAX_BYTES) != STATUS_OK ||
            buf_append(&c->effects, "", 1, KEPT_MAX_BYTES + 1) != STATUS_OK)
                effects_pin(c, PIN_SETTING);
}

/* What pins has begun when its text is sent, for all that is known; what ends is settled by the COMMIT. */
static void note_pins(struct client *c, const struct facts *f)
{
        if (f->pins == 0 || c->endpoint->pool_mode == POOL_SESSION) /* there it stays where it is */
                return;
        pin_names_forget(&c->pin_names, f->pins & ~c->pins);
        if (f->pin_name.n > 0)
                pin_names_begin(&c->pin_names, f->pins & PIN_NAMED, f->pin_name);
        c->unpinning &= ~f->pins;
        effects_pin(c, f->pins);
}

static void note_unpins(struct client *c, const struct facts *f)
{
        if ((f->unpins & c->pins) == 0)
                return;
        pin_names_end(&c->pin_names, f->unpins, f->pin_name);
        if (f->pin_name.n == 0)
                c->unpinning |= f->unpins;
        c->barrier = true; /* that its transaction's end is known for its own */
}

/* `committed`: in front of it there is a COMMIT whose end may be the last one that is met. */
static void note_one(struct client *c, struct sv text, const struct facts *f, bool committed)
{
        note_pins(c, f);
        if (!committed)
                note_unpins(c, f);
        keep(c, text, f);
}

void effects_note(struct client *c, struct sv text, const struct facts *facts)
{
        struct sv rest = text, from;
        bool committed = false;
        struct facts one;

        if (!is_followed(c))
                return;
        if (facts->setting == SETTING_BOUND) { /* to values that nobody has looked at */
                effects_pin(c, PIN_SETTING);
                return;
        }
        if (facts->statements <= 1) {
                note_one(c, text, facts, c->in_segment && c->commit_sent);
                return;
        }
        if (!effects_has(facts))
                return;
        for (from = rest; classify_next(&rest, endpoint_rules(c->endpoint), c->lexing, &one); from = rest) {
                note_one(c, sv_from(from.p, (size_t)(rest.p - from.p)), &one, committed);
                committed = committed || one.commits;
        }
}

/* Whether this is what the server calls a completed statement with these facts. */
static bool is_tag_of(const struct facts *f, struct sv tag)
{
        switch (f->savepoint) {
        case SAVEPOINT_KEEP: break;
        case SAVEPOINT_DEFINE: return sv_is(tag, "SAVEPOINT");
        case SAVEPOINT_RELEASE: return sv_is(tag, "RELEASE");
        case SAVEPOINT_ROLLBACK_TO: return sv_is(tag, "ROLLBACK");
        }
        if (f->setting == SETTING_NONE)
                return sv_is(tag, "COMMIT") || sv_is(tag, "ROLLBACK") || sv_is(tag, "PREPARE TRANSACTION");
        if (f->setting == SETTING_DISCARD_ALL)
                return sv_is(tag, "DISCARD ALL");
        if (f->setting_by_call)
                return sv_is(tag, "SELECT 1");
        return sv_is(tag, "SET") || sv_is(tag, "RESET");
}

/* `last`: the transaction is of the segment sent last. */
static void settle(struct client *c, struct server *s, bool committed, bool last)
{
        /* A server says what a rollback has changed back. */
        bool forget = !committed && c->room->conf->opt.session_state;

        if (c->savepoints.levels != NULL || c->savepoints.lost)
                savepoints_clear(&c->savepoints, table_of(c));
        if (last) {
                c->unpinning |= pin_names_settle(&c->pin_names, committed);
                if (committed)
                        c->pins &= ~c->unpinning;
                c->unpinning = 0;
        }
        c->pins_held = c->pins;
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

void effects_settle(struct client *c, struct server *s, bool committed)
{
        settle(c, s, committed, unanswered(c) == 0);
}

static void on_end(struct client *c, struct server *s, struct sv tag)
{
        if (sv_is(tag, "ROLLBACK"))
                settle(c, s, false, unanswered(c) <= 1);
        else if (sv_is(tag, "COMMIT") || sv_is(tag, "PREPARE TRANSACTION"))
                settle(c, s, true, unanswered(c) <= 1);
}

void effects_done(struct client *c, struct server *s, struct sv tag)
{
        const char *text = (const char *)buf_data(&c->effects);
        struct sv rest;
        struct facts f;

        if (buf_len(&c->effects) == 0 || unanswered(c) > 1) {
                on_end(c, s, tag);
                return;
        }
        rest = sv_cstr(text);
        classify_next(&rest, endpoint_rules(c->endpoint), c->lexing, &f);
        if (!is_tag_of(&f, tag))
                return;
        if (f.savepoint != SAVEPOINT_KEEP)
                change_savepoints(c, s, &f);
        else if (f.setting != SETTING_NONE)
                change_settings(c, &f);
        else
                on_end(c, s, tag);
        buf_consume(&c->effects, strlen(text) + 1);
}

void effects_drop(struct client *c)
{
        if (buf_len(&c->effects) == 0 || unanswered(c) > 0)
                return;
        if (!c->failed)
                effects_pin(c, PIN_SETTING);
        buf_release(&c->effects);
}

void effects_report(struct client *c, struct sv name, struct sv value)
{
        const struct options *opt = &c->room->conf->opt;
        struct sv known;

        client_lexes(c, name, value);
        if (opt->session_state || !tracked_name(opt, name, &known) ||
            tracked_put(table_of(c), opt, &c->settings_now, name, value) != STATUS_OK)
                return;
        client_settings_changed(c);
}
