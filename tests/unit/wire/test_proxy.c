#include "wire/proxy.h"

#include "unit.h"

#include <arpa/inet.h>
#include <stdlib.h>

#define BYTES(literal) literal, sizeof(literal) - 1
#define SIGNATURE      "\r\n\r\n\0\r\nQUIT\n"
#define INET4          "\12\1\2\3\300\0\2\1\333\374\31\40"
#define INET6          "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\7\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1\333\374\31\40"
#define TWENTY         "01234567890123456789"
#define HUNDRED        TWENTY TWENTY TWENTY TWENTY TWENTY
#define UNIX216        HUNDRED HUNDRED "0123456789abcdef"

static const struct row {
        const char *name;
        const char *bytes;
        size_t n;
        enum status status;
        size_t rest; /* bytes behind the header */
        enum proxy_source source;
        const char *client;
        int port;
} rows[] = {
    /* version 1 */
    {"TCP4", BYTES("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"), STATUS_OK, 0, PROXY_TCP,
     "192.168.0.1", 56324},
    {"TCP4 and a startup packet", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n\0\0\0\10"), STATUS_OK, 4,
     PROXY_TCP, "1.2.3.4", 1},
    {"TCP6", BYTES("PROXY TCP6 2001:db8::7 ::1 65535 0\r\n"), STATUS_OK, 0, PROXY_TCP, "2001:db8::7", 65535},
    {"TCP6, the longest",
     BYTES("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
           "65535 65535\r\n"),
     STATUS_OK, 0, PROXY_TCP, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 65535},
    {"UNKNOWN", BYTES("PROXY UNKNOWN\r\n"), STATUS_OK, 0, PROXY_UNSAID, NULL, 0},
    {"UNKNOWN, the longest",
     BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
           "65535 65535\r\n"),
     STATUS_OK, 0, PROXY_UNSAID, NULL, 0},
    {"UNKNOWN and nonsense", BYTES("PROXY UNKNOWN \0 \1 whatever  \r\nQ"), STATUS_OK, 1, PROXY_UNSAID, NULL,
     0},
    {"a line of 108",
     BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
           "65535 655350\r\n"),
     STATUS_INVALID, 0, 0, NULL, 0},
    {"no end", BYTES("PROXY UNKNOWN " HUNDRED), STATUS_INVALID, 0, 0, NULL, 0},
    {"LF alone", BYTES("PROXY UNKNOWN\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"CR alone", BYTES("PROXY UNKNOWN\rx"), STATUS_INVALID, 0, 0, NULL, 0},
    {"UNKNOWNS", BYTES("PROXY UNKNOWNS\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"nothing", BYTES("PROXY \r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"UDP4", BYTES("PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"tcp4", BYTES("PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"two blanks", BYTES("PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"two blanks in front", BYTES("PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"a blank behind", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"a word too much", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"a port too few", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"port 65536", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"port 99999999999", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 99999999999 2\r\n"), STATUS_INVALID, 0, 0, NULL,
     0},
    {"port 01", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"port -1", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"our port is none", BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 x\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"a leading zero", BYTES("PROXY TCP4 1.2.3.04 5.6.7.8 1 2\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"256", BYTES("PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"three numbers", BYTES("PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"a NUL", BYTES("PROXY TCP4 1.2.3.4\0 5.6.7.8 1 2\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"our address is none", BYTES("PROXY TCP4 1.2.3.4 x 1 2\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"IPv6 as TCP4", BYTES("PROXY TCP4 ::1 ::1 1 2\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"IPv4 as TCP6", BYTES("PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    {"a name", BYTES("PROXY TCP4 localhost 5.6.7.8 1 2\r\n"), STATUS_INVALID, 0, 0, NULL, 0},
    /* version 2 */
    {"LOCAL", BYTES(SIGNATURE "\40\0\0\0"), STATUS_OK, 0, PROXY_LOCAL, NULL, 0},
    {"LOCAL with an address", BYTES(SIGNATURE "\40\21\0\14" INET4 "x"), STATUS_OK, 1, PROXY_LOCAL, NULL, 0},
    {"LOCAL of no family", BYTES(SIGNATURE "\40\377\0\3abc"), STATUS_OK, 0, PROXY_LOCAL, NULL, 0},
    {"LOCAL with half an address", BYTES(SIGNATURE "\40\21\0\3abc"), STATUS_OK, 0, PROXY_LOCAL, NULL, 0},
    {"LOCAL with half a TLV", BYTES(SIGNATURE "\40\0\0\2\1\0"), STATUS_OK, 0, PROXY_LOCAL, NULL, 0},
    {"LOCAL with a checksum", BYTES(SIGNATURE "\40\0\0\7\3\0\4\251\270\176\217"), STATUS_OK, 0, PROXY_LOCAL,
     NULL, 0},
    {"LOCAL with a wrong checksum", BYTES(SIGNATURE "\40\0\0\7\3\0\4\251\270\176\216"), STATUS_INVALID, 0, 0,
     NULL, 0},
    {"IPv4", BYTES(SIGNATURE "\41\21\0\14" INET4 "\0\0"), STATUS_OK, 2, PROXY_TCP, "10.1.2.3", 56316},
    {"IPv6", BYTES(SIGNATURE "\41\41\0\44" INET6), STATUS_OK, 0, PROXY_TCP, "2001:db8::7", 56316},
    {"IPv4 inside IPv6",
     BYTES(SIGNATURE "\41\41\0\44\0\0\0\0\0\0\0\0\0\0\377\377\12\1\2\3\0\0\0\0\0\0\0\0\0\0\377\377\12\1\2\4"
                     "\0\7\0\10"),
     STATUS_OK, 0, PROXY_TCP, "10.1.2.3", 7},
    {"a Unix socket", BYTES(SIGNATURE "\41\61\0\330" UNIX216), STATUS_OK, 0, PROXY_UNSAID, NULL, 0},
    {"UNSPEC", BYTES(SIGNATURE "\41\0\0\0"), STATUS_OK, 0, PROXY_UNSAID, NULL, 0},
    {"UDP over IPv4", BYTES(SIGNATURE "\41\22\0\14" INET4), STATUS_OK, 0, PROXY_UNSAID, NULL, 0},
    {"UNSPEC over IPv4", BYTES(SIGNATURE "\41\20\0\14" INET4), STATUS_OK, 0, PROXY_UNSAID, NULL, 0},
    {"TLVs", BYTES(SIGNATURE "\41\21\0\32" INET4 "\4\0\0\5\0\3abc\356\0\2xyQ"), STATUS_OK, 1, PROXY_TCP,
     "10.1.2.3", 56316},
    {"a checksum", BYTES(SIGNATURE "\41\21\0\27" INET4 "\4\0\1z\3\0\4\357\170\130\77"), STATUS_OK, 0,
     PROXY_TCP, "10.1.2.3", 56316},
    {"a wrong checksum", BYTES(SIGNATURE "\41\21\0\27" INET4 "\4\0\1y\3\0\4\357\170\130\77"), STATUS_INVALID,
     0, 0, NULL, 0},
    {"a checksum of 3 bytes", BYTES(SIGNATURE "\41\21\0\22" INET4 "\3\0\3\0\0\0"), STATUS_INVALID, 0, 0, NULL,
     0},
    {"two checksums", BYTES(SIGNATURE "\40\0\0\16\3\0\4\0\0\0\0\3\0\4\0\0\0\0"), STATUS_INVALID, 0, 0, NULL,
     0},
    {"a TLV too long", BYTES(SIGNATURE "\41\21\0\20" INET4 "\4\0\2x"), STATUS_INVALID, 0, 0, NULL, 0},
    {"half a TLV", BYTES(SIGNATURE "\41\21\0\16" INET4 "\4\0"), STATUS_INVALID, 0, 0, NULL, 0},
    {"a TLV of 65535", BYTES(SIGNATURE "\41\0\0\4\4\377\377x"), STATUS_INVALID, 0, 0, NULL, 0},
    {"half an IPv4 address", BYTES(SIGNATURE "\41\21\0\13" INET4), STATUS_INVALID, 0, 0, NULL, 0},
    {"an IPv6 address of IPv4's size", BYTES(SIGNATURE "\41\41\0\14" INET4), STATUS_INVALID, 0, 0, NULL, 0},
    {"half a Unix socket", BYTES(SIGNATURE "\41\61\0\14" INET4), STATUS_INVALID, 0, 0, NULL, 0},
    {"family 4", BYTES(SIGNATURE "\41\101\0\0"), STATUS_INVALID, 0, 0, NULL, 0},
    {"transport 3", BYTES(SIGNATURE "\41\23\0\14" INET4), STATUS_INVALID, 0, 0, NULL, 0},
    {"command 2", BYTES(SIGNATURE "\42\21\0\14" INET4), STATUS_INVALID, 0, 0, NULL, 0},
    {"version 1", BYTES(SIGNATURE "\21\21\0\14" INET4), STATUS_INVALID, 0, 0, NULL, 0},
    {"version 3", BYTES(SIGNATURE "\61\21\0\14" INET4), STATUS_INVALID, 0, 0, NULL, 0},
    /* others */
    {"a startup packet", BYTES("\0\0\0\11\0\3\0\0\0"), STATUS_ABSENT, 0, 0, NULL, 0},
    {"a TLS hello", BYTES("\26\3\1\2\0\1\0\1\374"), STATUS_ABSENT, 0, 0, NULL, 0},
    {"an HTTP request", BYTES("GET / HTTP/1.1\r\n\r\n"), STATUS_ABSENT, 0, 0, NULL, 0},
    {"PROXYING", BYTES("PROXYING"), STATUS_ABSENT, 0, 0, NULL, 0},
    {"another signature", BYTES("\r\n\r\n\0\r\nQUIT\r"), STATUS_ABSENT, 0, 0, NULL, 0},
};

/* From memory of exactly `n` bytes, so that a sanitizer sees a look too far. */
static enum status read_exact(const char *bytes, size_t n, struct proxy_header *out)
{
        uint8_t *copy = malloc(n > 0 ? n : 1);
        enum status status;

        memcpy(copy, bytes, n);
        status = proxy_read(copy, n, out);
        free(copy);
        return status;
}

static void reads_all_kinds(void)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct row *row = &rows[i];
                struct proxy_header h;
                struct ip client = {0};

                unit_row("%s", row->name);
                UNIT_ASSERT(read_exact(row->bytes, row->n, &h) == row->status);
                UNIT_ASSERT(proxy_begins((const uint8_t *)row->bytes, row->n) ==
                            (row->status != STATUS_ABSENT));
                if (row->status != STATUS_OK)
                        continue;
                UNIT_ASSERT(h.size == row->n - row->rest && h.source == row->source);
                UNIT_ASSERT(row->client == NULL || ip_parse(row->client, &client));
                UNIT_ASSERT(memcmp(&h.client, &client, sizeof(client)) == 0 && h.port == row->port);
        }
}

/* Cut anywhere, a good header waits for its rest; one that is bad may be found out early, and no other. */
static void waits_for_the_rest(void)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct row *row = &rows[i];

                for (size_t n = 0; n < row->n - row->rest; n++) {
                        struct proxy_header h;
                        enum status status = read_exact(row->bytes, n, &h);

                        unit_row("%s, %zu bytes", row->name, n);
                        UNIT_ASSERT(status == STATUS_AGAIN || status == row->status);
                        UNIT_ASSERT(row->status != STATUS_OK || status == STATUS_AGAIN);
                }
        }
}

/* The size is announced by the header alone: with any length, more is waited for, and no more than that. */
static void believes_no_length(void)
{
        uint8_t header[PROXY_V2_HEAD];
        struct proxy_header h;

        memcpy(header, SIGNATURE "\41\0\0\0", sizeof(header));
        for (unsigned length = 1; length <= UINT16_MAX; length++) {
                header[14] = (uint8_t)(length >> 8);
                header[15] = (uint8_t)length;
                unit_row("length %u", length);
                UNIT_ASSERT(read_exact((char *)header, sizeof(header), &h) == STATUS_AGAIN);
                UNIT_ASSERT(h.size == PROXY_V2_HEAD + length && h.size <= PROXY_V2_MAX);
        }
}

static uint32_t random_state = 12345;

static uint32_t random_below(uint32_t limit)
{
        random_state ^= random_state << 13;
        random_state ^= random_state >> 17;
        random_state ^= random_state << 5;
        return random_state % limit;
}

/* Whatever comes: nothing behind it is looked at (the sanitizers' part), and what is taken is all there. */
static void survives_anything(void)
{
        for (int round = 0; round < 40000; round++) {
                const struct row *row = &rows[random_below(sizeof(rows) / sizeof(rows[0]))];
                struct proxy_header h;
                char bytes[300];
                size_t n = row->n;

                memcpy(bytes, row->bytes, n);
                for (uint32_t changes = random_below(4); changes > 0; changes--)
                        bytes[random_below((uint32_t)n)] = (char)random_below(256);
                n -= random_below(3) == 0 ? random_below((uint32_t)n) : 0;
                unit_row("%s, round %d", row->name, round);
                if (read_exact(bytes, n, &h) == STATUS_OK)
                        UNIT_ASSERT(h.size <= n && h.port >= 0 && h.port <= UINT16_MAX);
        }
}

static void says_that_it_is_for_itself(void)
{
        struct proxy_header h;

        UNIT_ASSERT(proxy_read(proxy_local_header, sizeof(proxy_local_header), &h) == STATUS_OK);
        UNIT_ASSERT(h.source == PROXY_LOCAL && h.size == sizeof(proxy_local_header));
}

UNIT_SUITE(wire_proxy, UNIT_CASE(reads_all_kinds), UNIT_CASE(waits_for_the_rest),
           UNIT_CASE(believes_no_length), UNIT_CASE(survives_anything), UNIT_CASE(says_that_it_is_for_itself))
