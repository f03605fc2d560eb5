#include "session/relay.h"

#include "base/clock.h"
#include "session/parlour.h"
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

static struct caller *const c = parlour.caller;

#define PARSE_A "P\0\0\0\21a\0SELECT 1\0\0\0"
#define PARSE_B "P\0\0\0\21b\0SELECT 1\0\0\0"
#define BIND_A  "B\0\0\0\15\0a\0\0\0\0\0\0\0"
#define BIND_B  "B\0\0\0\15\0b\0\0\0\0\0\0\0"
#define EXECUTE "E\0\0\0\11\0\0\0\0\0"
#define SYNC    "S\0\0\0\4"
#define QUERY   "Q\0\0\0\15SELECT 1\0"
#define PARSED  "1\0\0\0\4"
#define BOUND   "2\0\0\0\4"
#define CLOSED  "3\0\0\0\4"
#define DONE    "C\0\0\0\15SELECT 1\0"
#define READY   "Z\0\0\0\5I"
#define IN_TX   "Z\0\0\0\5T"
#define MISTAKE "E\0\0\0\23SERROR\0C42601\0\0"

static bool skipping;
static char heard[64]; /* the types of what the fake server has heard */

/* A server that answers every message; a statement with "bad" in it is an error. */
static void answer_all(struct fakes *fakes, struct fake *fake, const struct msg *m)
{
        size_t n = strlen(heard);
        bool bad = memmem(m->body, m->body_size, "bad", 3) != NULL;

        (void)fakes;
        if (n + 1 < sizeof(heard)) {
                heard[n] = m->type;
                heard[n + 1] = '\0';
        }
        if (m->type == FE_SYNC) {
                skipping = false;
                FAKE_SAY(fake, READY);
        } else if (skipping) {
                return;
        } else if (bad) {
                FAKE_SAY(fake, MISTAKE);
                skipping = m->type != FE_QUERY;
                if (m->type == FE_QUERY)
                        FAKE_SAY(fake, READY);
        } else if (m->type == FE_PARSE) {
                FAKE_SAY(fake, PARSED);
        } else if (m->type == FE_BIND) {
                FAKE_SAY(fake, BOUND);
        } else if (m->type == FE_CLOSE) {
                FAKE_SAY(fake, CLOSED);
        } else if (m->type == FE_EXECUTE) {
                FAKE_SAY(fake, DONE);
        } else if (m->type == FE_QUERY) {
                FAKE_SAY(fake, FAKE_ANSWER);
        }
}

static void begin(const char *settings)
{
        parlour_init(settings);
        parlour.fakes.on_message = answer_all;
        skipping = false;
        heard[0] = '\0';
}

/* A new client is served as if nothing had happened. */
static void lives(void)
{
        struct caller *last = &c[CALLERS - 1];

        parlour.fakes.on_message = NULL;
        parlour.fakes.login = NULL;
        parlour.fakes.hang_up = false;
        UNIT_ASSERT(caller_log_in(last));
        buf_release(&last->got);
        CALLER_SAY(last, QUERY);
        UNIT_ASSERT(CALLER_HEARS(last, FAKE_ANSWER));
}

static void welcomes_and_relays(void)
{
        static const char welcome[] =
            "R\0\0\0\10\0\0\0\0S\0\0\0\30server_version\00015.5\0S\0\0\0\31client_encoding\0UTF8\0"
            "K\0\0\0\14";

        begin("");
        UNIT_ASSERT(caller_log_in(&c[0]));
        UNIT_ASSERT(buf_len(&c[0].got) == sizeof(welcome) - 1 + 8 + 6);
        UNIT_ASSERT(memcmp(buf_data(&c[0].got), welcome, sizeof(welcome) - 1) == 0);
        buf_release(&c[0].got);
        CALLER_SAY(&c[0], QUERY);
        UNIT_ASSERT(CALLER_HEARS(&c[0], FAKE_ANSWER));
        CALLER_SAY(&c[0], SYNC); /* needs no server */
        UNIT_ASSERT(CALLER_HEARS(&c[0], READY));
        UNIT_ASSERT(strcmp(heard, "Q") == 0 && parlour.fakes.count == 1);
        for (size_t i = 0; i + 1 < sizeof(QUERY); i++) { /* in drops */
                caller_say(&c[0], QUERY + i, 1);
                parlour_turn();
        }
        UNIT_ASSERT(CALLER_HEARS(&c[0], FAKE_ANSWER));
        CALLER_SAY(&c[0], QUERY QUERY QUERY);
        UNIT_ASSERT(CALLER_HEARS(&c[0], FAKE_ANSWER FAKE_ANSWER FAKE_ANSWER));
        parlour_fini();
}

static void answer_all_but_the_first(struct fakes *fakes, struct fake *fake, const struct msg *m)
{
        if (fake != &fakes->fake[0])
                answer_all(fakes, fake, m);
}

/* The first one's server is slow to take its settings; meanwhile the second one's has said what they all say.
 */
static void welcome_is_learned_by_another_meanwhile(void)
{
        static const char packet[] = "\0\0\0\54\0\3\0\0user\0bob\0database\0app\0work_mem\0009MB\0";
        int64_t end;

        begin("session_state = 1");
        parlour.fakes.on_message = answer_all_but_the_first;
        caller_call(&c[0]);
        caller_say(&c[0], packet, sizeof(packet));
        while (parlour.fakes.fake[0].queries == 0)
                parlour_turn();
        UNIT_ASSERT(caller_log_in_with(&c[1], packet, sizeof(packet)));
        for (end = clock_us() + 300 * US_PER_MS; clock_us() < end;) /* the room's tick looks at logins */
                parlour_turn();
        UNIT_ASSERT(CALLER_HEARS(&c[0], ""));
        parlour.fakes.on_message = answer_all;
        FAKE_SAY(&parlour.fakes.fake[0], FAKE_ANSWER);
        UNIT_ASSERT(caller_is_let_in(&c[0]));
        buf_release(&c[0].got);
        CALLER_SAY(&c[0], QUERY);
        UNIT_ASSERT(CALLER_HEARS(&c[0], FAKE_ANSWER));
        parlour_fini();
}

static void prepared_statements_get_names_that_all_share(void)
{
        begin("max_prepared_statements = 10");
        UNIT_ASSERT(caller_log_in(&c[0]) && caller_log_in(&c[1]));
        buf_release(&c[0].got);
        buf_release(&c[1].got);
        CALLER_SAY(&c[0], PARSE_A BIND_A EXECUTE SYNC);
        UNIT_ASSERT(CALLER_HEARS(&c[0], PARSED BOUND DONE READY));
        UNIT_ASSERT(strcmp(heard, "PBES") == 0);
        UNIT_ASSERT(strncmp(parlour.fakes.fake[0].query, "PGSTEER_", 8) == 0);
        heard[0] = '\0';
        /* The same text of another client is there already. */
        CALLER_SAY(&c[1], PARSE_B BIND_B EXECUTE SYNC);
        UNIT_ASSERT(CALLER_HEARS(&c[1], PARSED BOUND DONE READY));
        UNIT_ASSERT(strcmp(heard, "BES") == 0);
        parlour_fini();
}

static void local_answers_come_in_their_turn(void)
{
        static const struct {
                const char *name, *say;
                size_t say_n;
                const char *answer;
                size_t answer_n;
                const char *heard;
        } rows[] = {
#define ROW(name, say, answer, heard) {name, say, sizeof(say) - 1, answer, sizeof(answer) - 1, heard}
            ROW("first", PARSE_B BIND_B EXECUTE SYNC, PARSED BOUND DONE READY, "BES"),
            ROW("between others", BIND_A EXECUTE PARSE_B BIND_B EXECUTE SYNC,
                BOUND DONE PARSED BOUND DONE READY, "BEBES"),
            ROW("last before Sync", BIND_A EXECUTE PARSE_B SYNC, BOUND DONE PARSED READY, "BES"),
            ROW("two in a row", PARSE_B "C\0\0\0\7Sb\0" BIND_A SYNC, PARSED CLOSED BOUND READY, "BS"),
            ROW("alone", PARSE_B SYNC, PARSED READY, "S"),
            ROW("a statement closed", "C\0\0\0\7Sa\0" SYNC, CLOSED READY, "S"),
            ROW("a statement closed that nobody has", "C\0\0\0\7Sx\0" SYNC, CLOSED READY, "CS"),
            ROW("a portal closed", "C\0\0\0\6P\0" SYNC, CLOSED READY, "CS"),
            ROW("behind an error", "P\0\0\0\13\0bad\0\0\0" PARSE_B SYNC QUERY, MISTAKE READY FAKE_ANSWER,
                "PSQ"),
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                begin("max_prepared_statements = 10");
                UNIT_ASSERT(caller_log_in(&c[0]));
                buf_release(&c[0].got);
                CALLER_SAY(&c[0], PARSE_A SYNC);
                UNIT_ASSERT(CALLER_HEARS(&c[0], PARSED READY));
                heard[0] = '\0';
                caller_say(&c[0], rows[i].say, rows[i].say_n);
                UNIT_ASSERT(caller_hears(&c[0], rows[i].answer, rows[i].answer_n));
                UNIT_ASSERT(strcmp(heard, rows[i].heard) == 0);
                parlour_fini();
        }
}

static void an_error_ends_its_pipeline_and_no_more(void)
{
        static const char parse_bad[] = "P\0\0\0\14a\0bad\0\0\0";

        begin("max_prepared_statements = 10");
        UNIT_ASSERT(caller_log_in(&c[0]));
        buf_release(&c[0].got);
        for (int twice = 0; twice < 2; twice++) { /* what failed is not taken for prepared */
                heard[0] = '\0';
                caller_say(&c[0], parse_bad, sizeof(parse_bad) - 1);
                CALLER_SAY(&c[0], BIND_A EXECUTE SYNC);
                UNIT_ASSERT(CALLER_HEARS(&c[0], MISTAKE READY));
                UNIT_ASSERT(heard[0] == 'P' && strchr(heard, 'S') != NULL);
        }
        CALLER_SAY(&c[0], PARSE_A BIND_A EXECUTE SYNC);
        UNIT_ASSERT(CALLER_HEARS(&c[0], PARSED BOUND DONE READY));
        /* What comes between the error and its Sync is not answered, by us no more than by the server. */
        for (int runs = 0; runs < 2; runs++) {
                unit_row("%s", runs ? "run and flushed" : "parsed and flushed");
                CALLER_SAY(&c[0], "P\0\0\0\13\0bad\0\0\0");
                if (runs)
                        CALLER_SAY(&c[0], "B\0\0\0\14\0\0\0\0\0\0\0\0" EXECUTE);
                CALLER_SAY(&c[0], "H\0\0\0\4");
                UNIT_ASSERT(CALLER_HEARS(&c[0], MISTAKE));
                CALLER_SAY(&c[0], PARSE_B);
                UNIT_ASSERT(CALLER_HEARS(&c[0], ""));
                CALLER_SAY(&c[0], SYNC);
                UNIT_ASSERT(CALLER_HEARS(&c[0], READY));
        }
        CALLER_SAY(&c[0], "Q\0\0\0\10bad\0" QUERY);
        UNIT_ASSERT(CALLER_HEARS(&c[0], MISTAKE READY FAKE_ANSWER));
        parlour_fini();
}

/* ---- servers that break the rules ---- */

static const char *rudeness;
static size_t rudeness_n;
static bool hangs_up;

static void answer_rudely(struct fakes *fakes, struct fake *fake, const struct msg *m)
{
        (void)fakes;
        (void)m;
        if (rudeness_n > 0)
                fake_say(fake, rudeness, rudeness_n);
        fake->hang_up = hangs_up;
}

static void a_hostile_server_costs_its_client_and_no_more(void)
{
        static char trailing[300100] = "S\0\4\223\370a\0b";
        static char huge[300100] = "S\0\4\223\370a\0", flood[70000] = "E\0\1\0\0SERROR\0C42601\0M";
        static const struct {
                const char *name, *bytes;
                size_t n;
                bool hang_up;
        } rows[] = {
#define RUDE(name, bytes) {name, bytes, sizeof(bytes) - 1, false}
            RUDE("ParseComplete unasked", PARSED),
            RUDE("BindComplete unasked", BOUND),
            RUDE("CloseComplete unasked", CLOSED),
            RUDE("ReadyForQuery twice", DONE READY READY),
            RUDE("ReadyForQuery without a status", DONE "Z\0\0\0\4"),
            RUDE("ReadyForQuery with an unknown status", DONE "Z\0\0\0\5X"),
            RUDE("ReadyForQuery with a NUL for status", DONE "Z\0\0\0\5\0"),
            RUDE("ReadyForQuery with too long a status", DONE "Z\0\0\0\6II"),
            RUDE("a length of 3", "C\0\0\0\3"),
            RUDE("a negative length", "D\377\377\377\377"),
            RUDE("an authentication request", "R\0\0\0\10\0\0\0\3"),
            RUDE("a second key", "K\0\0\0\14\0\0\0\1\0\0\0\2"),
            RUDE("an unknown message", "~\0\0\0\4"),
            RUDE("a type of NUL", "\0\0\0\0\4"),
            RUDE("a parameter without a value", "S\0\0\0\6a\0"),
            RUDE("a parameter without its NUL", "S\0\0\0\7a\0b"),
            {"a parameter of 300 KB", huge, 300025, false},
            {"a parameter with 300 KB behind it", trailing, 300025, false},
            {"gone without an answer", "", 0, true},
            {"gone in a row", "D\0\0\0\40\0\1", 7, true},
            {"gone in a head", "D\0\0", 3, true},
            {"gone in a large row", "D\0\1\0\0\0\1\0\0\377\377xxxx", 15, true},
            {"gone behind an error", MISTAKE, sizeof(MISTAKE) - 1, true},
            {"gone in a large error", flood, 40000, true},
        };

        memset(huge + 7, 'x', sizeof(huge) - 8);
        memset(flood + 21, 'x', sizeof(flood) - 21);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                begin("");
                UNIT_ASSERT(caller_log_in(&c[0]));
                buf_release(&c[0].got);
                rudeness = rows[i].bytes;
                rudeness_n = rows[i].n;
                hangs_up = rows[i].hang_up;
                parlour.fakes.on_message = answer_rudely;
                CALLER_SAY(&c[0], QUERY);
                UNIT_ASSERT(caller_is_left(&c[0]));
                /* It is told, unless a message to it is cut in the middle. */
                UNIT_ASSERT(strstr(rows[i].name, "large") != NULL ||
                            caller_got(&c[0], "server conn crashed?") || caller_got(&c[0], "SFATAL"));
                parlour_turn();
                UNIT_ASSERT(fakes_open(&parlour.fakes) == 0);
                unit_row("%s, and then", rows[i].name);
                lives();
                parlour_fini();
        }
}

static void noise_is_passed_on(void)
{
        static const struct {
                const char *name, *bytes;
                size_t n;
        } rows[] = {
#define NOISE(name, bytes) {name, bytes, sizeof(bytes) - 1}
            NOISE("a notice", "N\0\0\0\5\0" DONE READY),
            NOISE("a notification", "A\0\0\0\14\0\0\0\1a\0b\0" DONE READY),
            NOISE("a parameter", "S\0\0\0\10a\0b\0" DONE READY),
            NOISE("rows", "T\0\0\0\6\0\0D\0\0\0\6\0\0D\0\0\0\6\0\0" DONE READY),
            NOISE("several results", DONE DONE "I\0\0\0\4" DONE READY),
            NOISE("an error", MISTAKE READY),
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                for (int drops = 0; drops < 2; drops++) {
                        begin("");
                        UNIT_ASSERT(caller_log_in(&c[0]));
                        buf_release(&c[0].got);
                        rudeness = rows[i].bytes;
                        rudeness_n = rows[i].n;
                        hangs_up = false;
                        parlour.fakes.on_message = answer_rudely;
                        parlour.fakes.drop_by_drop = drops;
                        CALLER_SAY(&c[0], QUERY);
                        UNIT_ASSERT(caller_hears(&c[0], rows[i].bytes, rows[i].n));
                        parlour_fini();
                }
        }
}

/* As many parameters as fit: more bytes as messages than they are here. */
static void a_server_with_thousands_of_parameters_is_no_harm(void)
{
        static char login[60000];
        size_t n = 9;

        memcpy(login, "R\0\0\0\10\0\0\0\0", 9);
        for (int i = 0; i < 3800; i++) {
                memcpy(login + n, "S\0\0\0\10ab\0\0", 9);
                login[n + 5] = (char)('0' + i % 40);
                login[n + 6] = (char)(-128 + i / 40);
                n += 9;
        }
        memcpy(login + n, READY, 6);
        begin("");
        parlour.fakes.login = login;
        parlour.fakes.login_n = n + 6;
        UNIT_ASSERT(caller_log_in(&c[0]));
        UNIT_ASSERT(buf_len(&c[0].got) > 3800 * 9);
        lives();
        parlour_fini();
}

/* ---- clients that break the rules ---- */

static void a_rude_client_is_told_and_left(void)
{
        static const struct {
                const char *name;
                bool logged_in;
                const char *say;
                size_t n;
                const char *told;
        } rows[] = {
#define STRANGER(name, say, told) {name, false, say, sizeof(say) - 1, told}
#define GUEST(name, say, told)                                                                               \
        {                                                                                                    \
                name, true, say, sizeof(say) - 1, told                                                       \
        }
            STRANGER("not PostgreSQL", "GET / HTTP/1.1\r\n\r\n", "bad packet header"),
            STRANGER("length 0", "\0\0\0\0\0\3\0\0", "bad packet header"),
            STRANGER("too long", "\0\0\47\21\0\3\0\0", "bad packet header"),
            STRANGER("protocol 2", "\0\0\0\10\0\2\0\0", "old V2 protocol not supported"),
            STRANGER("no user", "\0\0\0\11\0\3\0\0\0", "no username supplied"),
            STRANGER("auth_type=any without a forced user", "\0\0\0\33\0\3\0\0user\0b\0database\0x\0\0",
                     "bouncer config error"),
            STRANGER("protocol 4", "\0\0\0\11\0\4\0\0\0", "bad packet header: '0000000900040000'"),
            STRANGER("no closing NUL", "\0\0\0\17\0\3\0\0user\0b\0", "expected terminator as last byte"),
            STRANGER("bytes behind an SSL request", "\0\0\0\10\4\322\26\57x",
                     "received unencrypted data after SSL request"),
            STRANGER("a password unasked", "p\0\0\0\6x\0", "bad packet header"),
            STRANGER("a cancel request for nobody", "\0\0\0\20\4\322\26\56\0\0\0\7\200\0\0\11", ""),
            GUEST("an unknown message", "~\0\0\0\4", "unknown pkt"),
            GUEST("a type of NUL", "\0\0\0\0\4", "unknown pkt"),
            GUEST("a length of 3", "Q\0\0\0\3", "bad packet header: '5100000003'"),
            GUEST("a negative length", "Q\377\377\377\377", "bad packet header: '51ffffffff'"),
            GUEST("a broken length in a segment", PARSE_A "B\0\0\0\3", "bad packet header: '4200000003'"),
            GUEST("a password afterwards", "p\0\0\0\6x\0", "unknown pkt"),
            GUEST("good bye", "X\0\0\0\4", ""),
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                begin("max_prepared_statements = 10");
                if (rows[i].logged_in) {
                        UNIT_ASSERT(caller_log_in(&c[0]));
                        buf_release(&c[0].got);
                } else {
                        caller_call(&c[0]);
                }
                caller_say(&c[0], rows[i].say, rows[i].n);
                UNIT_ASSERT(caller_is_left(&c[0]));
                UNIT_ASSERT(rows[i].told[0] == '\0' ? buf_len(&c[0].got) == 0
                                                    : caller_got(&c[0], rows[i].told));
                unit_row("%s, and then", rows[i].name);
                lives();
                parlour_fini();
        }
}

static void ssl_is_declined_and_the_login_goes_on(void)
{
        begin("");
        caller_call(&c[0]);
        CALLER_SAY(&c[0], "\0\0\0\10\4\322\26\60");
        UNIT_ASSERT(CALLER_HEARS(&c[0], "N"));
        CALLER_SAY(&c[0], "\0\0\0\10\4\322\26\57");
        UNIT_ASSERT(CALLER_HEARS(&c[0], "N"));
        CALLER_SAY(&c[0], "\0\0\0\37\0\3\0\0user\0bob\0database\0app\0\0");
        for (int i = 0; i < 20; i++)
                parlour_turn();
        CALLER_SAY(&c[0], "X\0\0\0\4");
        UNIT_ASSERT(caller_is_left(&c[0]) && caller_got(&c[0], "server_version"));
        parlour_fini();
}

static void a_client_that_goes_takes_an_open_transaction_with_it(void)
{
        static const struct {
                const char *name, *say;
                size_t n;
                const char *answer;
                size_t answer_n;
                bool stays;
                const char *settings;
        } rows[] = {
#define GOES(name, say, answer, stays) {name, say, sizeof(say) - 1, answer, sizeof(answer) - 1, stays, ""}
            GOES("between transactions", QUERY, DONE READY, true),
            GOES("in a transaction", QUERY, DONE IN_TX, false),
            GOES("before the answer", QUERY, "", false),
            GOES("in the middle of a message", "Q\0\0\100\0SELECT", "", true),
            GOES("before its Sync", PARSE_A, "", false),
            {"before its Sync, which is waited for", PARSE_A, sizeof(PARSE_A) - 1, "", 0, true,
             "session_state = 1"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                begin(rows[i].settings);
                UNIT_ASSERT(caller_log_in(&c[0]));
                buf_release(&c[0].got);
                rudeness = rows[i].answer;
                rudeness_n = rows[i].answer_n;
                hangs_up = false;
                parlour.fakes.on_message = answer_rudely;
                caller_say(&c[0], rows[i].say, rows[i].n);
                UNIT_ASSERT(caller_hears(&c[0], rows[i].answer, rows[i].answer_n));
                caller_hang_up(&c[0]);
                for (int k = 0; k < 10; k++)
                        parlour_turn();
                UNIT_ASSERT(fakes_open(&parlour.fakes) == rows[i].stays);
                lives();
                parlour_fini();
        }
}

#define LISTEN     "Q\0\0\0\15LISTEN a\0"
#define RESET      "Q\0\0\0\16RESET ALL\0"
#define RESET_DONE "C\0\0\0\12RESET\0"
#define NOTIFIED   "A\0\0\0\16\0\0\0\7a\0bcd\0"

/* Behind a RESET of a session that keeps its server we set again what it began with; what the server notifies
 * it of meanwhile, before and behind its answer to us, is the client's. */
static void answer_and_notify(struct fakes *fakes, struct fake *fake, const struct msg *m)
{
        static bool listening;

        (void)fakes;
        listening = listening || memmem(m->body, m->body_size, "LISTEN", 6) != NULL;
        if (listening && memmem(m->body, m->body_size, "work_mem", 8) != NULL)
                FAKE_SAY(fake, NOTIFIED FAKE_ANSWER NOTIFIED);
        else if (memmem(m->body, m->body_size, "RESET", 5) != NULL)
                FAKE_SAY(fake, RESET_DONE READY);
        else
                FAKE_SAY(fake, FAKE_ANSWER);
}

static void a_reset_of_a_pinned_session_loses_no_notification(void)
{
        static const char packet[] = "\0\0\0\54\0\3\0\0user\0bob\0database\0app\0work_mem\0006MB\0";

        begin("session_state = 1");
        parlour.fakes.on_message = answer_and_notify;
        UNIT_ASSERT(caller_log_in_with(&c[0], packet, sizeof(packet)));
        buf_release(&c[0].got);
        CALLER_SAY(&c[0], LISTEN);
        UNIT_ASSERT(CALLER_HEARS(&c[0], FAKE_ANSWER));
        CALLER_SAY(&c[0], RESET QUERY);
        UNIT_ASSERT(CALLER_HEARS(&c[0], RESET_DONE READY NOTIFIED NOTIFIED FAKE_ANSWER));
        parlour_fini();
}

static void answer_much(struct fakes *fakes, struct fake *fake, const struct msg *m)
{
        static uint8_t row[8000] = {'D', 0, 0, 0x1f, 0x3f, 0, 1, 0, 0, 0x1f, 0x35};

        (void)fakes;
        (void)m;
        for (int i = 0; i < 2000; i++)
                fake_say(fake, row, sizeof(row));
        FAKE_SAY(fake, DONE READY);
}

/* 16 MB for a client that does not read: they stay where they are. Then it reads, and gets all. */
static void a_slow_client_stops_its_server(void)
{
        const struct client *client;
        size_t unsent;

        begin("");
        UNIT_ASSERT(caller_log_in(&c[0]));
        buf_release(&c[0].got);
        parlour.fakes.on_message = answer_much;
        CALLER_SAY(&c[0], QUERY);
        for (int i = 0; i < 300; i++)
                parlour_turn();
        client = list_item(parlour.room.clients.next, struct client, in_clients);
        unsent = stream_unsent(&client->stream);
        UNIT_ASSERT(unsent > 0 && unsent <= 2 * LOOP_SCRATCH_BYTES);
        UNIT_ASSERT(client->server != NULL && !client->server->stream.reading);
        for (int i = 0; i < 5000 && buf_len(&c[0].got) < 2000 * 8000 + 20; i++) {
                char bytes[65536];
                ssize_t n;

                parlour_turn();
                while ((n = recv(c[0].fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
                        UNIT_ASSERT(buf_append(&c[0].got, bytes, (size_t)n, 64 << 20) == STATUS_OK);
        }
        UNIT_ASSERT(buf_len(&c[0].got) == 2000 * 8000 + 20);
        UNIT_ASSERT(client->server == NULL);
        parlour_fini();
}

UNIT_SUITE(session_relay, UNIT_CASE(welcomes_and_relays), UNIT_CASE(welcome_is_learned_by_another_meanwhile),
           UNIT_CASE(prepared_statements_get_names_that_all_share),
           UNIT_CASE(local_answers_come_in_their_turn), UNIT_CASE(an_error_ends_its_pipeline_and_no_more),
           UNIT_CASE(a_hostile_server_costs_its_client_and_no_more), UNIT_CASE(noise_is_passed_on),
           UNIT_CASE(a_server_with_thousands_of_parameters_is_no_harm),
           UNIT_CASE(a_rude_client_is_told_and_left), UNIT_CASE(ssl_is_declined_and_the_login_goes_on),
           UNIT_CASE(a_reset_of_a_pinned_session_loses_no_notification),
           UNIT_CASE(a_client_that_goes_takes_an_open_transaction_with_it),
           UNIT_CASE(a_slow_client_stops_its_server))
