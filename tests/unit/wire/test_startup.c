#include "wire/startup.h"

#include "unit.h"

#include <stdlib.h>

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct row {
        const char *name;
        const char *bytes;
        size_t n;
        enum status status;
        enum startup_kind kind;
        size_t size;
} rows[] = {
    {"a session", BYTES("\0\0\0\36\0\3\0\0user\0bob\0database\0db\0\0"), STATUS_OK, STARTUP_SESSION, 30},
    {"no parameters", BYTES("\0\0\0\11\0\3\0\0\0"), STATUS_OK, STARTUP_SESSION, 9},
    {"an empty value", BYTES("\0\0\0\17\0\3\0\0user\0\0\0"), STATUS_OK, STARTUP_SESSION, 15},
    {"a minor version", BYTES("\0\0\0\11\0\3\0\2\0"), STATUS_OK, STARTUP_SESSION, 9},
    {"bytes behind it", BYTES("\0\0\0\11\0\3\0\0\0Q\0\0"), STATUS_OK, STARTUP_SESSION, 9},
    {"a cancel request", BYTES("\0\0\0\20\4\322\26\56\0\0\0\7\200\0\0\11"), STATUS_OK, STARTUP_CANCEL, 16},
    {"an SSL request", BYTES("\0\0\0\10\4\322\26\57"), STATUS_OK, STARTUP_SSL, 8},
    {"a GSS request", BYTES("\0\0\0\10\4\322\26\60"), STATUS_OK, STARTUP_GSSENC, 8},
    {"protocol 2", BYTES("\0\0\0\12\0\2\0\0xx"), STATUS_OK, STARTUP_OLD, 10},
    {"protocol 4", BYTES("\0\0\0\11\0\4\0\0\0"), STATUS_OK, STARTUP_UNKNOWN, 9},
    {"protocol 0", BYTES("\0\0\0\11\0\0\0\0\0"), STATUS_OK, STARTUP_UNKNOWN, 9},
    /* impossible */
    {"length 0", BYTES("\0\0\0\0\0\3\0\0"), STATUS_INVALID, 0, 0},
    {"length 7", BYTES("\0\0\0\7\0\3\0\0"), STATUS_INVALID, 0, 0},
    {"one above the largest", BYTES("\0\0\47\21\0\3\0\0"), STATUS_INVALID, 0, 0},
    {"gigabytes", BYTES("\177\377\377\377\0\3\0\0"), STATUS_INVALID, 0, 0},
    {"negative", BYTES("\377\377\377\377\0\3\0\0"), STATUS_INVALID, 0, 0},
    {"an HTTP request", BYTES("GET / HTTP/1.1\r\n\r\n"), STATUS_INVALID, 0, 0},
    {"a TLS hello", BYTES("\26\3\1\2\0\1\0\1\374"), STATUS_INVALID, 0, 0},
    {"an SSL request that is longer", BYTES("\0\0\0\11\4\322\26\57\0"), STATUS_INVALID, 0, 0},
    {"a GSS request that is longer", BYTES("\0\0\0\11\4\322\26\60\0"), STATUS_INVALID, 0, 0},
    {"a cancel request without a secret", BYTES("\0\0\0\14\4\322\26\56\0\0\0\7"), STATUS_INVALID, 0, 0},
    {"a cancel request with a secret of 3 bytes", BYTES("\0\0\0\17\4\322\26\56\0\0\0\7\0\0\0"),
     STATUS_INVALID, 0, 0},
    {"a cancel request with a longer secret", BYTES("\0\0\0\21\4\322\26\56\0\0\0\7\0\0\0\11x"), STATUS_OK,
     STARTUP_CANCEL, 17},
    {"no closing NUL", BYTES("\0\0\0\20\0\3\0\0user\0bo\0"), STATUS_INVALID, 0, 0},
    {"nothing behind the version", BYTES("\0\0\0\10\0\3\0\0"), STATUS_INVALID, 0, 0},
    {"a name without a value", BYTES("\0\0\0\15\0\3\0\0user\0"), STATUS_INVALID, 0, 0},
    {"a value without its NUL", BYTES("\0\0\0\20\0\3\0\0user\0bob"), STATUS_INVALID, 0, 0},
    {"bytes behind the closing NUL", BYTES("\0\0\0\22\0\3\0\0user\0b\0\0xx"), STATUS_INVALID, 0, 0},
};

/* From memory of exactly `n` bytes, so that a sanitizer sees a look too far. */
static enum status read_exact(const struct row *row, size_t n, struct startup *out)
{
        uint8_t *copy = malloc(n > 0 ? n : 1);
        enum status status;

        memcpy(copy, row->bytes, n);
        status = startup_read(copy, n, out);
        free(copy);
        return status;
}

static void reads_all_kinds(void)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct startup s;

                unit_row("%s", rows[i].name);
                UNIT_ASSERT(read_exact(&rows[i], rows[i].n, &s) == rows[i].status);
                if (rows[i].status == STATUS_OK)
                        UNIT_ASSERT(s.kind == rows[i].kind && s.size == rows[i].size);
        }
}

static void waits_for_the_rest_of_every_packet(void)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct startup s;

                for (size_t n = 0; rows[i].status == STATUS_OK && n < rows[i].size; n++) {
                        unit_row("%s, %zu bytes", rows[i].name, n);
                        UNIT_ASSERT(read_exact(&rows[i], n, &s) == STATUS_AGAIN);
                }
                for (size_t n = 0; rows[i].status != STATUS_OK && n < rows[i].n; n++) {
                        enum status status = read_exact(&rows[i], n, &s);

                        unit_row("%s, %zu bytes", rows[i].name, n);
                        UNIT_ASSERT(status == STATUS_AGAIN || status == STATUS_INVALID);
                }
        }
}

/* What is too large or too small is known from its first four bytes: nobody waits for the rest. */
static void refuses_a_length_at_once(void)
{
        static const struct {
                const char *name;
                uint8_t head[4];
                enum status status;
        } lengths[] = {
            {"0", {0, 0, 0, 0}, STATUS_INVALID},         {"4", {0, 0, 0, 4}, STATUS_INVALID},
            {"7", {0, 0, 0, 7}, STATUS_INVALID},         {"8", {0, 0, 0, 8}, STATUS_AGAIN},
            {"10000", {0, 0, 0x27, 0x10}, STATUS_AGAIN}, {"10001", {0, 0, 0x27, 0x11}, STATUS_INVALID},
            {"2 GB", {0x80, 0, 0, 0}, STATUS_INVALID}};

        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
                struct startup s;

                unit_row("%s", lengths[i].name);
                UNIT_ASSERT(startup_read(lengths[i].head, 4, &s) == lengths[i].status);
        }
}

static void the_largest_packet_is_read(void)
{
        uint8_t *p = calloc(1, STARTUP_MAX);
        struct startup s;

        put_u32(p, STARTUP_MAX);
        put_u32(p + 4, PROTO_3_0);
        memcpy(p + 8, "user", 5);
        memset(p + 13, 'x', STARTUP_MAX - 15);
        UNIT_ASSERT(startup_read(p, STARTUP_MAX - 1, &s) == STATUS_AGAIN);
        UNIT_ASSERT(startup_read(p, STARTUP_MAX, &s) == STATUS_OK && s.size == STARTUP_MAX);
        free(p);
}

static void gives_parameters_and_keys(void)
{
        static const char session[] =
            "\0\0\0\70\0\3\0\2user\0bob\0_pq_.a\0on\0search_path\0a,b\0_pq_.b\0\0x\0y\0";
        static const char *const pairs[] = {"user", "bob",    "_pq_.a", "on", "search_path",
                                            "a,b",  "_pq_.b", "",       "x",  "y"};
        struct sv name, value;
        struct startup s;
        size_t i = 0;

        UNIT_ASSERT(sizeof(session) == 0x38);
        UNIT_ASSERT(startup_read((const uint8_t *)session, sizeof(session), &s) == STATUS_OK);
        UNIT_ASSERT(s.version == 0x30002 && s.unknown_options == 2);
        for (; i < 10 && startup_param(&s.params, &name, &value); i += 2)
                UNIT_ASSERT(sv_is(name, pairs[i]) && sv_is(value, pairs[i + 1]));
        UNIT_ASSERT(i == 10 && !startup_param(&s.params, &name, &value));
        UNIT_ASSERT(startup_read((const uint8_t *)rows[5].bytes, rows[5].n, &s) == STATUS_OK);
        UNIT_ASSERT(s.key.pid == 7 && s.key.size == 4 && get_u32(s.key.secret) == 0x80000009);
}

/* Of every length: which are requests at all, and which of them could be for one of our keys. */
static void reads_cancel_secrets_of_every_length(void)
{
        uint8_t p[12 + 300] = {0};

        put_u32(p + 4, PROTO_CANCEL);
        memset(p + 12, 'x', 300);
        for (uint32_t n = 0; n <= 300; n++) {
                bool valid = n >= CANCEL_SECRET_SHORT && n <= CANCEL_SECRET_MAX;
                struct startup s;

                unit_row("%u", n);
                put_u32(p, 12 + n);
                UNIT_ASSERT(startup_read(p, 12 + n, &s) == (valid ? STATUS_OK : STATUS_INVALID));
                if (valid)
                        UNIT_ASSERT(s.key.size == (n <= CANCEL_SECRET_LONG ? n : 0));
        }
}

static void replication_has_kinds(void)
{
        static const struct {
                const char *value;
                enum replication kind;
        } kinds[] = {
            {"database", REPLICATION_LOGICAL}, {"true", REPLICATION_PHYSICAL}, {"T", REPLICATION_PHYSICAL},
            {"yes", REPLICATION_PHYSICAL},     {"on", REPLICATION_PHYSICAL},   {"1", REPLICATION_PHYSICAL},
            {"off", REPLICATION_NONE},         {"false", REPLICATION_NONE},    {"no", REPLICATION_NONE},
            {"0", REPLICATION_NONE},           {"", REPLICATION_NONE},         {"truely", REPLICATION_NONE},
            {"Database", REPLICATION_NONE}};

        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
                unit_row("%s", kinds[i].value);
                UNIT_ASSERT(replication_of(sv_cstr(kinds[i].value)) == kinds[i].kind);
        }
        for (int kind = REPLICATION_NONE; kind <= REPLICATION_PHYSICAL; kind++)
                UNIT_ASSERT(replication_of(sv_cstr(replication_value((enum replication)kind))) ==
                            (enum replication)kind);
        UNIT_ASSERT(strcmp(replication_word(REPLICATION_LOGICAL), "logical") == 0);
}

static void compares_keys(void)
{
        static const struct cancel_key key = {7, 4, "abcd"}, longer = {7, 5, "abcd"}, other = {8, 4, "abcd"},
                                       wrong = {7, 4, "abcD"}, none = {7, 0, ""};

        UNIT_ASSERT(cancel_key_equal(&key, &key));
        UNIT_ASSERT(!cancel_key_equal(&key, &longer) && !cancel_key_equal(&key, &other));
        UNIT_ASSERT(!cancel_key_equal(&key, &wrong) && !cancel_key_equal(&none, &none));
}

UNIT_SUITE(wire_startup, UNIT_CASE(reads_all_kinds), UNIT_CASE(waits_for_the_rest_of_every_packet),
           UNIT_CASE(refuses_a_length_at_once), UNIT_CASE(the_largest_packet_is_read),
           UNIT_CASE(gives_parameters_and_keys), UNIT_CASE(reads_cancel_secrets_of_every_length),
           UNIT_CASE(replication_has_kinds), UNIT_CASE(compares_keys))
