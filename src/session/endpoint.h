/* endpoint: what a worker's clients of one (database, user) share: the configuration line, the cluster and
 * the newest topology seen, a pool for each node, and the parameters a server reports after login, by startup
 * settings.
 *
 * Made at the first login, kept until nobody has used it for long (session/autodb.h) or the room ends. One
 * thread. */
#pragma once

#include "cluster/catalog_home.h"
#include "session/room.h"

struct welcome {
        struct list in_endpoint;   /* newest first */
        struct settings *settings; /* what the server was given first, struct entry's welcome_key */
        struct buf params;         /* ParameterStatus messages */
        struct list greetings;     /* made of it, session/greeting.c; the last one asked for first */
        int greeting_count;
};

struct endpoint {
        UT_hash_handle hh;
        struct room *room;
        char *database, *user;            /* as the client named them; the hash key is "database NUL user" */
        const struct conf_database *line; /* of room->conf; NULL: gone from the configuration */
        struct cluster *cluster;
        struct topology *topology;
        struct catalog_home *home;              /* NULL: single, nothing is routed by what names mean */
        struct catalog *catalog;                /* the newest seen; NULL: single */
        struct classify_rules rules;            /* for endpoint_rules alone */
        struct pool *pools[TOPOLOGY_NODES_MAX]; /* by index in the cluster; NULL: not used yet */
        struct db_stats *stats;
        uint64_t salt; /* query_salt() */
        struct list welcomes;
        int welcome_count;
        int pool_mode;            /* enum pool_mode */
        enum target_attrs target; /* the user's, else the line's */
        int consistency;
        int min_pool_size;
        int64_t client_idle_timeout_us, query_wait_timeout_us; /* 0: none */
        int64_t query_timeout_us, idle_transaction_timeout_us, transaction_timeout_us;
        uint8_t outcome; /* enum outcome_way */
        bool split;      /* transaction_split, where there is something to choose */
        enum tx_isolation
            isolation; /* of transactions that say nothing, as a server said; UNSAID: not known */
        struct balance_terms terms;
        bool single;       /* nothing to choose: one node, or routing=off */
        bool autodb;       /* of the * line; session/autodb.c alone */
        int64_t unused_us; /* since when it has no client and its pools no server; 0: it is used */
        struct scram_keys keys;
        bool have_keys;
        char *secret; /* found by auth_query, or shown to LDAP or PAM; NULL: none */
        unsigned clients;
        size_t census_row; /* while a census is filled in */
        size_t key_size;
        char key[];
};

/* The endpoint of a login, `line` being the database's line. */
struct endpoint *endpoint_get(struct room *room, const struct conf_database *line, const char *database,
                              const char *user);

/* Follows the room's new configuration. */
void endpoint_configure(struct endpoint *e);
void endpoint_free(struct endpoint *e);

/* The newest topology. Cheap. */
const struct topology *endpoint_topology(struct endpoint *e);

/* What statements are classified by: the room's rules and the newest catalog of the database. Cheap; good
 * until the loop's next turn. */
const struct classify_rules *endpoint_rules(struct endpoint *e);

/* The pool of node `index`. */
struct pool *endpoint_pool(struct endpoint *e, int index);

/* For the room's tick: keeps min_pool_size servers for those that have a client, and for the databases with a
 * user of their own even when nobody has come yet. */
void endpoints_keep_minimum(struct room *room);

/* The secret that a client's login has found by auth_query, or the password that LDAP or PAM took: all pools
 * of the endpoint may log in with it. */
void endpoint_offer_secret(struct endpoint *e, const char *secret);

/* SCRAM keys a client has logged in with: all pools of the endpoint may use them. */
void endpoint_offer_keys(struct endpoint *e, const struct scram_keys *keys);

/* Cached answer to a login with these settings; NULL: a server must be asked. */
struct welcome *endpoint_welcome(struct endpoint *e, struct settings *settings);
/* Keeps the parameters of a server that has `settings`; takes over the reference. Returns the entry. */
struct welcome *endpoint_learn(struct endpoint *e, struct settings *settings, const struct params *params);
void endpoint_forget_welcomes(struct endpoint *e);
