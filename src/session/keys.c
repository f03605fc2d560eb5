#include "session/keys.h"

#include "auth/secret.h"
#include "base/check.h"
#include "session/client.h"

#include <stdlib.h>

enum { CHAINS_MIN = 64, CLIENTS_A_CHAIN = 2 };

/* Nobody but us chooses these bytes, and they are random. */
static struct client **chain_of(const struct keys *keys, const struct cancel_key *key)
{
        uint32_t start;

        memcpy(&start, key->secret, sizeof(start));
        return &keys->chains[start & (keys->size - 1)];
}

static void put_in_front(struct keys *keys, struct client *c)
{
        struct client **chain = chain_of(keys, &c->key);

        c->next_by_key = *chain;
        *chain = c;
}

static void grow(struct keys *keys)
{
        struct keys grown = {.size = keys->size == 0 ? CHAINS_MIN : 2 * keys->size, .count = keys->count};

        grown.chains = xcalloc(grown.size, sizeof(struct client *));
        for (size_t i = 0; i < keys->size; i++)
                for (struct client *c = keys->chains[i], *next; c != NULL; c = next) {
                        next = c->next_by_key;
                        put_in_front(&grown, c);
                }
        free(keys->chains);
        *keys = grown;
}

struct client *keys_find(const struct keys *keys, const struct cancel_key *key)
{
        struct client *c = keys->size > 0 ? *chain_of(keys, key) : NULL;

        while (c != NULL && !cancel_key_equal(&c->key, key))
                c = c->next_by_key;
        return c;
}

void key_keep(struct client *c, const struct cancel_key *key)
{
        struct keys *keys = &c->room->keys;

        if (keys->count >= CLIENTS_A_CHAIN * keys->size)
                grow(keys);
        c->key = *key;
        put_in_front(keys, c);
        keys->count++;
}

void key_take(struct client *c)
{
        struct cancel_key key = {.size = CANCEL_SECRET_SHORT}; /* until it asks for protocol 3.2 */

        do {
                secret_random(&key.pid, sizeof(key.pid));
                secret_random(key.secret, sizeof(key.secret));
                cancel_key_shape(&key, c->room->conf->opt.peer_id);
        } while (keys_find(&c->room->keys, &key) != NULL);
        key_keep(c, &key);
}

void key_leave(struct client *c)
{
        struct keys *keys = &c->room->keys;
        struct client **at = chain_of(keys, &c->key);

        while (*at != c)
                at = &(*at)->next_by_key;
        *at = c->next_by_key;
        keys->count--;
}

void keys_fini(struct keys *keys)
{
        free(keys->chains);
        *keys = (struct keys){0};
}
