#include "router/patterns.h"

#include "base/check.h"
#include "base/memory.h"
#include "conf/route_list.h"

#include <stdlib.h>

struct pattern {
        struct sv text; /* with its slashes */
        regex_t regex;
};

struct patterns {
        size_t primary_count, standby_count;
        struct pattern primary[ROUTE_PATTERNS_MAX], standby[ROUTE_PATTERNS_MAX];
        char space[]; /* both options, for the patterns' texts */
};

/* `list` lives as long as the patterns. */
static size_t read_list(const char *list, struct pattern *out)
{
        struct route_item item;
        size_t count = 0;

        while (route_list_next(&list, &item)) {
                char why[384] = "";

                if (!item.is_pattern)
                        continue;
                CHECK(item.is_whole && count < ROUTE_PATTERNS_MAX);
                CHECK(route_pattern_compile(item.text, &out[count].regex, why, sizeof(why)));
                out[count++].text = sv_from(item.text.p - 1, item.text.n + 2);
        }
        return count;
}

struct patterns *patterns_new(const struct options *opt)
{
        size_t n = strlen(opt->route_primary) + 1, m = strlen(opt->route_standby) + 1;
        struct patterns *all;

        if (strchr(opt->route_primary, '/') == NULL && strchr(opt->route_standby, '/') == NULL)
                return NULL;
        all = xcalloc(1, sizeof(*all) + n + m);
        memcpy(all->space, opt->route_primary, n);
        memcpy(all->space + n, opt->route_standby, m);
        all->primary_count = read_list(all->space, all->primary);
        all->standby_count = read_list(all->space + n, all->standby);
        return all;
}

void patterns_free(struct patterns *all)
{
        if (all == NULL)
                return;
        for (size_t i = 0; i < all->primary_count; i++)
                regfree(&all->primary[i].regex);
        for (size_t i = 0; i < all->standby_count; i++)
                regfree(&all->standby[i].regex);
        free(all);
}

/* The first that fits, or NULL. */
static const struct pattern *find(const struct pattern *patterns, size_t count, struct sv text)
{
        bool cut;

        text = sv_trim(text);
        cut = text.n > PATTERNS_TEXT_MAX;
        for (size_t i = 0; i < count; i++) {
                regmatch_t range = {.rm_so = 0, .rm_eo = (regoff_t)(cut ? PATTERNS_TEXT_MAX : text.n)};

                /* the text's end is not where it was cut */
                if (regexec(&patterns[i].regex, text.p, 1, &range, REG_STARTEND | (cut ? REG_NOTEOL : 0)) ==
                    0)
                        return &patterns[i];
        }
        return NULL;
}

/* Whether it is a write by what is thought of the names in it, and leaves nothing in the session. */
static bool is_opinion(const struct facts *facts)
{
        bool by_name = facts->reason == REASON_FUNCTION || facts->reason == REASON_EFFECT ||
                       facts->reason == REASON_NODE_STATE || facts->reason == REASON_OPERATOR ||
                       facts->reason == REASON_RELATION || facts->reason == REASON_TYPE;

        return by_name && facts->class == CLASS_WRITE && facts->pins == 0 && facts->tx == TX_KEEP &&
               facts->setting == SETTING_NONE;
}

void patterns_judge(const struct patterns *all, struct sv text, struct facts *facts)
{
        const struct pattern *found = NULL;

        if (facts->class == CLASS_READ) {
                found = find(all->primary, all->primary_count, text);
        } else if (is_opinion(facts) && all->standby_count > 0 &&
                   find(all->primary, all->primary_count, text) == NULL) {
                found = find(all->standby, all->standby_count, text);
        }
        if (found == NULL)
                return;
        facts->class = facts->class == CLASS_READ ? CLASS_WRITE : CLASS_READ;
        facts->reason = REASON_PATTERN;
        facts->writes = facts->class == CLASS_WRITE;
        facts->token = found->text;
}
