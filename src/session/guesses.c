#include "session/guesses.h"

#include "base/check.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FAILURES_MAX = 40 };

struct guesser {
        uint64_t id[2]; /* keyed hash of `who`: nobody can fill a set that he chooses */
        int64_t paid_us;
        int failures; /* 0: nobody is here */
};

struct guesses {
        pthread_mutex_t lock;
        uint8_t key[KEYED_HASH_KEY_SIZE];
        struct guesser sets[GUESSES_SETS][GUESSES_WAYS];
};

struct guesses *guesses_new(void)
{
        struct guesses *g = xcalloc(1, sizeof(*g));

        secret_random(g->key, sizeof(g->key));
        CHECK(pthread_mutex_init(&g->lock, NULL) == 0);
        return g;
}

void guesses_free(struct guesses *g)
{
        pthread_mutex_destroy(&g->lock);
        free(g);
}

/* Its place; NULL where it has none and `make` is false. Else a free one, or that of who pays least. */
static struct guesser *find(struct guesses *g, const char *who, bool make)
{
        struct guesser *set, *least;
        uint64_t id[2];

        keyed_hash(g->key, who, strlen(who), id);
        set = least = g->sets[id[0] % GUESSES_SETS];
        for (int i = 0; i < GUESSES_WAYS; i++) {
                if (set[i].failures > 0 && memcmp(set[i].id, id, sizeof(id)) == 0)
                        return &set[i];
                if (set[i].failures == 0 || (least->failures > 0 && set[i].paid_us < least->paid_us))
                        least = &set[i];
        }
        if (!make)
                return NULL;
        *least = (struct guesser){.id = {id[0], id[1]}};
        return least;
}

static void forgive(struct guesser *guesser, const struct guesses_price *price, int64_t now)
{
        int64_t good = now > guesser->paid_us ? (now - guesser->paid_us) / price->most_us : 0;

        guesser->failures = good < guesser->failures ? guesser->failures - (int)good : 0;
}

static int64_t price_of(int failures, const struct guesses_price *price)
{
        int64_t us = price->base_us;

        while (--failures > 0 && us < price->most_us)
                us *= 2;
        return us < price->most_us ? us : price->most_us;
}

int64_t guesses_failed(struct guesses *g, const char *who, const struct guesses_price *price, int64_t now)
{
        struct guesser *guesser;
        int64_t paid, latest = now + 2 * price->most_us;

        pthread_mutex_lock(&g->lock);
        guesser = find(g, who, true);
        forgive(guesser, price, now);
        if (guesser->failures < FAILURES_MAX)
                guesser->failures++;
        paid = (guesser->paid_us > now ? guesser->paid_us : now) + price_of(guesser->failures, price);
        guesser->paid_us = paid = paid < latest ? paid : latest;
        pthread_mutex_unlock(&g->lock);
        return paid;
}

int64_t guesses_turn(struct guesses *g, const char *who, const struct guesses_price *price)
{
        const struct guesser *guesser;
        int64_t turn = 0;

        pthread_mutex_lock(&g->lock);
        guesser = find(g, who, false);
        if (guesser != NULL)
                turn = guesser->paid_us - price->most_us;
        pthread_mutex_unlock(&g->lock);
        return turn;
}
