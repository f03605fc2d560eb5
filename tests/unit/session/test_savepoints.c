#include "session/savepoints.h"

#include "unit.h"

#include <stdio.h>

static struct settings_table table;

static struct settings *make(const char *value)
{
        struct setting s = {SV("x"), sv_cstr(value), SETTING_KIND_STRING};
        struct settings *set;

        UNIT_ASSERT(settings_with(&table, NULL, &s, &set) == STATUS_OK);
        return set;
}

static void define(struct savepoints *all, const char *name, const char *client)
{
        struct settings *set = make(client);

        savepoints_define(all, sv_cstr(name), set, NULL);
        settings_unref(&table, set);
}

static bool rolls_back_to(struct savepoints *all, const char *name, const char *client)
{
        const struct savepoint *level = savepoints_rollback_to(all, &table, sv_cstr(name));
        struct setting s;

        return level != NULL && settings_get(level->client, SV("x"), &s) && sv_is(s.value, client);
}

static void levels_come_and_go(void)
{
        struct savepoints all = {0};

        UNIT_ASSERT(!savepoints_release(&all, &table, SV("a")));
        define(&all, "a", "1");
        define(&all, "b", "2");
        define(&all, "a", "3");
        UNIT_ASSERT(rolls_back_to(&all, "a", "3"));
        UNIT_ASSERT(savepoints_release(&all, &table, SV("a")));
        UNIT_ASSERT(rolls_back_to(&all, "a", "1")); /* the older one of that name; b is gone */
        UNIT_ASSERT(savepoints_rollback_to(&all, &table, SV("b")) == NULL);
        UNIT_ASSERT(rolls_back_to(&all, "a", "1")); /* it stays */
        define(&all, "b", "2");
        UNIT_ASSERT(savepoints_release(&all, &table, SV("a")) && all.count == 0);
        savepoints_clear(&all, &table);
        UNIT_ASSERT(table.sets == NULL);
}

/* One name, defined again and again: one level, which is released as often. */
static void repeated_levels_are_counted(void)
{
        struct savepoints all = {0};

        for (int i = 0; i < 1000; i++)
                define(&all, "a", "1");
        UNIT_ASSERT(all.count == 1 && !all.lost);
        for (int i = 0; i < 1000; i++)
                UNIT_ASSERT(savepoints_release(&all, &table, SV("a")));
        UNIT_ASSERT(!savepoints_release(&all, &table, SV("a")));
        savepoints_clear(&all, &table);
}

static void what_is_too_much_is_lost(void)
{
        struct savepoints all = {0};
        char name[16];

        for (int i = 0; i < SAVEPOINTS_MAX; i++) {
                snprintf(name, sizeof(name), "s%d", i);
                define(&all, name, "1");
        }
        UNIT_ASSERT(!all.lost && all.count == SAVEPOINTS_MAX);
        define(&all, "more", "1");
        UNIT_ASSERT(all.lost && all.count == SAVEPOINTS_MAX);
        savepoints_clear(&all, &table);
        UNIT_ASSERT(!all.lost);
        define(&all, "", "1"); /* a name nobody can tell */
        UNIT_ASSERT(all.lost && all.count == 0);
        UNIT_ASSERT(savepoints_rollback_to(&all, &table, SV("")) == NULL);
        savepoints_clear(&all, &table);
        UNIT_ASSERT(table.sets == NULL);
}

static void another_process_gets_them(void)
{
        struct savepoints all = {0}, copy = {0}, broken = {0};
        struct buf saved = {0};

        define(&all, "a", "1");
        define(&all, "a", "1");
        define(&all, "b", "2");
        all.lost = true;
        UNIT_ASSERT(savepoints_save(&all, &saved, 1 << 16) == STATUS_OK);
        UNIT_ASSERT(savepoints_load(&copy, &table, sv_from(buf_data(&saved), buf_len(&saved))));
        UNIT_ASSERT(copy.count == 2 && copy.lost && copy.levels[0].times == 2);
        UNIT_ASSERT(rolls_back_to(&copy, "b", "2") && rolls_back_to(&copy, "a", "1"));
        for (size_t n = 2; n < buf_len(&saved); n++) {
                (void)savepoints_load(&broken, &table, sv_from(buf_data(&saved), n));
                savepoints_clear(&broken, &table);
        }
        savepoints_clear(&all, &table);
        savepoints_clear(&copy, &table);
        buf_release(&saved);
        UNIT_ASSERT(table.sets == NULL);
}

UNIT_SUITE(session_savepoints, UNIT_CASE(levels_come_and_go), UNIT_CASE(repeated_levels_are_counted),
           UNIT_CASE(what_is_too_much_is_lost), UNIT_CASE(another_process_gets_them))
