#include "wire/cancel_key.h"

#include "unit.h"

static struct cancel_key key(uint32_t pid, const char *secret, uint32_t size)
{
        struct cancel_key k = {.pid = pid, .size = size};

        memcpy(k.secret, secret, size < sizeof(k.secret) ? size : sizeof(k.secret));
        return k;
}

static void keys_without_peers_are_random_but_positive(void)
{
        struct cancel_key k = key(0xfedcba98, "\1\2\3\4", 4);

        cancel_key_shape(&k, 0);
        UNIT_ASSERT(k.pid == 0x7edcba98 && memcmp(k.secret, "\1\2\3\4", 4) == 0);
}

/* The bytes are PgBouncer's, which a peer may be. */
static void keys_among_peers_name_their_peer(void)
{
        static const struct {
                const char *name;
                int peer_id;
                uint32_t pid, shaped;
        } rows[] = {
            {"one", 1, 0xffffffff, 0x7f0100ff},
            {"low byte first", 0x1234, 0, 0x00341200},
            {"the largest", 16383, 0xaa0000bb, 0x2aff3fbb},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct cancel_key k = key(rows[i].pid, "\0\0\0\xf0", 4);

                unit_row("%s", rows[i].name);
                cancel_key_shape(&k, rows[i].peer_id);
                UNIT_ASSERT(k.pid == rows[i].shaped && cancel_key_peer(&k) == rows[i].peer_id);
                UNIT_ASSERT(memcmp(k.secret, "\0\0\0\xf3", 4) == 0);
        }
}

static void three_hops_and_no_more(void)
{
        struct cancel_key told = key(7, "abcd56789", 9), k;
        int hops = 0;

        cancel_key_shape(&told, 5);
        k = told;
        while (hops < 10 && cancel_key_hop(&k))
                hops++;
        UNIT_ASSERT(hops == 3 && !cancel_key_equal(&k, &told));
        UNIT_ASSERT(k.pid == told.pid && k.secret[3] == (told.secret[3] & ~3));
        cancel_key_arrived(&k);
        UNIT_ASSERT(cancel_key_equal(&k, &told));
}

UNIT_SUITE(wire_cancel_key, UNIT_CASE(keys_without_peers_are_random_but_positive),
           UNIT_CASE(keys_among_peers_name_their_peer), UNIT_CASE(three_hops_and_no_more))
