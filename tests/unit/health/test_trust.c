#include "health/trust.h"

#include "conf/files.h"
#include "unit.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

static const struct {
        const char *name, *line, *settings;
        const char *mode, *ca, *cert, *crl, *sni, *min, *max, *binding; /* NULL: a file that is not there */
} rows[] = {
    {"nothing is said", "", "", "prefer", NULL, NULL, NULL, "1", "TLSv1.2", "TLSv1.3", "disable"},
    {"allow", "sslmode=allow", "", "prefer", NULL, NULL, NULL, "1", "TLSv1.2", "TLSv1.3", "disable"},
    {"options", "",
     "server_tls_sslmode=verify-full\nserver_tls_ca_file=/o/ca\nserver_tls_cert_file=/o/c\n"
     "server_tls_key_file=/o/k\nserver_tls_crl_file=/o/r\nserver_tls_protocols=tlsv1.1,tlsv1.2\n",
     "verify-full", "/o/ca", "/o/c", "/o/r", "1", "TLSv1.1", "TLSv1.2", "disable"},
    {"the line over the options",
     "sslmode=verify-ca sslrootcert=/l/ca sslcert=/l/c sslkey=/l/k sslcrl=/l/r sslsni=0 "
     "ssl_min_protocol_version=TLSv1.3",
     "server_tls_sslmode=disable\nserver_tls_ca_file=/o/ca\n", "verify-ca", "/l/ca", "/l/c", "/l/r", "0",
     "TLSv1.3", "TLSv1.3", "disable"},
    {"an authority that nobody asks", "", "server_tls_sslmode=require\nserver_tls_ca_file=/o/ca\n", "require",
     NULL, NULL, NULL, "1", "TLSv1.2", "TLSv1.3", "disable"},
    {"the option's channel binding", "", "server_tls_channel_binding=prefer\n", "prefer", NULL, NULL, NULL,
     "1", "TLSv1.2", "TLSv1.3", "prefer"},
    {"the line's channel binding", "channel_binding=require", "server_tls_channel_binding=prefer\n", "prefer",
     NULL, NULL, NULL, "1", "TLSv1.2", "TLSv1.3", "require"},
    {"an authority named on the line", "sslmode=require sslrootcert=/l/ca", "", "verify-ca", "/l/ca", NULL,
     NULL, "1", "TLSv1.2", "TLSv1.3", "disable"},
};

static bool is(const char *value, const char *expected)
{
        return value != NULL && strcmp(value, expected != NULL ? expected : "/dev/null/none") == 0;
}

static void says_what_the_pools_do(void)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char text[1000];
                struct trust trust, mine = {0}, other = {{"x"}};
                struct conf *conf;

                unit_row("%s", rows[i].name);
                snprintf(text, sizeof(text), "[databases]\na = host=h %s\n[pgbouncer]\nauth_type=any\n%s",
                         rows[i].line, rows[i].settings);
                conf = files_load_good(text);
                trust_choose(conf, &conf->databases[0], "h", &trust);
                UNIT_ASSERT(is(trust.values[TRUST_SSLMODE], rows[i].mode));
                UNIT_ASSERT(is(trust.values[TRUST_SSLROOTCERT], rows[i].ca));
                UNIT_ASSERT(is(trust.values[TRUST_SSLCERT], rows[i].cert));
                UNIT_ASSERT(is(trust.values[TRUST_SSLCRL], rows[i].crl));
                UNIT_ASSERT(is(trust.values[TRUST_SSLSNI], rows[i].sni));
                UNIT_ASSERT(is(trust.values[TRUST_SSL_MIN_PROTOCOL_VERSION], rows[i].min));
                UNIT_ASSERT(is(trust.values[TRUST_SSL_MAX_PROTOCOL_VERSION], rows[i].max));
                UNIT_ASSERT(strcmp(trust.values[TRUST_CHANNEL_BINDING], rows[i].binding) == 0);
                trust_copy(&mine, &trust);
                UNIT_ASSERT(trust_same(&mine, &trust) && !trust_same(&mine, &other));
                conf_unref(conf);
                UNIT_ASSERT(is(mine.values[TRUST_SSLMODE], rows[i].mode)); /* its own */
                trust_free(&mine);
        }
}

/* As far as this libpq can be told. */
static void keeps_passwords_from_being_sent_in_clear(void)
{
        static const struct {
                const char *when, *mode, *host;
                bool never;
        } cases[] = {
            {"always", "disable", "h", false}, {"tls", "disable", "h", true},
            {"tls", "disable", "/d", false},   {"tls", "prefer", "h", false},
            {"never", "prefer", "h", true},    {"never", "disable", "/d", true},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                bool expected = cases[i].never && PQlibVersion() >= 160000;
                char text[300];
                struct trust trust;
                struct conf *conf;

                unit_row("%s, %s, %s", cases[i].when, cases[i].mode, cases[i].host);
                snprintf(text, sizeof(text),
                         "[databases]\na = host=h sslmode=%s\n[pgbouncer]\nauth_type=any\n"
                         "server_cleartext_password=%s\n",
                         cases[i].mode, cases[i].when);
                conf = files_load_good(text);
                trust_choose(conf, &conf->databases[0], cases[i].host, &trust);
                UNIT_ASSERT((trust.values[TRUST_REQUIRE_AUTH] != NULL) == expected);
                conf_unref(conf);
        }
}

UNIT_SUITE(health_trust, UNIT_CASE(keeps_passwords_from_being_sent_in_clear),
           UNIT_CASE(says_what_the_pools_do))
