#include "cluster/xact.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* The transaction: number 700 on timeline 4, asked at 500 of a server that had begun with a recovery up
 * to 90. */
static const struct xact asked = {
    .xid = 700, .lsn = 500, .recovered_lsn = 90, .started_wall_us = 1, .system_id = 9, .timeline = 4};

static struct xact_testimony same_run(enum xact_status status)
{
        return (struct xact_testimony){
            .status = status, .recovered_lsn = 90, .started_wall_us = 1, .system_id = 9, .timeline = 4};
}

static struct xact_testimony restarted(enum xact_status status, uint64_t recovered_lsn)
{
        struct xact_testimony now = same_run(status);

        now.started_wall_us = 2;
        now.recovered_lsn = recovered_lsn;
        return now;
}

static struct xact_testimony promoted(enum xact_status status, uint32_t parent, uint64_t lsn)
{
        struct xact_testimony now = restarted(status, lsn);

        now.timeline = 5;
        now.branch = (struct branch){.parent = parent, .lsn = lsn};
        return now;
}

/* What each status means in each situation, in the order of enum xact_status: Committed, Rolled back, asked
 * again, Unknown. */
static void every_status_in_every_situation(void)
{
        struct {
                const char *row;
                struct xact_testimony now;
                const char *verdicts;
        } cases[] = {
            {"nothing has happened to the server", same_run(0), "CR??U"},
            {"promoted, all it wrote is there", promoted(0, 4, 600), "CRRRU"},
            {"promoted exactly where it had come to", promoted(0, 4, 500), "CRRRU"},
            {"promoted before that: the number may be another's", promoted(0, 4, 499), "RRRRR"},
            {"promoted, nobody saw where", promoted(0, 0, 0), "UUUUU"},
            {"promoted from another timeline", promoted(0, 3, 600), "UUUUU"},
            {"recovered by itself, all it wrote is there", restarted(0, 500), "CRRRU"},
            {"recovered by itself, some of it is lost", restarted(0, 499), "RRRRU"},
            {"restarted without a recovery", restarted(0, 0), "URRRU"},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                for (int status = 0; status < XACT_STATUSES; status++) {
                        const char *why = NULL;

                        cases[i].now.status = (enum xact_status)status;
                        unit_row("%s, status %d", cases[i].row, status);
                        UNIT_ASSERT("CR?U"[xact_judge(&asked, &cases[i].now, &why)] ==
                                    cases[i].verdicts[status]);
                        UNIT_ASSERT(why != NULL && *why != '\0');
                }
        }
}

static void what_must_be_known_first(void)
{
        struct {
                const char *row;
                struct xact x;
                struct xact_testimony now;
                enum xact_verdict verdict;
        } rows[] = {
            {"it had no number", asked, promoted(XACT_FORGOTTEN, 0, 0), XACT_IS_ROLLED_BACK},
            {"whose it was is not known", asked, promoted(XACT_COMMITTED, 4, 600), XACT_IS_UNKNOWN},
            {"whose the primary is is not known", asked, promoted(XACT_COMMITTED, 4, 600), XACT_IS_UNKNOWN},
            {"another cluster", asked, promoted(XACT_COMMITTED, 4, 600), XACT_IS_UNKNOWN},
            {"an older timeline", asked, promoted(XACT_COMMITTED, 4, 600), XACT_IS_UNKNOWN},
            {"a crash of the processes, the postmaster stayed", asked, same_run(XACT_COMMITTED),
             XACT_IS_ROLLED_BACK},
            {"the same, and all was recovered", asked, same_run(XACT_COMMITTED), XACT_IS_COMMITTED},
        };

        rows[0].x.xid = 0;
        rows[1].x.system_id = 0;
        rows[2].now.system_id = 0;
        rows[3].now.system_id = 8;
        rows[4].now.timeline = 3;
        rows[5].now.recovered_lsn = 400;
        rows[6].now.recovered_lsn = 600;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const char *why;

                unit_row("%s", rows[i].row);
                UNIT_ASSERT(xact_judge(&rows[i].x, &rows[i].now, &why) == rows[i].verdict);
        }
}

/* As long as no standby has taken over, what standbys may lack is not promised. */
static void standbys_may_lack_it(void)
{
        struct {
                const char *row;
                struct xact_testimony now;
                enum xact_verdict synchronous, unwaited;
        } rows[] = {
            {"same run", same_run(XACT_COMMITTED), XACT_IS_UNKNOWN, XACT_IS_UNKNOWN},
            {"same run, aborted", same_run(XACT_ABORTED), XACT_IS_ROLLED_BACK, XACT_IS_ROLLED_BACK},
            {"recovered", restarted(XACT_COMMITTED, 600), XACT_IS_UNKNOWN, XACT_IS_UNKNOWN},
            {"promoted", promoted(XACT_COMMITTED, 4, 600), XACT_IS_COMMITTED, XACT_IS_COMMITTED},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct xact x = asked;
                const char *why;

                unit_row("%s", rows[i].row);
                rows[i].now.synchronous = true;
                UNIT_ASSERT(xact_judge(&x, &rows[i].now, &why) == rows[i].synchronous);
                rows[i].now.synchronous = false;
                x.unwaited = true;
                UNIT_ASSERT(xact_judge(&x, &rows[i].now, &why) == rows[i].unwaited);
        }
}

/* ---- against histories ---- */

/* A WAL of records, each of a transaction: what a server makes of it, as PostgreSQL would. */
enum { RECORDS = 24, ORIGIN = 10 };

struct wal {
        struct {
                uint64_t xid;
                bool commit;
                bool ours;
        } records[2 * RECORDS];
        unsigned count;
};

static unsigned roll(unsigned sides)
{
        return (unsigned)rand() % sides;
}

/* Transactions of others: they begin, write and commit, `n` records in all. */
static void run_others(struct wal *wal, uint64_t *next, unsigned n)
{
        uint64_t open[4] = {0};

        while (n-- > 0) {
                uint64_t *xid = &open[roll(4)];
                bool commit = *xid != 0 && roll(2) == 0;

                if (*xid == 0)
                        *xid = (*next)++;
                wal->records[wal->count].xid = *xid;
                wal->records[wal->count].commit = commit;
                wal->records[wal->count++].ours = false;
                if (commit)
                        *xid = 0;
        }
}

/* Its next number, and what becomes of `xid`, when all but the first `kept` records are lost. */
static enum xact_status recover(struct wal *wal, unsigned kept, uint64_t xid, uint64_t *next)
{
        enum xact_status status = XACT_NONE;

        wal->count = kept;
        *next = 100;
        for (unsigned i = 0; i < kept; i++) {
                if (wal->records[i].xid >= *next)
                        *next = wal->records[i].xid + 1;
                if (wal->records[i].xid == xid && status != XACT_COMMITTED)
                        status = wal->records[i].commit ? XACT_COMMITTED : XACT_ABORTED;
        }
        return xid < *next && status == XACT_NONE ? XACT_ABORTED : status;
}

/* One history: a transaction of ours among others, a loss at any point of the WAL, and others after that, who
 * may be given our number. Record i begins at ORIGIN + i. */
static void live_through(unsigned seed, int verdicts[4])
{
        struct wal wal = {.count = 0};
        struct xact x = {.started_wall_us = 1, .system_id = 9, .timeline = 4};
        struct xact_testimony now = {.system_id = 9};
        uint64_t next = 100;
        bool there = false, promotion = seed % 2 == 0;
        unsigned kept;
        const char *why;
        enum xact_verdict verdict;

        srand(seed);
        run_others(&wal, &next, roll(5));
        x.xid = next++;
        for (unsigned writes = 1 + roll(3); writes > 0; writes--) {
                wal.records[wal.count].xid = x.xid;
                wal.records[wal.count].commit = false;
                wal.records[wal.count++].ours = true;
                run_others(&wal, &next, roll(3));
        }
        x.lsn = ORIGIN + wal.count;
        run_others(&wal, &next, roll(4));
        if (roll(3) > 0) { /* else its COMMIT never came */
                wal.records[wal.count].xid = x.xid;
                wal.records[wal.count].commit = true;
                wal.records[wal.count++].ours = true;
                run_others(&wal, &next, roll(3));
        }
        kept = roll(wal.count + 1);
        recover(&wal, kept, x.xid, &next);
        run_others(&wal, &next, roll(12));
        {
                struct wal all = wal;
                uint64_t end;

                now.status = recover(&all, wal.count, x.xid, &end);
                if (x.xid >= next)
                        now.status = XACT_NONE;
        }
        for (unsigned i = 0; i < wal.count; i++)
                there = there || (wal.records[i].ours && wal.records[i].commit);
        now.started_wall_us = 2;
        now.recovered_lsn = ORIGIN + kept;
        now.timeline = promotion ? 5 : 4;
        if (promotion)
                now.branch = (struct branch){.parent = 4, .lsn = ORIGIN + kept};
        verdict = xact_judge(&x, &now, &why);
        unit_row("history %u: number %u, asked at %u, lost at %u: %s", seed, (unsigned)x.xid, (unsigned)x.lsn,
                 kept, why);
        UNIT_ASSERT(verdict == (there ? XACT_IS_COMMITTED : XACT_IS_ROLLED_BACK));
        verdicts[verdict]++;
        if (!there && now.status == XACT_COMMITTED)
                verdicts[3]++; /* another has committed under our number */
}

static void no_history_is_misjudged(void)
{
        int verdicts[4] = {0};

        for (unsigned seed = 1; seed <= 20000; seed++)
                live_through(seed, verdicts);
        unit_row("of 20000: %d committed, %d rolled back, %d of those with a number that another one had",
                 verdicts[0], verdicts[1], verdicts[3]);
        UNIT_ASSERT(verdicts[0] > 1000 && verdicts[1] > 1000 && verdicts[3] > 100);
}

UNIT_SUITE(cluster_xact, UNIT_CASE(every_status_in_every_situation), UNIT_CASE(what_must_be_known_first),
           UNIT_CASE(standbys_may_lack_it), UNIT_CASE(no_history_is_misjudged))
