#include "pool/quota.h"

#include "dies.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>

enum { THREADS = 8, ROUNDS = 5000, LIMIT = 3 };

static bool take(struct quota *q)
{
        return quota_take(q, atomic_load(&q->limit), NULL, 0) == QUOTA_TAKEN;
}

static _Atomic int taken, most;

/* Counts who is inside, and how many have been at a time. */
static void be_inside(int i)
{
        int now = atomic_fetch_add(&taken, 1) + 1, seen = atomic_load(&most);

        while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
                ;
        if (i % 16 == 0)
                sched_yield();
        atomic_fetch_sub(&taken, 1);
}

static void *take_and_return(void *arg)
{
        struct quota *q = arg;

        for (int i = 0; i < ROUNDS; i++) {
                if (take(q)) {
                        be_inside(i);
                        quota_return(q);
                } else {
                        sched_yield();
                }
        }
        return NULL;
}

static void run_threads(void *(*body)(void *arg), void *const arg[2])
{
        pthread_t threads[THREADS];

        atomic_store(&most, 0);
        for (int i = 0; i < THREADS; i++)
                pthread_create(&threads[i], NULL, body, arg[i % 2]);
        for (int i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        UNIT_ASSERT(atomic_load(&most) <= LIMIT && atomic_load(&most) > 0);
}

static void the_limit_holds_over_many_threads(void)
{
        static const struct {
                const char *name, *databases[2], *users[2];
                int limit, of_database, of_user;
        } rows[] = {
            {"of a pool", {"exact", "exact"}, {"u", "u"}, LIMIT, 0, 0},
            {"of a database", {"exact1", "exact1"}, {"u1", "u2"}, 0, LIMIT, 0},
            {"of a user", {"exact2", "exact3"}, {"u3", "u3"}, 0, 0, LIMIT},
            {"of both, and of the pools", {"exact4", "exact5"}, {"u4", "u4"}, LIMIT - 1, LIMIT - 1, LIMIT},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct node *node = node_new("10.0.0.1", 1);
                struct quota *q[2];

                unit_row("%s", rows[i].name);
                for (int k = 0; k < 2; k++) {
                        q[k] = quota_for(rows[i].databases[k], rows[i].users[k], node);
                        atomic_store(&q[k]->limit, rows[i].limit);
                        budget_set_limit(q[k]->budget[BUDGET_DATABASE], rows[i].of_database);
                        budget_set_limit(q[k]->budget[BUDGET_USER], rows[i].of_user);
                }
                run_threads(take_and_return, (void *[]){q[0], q[1]});
                UNIT_ASSERT(atomic_load(&q[0]->open) == 0 && atomic_load(&q[1]->open) == 0);
                UNIT_ASSERT(budget_numbers(BUDGET_DATABASE, rows[i].databases[0]).servers == 0);
                UNIT_ASSERT(budget_numbers(BUDGET_USER, rows[i].users[0]).servers == 0);
        }
}

static void *enter_and_leave(void *arg)
{
        for (int i = 0; i < ROUNDS; i++) {
                struct budget *budget[BUDGET_KINDS] = {budget_for(BUDGET_USER, arg)};

                if (budget_enter(budget[0], LIMIT)) {
                        be_inside(i);
                        budgets_leave(budget);
                } else {
                        budget_unref(budget[0]);
                        sched_yield();
                }
        }
        return NULL;
}

/* Budgets come and go with who is counted in them. */
static void clients_are_counted_over_many_threads(void)
{
        static char name[] = "clients";

        run_threads(enter_and_leave, (void *[]){name, name});
        UNIT_ASSERT(budget_numbers(BUDGET_USER, name).clients == 0);
}

static void kinds_are_told_apart(void)
{
        struct budget *a = budget_for(BUDGET_DATABASE, "same"), *b = budget_for(BUDGET_USER, "same");

        UNIT_ASSERT(a != b && budget_for(BUDGET_DATABASE, "same") == a);
        UNIT_ASSERT(budget_enter(a, 1) && !budget_enter(a, 1) && budget_enter(b, 1) && budget_enter(a, 0));
        UNIT_ASSERT(budget_numbers(BUDGET_DATABASE, "same").clients == 2);
        UNIT_ASSERT(budget_numbers(BUDGET_USER, "same").clients == 1);
        UNIT_ASSERT(budget_numbers(BUDGET_USER, "sam").clients == 0);
        budgets_leave((struct budget *[BUDGET_KINDS]){a, b});
        budgets_leave((struct budget *[BUDGET_KINDS]){a, NULL});
        UNIT_ASSERT(budget_numbers(BUDGET_DATABASE, "same").clients == 0);
        UNIT_ASSERT(budget_numbers(BUDGET_USER, "same").clients == 0);
}

static void takes_up_to_its_limit(void)
{
        static const struct {
                const char *name;
                int limit, taken;
        } rows[] = {{"one", 1, 1}, {"five", 5, 5}, {"no limit", 0, 1000}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct quota *q = quota_for("limits", rows[i].name, node_new("10.0.0.1", 2));
                int n = 0;

                unit_row("%s", rows[i].name);
                atomic_store(&q->limit, rows[i].limit);
                while (n < 1000 && take(q))
                        n++;
                UNIT_ASSERT(n == rows[i].taken && atomic_load(&q->open) == n);
                quota_return(q);
                UNIT_ASSERT(take(q));
                /* A smaller limit throws nobody out, and lets nobody in. */
                atomic_store(&q->limit, 1);
                UNIT_ASSERT(!take(q));
        }
}

/* A query must be cancelable when every connection is busy. */
static void cancel_requests_have_room_of_their_own(void)
{
        struct quota *q = quota_for("cancels", "u", node_new("10.0.0.1", 4));

        atomic_store(&q->limit, 2);
        UNIT_ASSERT(take(q) && take(q) && !take(q));
        UNIT_ASSERT(quota_take_cancel(q) && quota_take_cancel(q) && !quota_take_cancel(q));
        UNIT_ASSERT(!quota_exceeded(q));
        atomic_store(&q->limit, 1);
        UNIT_ASSERT(quota_exceeded(q));
        quota_return(q);
        UNIT_ASSERT(!quota_exceeded(q) && !take(q)); /* they count against new connections */
        quota_return_cancel(q);
        quota_return_cancel(q);
        quota_return(q);
        UNIT_ASSERT(atomic_load(&q->open) == 0 && atomic_load(&q->cancels) == 0);
        UNIT_ASSERT(take(q));
        quota_return(q);
        atomic_store(&q->limit, 0);
        UNIT_ASSERT(quota_take_cancel(q));
        quota_return_cancel(q);
}

static void return_one_too_many(void *arg)
{
        quota_return(arg);
}

static void returns_no_more_than_was_taken(void)
{
        struct quota *q = quota_for("returns", "u", node_new("10.0.0.1", 3));

        UNIT_ASSERT(take(q));
        quota_return(q);
        UNIT_ASSERT(dies(return_one_too_many, q));
}

static void is_one_for_the_same_pool(void)
{
        struct node *a = node_new("10.0.0.1", 4), *b = node_new("10.0.0.2", 4);
        struct quota *q = quota_for("db", "user", a);

        UNIT_ASSERT(quota_for("db", "user", a) == q);
        UNIT_ASSERT(quota_for("db", "user", b) != q);
        UNIT_ASSERT(quota_for("db", "other", a) != q);
        UNIT_ASSERT(quota_for("other", "user", a) != q);
        UNIT_ASSERT(q->node == a);
}

static void finds_who_waits_longest(void)
{
        static const struct {
                const char *name;
                uint64_t waiting;
                int self, found;
                int64_t since;
        } rows[] = {
            {"nobody", 0, 0, -1, 0},
            {"only we", 1, 0, -1, 0},
            {"another", 2, 0, 1, 40},
            {"the oldest of three", 1 | 2 | 4 | 8, 0, 2, 10},
            {"not we, though the oldest", 1 | 2 | 4 | 8, 2, 3, 20},
            {"the last worker", UINT64_C(1) << 63, 0, 63, 5},
            {"we are the last worker", (UINT64_C(1) << 63) | 8, 63, 3, 20},
        };
        struct quota *q = quota_for("waits", "u", node_new("10.0.0.1", 5));
        static const int64_t since[] = {30, 40, 10, 20};

        for (int i = 0; i < 4; i++)
                atomic_store(&q->oldest_us[i], since[i]);
        atomic_store(&q->oldest_us[63], 5);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                int64_t us = 0;

                unit_row("%s", rows[i].name);
                atomic_store(&q->waiting, rows[i].waiting);
                UNIT_ASSERT(quota_longest_waiting(q, rows[i].self, &us) == rows[i].found);
                UNIT_ASSERT(us == rows[i].since);
        }
}

UNIT_SUITE(pool_quota, UNIT_CASE(the_limit_holds_over_many_threads),
           UNIT_CASE(clients_are_counted_over_many_threads), UNIT_CASE(kinds_are_told_apart),
           UNIT_CASE(takes_up_to_its_limit), UNIT_CASE(cancel_requests_have_room_of_their_own),
           UNIT_CASE(returns_no_more_than_was_taken), UNIT_CASE(is_one_for_the_same_pool),
           UNIT_CASE(finds_who_waits_longest))
