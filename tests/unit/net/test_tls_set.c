#include "net/tls_set.h"

#include "conf/files.h"
#include "net/certs.h"
#include "unit.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

static char told[2000];

static void on_told(void *arg, bool fatal, const char *text)
{
        size_t n = strlen(told);

        (void)arg;
        UNIT_ASSERT(fatal);
        snprintf(told + n, sizeof(told) - n, "%s\n", text);
}

/* A file of these lines; "%s" in them is the folder of the certificates. */
static struct conf *load(const char *lines, const char *settings, const char *peers)
{
        char text[4000], filled[3000];
        const char *dir = certs_path("", "");
        size_t n = 0;

        for (const char *p = lines; *p != '\0'; p++)
                n += (size_t)snprintf(filled + n, sizeof(filled) - n, "%.*s",
                                      *p == '~' ? (int)strlen(dir) - 1 : 1, *p == '~' ? dir : p);
        snprintf(text, sizeof(text), "[databases]\n%s[pgbouncer]\nauth_type=any\n%s\n[peers]\n%s", filled,
                 settings, peers);
        return files_load_good(text);
}

static struct tls_set *make(const struct conf *conf, const struct tls_set *old)
{
        struct tls_set *set = NULL;

        told[0] = '\0';
        UNIT_ASSERT((tls_set_new(conf, old, &set, on_told, NULL) == STATUS_OK) == (told[0] == '\0'));
        return set;
}

static void certificates(void)
{
        certs_authority("ca");
        certs_issue("ca", "db", "db", "DNS:db");
        certs_write("junk", ".txt", "junk\n");
}

static struct tls_context *of(const struct tls_set *set, const struct conf *conf, const char *name)
{
        return tls_set_for_line(set, conf, conf_find_database(conf, name));
}

static const char lines[] = "off = host=h sslmode=disable\n"
                            "same = host=h pool_size=3\n"
                            "full = host=h sslmode=verify-full sslrootcert=~/ca.crt\n"
                            "twin = host=other sslmode=verify-full sslrootcert=~/ca.crt\n"
                            "ca = host=h sslmode=require sslrootcert=~/ca.crt\n"
                            "direct = host=h sslmode=require sslnegotiation=direct sslsni=0\n"
                            "system = host=h sslrootcert=system\n";

static void every_line_has_what_it_says(void)
{
        struct conf *conf;
        struct tls_set *set;

        certificates();
        conf = load(lines, "server_tls_sslmode=prefer", "1 = host=h\n2 = host=h sslmode=require\n");
        set = make(conf, NULL);
        UNIT_ASSERT(set->clients == NULL && tls_context_mode(set->servers) == SSLMODE_PREFER);
        UNIT_ASSERT(of(set, conf, "off") == NULL && of(set, conf, "same") == set->servers);
        UNIT_ASSERT(tls_context_mode(of(set, conf, "full")) == SSLMODE_VERIFY_FULL);
        UNIT_ASSERT(of(set, conf, "twin") == of(set, conf, "full"));
        UNIT_ASSERT(tls_context_mode(of(set, conf, "ca")) == SSLMODE_VERIFY_CA);
        UNIT_ASSERT(tls_context_direct(of(set, conf, "direct")) && !tls_context_direct(set->servers));
        UNIT_ASSERT(!tls_context_tells_name(of(set, conf, "direct")) && tls_context_tells_name(set->servers));
        UNIT_ASSERT(tls_context_mode(of(set, conf, "system")) == SSLMODE_VERIFY_FULL);
        UNIT_ASSERT(tls_set_for_peer(set, conf, &conf->peers[0]) == NULL);
        UNIT_ASSERT(tls_context_mode(tls_set_for_peer(set, conf, &conf->peers[1])) == SSLMODE_REQUIRE);
        UNIT_ASSERT(tls_set_for_line(NULL, conf, &conf->databases[0]) == NULL);
        tls_set_unref(set);
        conf_unref(conf);
}

static void the_kernel_does_it_when_it_may(void)
{
        struct conf *conf[2] = {load("a = host=h\n", "", ""), load("a = host=h\n", "kernel_tls=off", "")};

        for (int off = 0; off < 2; off++) {
                struct tls_set *set = make(conf[off], NULL);

                UNIT_ASSERT(
                    ((SSL_CTX_get_options(tls_context_ssl(set->servers)) & SSL_OP_ENABLE_KTLS) == 0) == off);
                tls_set_unref(set);
                conf_unref(conf[off]);
        }
}

static void what_has_not_changed_stays(void)
{
        struct conf *a, *b;
        struct tls_set *before, *after;

        certificates();
        a = load(lines, "server_tls_sslmode=disable", "");
        b = load("full = host=h sslmode=verify-full sslrootcert=~/ca.crt\n"
                 "ca = host=h sslmode=require sslrootcert=~/ca.crt ssl_min_protocol_version=TLSv1.3\n"
                 "sooner = host=h\n",
                 "server_tls_sslmode=require", "");
        before = make(a, NULL);
        after = make(b, before);
        UNIT_ASSERT(of(before, a, "full") == of(after, b, "full"));
        UNIT_ASSERT(!tls_context_same(of(before, a, "ca"), of(after, b, "ca")));
        UNIT_ASSERT(before->servers == NULL && of(after, b, "sooner") == after->servers);
        UNIT_ASSERT(!tls_set_settings_same(&a->opt, &b->opt) && tls_set_settings_same(&a->opt, &a->opt));
        tls_set_unref(before); /* the shared one outlives it */
        UNIT_ASSERT(tls_context_mode(of(after, b, "full")) == SSLMODE_VERIFY_FULL);
        certs_authority("ca"); /* another authority in the same file */
        before = after;
        after = make(b, before);
        UNIT_ASSERT(!tls_context_same(of(before, b, "full"), of(after, b, "full")));
        UNIT_ASSERT(before->servers == after->servers);
        tls_set_unref(before);
        tls_set_unref(after);
        conf_unref(a);
        conf_unref(b);
}

static const struct {
        const char *name, *line, *settings, *says;
} wrong[] = {
    {"no such file", "a = host=h sslmode=verify-ca sslrootcert=~/gone.crt\n", "",
     "[databases] a: sslrootcert: cannot read"},
    {"junk", "a = host=h sslmode=verify-ca sslrootcert=~/junk.txt\n", "",
     "[databases] a: sslrootcert: failed to load CA"},
    {"another's key", "a = host=h sslmode=require sslcert=~/db.crt sslkey=~/ca.key\n", "",
     "[databases] a: sslkey: "},
    {"no list", "a = host=h sslmode=require sslcrl=~/junk.txt\n", "",
     "[databases] a: sslcrl: no revocation list"},
    {"a folder", "a = host=h sslmode=require sslcrl=~/.\n", "", "[databases] a: sslcrl: not a file: "},
    {"direct where the options allow clear text", "a = host=h sslnegotiation=direct\n", "",
     "[databases] a: server_tls_sslmode: sslnegotiation=direct needs"},
    {"direct where the options forbid TLS", "a = host=h sslnegotiation=direct\n",
     "server_tls_sslmode=disable", "[databases] a: server_tls_sslmode: sslnegotiation=direct needs"},
    {"an option's file", "a = host=h sslmode=verify-ca\nb = host=h sslmode=require\n",
     "server_tls_ca_file=/nowhere/ca.crt", "[databases] b: server_tls_ca_file: cannot read /nowhere/ca.crt"},
};

static void every_mistake_is_told(void)
{
        certificates();
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                struct conf *conf = load(wrong[i].line, wrong[i].settings, "");
                struct tls_set *set = make(conf, NULL);

                unit_row("%s", wrong[i].name);
                UNIT_ASSERT(set == NULL);
                UNIT_ASSERT(strstr(told, wrong[i].says) != NULL);
                if (strstr(told, wrong[i].says) == NULL)
                        fprintf(stderr, "  it says: %s\n", told);
                tls_set_unref(set);
                conf_unref(conf);
        }
}

/* An encrypted key must not make anybody wait at a terminal. */
static void asks_nobody_for_a_passphrase(void)
{
        static const char *const encrypted =
            "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
            "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nMTIzNDU2Nzg5MDEyMzQ1Ng==\n"
            "-----END EC PRIVATE KEY-----\n";
        struct conf *conf;

        certificates();
        certs_write("locked", ".key", encrypted);
        conf = load("a = host=h sslmode=require sslcert=~/db.crt sslkey=~/locked.key\n", "", "");
        UNIT_ASSERT(make(conf, NULL) == NULL);
        UNIT_ASSERT(strstr(told, "[databases] a: sslkey: failed to load private key file") != NULL);
        conf_unref(conf);
}

UNIT_SUITE(net_tls_set, UNIT_CASE(every_line_has_what_it_says), UNIT_CASE(the_kernel_does_it_when_it_may),
           UNIT_CASE(what_has_not_changed_stays), UNIT_CASE(every_mistake_is_told),
           UNIT_CASE(asks_nobody_for_a_passphrase))
