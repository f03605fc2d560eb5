#include "router/route.h"

#include "unit.h"

#include <stdio.h>

/* A cluster of a primary p and standbys a, b, c, in the order p a b c. */
enum { P, A, B, C, NODES };

static struct node nodes[NODES];

static struct topology healthy(void)
{
        struct topology topology = {.primary = P, .count = NODES};

        for (int i = 0; i < NODES; i++) {
                atomic_store(&nodes[i].in_flight, 0);
                atomic_store(&nodes[i].fresh_us, i == P ? INT64_MAX : 1000);
                topology.nodes[i] = (struct topology_node){
                    .node = &nodes[i],
                    .role = i == P ? ROLE_PRIMARY : ROLE_STANDBY,
                    .state = NODE_UP,
                    .readable = true,
                };
        }
        return topology;
}

static struct route decide(const char *sql, struct route_question question, const struct topology *topology)
{
        struct facts facts;

        classify(sv_cstr(sql), NULL, 0, &facts);
        question.facts = &facts;
        return route_decide(&question, topology);
}

static struct route_question nothing_special(void)
{
        return (struct route_question){.consistency = CONSISTENCY_SESSION};
}

static void statements_of_their_own(void)
{
        static const struct {
                const char *sql;
                enum route_target target;
                enum reason reason;
        } cases[] = {
            {"SELECT 1", ROUTE_STANDBY, REASON_READ},
            {"", ROUTE_STANDBY, REASON_NOTHING},
            {"INSERT INTO t VALUES (1)", ROUTE_PRIMARY, REASON_DML},
            {"SELECT f()", ROUTE_PRIMARY, REASON_FUNCTION},
            {"SELECT pg_is_in_recovery()", ROUTE_PRIMARY, REASON_NODE_STATE},
            {"SET a = 1", ROUTE_PRIMARY, REASON_SESSION_STATE},
            {"BEGIN", ROUTE_PRIMARY, REASON_TRANSACTION},
            {"BEGIN; SELECT 1", ROUTE_PRIMARY, REASON_TRANSACTION},
            {"BEGIN; SELECT 1; COMMIT", ROUTE_PRIMARY, REASON_TRANSACTION},
            {"BEGIN READ WRITE", ROUTE_PRIMARY, REASON_TRANSACTION},
            {"BEGIN ISOLATION LEVEL SERIALIZABLE", ROUTE_PRIMARY, REASON_TRANSACTION},
            {"BEGIN READ ONLY", ROUTE_STANDBY, REASON_READ_ONLY},
            {"START TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", ROUTE_STANDBY, REASON_READ_ONLY},
            {"BEGIN; SET TRANSACTION READ ONLY", ROUTE_STANDBY, REASON_READ_ONLY},
            {"BEGIN READ ONLY; SELECT 1; COMMIT", ROUTE_STANDBY, REASON_READ_ONLY},
            {"BEGIN READ ONLY; SELECT f()", ROUTE_STANDBY, REASON_READ_ONLY},
            {"BEGIN READ ONLY; SET LOCAL work_mem = 1; SELECT 1", ROUTE_STANDBY, REASON_READ_ONLY},
            {"BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY", ROUTE_PRIMARY, REASON_SERIALIZABLE},
            {"BEGIN READ ONLY; SELECT pg_advisory_lock(1)", ROUTE_PRIMARY, REASON_EFFECT},
            {"BEGIN READ ONLY; SELECT pg_is_in_recovery()", ROUTE_PRIMARY, REASON_NODE_STATE},
            {"BEGIN READ ONLY; COMMIT; BEGIN; SELECT 1", ROUTE_PRIMARY, REASON_TRANSACTION},
            {"BEGIN READ ONLY; LISTEN x", ROUTE_PRIMARY, REASON_SESSION_STATE},
            {"SELECT 'x", ROUTE_PRIMARY, REASON_UNLEXABLE},
            {"COMMIT", ROUTE_PRIMARY, REASON_TRANSACTION_CONTROL},
        };
        struct topology topology = healthy();

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct route route = decide(cases[i].sql, nothing_special(), &topology);

                unit_row("%s -> %s", cases[i].sql, reason_name(route.reason));
                UNIT_ASSERT(route.target == cases[i].target);
                UNIT_ASSERT(route.reason == cases[i].reason);
                UNIT_ASSERT(route.node >= 0 && (route.node == P) == (route.target == ROUTE_PRIMARY));
        }
}

static void sessions(void)
{
        static const struct {
                const char *name, *sql;
                struct route_question question;
                enum route_target target;
                enum reason reason;
        } cases[] = {
            {"read only by default",
             "SELECT 1",
             {.session_access = ACCESS_READ_ONLY},
             ROUTE_STANDBY,
             REASON_READ_ONLY},
            {"read only by default",
             "BEGIN",
             {.session_access = ACCESS_READ_ONLY},
             ROUTE_STANDBY,
             REASON_READ_ONLY},
            {"read only by default",
             "BEGIN READ WRITE",
             {.session_access = ACCESS_READ_ONLY},
             ROUTE_PRIMARY,
             REASON_TRANSACTION},
            {"read only by default",
             "SELECT f()",
             {.session_access = ACCESS_READ_ONLY},
             ROUTE_STANDBY,
             REASON_READ_ONLY},
            {"read only by default",
             "SELECT pg_cancel_backend(1)",
             {.session_access = ACCESS_READ_ONLY},
             ROUTE_PRIMARY,
             REASON_EFFECT},
            {"read only by default",
             "LISTEN x",
             {.session_access = ACCESS_READ_ONLY},
             ROUTE_PRIMARY,
             REASON_SESSION_STATE},
            {"read only and serializable by default",
             "SELECT 1",
             {.session_access = ACCESS_READ_ONLY, .session_isolation = ISOLATION_SERIALIZABLE},
             ROUTE_PRIMARY,
             REASON_SERIALIZABLE},
            {"serializable by default",
             "SELECT 1",
             {.session_isolation = ISOLATION_SERIALIZABLE},
             ROUTE_PRIMARY,
             REASON_SERIALIZABLE},
            {"serializable by default",
             "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
             {.session_isolation = ISOLATION_SERIALIZABLE},
             ROUTE_STANDBY,
             REASON_READ_ONLY},
            {"pinned", "SELECT 1", {.pinned = true}, ROUTE_PRIMARY, REASON_PINNED},
            {"session pooling", "SELECT 1", {.session_pool = true}, ROUTE_PRIMARY, REASON_SESSION_POOL},
            {"refused by a standby", "SELECT 1", {.force_primary = true}, ROUTE_PRIMARY, REASON_RETRY},
            {"hint in the session",
             "SELECT 1",
             {.session_hint = HINT_PRIMARY},
             ROUTE_PRIMARY,
             REASON_HINT_PRIMARY},
            {"hint in the session",
             "SELECT f()",
             {.session_hint = HINT_STANDBY},
             ROUTE_STANDBY,
             REASON_HINT_STANDBY},
            {"hint in the session",
             "INSERT INTO t VALUES (1)",
             {.session_hint = HINT_STANDBY},
             ROUTE_PRIMARY,
             REASON_DML},
            {"hint in the session",
             "BEGIN",
             {.session_hint = HINT_STANDBY},
             ROUTE_STANDBY,
             REASON_HINT_STANDBY},
            {"hint in the session",
             "SELECT pg_advisory_lock(1)",
             {.session_hint = HINT_STANDBY},
             ROUTE_PRIMARY,
             REASON_EFFECT},
            {"statement before session",
             "/* pgsteer: auto */ SELECT 1",
             {.session_hint = HINT_PRIMARY},
             ROUTE_STANDBY,
             REASON_READ},
            {"statement before session",
             "/* pgsteer: primary */ SELECT 1",
             {.session_hint = HINT_STANDBY},
             ROUTE_PRIMARY,
             REASON_HINT_PRIMARY},
            {"statement",
             "/* pgsteer: standby */ SELECT pg_is_in_recovery()",
             {0},
             ROUTE_STANDBY,
             REASON_HINT_STANDBY},
            {"pinned before hint",
             "/* pgsteer: standby */ SELECT 1",
             {.pinned = true},
             ROUTE_PRIMARY,
             REASON_PINNED},
            {"single", "SELECT 1", {.single = true}, ROUTE_PRIMARY, REASON_SINGLE},
            {"single, whatever else",
             "/* pgsteer: standby */ SELECT 1",
             {.single = true, .target = TARGET_STANDBY},
             ROUTE_PRIMARY,
             REASON_SINGLE},
            {"target primary", "SELECT 1", {.target = TARGET_PRIMARY}, ROUTE_PRIMARY, REASON_TARGET},
            {"target read-write", "SELECT 1", {.target = TARGET_READ_WRITE}, ROUTE_PRIMARY, REASON_TARGET},
            {"target standby",
             "INSERT INTO t VALUES (1)",
             {.target = TARGET_STANDBY},
             ROUTE_STANDBY,
             REASON_TARGET},
            {"target read-only", "SELECT 1", {.target = TARGET_READ_ONLY}, ROUTE_STANDBY, REASON_TARGET},
            {"target prefer-standby",
             "SELECT 1",
             {.target = TARGET_PREFER_STANDBY},
             ROUTE_STANDBY,
             REASON_TARGET},
        };
        struct topology topology = healthy();

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct route route = decide(cases[i].sql, cases[i].question, &topology);

                unit_row("%s: %s -> %s", cases[i].name, cases[i].sql, reason_name(route.reason));
                UNIT_ASSERT(route.target == cases[i].target);
                UNIT_ASSERT(route.reason == cases[i].reason);
                UNIT_ASSERT(route.node >= 0 && (route.node == P) == (route.target == ROUTE_PRIMARY));
        }
}

static void unfit_standbys_are_passed_over(void)
{
        struct topology topology = healthy();

        topology.nodes[A].readable = false;
        topology.nodes[B].state = NODE_EJECTED;
        topology.nodes[B].readable = true;
        for (uint64_t random = 0; random < 50; random++) {
                struct route_question question = nothing_special();

                question.balance.random = random * UINT64_C(0x9E3779B97F4A7C15);
                UNIT_ASSERT(decide("SELECT 1", question, &topology).node == C);
        }
        topology.nodes[C].role = ROLE_UNKNOWN;
        {
                struct route route = decide("SELECT 1", nothing_special(), &topology);
                struct route_question question = nothing_special();

                UNIT_ASSERT(route.node == P && route.reason == REASON_NO_STANDBY);
                question.reads_need_standby = true;
                route = decide("SELECT 1", question, &topology);
                UNIT_ASSERT(route.node == -1 && route.target == ROUTE_STANDBY);
                UNIT_ASSERT(route.reason == REASON_NO_STANDBY);
        }
}

static void without_a_primary_reads_go_on(void)
{
        struct topology topology = healthy();
        struct route route;

        topology.primary = -1;
        topology.nodes[P].role = ROLE_UNKNOWN;
        topology.nodes[P].state = NODE_DOWN;
        topology.nodes[P].readable = false;
        route = decide("SELECT 1", nothing_special(), &topology);
        UNIT_ASSERT(route.target == ROUTE_STANDBY && route.node > P);
        route = decide("INSERT INTO t VALUES (1)", nothing_special(), &topology);
        UNIT_ASSERT(route.target == ROUTE_PRIMARY && route.node == -1 && route.reason == REASON_DML);
        route = decide("BEGIN", nothing_special(), &topology);
        UNIT_ASSERT(route.target == ROUTE_PRIMARY && route.node == -1);
        for (int i = A; i < NODES; i++)
                topology.nodes[i].readable = false;
        route = decide("SELECT 1", nothing_special(), &topology);
        UNIT_ASSERT(route.node == -1 && route.reason == REASON_NO_STANDBY);
}

static void only_fresh_standbys_see_the_sessions_writes(void)
{
        struct topology topology = healthy();
        struct route_question question = nothing_special();
        struct route route;

        atomic_store(&nodes[A].fresh_us, 100);
        atomic_store(&nodes[B].fresh_us, 0);
        atomic_store(&nodes[C].fresh_us, 200);
        question.floor_us = 150;
        for (uint64_t random = 0; random < 50; random++) {
                question.balance.random = random * UINT64_C(0x9E3779B97F4A7C15);
                UNIT_ASSERT(decide("SELECT 1", question, &topology).node == C);
                UNIT_ASSERT(decide("BEGIN READ ONLY", question, &topology).node == C);
        }
        question.floor_us = 200;
        UNIT_ASSERT(decide("SELECT 1", question, &topology).node == C);
        question.floor_us = 201;
        route = decide("SELECT 1", question, &topology);
        UNIT_ASSERT(route.node == P && route.reason == REASON_FRESHNESS && route.target == ROUTE_PRIMARY);
        question.consistency = CONSISTENCY_STRONG;
        UNIT_ASSERT(decide("SELECT 1", question, &topology).reason == REASON_FRESHNESS);
        question.consistency = CONSISTENCY_EVENTUAL;
        UNIT_ASSERT(decide("SELECT 1", question, &topology).target == ROUTE_STANDBY);
        question.consistency = CONSISTENCY_SESSION;
        question.reads_need_standby = true;
        route = decide("SELECT 1", question, &topology);
        UNIT_ASSERT(route.node == -1 && route.reason == REASON_FRESHNESS);
}

/* A floor from another session: P, A and B on timeline 3 of system 7, A at 100, B at 200. */
static void a_handed_floor_is_a_place_in_the_wal(void)
{
        static const struct {
                const char *row;
                struct position min;
                enum consistency consistency;
                int a, b; /* whether the node may serve it */
        } rows[] = {
            {"both have it", {100, 3, 7}, CONSISTENCY_SESSION, 1, 1},
            {"one byte further", {101, 3, 7}, CONSISTENCY_SESSION, 0, 1},
            {"none has it", {201, 3, 7}, CONSISTENCY_SESSION, 0, 0},
            {"eventual as well", {101, 3, 7}, CONSISTENCY_EVENTUAL, 0, 1},
            {"strong as well", {101, 3, 7}, CONSISTENCY_STRONG, 0, 1},
            {"on an older timeline", {101, 2, 7}, CONSISTENCY_SESSION, 0, 1},
            {"on one that has not begun", {1, 4, 7}, CONSISTENCY_SESSION, 0, 0},
            {"of whatever cluster", {100, 3, 0}, CONSISTENCY_SESSION, 1, 1},
            {"of another cluster", {100, 3, 8}, CONSISTENCY_SESSION, 0, 0},
            {"none at all", {UINT64_MAX, 0, 0}, CONSISTENCY_EVENTUAL, 0, 0},
        };
        struct topology topology = healthy();

        topology.count = 3;
        for (int i = 0; i < topology.count; i++) {
                topology.nodes[i].timeline = 3;
                topology.nodes[i].system_id = 7;
                atomic_store(&nodes[i].lsn, (uint64_t)(i == P ? 50 : 100 * i));
        }
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct route_question q = {.consistency = rows[i].consistency, .min = &rows[i].min};
                bool served[3] = {false};

                unit_row("%s", rows[i].row);
                for (uint64_t random = 0; random < 50; random++) {
                        q.balance.random = random * UINT64_C(0x9E3779B97F4A7C15);
                        served[decide("SELECT 1", q, &topology).node] = true;
                }
                UNIT_ASSERT(served[A] == rows[i].a && served[B] == rows[i].b);
                UNIT_ASSERT(served[P] == (!rows[i].a && !rows[i].b));
        }
}

/* A, C: healthy; their moments 100 and 200. */
static void a_session_never_goes_back(void)
{
        static const struct {
                const char *row;
                int64_t floor_us, seen_us;
                int seen_on;
                int a, c; /* whether the node may serve it */
        } rows[] = {
            {"nothing seen", 0, 0, -1, 1, 1},
            {"both have passed it", 0, 100, -1, 1, 1},
            {"one has passed it", 0, 101, -1, 0, 1},
            {"none has", 0, 201, -1, 0, 0},
            {"A has shown it", 0, 201, A, 1, 0},
            {"C has shown it", 0, 201, C, 0, 1},
            {"the primary has shown it", 0, 201, P, 0, 0},
            {"A has shown it, but lacks an own commit", 101, 201, A, 0, 0},
            {"A has shown it, and C has passed it", 0, 150, A, 1, 1},
            {"an own commit behind what was seen", 150, 120, -1, 0, 1},
        };
        struct topology topology = healthy();

        atomic_store(&nodes[A].fresh_us, 100);
        atomic_store(&nodes[B].fresh_us, 0);
        atomic_store(&nodes[C].fresh_us, 200);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct route_question question = nothing_special();
                int a = 0, c = 0;

                question.floor_us = rows[i].floor_us;
                question.seen_us = rows[i].seen_us;
                question.seen_on = rows[i].seen_on;
                question.skip = UINT64_C(1) << B;
                for (uint64_t random = 0; random < 50; random++) {
                        int node;

                        question.balance.random = random * UINT64_C(0x9E3779B97F4A7C15);
                        node = decide("SELECT 1", question, &topology).node;
                        a += node == A;
                        c += node == C;
                }
                unit_row("%s", rows[i].row);
                UNIT_ASSERT((a > 0) == rows[i].a && (c > 0) == rows[i].c);
                question.consistency = CONSISTENCY_EVENTUAL;
                UNIT_ASSERT(decide("SELECT 1", question, &topology).target == ROUTE_STANDBY);
        }
}

static void failed_nodes_are_skipped(void)
{
        struct topology topology = healthy();
        struct route_question question = nothing_special();

        question.skip = 1u << A | 1u << C;
        for (uint64_t random = 0; random < 50; random++) {
                question.balance.random = random * UINT64_C(0x9E3779B97F4A7C15);
                UNIT_ASSERT(decide("SELECT 1", question, &topology).node == B);
        }
        question.skip = 1u << A | 1u << B | 1u << C;
        UNIT_ASSERT(decide("SELECT 1", question, &topology).node == P);
        question.skip |= 1u << P;
        UNIT_ASSERT(decide("SELECT 1", question, &topology).node == -1);
        UNIT_ASSERT(decide("INSERT INTO t VALUES (1)", question, &topology).node == -1);
        question.single = true;
        question.skip = 1u << P;
        UNIT_ASSERT(decide("SELECT 1", question, &topology).node == -1); /* routing=off guesses no node */
}

static void targets_have_their_own_fallbacks(void)
{
        struct topology topology = healthy();
        struct route_question question = nothing_special();
        unsigned seen = 0;

        question.target = TARGET_ANY;
        for (uint64_t random = 0; random < 200; random++) {
                struct route route;

                question.balance.random = random * UINT64_C(0x9E3779B97F4A7C15);
                route = decide("SELECT 1", question, &topology);
                seen |= 1u << route.node;
                UNIT_ASSERT((route.target == ROUTE_PRIMARY) == (route.node == P));
        }
        UNIT_ASSERT(seen == 0xf);
        for (int i = A; i < NODES; i++)
                topology.nodes[i].state = NODE_DOWN;
        UNIT_ASSERT(decide("SELECT 1", question, &topology).node == P);
        question.target = TARGET_STANDBY;
        UNIT_ASSERT(decide("SELECT 1", question, &topology).node == -1);
        question.target = TARGET_READ_ONLY;
        UNIT_ASSERT(decide("SELECT 1", question, &topology).node == -1);
        question.target = TARGET_PREFER_STANDBY;
        UNIT_ASSERT(decide("SELECT 1", question, &topology).node == P);
}

/* Two choices: the busiest of three is never taken while both others are free, and the idle share is even. */
static void load_is_balanced(void)
{
        struct topology topology = healthy();
        struct route_question question = nothing_special();
        unsigned count[NODES] = {0};
        uint64_t random = 88172645463325252;

        for (int i = 0; i < 30000; i++) {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                question.balance.random = random;
                count[decide("SELECT 1", question, &topology).node]++;
        }
        UNIT_ASSERT(count[P] == 0);
        for (int i = A; i < NODES; i++) {
                unit_row("node %d: %u of 30000", i, count[i]);
                UNIT_ASSERT(count[i] > 9000 && count[i] < 11000);
        }
        atomic_store(&nodes[B].in_flight, 5);
        memset(count, 0, sizeof(count));
        for (int i = 0; i < 30000; i++) {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                question.balance.random = random;
                count[decide("SELECT 1", question, &topology).node]++;
        }
        UNIT_ASSERT(count[B] == 0 && count[A] > 13000 && count[C] > 13000);
}

/* The reads of one transaction stay on their node, and leave it only for one that has all they have seen. */
static void a_transactions_reads_stay(void)
{
        struct topology topology = healthy();
        struct route_question question = nothing_special();

        question.stay = B + 1;
        question.stay_floor_us = 2000; /* none of them has replayed that */
        for (uint64_t random = 0; random < 100; random++) {
                question.balance.random = random * 0x9E3779B97F4A7C15;
                UNIT_ASSERT(decide("SELECT 1", question, &topology).node == B);
        }
        topology.nodes[B].state = NODE_EJECTED;
        UNIT_ASSERT(decide("SELECT 1", question, &topology).reason == REASON_FRESHNESS);
        question.consistency = CONSISTENCY_EVENTUAL;
        UNIT_ASSERT(decide("SELECT 1", question, &topology).node == P);
        atomic_store(&nodes[C].fresh_us, 2000);
        UNIT_ASSERT(decide("SELECT 1", question, &topology).node == C);
        topology.nodes[B].state = NODE_UP;
        question.consistency = CONSISTENCY_SESSION;
        question.floor_us = 1500; /* the session's own commit goes before */
        UNIT_ASSERT(decide("SELECT 1", question, &topology).node == C);
}

UNIT_SUITE(router_route, UNIT_CASE(a_transactions_reads_stay), UNIT_CASE(a_session_never_goes_back),
           UNIT_CASE(statements_of_their_own), UNIT_CASE(sessions), UNIT_CASE(unfit_standbys_are_passed_over),
           UNIT_CASE(without_a_primary_reads_go_on), UNIT_CASE(only_fresh_standbys_see_the_sessions_writes),
           UNIT_CASE(a_handed_floor_is_a_place_in_the_wal), UNIT_CASE(failed_nodes_are_skipped),
           UNIT_CASE(targets_have_their_own_fallbacks), UNIT_CASE(load_is_balanced))
