#include "conf/options.h"

#include "base/check.h"
#include "base/clock.h"

/* options.def's own vocabulary. */
#define SECONDS(n)              ((n)*US_PER_SEC)
#define MILLIS(n)               ((n)*US_PER_MS)
#define TIME_MAX                SECONDS(INT32_MAX)
#define RANGE(low, high)        .min = (low), .max = (high)
#define WORDS(list)             .words = (list)
#define ANY                     .kind = KIND_PLAIN
#define LIST                    .kind = KIND_LIST
#define QUERY                   .kind = KIND_QUERY
#define FREE                    .kind = KIND_FREE
#define SECRET                  .kind = KIND_SECRET
#define SAME                    NULL
#define OPTION_RELOAD           true
#define OPTION_RESTART          false
#define OPTION_OFFSET_BOOL(n)   offsetof(struct options, n)
#define OPTION_OFFSET_INT(n)    offsetof(struct options, n)
#define OPTION_OFFSET_OCTAL(n)  offsetof(struct options, n)
#define OPTION_OFFSET_ENUM(n)   offsetof(struct options, n)
#define OPTION_OFFSET_STRING(n) offsetof(struct options, n)
#define OPTION_OFFSET_TIME(n)   offsetof(struct options, n##_us)
#define OPTION_OFFSET_SIZE(n)   offsetof(struct options, n)

/* Where pgsteer's own rows begin: the number of rows before the mark. */
enum {
#define OPTION(name, ...) OPTION_BEFORE_##name,
#define PGSTEER_OPTIONS   OPTION_FIRST_OWN,
#include "conf/options.def"
#undef PGSTEER_OPTIONS
#undef OPTION
};

static const struct option_info table[] = {
#define OPTION(name_, type_, unit_, range_, default_, own_default_, when_, text_)                            \
        {.name = #name_,                                                                                     \
         .type = OPTION_##type_,                                                                             \
         .unit = UNIT_##unit_,                                                                               \
         range_,                                                                                             \
         .pgbouncer_default = (default_),                                                                    \
         .pgsteer_default = (own_default_),                                                                  \
         .reloadable = OPTION_##when_,                                                                       \
         .own = (int)OPTION_ID_##name_ >= (int)OPTION_FIRST_OWN,                                             \
         .text = (text_),                                                                                    \
         .offset = OPTION_OFFSET_##type_(name_)},
#define PGSTEER_OPTIONS
#include "conf/options.def"
#undef PGSTEER_OPTIONS
#undef OPTION
};

const struct option_info *option_at(size_t id)
{
        CHECK(id < OPTION_COUNT);
        return &table[id];
}

size_t option_id(const struct option_info *info)
{
        return (size_t)(info - table);
}

const struct option_info *option_find(const char *name)
{
        for (size_t i = 0; i < OPTION_COUNT; i++)
                if (strcmp(table[i].name, name) == 0)
                        return &table[i];
        return NULL;
}

const char *option_default(const struct option_info *info, bool pgsteer)
{
        return pgsteer && info->pgsteer_default != NULL ? info->pgsteer_default : info->pgbouncer_default;
}

bool option_list_next(const char **list, struct sv *item)
{
        while (**list != '\0') {
                const char *end = strchrnul(*list, ',');

                *item = sv_trim(sv_from(*list, (size_t)(end - *list)));
                *list = *end == ',' ? end + 1 : end;
                if (item->n > 0)
                        return true;
        }
        return false;
}

struct sv option_word(const struct option_info *info, int value)
{
        const char *p = info->words;

        for (int i = 0; p != NULL; i++) {
                const char *end = strchrnul(p, '|');

                if (i == value)
                        return sv_from(p, (size_t)(end - p));
                p = *end == '|' ? end + 1 : NULL;
        }
        return sv_from("", 0);
}
