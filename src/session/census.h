/* census: what all workers have to show, gathered for one console command or scrape: a letter goes to each
 * worker, each copies its rows, and when the last has answered the asker gets all of it in one letter back.
 *
 * A census is a value: its strings are copies in its arenas; nobody's live struct is in it. */
#pragma once

#include "base/arena.h"
#include "net/mailbox.h"
#include "session/room.h"
#include "session/stats.h"

enum census_part {
        CENSUS_CLIENTS = 1 << 0, /* those who log in are there too, as "login" */
        CENSUS_SERVERS = 1 << 1,
        CENSUS_POOLS = 1 << 2,
        CENSUS_STATS = 1 << 3,
        CENSUS_NAMES = 1 << 4,
        CENSUS_MEMORY = 1 << 5,
        CENSUS_LATENCY = 1 << 7,
        CENSUS_QUERIES = 1 << 8,
        CENSUS_HOLDS = 1 << 9,
        CENSUS_PREPARED = 1 << 10,
        CENSUS_DESCRIPTORS = 1 << 6, /* with clients and servers: duplicates, as long as the census lives */
};

enum { CENSUS_PARAMETERS = 4 };
extern const char *const census_parameters[CENSUS_PARAMETERS];

/* SHOW CLIENTS and SHOW SERVERS have the same columns. */
struct census_socket {
        const char *user, *database;
        const char
            *state; /* as PgBouncer names it: active, idle, waiting, login; active, idle, new, tested... */
        const char *node; /* servers: "host:port"; clients: of the linked server, or "" */
        const char *addr, *local_addr, *application_name;
        const char *tls; /* version and cipher, "" without */
        const char *replication;
        int port, local_port;
        int64_t connect_wall_us, request_wall_us, wait_us;
        bool close_needed;
        uint64_t ptr, link; /* identities; 0: none */
        uint32_t remote_pid;
        int prepared_statements;
        size_t half_read; /* bytes of a message that are still to come, and pass through or are dropped */
        size_t unread, unsent; /* bytes taken and not yet looked at; accepted and not yet written */
        uint64_t id;
        int fd, link_fd;                           /* numbers alone; link_fd 0: none */
        int duplicate;                             /* CENSUS_DESCRIPTORS: of fd; -1: none */
        uint64_t cancel;                           /* the first 8 bytes of its key */
        bool plain;                                /* neither it nor what it is joined with speaks TLS */
        const char *parameters[CENSUS_PARAMETERS]; /* as census_parameters names them; NULL: not known */
        int worker;
        const char *pin; /* clients: why it keeps its server, "" when it does not */
};

/* One per (database, user, node) and worker; for SHOW POOLS sum over nodes and workers. */
struct census_pool {
        const char *database, *user, *node;
        int cl_active, cl_waiting, cl_active_cancel_req, cl_waiting_cancel_req;
        int sv_active, sv_active_cancel, sv_being_canceled, sv_idle, sv_used, sv_tested, sv_login;
        int64_t maxwait_us;
        int pool_mode; /* enum pool_mode */
        int limit;     /* of connections, over all workers */
        int worker;
};

/* Cancel requests to one peer, of one worker. */
struct census_peer {
        int peer_id;
        int cl_active_cancel_req, cl_waiting_cancel_req, sv_active_cancel, sv_login;
};

/* Clients that are logged in but wait for no pool (idle, held) are counted here, per (database, user). */
struct census_endpoint {
        const char *database, *user;
        int clients, held;
        int cl_active, cl_waiting;
        int pool_mode;
        int64_t maxwait_us; /* of the held */
};

struct census_stats {
        const char *database;
        struct counters n;
};

/* One per pool of a worker that has served somebody. */
struct census_latency {
        const char *database, *user, *node;
        struct histogram_extract of[LATENCY_KINDS];
};

/* One per query of a worker, session/queries.h. */
struct census_query {
        uint64_t key; /* the same in all workers */
        const char *database, *user, *text;
        uint64_t fingerprint, calls, errors, rows, on_primary, on_standby;
        struct histogram_extract time;
};

/* A client that waits for a node to serve it. */
struct census_hold {
        uint64_t id;
        const char *database, *user, *addr, *application_name;
        int port;
        int64_t held_us;
        bool for_primary; /* else any node that serves reads will do */
};

/* A prepared statement, once for each client that has a name for it and for each server that has it. */
struct census_prepared {
        bool on_server;
        uint64_t id; /* of the client or server */
        const char *database, *user;
        const char *node;        /* servers */
        const char *name;        /* clients: theirs */
        const char *server_name; /* the same on all servers */
        const char *text;        /* without constants; NULL: no client of this worker has it now */
        uint64_t fingerprint;    /* 0: not known */
        uint64_t uses;
};

/* A host name that a worker has asked for. */
struct census_name {
        const char *name;
        const char *addresses; /* "192.0.2.1:0,[2001:db8::1]:0": as PgBouncer shows them, without a port */
        int64_t left_us;       /* until it is looked up again */
        const char *zone;      /* "": none */
        uint32_t serial;       /* of the zone; 0: not known */
};

/* What a worker's things of one kind take. */
struct census_cache {
        const char *name;   /* PgBouncer's where it has such a cache; static */
        size_t size;        /* of one, bytes; 0: they differ */
        size_t used, spare; /* objects in use, and memory for more */
        size_t bytes;       /* of all */
};

enum { CENSUS_CACHES = 10 };

struct census_worker {
        struct arena arena;
        struct census_cache caches[CENSUS_CACHES]; /* the same in each worker */
        struct census_socket *clients, *servers;
        size_t client_count, server_count;
        struct census_pool *pools;
        size_t pool_count;
        struct census_peer *peers;
        size_t peer_count;
        struct census_endpoint *endpoints;
        size_t endpoint_count;
        struct census_stats *stats;
        size_t stats_count;
        struct census_latency *latency;
        size_t latency_count;
        struct census_query *queries;
        size_t query_count;
        struct census_hold *holds;
        size_t hold_count;
        struct census_prepared *prepared;
        size_t prepared_count;
        struct census_name *names;
        size_t name_count;
        int lookups; /* of names, under way */
        int logins;  /* clients still logging in */
};

struct census {
        struct letter letter; /* in which it comes back; `open` is set by the asker */
        unsigned parts;
        struct mailbox *home;
        void *arg; /* the asker's */
        _Atomic int missing;
        int workers;
        struct census_worker worker[]; /* one each */
};

/* Asks all workers of `crowd` for `parts` (enum census_part bits). When all have answered, `done` runs on the
 * thread of `home` with the census as its letter (first member) and that mailbox's owner; it frees it with
 * census_free. */
struct census *census_take(struct crowd *crowd, unsigned parts, struct mailbox *home, void *arg,
                           void (*done)(struct letter *letter, void *owner));
void census_free(struct census *census);
