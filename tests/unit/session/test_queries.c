#include "session/queries.h"

#include "router/classify.h"
#include "router/fingerprint.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static struct query_owner owner_of(const char *database, const char *user)
{
        return (struct query_owner){database, user, query_salt(database, user)};
}

static struct query *meet(struct queries *q, const char *database, const char *user, const char *text)
{
        struct query_owner owner = owner_of(database, user);

        return queries_meet(q, fingerprint_hash(sv_cstr(text), 0), &owner, sv_cstr(text), 0);
}

static void the_same_but_for_constants(void)
{
        static const struct {
                const char *database, *user, *text;
                bool same;
        } rows[] = {
            {"app", "ann", "SELECT * FROM t WHERE a = 2", true},
            {"app", "ann", "select *  from T where A = 'x' -- one", true},
            {"app", "ann", "SELECT * FROM t WHERE a = $1", true},
            {"app", "ann", "SELECT * FROM t WHERE b = 1", false},
            {"app", "bob", "SELECT * FROM t WHERE a = 1", false},
            {"zoo", "ann", "SELECT * FROM t WHERE a = 1", false},
            {"ap", "pann", "SELECT * FROM t WHERE a = 1", false},
            {"ann", "app", "SELECT * FROM t WHERE a = 1", false},
        };
        struct queries q = {0};
        const struct query *first;

        queries_resize(&q, 64);
        first = meet(&q, "app", "ann", "SELECT * FROM t WHERE a = 1");
        UNIT_ASSERT(strcmp(first->text, "select * from t where a = ?") == 0);
        UNIT_ASSERT(strcmp(first->database, "app") == 0 && strcmp(first->user, "ann") == 0);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s %s %s", rows[i].database, rows[i].user, rows[i].text);
                UNIT_ASSERT((meet(&q, rows[i].database, rows[i].user, rows[i].text) == first) ==
                            rows[i].same);
        }
        UNIT_ASSERT(meet(&q, "app", "ann", "SELECT 'no end") == NULL);
        queries_forget(&q);
}

static void a_text_is_read_once(void)
{
        static const char *const texts[] = {"SELECT 1", "SELECT 2", "", "SELECT 'no end", "SELECT 1 "};
        struct queries q = {0};

        queries_resize(&q, 64);
        for (int round = 0; round < 2; round++)
                for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                        struct sv text = sv_cstr(texts[i]);

                        unit_row("'%s', time %d", texts[i], round + 1);
                        UNIT_ASSERT(queries_fingerprint(&q, text, 0) == fingerprint_hash(text, 0));
                }
        unit_row("the same bytes, read otherwise");
        UNIT_ASSERT(queries_fingerprint(&q, SV("SELECT E'\\\\'"), 0) != 0);
        UNIT_ASSERT(queries_fingerprint(&q, SV("SELECT E'\\\\'"), CLASSIFY_BACKSLASH_UNSAFE) == 0);
        queries_forget(&q);
}

static void the_one_used_longest_ago_makes_room(void)
{
        struct queries q = {0};
        struct query *kept, *gone;
        uint64_t key, place;
        char text[64];

        queries_resize(&q, 1);
        UNIT_ASSERT(q.count == QUERY_WAYS);
        kept = meet(&q, "app", "ann", "SELECT kept");
        gone = meet(&q, "app", "ann", "SELECT gone");
        key = gone->key;
        place = queries_place(&q, gone);
        kept->calls = 7;
        UNIT_ASSERT(queries_again(&q, key, place) == gone);
        for (int i = 0; i < QUERY_WAYS - 1; i++) {
                snprintf(text, sizeof(text), "SELECT c%d", i);
                UNIT_ASSERT(meet(&q, "app", "ann", text)->calls == 0);
                UNIT_ASSERT(meet(&q, "app", "ann", "SELECT kept") == kept && kept->calls == 7);
        }
        UNIT_ASSERT(q.evicted == 1);
        UNIT_ASSERT(queries_again(&q, key, place) == NULL);
        UNIT_ASSERT(queries_again(&q, 0, 0) == NULL && queries_again(&q, key, QUERY_WAYS) == NULL);
        queries_resize(&q, 0);
        UNIT_ASSERT(meet(&q, "app", "ann", "SELECT kept") == NULL && queries_again(&q, key, place) == NULL);
}

UNIT_SUITE(session_queries, UNIT_CASE(the_same_but_for_constants), UNIT_CASE(a_text_is_read_once),
           UNIT_CASE(the_one_used_longest_ago_makes_room))
