#include "wire/cancel_key.h"

enum { HOPS_BYTE = 3, HOPS = 3 };

enum status take_cancel_key(struct reader *body, struct cancel_key *out)
{
        *out = (struct cancel_key){.pid = take_u32(body)};
        if (body->failed || body->n < CANCEL_SECRET_SHORT || body->n > CANCEL_SECRET_MAX)
                return STATUS_INVALID;
        if (body->n <= sizeof(out->secret)) {
                out->size = (uint32_t)body->n;
                memcpy(out->secret, body->p, body->n);
        }
        return STATUS_OK;
}

bool cancel_key_equal(const struct cancel_key *a, const struct cancel_key *b)
{
        volatile uint8_t different = 0;

        if (a->pid != b->pid || a->size != b->size || a->size == 0)
                return false;
        for (uint32_t i = 0; i < a->size; i++)
                different |= a->secret[i] ^ b->secret[i];
        return different == 0;
}

void cancel_key_shape(struct cancel_key *key, int peer_id)
{
        uint32_t id = (uint32_t)peer_id;

        key->pid &= 0x7fffffff; /* some clients take a negative number for an error */
        if (peer_id == 0)
                return;
        key->pid = (key->pid & 0x7f0000ff) | (id & 0xff) << 16 | (id >> 8 & 0xff) << 8;
        cancel_key_arrived(key);
}

int cancel_key_peer(const struct cancel_key *key)
{
        return (int)((key->pid >> 16 & 0xff) | (key->pid >> 8 & 0xff) << 8);
}

bool cancel_key_hop(struct cancel_key *key)
{
        if ((key->secret[HOPS_BYTE] & HOPS) == 0)
                return false;
        key->secret[HOPS_BYTE]--;
        return true;
}

void cancel_key_arrived(struct cancel_key *key)
{
        key->secret[HOPS_BYTE] |= HOPS;
}
