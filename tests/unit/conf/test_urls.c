#include "conf/urls.h"

#include "unit.h"

#include <string.h>

static void takes_lists_apart(void)
{
        static const struct {
                const char *list, *texts, *hosts, *why;
        } rows[] = {
            {"http://pg1:8008,https://pg2:8008/", "http://pg1:8008;https://pg2:8008;", "pg1;pg2;", NULL},
            {" HTTP://10.0.0.1 , http://[fe80::1]:80", "HTTP://10.0.0.1;http://[fe80::1]:80;",
             "10.0.0.1;fe80::1;", NULL},
            {"http://[::1]", "http://[::1];", "::1;", NULL},
            {"", "", "", "it must begin with"},
            {"http://a,", "http://a;", "a;", "it must begin with"},
            {"pg1:8008", "", "", "it must begin with"},
            {"ftp://pg1", "", "", "it must begin with"},
            {"http://", "", "", "it must begin with"},
            {"http://:8008", "", "", "behind that"},
            {"http://a:", "", "", "behind that"},
            {"http://a:80x", "", "", "behind that"},
            {"http://a:123456", "", "", "behind that"},
            {"http://[::1", "", "", "behind that"},
            {"http://[::1]x", "", "", "behind that"},
            {"http://u:p@a", "", "", "behind that"},
            {"http://a/cluster", "", "", "behind that"},
            {"http://a?b", "", "", "behind that"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const char *rest = rows[i].list, *why;
                char texts[128] = "", hosts[128] = "";
                struct url url;

                unit_row("%s", rows[i].list);
                while (urls_next(&rest, &url, &why)) {
                        strncat(strncat(texts, url.text.p, url.text.n), ";", 2);
                        strncat(strncat(hosts, url.host.p, url.host.n), ";", 2);
                }
                UNIT_ASSERT(strcmp(texts, rows[i].texts) == 0);
                UNIT_ASSERT(strcmp(hosts, rows[i].hosts) == 0);
                UNIT_ASSERT((why == NULL) == (rows[i].why == NULL));
                if (why != NULL && rows[i].why != NULL)
                        UNIT_ASSERT(strncmp(why, rows[i].why, strlen(rows[i].why)) == 0);
        }
}

UNIT_SUITE(conf_urls, UNIT_CASE(takes_lists_apart))
