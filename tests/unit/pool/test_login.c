#include "pool/login.h"

#include "auth/secret.h"
#include "base/clock.h"
#include "pool/stage.h"
#include "unit.h"

static struct guest *const g = stage.guest;

#define BYTES(literal) literal, sizeof(literal) - 1
#define READY          "Z\0\0\0\5I"
#define OK             "R\0\0\0\10\0\0\0\0"

static const struct row {
        const char *name, *bytes;
        size_t n;
        bool hang_up;
        enum pool_trouble trouble;
        const char *sqlstate, *text;
} rows[] = {
    {"wrong password", BYTES("E\0\0\0\35SFATAL\0C28P01\0Mno entry\0\0"), true, POOL_REJECTED, "28P01",
     "no entry"},
    {"no such database", BYTES("E\0\0\0\34SFATAL\0C3D000\0Mno such\0\0"), true, POOL_REJECTED, "3D000",
     "no such"},
    {"starting up", BYTES("E\0\0\0\34SFATAL\0C57P03\0Mstarts!\0\0"), true, POOL_UNREACHABLE, "57P03",
     "starts!"},
    {"shutting down after the login", BYTES(OK "E\0\0\0\34SFATAL\0C57P01\0Mstops!!\0\0"), true, POOL_REJECTED,
     "57P01", "stops!!"},
    {"an error without a code", BYTES("E\0\0\0\15Mwhatever"), true, POOL_REJECTED, "08P01", ""},
    {"an empty error", BYTES("E\0\0\0\5\0"), true, POOL_REJECTED, "08P01", ""},
    {"closed at once", BYTES(""), true, POOL_UNREACHABLE, "08006", "server conn crashed?"},
    {"closed after the login", BYTES(OK), true, POOL_UNREACHABLE, "08006", "server conn crashed?"},
    {"closed in a head", BYTES(OK "S\0\0"), true, POOL_UNREACHABLE, "08006", "server conn crashed?"},
    {"closed in a body", BYTES(OK "S\0\0\0\40Time"), true, POOL_UNREACHABLE, "08006", "server conn crashed?"},
    {"not PostgreSQL", BYTES("HTTP/1.1 400 Bad Request\r\n\r\n"), true, POOL_REJECTED, "08006",
     "too large a message"},
    {"length 3", BYTES("R\0\0\0\3"), false, POOL_REJECTED, "08006", "broken packet"},
    {"a negative length", BYTES("R\377\377\377\377\0\0\0\0"), false, POOL_REJECTED, "08006", "broken packet"},
    {"authentication without a number", BYTES("R\0\0\0\6\0\0"), false, POOL_REJECTED, "08P01",
     "malformed authentication request"},
    {"authentication of an unknown kind", BYTES("R\0\0\0\10\0\0\0\143"), false, POOL_REJECTED, "08P01",
     "authentication method 99, which is unsupported"},
    {"Kerberos", BYTES("R\0\0\0\10\0\0\0\7"), false, POOL_REJECTED, "08P01", "method 7"},
    {"clear text and there is none: an empty one, and the server says what it thinks of that",
     BYTES("R\0\0\0\10\0\0\0\3E\0\0\0\35SFATAL\0C28P01\0Mno entry\0\0"), false, POOL_REJECTED, "28P01",
     "no entry"},
    {"md5 and there is none", BYTES("R\0\0\0\14\0\0\0\5abcd"), false, POOL_REJECTED, "08P01",
     "server login failed: wrong password type"},
    {"md5 with a short salt", BYTES("R\0\0\0\13\0\0\0\5abc"), false, POOL_REJECTED, "08P01", "malformed md5"},
    {"SASL without a mechanism", BYTES("R\0\0\0\11\0\0\0\12\0"), false, POOL_REJECTED, "08P01",
     "none of the server's SASL authentication mechanisms are supported"},
    {"SASL of an unknown kind", BYTES("R\0\0\0\17\0\0\0\12OAUTH\0\0"), false, POOL_REJECTED, "08P01",
     "none of the server's SASL authentication mechanisms are supported"},
    {"SASL without an end", BYTES("R\0\0\0\20\0\0\0\12SCRAM-SH"), false, POOL_REJECTED, "08P01",
     "none of the server's SASL authentication mechanisms are supported"},
    {"SASL twice", BYTES("R\0\0\0\27\0\0\0\12SCRAM-SHA-256\0\0R\0\0\0\27\0\0\0\12SCRAM-SHA-256\0\0"), false,
     POOL_REJECTED, "08P01", "began SASL twice"},
    {"SASL goes on before it began", BYTES("R\0\0\0\13\0\0\0\13r=x"), false, POOL_REJECTED, "08P01",
     "SCRAM challenge"},
    {"SASL ends before it began", BYTES("R\0\0\0\13\0\0\0\14v=x"), false, POOL_REJECTED, "08P01",
     "invalid server signature"},
    {"SASL with the nonce of another",
     BYTES("R\0\0\0\27\0\0\0\12SCRAM-SHA-256\0\0R\0\0\0\33\0\0\0\13r=abc,s=QUJD,i=4096"), false,
     POOL_REJECTED, "08P01", "SCRAM challenge"},
    {"SASL without its proof", BYTES("R\0\0\0\27\0\0\0\12SCRAM-SHA-256\0\0" OK READY), false, POOL_REJECTED,
     "08P01", "without its proof"},
    {"a parameter without its NUL", BYTES(OK "S\0\0\0\7a\0b" READY), false, POOL_REJECTED, "08P01",
     "malformed ParameterStatus"},
    {"a parameter without a value", BYTES(OK "S\0\0\0\6a\0" READY), false, POOL_REJECTED, "08P01",
     "malformed ParameterStatus"},
    {"a short key", BYTES(OK "K\0\0\0\13\0\0\0\1\0\0\0" READY), false, POOL_REJECTED, "08P01",
     "malformed BackendKeyData"},
    {"ready in a transaction", BYTES(OK "Z\0\0\0\5T"), false, POOL_REJECTED, "08P01",
     "malformed ReadyForQuery"},
    {"ready without a status", BYTES(OK "Z\0\0\0\4"), false, POOL_REJECTED, "08P01",
     "malformed ReadyForQuery"},
    {"a row", BYTES(OK "D\0\0\0\6\0\0"), false, POOL_REJECTED, "08P01", "broke the protocol during login"},
};

static void says_what_went_wrong(void)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct refusal *r;

                unit_row("%s", rows[i].name);
                stage_init(1, "", "");
                stage.fakes.login = rows[i].bytes;
                stage.fakes.login_n = rows[i].n;
                stage.fakes.hang_up = rows[i].hang_up;
                stage_lease(&g[0], 0);
                if (!stage_till(last_known)) {
                        UNIT_ASSERT(!"it waits");
                        stage_fini();
                        continue;
                }
                stage_rest(2);
                r = &stage.pool[0]->last;
                UNIT_ASSERT(stage.pool[0]->last_trouble == rows[i].trouble);
                UNIT_ASSERT(strcmp(r->severity, "FATAL") == 0 && strcmp(r->sqlstate, rows[i].sqlstate) == 0);
                UNIT_ASSERT(strstr(r->text, rows[i].text) != NULL);
                UNIT_ASSERT(stage.pool[0]->login_count == 0 && atomic_load(&stage.pool[0]->quota->open) == 0);
                /* A login that is refused is told at once; a server that is away is waited for. */
                UNIT_ASSERT(g[0].failed == (rows[i].trouble == POOL_REJECTED) && g[0].server == NULL);
                UNIT_ASSERT(g[0].failed == 0 || strcmp(g[0].refusal.text, r->text) == 0);
                stage_fini();
        }
}

static bool settled(void)
{
        return stage.granted == 1 || last_known();
}

static void a_good_one_may_come_in_drops(void)
{
        stage_init(1, "", "");
        stage.fakes.drop_by_drop = true;
        stage_lease(&g[0], 0);
        UNIT_ASSERT(stage_till(settled) && g[0].server != NULL);
        stage_fini();
}

static char parameters[200000];

/* "aa", "ab", ...: each with an empty value. */
static void flood(size_t count, bool large)
{
        char *p = parameters;

        memcpy(p, BYTES(OK));
        p += 9;
        for (size_t i = 0; i < count; i++) {
                static const char letters[] =
                    "!#$%&()*+-./0123456789:<=>?@abcdefghijklmnopqrstuvwxyz[]^_{|}~";

                memcpy(p, "S\0\0\0\10", 5);
                p[5] = letters[i % 62];
                p[6] = letters[i / 62 % 62];
                p[7] = p[8] = '\0';
                p += 9;
        }
        if (large) {
                memcpy(p, "S\0\4\200\0", 5);
                p += 150000;
        }
        stage.fakes.login = parameters;
        stage.fakes.login_n = (size_t)(p - parameters);
}

static void a_flood_is_cut_off(void)
{
        stage_init(1, "", "");
        memset(parameters, 0, sizeof(parameters));
        flood(3844, false); /* 15376 bytes of names and values: still within the bound */
        memcpy(parameters + stage.fakes.login_n, "S\0\0\6\5bulk", 9);
        memset(parameters + stage.fakes.login_n + 9, 'x', 1536);
        stage.fakes.login_n += 1542;
        stage_lease(&g[0], 0);
        UNIT_ASSERT(stage_till(last_known));
        UNIT_ASSERT(strstr(stage.pool[0]->last.text, "malformed ParameterStatus") != NULL);
        stage_fini();
        stage_init(1, "", "");
        memset(parameters, 0, sizeof(parameters));
        flood(0, true); /* one message of 294 KB, of which it sends a part: it is not waited for */
        stage_lease(&g[0], 0);
        UNIT_ASSERT(stage_till(last_known) && stage.pool[0]->login_count == 0);
        UNIT_ASSERT(strstr(stage.pool[0]->last.text, "too large a message") != NULL);
        stage_fini();
}

/* The next one is not let wait for what has just failed; after server_login_retry it is tried again. */
static void a_refused_login_is_remembered_for_a_while(void)
{
        struct refusal r;

        stage_init(1, "", "server_login_retry = 7");
        stage.fakes.login = rows[0].bytes;
        stage.fakes.login_n = rows[0].n;
        stage_lease(&g[0], 0);
        UNIT_ASSERT(stage_till(last_known) && g[0].failed == 1);
        UNIT_ASSERT(pool_refuses(stage.pool[0], &r) && stage.fakes.count == 1);
        UNIT_ASSERT(
            strcmp(r.text, "server login has been failing, cached error: no entry (server_login_retry)") ==
            0);
        UNIT_ASSERT(strcmp(r.severity, "FATAL") == 0 && strcmp(r.sqlstate, "08P01") == 0);
        UNIT_ASSERT(stage.pool[0]->retry_us > loop_now(&stage.loop[0]) + 6 * US_PER_SEC);
        stage.pool[0]->retry_us -= 8 * US_PER_SEC;
        stage.fakes.login = NULL;
        /* Who asks now is refused as well, but finds out for those who come later. */
        UNIT_ASSERT(pool_refuses(stage.pool[0], &r) && stage.pool[0]->login_count == 1);
        UNIT_ASSERT(pool_refuses(stage.pool[0], &r) && stage.pool[0]->login_count == 1);
        UNIT_ASSERT(stage_till(all_quiet) && !pool_refuses(stage.pool[0], &r));
        UNIT_ASSERT(stage_lease(&g[2], 0) && g[2].server != NULL);
        stage_fini();
}

/* Health sees nothing wrong with the node, and yet no connection is made: it is tried less and less often,
 * until health has news. */
static void a_clusters_node_is_tried_less_often(void)
{
        static const int expected_ms[] = {50, 100, 200, 400, 800, 1000, 1000};
        struct pool *pool;

        stage_init(1, "target_session_attrs=primary", "");
        pool = stage.pool[0];
        stage.fakes.login = "";
        stage.fakes.hang_up = true;
        for (size_t i = 0; i < sizeof(expected_ms) / sizeof(expected_ms[0]); i++) {
                pool->last.severity = NULL;
                pool->retry_us = 0;
                unit_row("attempt %d", (int)i + 1);
                UNIT_ASSERT(!stage_lease(&g[i], 0));
                UNIT_ASSERT(stage_till(last_known) && g[i].failed == 1 && g[i].trouble == POOL_UNREACHABLE);
                UNIT_ASSERT(pool->backoff_us == expected_ms[i] * US_PER_MS);
                UNIT_ASSERT(pool->retry_us > loop_now(&stage.loop[0]) + (expected_ms[i] - 50) * US_PER_MS);
        }
        stage_lease(&g[8], 0);
        stage_rest(5);
        UNIT_ASSERT(pool->login_count == 0 && pool->queue_count == 1);
        stage.fakes.login = NULL;
        stage.fakes.hang_up = false;
        pools_hurry(&stage.pools[0]);
        UNIT_ASSERT(stage_till(all_quiet) && g[8].server != NULL && pool->backoff_us == 0);
        stage_fini();
}

/* With a server connected: who is in waits for that one, who logs in is told. */
static void a_refused_login_is_the_answer_to_who_logs_in(void)
{
        stage_init(1, "pool_size=2", "");
        UNIT_ASSERT(!stage_lease(&g[0], 0) && stage_till(all_quiet) && g[0].server != NULL);
        stage.fakes.login = rows[0].bytes;
        stage.fakes.login_n = rows[0].n;
        g[2].waiter.login = true;
        stage_lease(&g[1], 0);
        stage_lease(&g[2], 0);
        UNIT_ASSERT(stage_till(last_known));
        UNIT_ASSERT(g[1].failed == 0 && g[2].failed == 1 && stage.pool[0]->queue_count == 1);
        stage_give_back(&g[0]);
        UNIT_ASSERT(stage_till(all_quiet) && g[1].server != NULL);
        stage_fini();
}

static char answer[200];

static void take_password(struct fakes *fakes, struct fake *fake, const struct msg *m)
{
        (void)fakes;
        if (m->type != FE_PASSWORD)
                return;
        snprintf(answer, sizeof(answer), "%.*s", (int)m->body_size, (const char *)m->body);
        FAKE_SAY(fake, OK READY);
}

static void gives_the_password_that_is_asked_for(void)
{
        char md5[MD5_ANSWER_SIZE];

        UNIT_ASSERT(md5_answer("pencil", "bob", (const uint8_t *)"abcd", md5) == STATUS_OK);
        for (int way = 0; way < 2; way++) {
                unit_row("%s", way == 0 ? "clear text" : "md5");
                stage_init(1, "password=pencil", "");
                stage.fakes.login = way == 0 ? "R\0\0\0\10\0\0\0\3" : "R\0\0\0\14\0\0\0\5abcd";
                stage.fakes.login_n = way == 0 ? 9 : 13;
                stage.fakes.on_message = take_password;
                stage_lease(&g[0], 0);
                UNIT_ASSERT(stage_till(settled) && g[0].server != NULL);
                UNIT_ASSERT(strcmp(answer, way == 0 ? "pencil" : md5) == 0);
                stage_fini();
        }
}

static void keeps_a_clear_text_password(void)
{
        static const struct {
                int when; /* server_cleartext_password; the stage has neither TLS nor Unix sockets */
                bool given;
        } cases[] = {{CLEARTEXT_ALWAYS, true}, {CLEARTEXT_TLS, false}, {CLEARTEXT_NEVER, false}};

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                unit_row("%d", cases[i].when);
                stage_init(1, "password=pencil", "");
                stage.conf->opt.server_cleartext_password = cases[i].when;
                stage.fakes.login = "R\0\0\0\10\0\0\0\3";
                stage.fakes.login_n = 9;
                stage.fakes.on_message = take_password;
                answer[0] = '\0';
                stage_lease(&g[0], 0);
                UNIT_ASSERT(stage_till(settled));
                UNIT_ASSERT((g[0].server != NULL) == cases[i].given);
                UNIT_ASSERT((strcmp(answer, "pencil") == 0) == cases[i].given);
                UNIT_ASSERT(cases[i].given ||
                            strstr(stage.pool[0]->last.text, "server_cleartext_password") != NULL);
                stage_fini();
        }
}

/* ---- SCRAM, with our own server's half ---- */

static struct scram_server scram;
static bool lies;
static int step, proofs;

static void say_auth(struct fake *fake, uint32_t request, const char *text)
{
        uint8_t head[9] = {'R'};

        put_u32(head + 1, (uint32_t)strlen(text) + 8);
        put_u32(head + 5, request);
        fake_say(fake, head, sizeof(head));
        fake_say(fake, text, strlen(text));
}

static void take_scram(struct fakes *fakes, struct fake *fake, const struct msg *m)
{
        struct reader r = reader_of(m);
        char out[SCRAM_MESSAGE_MAX];
        struct scram_verifier verifier;
        struct scram_keys keys;

        (void)fakes;
        if (m->type == FE_PASSWORD && step++ == 0) {
                UNIT_ASSERT(sv_is(take_cstr(&r), "SCRAM-SHA-256") && take_u32(&r) == r.n);
                scram_verifier_from_password("pencil", 2, &verifier);
                UNIT_ASSERT(scram_server_first(&scram, &verifier, false, sv_from(r.p, r.n), out) ==
                            STATUS_OK);
                say_auth(fake, AUTH_REQ_SASL_CONTINUE, out);
        } else if (m->type == FE_PASSWORD) {
                if (scram_server_final(&scram, sv_from(r.p, r.n), out, &keys) != STATUS_OK) {
                        fake_say(fake, rows[0].bytes, rows[0].n);
                        return;
                }
                proofs++;
                if (lies)
                        out[5] = out[5] == 'A' ? 'B' : 'A';
                say_auth(fake, AUTH_REQ_SASL_FINAL, out);
                FAKE_SAY(fake, OK READY);
        }
}

static void proves_itself_with_scram_and_wants_proof(void)
{
        static const struct {
                const char *name, *line;
                bool lies, in;
                int proofs;
                const char *text;
        } scrams[] = {
            {"the right password", "password=pencil", false, true, 1, NULL},
            {"a wrong one", "password=pen", false, false, 0, "no entry"},
            {"none", "", false, false, 0, "no entry"},
            {"a server that does not know it", "password=pencil", true, false, 1, "invalid server signature"},
        };

        for (size_t i = 0; i < sizeof(scrams) / sizeof(scrams[0]); i++) {
                unit_row("%s", scrams[i].name);
                stage_init(1, scrams[i].line, "");
                stage.fakes.login = "R\0\0\0\27\0\0\0\12SCRAM-SHA-256\0\0";
                stage.fakes.login_n = 24;
                stage.fakes.on_message = take_scram;
                step = proofs = 0;
                lies = scrams[i].lies;
                stage_lease(&g[0], 0);
                UNIT_ASSERT(stage_till(settled));
                UNIT_ASSERT((g[0].server != NULL) == scrams[i].in && proofs == scrams[i].proofs);
                UNIT_ASSERT(scrams[i].text == NULL ||
                            strstr(stage.pool[0]->last.text, scrams[i].text) != NULL);
                stage_fini();
        }
}

UNIT_SUITE(pool_login, UNIT_CASE(says_what_went_wrong), UNIT_CASE(a_good_one_may_come_in_drops),
           UNIT_CASE(a_flood_is_cut_off), UNIT_CASE(a_refused_login_is_remembered_for_a_while),
           UNIT_CASE(a_refused_login_is_the_answer_to_who_logs_in),
           UNIT_CASE(a_clusters_node_is_tried_less_often), UNIT_CASE(gives_the_password_that_is_asked_for),
           UNIT_CASE(keeps_a_clear_text_password), UNIT_CASE(proves_itself_with_scram_and_wants_proof))
