#include "wire/cancel_key.h"

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
