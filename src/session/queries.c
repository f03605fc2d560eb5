#include "session/queries.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/memory.h"
#include "router/fingerprint.h"

#include <stdlib.h>
#include <string.h>

void queries_forget(struct queries *q)
{
        for (size_t i = 0; q->keys != NULL && i < q->count; i++)
                free(q->places[i].text);
        free(q->keys);
        free(q->places);
        free(q->texts);
        *q = (struct queries){.count = q->count};
}

void queries_resize(struct queries *q, size_t count)
{
        count = (count + QUERY_WAYS - 1) / QUERY_WAYS * QUERY_WAYS;
        if (count == q->count)
                return;
        queries_forget(q);
        q->count = count;
}

uint64_t query_salt(const char *database, const char *user)
{
        return fingerprint_within(fingerprint_within(1, sv_cstr(database)), sv_cstr(user));
}

uint64_t queries_fingerprint(struct queries *q, struct sv text, unsigned lexing)
{
        uint64_t hash = hash_bytes(lexing + 1, text);
        struct query_text *place;

        if (q->texts == NULL)
                q->texts = xcalloc(QUERY_TEXTS, sizeof(*q->texts));
        place = &q->texts[hash % QUERY_TEXTS];
        if (place->hash != hash)
                *place = (struct query_text){hash, fingerprint_hash(text, lexing)};
        return place->fingerprint;
}

static struct query *find(struct queries *q, uint64_t key)
{
        size_t first = key % (q->count / QUERY_WAYS) * QUERY_WAYS;

        for (size_t i = first; i < first + QUERY_WAYS; i++)
                if (q->keys[i] == key)
                        return &q->places[i];
        return NULL;
}

/* A free place, or that of the query that was used longest ago. */
static struct query *place_for(struct queries *q, uint64_t key)
{
        size_t first = key % (q->count / QUERY_WAYS) * QUERY_WAYS;
        struct query *best;

        CHECK(q->places != NULL);
        best = &q->places[first];
        for (size_t i = first + 1; i < first + QUERY_WAYS; i++)
                if (q->places[i].used < best->used)
                        best = &q->places[i];
        return best;
}

static struct query *add(struct queries *q, uint64_t key, const struct query_owner *owner, struct sv text,
                         unsigned lexing)
{
        struct query *query = place_for(q, key);
        size_t dn = strlen(owner->database) + 1, un = strlen(owner->user) + 1, n;
        char shape[QUERY_TEXT_MAX];

        q->evicted += query->key != 0;
        free(query->text);
        fingerprint_text(text, lexing, shape, sizeof(shape));
        n = strlen(shape) + 1;
        *query = (struct query){.key = key, .text = xmalloc(n + dn + un)};
        memcpy(query->text, shape, n);
        query->database = memcpy(query->text + n, owner->database, dn);
        query->user = memcpy(query->text + n + dn, owner->user, un);
        q->keys[query - q->places] = key;
        return query;
}

/* Statistics are worth no reserve: without memory for them nothing is kept, until there is. */
static bool make_places(struct queries *q)
{
        q->keys = calloc(q->count, sizeof(*q->keys));
        q->places = q->keys != NULL ? calloc(q->count, sizeof(*q->places)) : NULL;
        if (q->places != NULL)
                return true;
        free(q->keys);
        q->keys = NULL;
        return false;
}

struct query *queries_meet(struct queries *q, uint64_t fingerprint, const struct query_owner *owner,
                           struct sv text, unsigned lexing)
{
        uint64_t key = fingerprint ^ owner->salt;
        struct query *query;

        if (fingerprint == 0 || q->count == 0 || key == 0)
                return NULL;
        if (q->keys == NULL && !make_places(q))
                return NULL;
        query = find(q, key);
        if (query == NULL) {
                query = add(q, key, owner, text, lexing);
                query->fingerprint = fingerprint;
        }
        query->used = ++q->used;
        return query;
}

struct query *queries_again(struct queries *q, uint64_t key, uint64_t place)
{
        return key != 0 && q->keys != NULL && place < q->count && q->keys[place] == key ? &q->places[place]
                                                                                        : NULL;
}
