#include "session/supposed.h"

#include "base/check.h"
#include "base/refusal.h"
#include "session/floor.h"
#include "session/wishes.h"
#include "session/written.h"

#include <string.h>

static const char *const names[] = {
    "pgsteer.route",
    "pgsteer.consistency",
    SAID_MIN_LSN,
    "default_transaction_read_only",
    "default_transaction_isolation",
    "standard_conforming_strings",
    "client_encoding",
};

void supposed_init(struct supposed *s)
{
        *s = (struct supposed){0};
        said_read(NULL, &s->said);
}

void supposed_fini(struct supposed *s)
{
        settings_unref(&s->table, s->settings);
}

static bool has_a_say(struct sv name)
{
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (sv_is(name, names[i]))
                        return true;
        return false;
}

static bool refuse_name(const char *name, struct refusal *r)
{
        refusal_set(r, "ERROR", "42704", "\"%.80s\" has no say in routes", name);
        r->hint = "What has: user, pgsteer.route, pgsteer.consistency, pgsteer.min_lsn, "
                  "default_transaction_read_only, default_transaction_isolation, "
                  "standard_conforming_strings, client_encoding.";
        return false;
}

static bool set_user(struct supposed *s, const char *value, struct refusal *r)
{
        if (strlen(value) < sizeof(s->user)) {
                memcpy(s->user, value, strlen(value) + 1);
                return true;
        }
        refusal_set(r, "ERROR", "22023", "the name of the user is longer than %zu bytes",
                    sizeof(s->user) - 1);
        return false;
}

/* As at a login, but that nobody is thrown out. */
static bool weigh(struct sv name, struct sv value, struct refusal *r)
{
        if (wishes_weigh_at_login(name, value, r) && floor_weigh_at_login(name, value, r) == FLOOR_TAKEN)
                return true;
        r->severity = "ERROR";
        return false;
}

bool supposed_set(struct supposed *s, const char *name, const char *value, struct refusal *r)
{
        char space[64];
        struct setting setting = {.value = sv_cstr(value), .kind = SETTING_KIND_STRING};
        struct settings *next;

        if (!written_name(sv_cstr(name), space, sizeof(space), &setting.name))
                return refuse_name(name, r);
        if (sv_is(setting.name, "user"))
                return set_user(s, value, r);
        if (!has_a_say(setting.name))
                return refuse_name(name, r);
        if (!weigh(setting.name, setting.value, r))
                return false;
        if (settings_with(&s->table, s->settings, &setting, &next) != STATUS_OK) {
                refusal_set(r, "ERROR", "22023", "the value of \"%s\" is too long", space);
                return false;
        }
        settings_unref(&s->table, s->settings);
        s->settings = next;
        s->lexing = said_lexing(s->lexing, setting.name, setting.value);
        said_read(s->settings, &s->said);
        return true;
}

struct explain_by supposed_by(const struct supposed *s, const struct conf *conf,
                              const struct conf_database *line, struct cluster *cluster)
{
        struct explain_by by = {
            .single = !cluster->probed || !conf->opt.routing,
            .reads_need_standby = conf->opt.reads_need_standby,
            .hint = s->said.hint,
            .access = s->said.access,
            .isolation = s->said.isolation,
            .lexing = s->lexing,
            .min = s->said.min.lsn != 0 ? &s->said.min : NULL,
        };

        conf_terms(conf, line, s->user, &by.terms);
        if (s->said.consistency >= 0)
                by.terms.consistency = (enum consistency)s->said.consistency;
        if (by.terms.consistency == CONSISTENCY_STRONG)
                by.floor_us = atomic_load(&cluster->last_commit_us);
        return by;
}
