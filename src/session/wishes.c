#include "session/wishes.h"

#include "base/refusal.h"
#include "session/said.h"
#include "session/written.h"

static bool weigh(struct sv name, struct sv value, enum setting_kind kind, struct refusal *r)
{
        const struct said_words *words = said_words_of(name);

        if (words == NULL || said_word(words, value, kind) >= 0)
                return true;
        value = said_plain(value, kind);
        refusal_set(r, kind == SETTING_KIND_SQL ? "ERROR" : "FATAL", "22023",
                    "invalid value for parameter \"%s\": \"%.*s\"", words->name,
                    (int)(value.n < 80 ? value.n : 80), value.p);
        r->hint = words->hint;
        return false;
}

bool wishes_weigh(const struct facts *f, struct refusal *r)
{
        char space[32];
        struct sv name;

        return f->setting != SETTING_SET || !written_name(f->setting_name, space, sizeof(space), &name) ||
               weigh(name, f->setting_value, SETTING_KIND_SQL, r);
}

bool wishes_weigh_at_login(struct sv name, struct sv value, struct refusal *r)
{
        return weigh(name, value, SETTING_KIND_STRING, r);
}
