#include "net/names.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/hash_table.h"
#include "base/log.h"
#include "net/timer.h"
#include "net/zones.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct name {
        UT_hash_handle hh; /* in the order in which they were asked for last, the oldest first */
        struct names *home;
        struct zone *zone;    /* NULL: none */
        struct list asks;     /* of those who wait for the lookup */
        bool looking;         /* a lookup is under way */
        bool fresh;           /* the watcher is still to be told */
        bool answered;        /* there has been a lookup */
        int64_t answered_us;  /* when */
        int error;            /* of the last lookup; 0: it has found something */
        struct address *list; /* what it has found */
        int count;
        unsigned turn;
        char text[];
};

struct names {
        struct loop *loop;
        struct dns *dns;    /* made for the first lookup */
        struct name *names; /* uthash */
        int lookups;
        unsigned seed; /* the first turn, so that workers do not all begin with the same address */
        int64_t max_ttl_us, nxdomain_ttl_us, zone_period_us;
        char *resolv_conf;
        struct zones zones;
        struct timer *zone_timer;
        void (*watcher)(void *arg, const struct name_answer *answer);
        void *watcher_arg;
        struct event tell; /* of the watcher */
        bool closing;
};

/* ---- what is kept ---- */

static int64_t left_us(const struct name *n)
{
        const struct names *names = n->home;
        int64_t ttl = n->error == 0 ? names->max_ttl_us : names->nxdomain_ttl_us, left;

        if (!n->answered)
                return 0;
        left = ttl - (loop_now(names->loop) - n->answered_us);
        return left > 0 ? left : 0;
}

static struct name_answer answer_of(const struct name *n)
{
        struct name_answer answer = {
            .name = n->text, .list = n->list, .count = n->count, .left_us = left_us(n)};

        if (n->answered && n->count == 0)
                answer.why = dns_error_text(n->error);
        if (n->zone != NULL) {
                answer.zone = n->zone->text;
                answer.serial = n->zone->serial;
        }
        return answer;
}

static void answer_one(struct name *n, struct name_ask *ask)
{
        struct name_answer answer = answer_of(n);

        if (n->count > 0)
                answer.first = (int)(n->turn++ % (unsigned)n->count);
        ask->done(ask->arg, &answer);
}

static void drop(struct name *n)
{
        HASH_DEL(n->home->names, n);
        zones_leave(n->zone);
        free(n->list);
        free(n);
}

static bool make_room(struct names *names)
{
        struct name *n, *next;

        if (HASH_COUNT(names->names) < NAMES_MAX)
                return true;
        HASH_ITER (hh, names->names, n, next)
                if (!n->looking && !n->fresh) {
                        drop(n);
                        return true;
                }
        return false;
}

/* NULL: too many are being looked up. */
static struct name *name_get(struct names *names, const char *text)
{
        size_t size = strlen(text);
        struct name *n;

        HASH_FIND_STR(names->names, text, n);
        if (n != NULL) {
                HASH_DEL(names->names, n);
        } else {
                if (!make_room(names))
                        return NULL;
                n = xcalloc(1, sizeof(*n) + size + 1);
                memcpy(n->text, text, size + 1);
                n->home = names;
                n->turn = names->seed;
                n->zone = zones_join(&names->zones, text);
                list_init(&n->asks);
        }
        HASH_ADD_KEYPTR(hh, names->names, n->text, size, n);
        return n;
}

/* ---- lookups ---- */

static void serve(struct name *n)
{
        struct list asks;
        struct list *node;

        list_init(&asks);
        while ((node = list_shift(&n->asks)) != NULL)
                list_append(&asks, node);
        while ((node = list_shift(&asks)) != NULL)
                answer_one(n, list_item(node, struct name_ask, in_name));
}

static void on_found(void *arg, int error, const struct address *list, int count)
{
        struct timeval at_once = {0, 0};
        struct name *n = arg;
        struct names *names = n->home;

        n->looking = false;
        names->lookups--;
        n->answered = true;
        n->answered_us = loop_now(names->loop);
        n->error = error;
        n->count = count;
        n->list = xrealloc(n->list, (size_t)count * sizeof(*list));
        memcpy(n->list, list, (size_t)count * sizeof(*list));
        if (names->closing)
                return;
        if (error != 0)
                log_warning("DNS lookup failed: %s: result=%d", n->text, error);
        serve(n);
        if (error == 0 && names->watcher != NULL) {
                n->fresh = true;
                event_add(&names->tell, &at_once);
        }
}

static void look_up(struct name *n)
{
        n->looking = true;
        n->home->lookups++;
        dns_ask_addresses(names_dns(n->home), n->text, on_found, n);
}

static void on_zone_changed(void *arg, struct zone *zone)
{
        struct names *names = arg;
        struct name *n, *next;

        HASH_ITER (hh, names->names, n, next)
                if (n->zone == zone && !n->looking)
                        look_up(n);
}

static void on_zone_timer(void *arg)
{
        struct names *names = arg;

        zones_look(&names->zones, names_dns(names));
}

/* Round by round: a watcher may ask for names, and so make some fresh. */
static void on_tell(evutil_socket_t fd, short what, void *arg)
{
        struct names *names = arg;
        struct name *n, *next;

        (void)fd;
        (void)what;
        HASH_ITER (hh, names->names, n, next) {
                struct name_answer answer;

                if (!n->fresh)
                        continue;
                answer = answer_of(n);
                n->fresh = false;
                if (names->watcher != NULL)
                        names->watcher(names->watcher_arg, &answer);
                event_active(&names->tell, EV_TIMEOUT, 1); /* the order of names may have changed */
                return;
        }
}

/* ---- from outside ---- */

void names_ask(struct names *names, const char *text, struct name_ask *ask)
{
        struct name *n = name_get(names, text);

        list_init(&ask->in_name);
        if (n == NULL) {
                ask->done(ask->arg, &(struct name_answer){.name = text, .why = "too many names"});
                return;
        }
        if (!n->looking && left_us(n) > 0) {
                answer_one(n, ask);
                return;
        }
        list_append(&n->asks, &ask->in_name);
        if (!n->looking)
                look_up(n);
}

void names_cancel(struct name_ask *ask)
{
        list_unlink(&ask->in_name);
}

void names_keep(struct names *names, const char *text)
{
        struct name *n = name_get(names, text);

        if (n != NULL && !n->looking && left_us(n) == 0)
                look_up(n);
}

void names_each(struct names *names, void (*see)(void *arg, const struct name_answer *answer), void *arg)
{
        struct name *n, *next;

        HASH_ITER (hh, names->names, n, next) {
                struct name_answer answer = answer_of(n);

                see(arg, &answer);
        }
}

int names_lookups(const struct names *names)
{
        return names->lookups + names->zones.asking;
}

void names_watch(struct names *names, void (*fresh)(void *arg, const struct name_answer *answer), void *arg)
{
        names->watcher = fresh;
        names->watcher_arg = arg;
}

struct dns *names_dns(struct names *names)
{
        if (names->dns == NULL)
                names->dns = dns_new(names->loop, names->resolv_conf);
        return names->dns;
}

void names_configure(struct names *names, const struct options *opt)
{
        names->max_ttl_us = opt->dns_max_ttl_us;
        names->nxdomain_ttl_us = opt->dns_nxdomain_ttl_us;
        if (names->zone_period_us != opt->dns_zone_check_period_us) {
                names->zone_period_us = opt->dns_zone_check_period_us;
                if (names->zone_period_us > 0)
                        timer_every(names->zone_timer, names->zone_period_us);
                else
                        timer_stop(names->zone_timer);
        }
        if (names->dns != NULL)
                return;
        free(names->resolv_conf);
        names->resolv_conf = xstrdup(opt->resolv_conf);
        if (names->resolv_conf[0] != '\0')
                (void)names_dns(names); /* now, so that a bad file is told of at the start */
}

struct names *names_of(struct loop *loop)
{
        static _Atomic unsigned seeds;
        struct names *names = loop->names;

        if (names != NULL)
                return names;
        loop->names = names = xcalloc(1, sizeof(*names));
        names->loop = loop;
        names->seed = atomic_fetch_add(&seeds, 1);
        names->max_ttl_us = names->nxdomain_ttl_us = 15 * (int64_t)US_PER_SEC;
        names->resolv_conf = xstrdup("");
        zones_init(&names->zones, on_zone_changed, names);
        names->zone_timer = timer_new(loop, on_zone_timer, names);
        event_assign(&names->tell, loop->base, -1, EV_TIMEOUT, on_tell, names);
        return names;
}

void names_free(struct names *names)
{
        struct name *n, *next;

        if (names == NULL)
                return;
        names->closing = true;
        event_del(&names->tell);
        timer_free(names->zone_timer);
        dns_free(names->dns);
        HASH_ITER (hh, names->names, n, next)
                drop(n);
        free(names->resolv_conf);
        free(names);
}
