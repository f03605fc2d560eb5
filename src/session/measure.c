#include "session/measure.h"

#include "auth/scram.h"
#include "session/entry.h"
#include "session/verifiers.h"

#include <stdio.h>
#include <string.h>

/* A verifier of nobody's, of so many iterations. */
#define ZEROS_32            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define NOBODYS(iterations) "SCRAM-SHA-256$" iterations ":" ZEROS_32 "$" ZEROS_32 ":" ZEROS_32

/* What auth_query finds, as far as we know yet: what PostgreSQL makes by default. */
static const char usual[] = NOBODYS("4096");

static struct measure measure(const char *user, const char *secret, bool doomed)
{
        return (struct measure){secret_kind(secret), secret, user, doomed};
}

/* Of the user's own; NULL: none. */
static const char *secret_of(const struct client *c)
{
        const struct conf_user *user = conf_find_user(c->room->conf, c->entry->user);

        if (c->entry->lookup.result == LOOKUP_FOUND)
                return c->entry->lookup.secret;
        return user != NULL ? user->secret : NULL;
}

bool measure_is_known(const struct client *c)
{
        return secret_of(c) != NULL || c->entry->lookup.result == LOOKUP_FOUND;
}

/* As good as random, and the same for the same name; NULL: nobody has a secret. */
static const struct conf_user *neighbour_of(const struct client *c)
{
        const struct conf *conf = c->room->conf;
        uint64_t hash[2];

        keyed_hash(c->room->crowd->mock_key, c->entry->user, strlen(c->entry->user), hash);
        for (size_t i = 0; i < conf->user_count; i++) {
                const struct conf_user *user = &conf->users[(hash[0] + i) % conf->user_count];

                if (secret_kind(user->secret) != SECRET_NONE)
                        return user;
        }
        return NULL;
}

/* The neighbour is looked for in any case: it takes time. */
struct measure measure_of(const struct client *c)
{
        const struct conf_user *neighbour = neighbour_of(c);
        struct measure own = measure(c->entry->user, secret_of(c), false);

        if (own.kind != SECRET_NONE)
                return own;
        if (c->entry->lookup.result != LOOKUP_NONE)
                return measure("", c->room->found[0] != '\0' ? c->room->found : usual, true);
        return neighbour != NULL ? measure(neighbour->name, neighbour->secret, true)
                                 : (struct measure){.doomed = true};
}

void measure_note(struct room *room, const char *secret)
{
        struct scram_verifier verifier;

        switch (secret_kind(secret)) {
        case SECRET_NONE: return;
        case SECRET_PLAIN: snprintf(room->found, sizeof(room->found), "of nobody"); return;
        case SECRET_MD5: snprintf(room->found, sizeof(room->found), "md5%032d", 0); return;
        case SECRET_SCRAM: break;
        }
        if (scram_verifier_parse(secret, &verifier) == STATUS_OK)
                snprintf(room->found, sizeof(room->found), NOBODYS("%u"), (unsigned)verifier.iterations);
        secret_wipe(&verifier, sizeof(verifier));
}
