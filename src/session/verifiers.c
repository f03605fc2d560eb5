#include "session/verifiers.h"

#include "auth/secret.h"
#include "base/check.h"
#include "base/memory.h"
#include "net/derivation.h"
#include "session/entry.h"
#include "session/proof.h"
#include "session/room.h"

#include <stdlib.h>
#include <string.h>

struct verifier {
        UT_hash_handle hh;
        struct room *room;
        struct derivation *derivation; /* it is being made; NULL: it has been */
        struct scram_verifier verifier;
        char key[]; /* user NUL secret NUL */
};

static uint32_t iterations_of(const struct room *room)
{
        int wanted = room->conf->opt.scram_iterations;

        return (uint32_t)(wanted < SCRAM_ITERATIONS_MAX ? wanted : SCRAM_ITERATIONS_MAX);
}

void verifiers_mock(const struct room *room, const char *user, struct scram_verifier *out)
{
        scram_verifier_mock(user, room->crowd->mock_key, iterations_of(room), out);
}

static void destroy(struct verifier *v)
{
        size_t n = v->hh.keylen;

        derivation_forget(v->derivation);
        HASH_DEL(v->room->verifiers, v);
        secret_wipe(v->key, n);
        secret_wipe(&v->verifier, sizeof(v->verifier));
        free(v);
}

/* Those who wait for `v`. */
static void wake(struct room *room, const struct verifier *v)
{
        list_for_each_safe (node, &room->logins) {
                struct client *c = list_item(node, struct client, in_phase);

                if (c->entry != NULL && c->entry->awaited == v)
                        proof_go_on(c);
        }
}

static void on_derived(void *arg, const struct scram_keys *keys)
{
        struct verifier *v = arg;

        v->derivation = NULL;
        scram_verifier_of_keys(keys, &v->verifier);
        wake(v->room, v);
}

static void make_room(struct room *room)
{
        struct verifier *v, *next;

        if (HASH_COUNT(room->verifiers) < VERIFIERS_MAX)
                return;
        /* The hash keeps them in the order in which they came. Those under way are a few. */
        HASH_ITER (hh, room->verifiers, v, next) {
                if (v->derivation == NULL) {
                        destroy(v);
                        return;
                }
        }
}

/* The salt is the one that a user of this name would be shown if it did not exist: from it nobody can tell
 * whether it does. False: there are too many under way. */
static bool derive(struct verifier *v, const char *user, const char *secret)
{
        struct room *room = v->room;
        struct scram_verifier mock;
        struct scram_keys keys;

        verifiers_mock(room, user, &mock);
        scram_keys_for(&mock, &keys);
        if (mock.iterations > DERIVATION_SMALL) {
                v->derivation = derivation_begin(room->crowd->helpers, &room->loop->mailbox, secret, &keys,
                                                 on_derived, v);
                return v->derivation != NULL;
        }
        scram_client_keys(secret, &keys);
        scram_verifier_of_keys(&keys, &v->verifier);
        secret_wipe(&keys, sizeof(keys));
        return true;
}

/* Made, or being made; NULL: neither is possible. */
static struct verifier *get(struct room *room, const char *user, const char *secret)
{
        size_t un = strlen(user) + 1, sn = strlen(secret) + 1;
        struct verifier *v = xcalloc(1, sizeof(*v) + un + sn), *found;

        v->room = room;
        memcpy(v->key, user, un);
        memcpy(v->key + un, secret, sn);
        HASH_FIND(hh, room->verifiers, v->key, (unsigned)(un + sn), found);
        if (found == NULL && derive(v, user, secret)) {
                make_room(room);
                HASH_ADD_KEYPTR(hh, room->verifiers, v->key, (unsigned)(un + sn), v);
                return v;
        }
        secret_wipe(v->key, un + sn);
        free(v);
        return found;
}

const struct scram_verifier *verifiers_find(struct client *c, const char *user, const char *secret)
{
        struct verifier *v = get(c->room, user, secret);

        if (v != NULL && v->derivation == NULL)
                return &v->verifier;
        if (v == NULL) {
                client_refuse(c, "53300", "too many logins wait for their passwords to be checked");
                return NULL;
        }
        c->entry->awaited = v;
        client_move(c, CLIENT_INQUIRY);
        return NULL;
}

void verifiers_forget(struct room *room)
{
        struct verifier *v, *next;

        HASH_ITER (hh, room->verifiers, v, next)
                destroy(v);
        list_for_each_safe (node, &room->logins) {
                struct client *c = list_item(node, struct client, in_phase);

                if (c->entry != NULL && c->entry->awaited != NULL)
                        proof_go_on(c);
        }
}
