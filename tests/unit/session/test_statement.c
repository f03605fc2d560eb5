#include "session/statement.h"

#include "unit.h"

#include <string.h>

static const struct classify_rules no_rules;
static const uint8_t seed[KEYED_HASH_KEY_SIZE] = {0x12, 0x34};

static struct statement *get(struct statements *all, const char *text)
{
        char parse[200];
        size_t n = strlen(text) + 1;

        memcpy(parse, text, n);
        memcpy(parse + n, "\0", 2); /* no parameter types */
        return statement_get(all, sv_from(parse, n + 2), &no_rules, false);
}

static void is_one_for_the_same_text_and_types(void)
{
        static const char one[] = "SELECT $1\0\0\1\0\0\0\27", other[] = "SELECT $1\0\0\1\0\0\0\24";
        struct statements all;
        struct statement *a, *b, *c, *d;

        statements_init(&all, seed);
        a = statement_get(&all, sv_from(one, sizeof(one) - 1), &no_rules, false);
        b = statement_get(&all, sv_from(one, sizeof(one) - 1), &no_rules, false);
        c = statement_get(&all, sv_from(other, sizeof(other) - 1), &no_rules, false);
        d = get(&all, "INSERT INTO t VALUES (1)");
        UNIT_ASSERT(a == b && a->refs == 2 && a != c && strcmp(a->name, c->name) != 0);
        UNIT_ASSERT(strncmp(a->name, "PGSTEER_", 8) == 0 && strlen(a->name) == STATEMENT_NAME_SIZE - 1);
        UNIT_ASSERT(a->size == sizeof(one) - 1 && memcmp(a->parse, one, a->size) == 0);
        UNIT_ASSERT(a->facts.class == CLASS_READ && d->facts.class == CLASS_WRITE);
        UNIT_ASSERT(statement_ref(NULL) == NULL && statement_ref(a)->refs == 3);
        for (int i = 0; i < 3; i++)
                statement_unref(&all, a);
        UNIT_ASSERT(HASH_COUNT(all.by_key) == 2);
        statement_unref(&all, c);
        statement_unref(&all, d);
        statement_unref(&all, NULL);
        UNIT_ASSERT(all.by_key == NULL);
}

static void its_name_is_of_this_process(void)
{
        static const uint8_t seeds[3][KEYED_HASH_KEY_SIZE] = {{0x12, 0x34}, {0x12, 0x35}, {0x13, 0x34}};
        char names[3][STATEMENT_NAME_SIZE];

        for (int i = 0; i < 3; i++) {
                struct statements all, same;
                struct statement *a, *b;

                statements_init(&all, seeds[i]);
                statements_init(&same, seeds[i]);
                a = get(&all, "SELECT 1");
                b = get(&same, "SELECT 1");
                UNIT_ASSERT(strcmp(a->name, b->name) == 0); /* of every worker */
                strcpy(names[i], a->name);
                statements_fini(&all);
                statements_fini(&same);
        }
        UNIT_ASSERT(strcmp(names[0], names[1]) != 0 && strcmp(names[0], names[2]) != 0);
}

static void a_client_has_names_of_its_own(void)
{
        struct statements all;
        struct names mine, yours;

        statements_init(&all, seed);
        names_init(&mine);
        names_init(&yours);
        UNIT_ASSERT(names_find(&mine, SV("a")) == NULL && names_count(&mine) == 0);
        names_put(&mine, &all, SV("a"), get(&all, "SELECT 1"));
        names_put(&mine, &all, SV("ab"), get(&all, "SELECT 2"));
        names_put(&yours, &all, SV("a"), get(&all, "SELECT 2"));
        UNIT_ASSERT(strcmp(names_find(&mine, SV("a"))->parse, "SELECT 1") == 0);
        UNIT_ASSERT(names_find(&mine, SV("ab")) == names_find(&yours, SV("a")));
        UNIT_ASSERT(names_find(&mine, SV("abc")) == NULL && names_count(&mine) == 2);
        names_put(&mine, &all, SV("a"), get(&all, "SELECT 3"));
        UNIT_ASSERT(strcmp(names_find(&mine, SV("a"))->parse, "SELECT 3") == 0 && names_count(&mine) == 2);
        UNIT_ASSERT(HASH_COUNT(all.by_key) == 2);
        names_drop(&mine, &all, SV("a"));
        names_drop(&mine, &all, SV("a"));
        UNIT_ASSERT(names_find(&mine, SV("a")) == NULL && HASH_COUNT(all.by_key) == 1);
        names_clear(&mine, &all);
        UNIT_ASSERT(names_count(&mine) == 0);
        names_clear(&yours, &all);
        UNIT_ASSERT(all.by_key == NULL);
}

static void a_fresh_name_holds_when_its_parse_does(void)
{
        static const struct {
                const char *name;
                bool settled_before, holds, other_key, stays;
        } rows[] = {{"answered", false, true, false, true},
                    {"refused", false, false, false, false},
                    {"refused, but it held before", true, false, false, true},
                    {"another was refused", false, false, true, true}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct statements all;
                struct names names;
                struct statement *s, *other;

                unit_row("%s", rows[i].name);
                statements_init(&all, seed);
                names_init(&names);
                s = get(&all, "SELECT 1");
                other = get(&all, "SELECT 2");
                names_put(&names, &all, SV("a"), statement_ref(s));
                if (rows[i].settled_before)
                        names_settle(&names, &all, s->key, true);
                names_settle(&names, &all, rows[i].other_key ? other->key : s->key, rows[i].holds);
                UNIT_ASSERT((names_find(&names, SV("a")) != NULL) == rows[i].stays);
                /* And once settled it stays so. */
                names_settle(&names, &all, s->key, rows[i].holds);
                UNIT_ASSERT((names_find(&names, SV("a")) != NULL) == (rows[i].stays && !rows[i].other_key));
                names_clear(&names, &all);
                statement_unref(&all, s);
                statement_unref(&all, other);
                UNIT_ASSERT(all.by_key == NULL);
        }
}

static void a_name_in_doubt_stays_and_may_be_given_anew(void)
{
        static const struct classify_rules rules;
        static const uint8_t key[KEYED_HASH_KEY_SIZE] = {1};
        struct statements all;
        struct names names;
        struct statement *s;

        statements_init(&all, key);
        names_init(&names);
        s = statement_get(&all, SV("SELECT 1\0\0"), &rules, false);
        names_put(&names, &all, SV("a"), statement_ref(s));
        UNIT_ASSERT(!names_doubtful(&names, SV("a")) && !names_doubtful(&names, SV("b")));
        names_doubt(&names, s->key);
        UNIT_ASSERT(names_doubtful(&names, SV("a")) && names_find(&names, SV("a")) == s);
        names_put(&names, &all, SV("a"), s);
        UNIT_ASSERT(!names_doubtful(&names, SV("a")));
        names_settle(&names, &all, s->key, true);
        names_doubt(&names, s->key); /* another one's Parse has failed */
        UNIT_ASSERT(!names_doubtful(&names, SV("a")));
        names_put(&names, &all, SV("fresh"), statement_ref(s));
        names_rewind(&names, &all);
        UNIT_ASSERT(names_find(&names, SV("fresh")) == NULL && names_find(&names, SV("a")) == s);
        names_clear(&names, &all);
        UNIT_ASSERT(all.by_key == NULL);
}

/* `steps`: +a1 Parse of a as text 1, !1 it holds, ?1 it fails; -a Close of a, . it is done, ^ it is not; <
 * all that is not answered is taken back. Then the names with their texts. */
static void what_is_not_answered_can_be_taken_back(void)
{
        static const struct {
                const char *name, *steps, *a, *b;
        } rows[] = {
            {"closed", "+a1 !1 -a .", NULL, NULL},
            {"closed, not answered", "+a1 !1 -a", NULL, NULL},
            {"the close was skipped", "+a1 !1 -a ^", "1", NULL},
            {"nothing to reopen", "+a1 !1 . ^", "1", NULL},
            {"taken back", "+a1 !1 -a +b2 <", "1", NULL},
            {"given anew", "+a1 !1 -a +a2 . !2 <", "2", NULL},
            {"given anew and taken back", "+a1 !1 -a +a2 <", "1", NULL},
            {"twice closed and taken back", "+a1 !1 -a +a2 -a +a3 <", "1", NULL},
            {"twice closed, the second was skipped", "+a1 !1 -a +a2 !2 -a . ^", "2", NULL},
            {"undone from the last to the first", "+a1 !1 +b2 !2 -a -b +a3 ?3 ^ ^", "1", "2"},
            {"closed before it holds, and the close was skipped", "+a1 -a !1 ^", "1", NULL},
            {"closed before it fails, and the close was skipped", "+a1 -a ?1 ^", NULL, NULL},
            {"one that is closed and one that fails", "+a1 -a +b1 ?1 ^", NULL, NULL},
            {"the first is done, the second is not", "+a1 !1 +b2 !2 -a -b . ^", NULL, "2"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                static const char *const texts[] = {"0", "1", "2", "3"};
                const char *found[2] = {rows[i].a, rows[i].b};
                struct statements all;
                struct names names;

                unit_row("%s", rows[i].name);
                statements_init(&all, seed);
                names_init(&names);
                for (const char *p = rows[i].steps; *p != '\0'; p += strcspn(p, " "), p += *p == ' ') {
                        struct sv name = sv_from(p + 1, 1);
                        struct statement *s =
                            strchr("+!?", *p) ? get(&all, *p == '+' ? texts[p[2] - '0'] : texts[p[1] - '0'])
                                              : NULL;

                        if (*p == '+')
                                names_put(&names, &all, name, statement_ref(s));
                        else if (*p == '!' || *p == '?')
                                names_settle(&names, &all, s->key, *p == '!');
                        else if (*p == '-')
                                UNIT_ASSERT(names_close(&names, name) && !names_close(&names, name));
                        else if (*p == '.')
                                names_closed(&names, &all);
                        else if (*p == '^')
                                names_reopen(&names, &all);
                        else
                                names_rewind(&names, &all);
                        statement_unref(&all, s);
                }
                for (int n = 0; n < 2; n++) {
                        struct statement *s = names_find(&names, n == 0 ? SV("a") : SV("b"));

                        UNIT_ASSERT((s == NULL) == (found[n] == NULL));
                        UNIT_ASSERT(s == NULL || s->parse[0] == found[n][0]);
                }
                names_clear(&names, &all);
                UNIT_ASSERT(all.by_key == NULL);
        }
}

/* Same texts, same names on servers; also of one that was lexed for an encoding with unsafe backslashes. */
static void another_process_knows_the_names(void)
{
        static const char parse[] = "SELECT 3\0\0";
        struct statements all, there;
        struct names names, taken;
        struct statement *s, *unsafe;
        struct buf saved = {0};

        statements_init(&all, seed);
        statements_init(&there, seed);
        names_init(&names);
        names_init(&taken);
        s = get(&all, "INSERT INTO t VALUES (1)");
        unsafe = statement_get(&all, sv_from(parse, sizeof(parse) - 1), &no_rules, true);
        names_put(&names, &all, SV("settled"), s);
        names_settle(&names, &all, s->key, true);
        names_put(&names, &all, SV("leaves"), statement_ref(s));
        names_settle(&names, &all, s->key, true);
        names_close(&names, SV("leaves"));
        names_put(&names, &all, SV(""), unsafe);
        UNIT_ASSERT(names_save(&names, &saved, 1 << 20) == STATUS_OK);
        UNIT_ASSERT(names_load(&taken, &there, &no_rules, sv_from(buf_data(&saved), buf_len(&saved))));
        UNIT_ASSERT(names_count(&taken) == 2);
        UNIT_ASSERT(strcmp(names_find(&taken, SV("settled"))->name, s->name) == 0);
        UNIT_ASSERT(names_find(&taken, SV("settled"))->facts.class == CLASS_WRITE);
        UNIT_ASSERT(strcmp(names_find(&taken, SV(""))->name, unsafe->name) == 0);
        names_settle(&taken, &there, names_find(&taken, SV(""))->key, false); /* it was fresh */
        UNIT_ASSERT(names_count(&taken) == 1);
        names_reopen(&taken, &there);
        UNIT_ASSERT(strcmp(names_find(&taken, SV("leaves"))->name, s->name) == 0);
        names_clear(&taken, &there);
        for (size_t n = 1; n < buf_len(&saved); n++) { /* cut: nothing is made up, nothing leaks */
                unit_row("%zu bytes", n);
                UNIT_ASSERT(!names_load(&taken, &there, &no_rules, sv_from(buf_data(&saved), n)) ||
                            names_count(&taken) <= 1);
                names_clear(&taken, &there);
        }
        names_clear(&names, &all);
        UNIT_ASSERT(all.by_key == NULL && there.by_key == NULL);
        buf_release(&saved);
}

UNIT_SUITE(session_statement, UNIT_CASE(another_process_knows_the_names),
           UNIT_CASE(is_one_for_the_same_text_and_types), UNIT_CASE(its_name_is_of_this_process),
           UNIT_CASE(a_client_has_names_of_its_own), UNIT_CASE(a_fresh_name_holds_when_its_parse_does),
           UNIT_CASE(a_name_in_doubt_stays_and_may_be_given_anew),
           UNIT_CASE(what_is_not_answered_can_be_taken_back))
