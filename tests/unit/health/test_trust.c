#include "health/trust.h"

#include "conf/files.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static const struct {
        const char *name, *line, *settings;
        const char *mode, *ca, *cert, *crl, *sni, *min, *max; /* NULL: a file that is not there */
} rows[] = {
    {"nothing is said", "", "", "prefer", NULL, NULL, NULL, "1", "TLSv1.2", "TLSv1.3"},
    {"allow", "sslmode=allow", "", "prefer", NULL, NULL, NULL, "1", "TLSv1.2", "TLSv1.3"},
    {"options", "",
     "server_tls_sslmode=verify-full\nserver_tls_ca_file=/o/ca\nserver_tls_cert_file=/o/c\n"
     "server_tls_key_file=/o/k\nserver_tls_crl_file=/o/r\nserver_tls_protocols=tlsv1.1,tlsv1.2\n",
     "verify-full", "/o/ca", "/o/c", "/o/r", "1", "TLSv1.1", "TLSv1.2"},
    {"the line over the options",
     "sslmode=verify-ca sslrootcert=/l/ca sslcert=/l/c sslkey=/l/k sslcrl=/l/r sslsni=0 "
     "ssl_min_protocol_version=TLSv1.3",
     "server_tls_sslmode=disable\nserver_tls_ca_file=/o/ca\n", "verify-ca", "/l/ca", "/l/c", "/l/r", "0",
     "TLSv1.3", "TLSv1.3"},
    {"an authority that nobody asks", "", "server_tls_sslmode=require\nserver_tls_ca_file=/o/ca\n", "require",
     NULL, NULL, NULL, "1", "TLSv1.2", "TLSv1.3"},
    {"an authority named on the line", "sslmode=require sslrootcert=/l/ca", "", "verify-ca", "/l/ca", NULL,
     NULL, "1", "TLSv1.2", "TLSv1.3"},
};

static bool is(const char *value, const char *expected)
{
        return value != NULL && strcmp(value, expected != NULL ? expected : "/dev/null/none") == 0;
}

static void says_what_the_pools_do(void)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char text[1000];
                struct trust trust, mine = {0};
                struct conf *conf;

                unit_row("%s", rows[i].name);
                snprintf(text, sizeof(text), "[databases]\na = host=h %s\n[pgbouncer]\nauth_type=any\n%s",
                         rows[i].line, rows[i].settings);
                conf = files_load_good(text);
                trust_choose(conf, &conf->databases[0], &trust);
                UNIT_ASSERT(is(trust.values[TRUST_SSLMODE], rows[i].mode));
                UNIT_ASSERT(is(trust.values[TRUST_SSLROOTCERT], rows[i].ca));
                UNIT_ASSERT(is(trust.values[TRUST_SSLCERT], rows[i].cert));
                UNIT_ASSERT(is(trust.values[TRUST_SSLCRL], rows[i].crl));
                UNIT_ASSERT(is(trust.values[TRUST_SSLSNI], rows[i].sni));
                UNIT_ASSERT(is(trust.values[TRUST_SSL_MIN_PROTOCOL_VERSION], rows[i].min));
                UNIT_ASSERT(is(trust.values[TRUST_SSL_MAX_PROTOCOL_VERSION], rows[i].max));
                UNIT_ASSERT(trust_copy(&mine, &trust) && !trust_copy(&mine, &trust));
                conf_unref(conf);
                UNIT_ASSERT(is(mine.values[TRUST_SSLMODE], rows[i].mode)); /* its own */
                trust_free(&mine);
        }
}

UNIT_SUITE(health_trust, UNIT_CASE(says_what_the_pools_do))
