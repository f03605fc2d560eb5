#include "session/parlour.h"
#include "unit.h"

#include <stdio.h>

static struct caller *const c = parlour.caller;

#define QUERY(text, n) "Q\0\0\0" n text "\0"
#define BEGIN          QUERY("BEGIN", "\12")
#define COMMIT         QUERY("COMMIT", "\13")
#define ROLLBACK       QUERY("ROLLBACK", "\15")
#define SAVEPOINT      QUERY("SAVEPOINT a", "\20")
#define WRITE          QUERY("INSERT", "\13")
#define READ           QUERY("SELECT 1", "\15")
#define BAD            QUERY("INSERT bad", "\17")
#define DONE(tag, n)   "C\0\0\0" n tag "\0"
#define READY          "Z\0\0\0\5I"
#define IN_TX          "Z\0\0\0\5T"
#define FAILED         "Z\0\0\0\5E"
#define MISTAKE        "E\0\0\0\23SERROR\0C42601\0\0"
#define BEGUN          DONE("BEGIN", "\12")
#define ROW            "C\0\0\0\15SELECT 1\0"

static char heard[128]; /* the types of what the fake server has heard, and its texts' first letters */
static bool skips, begun, refuses_begin;

static void hear(char type, char what)
{
        size_t n = strlen(heard);

        if (n + 2 < sizeof(heard)) {
                heard[n] = type;
                heard[n + 1] = what;
                heard[n + 2] = '\0';
        }
}

/* A server with transactions; one that can refuse BEGIN, as when a cancel request meets it. */
static void answer(struct fakes *fakes, struct fake *fake, const struct msg *m)
{
        static char parsed;
        bool bad = memmem(m->body, m->body_size, "bad", 3) != NULL;

        (void)fakes;
        if (m->type == FE_SYNC) {
                hear('S', ' ');
                skips = false;
                FAKE_SAY(fake, begun ? IN_TX : READY);
                return;
        }
        if (skips)
                return;
        if (m->type == FE_PARSE) {
                parsed = (char)m->body[1];
                hear('P', parsed);
                skips = refuses_begin && parsed == 'B';
                if (skips)
                        FAKE_SAY(fake, MISTAKE);
                else
                        FAKE_SAY(fake, "1\0\0\0\4");
        } else if (m->type == FE_BIND) {
                FAKE_SAY(fake, "2\0\0\0\4");
        } else if (m->type == FE_EXECUTE) {
                begun = begun || parsed == 'B';
                if (parsed == 'B')
                        FAKE_SAY(fake, BEGUN);
                else
                        FAKE_SAY(fake, DONE("SAVEPOINT", "\16"));
        } else if (m->type == FE_QUERY) {
                hear('Q', (char)m->body[0]);
                if (m->body[0] == 'C' || m->body[0] == 'R')
                        begun = false;
                if (bad)
                        FAKE_SAY(fake, MISTAKE);
                else
                        FAKE_SAY(fake, ROW);
                if (begun && bad)
                        FAKE_SAY(fake, FAILED);
                else if (begun)
                        FAKE_SAY(fake, IN_TX);
                else
                        FAKE_SAY(fake, READY);
        }
}

static void start(void)
{
        parlour_init("session_state = 1\nlazy_begin = 1\npool_mode = transaction");
        parlour.fakes.on_message = answer;
        skips = begun = refuses_begin = false;
        UNIT_ASSERT(caller_log_in(&c[0]));
        buf_release(&c[0].got);
        heard[0] = '\0';
}

static void a_block_without_statements_meets_no_server(void)
{
        start();
        CALLER_SAY(&c[0], BEGIN);
        UNIT_ASSERT(CALLER_HEARS(&c[0], BEGUN IN_TX));
        CALLER_SAY(&c[0], SAVEPOINT "S\0\0\0\4");
        UNIT_ASSERT(CALLER_HEARS(&c[0], DONE("SAVEPOINT", "\16") IN_TX IN_TX));
        CALLER_SAY(&c[0], COMMIT);
        UNIT_ASSERT(CALLER_HEARS(&c[0], DONE("COMMIT", "\13") READY));
        CALLER_SAY(&c[0], BEGIN ROLLBACK);
        UNIT_ASSERT(CALLER_HEARS(&c[0], BEGUN IN_TX DONE("ROLLBACK", "\15") READY));
        UNIT_ASSERT(heard[0] == '\0');
        parlour_fini();
}

static void the_first_statement_opens_it(void)
{
        start();
        CALLER_SAY(&c[0], BEGIN SAVEPOINT WRITE);
        UNIT_ASSERT(CALLER_HEARS(&c[0], BEGUN IN_TX DONE("SAVEPOINT", "\16") IN_TX ROW IN_TX));
        UNIT_ASSERT(strcmp(heard, "PBPSQI") == 0); /* in one go, and the client sees nothing of it */
        CALLER_SAY(&c[0], READ COMMIT);
        UNIT_ASSERT(CALLER_HEARS(&c[0], ROW IN_TX ROW READY));
        UNIT_ASSERT(strcmp(heard, "PBPSQIQSQC") == 0);
        CALLER_SAY(&c[0], BEGIN BAD);
        UNIT_ASSERT(CALLER_HEARS(&c[0], BEGUN IN_TX MISTAKE FAILED));
        parlour_fini();
}

/* Nothing of the block runs outside of it: what the server skips is ended by a Sync of ours, or the client's.
 */
static void an_opening_that_fails_takes_the_statement_with_it(void)
{
        static const struct {
                const char *name, *say;
                size_t n;
        } rows[] = {
            {"simple", WRITE, sizeof(WRITE) - 1},
            {"extended", "P\0\0\0\16\0INSERT\0\0\0B\0\0\0\14\0\0\0\0\0\0\0\0E\0\0\0\11\0\0\0\0\0S\0\0\0\4",
             15 + 13 + 10 + 5},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                start();
                refuses_begin = true;
                CALLER_SAY(&c[0], BEGIN);
                UNIT_ASSERT(CALLER_HEARS(&c[0], BEGUN IN_TX));
                caller_say(&c[0], rows[i].say, rows[i].n);
                UNIT_ASSERT(CALLER_HEARS(&c[0], MISTAKE FAILED));
                UNIT_ASSERT(strcmp(heard, "PBS ") == 0);
                CALLER_SAY(&c[0], ROLLBACK);
                UNIT_ASSERT(CALLER_HEARS(&c[0], DONE("ROLLBACK", "\15") READY));
                refuses_begin = false;
                CALLER_SAY(&c[0], READ);
                UNIT_ASSERT(CALLER_HEARS(&c[0], ROW READY));
                parlour_fini();
        }
}

UNIT_SUITE(session_block, UNIT_CASE(a_block_without_statements_meets_no_server),
           UNIT_CASE(the_first_statement_opens_it),
           UNIT_CASE(an_opening_that_fails_takes_the_statement_with_it))
