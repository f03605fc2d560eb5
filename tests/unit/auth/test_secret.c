#include "auth/secret.h"

#include "auth/scram.h"

#include "unit.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Made by PostgreSQL 15 servers: CREATE ROLE ... PASSWORD, then read from pg_authid.rolpassword. */
#define ANN_SCRAM                                                                                            \
        "SCRAM-SHA-256$4096:mv3hlp8BVkAyyuSyuMtPaQ==$W+Wy1mXayR3m661bSOz9QswUYJe4E6jNe3JOELsTkqU="           \
        ":276YQeMzSrws9oPJK02P5P8k4kPoBzoTzDVs3LsRXfs="
#define BOB_SCRAM                                                                                            \
        "SCRAM-SHA-256$4096:W63EjDT1Zs+rxhf76PzXwA==$PEHrBj4hICyf9Tqe76t1nDL/XOQAZCUpY5QpHwd2N1s="           \
        ":BtQhtqbu/hAZnydrGLRhCxkG6aO0+wcy10OL8bFRTWU="
#define M5_MD5 "md5e14c34ce4ef8154dba4c6b14a15ff29a" /* user m5, password hunter2 */

static void tells_kinds_apart(void)
{
        static const struct {
                const char *name, *secret;
                enum secret_kind kind;
        } rows[] = {
            {"null", NULL, SECRET_NONE},
            {"empty", "", SECRET_NONE},
            {"plain", "hunter2", SECRET_PLAIN},
            {"one space", " ", SECRET_PLAIN},
            {"md5", M5_MD5, SECRET_MD5},
            {"md5 of one digit less", "md5e14c34ce4ef8154dba4c6b14a15ff29", SECRET_PLAIN},
            {"md5 of one digit more", M5_MD5 "0", SECRET_PLAIN},
            {"md5 and a letter behind", M5_MD5 "g", SECRET_PLAIN},
            {"md5 in capitals", "md5E14C34CE4EF8154DBA4C6B14A15FF29A", SECRET_PLAIN},
            {"md5 with a letter beyond f", "md5g14c34ce4ef8154dba4c6b14a15ff29a", SECRET_PLAIN},
            {"MD5 spelled in capitals", "MD5e14c34ce4ef8154dba4c6b14a15ff29a", SECRET_PLAIN},
            {"only md5", "md5", SECRET_PLAIN},
            {"scram", ANN_SCRAM, SECRET_SCRAM},
            {"scram cut short", "SCRAM-SHA-256$4096:mv3hlp8BVkAyyuSyuMtPaQ==$W+Wy1mXayR3m", SECRET_PLAIN},
            {"only the scram prefix", "SCRAM-SHA-256$", SECRET_PLAIN},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                UNIT_ASSERT(secret_kind(rows[i].secret) == rows[i].kind);
        }
}

static const uint8_t salt[4] = {0x01, 0x02, 0x03, 0xfe};

/* The answers were computed with coreutils' md5sum: md5(md5(password user) salt). */
static void answers_md5(void)
{
        static const struct {
                const char *name, *secret, *answer;
                enum status status;
        } rows[] = {
            {"plain", "hunter2", "md562bad5642b5883469068175633a83b65", STATUS_OK},
            {"md5", M5_MD5, "md562bad5642b5883469068175633a83b65", STATUS_OK},
            {"other password", "hunter3", "md59be7c479f08c59a2c9e71d9345fd0940", STATUS_OK},
            {"scram", ANN_SCRAM, "", STATUS_INVALID},
            {"none", NULL, "", STATUS_INVALID},
        };
        char out[MD5_ANSWER_SIZE];

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                memset(out, 'x', sizeof(out));
                UNIT_ASSERT(md5_answer(rows[i].secret, "m5", salt, out) == rows[i].status);
                UNIT_ASSERT(memchr(out, '\0', sizeof(out)) != NULL && strcmp(out, rows[i].answer) == 0);
        }
}

static void verifies_md5(void)
{
        static const char right[] = "md562bad5642b5883469068175633a83b65";
        static const struct {
                const char *name, *secret, *user, *answer;
                size_t n;
                bool fits;
        } rows[] = {
            {"plain", "hunter2", "m5", right, 35, true},
            {"md5", M5_MD5, "m5", right, 35, true},
            {"other user, plain", "hunter2", "m6", right, 35, false},
            {"other password", "hunter3", "m5", right, 35, false},
            {"NUL counted", "hunter2", "m5", right, 36, false},
            {"one short", "hunter2", "m5", right, 34, false},
            {"nothing", "hunter2", "m5", "", 0, false},
            {"the stored secret itself", M5_MD5, "m5", M5_MD5, 35, false},
            {"scram secret", ANN_SCRAM, "m5", right, 35, false},
            {"no secret", NULL, "m5", right, 35, false},
            {"no secret, no answer", "", "m5", "", 0, false},
        };
        uint8_t other[4] = {0x01, 0x02, 0x03, 0xff};
        char wrong[sizeof(right)];

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                UNIT_ASSERT(md5_verify(rows[i].secret, rows[i].user, salt, rows[i].answer, rows[i].n) ==
                            rows[i].fits);
        }
        unit_row("other salt");
        UNIT_ASSERT(!md5_verify("hunter2", "m5", other, right, 35));
        for (size_t i = 0; i < 35; i++) {
                unit_row("character %zu changed", i);
                memcpy(wrong, right, sizeof(right));
                wrong[i] ^= 1;
                UNIT_ASSERT(!md5_verify("hunter2", "m5", salt, wrong, 35));
        }
}

static void verifies_plain_against_plain_and_md5(void)
{
        static const struct {
                const char *name, *secret, *user, *password;
                size_t n;
                bool fits;
        } rows[] = {
            {"plain", "hunter2", "m5", "hunter2", 7, true},
            {"plain, wrong", "hunter2", "m5", "hunter3", 7, false},
            {"plain, only the beginning", "hunter2", "m5", "hunter", 6, false},
            {"plain, goes on", "hunter2", "m5", "hunter22", 8, false},
            {"plain, NUL counted", "hunter2", "m5", "hunter2", 8, false},
            {"plain, NUL inside", "hunter2", "m5", "hun\0er2", 7, false},
            {"plain, not to the end of the buffer", "hunter2", "m5", "hunter2!", 7, true},
            {"md5", M5_MD5, "m5", "hunter2", 7, true},
            {"md5, wrong", M5_MD5, "m5", "hunter3", 7, false},
            {"md5, other user", M5_MD5, "m6", "hunter2", 7, false},
            {"md5, not to the end of the buffer", M5_MD5, "m5", "hunter2!", 7, true},
            {"md5, the secret itself", M5_MD5, "m5", M5_MD5, 35, false},
            {"md5, empty", M5_MD5, "m5", "", 0, false},
            {"md5 of an empty password", "md57b1f6dff14d8c2dfeb7da9487be0612d", "m5", "", 0, false},
            {"scram, which is not for this", ANN_SCRAM, "ann", "correct horse battery staple", 28, false},
            {"none", NULL, "ann", "x", 1, false},
            {"none, empty password", "", "ann", "", 0, false},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                UNIT_ASSERT(plain_verify(rows[i].secret, rows[i].user, rows[i].password, rows[i].n) ==
                            rows[i].fits);
        }
}

static void verifies_plain_against_scram(void)
{
        static const struct {
                const char *name, *secret, *password;
                bool fits;
        } rows[] = {
            {"right", ANN_SCRAM, "correct horse battery staple", true},
            {"UTF-8", BOB_SCRAM, "p\xc3\xa4ssw\xc3\xb6rd \xe2\x9c\x93", true},
            {"wrong", ANN_SCRAM, "correct horse battery stapl", false},
            {"other user's", BOB_SCRAM, "correct horse battery staple", false},
            {"empty", ANN_SCRAM, "", false},
            {"the secret itself", ANN_SCRAM, ANN_SCRAM, false},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct scram_verifier verifier, made;
                struct scram_keys keys;

                unit_row("%s", rows[i].name);
                UNIT_ASSERT(scram_verifier_parse(rows[i].secret, &verifier) == STATUS_OK);
                scram_keys_for(&verifier, &keys);
                scram_client_keys(rows[i].password, &keys);
                UNIT_ASSERT(scram_keys_fit(&keys, &verifier) == rows[i].fits);
                scram_verifier_of_keys(&keys, &made);
                UNIT_ASSERT((memcmp(&made, &verifier, sizeof(made)) == 0) == rows[i].fits);
        }
}

static void compares_wipes_and_draws(void)
{
        static const uint8_t zeros[64];
        uint8_t a[64], b[64];

        secret_random(a, sizeof(a));
        secret_random(b, sizeof(b));
        UNIT_ASSERT(!secret_equal(a, b, sizeof(a)) && !secret_equal(a, zeros, sizeof(a)));
        memcpy(b, a, sizeof(b));
        UNIT_ASSERT(secret_equal(a, b, sizeof(a)) && secret_equal(a, b, 0));
        b[63] ^= 0x80;
        UNIT_ASSERT(!secret_equal(a, b, sizeof(a)) && secret_equal(a, b, 63));
        secret_wipe(a, 63);
        UNIT_ASSERT(memcmp(a, zeros, 63) == 0 && a[63] == (b[63] ^ 0x80));
}

/* What differs in its first byte is looked at up to its last one, which may not be read: how long it takes
 * says nothing of where the difference is. */
static void compares_to_the_end(void)
{
        static const uint8_t other[2048] = {1};
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        uint8_t *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        int status = 0;
        pid_t child;

        if (pages == MAP_FAILED || mprotect(pages + page, page, PROT_NONE) != 0) {
                UNIT_ASSERT(false);
                return;
        }
        child = fork();
        if (child == 0) {
                setrlimit(RLIMIT_CORE, &(struct rlimit){0});
                signal(SIGSEGV, SIG_DFL);
                _exit(secret_equal(pages + page - sizeof(other) + 1, other, sizeof(other)) ? 2 : 1);
        }
        UNIT_ASSERT(waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
                    WTERMSIG(status) == SIGSEGV);
        munmap(pages, 2 * page);
}

UNIT_SUITE(auth_secret, UNIT_CASE(tells_kinds_apart), UNIT_CASE(answers_md5), UNIT_CASE(verifies_md5),
           UNIT_CASE(verifies_plain_against_plain_and_md5), UNIT_CASE(verifies_plain_against_scram),
           UNIT_CASE(compares_wipes_and_draws), UNIT_CASE(compares_to_the_end))
