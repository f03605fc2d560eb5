#include "net/host_name.h"

#include "net/fake_dns.h"
#include "net/names.h"
#include "net/turns.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct answer {
        int times;
        char name[100], why[400];
};

static void on_answer(void *arg, const char *name, const char *why)
{
        struct answer *a = arg;

        a->times++;
        snprintf(a->name, sizeof(a->name), "%s", name != NULL ? name : "");
        snprintf(a->why, sizeof(a->why), "%s", name != NULL ? "" : why);
}

static bool is_answered(void *arg)
{
        return ((struct answer *)arg)->times > 0;
}

static void open_stage(struct loop *loop, struct fake_dns *dns)
{
        loop_init(loop, NULL);
        fake_dns_open(dns, loop);
        names_configure(names_of(loop), &(struct options){.resolv_conf = fake_dns_file(dns)});
}

static void close_stage(struct loop *loop, struct fake_dns *dns)
{
        fake_dns_close(dns);
        loop_fini(loop);
}

static void a_name_is_believed_that_leads_back(void)
{
        static const struct {
                const char *ip, *host, *addresses[3], *name, *why;
        } rows[] = {
            {"192.0.2.7", "app.example", {"192.0.2.9", "192.0.2.7"}, "app.example", ""},
            {"192.0.2.7", "app.example", {"192.0.2.9"}, "", "app.example, which does not lead back to it"},
            {"192.0.2.7", "app.example", {NULL}, "", "app.example, which has no address: "},
            {"192.0.2.7", NULL, {"192.0.2.7"}, "", "the address has no name: "},
            {"2001:db8::7", "app.example", {"192.0.2.7"}, "", "app.example, which does not lead back to it"},
        };
        struct loop loop;
        struct fake_dns dns;

        open_stage(&loop, &dns);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct answer a = {0};
                struct ip ip;

                dns.host = rows[i].host;
                memcpy(dns.addresses, rows[i].addresses, sizeof(rows[i].addresses));
                UNIT_ASSERT(ip_parse(rows[i].ip, &ip));
                host_name_ask(&loop, &ip, on_answer, &a);
                UNIT_ASSERT(a.times == 0 && turns_till(&loop, is_answered, &a));
                unit_row("%zu: %s, %s", i, a.name, a.why);
                UNIT_ASSERT(strcmp(a.name, rows[i].name) == 0 && strstr(a.why, rows[i].why) != NULL);
                UNIT_ASSERT((a.name[0] == '\0') == (a.why[0] != '\0'));
        }
        turns_for(&loop, 10);
        close_stage(&loop, &dns);
}

/* A sanitizer sees what is left behind. */
static void who_has_cancelled_is_not_told(void)
{
        struct loop loop;
        struct fake_dns dns;
        struct answer first = {0}, last = {0};
        struct ip ip;

        open_stage(&loop, &dns);
        dns.host = "app.example";
        dns.addresses[0] = "192.0.2.7";
        UNIT_ASSERT(ip_parse("192.0.2.7", &ip));
        host_name_cancel(host_name_ask(&loop, &ip, on_answer, &first));
        host_name_ask(&loop, &ip, on_answer, &last);
        UNIT_ASSERT(turns_till(&loop, is_answered, &last) && first.times == 0);
        dns.silent = true;
        host_name_cancel(host_name_ask(&loop, &ip, on_answer, &first)); /* until the end */
        close_stage(&loop, &dns);
        UNIT_ASSERT(first.times == 0 && last.times == 1);
}

UNIT_SUITE(net_host_name, UNIT_CASE(a_name_is_believed_that_leads_back),
           UNIT_CASE(who_has_cancelled_is_not_told))
