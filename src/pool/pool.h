/* pool: one worker's part of the servers for one (database, user, node), and the clients that wait for one.
 *
 *     pool_lease --> idle server, else the queue: first come, first served, over all workers
 *     pool_give_back --> the client that has waited longest here or elsewhere, else the idle list (last in,
 * first out)
 *
 * The quota (pool/quota.h) makes limits exact over all workers. A worker hands a server to another one when
 * that one's client waits and its own do not, or have waited a shorter time. Reads no client; decides no
 * route. Owner and thread: the worker. */
#pragma once

#include "auth/scram.h"
#include "base/hash_table.h"
#include "base/refusal.h"
#include "conf/conf.h"
#include "net/tls_set.h"
#include "pool/delivery.h"
#include "pool/latency.h"
#include "pool/quota.h"
#include "pool/server.h"

/* A client in the queue of a pool; embed it. */
struct waiter {
        struct list in_queue;
        struct pool *pool; /* NULL: waits for nothing */
        int64_t since_us;
        bool login; /* for a client that is not in yet: a server's refusal is its answer */
        /* of a wait for a server of its own, pool/solo.h */
        enum replication replication;
        const struct buf *params;
        struct server *opening; /* logs in for it */
};

enum pool_trouble {
        POOL_UNREACHABLE, /* no connection can be made, or the node is going away */
        POOL_REJECTED,    /* the node refuses the login: *refusal says why */
};

/* What the session room does for the pool room. */
struct pool_ops {
        void (*granted)(struct waiter *w, struct server *s);
        void (*failed)(struct waiter *w, enum pool_trouble trouble, const struct refusal *r);
        void (*readable)(struct server *s); /* a leased server has something to read */
        void (*drained)(struct server *s);  /* what was queued for a leased server has left */
        void (*lost)(struct server *s,
                     const char *why);       /* a leased server broke: part from it and close it */
        void (*reserving)(struct waiter *w); /* a connection of the reserve is opened for it: for the log */
};

struct pools; /* all pools of a worker */

struct pool {
        struct pools *home;
        struct quota *quota;              /* identity: database, user, node; and the shared numbers */
        struct node *node;                /* where servers are; of a plain line the one that stands for all */
        const struct conf_database *line; /* of home->conf; NULL: the configuration has dropped it */
        struct outlet outlet;             /* of cancel requests */
        char *dbname;                     /* on the server */
        UT_hash_handle hh;                /* in home, by quota */
        struct list idle, leased, login, resetting, parked; /* servers, by state */
        struct list queue;                                  /* waiters, oldest first */
        int idle_count, leased_count, login_count, resetting_count, parked_count, queue_count;
        int asked;              /* servers asked of other workers and not yet here */
        struct blocked blocked; /* while a budget keeps it from opening a connection */
        bool evicting;          /* another pool has been asked to close an idle server for this one */
        int64_t idle_said_us;   /* as published: since when the longest idle server is idle; 0: none is */
        struct list solo_queue; /* waiters for a server of their own, oldest first */
        int solo_count, solo_logins,
            solo_open; /* of these waiters; of servers that log in for them; of all */
        struct blocked solo_blocked;
        bool solo_serving;
        bool paused; /* PAUSE: nobody is served */
        bool have_keys;
        bool derived_keys;       /* they are of a password in the configuration, not a client's own */
        char *secret;            /* the user's, found by auth_query; NULL: none */
        struct scram_keys keys;  /* for logging in at the node */
        int64_t retry_us;        /* no login attempt before this moment */
        int64_t backoff_us;      /* of a cluster's: how long the last wait for the next attempt was */
        bool proven;             /* the last login went well */
        struct refusal last;     /* why the last login failed; severity NULL: it did not */
        struct latency *latency; /* NULL: nothing has been served yet */
        enum pool_trouble last_trouble;
};

struct pools {
        struct loop *loop;
        struct conf *conf;
        struct tls_set *tls; /* of the configuration; NULL: none yet */
        const struct pool_ops *ops;
        struct helpers *helpers; /* for what would keep the loop; NULL only where nothing does (tests) */
        int self;                /* this worker's number */
        int count;
        struct pools **peers;           /* of all workers, by number */
        struct pool *pools;             /* uthash */
        char **paused;                  /* names under PAUSE; "" is all; NULL-terminated, NULL: none */
        struct settings_table settings; /* of servers and clients of this worker */
        struct list outlets;            /* of cancel requests to peers */
        int64_t hosts_due_us;           /* pool/hosts.h alone */
};

/* `peers` has `count` entries, filled in before any loop runs. Takes a reference of conf. */
void pools_init(struct pools *pools, struct loop *loop, struct conf *conf, const struct pool_ops *ops,
                int self);

/* Closes all servers; none is leased any more. Then, when the loop's graveyard is swept, frees. */
void pools_fini(struct pools *pools);
void pools_free(struct pools *pools);

/* This worker's pool for (database as the client names it, server-side user, node); made when new. A plain
 * line has one for all its hosts, and keeps it when they change. */
struct pool *pools_get(struct pools *pools, const struct conf_database *line, const char *database,
                       const char *user, struct node *node);

/* Follows a new configuration and what goes with it, of both of which a reference is taken: limits, and
 * connections whose target, credentials or TLS changed, which are closed when they are free. `tls` NULL:
 * none.
 */
void pools_configure(struct pools *pools, struct conf *conf, struct tls_set *tls);

/* TLS for connections that are opened now; NULL: none. */
struct tls_context *pool_tls(const struct pool *pool);

/* Now and then (about ten times a second): timeouts, retries. Returns when the next timeout
 * falls, INT64_MAX: none is in sight. */
int64_t pools_tick(struct pools *pools);

/* Opens one connection when the pool has fewer than min_pool_size and no limit is in the way; evicts nobody
 * for it. The session knows which pools are to be kept ready, and asks as often as it ticks. */
void pools_keep_minimum(struct pool *pool);

/* Closes every server to `node`, leased ones through ops->lost, or without `leased` when they are given back;
 * who waits for one is told POOL_UNREACHABLE. */
void pools_close_node(struct pools *pools, struct node *node, bool leased, const char *why);

/* Health has news: who waits until nodes that could not be reached are tried again need wait no longer. */
void pools_hurry(struct pools *pools);

/* Lets go all idle servers of `database` (NULL: all) now and leased ones when they come back (RECONNECT). */
void pools_reconnect(struct pools *pools, const char *database);

/* PAUSE and RESUME of `database` (NULL: all). Returns whether servers are still in use. */
bool pools_pause(struct pools *pools, const char *database, bool paused);

/* KILL: pauses and closes all servers that are not leased; the session room closes the clients. */
void pools_kill(struct pools *pools, const char *database);

/* SUSPEND, pool/suspend.c: stops reading from every server whose buffers are empty, and returns how many have
 * not got that far; with `force` those are closed. pools_wake undoes it. */
int pools_suspend(struct pools *pools, bool force);
void pools_wake(struct pools *pools);
/* pool_retry of every pool. */
void pools_serve_waiting(struct pools *pools);

/* Whether it has no server in any worker, and here nobody waits, nothing refers to it any more and no PAUSE
 * holds it; then it may be freed. */
bool pool_is_unused(const struct pool *pool);
void pool_free(struct pool *pool);

/* An idle server at once, preferring one with the settings `like`; or NULL, and `w` is in the queue. */
struct server *pool_lease(struct pool *pool, struct waiter *w, const struct settings *like);

/* Whether a client that needs a server now is refused at once: logins have been failing and no server is
 * connected in any worker (PgBouncer's fast failure). *r says so then; another login is tried when it is
 * time. Not for a client that still logs in. Cheap: one comparison while all is well. */
bool pool_refuses(struct pool *pool, struct refusal *r);

/* Leaves the queue; harmless when it waits for nothing. */
void pool_cancel_wait(struct waiter *w);

/* A leased server, at rest (no reply owed, not in a transaction), is free again. The session has parted. */
void pool_give_back(struct server *s);

/* Serves those who wait, if that has become possible. */
void pool_retry(struct pool *pool);

/* The password we log in with: of the line, else of auth_file; NULL: none. */
const char *pool_password(const struct pool *pool);

/* A client has logged in with SCRAM: its key may open the server too. */
void pool_offer_keys(struct pool *pool, const struct scram_keys *keys);

/* The user's secret in the database, or the password it has shown to LDAP or PAM: for logging in, before what
 * the configuration has. NULL takes it back. */
void pool_offer_secret(struct pool *pool, const char *secret);

/* Whether a configuration that has just been read says the user's secret itself, so that offered ones end: as
 * in PgBouncer the later word counts. With PAM auth_file does not count at all. */
bool pool_secret_configured(const struct conf *conf, const char *user);

/* server_lifetime here. */
int64_t pool_lifetime(const struct pool *pool);

/* Whether `s`, older than that, is to be closed now. As in PgBouncer, where a pool has several the ends are
 * spread over the lifetime, lest all are opened anew at once. */
bool pool_end_lifetime(struct pool *pool, const struct server *s);

/* ---- for demand.c and pools.c ---- */

static inline bool pool_alone(const struct pool *pool)
{
        return pool->home->count == 1;
}

/* Of a line that is no cluster. */
static inline bool pool_is_plain(const struct pool *pool)
{
        return pool->quota->node == NULL;
}

/* This worker's in the masks of the quota. */
static inline uint64_t pool_bit(const struct pool *pool)
{
        return UINT64_C(1) << pool->home->self;
}

/* Tells the other workers whether there are idle servers here. */
void pool_publish_idle(struct pool *pool);

/* Whether an idle server has to be tried with server_check_query before it is lent. */
bool pool_must_check(const struct pool *pool, const struct server *s);

/* Tries an idle server; there is one. */
void pool_check_one(struct pool *pool);

/* Closes the server that has been idle longest. */
void pool_evict(struct pool *pool);

/* Everybody who waits is told. */
void pool_fail_all(struct pool *pool, enum pool_trouble trouble, const struct refusal *r);

/* A connection that was counted is gone: whoever waits for it, in whatever worker, looks again. */
void pool_quota_freed(struct pool *pool);

/* For server.c alone. */
void pool_server_ready(struct server *s);
void pool_server_failed(struct server *s, enum pool_trouble trouble, const struct refusal *r);
void pool_server_gone(struct server *s);
struct list *pool_list_of(struct pool *pool, enum server_state state, int **count);
