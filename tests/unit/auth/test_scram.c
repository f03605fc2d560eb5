#include "auth/scram_parts.h"
#include "auth/secret.h"

#include "unit.h"

#include <stdio.h>

#define KEY  "W+Wy1mXayR3m661bSOz9QswUYJe4E6jNe3JOELsTkqU="
#define KEY2 "276YQeMzSrws9oPJK02P5P8k4kPoBzoTzDVs3LsRXfs="
#define SALT "mv3hlp8BVkAyyuSyuMtPaQ=="

/* The first row is a real server's, of the password "correct horse battery staple". */
static void parses_verifiers(void)
{
        static const struct {
                const char *name, *secret;
                enum status status;
                uint32_t iterations;
                size_t salt_size;
        } rows[] = {
            {"PostgreSQL 15's", "SCRAM-SHA-256$4096:" SALT "$" KEY ":" KEY2, STATUS_OK, 4096, 16},
            {"fewest iterations", "SCRAM-SHA-256$1:" SALT "$" KEY ":" KEY2, STATUS_OK, 1, 16},
            {"most iterations", "SCRAM-SHA-256$2147483647:" SALT "$" KEY ":" KEY2, STATUS_OK, 2147483647, 16},
            {"salt of one byte", "SCRAM-SHA-256$4096:QQ==$" KEY ":" KEY2, STATUS_OK, 4096, 1},
            {"salt of 64 bytes",
             "SCRAM-SHA-256$4096:"
             "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ=="
             "$" KEY ":" KEY2,
             STATUS_OK, 4096, 64},
            {"salt of 65 bytes",
             "SCRAM-SHA-256$4096:"
             "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
             "$" KEY ":" KEY2,
             STATUS_INVALID, 0, 0},
            {"iterations one too many", "SCRAM-SHA-256$2147483648:" SALT "$" KEY ":" KEY2, STATUS_INVALID, 0,
             0},
            {"iterations wrap around", "SCRAM-SHA-256$4294971392:" SALT "$" KEY ":" KEY2, STATUS_INVALID, 0,
             0},
            {"no iterations", "SCRAM-SHA-256$:" SALT "$" KEY ":" KEY2, STATUS_INVALID, 0, 0},
            {"iterations 0", "SCRAM-SHA-256$0:" SALT "$" KEY ":" KEY2, STATUS_INVALID, 0, 0},
            {"iterations signed", "SCRAM-SHA-256$+4096:" SALT "$" KEY ":" KEY2, STATUS_INVALID, 0, 0},
            {"no salt", "SCRAM-SHA-256$4096:$" KEY ":" KEY2, STATUS_INVALID, 0, 0},
            {"salt not base64", "SCRAM-SHA-256$4096:mv3h!p8BVkAyyuSyuMtPaQ==$" KEY ":" KEY2, STATUS_INVALID,
             0, 0},
            {"no keys", "SCRAM-SHA-256$4096:" SALT, STATUS_INVALID, 0, 0},
            {"one key", "SCRAM-SHA-256$4096:" SALT "$" KEY, STATUS_INVALID, 0, 0},
            {"second key empty", "SCRAM-SHA-256$4096:" SALT "$" KEY ":", STATUS_INVALID, 0, 0},
            {"first key short", "SCRAM-SHA-256$4096:" SALT "$QUFB:" KEY2, STATUS_INVALID, 0, 0},
            {"second key short", "SCRAM-SHA-256$4096:" SALT "$" KEY ":QUFB", STATUS_INVALID, 0, 0},
            {"second key of 33 bytes",
             "SCRAM-SHA-256$4096:" SALT "$" KEY ":QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB",
             STATUS_INVALID, 0, 0},
            {"goes on", "SCRAM-SHA-256$4096:" SALT "$" KEY ":" KEY2 " ", STATUS_INVALID, 0, 0},
            {"begins late", " SCRAM-SHA-256$4096:" SALT "$" KEY ":" KEY2, STATUS_INVALID, 0, 0},
            {"other hash", "SCRAM-SHA-512$4096:" SALT "$" KEY ":" KEY2, STATUS_INVALID, 0, 0},
            {"prefix in small letters", "scram-sha-256$4096:" SALT "$" KEY ":" KEY2, STATUS_INVALID, 0, 0},
            {"only the prefix", "SCRAM-SHA-256$", STATUS_INVALID, 0, 0},
            {"half the prefix", "SCRAM-SHA", STATUS_INVALID, 0, 0},
            {"empty", "", STATUS_INVALID, 0, 0},
        };
        static const struct scram_verifier zeros;
        struct scram_verifier v;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                memset(&v, 0xff, sizeof(v));
                UNIT_ASSERT(scram_verifier_parse(rows[i].secret, &v) == rows[i].status);
                if (rows[i].status == STATUS_OK)
                        UNIT_ASSERT(v.iterations == rows[i].iterations && v.salt_size == rows[i].salt_size);
                else
                        UNIT_ASSERT(memcmp(&v, &zeros, sizeof(v)) == 0);
        }
}

static void derives_what_postgres_stores(void)
{
        struct scram_verifier v;
        struct scram_keys keys = {0};
        uint8_t stored_key[SCRAM_KEY_SIZE];

        UNIT_ASSERT(scram_verifier_parse("SCRAM-SHA-256$4096:" SALT "$" KEY ":" KEY2, &v) == STATUS_OK);
        keys.iterations = v.iterations;
        keys.salt_size = v.salt_size;
        memcpy(keys.salt, v.salt, v.salt_size);
        scram_client_keys("correct horse battery staple", &keys);
        scram_stored_key(keys.client_key, stored_key);
        UNIT_ASSERT(memcmp(stored_key, v.stored_key, SCRAM_KEY_SIZE) == 0);
        UNIT_ASSERT(memcmp(keys.server_key, v.server_key, SCRAM_KEY_SIZE) == 0);
}

static void salts_new_verifiers(void)
{
        struct scram_verifier a, b;
        struct scram_keys keys = {0};
        uint8_t stored_key[SCRAM_KEY_SIZE];

        scram_verifier_from_password("pencil", 3, &a);
        scram_verifier_from_password("pencil", 3, &b);
        UNIT_ASSERT(a.iterations == 3 && a.salt_size == 16);
        UNIT_ASSERT(memcmp(a.salt, b.salt, 16) != 0);
        UNIT_ASSERT(memcmp(a.stored_key, b.stored_key, SCRAM_KEY_SIZE) != 0);
        keys.iterations = 3;
        keys.salt_size = 16;
        memcpy(keys.salt, a.salt, 16);
        scram_client_keys("pencil", &keys);
        scram_stored_key(keys.client_key, stored_key);
        UNIT_ASSERT(memcmp(stored_key, a.stored_key, SCRAM_KEY_SIZE) == 0);
        UNIT_ASSERT(memcmp(keys.server_key, a.server_key, SCRAM_KEY_SIZE) == 0);
}

static void mocks_look_real(void)
{
        static const uint8_t key[SCRAM_KEY_SIZE] = "a key of this process, 32 bytes",
                             other[SCRAM_KEY_SIZE] = "?";
        struct scram_verifier a, again, neighbour, elsewhere, real;

        memset(&a, 0xff, sizeof(a));
        memset(&again, 0x55, sizeof(again));
        scram_verifier_mock("nobody", key, 4096, &a);
        scram_verifier_mock("nobody", key, 4096, &again);
        scram_verifier_mock("nobody2", key, 4096, &neighbour);
        scram_verifier_mock("nobody", other, 4096, &elsewhere);
        scram_verifier_from_password("pencil", 1, &real);
        UNIT_ASSERT(memcmp(&a, &again, sizeof(a)) == 0);
        UNIT_ASSERT(a.iterations == 4096 && a.salt_size == real.salt_size);
        UNIT_ASSERT(memcmp(a.salt, neighbour.salt, a.salt_size) != 0);
        UNIT_ASSERT(memcmp(a.salt, elsewhere.salt, a.salt_size) != 0);
        UNIT_ASSERT(memcmp(a.stored_key, neighbour.stored_key, SCRAM_KEY_SIZE) != 0);
        UNIT_ASSERT(memcmp(a.stored_key, a.server_key, SCRAM_KEY_SIZE) != 0);
}

static void decodes_base64_strictly(void)
{
        static const struct {
                const char *name, *text;
                size_t max;
                int size; /* -1: refused */
        } rows[] = {
            {"one byte", "QQ==", 64, 1},
            {"two bytes", "QUE=", 64, 2},
            {"three bytes", "QUFB", 64, 3},
            {"both special characters", "+/+/", 64, 3},
            {"exactly max", "QUFB", 3, 3},
            {"more than max", "QUFB", 2, -1},
            {"empty", "", 64, -1},
            {"no padding", "QQ", 64, -1},
            {"half the padding", "QQ=", 64, -1},
            {"too much padding", "Q===", 64, -1},
            {"only padding", "====", 64, -1},
            {"padding inside", "QQ==QUFB", 64, -1},
            {"padding first", "=QUF", 64, -1},
            {"bits hidden by one =", "QUF=", 64, -1},
            {"bits hidden by two =", "QR==", 64, -1},
            {"space in front", " QUFB", 64, -1},
            {"space for a character", " QUF", 64, -1},
            {"space behind", "QUFB    ", 64, -1},
            {"newline", "QUF\n", 64, -1},
            {"URL alphabet", "-_-_", 64, -1},
            {"not ASCII", "QUF\xc3", 64, -1},
        };
        uint8_t out[SCRAM_SALT_MAX];
        char text[SCRAM_BASE64_SIZE(SCRAM_SALT_MAX)];
        size_t size;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                bool done;

                unit_row("%s", rows[i].name);
                size = 0;
                done = scram_base64_decode(sv_cstr(rows[i].text), out, rows[i].max, &size);
                UNIT_ASSERT(done == (rows[i].size >= 0));
                if (done) {
                        UNIT_ASSERT(size == (size_t)rows[i].size);
                        scram_base64_encode(out, size, text);
                        UNIT_ASSERT(strcmp(text, rows[i].text) == 0);
                }
        }
        unit_row("NUL inside");
        UNIT_ASSERT(!scram_base64_decode(sv_from("QU\0B", 4), out, 64, &size));
}

static void counts_iterations_strictly(void)
{
        static const struct {
                const char *name, *text;
                uint32_t n; /* 0: refused */
        } rows[] = {
            {"least", "1", 1},
            {"usual", "4096", 4096},
            {"most", "1048576", 1048576},
            {"one too many", "1048577", 0},
            {"2^31", "2147483648", 0},
            {"2^32 + 1", "4294967297", 0},
            {"twenty digits", "18446744073709551617", 0},
            {"zero", "0", 0},
            {"leading zero", "04096", 0},
            {"empty", "", 0},
            {"plus", "+4096", 0},
            {"minus", "-1", 0},
            {"space in front", " 4096", 0},
            {"space behind", "4096 ", 0},
            {"hex", "0x1000", 0},
            {"letter behind", "4096a", 0},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                uint32_t n = 0;

                unit_row("%s", rows[i].name);
                UNIT_ASSERT(scram_iterations_parse(sv_cstr(rows[i].text), 1048576, &n) == (rows[i].n != 0));
                if (rows[i].n != 0)
                        UNIT_ASSERT(n == rows[i].n);
        }
}

UNIT_SUITE(auth_scram, UNIT_CASE(parses_verifiers), UNIT_CASE(derives_what_postgres_stores),
           UNIT_CASE(salts_new_verifiers), UNIT_CASE(mocks_look_real), UNIT_CASE(decodes_base64_strictly),
           UNIT_CASE(counts_iterations_strictly))
