/* guesses: how many logins from an address, and of a user from there, have failed of late: who guesses
 * passwords is answered ever later. Only failures count, so that whoever knows the password notices nothing.
 *
 *     failure:  1     2     3       n          each pays after those before it have paid: many at once
 *     pays:     base  2 x   4 x ... most       are no faster than one after the other
 *
 * One table for all workers, of a fixed size: who pays least is forgotten first. Knows no clients and no
 * clock. Any thread. */
#pragma once

#include "auth/secret.h"

enum { GUESSES_SETS = 512, GUESSES_WAYS = 8 };

struct guesses;

/* How the time to pay grows. */
struct guesses_price {
        int64_t base_us, most_us; /* 0 < base_us <= most_us */
};

struct guesses *guesses_new(void);
void guesses_free(struct guesses *guesses);

/* Another failure of `who`, which is any text, at the moment `now`. Returns when it will have paid for all;
 * at most 2 x most_us from now. For every most_us after that without one, one failure is forgotten. */
int64_t guesses_failed(struct guesses *guesses, const char *who, const struct guesses_price *price,
                       int64_t now);

/* When `who` will have paid for all but most_us: until then nothing more is heard from it, or whoever does
 * not wait for answers could guess as fast as he likes. Not after `now`: at once. */
int64_t guesses_turn(struct guesses *guesses, const char *who, const struct guesses_price *price);
