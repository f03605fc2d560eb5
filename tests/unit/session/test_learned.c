#include "session/learned.h"

#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void learn(uint64_t fingerprint, const char *database, const char *text, const char *sqlstate)
{
        learned_add(fingerprint, &(struct lesson){database, 5, text, sv_cstr(sqlstate)});
}

static void learns_and_forgets(void)
{
        struct learned *list;
        size_t count;

        learned_forget(NULL);
        UNIT_ASSERT(!learned_any() && !learned_has(7, true) && learned_list(&count) == NULL && count == 0);
        learn(7, "app", "select f(?)", "25006");
        learn(7, "app", "select f(?)", "25006");
        learn(0, "app", "nothing", "25006");
        learn(8, "other", "select g(?)", "0A000");
        UNIT_ASSERT(learned_any() && learned_has(7, true) && learned_has(7, true) && learned_has(8, true) &&
                    !learned_has(9, true));
        UNIT_ASSERT(!learned_has(0, true));
        UNIT_ASSERT(learned_has(8, false)); /* no use */
        list = learned_list(&count);
        UNIT_ASSERT(count == 2 && list != NULL);
        if (list != NULL && count == 2)
                UNIT_ASSERT(strcmp(list[0].database, "app") == 0 &&
                            strcmp(list[0].text, "select f(?)") == 0 &&
                            strcmp(list[0].sqlstate, "25006") == 0 && list[0].uses == 2 &&
                            list[0].fingerprint == 7 && list[1].uses == 1);
        free(list);
        learned_renew("app", 5);
        learned_renew("other", 6);
        UNIT_ASSERT(learned_has(7, false) && !learned_has(8, false));
        learn(8, "other", "select g(?)", "0A000");
        UNIT_ASSERT(learned_forget("app") == 1 && !learned_has(7, true) && learned_has(8, true));
        UNIT_ASSERT(learned_forget(NULL) == 1 && !learned_any());
}

static void stays_bounded(void)
{
        size_t count;

        for (uint64_t i = 1; i <= 5UL * LEARNED_MAX; i++) {
                learn(i * UINT64_C(0x9e3779b97f4a7c15), "app", "x", "25006");
                UNIT_ASSERT(learned_has(i * UINT64_C(0x9e3779b97f4a7c15), true));
        }
        free(learned_list(&count));
        UNIT_ASSERT(count <= LEARNED_MAX && count > LEARNED_MAX / 2);
        UNIT_ASSERT(learned_forget(NULL) == count && !learned_any());
        /* Of those that share their places the newest stay. */
        for (uint64_t i = 0; i < 6; i++)
                learn(1 + i * LEARNED_MAX, "app", "x", "25006");
        for (uint64_t i = 0; i < 6; i++)
                UNIT_ASSERT(learned_has(1 + i * LEARNED_MAX, true) == (i >= 2));
        learned_forget(NULL);
}

static void *teach(void *arg)
{
        uint64_t base = *(uint64_t *)arg;

        for (uint64_t i = 1; i < 2000; i++) {
                learn(base + i, "app", "x", "25006");
                (void)learned_has(base + i / 2, true);
                if (i % 500 == 0)
                        learned_forget("app");
        }
        return NULL;
}

static void serves_many_threads(void)
{
        pthread_t threads[4];
        uint64_t bases[4] = {0, 1000, 2000, 3000};

        for (int i = 0; i < 4; i++)
                UNIT_ASSERT(pthread_create(&threads[i], NULL, teach, &bases[i]) == 0);
        for (int i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
        learned_forget(NULL);
        UNIT_ASSERT(!learned_any());
}

UNIT_SUITE(session_learned, UNIT_CASE(learns_and_forgets), UNIT_CASE(stays_bounded),
           UNIT_CASE(serves_many_threads))
