/* names: the addresses that host names stand for, looked up (net/dns.h) and kept for a while: dns_max_ttl, or
 * dns_nxdomain_ttl where a lookup has failed; what DNS itself says about time does not count, as in
 * PgBouncer.
 *
 *     names_ask --> kept and young: answered at once
 *               --> else a lookup, which all who ask meanwhile share --> answered later
 *     every dns_zone_check_period: each zone's serial; a newer one --> its names are looked up
 *
 * Every ask takes the next address in turn as its first. At most NAMES_MAX names: the one that was asked for
 * longest ago goes. Opens no connection. Owner and thread: the loop's. */
#pragma once

#include "base/list.h"
#include "conf/options.h"
#include "net/dns.h"

enum { NAMES_MAX = 1024 };

struct names;

/* What a name stands for. Valid while the function runs that is given it. */
struct name_answer {
        const char *name;
        const struct address *list; /* their ports are 0 */
        int count;                  /* 0: there is none, and `why` says why */
        int first;                  /* whose turn it is; behind the last one the list begins again */
        const char *why;
        int64_t left_us;  /* until it is looked up again, 0: now */
        const char *zone; /* the name's, all behind its first dot; NULL: it has none */
        uint32_t serial;  /* of the zone; 0: not known */
};

/* Somebody who asks; embed it. `done` takes what it needs and does nothing else that could ask. */
struct name_ask {
        struct list in_name;
        void (*done)(void *arg, const struct name_answer *answer);
        void *arg;
};

/* The loop's, made when first asked for; loop_fini frees it, lookups under way included. */
struct names *names_of(struct loop *loop);
void names_free(struct names *names);

/* Takes over dns_max_ttl, dns_nxdomain_ttl (0: nothing is kept), dns_zone_check_period and, as long as
 * nothing has been looked up, resolv_conf. Without it: 15 s, 15 s, never, and the system's files. What is
 * kept is measured anew. */
void names_configure(struct names *names, const struct options *opt);

/* What they are looked up by, for questions whose answers are not to be kept. */
struct dns *names_dns(struct names *names);

/* From now on `fresh` is told of every lookup that has found something, after those who asked and never from
 * within another call. NULL: nobody wants to know. */
void names_watch(struct names *names, void (*fresh)(void *arg, const struct name_answer *answer), void *arg);

/* Calls ask->done once, perhaps from within. */
void names_ask(struct names *names, const char *name, struct name_ask *ask);
/* It will not be called; the lookup goes on. Harmless when it has been. */
void names_cancel(struct name_ask *ask);

/* The name is in use: it is looked up if what is kept is too old, though nobody waits for it. */
void names_keep(struct names *names, const char *name);

/* Shows what is kept, in no order; `why` is NULL there. */
void names_each(struct names *names, void (*see)(void *arg, const struct name_answer *answer), void *arg);
/* Lookups under way, of zones' serials too. */
int names_lookups(const struct names *names);
