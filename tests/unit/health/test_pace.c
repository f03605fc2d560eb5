#include "base/clock.h"
#include "health/pace.h"

#include "unit.h"

static const int64_t NOW = 10000 * US_PER_SEC, LONG_AGO = 0;

static void follows_the_trouble(void)
{
        const int64_t s = US_PER_SEC, ms = US_PER_MS;
        const struct {
                const char *row;
                struct pace pace;
                enum node_state state;
                enum answer_kind last;
                int failures;
                int64_t least, most;
        } rows[] = {
            {"calm",
             {NOW, s, true, LONG_AGO, LONG_AGO, LONG_AGO, LONG_AGO, false},
             NODE_UP,
             ANSWER_GOOD,
             0,
             s,
             s},
            {"never asked",
             {NOW, s, true, LONG_AGO, LONG_AGO, LONG_AGO, LONG_AGO, false},
             NODE_NEW,
             ANSWER_NONE,
             0,
             20 * ms,
             30 * ms},
            {"one failure",
             {NOW, s, true, LONG_AGO, LONG_AGO, LONG_AGO, LONG_AGO, false},
             NODE_UP,
             ANSWER_TIMEOUT,
             1,
             20 * ms,
             30 * ms},
            {"no primary since a moment",
             {NOW, s, false, NOW - s, NOW - 10 * s, LONG_AGO, LONG_AGO, false},
             NODE_UP,
             ANSWER_GOOD,
             0,
             20 * ms,
             30 * ms},
            {"no primary for an hour",
             {NOW, s, false, NOW - 3600 * s, LONG_AGO, LONG_AGO, LONG_AGO, false},
             NODE_UP,
             ANSWER_GOOD,
             0,
             50 * ms,
             200 * ms},
            {"traffic reported something",
             {NOW, s, true, LONG_AGO, LONG_AGO, NOW - 500 * ms, LONG_AGO, false},
             NODE_UP,
             ANSWER_GOOD,
             0,
             20 * ms,
             30 * ms},
            {"a while after",
             {NOW, s, true, LONG_AGO, LONG_AGO, NOW - 5 * s, LONG_AGO, false},
             NODE_UP,
             ANSWER_GOOD,
             0,
             s,
             s},
            {"just failed over",
             {NOW, s, true, LONG_AGO, NOW - s, LONG_AGO, LONG_AGO, false},
             NODE_UP,
             ANSWER_GOOD,
             0,
             20 * ms,
             50 * ms},
            {"a reader wants freshness",
             {NOW, s, true, LONG_AGO, LONG_AGO, LONG_AGO, NOW - s, false},
             NODE_UP,
             ANSWER_GOOD,
             0,
             10 * ms,
             20 * ms},
            {"readers wait",
             {NOW, s, true, LONG_AGO, LONG_AGO, LONG_AGO, LONG_AGO, true},
             NODE_UP,
             ANSWER_GOOD,
             0,
             ms,
             5 * ms},
            {"but not for a standby that is unfit",
             {NOW, s, true, LONG_AGO, LONG_AGO, LONG_AGO, LONG_AGO, true},
             NODE_EJECTED,
             ANSWER_GOOD,
             0,
             s,
             s},
            {"but not of a dead node",
             {NOW, s, true, LONG_AGO, LONG_AGO, LONG_AGO, NOW - s, false},
             NODE_DOWN,
             ANSWER_REFUSED,
             9,
             s,
             s},
            {"nobody any more",
             {NOW, s, true, LONG_AGO, LONG_AGO, LONG_AGO, NOW - 3 * s, false},
             NODE_UP,
             ANSWER_GOOD,
             0,
             s,
             s},
            {"a standby down for long",
             {NOW, s, true, LONG_AGO, LONG_AGO, LONG_AGO, LONG_AGO, false},
             NODE_DOWN,
             ANSWER_REFUSED,
             99,
             s,
             s},
            {"a failed login is not repeated fast",
             {NOW, s, false, NOW - s, NOW - s, NOW, LONG_AGO, false},
             NODE_UP,
             ANSWER_LOGIN,
             0,
             400 * ms,
             s},
            {"a starting server neither",
             {NOW, s, false, NOW - s, NOW - s, NOW, LONG_AGO, false},
             NODE_DOWN,
             ANSWER_SHUTDOWN,
             9,
             50 * ms,
             100 * ms},
            {"a shorter interval stays",
             {NOW, 10 * ms, false, NOW - s, NOW - s, NOW, NOW, false},
             NODE_UP,
             ANSWER_LOGIN,
             0,
             10 * ms,
             10 * ms},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct topology_node node = {.state = rows[i].state};
                struct dossier dossier = {.last = rows[i].last, .failures = rows[i].failures};
                int64_t period = pace_period(&rows[i].pace, &node, &dossier);

                unit_row("%s: %d us", rows[i].row, (int)period);
                UNIT_ASSERT(period >= rows[i].least && period <= rows[i].most);
        }
}

static void a_second_try_has_less_time(void)
{
        struct dossier well = {.failures = 0}, ill = {.failures = 1};

        UNIT_ASSERT(pace_timeout(US_PER_SEC, &well) == US_PER_SEC);
        UNIT_ASSERT(pace_timeout(US_PER_SEC, &ill) == US_PER_SEC / 2);
}

UNIT_SUITE(health_pace, UNIT_CASE(follows_the_trouble), UNIT_CASE(a_second_try_has_less_time))
