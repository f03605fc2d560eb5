#include "unit.h"

#include "conf/listen.h"

static const struct {
        const char *text;
        const char *host; /* NULL: refused */
        int port;
        bool local;
} rows[] = {
    {"9187", "127.0.0.1", 9187, true},
    {"127.0.0.1:9187", "127.0.0.1", 9187, true},
    {"127.1.2.3:1", "127.1.2.3", 1, true},
    {"[::1]:65535", "::1", 65535, true},
    {"localhost:80", "localhost", 80, true},
    {"*:9187", "*", 9187, false},
    {"10.0.0.1:9187", "10.0.0.1", 9187, false},
    {"[2001:db8::1]:9187", "2001:db8::1", 9187, false},
    {"", NULL, 0, false},
    {"0", NULL, 0, false},
    {"65536", NULL, 0, false},
    {"123456", NULL, 0, false},
    {"-1", NULL, 0, false},
    {"bob", NULL, 0, false},
    {":9187", NULL, 0, false},
    {"127.0.0.1:", NULL, 0, false},
    {"127.0.0.1:http", NULL, 0, false},
    {"::1:9187", NULL, 0, false},
    {"[::1]", NULL, 0, false},
    {"[]:9187", NULL, 0, false},
    {"[127.0.0.1]:9187", NULL, 0, false},
    {"http://127.0.0.1:9187", NULL, 0, false},
    {"/run/http.sock:1", NULL, 0, false},
};

static void parses_items(void)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct listen_item item;
                char why[256] = "";
                bool good = listen_item_parse(sv_cstr(rows[i].text), &item, why, sizeof(why));

                unit_row("%s", rows[i].text);
                UNIT_ASSERT(good == (rows[i].host != NULL));
                UNIT_ASSERT(good == (why[0] == '\0'));
                if (!good || rows[i].host == NULL)
                        continue;
                UNIT_ASSERT(strcmp(item.host, rows[i].host) == 0);
                UNIT_ASSERT(item.port == rows[i].port);
                UNIT_ASSERT(listen_item_is_local(&item) == rows[i].local);
        }
}

UNIT_SUITE(conf_listen, UNIT_CASE(parses_items))
