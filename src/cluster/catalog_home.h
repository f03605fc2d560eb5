/* catalog_home: the one place where the catalog of a database is published, a database being a cluster and
 * the name it has on the server there. Survives failovers: another primary has the same catalog.
 *
 * The control thread publishes (health/catalogs.h); everybody else asks with one atomic load whether the own
 * snapshot is still the newest. A home lives while somebody uses it. */
#pragma once

#include "cluster/catalog.h"
#include "cluster/cluster.h"

/* What workers see that makes a catalog doubtful. Bits; health takes them. */
enum catalog_doubt {
        CATALOG_CHANGED = 1 << 0, /* a statement is committed that may have changed definitions */
        CATALOG_LACKS =
            1 << 1, /* a statement names what the catalog does not have: made elsewhere, or nowhere */
};

struct catalog_home {
        /* read-only */
        struct cluster *cluster;
        char *dbname; /* on the server */

        /* for health alone */
        void *reader;

        _Atomic uint64_t id;     /* of the newest snapshot */
        _Atomic uint32_t doubts; /* enum catalog_doubt bits not yet looked at */
        _Atomic int users;
        struct catalog_home *_Atomic next; /* in the registry */
        struct {
                pthread_mutex_t lock;
                struct catalog *catalog;
        } locked;
};

/* The home of a database, made when it is new: its first snapshot is CATALOG_WAITING, and health is woken.
 * The caller is one of its users until catalog_home_leave. Thread-safe. */
struct catalog_home *catalog_home_join(struct cluster *cluster, const char *dbname);

/* NULL is allowed. Thread-safe. */
void catalog_home_leave(struct catalog_home *home);

/* Makes *mine the newest snapshot: gives back the old reference, takes a new one, returns true when it
 * changed. *mine NULL at first. Cheap (one atomic load) when nothing changed. */
bool catalog_home_refresh(struct catalog_home *home, struct catalog **mine);

/* Says what was seen, and wakes health. Any thread, never blocks; cheap when it has been said already. */
void catalog_home_doubt(struct catalog_home *home, enum catalog_doubt doubt);

/* Health: the bits since the last call. */
uint32_t catalog_home_take_doubts(struct catalog_home *home);

/* Health: publishes `next`, of which a reference passes over. */
void catalog_home_publish(struct catalog_home *home, struct catalog *next);

/* Health: the first of all homes, in the order they were made; follow ->next. Only the thread that sweeps may
 * walk. */
struct catalog_home *catalog_home_first(void);

/* Health: frees the homes that have neither users nor a reader. */
void catalog_home_sweep(void);
