/* catalogs: keeps the catalogs of all databases that are routed by what names mean (cluster/catalog_home.h)
 * like their primaries: reads each one when somebody needs it, looks at its fingerprint every
 * catalog_check_interval, and at once when a definition was changed through us, when another primary was
 * elected, or when a statement names what the catalog does not have (less and less often as long as there is
 * nothing new).
 *
 * Reads from the primary, and from a standby while there is none. Owner and thread: the control thread. */
#pragma once

#include "cluster/catalog_home.h"

struct catalog_maker;
struct catalogs;
struct conf;
struct loop;

struct catalog_status {
        char state[12];  /* catalog_state_name */
        char node[80];   /* it was last asked of; "": of none yet */
        char error[120]; /* of the last try; "": none */
        uint32_t functions, relations;
        int64_t read_us;    /* how long it took to read it */
        int64_t longest_us; /* that this kept the loop waiting at one time */
        int64_t slice_us;   /* the same, of the processor's time */
        int64_t read_wall_us,
            checked_wall_us; /* when it was read, when it was last found to be the newest; 0: never */
        int64_t loads;       /* how often it was read */
};

/* Does nothing before catalogs_configure. */
struct catalogs *catalogs_new(struct loop *loop, const struct catalog_maker *maker);

/* Follows the configuration; keeps a reference to it. */
void catalogs_configure(struct catalogs *catalogs, struct conf *conf);

/* The bell rang: somebody needs a new one, or a definition was changed. */
void catalogs_wake(struct catalogs *catalogs);

/* False: there is no such home. */
bool catalogs_status(const struct catalog_home *home, struct catalog_status *out);

/* Ends it; what was published stays. NULL is allowed. */
void catalogs_free(struct catalogs *catalogs);
