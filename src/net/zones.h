/* zones: the serials of the DNS zones that names are in: a zone is all behind a name's first dot, as in
 * PgBouncer. For net/names.c alone, and of its thread. */
#pragma once

#include "base/list.h"
#include "net/dns.h"

struct zone {
        struct list in_zones;
        struct zones *zones;
        int names;   /* how many are in it; with the last one it goes */
        bool asking; /* for its serial */
        bool known;
        uint32_t serial;
        char text[]; /* as it was first written */
};

struct zones {
        struct list zones;
        int asking;
        void (*changed)(void *arg,
                        struct zone *zone); /* its serial is newer than the one before, or the first */
        void *arg;
};

/* `changed` takes what it needs and does nothing that could make a name come or go. */
void zones_init(struct zones *zones, void (*changed)(void *arg, struct zone *zone), void *arg);

/* The zone of a name, which counts in it until it leaves; NULL: it has none. */
struct zone *zones_join(struct zones *zones, const char *name);
/* NULL is allowed. */
void zones_leave(struct zone *zone);

/* Asks for the serial of each. */
void zones_look(struct zones *zones, struct dns *dns);
