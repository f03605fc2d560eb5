/* reader: reads the catalog of one database from one node, over a connection that lives as long as that
 * takes.
 *
 *     OPENING -> ASKING -> MAKING -> DONE        (any -> DONE when something fails)
 *
 * Never blocks: as a probe, and what comes is taken in slices, between which the loop serves others. One
 * deadline bounds it all. Owner and thread: the control thread. */
#pragma once

#include "cluster/catalog_maker.h"
#include "health/contact.h"

struct reader;

struct reading {
        struct catalog *catalog; /* what was read, one reference; NULL: nothing new, or an error */
        bool unchanged;          /* the fingerprint was the known one */
        int64_t took_us;
        int64_t longest_us; /* that it kept the loop waiting at one time */
        int64_t
            longest_cpu_us; /* the same, of the processor's time: the rest of it others had the processor */
        char error[120];    /* "": none */
};

struct reader_order {
        const struct probe_target *target;
        const struct catalog_maker *maker;
        const char *known; /* fingerprint of what is known already; "": nothing */
        int64_t timeout_us;
        void (*on_done)(const struct reading *reading,
                        void *arg); /* once, from the loop; may free the reader */
        void *arg;
};

/* Begins; *order is copied. `names` may be NULL when the host is no name. */
struct reader *reader_new(struct event_base *base, struct names *names, const struct reader_order *order);

/* Ends it; on_done is not called any more. NULL is allowed. */
void reader_free(struct reader *reader);
