/* keys: the cancel keys that a worker's clients have been told, and whose each is.
 *
 *     chains[the secret's first bytes, as far as there are chains] --> client --> client --> ...
 *
 * Costs a pointer in each client and half a one here. Owner and thread: the worker. */
#pragma once

#include "wire/cancel_key.h"

#include <stddef.h>

struct client;

struct keys {
        struct client **chains;
        size_t size;  /* a power of two; 0: nobody has come yet */
        size_t count; /* clients */
};

/* Gives a new client a key that no other client of this worker has, with a short secret and the bytes of a
 * long one; and takes it back. */
void key_take(struct client *c);
void key_leave(struct client *c);
/* Gives it a key that it has been told by another process. */
void key_keep(struct client *c, const struct cancel_key *key);

/* NULL: nobody has this key. */
struct client *keys_find(const struct keys *keys, const struct cancel_key *key);

void keys_fini(struct keys *keys);
