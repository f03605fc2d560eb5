#include "net/names.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/util.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uthash.h>

struct name {
        UT_hash_handle hh; /* in the order in which they were asked for last, the oldest first */
        struct names *home;
        struct list asks; /* of those who wait for the lookup */
        struct evdns_getaddrinfo_request *query;
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
        struct evdns_base *dns; /* made for the first lookup */
        struct name *names;     /* uthash */
        int lookups;
        unsigned seed; /* the first turn, so that workers do not all begin with the same address */
        int64_t max_ttl_us, nxdomain_ttl_us;
        char *resolv_conf, *hosts_file;
        struct timespec hosts_changed;
        void (*watcher)(void *arg, const struct name_answer *answer);
        void *watcher_arg;
        struct event tell; /* of the watcher */
        bool closing;
};

/* ---- the resolver ---- */

/* /etc/hosts is read again when it has changed: libevent reads it only once. */
static void read_hosts(struct names *names)
{
        struct stat st;

        if (stat(names->hosts_file, &st) != 0 ||
            memcmp(&st.st_mtim, &names->hosts_changed, sizeof(st.st_mtim)) == 0)
                return;
        names->hosts_changed = st.st_mtim;
        evdns_base_clear_host_addresses(names->dns);
        evdns_base_load_hosts(names->dns, names->hosts_file);
}

static void open_resolver(struct names *names)
{
        static atomic_flag said = ATOMIC_FLAG_INIT;
        bool own = names->resolv_conf[0] != '\0';

        names->dns = evdns_base_new(names->loop->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
        CHECK(names->dns != NULL);
        /* Where the file is missing or names no server, libevent asks one on this machine, as libc does. */
        if (evdns_base_resolv_conf_parse(names->dns, DNS_OPTIONS_ALL,
                                         own ? names->resolv_conf : "/etc/resolv.conf") != 0 &&
            own && !atomic_flag_test_and_set(&said))
                log_error(
                    "resolv_conf: \"%s\" cannot be read or names no server: a name server on this machine "
                    "is asked",
                    names->resolv_conf);
}

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
                answer.why = evutil_gai_strerror(n->error);
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
                list_init(&n->asks);
        }
        HASH_ADD_KEYPTR(hh, names->names, n->text, size, n);
        return n;
}

/* ---- lookups ---- */

static void keep_address(struct name *n, const struct evutil_addrinfo *a)
{
        struct address address = {.size = (socklen_t)a->ai_addrlen};

        if ((a->ai_family != AF_INET && a->ai_family != AF_INET6) || n->count >= NAME_ADDRESSES_MAX)
                return;
        memcpy(&address.u, a->ai_addr, a->ai_addrlen);
        for (int i = 0; i < n->count; i++)
                if (address_same_host(&n->list[i], &address))
                        return;
        n->list = xrealloc(n->list, (size_t)(n->count + 1) * sizeof(*n->list));
        n->list[n->count++] = address;
}

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

static void on_found(int result, struct evutil_addrinfo *found, void *arg)
{
        struct timeval at_once = {0, 0};
        struct name *n = arg;
        struct names *names = n->home;

        n->looking = false;
        n->query = NULL;
        names->lookups--;
        n->answered = true;
        n->answered_us = loop_now(names->loop);
        n->count = 0;
        for (const struct evutil_addrinfo *a = found; result == 0 && a != NULL; a = a->ai_next)
                keep_address(n, a);
        if (found != NULL)
                evutil_freeaddrinfo(found);
        n->error = n->count > 0 ? 0 : result != 0 ? result : EVUTIL_EAI_NODATA;
        if (names->closing)
                return;
        if (n->error != 0)
                log_warning("DNS lookup failed: %s: result=%d", n->text, n->error);
        serve(n);
        if (n->error == 0 && names->watcher != NULL) {
                n->fresh = true;
                event_add(&names->tell, &at_once);
        }
}

static void look_up(struct name *n)
{
        struct evutil_addrinfo hints = {
            .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
        struct names *names = n->home;
        struct evdns_getaddrinfo_request *query;

        if (names->dns == NULL)
                open_resolver(names);
        read_hosts(names);
        n->looking = true;
        names->lookups++;
        query = evdns_getaddrinfo(names->dns, n->text, NULL, &hints, on_found, n);
        if (n->looking) /* else it was answered on the spot */
                n->query = query;
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
        return names->lookups;
}

void names_watch(struct names *names, void (*fresh)(void *arg, const struct name_answer *answer), void *arg)
{
        names->watcher = fresh;
        names->watcher_arg = arg;
}

void names_configure(struct names *names, const struct names_settings *settings)
{
        names->max_ttl_us = settings->max_ttl_us;
        names->nxdomain_ttl_us = settings->nxdomain_ttl_us;
        if (settings->hosts_file != NULL) {
                free(names->hosts_file);
                names->hosts_file = xstrdup(settings->hosts_file);
                names->hosts_changed = (struct timespec){0};
        }
        if (names->dns != NULL)
                return;
        free(names->resolv_conf);
        names->resolv_conf = xstrdup(settings->resolv_conf);
        if (names->resolv_conf[0] != '\0') /* now, so that a bad file is told of at the start */
                open_resolver(names);
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
        names->hosts_file = xstrdup("/etc/hosts");
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
        HASH_ITER (hh, names->names, n, next)
                if (n->query != NULL)
                        evdns_getaddrinfo_cancel(n->query);
        /* What is cancelled is let go in a callback, for which libevent wants the loop to turn. */
        for (int turns = 0; names->lookups > 0 && turns < 8; turns++)
                event_base_loop(names->loop->base, EVLOOP_NONBLOCK);
        if (names->dns != NULL)
                evdns_base_free(names->dns, 0);
        HASH_ITER (hh, names->names, n, next)
                drop(n);
        free(names->resolv_conf);
        free(names->hosts_file);
        free(names);
}
