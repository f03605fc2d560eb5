#include "health/trust.h"

#include "base/check.h"
#include "base/memory.h"
#include "net/tls.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const trust_keys[TRUST_KEYS] = {
    [TRUST_SSLMODE] = "sslmode",
    [TRUST_SSLROOTCERT] = "sslrootcert",
    [TRUST_SSLCERT] = "sslcert",
    [TRUST_SSLKEY] = "sslkey",
    [TRUST_SSLCRL] = "sslcrl",
    [TRUST_SSLSNI] = "sslsni",
    [TRUST_SSL_MIN_PROTOCOL_VERSION] = "ssl_min_protocol_version",
    [TRUST_SSL_MAX_PROTOCOL_VERSION] = "ssl_max_protocol_version",
    [TRUST_SSLNEGOTIATION] = "sslnegotiation",
    [TRUST_CHANNEL_BINDING] = "channel_binding",
    [TRUST_REQUIRE_AUTH] = "require_auth",
};

/* The pools ask for TLS under allow as under prefer. */
static const char *mode_word(enum sslmode mode)
{
        switch (mode) {
        case SSLMODE_DISABLE: return "disable";
        case SSLMODE_ALLOW:
        case SSLMODE_PREFER: return "prefer";
        case SSLMODE_REQUIRE: return "require";
        case SSLMODE_VERIFY_CA: return "verify-ca";
        case SSLMODE_VERIFY_FULL: return "verify-full";
        }
        return "verify-full";
}

/* All authorities of this machine in one file, which every libpq can read. */
static const char *system_authorities(void)
{
        static const char *const places[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem",
                                             "/etc/pki/tls/certs/ca-bundle.crt"};

        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
                if (access(places[i], R_OK) == 0)
                        return places[i];
        return "system";
}

static const char *file_or_none(const char *file)
{
        return *file != '\0' ? file : TRUST_NOWHERE;
}

static const char *binding_word(enum channel_binding binding)
{
        switch (binding) {
        case CHANNEL_BINDING_DISABLE: return "disable";
        case CHANNEL_BINDING_PREFER: return "prefer";
        case CHANNEL_BINDING_REQUIRE: return "require";
        }
        return "require";
}

/* Whether no connection to it may carry a password as it is. */
static bool never_in_clear(const struct options *opt, enum sslmode mode, const char *host)
{
        if (opt->server_cleartext_password == CLEARTEXT_NEVER)
                return true;
        return opt->server_cleartext_password == CLEARTEXT_TLS && mode == SSLMODE_DISABLE && host[0] != '/' &&
               host[0] != '@';
}

void trust_choose(const struct conf *conf, const struct conf_database *line, const char *host,
                  struct trust *out)
{
        static const char *const versions[] = {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
        struct tls_settings s = tls_settings_for_line(&conf->opt, &line->tls);
        unsigned allowed = tls_settings_versions(&s);

        *out = (struct trust){0};
        out->values[TRUST_SSLMODE] = mode_word(s.mode);
        if (s.mode < SSLMODE_VERIFY_CA) /* libpq would verify by an authority that it finds */
                out->values[TRUST_SSLROOTCERT] = TRUST_NOWHERE;
        else
                out->values[TRUST_SSLROOTCERT] = *s.ca_file != '\0' ? s.ca_file : system_authorities();
        out->values[TRUST_SSLCERT] = file_or_none(s.cert_file);
        out->values[TRUST_SSLKEY] = file_or_none(s.key_file);
        out->values[TRUST_SSLCRL] = file_or_none(s.crl_file);
        out->values[TRUST_SSLSNI] = s.nameless ? "0" : "1";
        for (int i = 0; i < 4; i++)
                if ((allowed >> i & 1) != 0) {
                        if (out->values[TRUST_SSL_MIN_PROTOCOL_VERSION] == NULL)
                                out->values[TRUST_SSL_MIN_PROTOCOL_VERSION] = versions[i];
                        out->values[TRUST_SSL_MAX_PROTOCOL_VERSION] = versions[i];
                }
        if (s.direct && PQlibVersion() >= 170000)
                out->values[TRUST_SSLNEGOTIATION] = "direct";
        out->values[TRUST_CHANNEL_BINDING] = binding_word(conf_channel_binding(conf, line));
        if (never_in_clear(&conf->opt, s.mode, host) && PQlibVersion() >= 160000)
                out->values[TRUST_REQUIRE_AUTH] = "!password";
}

bool trust_same(const struct trust *a, const struct trust *b)
{
        for (int i = 0; i < TRUST_KEYS; i++) {
                const char *one = a->values[i], *other = b->values[i];

                if (one != other && (one == NULL || other == NULL || strcmp(one, other) != 0))
                        return false;
        }
        return true;
}

void trust_copy(struct trust *mine, const struct trust *from)
{
        for (int i = 0; i < TRUST_KEYS; i++)
                mine->values[i] = from->values[i] != NULL ? xstrdup(from->values[i]) : NULL;
}

void trust_free(struct trust *mine)
{
        for (int i = 0; i < TRUST_KEYS; i++)
                free((char *)(uintptr_t)mine->values[i]);
}
