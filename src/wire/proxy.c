#include "wire/proxy.h"

#include "wire/proto.h"

#include <netinet/in.h>

#define V2_SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

enum {
        SIGNATURE_SIZE = sizeof(V2_SIGNATURE) - 1,
        COMMAND_LOCAL = 0x20, /* with the version, 2 */
        COMMAND_PROXY = 0x21,
        FAMILY_INET = 1,
        FAMILY_INET6 = 2,
        FAMILY_UNIX = 3,
        TRANSPORT_STREAM = 1,
        TRANSPORT_DGRAM = 2,
        TLV_HEAD = 3,
        TLV_CRC32C = 3,
        CRC_SIZE = 4,
};

static const char v1_signature[] = "PROXY ";

const uint8_t proxy_local_header[PROXY_V2_HEAD] = V2_SIGNATURE "\x20\0\0";

/* Whether what is here of the `n` bytes is `signature`, or its beginning. */
static bool begins(const uint8_t *p, size_t n, const char *signature, size_t size)
{
        return n > 0 && memcmp(p, signature, n < size ? n : size) == 0;
}

static bool begins_v1(const uint8_t *p, size_t n)
{
        return begins(p, n, v1_signature, sizeof(v1_signature) - 1);
}

static bool begins_v2(const uint8_t *p, size_t n)
{
        return begins(p, n, V2_SIGNATURE, SIGNATURE_SIZE);
}

bool proxy_begins(const uint8_t *p, size_t n)
{
        return begins_v1(p, n) || begins_v2(p, n);
}

/* ---- version 1 ---- */

/* Up to the next blank, or the end. False: there is nothing, or two blanks. */
static bool take_word(struct sv *line, struct sv *word)
{
        const char *blank = line->n > 0 ? memchr(line->p, ' ', line->n) : NULL;

        *word = sv_from(line->p, blank != NULL ? (size_t)(blank - line->p) : line->n);
        line->p += word->n;
        line->n -= word->n;
        if (blank == NULL)
                return word->n > 0;
        line->p++;
        line->n--;
        return word->n > 0 && line->n > 0;
}

static bool take_address(struct sv *line, int family, struct ip *out)
{
        char text[INET6_ADDRSTRLEN];
        struct sv word;

        if (!take_word(line, &word) || word.n >= sizeof(text) || memchr(word.p, '\0', word.n) != NULL)
                return false;
        memcpy(text, word.p, word.n);
        text[word.n] = '\0';
        return ip_parse(text, out) && out->family == family;
}

static bool take_port(struct sv *line, int *out)
{
        struct sv word;

        *out = 0;
        if (!take_word(line, &word) || word.n > 5 || (word.n > 1 && word.p[0] == '0'))
                return false;
        for (size_t i = 0; i < word.n; i++) {
                if (word.p[i] < '0' || word.p[i] > '9')
                        return false;
                *out = *out * 10 + (word.p[i] - '0');
        }
        return *out <= UINT16_MAX;
}

static enum status read_line(struct sv line, struct proxy_header *out)
{
        struct ip ours;
        struct sv word;
        int family, our_port;

        line.p += sizeof(v1_signature) - 1;
        line.n -= sizeof(v1_signature) - 1;
        /* What stands behind UNKNOWN is to be ignored, whatever it is. */
        if (sv_is(line, "UNKNOWN") || (line.n > 8 && memcmp(line.p, "UNKNOWN ", 8) == 0)) {
                out->source = PROXY_UNSAID;
                return STATUS_OK;
        }
        if (!take_word(&line, &word))
                return STATUS_INVALID;
        family = sv_is(word, "TCP4") ? AF_INET : sv_is(word, "TCP6") ? AF_INET6 : 0;
        if (family == 0 || !take_address(&line, family, &out->client) ||
            !take_address(&line, family, &ours) || !take_port(&line, &out->port) ||
            !take_port(&line, &our_port) || line.n > 0)
                return STATUS_INVALID;
        out->source = PROXY_TCP;
        return STATUS_OK;
}

static enum status read_v1(const uint8_t *p, size_t n, struct proxy_header *out)
{
        size_t end = 0;

        while (end < n && end < PROXY_V1_MAX - 1 && p[end] != '\r' && p[end] != '\n')
                end++;
        if (end == PROXY_V1_MAX - 1 || (end < n && p[end] == '\n') || (end + 1 < n && p[end + 1] != '\n'))
                return STATUS_INVALID;
        if (end + 1 >= n)
                return STATUS_AGAIN;
        out->size = end + 2;
        return read_line(sv_from(p, end), out);
}

/* ---- version 2 ---- */

/* CRC32c (RFC 4960, Appendix B), reflected, without a table: headers are short and rare. */
static uint32_t crc32c(uint32_t crc, const uint8_t *p, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                crc ^= p[i];
                for (int bit = 0; bit < 8; bit++)
                        crc = crc >> 1 ^ (0x82f63b78U & -(crc & 1));
        }
        return crc;
}

/* Of the whole header, as if the checksum in it, which begins at `at`, were 0. */
static bool checksum_is_right(const uint8_t *p, size_t n, size_t at)
{
        static const uint8_t zero[CRC_SIZE];
        uint32_t crc = crc32c(UINT32_MAX, p, at);

        crc = crc32c(crc, zero, sizeof(zero));
        crc = crc32c(crc, p + at + CRC_SIZE, n - at - CRC_SIZE);
        return ~crc == get_u32(p + at);
}

/* From `at` to the end at `n`. `lenient`: what makes no sense is passed over; a wrong checksum never is. One
 * at most is worked out, or a header could be made dear. */
static bool tlvs_are_right(const uint8_t *p, size_t n, size_t at, bool lenient)
{
        bool checked = false;

        while (at < n) {
                size_t left = n - at, size = left < TLV_HEAD ? left : get_u16(p + at + 1);

                if (size + TLV_HEAD > left)
                        return lenient;
                if (p[at] == TLV_CRC32C) {
                        if (checked || size != CRC_SIZE || !checksum_is_right(p, n, at + TLV_HEAD))
                                return false;
                        checked = true;
                }
                at += TLV_HEAD + size;
        }
        return true;
}

static size_t size_of_addresses(int family)
{
        static const size_t sizes[] = {0, 12, 36, 216};

        return sizes[family];
}

static void read_addresses(const uint8_t *p, int family, struct proxy_header *out)
{
        size_t size = family == FAMILY_INET ? 4 : 16;

        out->source = PROXY_TCP;
        out->client = (struct ip){.family = family == FAMILY_INET ? AF_INET : AF_INET6};
        memcpy(out->client.bytes, p, size);
        out->client = ip_unmapped(out->client);
        out->port = get_u16(p + 2 * size);
}

/* All of it is here. */
static enum status read_block(const uint8_t *p, struct proxy_header *out)
{
        int command = p[SIGNATURE_SIZE], family = p[SIGNATURE_SIZE + 1] >> 4,
            transport = p[SIGNATURE_SIZE + 1] & 0xf;
        bool known = family <= FAMILY_UNIX && transport <= TRANSPORT_DGRAM, local = command == COMMAND_LOCAL;
        size_t tlvs = known ? PROXY_V2_HEAD + size_of_addresses(family) : 0;

        /* What a local one says of families is ignored. */
        if (!known || out->size < tlvs)
                return local ? STATUS_OK : STATUS_INVALID;
        if (!tlvs_are_right(p, out->size, tlvs, local))
                return STATUS_INVALID;
        if (local)
                return STATUS_OK;
        if (transport == TRANSPORT_STREAM && (family == FAMILY_INET || family == FAMILY_INET6))
                read_addresses(p + PROXY_V2_HEAD, family, out);
        else
                out->source = PROXY_UNSAID;
        return STATUS_OK;
}

static enum status read_v2(const uint8_t *p, size_t n, struct proxy_header *out)
{
        if (n > SIGNATURE_SIZE && p[SIGNATURE_SIZE] != COMMAND_LOCAL && p[SIGNATURE_SIZE] != COMMAND_PROXY)
                return STATUS_INVALID;
        if (n < PROXY_V2_HEAD)
                return STATUS_AGAIN;
        out->size = PROXY_V2_HEAD + (size_t)get_u16(p + SIGNATURE_SIZE + 2);
        return n < out->size ? STATUS_AGAIN : read_block(p, out);
}

enum status proxy_read(const uint8_t *p, size_t n, struct proxy_header *out)
{
        *out = (struct proxy_header){.source = PROXY_LOCAL};
        if (n == 0)
                return STATUS_AGAIN;
        if (begins_v1(p, n))
                return read_v1(p, n, out);
        return begins_v2(p, n) ? read_v2(p, n, out) : STATUS_ABSENT;
}
