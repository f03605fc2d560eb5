#include "base/ip.h"

#include "unit.h"

static void knows_who_is_in_a_network(void)
{
        static const struct {
                const char *net, *ip;
                bool parsed, has;
        } rows[] = {
            {"10.0.0.0/8", "10.255.0.1", true, true},
            {"10.0.0.0/8", "11.0.0.1", true, false},
            {"10.0.0.0/31", "10.0.0.1", true, true},
            {"10.0.0.0/31", "10.0.0.2", true, false},
            {"10.0.0.7", "10.0.0.7", true, true},
            {"10.0.0.7", "10.0.0.6", true, false},
            {"0.0.0.0/0", "1.2.3.4", true, true},
            {"0.0.0.0/0", "::1", true, false},
            {"::/0", "::1", true, true},
            {"::/0", "1.2.3.4", true, false},
            {"::/0", "::ffff:1.2.3.4", true, false},
            {"10.0.0.0/8", "::ffff:10.1.1.1", true, true},
            {"fe80::/10", "febf::1", true, true},
            {"fe80::/10", "fec0::1", true, false},
            {"::1", "::1", true, true},
            {"::1", "::2", true, false},
            {"10.0.0.1/8", "10.0.0.1", true, false}, /* bits outside its mask */
            {"10.0.0.0/33", NULL, false, false},
            {"::/129", NULL, false, false},
            {"::/128", "::", true, true},
            {"10.0.0.0/", NULL, false, false},
            {"10.0.0.0/-1", NULL, false, false},
            {"10.0.0.0/8x", NULL, false, false},
            {"10.0.0.0/0008", NULL, false, false},
            {"10.0.0/8", NULL, false, false},
            {"10.0.0.08", NULL, false, false},
            {"localhost", NULL, false, false},
            {"", NULL, false, false},
            {"/8", NULL, false, false},
            {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL, false, false},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct ip_net net;
                struct ip ip = {0};

                unit_row("%s has %s", rows[i].net, rows[i].ip);
                UNIT_ASSERT(ip_net_parse(sv_cstr(rows[i].net), &net) == rows[i].parsed);
                if (rows[i].ip == NULL)
                        continue;
                UNIT_ASSERT(ip_parse(rows[i].ip, &ip));
                ip = ip_unmapped(ip);
                UNIT_ASSERT(ip_net_has(&net, &ip) == rows[i].has);
        }
        unit_row("a NUL inside");
        UNIT_ASSERT(!ip_net_parse(SV("10.0.0.7\0junk"), &(struct ip_net){0}));
}

static void finds_stray_bits(void)
{
        static const struct {
                const char *net;
                bool stray;
        } rows[] = {{"10.0.0.0/8", false}, {"10.0.0.1/8", true}, {"10.0.0.1", false},  {"fe80::/10", false},
                    {"fe80::1/64", true},  {"::1", false},       {"0.0.0.0/0", false}, {"128.0.0.0/0", true}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct ip_net net;

                unit_row("%s", rows[i].net);
                UNIT_ASSERT(ip_net_parse(sv_cstr(rows[i].net), &net));
                UNIT_ASSERT(ip_net_is_stray(&net) == rows[i].stray);
        }
}

UNIT_SUITE(base_ip, UNIT_CASE(knows_who_is_in_a_network), UNIT_CASE(finds_stray_bits))
