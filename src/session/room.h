/* room: what one worker's sessions share: its pools, statements, endpoints, counters, and the clients
 * themselves.
 *
 * Owner and thread: the worker. Other threads reach it by letters to loop->mailbox (session/orders.h,
 * session/census.h); the few numbers that all workers share are in struct crowd. */
#pragma once

#include "auth/hba.h"
#include "base/nameset.h"
#include "base/slab.h"
#include "net/listener.h"
#include "pool/pool.h"
#include "router/lists.h"
#include "session/keys.h"
#include "session/line_bound.h"
#include "session/proxied.h"
#include "session/queries.h"
#include "session/statement.h"
#include "session/stats.h"
#include "wire/cancel_key.h"

#include <stdatomic.h>

struct client;
struct endpoint;
struct guesses;
struct room;

/* An authenticated client of the console, on its way there. */
struct visitor {
        struct stream *stream; /* taken over, like the bytes read already */
        struct buf *in;
        const char *user;
        bool admin; /* may command, else may only SHOW */
        const char *address;
        int port;
        uint64_t id;
        int64_t connected_wall_us;
        const char *application_name;        /* "": none */
        struct budget *budget[BUDGET_KINDS]; /* it is counted in, taken over; NULL: in none */
};

/* The newest configuration with what was made of it: they go together. One reference each. */
struct news {
        struct conf *conf; /* NULL: none yet */
        struct tls_set *tls;
        struct hba *hba; /* NULL: auth_type is neither hba nor ldap */
};

/* What all workers share about clients. */
struct crowd {
        int workers;
        struct room *rooms[WORKERS_MAX];
        _Atomic int clients[WORKERS_MAX]; /* of each worker; for dealing evenly */
        _Atomic int total;                /* logged-in or logging-in, console excepted */
        _Atomic int held;
        _Atomic int64_t drain_us;  /* when the next held client may go on, as failover_drain_rate has it */
        _Atomic bool refusing;     /* SHUTDOWN WAIT_FOR_... is under way */
        _Atomic int64_t closed_us; /* since when only clients of the console come in by unix sockets
                                      (clock_us); 0: all do */
        pthread_mutex_t news_lock;
        struct news news;        /* under news_lock */
        struct helpers *helpers; /* for what would block */
        const struct listeners *listeners;
        const struct listeners *http_listeners; /* for a takeover alone */
        bool handed_over;                       /* another process has all of it; control thread */
        uint8_t statement_key[KEYED_HASH_KEY_SIZE];
        struct guesses *guesses;
        uint8_t mock_key[32]; /* for users that do not exist */
        /* Called on the worker's thread. */
        void (*adopt)(void *arg, const struct visitor *visitor);
        void *adopt_arg;
        struct loop *control; /* whose clients are the console's; NULL: there is none (tests) */
        /* A CancelRequest whose key no worker knows; any thread; same argument. `done` is told on the control
         * thread whether a console client had that key. */
        void (*cancel_console)(void *arg, const struct cancel_key *key, void (*done)(void *arg, bool found),
                               void *done_arg);
};

struct room {
        struct loop *loop;
        struct conf *conf;
        struct hba *hba; /* NULL: auth_type is neither hba nor ldap */
        struct crowd *crowd;
        int self;
        struct pools pools;
        struct statements statements;
        struct statement *outcome_questions[2]; /* session/outcome.c alone; NULL: not asked yet */
        struct slab clients_slab, blocks_slab;
        struct buf_spares spares;    /* for segments that wait for a server */
        struct list clients;         /* all that are not closed */
        struct list logins;          /* before CLIENT_IDLE, oldest first */
        struct list waiting;         /* CLIENT_WAITING, oldest first */
        struct list held;            /* CLIENT_HELD, oldest first */
        struct list catching;        /* CLIENT_CATCHING */
        struct endpoint *endpoints;  /* uthash */
        struct db_stats *stats;      /* uthash */
        struct keys keys;            /* all clients by their cancel keys */
        struct classify_rules rules; /* of the configuration; those of a database: endpoint_rules */
        struct route_lists lists;    /* what rules points to */
        struct proxies proxies;
        struct verifier *verifiers;        /* uthash: session/verifiers.h */
        char found[160];                   /* session/measure.h: a secret like auth_query's, of nobody's */
        const struct listeners *listeners; /* that it has listened to */
        struct acceptor *acceptor;         /* NULL: it does not listen now */
        struct timer *tick;
        int64_t patience_us; /* until then statements may end on a primary that stops; 0: on none */
        uint64_t random;
        unsigned routes_passed; /* decisions since the last line about one */
        struct line_bound route_lines, slow_lines;
        struct queries queries;  /* size as query_stats_size says */
        bool calling;            /* session/roll_call.h: one is under way */
        unsigned next_call;      /* the number of the next one */
        bool keeps_minimum;      /* some pool may have a min_pool_size */
        struct nameset disabled; /* databases that take no new clients */
        bool suspended;          /* session/suspend.h */
        bool unix_only;          /* room_unlisten_tcp */
        bool looks_at_everybody; /* some endpoint has a timeout for idle clients, queries or transactions */
};

void room_init(struct room *room, struct loop *loop, struct conf *conf, struct crowd *crowd, int self);

/* Starts accepting. */
void room_listen(struct room *room, const struct listeners *listeners);
void room_unlisten(struct room *room);
/* From now on and for ever only through unix sockets. */
void room_unlisten_tcp(struct room *room);

/* Closes all clients and servers; then, when the graveyard is swept, room_free. */
void room_fini(struct room *room);
void room_free(struct room *room);

/* A connection for this worker; the peer's address as accepted. */
void room_take(struct room *room, int fd, const struct address *peer);
/* One for any worker; any thread. */
void crowd_take(struct crowd *crowd, int fd, const struct address *peer);

/* xorshift: for choosing between nodes, nothing secret. */
uint64_t room_random(struct room *room);

/* A topology was published: held clients look again, servers to lost nodes are closed. */
void room_topology_changed(struct room *room);
/* Now and then: those of them that were given time. */
void room_tick(struct room *room);

/* Makes `news`, references of which are taken, what room_configure finds. Control thread. */
void room_publish(struct crowd *crowd, const struct news *news);

/* Takes the newest configuration. */
void room_configure(struct room *room);
