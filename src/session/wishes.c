#include "session/wishes.h"

#include "base/refusal.h"
#include "session/written.h"

enum { WORDS = 3 };

struct wish {
        const char *name, *words[WORDS], *hint;
};

static const struct wish route = {
    "pgsteer.route", {"auto", "primary", "standby"}, "Available values: auto, primary, standby."};
static const enum hint hints[WORDS] = {HINT_AUTO, HINT_PRIMARY, HINT_STANDBY};

static const struct wish consistency = {
    "pgsteer.consistency", {"eventual", "session", "strong"}, "Available values: eventual, session, strong."};
static const enum consistency levels[WORDS] = {CONSISTENCY_EVENTUAL, CONSISTENCY_SESSION, CONSISTENCY_STRONG};

static struct sv without_quotes(struct sv value)
{
        bool quoted =
            value.n >= 2 && (*value.p == '\'' || *value.p == '"') && value.p[value.n - 1] == *value.p;

        return quoted ? sv_from(value.p + 1, value.n - 2) : value;
}

/* The number of the word; -1: it is none. */
static int find_word(const struct wish *wish, struct sv value)
{
        for (int i = 0; i < WORDS; i++)
                if (sv_ieq(value, sv_cstr(wish->words[i])))
                        return i;
        return -1;
}

/* What settings_now say of it; -1: nothing that is understood. */
static int said(const struct client *c, const struct wish *wish)
{
        struct setting s;

        if (!settings_get(c->settings_now, sv_cstr(wish->name), &s))
                return -1;
        return find_word(wish, s.kind == SETTING_KIND_STRING ? s.value : without_quotes(s.value));
}

void wishes_read(struct client *c)
{
        int word = said(c, &route);

        c->hint = word >= 0 ? hints[word] : HINT_NONE;
        word = said(c, &consistency);
        c->consistency = word >= 0 ? (int)levels[word] : -1;
}

static bool weigh(struct sv name, struct sv value, const char *severity, struct refusal *r)
{
        const struct wish *wish = sv_ieq(name, sv_cstr(route.name))         ? &route
                                  : sv_ieq(name, sv_cstr(consistency.name)) ? &consistency
                                                                            : NULL;

        if (wish == NULL || find_word(wish, value) >= 0)
                return true;
        refusal_set(r, severity, "22023", "invalid value for parameter \"%s\": \"%.*s\"", wish->name,
                    (int)(value.n < 80 ? value.n : 80), value.p);
        r->hint = wish->hint;
        return false;
}

bool wishes_weigh(const struct facts *f, struct refusal *r)
{
        char space[32];
        struct sv name;

        return f->setting != SETTING_SET || !written_name(f->setting_name, space, sizeof(space), &name) ||
               weigh(name, without_quotes(f->setting_value), "ERROR", r);
}

bool wishes_weigh_at_login(struct sv name, struct sv value, struct refusal *r)
{
        return weigh(name, value, "FATAL", r);
}
