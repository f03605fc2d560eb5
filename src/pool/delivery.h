/* delivery: a cancel request on its way to the server that runs the query, or to the peer whose client it
 * concerns: waits for a slot, dials, sends, and waits until the other side closes. It goes to a server in TLS
 * when the connection that runs the query is in TLS, and to a peer when its line says so.
 *
 *     WAITING --(a slot)--> DIALLING --(connected: sent)--> SENT --(the other side has closed)--> ended
 *        ^                     |
 *        +--(cannot connect)---+      WAITING, DIALLING --(the server has gone back to its pool)--> ended
 *
 * Until it has been sent it can be called off; from then on the server must not be given to another client
 * (server->cancels, SERVER_PARKED), or that one's query would be hit. Slots: of a pool, as quota_take_cancel
 * says; of a peer, its pool_size, exact over all workers. Owner and thread: the worker. */
#pragma once

#include "base/list.h"
#include "wire/cancel_key.h"

#include <stdint.h>

struct conf_peer;
struct pool;
struct pools;
struct server;
struct tls_context;

/* Where deliveries of one pool, or to one peer, go out. */
struct outlet {
        struct pools *home;
        struct pool *pool;                   /* NULL: to a peer */
        struct list waiting, dialling, sent; /* deliveries, oldest first */
        int waiting_count, dialling_count, sent_count;
        int64_t retry_us; /* no attempt to connect before this moment */
        /* of a peer */
        struct list in_home;
        int peer_id, limit;
        char host[256];
        int port;
        struct tls_context *tls; /* with a reference; NULL: none */
};

/* Called once, when it is over; `why` is PgBouncer's word for it. */
typedef void delivery_fn(void *arg, const char *why);

void outlet_init(struct outlet *o, struct pools *home, struct pool *pool);

/* The outlet to `peer`, at the address and with the limit it says; made when new. */
struct outlet *outlet_to_peer(struct pools *home, const struct conf_peer *peer);

/* Starts a delivery. To a pool's server: `s`, which runs the query now, and whose own key it takes. To a
 * peer: `s` is NULL and `key` the client's. */
void delivery_start(struct outlet *o, struct server *s, const struct cancel_key *key, delivery_fn *ended,
                    void *arg);

/* Lets out who waits, as far as there are slots. */
void outlet_retry(struct outlet *o);

/* `s` has done what it was to be canceled at: what has not been sent yet is called off. `closed`: the server
 * ends, and nothing points to it any more. */
void outlet_forget(struct outlet *o, struct server *s, bool closed);

/* Ends all deliveries. */
void outlet_close(struct outlet *o, const char *why);

/* The same for all outlets to peers; outlets_free when nothing can come any more. */
void outlets_close(struct pools *home, const char *why);
void outlets_free(struct pools *home);
void outlets_retry(struct pools *home);
