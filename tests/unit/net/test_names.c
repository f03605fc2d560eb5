#include "net/names.h"

#include "base/clock.h"
#include "conf/files.h"
#include "net/dial.h"
#include "net/fake_dns.h"
#include "net/no_room.h"
#include "net/turns.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A loop with names and a name server of its own. */
struct stage {
        struct loop loop;
        struct fake_dns dns;
        struct names *names;
        int64_t later_us; /* what is done next happens so much later */
        int told;         /* of the watcher */
        char last[200];   /* what it was told last */
};

struct asker {
        struct name_ask ask;
        int times;
        char text[200]; /* the addresses, the first in turn first, or why there is none */
};

static void write_addresses(const struct name_answer *answer, char *out, size_t size)
{
        size_t n = 0;
        int port;

        snprintf(out, size, "%s", answer->count == 0 ? answer->why : "");
        for (int i = 0; i < answer->count; i++) {
                char host[64];

                address_text(&answer->list[(answer->first + i) % answer->count], host, sizeof(host), &port);
                n += (size_t)snprintf(out + n, size - n, "%s%s", i > 0 ? " " : "", host);
        }
}

static void on_answer(void *arg, const struct name_answer *answer)
{
        struct asker *a = arg;

        a->times++;
        write_addresses(answer, a->text, sizeof(a->text));
}

static void on_fresh(void *arg, const struct name_answer *answer)
{
        struct stage *s = arg;

        s->told++;
        write_addresses(answer, s->last, sizeof(s->last));
}

static bool has_answer(void *arg)
{
        return ((struct asker *)arg)->times > 0;
}

static void configure(struct stage *s, int ttl_s, int nxdomain_ttl_s, int zone_period_ms)
{
        struct options opt = {.dns_max_ttl_us = ttl_s * US_PER_SEC,
                              .dns_nxdomain_ttl_us = nxdomain_ttl_s * US_PER_SEC,
                              .dns_zone_check_period_us = zone_period_ms * US_PER_MS,
                              .resolv_conf = fake_dns_file(&s->dns)};

        names_configure(s->names, &opt);
}

static void stage_init(struct stage *s, int ttl_s, int nxdomain_ttl_s)
{
        *s = (struct stage){0};
        loop_init(&s->loop, NULL);
        fake_dns_open(&s->dns, &s->loop);
        s->dns.addresses[0] = "192.0.2.1";
        s->names = names_of(&s->loop);
        configure(s, ttl_s, nxdomain_ttl_s, 0);
        names_watch(s->names, on_fresh, s);
}

static void stage_fini(struct stage *s)
{
        fake_dns_close(&s->dns);
        loop_fini(&s->loop);
}

static void ask(struct stage *s, const char *name, struct asker *a)
{
        *a = (struct asker){.ask = {.done = on_answer, .arg = a}};
        s->loop.now_us = clock_us() + s->later_us;
        names_ask(s->names, name, &a->ask);
}

/* The answer, after waiting for it; good until the next call. */
static const char *ask_and_wait(struct stage *s, const char *name)
{
        static struct asker a;

        ask(s, name, &a);
        UNIT_ASSERT(turns_till(&s->loop, has_answer, &a));
        UNIT_ASSERT(a.times == 1);
        return a.text;
}

static void a_name_is_asked_for_once_and_kept(void)
{
        struct stage s;
        struct asker a, b;

        stage_init(&s, 30, 30);
        ask(&s, "db.example", &a);
        ask(&s, "db.example", &b); /* shares the lookup */
        UNIT_ASSERT(a.times == 0 && b.times == 0 && names_lookups(s.names) == 1);
        UNIT_ASSERT(turns_till(&s.loop, has_answer, &b));
        UNIT_ASSERT(strcmp(a.text, "192.0.2.1") == 0 && strcmp(b.text, "192.0.2.1") == 0);
        UNIT_ASSERT(a.times == 1 && s.dns.asked == 1 && names_lookups(s.names) == 0);
        s.dns.addresses[0] = "192.0.2.2";
        ask(&s, "db.example", &a);
        UNIT_ASSERT(a.times == 1 && strcmp(a.text, "192.0.2.1") == 0 && s.dns.asked == 1);
        s.later_us = 31 * US_PER_SEC;
        UNIT_ASSERT(strcmp(ask_and_wait(&s, "db.example"), "192.0.2.2") == 0 && s.dns.asked == 2);
        s.later_us = 0;
        UNIT_ASSERT(strcmp(ask_and_wait(&s, "other.example"), "192.0.2.2") == 0 && s.dns.asked == 3);
        configure(&s, 0, 0, 0); /* nothing is kept any more, what is there included */
        UNIT_ASSERT(strcmp(ask_and_wait(&s, "db.example"), "192.0.2.2") == 0 && s.dns.asked == 4);
        stage_fini(&s);
}

static void its_addresses_take_turns(void)
{
        static const char *const orders[] = {"192.0.2.1 192.0.2.2 192.0.2.3", "192.0.2.2 192.0.2.3 192.0.2.1",
                                             "192.0.2.3 192.0.2.1 192.0.2.2"};
        struct stage s;
        int first = -1;

        stage_init(&s, 100, 100);
        s.dns.addresses[1] = "192.0.2.2";
        s.dns.addresses[2] = "192.0.2.3";
        s.dns.addresses[3] = "192.0.2.1"; /* twice: counts once */
        for (int i = 0; i < 7; i++) {
                const char *got = ask_and_wait(&s, "db.example");

                if (i == 0)
                        for (int o = 0; o < 3; o++)
                                first = strcmp(got, orders[o]) == 0 ? o : first;
                unit_row("ask %d: %s", i, got);
                UNIT_ASSERT(first >= 0 && strcmp(got, orders[(first + i) % 3]) == 0);
        }
        stage_fini(&s);
}

static void that_there_is_no_such_name_is_kept_too(void)
{
        struct stage s;
        char why[200];
        int asked;

        stage_init(&s, 100, 30);
        s.dns.addresses[0] = NULL;
        snprintf(why, sizeof(why), "%s", ask_and_wait(&s, "none.example"));
        UNIT_ASSERT(why[0] != '\0' && strchr(why, '.') == NULL);
        asked = s.dns.asked; /* search domains may have been tried */
        s.dns.addresses[0] = "192.0.2.1";
        UNIT_ASSERT(strcmp(ask_and_wait(&s, "none.example"), why) == 0 && s.dns.asked == asked);
        s.later_us = 31 * US_PER_SEC;
        UNIT_ASSERT(strcmp(ask_and_wait(&s, "none.example"), "192.0.2.1") == 0 && s.dns.asked == asked + 1);
        /* a name that exists is kept for as long as others */
        UNIT_ASSERT(strcmp(ask_and_wait(&s, "none.example"), "192.0.2.1") == 0 && s.dns.asked == asked + 1);
        turns_for(&s.loop, 10);
        UNIT_ASSERT(s.told == 1);
        stage_fini(&s);
}

static bool is_told(void *arg)
{
        return ((struct stage *)arg)->told > 0;
}

static void a_name_in_use_is_looked_up_when_it_is_old(void)
{
        struct stage s;

        stage_init(&s, 30, 30);
        names_keep(s.names, "db.example");
        names_keep(s.names, "db.example");
        UNIT_ASSERT(names_lookups(s.names) == 1 && s.told == 0);
        UNIT_ASSERT(turns_till(&s.loop, is_told, &s));
        UNIT_ASSERT(s.told == 1 && strcmp(s.last, "192.0.2.1") == 0);
        names_keep(s.names, "db.example"); /* young */
        UNIT_ASSERT(names_lookups(s.names) == 0);
        s.dns.addresses[0] = "192.0.2.9";
        s.told = 0;
        s.loop.now_us = clock_us() + 31 * US_PER_SEC;
        names_keep(s.names, "db.example");
        UNIT_ASSERT(turns_till(&s.loop, is_told, &s));
        UNIT_ASSERT(s.told == 1 && strcmp(s.last, "192.0.2.9") == 0);
        stage_fini(&s);
}

static bool has_asked_serials(void *arg)
{
        return ((struct stage *)arg)->dns.asked_serials >= 3;
}

/* Waits until the zone's serial has been asked for three times more. */
static void let_zones_be_looked_at(struct stage *s)
{
        s->dns.asked_serials = 0;
        UNIT_ASSERT(turns_till(&s->loop, has_asked_serials, s));
}

static void see_zone(void *arg, const struct name_answer *answer)
{
        char *out = arg;

        snprintf(out + strlen(out), 60, "%s=%u ", answer->zone != NULL ? answer->zone : "none",
                 answer->serial);
}

static void a_zone_that_changes_makes_its_names_be_looked_up(void)
{
        static const struct {
                const char *name;
                uint32_t serial;
                bool newer;
        } steps[] = {{"none", 0, false},
                     {"the first", 3000000000U, true},
                     {"the same", 3000000000U, false},
                     {"a newer one", 3000000001U, true},
                     {"past the turn", 7, true},
                     {"an older one", 6, false},
                     {"a newer one", 8, true}};
        struct stage s;

        stage_init(&s, 100, 100);
        configure(&s, 100, 100, 10);
        ask_and_wait(&s, "db.Zone.example");
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
                static char address[20];
                char seen[100] = "", zone[60];

                unit_row("%zu: %s", i, steps[i].name);
                snprintf(address, sizeof(address), "192.0.2.%zu", 10 + i);
                s.dns.addresses[0] = address;
                s.dns.serial = steps[i].serial;
                let_zones_be_looked_at(&s);
                UNIT_ASSERT((strcmp(ask_and_wait(&s, "db.Zone.example"), address) == 0) == steps[i].newer);
                names_each(s.names, see_zone, seen);
                snprintf(zone, sizeof(zone), "Zone.example=%u ", steps[i].newer ? steps[i].serial : 0);
                UNIT_ASSERT(!steps[i].newer || strcmp(seen, zone) == 0);
        }
        stage_fini(&s);
}

static void zones_are_looked_at_only_when_told_to(void)
{
        struct stage s;

        stage_init(&s, 100, 100);
        s.dns.serial = 5;
        ask_and_wait(&s, "db.zone.example");
        turns_for(&s.loop, 50);
        UNIT_ASSERT(s.dns.asked_serials == 0);
        configure(&s, 100, 100, 10);
        let_zones_be_looked_at(&s);
        configure(&s, 100, 100, 0);
        turns_for(&s.loop, 20); /* what was under way */
        s.dns.asked_serials = 0;
        turns_for(&s.loop, 50);
        UNIT_ASSERT(s.dns.asked_serials == 0);
        ask_and_wait(&s, "host"); /* in no zone */
        stage_fini(&s);
}

static void a_silent_name_server_is_given_up(void)
{
        struct stage s;
        int64_t took = INT64_MAX;

        stage_init(&s, 0, 0);
        s.dns.silent = true; /* and resolv.conf says: one attempt of a second; a busy machine may add to it */
        for (int i = 0; i < 5 && took >= 2 * US_PER_SEC; i++) {
                int64_t begun = clock_us();

                UNIT_ASSERT(strstr(ask_and_wait(&s, "db.example"), "Timeout") != NULL);
                took = clock_us() - begun;
        }
        UNIT_ASSERT(took < 2 * US_PER_SEC);
        stage_fini(&s);
}

/* The answer is late by moments, not by the 2 s after which the server would be asked again. */
static void a_kernel_without_room_is_no_silent_name_server(void)
{
        struct stage s;
        struct asker a;
        int64_t began;

        stage_init(&s, 30, 30);
        no_room = true;
        ask(&s, "db.example", &a);
        turns_for(&s.loop, 50);
        UNIT_ASSERT(a.times == 0 && s.dns.asked == 1);
        no_room = false;
        began = clock_us();
        UNIT_ASSERT(turns_till(&s.loop, has_answer, &a));
        UNIT_ASSERT(clock_us() - began < US_PER_SEC && s.dns.asked == 1);
        UNIT_ASSERT(strcmp(a.text, "192.0.2.1") == 0);
        stage_fini(&s);
}

static void who_has_cancelled_is_not_told(void)
{
        struct stage s;
        struct asker a, b;

        stage_init(&s, 100, 100);
        ask(&s, "db.example", &a);
        ask(&s, "db.example", &b);
        names_cancel(&a.ask);
        UNIT_ASSERT(turns_till(&s.loop, has_answer, &b));
        names_cancel(&b.ask); /* harmless now */
        turns_for(&s.loop, 10);
        UNIT_ASSERT(a.times == 0 && b.times == 1);
        stage_fini(&s);
}

/* A sanitizer sees what is left behind. */
static void the_end_comes_while_lookups_are_under_way(void)
{
        struct stage s;
        struct asker askers[100];

        stage_init(&s, 100, 100);
        s.dns.silent = true;
        for (int i = 0; i < 100; i++) {
                char name[32];

                snprintf(name, sizeof(name), "n%d.example", i);
                ask(&s, name, &askers[i]);
        }
        turns_for(&s.loop, 20);
        UNIT_ASSERT(names_lookups(s.names) == 100);
        for (int i = 0; i < 100; i++)
                names_cancel(&askers[i].ask);
        stage_fini(&s);
        for (int i = 0; i < 100; i++)
                UNIT_ASSERT(askers[i].times == 0);
}

static void count(void *arg, const struct name_answer *answer)
{
        int *counts = arg;

        counts[0]++;
        counts[1] += strcmp(answer->name, "n0.example") == 0;
        counts[2] += strcmp(answer->name, "n1.example") == 0;
        UNIT_ASSERT(answer->count == 1 && answer->left_us > 0 && answer->left_us <= 100 * US_PER_SEC);
}

static void only_so_many_are_kept(void)
{
        struct stage s;
        int counts[3] = {0};

        stage_init(&s, 100, 100);
        for (int i = 0; i <= NAMES_MAX; i++) {
                char name[32];

                snprintf(name, sizeof(name), "n%d.example", i);
                ask_and_wait(&s, name);
                turns_for(&s.loop, 0); /* the watcher is told */
                if (i == NAMES_MAX - 1)
                        ask_and_wait(&s, "n0.example"); /* now n1 was asked for longest ago */
        }
        names_each(s.names, count, counts);
        UNIT_ASSERT(counts[0] == NAMES_MAX && counts[1] == 1 && counts[2] == 0);
        stage_fini(&s);
}

static void the_hosts_file_is_followed(void)
{
        struct stage s;

        stage_init(&s, 0, 0);
        UNIT_ASSERT(setenv("CARES_HOSTS", files_write("hosts", "192.0.2.50 db.example\n"), 1) == 0);
        UNIT_ASSERT(strcmp(ask_and_wait(&s, "db.example"), "192.0.2.50") == 0);
        files_write("hosts", "192.0.2.51 db.example\n");
        UNIT_ASSERT(strcmp(ask_and_wait(&s, "db.example"), "192.0.2.51") == 0 && s.dns.asked == 0);
        UNIT_ASSERT(unsetenv("CARES_HOSTS") == 0);
        stage_fini(&s);
}

struct call {
        int times, fd;
        char why[200];
};

static void on_dialled(void *arg, int fd, const char *why)
{
        struct call *call = arg;

        call->times++;
        call->fd = fd;
        snprintf(call->why, sizeof(call->why), "%s", why != NULL ? why : "");
}

static bool is_called(void *arg)
{
        return ((struct call *)arg)->times > 0;
}

static void a_dial_goes_through_them(void)
{
        struct stage s;
        struct call call = {0};
        struct dial *dial;

        stage_init(&s, 100, 100);
        s.dns.addresses[0] = "127.0.0.1";
        dial = dial_start(&s.loop, "db.example", s.dns.port, on_dialled, &call); /* no TCP there */
        UNIT_ASSERT(dial_is_resolving(dial));
        UNIT_ASSERT(turns_till(&s.loop, is_called, &call));
        UNIT_ASSERT(call.fd == -1 && strcmp(call.why, "connect failed: Connection refused") == 0);
        call.times = 0;
        dial = dial_start(&s.loop, "db.example", s.dns.port, on_dialled, &call);
        UNIT_ASSERT(!dial_is_resolving(dial) && call.times == 0 && s.dns.asked == 1);
        dial_cancel(dial);
        s.dns.addresses[0] = NULL;
        dial_start(&s.loop, "none.example", 1, on_dialled, &call);
        dial_cancel(dial_start(&s.loop, "none.example", 1, on_dialled, &call));
        UNIT_ASSERT(turns_till(&s.loop, is_called, &call));
        turns_for(&s.loop, 10);
        UNIT_ASSERT(call.times == 1 && strncmp(call.why, "server DNS lookup failed: ", 26) == 0);
        stage_fini(&s);
}

UNIT_SUITE(net_names, UNIT_CASE(a_name_is_asked_for_once_and_kept), UNIT_CASE(its_addresses_take_turns),
           UNIT_CASE(that_there_is_no_such_name_is_kept_too),
           UNIT_CASE(a_name_in_use_is_looked_up_when_it_is_old),
           UNIT_CASE(a_zone_that_changes_makes_its_names_be_looked_up),
           UNIT_CASE(zones_are_looked_at_only_when_told_to), UNIT_CASE(a_silent_name_server_is_given_up),
           UNIT_CASE(a_kernel_without_room_is_no_silent_name_server),
           UNIT_CASE(who_has_cancelled_is_not_told), UNIT_CASE(the_end_comes_while_lookups_are_under_way),
           UNIT_CASE(only_so_many_are_kept), UNIT_CASE(the_hosts_file_is_followed),
           UNIT_CASE(a_dial_goes_through_them))
