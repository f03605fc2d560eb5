/* What the configuration says of TLS, put together; pure. */
#include "net/tls.h"

#include <string.h>
#include <strings.h>

struct tls_settings tls_settings_for_clients(const struct options *opt)
{
        return (struct tls_settings){
            .accepts = true,
            .mode = (enum sslmode)opt->client_tls_sslmode,
            .ca_file = opt->client_tls_ca_file,
            .cert_file = opt->client_tls_cert_file,
            .key_file = opt->client_tls_key_file,
            .crl_file = opt->client_tls_crl_file,
            .protocols = opt->client_tls_protocols,
            .ciphers = opt->client_tls_ciphers,
            .suites = opt->client_tls13_ciphers,
            .curve = opt->client_tls_ecdhcurve,
            .dheparams = opt->client_tls_dheparams,
            .in_kernel = opt->kernel_tls,
        };
}

struct tls_settings tls_settings_for_servers(const struct options *opt)
{
        return (struct tls_settings){
            .mode = (enum sslmode)opt->server_tls_sslmode,
            .ca_file = opt->server_tls_ca_file,
            .cert_file = opt->server_tls_cert_file,
            .key_file = opt->server_tls_key_file,
            .crl_file = opt->server_tls_crl_file,
            .protocols = opt->server_tls_protocols,
            .ciphers = opt->server_tls_ciphers,
            .suites = opt->server_tls13_ciphers,
            .curve = "",
            .dheparams = "",
            .in_kernel = opt->kernel_tls,
        };
}

static const char *line_or(const char *of_line, const char *otherwise)
{
        return of_line != NULL ? of_line : otherwise;
}

/* libpq's rules: the system's authorities are for whoever checks names, and an authority that is named is
 * there to be asked. */
static enum sslmode mode_of(const struct options *opt, const struct conf_tls *line)
{
        bool ca = line->sslrootcert != NULL;

        if (line->sslmode < 0)
                return ca && strcmp(line->sslrootcert, "system") == 0 ? SSLMODE_VERIFY_FULL
                                                                      : (enum sslmode)opt->server_tls_sslmode;
        return ca && line->sslmode == SSLMODE_REQUIRE ? SSLMODE_VERIFY_CA : (enum sslmode)line->sslmode;
}

static unsigned said(const struct conf_tls *line)
{
        return (line->sslmode >= 0 ? 1U << TLS_MODE : 0) |
               (line->sslrootcert != NULL ? 1U << TLS_CA_FILE : 0) |
               (line->sslcert != NULL ? 1U << TLS_CERT_FILE | 1U << TLS_KEY_FILE : 0) |
               (line->sslcrl != NULL ? 1U << TLS_CRL_FILE : 0);
}

struct tls_settings tls_settings_for_line(const struct options *opt, const struct conf_tls *line)
{
        struct tls_settings s = tls_settings_for_servers(opt);

        s.mode = mode_of(opt, line);
        s.ca_file = line_or(line->sslrootcert, s.ca_file);
        if (strcmp(s.ca_file, "system") == 0 && line->sslrootcert != NULL)
                s.ca_file = "";
        if (line->sslcert != NULL) {
                s.cert_file = line->sslcert;
                s.key_file = line->sslkey;
        }
        s.crl_file = line_or(line->sslcrl, s.crl_file);
        if (line->ssl_min_protocol_version >= 0 || line->ssl_max_protocol_version >= 0) {
                s.oldest =
                    1 + (line->ssl_min_protocol_version >= 0 ? line->ssl_min_protocol_version : CONF_TLS_MIN);
                s.newest = line->ssl_max_protocol_version >= 0 ? 1 + line->ssl_max_protocol_version : 4;
        }
        s.direct = line->sslnegotiation > 0;
        s.nameless = line->sslsni == 0;
        s.of_line = said(line);
        return s;
}

bool tls_settings_same(const struct tls_settings *a, const struct tls_settings *b)
{
        return a->accepts == b->accepts && a->mode == b->mode && strcmp(a->ca_file, b->ca_file) == 0 &&
               strcmp(a->cert_file, b->cert_file) == 0 && strcmp(a->key_file, b->key_file) == 0 &&
               strcmp(a->crl_file, b->crl_file) == 0 && strcmp(a->protocols, b->protocols) == 0 &&
               strcmp(a->ciphers, b->ciphers) == 0 && strcmp(a->suites, b->suites) == 0 &&
               strcmp(a->curve, b->curve) == 0 && strcmp(a->dheparams, b->dheparams) == 0 &&
               a->oldest == b->oldest && a->newest == b->newest && a->direct == b->direct &&
               a->in_kernel == b->in_kernel && a->nameless == b->nameless;
}

static bool is(const char *value, const char *word)
{
        return strcasecmp(value, word) == 0;
}

static unsigned version_bit(const char *word, size_t n)
{
        static const char *const versions[] = {"tlsv1.0", "tlsv1.1", "tlsv1.2", "tlsv1.3"};

        for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
                if (strlen(versions[i]) == n && strncasecmp(versions[i], word, n) == 0)
                        return 1U << i;
        return 0;
}

unsigned tls_settings_versions(const struct tls_settings *settings)
{
        const char *text = settings->protocols;
        unsigned allowed = 0;

        for (int i = settings->oldest; i > 0 && i <= settings->newest; i++)
                allowed |= 1U << (i - 1);
        if (settings->oldest > 0)
                return allowed;
        if (*text == '\0' || is(text, "secure") || is(text, "default"))
                text = "tlsv1.2,tlsv1.3";
        else if (is(text, "all") || is(text, "legacy"))
                text = "tlsv1.0,tlsv1.1,tlsv1.2,tlsv1.3";
        while (*text != '\0') {
                size_t skip = strspn(text, ", :\t"), n = strcspn(text + skip, ", :\t");
                unsigned bit = version_bit(text + skip, n);

                if (n > 0 && bit == 0)
                        return 0;
                allowed |= bit;
                text += skip + n;
        }
        return allowed;
}

const char *tls_part_name(const struct tls_settings *settings, enum tls_part part)
{
        static const struct {
                const char *servers, *clients, *line;
        } names[] = {
            [TLS_MODE] = {"server_tls_sslmode", "client_tls_sslmode", "sslmode"},
            [TLS_CA_FILE] = {"server_tls_ca_file", "client_tls_ca_file", "sslrootcert"},
            [TLS_CERT_FILE] = {"server_tls_cert_file", "client_tls_cert_file", "sslcert"},
            [TLS_KEY_FILE] = {"server_tls_key_file", "client_tls_key_file", "sslkey"},
            [TLS_CRL_FILE] = {"server_tls_crl_file", "client_tls_crl_file", "sslcrl"},
            [TLS_PROTOCOLS] = {"server_tls_protocols", "client_tls_protocols", NULL},
            [TLS_CIPHERS] = {"server_tls_ciphers", "client_tls_ciphers", NULL},
            [TLS_SUITES] = {"server_tls13_ciphers", "client_tls13_ciphers", NULL},
            [TLS_CURVE] = {NULL, "client_tls_ecdhcurve", NULL},
            [TLS_DHEPARAMS] = {NULL, "client_tls_dheparams", NULL},
        };

        if ((settings->of_line >> part & 1) != 0)
                return names[part].line;
        return settings->accepts ? names[part].clients : names[part].servers;
}
