#include "router/explain.h"

#include "cluster/node.h"
#include "router/lists.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

/* "target reason [token]" */
static const char *words(const struct explanation *e)
{
        static char text[256];

        snprintf(text, sizeof(text), "%s, %s, %s [%.*s]", explain_target_name(e->route.target),
                 explain_class_name(e->class), reason_name(e->route.reason), SV_ARG(e->token));
        return text;
}

static const char *explained(const char *sql, const struct explain_by *by)
{
        struct explanation e;

        explain(sv_cstr(sql), by, &e);
        return words(&e);
}

static void names_the_token_that_decided(void)
{
        static const struct {
                const char *sql, *expected;
        } rows[] = {
            {"SELECT 1", "standby, read, read []"},
            {"", "standby, empty, empty []"},
            {"SELECT 1; UPDATE t SET a = 1; SELECT nextval('s')", "primary, write, dml [UPDATE]"},
            {"SELECT 'nextval', nextval('s')", "primary, write, function [nextval]"},
            {"SELECT public.\"My Func\"(1)", "primary, write, function [\"My Func\"]"},
            {"SELECT good(1), bad(1)", "primary, write, function [bad]"},
            {"SELECT 'open", "primary, write, does not lex ['open]"},
            {"/* pgsteer: primary */ SELECT 1", "primary, read, hint primary [pgsteer: primary]"},
            {"-- pgsteer: standby\nSELECT bad(1)", "standby, write, hint standby [pgsteer: standby]"},
            {"/* pgsteer: standby */ UPDATE t SET a = 1", "primary, write, dml [UPDATE]"},
            {"BEGIN", "primary, write, transaction [BEGIN]"},
            {"BEGIN /* READ ONLY */ READ  /* really */ ONLY",
             "standby, write, read only transaction [READ  /* really */ ONLY]"},
            {"BEGIN READ ONLY; SELECT 'read only'", "standby, write, read only transaction [READ ONLY]"},
            {"BEGIN ISOLATION LEVEL serializable, READ ONLY", "primary, write, serializable [serializable]"},
            {"SHOW transaction_read_only", "primary, write, node state [transaction_read_only]"},
        };
        struct route_lists lists = {0};
        struct options opt = {.route_primary = "bad", .route_standby = "good, better"};
        struct classify_rules rules;

        lists_read(&lists, &opt);
        rules = lists_rules(&lists, NULL);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const char *got = explained(rows[i].sql, &(struct explain_by){.rules = &rules});

                unit_row("%s: %s", rows[i].sql, got);
                UNIT_ASSERT(strcmp(got, rows[i].expected) == 0);
        }
        lists_free(&lists);
}

static void follows_the_line(void)
{
        struct node nodes[2] = {{.name = (char[]){"one"}}, {.name = (char[]){"two"}}};
        struct topology topology = {
            .primary = 0,
            .count = 2,
            .nodes = {{.node = &nodes[0], .role = ROLE_PRIMARY, .state = NODE_UP},
                      {.node = &nodes[1], .role = ROLE_STANDBY, .state = NODE_UP, .readable = true}}};
        struct explain_by by = {.topology = &topology, .terms = {.pool_mode = POOL_TRANSACTION}};
        const struct position min = {.lsn = 9, .timeline = 1};
        struct explanation e;

        explain(SV("SELECT 1"), &by, &e);
        UNIT_ASSERT(strcmp(words(&e), "standby, read, read []") == 0 && strcmp(e.node, "two") == 0);
        by.learned = true;
        UNIT_ASSERT(strcmp(explained("SELECT 1", &by), "primary, write, learned []") == 0);
        UNIT_ASSERT(strcmp(explained("DELETE FROM t", &by), "primary, write, dml [DELETE]") == 0);
        by.learned = false;
        topology.nodes[1].readable = false;
        explain(SV("SELECT 1"), &by, &e);
        UNIT_ASSERT(strcmp(words(&e), "primary, read, no fit standby []") == 0 && strcmp(e.node, "one") == 0);
        topology.primary = -1;
        explain(SV("SELECT 1"), &by, &e);
        UNIT_ASSERT(e.node == NULL);
        topology.primary = 0;
        topology.nodes[1].readable = true;
        UNIT_ASSERT(strcmp(explained("INSERT INTO t VALUES (1)", &by), "primary, write, dml [INSERT]") == 0);
        by.terms.target = TARGET_STANDBY;
        UNIT_ASSERT(strcmp(explained("INSERT INTO t VALUES (1)", &by),
                           "standby, write, target_session_attrs []") == 0);
        by.terms.target = TARGET_AUTO;
        by.terms.pool_mode = POOL_SESSION;
        UNIT_ASSERT(strcmp(explained("SELECT 1", &by), "primary, read, session pooling []") == 0);
        by.single = true;
        UNIT_ASSERT(strcmp(explained("SELECT 1", &by), "primary, read, single node []") == 0);
        by.single = false;
        by.terms.pool_mode = POOL_TRANSACTION;
        by.terms.consistency = CONSISTENCY_STRONG;
        by.floor_us = 5;
        UNIT_ASSERT(strcmp(explained("SELECT 1", &by), "primary, read, not fresh enough []") == 0);
        by.terms.consistency = CONSISTENCY_EVENTUAL;
        UNIT_ASSERT(strcmp(explained("SELECT 1", &by), "standby, read, read []") == 0);
        by.min = &min;
        UNIT_ASSERT(strcmp(explained("SELECT 1", &by), "primary, read, not fresh enough []") == 0);
        by.reads_need_standby = true;
        explain(SV("SELECT 1"), &by, &e);
        UNIT_ASSERT(e.node == NULL && e.route.target == ROUTE_STANDBY);
}

static void follows_the_session(void)
{
        struct explain_by by = {.hint = HINT_PRIMARY};

        UNIT_ASSERT(strcmp(explained("SELECT 1", &by), "primary, read, hint primary []") == 0);
        by.hint = HINT_NONE;
        by.access = ACCESS_READ_ONLY;
        UNIT_ASSERT(strcmp(explained("SELECT unheard()", &by), "standby, write, read only transaction []") ==
                    0);
        by.isolation = ISOLATION_SERIALIZABLE;
        UNIT_ASSERT(strcmp(explained("SELECT 1", &by), "primary, read, serializable []") == 0);
        by.isolation = ISOLATION_UNSAID;
        by.access = ACCESS_UNSAID;
        UNIT_ASSERT(strcmp(explained("SELECT '\\', unheard(1)'", &by), "standby, read, read []") != 0);
        by.lexing = CLASSIFY_ESCAPE_STRINGS;
        UNIT_ASSERT(strcmp(explained("SELECT '\\', unheard(1)'", &by), "standby, read, read []") == 0);
}

UNIT_SUITE(router_explain, UNIT_CASE(names_the_token_that_decided), UNIT_CASE(follows_the_line),
           UNIT_CASE(follows_the_session))
