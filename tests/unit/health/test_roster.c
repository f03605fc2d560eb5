#include "health/roster.h"

#include "base/clock.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What Patroni 3 says. */
static const char cluster[] =
    "{\"members\": [{\"name\": \"one\", \"role\": \"leader\", \"state\": \"running\", \"api_url\": "
    "\"http://10.0.0.1:8008/patroni\", \"host\": \"10.0.0.1\", \"port\": 5432, \"timeline\": 3}, "
    "{\"name\": \"two\", \"role\": \"replica\", \"state\": \"streaming\", \"host\": \"pg-2.example\", "
    "\"port\": \"5433\", \"lag\": \"unknown\", \"tags\": {\"clonefrom\": true}}, "
    "{\"name\": \"three\", \"role\": \"replica\", \"state\": \"stopped\"}], "
    "\"scheduled_switchover\": {\"at\": \"2026-11-21T21:30:00.250000+01:00\", \"from\": \"one\"}}";

static void reads_what_patroni_says(void)
{
        struct roster roster;
        const char *why;

        UNIT_ASSERT(roster_read(&roster, cluster, strlen(cluster), 7, &why) == STATUS_OK);
        UNIT_ASSERT(roster.count == 2);
        UNIT_ASSERT(strcmp(roster.members[0].host, "10.0.0.1") == 0 && roster.members[0].port == 5432);
        UNIT_ASSERT(strcmp(roster.members[1].host, "pg-2.example") == 0 && roster.members[1].port == 5433);
        UNIT_ASSERT(roster.switchover_wall_us == INT64_C(1795293000) * US_PER_SEC);
}

static void refuses_what_is_none(void)
{
        static const struct {
                const char *body, *why;
        } rows[] = {
            {"", "it is not JSON"},
            {"<html>", "it is not JSON"},
            {"{\"members\": [", "it is not JSON"},
            {"[]", "it has no list of members"},
            {"{}", "it has no list of members"},
            {"null", "it has no list of members"},
            {"{\"members\": {\"host\": \"a\"}}", "it has no list of members"},
            {"{\"members\": []}", "no member has a host and a port"},
            {"{\"members\": [1, null, \"x\", [], {\"host\": 5, \"port\": \"x\"}]}",
             "no member has a host and a port"},
            {"{\"members\": [{\"host\": \"a b\", \"port\": 5432}]}", "no member has a host and a port"},
            {"{\"members\": [{\"host\": \"/tmp\", \"port\": 5432}]}", "no member has a host and a port"},
            {"{\"members\": [{\"host\": \"a,b\", \"port\": 5432}]}", "no member has a host and a port"},
            {"{\"members\": [{\"host\": \"\", \"port\": 5432}]}", "no member has a host and a port"},
            {"{\"members\": [{\"host\": \"a\", \"port\": 0}]}", "no member has a host and a port"},
            {"{\"members\": [{\"host\": \"a\", \"port\": 65536}]}", "no member has a host and a port"},
            {"{\"members\": [{\"host\": \"a\", \"port\": -1e300}]}", "no member has a host and a port"},
            {"{\"members\": [{\"host\": \"a\", \"port\": \"5432x\"}]}", "no member has a host and a port"},
        };
        struct roster roster;
        const char *why;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].body);
                UNIT_ASSERT(roster_read(&roster, rows[i].body, strlen(rows[i].body), 7, &why) ==
                            STATUS_INVALID);
                UNIT_ASSERT(why != NULL && strcmp(why, rows[i].why) == 0);
        }
}

/* Every front part of a good body, and a nest that would overflow a stack. */
static void survives_what_is_hostile(void)
{
        enum { DEEP = 200000, MANY = 1000 };
        char *deep = malloc(DEEP), *many = malloc(MANY * 64);
        struct roster roster;
        const char *why;
        size_t n = 0;

        for (size_t i = 0; i < strlen(cluster); i++)
                UNIT_ASSERT(roster_read(&roster, cluster, i, 7, &why) == STATUS_INVALID);
        memset(deep, '[', DEEP);
        UNIT_ASSERT(roster_read(&roster, deep, DEEP, 7, &why) == STATUS_INVALID);
        n = (size_t)sprintf(many, "{\"members\": [");
        for (int i = 0; i < MANY; i++)
                n += (size_t)sprintf(many + n, "%s{\"host\": \"h%d\", \"port\": 1}", i > 0 ? "," : "", i);
        n += (size_t)sprintf(many + n, "]}");
        UNIT_ASSERT(roster_read(&roster, many, n, 7, &why) == STATUS_OK && roster.count == CONF_NODES_MAX);
        free(deep);
        free(many);
}

static void reads_moments(void)
{
        static const struct {
                const char *text;
                int64_t seconds;
        } rows[] = {
            {"2026-11-21T20:30:00", 1795293000},
            {"2026-11-21T20:30:00Z", 1795293000},
            {"2026-11-21T20:30:00+00:00", 1795293000},
            {"2026-11-21T22:00:00.999+01:30", 1795293000},
            {"2026-11-21T15:30:00-05:00", 1795293000},
            {"2026-11-21T20:30:00+x", 0},
            {"tomorrow", 0},
            {"", 0},
        };
        char body[256];
        struct roster roster;
        const char *why;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].text);
                snprintf(body, sizeof(body),
                         "{\"members\": [{\"host\": \"a\", \"port\": 1}], \"scheduled_switchover\": {\"at\": "
                         "\"%s\"}}",
                         rows[i].text);
                UNIT_ASSERT(roster_read(&roster, body, strlen(body), 7, &why) == STATUS_OK);
                UNIT_ASSERT(roster.switchover_wall_us == rows[i].seconds * US_PER_SEC);
        }
}

/* Members as letters: "ab" are a:1 and b:1. */
static bool take(struct roster *roster, const char *letters, int64_t now_us)
{
        struct roster news = {0};

        for (; *letters != '\0'; letters++)
                news.members[news.count++] = (struct roster_member){.host = {*letters}, .port = 1};
        return roster_take(roster, &news, now_us);
}

static bool has(const struct roster *roster, const char *letters)
{
        for (int i = 0; i < roster->count; i++)
                if (letters[i] != roster->members[i].host[0])
                        return false;
        return (size_t)roster->count == strlen(letters);
}

static void keeps_members_that_are_gone_for_a_while(void)
{
        struct roster roster = {0};
        int64_t now = 1000;

        UNIT_ASSERT(take(&roster, "bac", now) && has(&roster, "bac"));
        UNIT_ASSERT(!take(&roster, "abc", now) && has(&roster, "bac"));
        UNIT_ASSERT(!take(&roster, "c", now + ROSTER_KEEPS_US - 1) && has(&roster, "bac"));
        UNIT_ASSERT(!take(&roster, "ac", now + ROSTER_KEEPS_US - 1) && has(&roster, "bac"));
        UNIT_ASSERT(take(&roster, "acd", now + ROSTER_KEEPS_US) && has(&roster, "acd"));
        UNIT_ASSERT(take(&roster, "defghijklmnopqrs", now + ROSTER_KEEPS_US));
        UNIT_ASSERT(roster.count == CONF_NODES_MAX);
        UNIT_ASSERT(!take(&roster, "zyx", now + ROSTER_KEEPS_US + 1));
}

UNIT_SUITE(health_roster, UNIT_CASE(reads_what_patroni_says), UNIT_CASE(refuses_what_is_none),
           UNIT_CASE(survives_what_is_hostile), UNIT_CASE(reads_moments),
           UNIT_CASE(keeps_members_that_are_gone_for_a_while))
