/* hash: a number from bytes, for tables whose names nobody can choose to our harm: fast, not keyed. */
#pragma once

#include "base/sv.h"

/* A product's highest bits depend on all of its factors: they go to the low end, where tables look. */
static inline uint64_t hash_mix(uint64_t hash, uint64_t word)
{
        hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        return hash >> 44 | hash << 20;
}

/* Eight bytes at a time, the last ones once more with those in front of them. `seed`: what was hashed before,
 * or anything. */
static inline uint64_t hash_bytes(uint64_t seed, struct sv bytes)
{
        uint64_t hash = seed ^ bytes.n, word = 0;
        const char *p = bytes.p;
        size_t n = bytes.n;

        for (; n > 8; n -= 8, p += 8) {
                memcpy(&word, p, 8);
                hash = hash_mix(hash, word);
        }
        if (bytes.n >= 8) {
                memcpy(&word, bytes.p + bytes.n - 8, 8);
        } else if (n >= 4) {
                uint32_t head, tail;

                memcpy(&head, p, 4);
                memcpy(&tail, p + n - 4, 4);
                word = (uint64_t)tail << 32 | head;
        } else if (n > 0) {
                word = (uint64_t)(unsigned char)p[0] | (uint64_t)(unsigned char)p[n / 2] << 8 |
                       (uint64_t)(unsigned char)p[n - 1] << 16;
        }
        return hash_mix(hash, word);
}
