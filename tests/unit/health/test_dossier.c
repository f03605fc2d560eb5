#include "cluster/node.h"
#include "health/dossier.h"

#include "unit.h"

#include <string.h>

static void note(struct dossier *dossier, enum answer_kind kind)
{
        struct answer answer = {.kind = kind, .sent_us = 77, .text = "text"};

        dossier_note(dossier, &answer);
}

static void counts_what_follows_one_another(void)
{
        static const struct {
                const char *row;
                enum answer_kind answers[6];
                int failures, hard, successes;
        } rows[] = {
            {"good ones", {ANSWER_GOOD, ANSWER_GOOD}, 0, 0, 2},
            {"a timeout is not hard", {ANSWER_GOOD, ANSWER_TIMEOUT}, 1, 0, 0},
            {"refused, lost and shutdown are",
             {ANSWER_GOOD, ANSWER_REFUSED, ANSWER_LOST, ANSWER_SHUTDOWN, ANSWER_TIMEOUT},
             4,
             3,
             0},
            {"a good answer clears", {ANSWER_REFUSED, ANSWER_TIMEOUT, ANSWER_GOOD}, 0, 0, 1},
            {"a failed login proves life", {ANSWER_REFUSED, ANSWER_LOGIN}, 0, 0, 0},
            {"but is no success", {ANSWER_GOOD, ANSWER_GOOD, ANSWER_LOGIN, ANSWER_GOOD}, 0, 0, 1},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct dossier dossier;

                dossier_init(&dossier);
                for (int a = 0; a < 6 && rows[i].answers[a] != ANSWER_NONE; a++)
                        note(&dossier, rows[i].answers[a]);
                unit_row("%s", rows[i].row);
                UNIT_ASSERT(dossier.failures == rows[i].failures && dossier.hard_failures == rows[i].hard &&
                            dossier.successes == rows[i].successes);
        }
}

static void facts_outlive_failures(void)
{
        struct dossier dossier;
        struct answer good = {.kind = ANSWER_GOOD, .facts = {.timeline = 3, .lsn = 9}, .sent_us = 5};

        dossier_init(&dossier);
        UNIT_ASSERT(!dossier.known && dossier.lag_us == -1);
        dossier_note(&dossier, &good);
        dossier.lag_us = 4;
        note(&dossier, ANSWER_TIMEOUT);
        UNIT_ASSERT(dossier.known && dossier.facts.timeline == 3 && dossier.facts.lsn == 9 &&
                    dossier.good_us == 5);
        UNIT_ASSERT(dossier.lag_us == 4 && strcmp(dossier.text, "text") == 0);
        dossier_note(&dossier, &good);
        UNIT_ASSERT(dossier.lag_us == -1 && dossier.text[0] == '\0');
}

static void a_timeline_once_seen_stays_for_the_same_run(void)
{
        static const struct {
                const char *row;
                struct facts before, after;
                uint32_t timeline;
                bool sure;
        } rows[] = {
            {"receiver gone",
             {.in_recovery = true, .timeline = 2, .timeline_sure = true, .started_wall_us = 1},
             {.in_recovery = true, .timeline = 1, .started_wall_us = 1},
             2,
             true},
            {"receiver gone, same number",
             {.in_recovery = true, .timeline = 2, .timeline_sure = true, .started_wall_us = 1},
             {.in_recovery = true, .timeline = 2, .started_wall_us = 1},
             2,
             true},
            {"receiver came",
             {.in_recovery = true, .timeline = 2, .started_wall_us = 1},
             {.in_recovery = true, .timeline = 2, .timeline_sure = true, .started_wall_us = 1},
             2,
             true},
            {"went on",
             {.in_recovery = true, .timeline = 1, .timeline_sure = true, .started_wall_us = 1},
             {.in_recovery = true, .timeline = 2, .timeline_sure = true, .started_wall_us = 1},
             2,
             true},
            {"restarted: rebuilt perhaps",
             {.in_recovery = true, .timeline = 2, .timeline_sure = true, .started_wall_us = 1},
             {.in_recovery = true, .timeline = 1, .started_wall_us = 2},
             1,
             false},
            {"another cluster",
             {.in_recovery = true,
              .timeline = 2,
              .timeline_sure = true,
              .system_id = 1,
              .started_wall_us = 1},
             {.in_recovery = true, .timeline = 1, .system_id = 2, .started_wall_us = 1},
             1,
             false},
            {"a primary says what it is",
             {.timeline = 2, .timeline_sure = true, .started_wall_us = 1},
             {.timeline = 1, .timeline_sure = true, .started_wall_us = 1},
             1,
             true},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct answer answer = {.kind = ANSWER_GOOD, .facts = rows[i].before};
                struct dossier dossier;

                dossier_init(&dossier);
                dossier_note(&dossier, &answer);
                answer.facts = rows[i].after;
                dossier_note(&dossier, &answer);
                unit_row("%s", rows[i].row);
                UNIT_ASSERT(dossier.facts.timeline == rows[i].timeline);
                UNIT_ASSERT(dossier.facts.timeline_sure == rows[i].sure);
        }
}

static void traffic_counts_until_a_good_answer(void)
{
        struct dossier dossier;

        dossier_init(&dossier);
        dossier_note_traffic(&dossier, EVIDENCE_READ_ONLY | EVIDENCE_RECOVERY);
        UNIT_ASSERT(!dossier.traffic); /* reasons to ask, not signs of death */
        dossier_note_traffic(&dossier, EVIDENCE_SHUTDOWN);
        UNIT_ASSERT(dossier.traffic);
        note(&dossier, ANSWER_TIMEOUT);
        UNIT_ASSERT(dossier.traffic);
        note(&dossier, ANSWER_GOOD);
        UNIT_ASSERT(!dossier.traffic);
}

/* Silence takes nothing back, and shows nothing. */
static void it_is_remembered_that_a_server_ends(void)
{
        static const struct {
                const char *row;
                enum answer_kind answers[4];
                uint32_t evidence; /* before the answers */
                bool quits;
        } rows[] = {
            {"silent", {ANSWER_GOOD, ANSWER_TIMEOUT, ANSWER_TIMEOUT}, 0, false},
            {"shuts down, then silent", {ANSWER_GOOD, ANSWER_SHUTDOWN, ANSWER_TIMEOUT}, 0, true},
            {"refuses, then silent", {ANSWER_GOOD, ANSWER_REFUSED, ANSWER_TIMEOUT}, 0, true},
            {"lost", {ANSWER_GOOD, ANSWER_LOST}, 0, true},
            {"it has told a worker", {ANSWER_TIMEOUT}, EVIDENCE_SHUTDOWN, true},
            {"a worker has lost a connection", {ANSWER_TIMEOUT}, EVIDENCE_LOST, false},
            {"it runs after all", {ANSWER_SHUTDOWN, ANSWER_GOOD, ANSWER_TIMEOUT}, 0, false},
            {"but lets us not in", {ANSWER_SHUTDOWN, ANSWER_LOGIN, ANSWER_TIMEOUT}, 0, false},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct dossier dossier;

                dossier_init(&dossier);
                dossier_note_traffic(&dossier, rows[i].evidence);
                for (int a = 0; a < 4 && rows[i].answers[a] != ANSWER_NONE; a++)
                        note(&dossier, rows[i].answers[a]);
                unit_row("%s", rows[i].row);
                UNIT_ASSERT(dossier.quits == rows[i].quits);
        }
}

static void another_run_may_show_less(void)
{
        static const struct {
                const char *row;
                struct answer answer; /* after a good one: started 1, system 7, lsn 100 */
                bool other;
        } rows[] = {
            {"the same",
             {.kind = ANSWER_GOOD, .facts = {.started_wall_us = 1, .system_id = 7, .lsn = 100}},
             false},
            {"went on",
             {.kind = ANSWER_GOOD, .facts = {.started_wall_us = 1, .system_id = 7, .lsn = 101}},
             false},
            {"restarted",
             {.kind = ANSWER_GOOD, .facts = {.started_wall_us = 2, .system_id = 7, .lsn = 101}},
             true},
            {"went back",
             {.kind = ANSWER_GOOD, .facts = {.started_wall_us = 1, .system_id = 7, .lsn = 99}},
             true},
            {"replaced",
             {.kind = ANSWER_GOOD, .facts = {.started_wall_us = 1, .system_id = 8, .lsn = 101}},
             true},
            {"refused", {.kind = ANSWER_REFUSED}, true},
            {"lost", {.kind = ANSWER_LOST}, true},
            {"shut down", {.kind = ANSWER_SHUTDOWN}, true},
            {"slow", {.kind = ANSWER_TIMEOUT}, false},
            {"our login", {.kind = ANSWER_LOGIN}, false},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct answer first = {.kind = ANSWER_GOOD,
                                       .facts = {.started_wall_us = 1, .system_id = 7, .lsn = 100}};
                struct dossier dossier;

                dossier_init(&dossier);
                unit_row("%s", rows[i].row);
                UNIT_ASSERT(!dossier_may_have_restarted(&dossier, &first));
                dossier_note(&dossier, &first);
                UNIT_ASSERT(dossier_may_have_restarted(&dossier, &rows[i].answer) == rows[i].other);
        }
}

static void a_branch_is_known_when_it_was_seen(void)
{
        static const struct {
                const char *row;
                struct facts before, after;
                struct branch branch;
        } rows[] = {
            {"promoted",
             {.in_recovery = true, .timeline = 2, .started_wall_us = 1},
             {.timeline = 3, .recovered_lsn = 50, .started_wall_us = 1},
             {2, 50}},
            {"promoted, and restarted meanwhile",
             {.in_recovery = true, .timeline = 2, .started_wall_us = 1},
             {.timeline = 3, .recovered_lsn = 50, .started_wall_us = 2},
             {0, 0}},
            {"another timeline between the two",
             {.in_recovery = true, .timeline = 2, .started_wall_us = 1},
             {.timeline = 4, .recovered_lsn = 50, .started_wall_us = 1},
             {0, 0}},
            {"it is not known what it followed",
             {.in_recovery = true, .started_wall_us = 1},
             {.timeline = 1, .recovered_lsn = 50, .started_wall_us = 1},
             {0, 0}},
            {"of another cluster",
             {.in_recovery = true, .timeline = 2, .started_wall_us = 1, .system_id = 6},
             {.timeline = 3, .recovered_lsn = 50, .started_wall_us = 1, .system_id = 7},
             {0, 0}},
            {"first seen as a primary",
             {0},
             {.timeline = 3, .recovered_lsn = 50, .started_wall_us = 1},
             {0, 0}},
            {"still a standby",
             {.in_recovery = true, .timeline = 2, .started_wall_us = 1},
             {.in_recovery = true, .timeline = 3, .started_wall_us = 1},
             {0, 0}},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct answer answer = {.kind = ANSWER_GOOD, .facts = rows[i].before};
                struct dossier dossier;

                dossier_init(&dossier);
                if (rows[i].before.started_wall_us != 0)
                        dossier_note(&dossier, &answer);
                answer.facts = rows[i].after;
                dossier_note(&dossier, &answer);
                unit_row("%s", rows[i].row);
                UNIT_ASSERT(dossier.branch.parent == rows[i].branch.parent &&
                            dossier.branch.lsn == rows[i].branch.lsn);
                answer.facts.recovered_lsn =
                    90; /* it crashes: where the timeline left the other stays true */
                answer.facts.started_wall_us = 7;
                dossier_note(&dossier, &answer);
                UNIT_ASSERT(dossier.branch.parent == rows[i].branch.parent &&
                            dossier.branch.lsn == rows[i].branch.lsn);
        }
}

/* The control file has the next timeline, and the server says that it is in recovery. */
static void a_branch_is_known_when_the_promotion_was_seen_halfway(void)
{
        static const struct facts steps[] = {
            {.in_recovery = true, .timeline = 2, .timeline_sure = true, .started_wall_us = 1},
            {.in_recovery = true, .timeline = 2, .started_wall_us = 1}, /* its receiver has gone */
            {.in_recovery = true, .timeline = 3, .started_wall_us = 1},
            {.in_recovery = true, .timeline = 3, .started_wall_us = 1},
            {.timeline = 3, .timeline_sure = true, .recovered_lsn = 50, .started_wall_us = 1},
        };
        struct answer answer = {.kind = ANSWER_GOOD};
        struct dossier dossier;

        dossier_init(&dossier);
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
                answer.facts = steps[i];
                dossier_note(&dossier, &answer);
        }
        UNIT_ASSERT(dossier.branch.parent == 2 && dossier.branch.lsn == 50);
        dossier_init(&dossier);
        answer.facts = steps[0];
        answer.facts.timeline = 3; /* it follows that timeline, and is not promoted */
        dossier_note(&dossier, &answer);
        answer.facts = steps[4];
        dossier_note(&dossier, &answer);
        UNIT_ASSERT(dossier.branch.parent == 0);
}

UNIT_SUITE(health_dossier, UNIT_CASE(a_branch_is_known_when_it_was_seen),
           UNIT_CASE(a_branch_is_known_when_the_promotion_was_seen_halfway),
           UNIT_CASE(another_run_may_show_less), UNIT_CASE(counts_what_follows_one_another),
           UNIT_CASE(facts_outlive_failures), UNIT_CASE(a_timeline_once_seen_stays_for_the_same_run),
           UNIT_CASE(it_is_remembered_that_a_server_ends), UNIT_CASE(traffic_counts_until_a_good_answer))
