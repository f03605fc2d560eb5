#include "auth/scram_parts.h"
#include "auth/secret.h"

#include "unit.h"

#include <stdio.h>

#define MESSAGE(bytes) bytes, sizeof(bytes) - 1

/* RFC 7677, section 3: the nonces and the user name are the RFC's. */
static void knows_the_rfcs_example(void)
{
        static const struct sv server_first = SV("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                                 "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        struct scram_client c;
        struct scram_keys keys;
        char out[SCRAM_MESSAGE_MAX];

        scram_client_first(&c, 'n', NULL, out);
        strcpy(c.nonce, "rOprNGfwEbeRWgbNEkqO");
        strcpy(c.client_first_bare, "n=user,r=rOprNGfwEbeRWgbNEkqO");
        UNIT_ASSERT(scram_client_challenge(&c, server_first, &keys) == STATUS_OK);
        UNIT_ASSERT(keys.iterations == 4096 && keys.salt_size == 16);
        scram_client_keys("pencil", &keys);
        UNIT_ASSERT(scram_client_final(&c, &keys, server_first, out) == STATUS_OK);
        UNIT_ASSERT(strcmp(out, "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=") == 0);
        UNIT_ASSERT(scram_client_verify(&c, SV("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")) ==
                    STATUS_OK);
}

static void begins_with_a_fresh_nonce(void)
{
        struct scram_client a, b;
        char out[SCRAM_MESSAGE_MAX], expected[SCRAM_MESSAGE_MAX];

        scram_client_first(&a, 'n', NULL, out);
        scram_client_first(&b, 'n', NULL, expected);
        UNIT_ASSERT(strlen(a.nonce) == 24 && strcmp(a.nonce, b.nonce) != 0);
        snprintf(expected, sizeof(expected), "n,,n=,r=%s", a.nonce);
        UNIT_ASSERT(strcmp(out, expected) == 0);
        UNIT_ASSERT(strcmp(a.client_first_bare, expected + 3) == 0);
}

static void checks_server_first(void)
{
        static const struct {
                const char *name, *message;
                size_t n;
                const char *complaint; /* NULL: accepted */
        } rows[] = {
            {"PostgreSQL's", MESSAGE("r=clientserver,s=QSXCR+Q6sek8bf92,i=4096"), NULL},
            {"nonce longer by one character", MESSAGE("r=client1,s=QSXCR+Q6sek8bf92,i=4096"), NULL},
            {"fewest iterations", MESSAGE("r=clientserver,s=QSXCR+Q6sek8bf92,i=1"), NULL},
            {"most iterations", MESSAGE("r=clientserver,s=QSXCR+Q6sek8bf92,i=1048576"), NULL},
            {"empty", MESSAGE(""), "(r=)"},
            {"no nonce", MESSAGE("s=QSXCR+Q6sek8bf92,i=4096"), "(r=)"},
            {"empty nonce", MESSAGE("r=,s=QSXCR+Q6sek8bf92,i=4096"), "nonce is empty"},
            {"nonce only ours", MESSAGE("r=client,s=QSXCR+Q6sek8bf92,i=4096"), "begin with ours"},
            {"nonce a part of ours", MESSAGE("r=clien,s=QSXCR+Q6sek8bf92,i=4096"), "begin with ours"},
            {"nonce another", MESSAGE("r=Clientserver,s=QSXCR+Q6sek8bf92,i=4096"), "begin with ours"},
            {"nonce with ours at its end", MESSAGE("r=serverclient,s=QSXCR+Q6sek8bf92,i=4096"),
             "begin with ours"},
            {"nonce not printable", MESSAGE("r=client server,s=QSXCR+Q6sek8bf92,i=4096"), "not printable"},
            {"no salt", MESSAGE("r=clientserver,i=4096"), "(s=)"},
            {"only the nonce", MESSAGE("r=clientserver"), "(s=)"},
            {"empty salt", MESSAGE("r=clientserver,s=,i=4096"), "salt is not base64"},
            {"salt not base64", MESSAGE("r=clientserver,s=QSXCR+Q6sek8bf9,i=4096"), "salt is not base64"},
            {"salt of 66 bytes",
             MESSAGE(
                 "r=clientserver,s=QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
                 "QUFBQUFBQUFBQUFB,i=4096"),
             "salt is not base64"},
            {"no iterations", MESSAGE("r=clientserver,s=QSXCR+Q6sek8bf92"), "(i=)"},
            {"empty iterations", MESSAGE("r=clientserver,s=QSXCR+Q6sek8bf92,i="), "1 to 1048576"},
            {"iterations 0", MESSAGE("r=clientserver,s=QSXCR+Q6sek8bf92,i=0"), "1 to 1048576"},
            {"iterations negative", MESSAGE("r=clientserver,s=QSXCR+Q6sek8bf92,i=-1"), "1 to 1048576"},
            {"iterations with a plus", MESSAGE("r=clientserver,s=QSXCR+Q6sek8bf92,i=+4096"), "1 to 1048576"},
            {"iterations not a number", MESSAGE("r=clientserver,s=QSXCR+Q6sek8bf92,i=4k"), "1 to 1048576"},
            {"iterations one too many", MESSAGE("r=clientserver,s=QSXCR+Q6sek8bf92,i=1048577"),
             "1 to 1048576"},
            {"iterations 2^31 - 1", MESSAGE("r=clientserver,s=QSXCR+Q6sek8bf92,i=2147483647"),
             "1 to 1048576"},
            {"iterations 2^32 + 4096", MESSAGE("r=clientserver,s=QSXCR+Q6sek8bf92,i=4294971392"),
             "1 to 1048576"},
            {"wrong order", MESSAGE("r=clientserver,i=4096,s=QSXCR+Q6sek8bf92"), "(s=)"},
            {"mandatory extension", MESSAGE("m=x,r=clientserver,s=QSXCR+Q6sek8bf92,i=4096"), "(r=)"},
            {"goes on", MESSAGE("r=clientserver,s=QSXCR+Q6sek8bf92,i=4096,x=1"), "goes on"},
            {"comma at the end", MESSAGE("r=clientserver,s=QSXCR+Q6sek8bf92,i=4096,"), "(i=)"},
            {"NUL at the end", MESSAGE("r=clientserver,s=QSXCR+Q6sek8bf92,i=4096\0"), "NUL"},
            {"NUL in the nonce", MESSAGE("r=client\0server,s=QSXCR+Q6sek8bf92,i=4096"), "NUL"},
        };
        struct scram_client c;
        struct scram_keys keys;
        char out[SCRAM_MESSAGE_MAX];

        scram_client_first(&c, 'n', NULL, out);
        strcpy(c.nonce, "client");
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct sv message = sv_from(rows[i].message, rows[i].n);
                const char *complaint = scram_client_complaint(&c, message);
                enum status expected = rows[i].complaint == NULL ? STATUS_OK : STATUS_INVALID;

                unit_row("%s", rows[i].name);
                UNIT_ASSERT(scram_client_challenge(&c, message, &keys) == expected);
                UNIT_ASSERT(scram_client_final(&c, &keys, message, out) == expected);
                UNIT_ASSERT((complaint == NULL) == (rows[i].complaint == NULL));
                if (complaint != NULL && rows[i].complaint != NULL)
                        UNIT_ASSERT(strstr(complaint, rows[i].complaint) != NULL);
                UNIT_ASSERT((out[0] == '\0') == (expected != STATUS_OK));
        }
}

static void bounds_server_first(void)
{
        static const struct {
                const char *name;
                size_t nonce; /* characters that the server adds */
                bool fits;
        } rows[] = {
            {"longest nonce", SCRAM_NONCE_MAX, true},
            {"nonce too long", SCRAM_NONCE_MAX + 1, false},
            {"nonce of 100 KB", 100000, false},
        };
        static char message[100100];
        struct scram_client c;
        struct scram_keys keys;
        char out[SCRAM_MESSAGE_MAX];

        scram_client_first(&c, 'n', NULL, out);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                int n = snprintf(message, sizeof(message), "r=%s", c.nonce);
                enum status expected = rows[i].fits ? STATUS_OK : STATUS_INVALID;

                unit_row("%s", rows[i].name);
                memset(message + n, 'x', rows[i].nonce);
                strcpy(message + n + rows[i].nonce, ",s=QSXCR+Q6sek8bf92,i=1");
                UNIT_ASSERT(scram_client_challenge(&c, sv_cstr(message), &keys) == expected);
                UNIT_ASSERT(scram_client_final(&c, &keys, sv_cstr(message), out) == expected);
        }
}

static void wants_keys_of_the_challenge(void)
{
        static const struct sv server_first = SV("r=clientserver,s=QSXCR+Q6sek8bf92,i=3");
        struct scram_client c;
        struct scram_keys keys, other;
        char out[SCRAM_MESSAGE_MAX];

        scram_client_first(&c, 'n', NULL, out);
        strcpy(c.nonce, "client");
        UNIT_ASSERT(scram_client_challenge(&c, server_first, &keys) == STATUS_OK);
        scram_client_keys("pencil", &keys);
        unit_row("other iterations");
        other = keys;
        other.iterations = 4;
        UNIT_ASSERT(scram_client_final(&c, &other, server_first, out) == STATUS_INVALID);
        unit_row("other salt");
        other = keys;
        other.salt[11] ^= 1;
        UNIT_ASSERT(scram_client_final(&c, &other, server_first, out) == STATUS_INVALID);
        unit_row("other salt size");
        other = keys;
        other.salt_size--;
        UNIT_ASSERT(scram_client_final(&c, &other, server_first, out) == STATUS_INVALID && out[0] == '\0');
        unit_row("the challenge's");
        UNIT_ASSERT(scram_client_final(&c, &keys, server_first, out) == STATUS_OK);
}

static void checks_server_final(void)
{
        static const struct {
                const char *name, *message;
                size_t n;
                enum status status;
        } rows[] = {
            {"right", MESSAGE("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), STATUS_OK},
            {"first bit wrong", MESSAGE("v=arriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), STATUS_DENIED},
            {"last bit wrong", MESSAGE("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8="), STATUS_DENIED},
            {"all zeros", MESSAGE("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), STATUS_DENIED},
            {"server reports an error", MESSAGE("e=invalid-proof"), STATUS_DENIED},
            {"empty", MESSAGE(""), STATUS_INVALID},
            {"empty signature", MESSAGE("v="), STATUS_INVALID},
            {"other attribute", MESSAGE("w=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), STATUS_INVALID},
            {"not base64", MESSAGE("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4"), STATUS_INVALID},
            {"hidden bits", MESSAGE("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5="), STATUS_INVALID},
            {"31 bytes", MESSAGE("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95A=="), STATUS_INVALID},
            {"33 bytes", MESSAGE("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4A"), STATUS_INVALID},
            {"goes on", MESSAGE("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=,x=1"), STATUS_INVALID},
            {"comma at the end", MESSAGE("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=,"), STATUS_INVALID},
            {"NUL at the end", MESSAGE("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=\0"), STATUS_INVALID},
        };
        struct scram_client c;
        char out[SCRAM_MESSAGE_MAX];
        size_t size;

        unit_row("nothing fits before our own proof is made");
        scram_client_first(&c, 'n', NULL, out);
        UNIT_ASSERT(scram_client_verify(&c, SV("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")) ==
                    STATUS_DENIED);
        UNIT_ASSERT(scram_base64_decode(SV("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="),
                                        c.server_signature, SCRAM_KEY_SIZE, &size));
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                UNIT_ASSERT(scram_client_verify(&c, sv_from(rows[i].message, rows[i].n)) == rows[i].status);
        }
}

/* How the two ends of a connection bind their channel; zeros: not at all. */
struct channel {
        char flag;
        struct scram_binding of_client, of_server;
};

/* One whole login with our client at our server; *recovered is what the server learnt. */
static enum status log_in_over(const struct channel *channel, const struct scram_verifier *verifier,
                               const char *password, const struct scram_keys *have,
                               struct scram_keys *recovered)
{
        struct scram_client c;
        struct scram_server s;
        struct scram_keys keys;
        char client[SCRAM_MESSAGE_MAX], server[SCRAM_MESSAGE_MAX];
        enum status status;

        scram_client_first(&c, channel->flag, &channel->of_client, client);
        status = scram_server_choose(
            &s, sv_cstr(channel->flag == 'p' ? SCRAM_MECHANISM_PLUS : SCRAM_MECHANISM), &channel->of_server);
        if (status == STATUS_OK)
                status = scram_server_first(&s, verifier, false, sv_cstr(client), server);
        if (status == STATUS_OK)
                status = scram_client_challenge(&c, sv_cstr(server), &keys);
        if (status == STATUS_OK && have == NULL)
                scram_client_keys(password, &keys);
        if (status == STATUS_OK)
                status = scram_client_final(&c, have != NULL ? have : &keys, sv_cstr(server), client);
        if (status == STATUS_OK)
                status = scram_server_final(&s, sv_cstr(client), server, recovered);
        if (status == STATUS_OK)
                status = scram_client_verify(&c, sv_cstr(server));
        return status;
}

static enum status log_in(const struct scram_verifier *verifier, const char *password,
                          const struct scram_keys *have, struct scram_keys *recovered)
{
        static const struct channel unbound = {.flag = 'n'};

        return log_in_over(&unbound, verifier, password, have, recovered);
}

static void binds_the_channel(void)
{
        static const struct {
                const char *name;
                struct channel channel;
                enum status status;
        } rows[] = {
            {"both see one certificate", {'p', {{1, 2}, 32}, {{1, 2}, 32}}, STATUS_OK},
            {"a hash of 64 bytes", {'p', {{1, [63] = 9}, 64}, {{1, [63] = 9}, 64}}, STATUS_OK},
            {"another certificate", {'p', {{1, 2}, 32}, {{1, 3}, 32}}, STATUS_INVALID},
            {"another kind of hash", {'p', {{1, 2}, 32}, {{1, 2}, 48}}, STATUS_INVALID},
            {"not offered", {'p', {{1, 2}, 32}, {{0}, 0}}, STATUS_INVALID},
            {"offered, and the client does not want it", {'n', {{0}, 0}, {{1, 2}, 32}}, STATUS_OK},
            {"offered, and the client was told that it is not",
             {'y', {{0}, 0}, {{1, 2}, 32}},
             STATUS_INVALID},
            {"the client could, the server could not", {'y', {{0}, 0}, {{0}, 0}}, STATUS_OK},
        };
        struct scram_verifier v;
        struct scram_keys recovered;

        scram_verifier_from_password("pencil", 5, &v);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                UNIT_ASSERT(log_in_over(&rows[i].channel, &v, "pencil", NULL, &recovered) == rows[i].status);
                UNIT_ASSERT(log_in_over(&rows[i].channel, &v, "crayon", NULL, &recovered) ==
                            (rows[i].status == STATUS_OK ? STATUS_DENIED : STATUS_INVALID));
        }
}

static void logs_in_at_our_server(void)
{
        static const struct {
                const char *name, *stored, *given;
                enum status status;
        } rows[] = {
            {"right", "pencil", "pencil", STATUS_OK},
            {"wrong", "pencil", "pencils", STATUS_DENIED},
            {"in capitals", "pencil", "Pencil", STATUS_DENIED},
            {"empty", "pencil", "", STATUS_DENIED},
            {"not ASCII", "cr\xc3\xa8me", "cr\xc3\xa8me", STATUS_OK},
            {"not UTF-8", "\xff\xfe", "\xff\xfe", STATUS_OK},
            {"of 100 characters",
             "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
             "56789",
             "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
             "56789",
             STATUS_OK},
        };
        struct scram_verifier v;
        struct scram_keys recovered;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                scram_verifier_from_password(rows[i].stored, 5, &v);
                UNIT_ASSERT(log_in(&v, rows[i].given, NULL, &recovered) == rows[i].status);
        }
}

/* A client logs in at us, and we log in with its key at the next server, which stores the same secret. */
static void passes_keys_through(void)
{
        struct scram_verifier v, other;
        struct scram_keys recovered, again;

        UNIT_ASSERT(scram_verifier_parse("SCRAM-SHA-256$4096:mv3hlp8BVkAyyuSyuMtPaQ==$"
                                         "W+Wy1mXayR3m661bSOz9QswUYJe4E6jNe3JOELsTkqU=:"
                                         "276YQeMzSrws9oPJK02P5P8k4kPoBzoTzDVs3LsRXfs=",
                                         &v) == STATUS_OK);
        UNIT_ASSERT(log_in(&v, "correct horse battery staple", NULL, &recovered) == STATUS_OK);
        UNIT_ASSERT(log_in(&v, NULL, &recovered, &again) == STATUS_OK);
        UNIT_ASSERT(memcmp(&recovered, &again, sizeof(again)) == 0);
        unit_row("same password, other salt");
        scram_verifier_from_password("correct horse battery staple", 4096, &other);
        UNIT_ASSERT(log_in(&other, NULL, &recovered, &again) == STATUS_INVALID);
        unit_row("an impostor that copied only the stored key");
        secret_random(v.server_key, sizeof(v.server_key));
        UNIT_ASSERT(log_in(&v, NULL, &recovered, &again) == STATUS_DENIED);
}

UNIT_SUITE(auth_scram_client, UNIT_CASE(knows_the_rfcs_example), UNIT_CASE(begins_with_a_fresh_nonce),
           UNIT_CASE(checks_server_first), UNIT_CASE(bounds_server_first),
           UNIT_CASE(wants_keys_of_the_challenge), UNIT_CASE(checks_server_final),
           UNIT_CASE(binds_the_channel), UNIT_CASE(logs_in_at_our_server), UNIT_CASE(passes_keys_through))
