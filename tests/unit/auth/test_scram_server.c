#include "auth/scram_parts.h"
#include "auth/secret.h"

#include "unit.h"

#include <stdio.h>

#define MESSAGE(bytes) bytes, sizeof(bytes) - 1

enum { ITERATIONS = 2 }; /* PBKDF2 is OpenSSL's and not on trial here */

struct login {
        struct scram_verifier verifier;
        struct scram_keys keys; /* of a client that knows the password */
        struct scram_server server;
        char out[SCRAM_MESSAGE_MAX];
};

static void login_init(struct login *l)
{
        memset(l, 0, sizeof(*l));
        scram_verifier_from_password("pencil", ITERATIONS, &l->verifier);
        l->keys.iterations = ITERATIONS;
        l->keys.salt_size = l->verifier.salt_size;
        memcpy(l->keys.salt, l->verifier.salt, l->verifier.salt_size);
        scram_client_keys("pencil", &l->keys);
}

/* A right client-final-message whose part before the proof is `format` with the nonce in it. */
static void client_final(const struct login *l, const char *format, char message[SCRAM_MESSAGE_MAX])
{
        struct scram_exchange exchange = {
            sv_cstr(l->server.client_first_bare), sv_cstr(l->server.server_first), {0}};
        uint8_t stored_key[SCRAM_KEY_SIZE], proof[SCRAM_KEY_SIZE];
        char text[SCRAM_BASE64_SIZE(SCRAM_KEY_SIZE)];
        const char *mark = strstr(format, "NONCE");
        int n;

        n = snprintf(message, SCRAM_MESSAGE_MAX, "%.*s%s%s", (int)(mark - format), format, l->server.nonce,
                     mark + strlen("NONCE"));
        exchange.client_final_bare = sv_from(message, (size_t)n);
        scram_stored_key(l->keys.client_key, stored_key);
        scram_sign(stored_key, &exchange, proof);
        scram_xor(proof, l->keys.client_key);
        scram_base64_encode(proof, sizeof(proof), text);
        snprintf(message + n, SCRAM_MESSAGE_MAX - (size_t)n, ",p=%s", text);
}

/* RFC 7677, section 3. */
static void knows_the_rfcs_example(void)
{
        static const char server_first[] = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                           "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        struct scram_keys keys = {.iterations = 4096}, recovered;
        struct scram_verifier v = {.iterations = 4096};
        struct scram_server s = {0};
        char out[SCRAM_MESSAGE_MAX];

        UNIT_ASSERT(
            scram_base64_decode(SV("W22ZaJ0SNY7soEsUEjb6gQ=="), v.salt, sizeof(v.salt), &v.salt_size));
        keys.salt_size = v.salt_size;
        memcpy(keys.salt, v.salt, v.salt_size);
        scram_client_keys("pencil", &keys);
        scram_stored_key(keys.client_key, v.stored_key);
        memcpy(v.server_key, keys.server_key, SCRAM_KEY_SIZE);
        UNIT_ASSERT(scram_server_first(&s, &v, false, SV("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"), out) ==
                    STATUS_OK);
        UNIT_ASSERT(strncmp(out, "r=rOprNGfwEbeRWgbNEkqO", 22) == 0);
        UNIT_ASSERT(strcmp(strchr(out, ','), ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096") == 0);
        strcpy(s.nonce, "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
        strcpy(s.server_first, server_first);
        UNIT_ASSERT(scram_server_final(&s,
                                       SV("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                          "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="),
                                       out, &recovered) == STATUS_OK);
        UNIT_ASSERT(strcmp(out, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") == 0);
        UNIT_ASSERT(memcmp(&recovered, &keys, sizeof(keys)) == 0);
}

static void accepts_client_first(void)
{
        static const struct {
                const char *name, *message, *format;
        } rows[] = {
            {"libpq's", "n,,n=,r=nonce", "c=biws,r=NONCE"},
            {"with a user name, which is ignored", "n,,n=somebody,r=nonce", "c=biws,r=NONCE"},
            {"with escapes in the user name", "n,,n=a=2Cb=3Dc,r=nonce", "c=biws,r=NONCE"},
            {"the client could bind channels", "y,,n=,r=nonce", "c=eSws,r=NONCE"},
            {"an extension that may be ignored", "n,,n=,r=nonce,x=1,Y=", "c=biws,r=NONCE"},
            {"an extension in the final message", "n,,n=,r=nonce", "c=biws,r=NONCE,x=1,z=,y=2"},
            {"every printable character", "n,,n=,r=!\"#$%&'()*+-./:;<=>?@[\\]^_`{|}~", "c=biws,r=NONCE"},
        };
        struct login l;
        struct scram_keys recovered;
        char message[SCRAM_MESSAGE_MAX];

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                login_init(&l);
                UNIT_ASSERT(scram_server_first(&l.server, &l.verifier, false, sv_cstr(rows[i].message),
                                               l.out) == STATUS_OK);
                UNIT_ASSERT(l.server.complaint == NULL && strcmp(l.out, l.server.server_first) == 0);
                client_final(&l, rows[i].format, message);
                UNIT_ASSERT(scram_server_final(&l.server, sv_cstr(message), l.out, &recovered) == STATUS_OK);
                UNIT_ASSERT(memcmp(&recovered, &l.keys, sizeof(recovered)) == 0);
        }
}

static void refuses_client_first(void)
{
        static const struct {
                const char *name, *message;
                size_t n;
                const char *complaint;
        } rows[] = {
            {"empty", MESSAGE(""), "empty"},
            {"channel binding", MESSAGE("p=tls-server-end-point,,n=,r=nonce"), "channel binding"},
            {"unknown gs2 flag", MESSAGE("x,,n=,r=nonce"), "gs2"},
            {"only the flag", MESSAGE("n"), "gs2"},
            {"half a gs2 header", MESSAGE("n,"), "gs2"},
            {"one comma", MESSAGE("n,n=,r=nonce"), "gs2"},
            {"flag with a value", MESSAGE("n=x,,n=,r=nonce"), "gs2"},
            {"authorization identity", MESSAGE("n,a=root,n=,r=nonce"), "authorization identity"},
            {"only the gs2 header", MESSAGE("n,,"), "user name"},
            {"no user name", MESSAGE("n,,r=nonce"), "user name"},
            {"no nonce", MESSAGE("n,,n="), "nonce (r=)"},
            {"no nonce, but a comma", MESSAGE("n,,n=,"), "user name"},
            {"wrong order", MESSAGE("n,,r=nonce,n="), "user name"},
            {"something between", MESSAGE("n,,n=,x=1,r=nonce"), "nonce (r=)"},
            {"empty nonce", MESSAGE("n,,n=,r="), "client's nonce"},
            {"blank in the nonce", MESSAGE("n,,n=,r=no nce"), "client's nonce"},
            {"control character in the nonce", MESSAGE("n,,n=,r=no\x1fnce"), "client's nonce"},
            {"DEL in the nonce", MESSAGE("n,,n=,r=no\x7fnce"), "client's nonce"},
            {"not ASCII in the nonce", MESSAGE("n,,n=,r=no\xc3\xa4"), "client's nonce"},
            {"mandatory extension", MESSAGE("n,,m=x,n=,r=nonce"), "requires"},
            {"mandatory extension, late", MESSAGE("n,,n=,r=nonce,m=x"), "requires"},
            {"comma at the end", MESSAGE("n,,n=,r=nonce,"), "nonce (r=)"},
            {"no attribute at the end", MESSAGE("n,,n=,r=nonce,x"), "no attribute"},
            {"a digit for an attribute", MESSAGE("n,,n=,r=nonce,1=x"), "no attribute"},
            {"colon for =", MESSAGE("n,,n:,r=nonce"), "user name"},
            {"NUL in the user name", MESSAGE("n,,n=a\0b,r=nonce"), "NUL"},
            {"NUL in the nonce", MESSAGE("n,,n=,r=no\0nce"), "NUL"},
            {"NUL at the end", MESSAGE("n,,n=,r=nonce\0"), "NUL"},
        };
        struct login l;

        login_init(&l);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                memset(l.out, 'x', sizeof(l.out));
                UNIT_ASSERT(scram_server_first(&l.server, &l.verifier, false,
                                               sv_from(rows[i].message, rows[i].n), l.out) == STATUS_INVALID);
                UNIT_ASSERT(l.out[0] == '\0');
                UNIT_ASSERT(l.server.complaint != NULL &&
                            strstr(l.server.complaint, rows[i].complaint) != NULL);
        }
}

/* What PostgreSQL answers, and to what. */
static void answers_as_postgresql(void)
{
        static const struct {
                const char *name, *mechanism;
                bool offered;
                const char *message, *sqlstate, *text; /* NULL: accepted */
        } rows[] = {
            {"bound", SCRAM_MECHANISM_PLUS, true, "p=tls-server-end-point,,n=,r=nonce", NULL, NULL},
            {"downgraded", SCRAM_MECHANISM, true, "y,,n=,r=nonce", "28000",
             "SCRAM channel binding negotiation error"},
            {"PLUS and 'n'", SCRAM_MECHANISM_PLUS, true, "n,,n=,r=nonce", "08P01", "malformed SCRAM message"},
            {"PLUS and 'y'", SCRAM_MECHANISM_PLUS, true, "y,,n=,r=nonce", "08P01", "malformed SCRAM message"},
            {"'p' without PLUS", SCRAM_MECHANISM, true, "p=tls-server-end-point,,n=,r=nonce", "08P01",
             "malformed SCRAM message"},
            {"'p' where nothing was offered", SCRAM_MECHANISM, false, "p=tls-server-end-point,,n=,r=nonce",
             "08P01", "malformed SCRAM message"},
            {"another type", SCRAM_MECHANISM_PLUS, true, "p=tls-unique,,n=,r=nonce", "08P01",
             "unsupported SCRAM channel-binding type \"tls-unique\""},
            {"a long type with a line feed", SCRAM_MECHANISM_PLUS, true,
             "p=\n2345678901234567890123456789012,,n=,r=nonce", "08P01",
             "unsupported SCRAM channel-binding type \"?23456789012345678901234567890\""},
            {"no type", SCRAM_MECHANISM_PLUS, true, "p,,n=,r=nonce", "08P01", "malformed SCRAM message"},
            {"only 'p'", SCRAM_MECHANISM_PLUS, true, "p", "08P01", "malformed SCRAM message"},
            {"an end behind the type", SCRAM_MECHANISM_PLUS, true, "p=tls-server-end-point,", "08P01",
             "malformed SCRAM message"},
            {"an authorization identity", SCRAM_MECHANISM_PLUS, true, "p=tls-server-end-point,a=x,n=,r=nonce",
             "0A000", "client uses authorization identity, but it is not supported"},
        };
        static const struct scram_binding binding = {{7}, 32}, none;
        struct login l;

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                enum status expected = rows[i].text == NULL ? STATUS_OK : STATUS_INVALID;

                unit_row("%s", rows[i].name);
                login_init(&l);
                UNIT_ASSERT(scram_server_choose(&l.server, sv_cstr(rows[i].mechanism),
                                                rows[i].offered ? &binding : &none) == STATUS_OK);
                UNIT_ASSERT(scram_server_first(&l.server, &l.verifier, false, sv_cstr(rows[i].message),
                                               l.out) == expected);
                UNIT_ASSERT((l.server.complaint == NULL) == (expected == STATUS_OK));
                if (rows[i].text != NULL) {
                        UNIT_ASSERT(strcmp(l.server.sqlstate, rows[i].sqlstate) == 0);
                        UNIT_ASSERT(strcmp(l.server.text, rows[i].text) == 0);
                        continue;
                }
                UNIT_ASSERT(scram_server_final(&l.server, SV("c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsCA==,r=x,p="),
                                               l.out, &l.keys) == STATUS_INVALID);
                UNIT_ASSERT(strcmp(l.server.sqlstate, "28000") == 0 &&
                            strcmp(l.server.text, "SCRAM channel binding check failed") == 0);
        }
        unit_row("mechanisms");
        UNIT_ASSERT(scram_server_choose(&l.server, SV(SCRAM_MECHANISM_PLUS), &none) == STATUS_INVALID);
        UNIT_ASSERT(scram_server_choose(&l.server, SV("SCRAM-SHA-1"), &binding) == STATUS_INVALID);
        UNIT_ASSERT(scram_server_choose(&l.server, SV(""), NULL) == STATUS_INVALID);
}

static void bounds_client_first(void)
{
        static const struct {
                const char *name;
                size_t nonce, user; /* characters */
                enum status status;
        } rows[] = {
            {"longest nonce", SCRAM_NONCE_MAX, 0, STATUS_OK},
            {"nonce too long", SCRAM_NONCE_MAX + 1, 0, STATUS_INVALID},
            {"nonce of 100 KB", 100000, 0, STATUS_INVALID},
            {"longest message", 1, SCRAM_MESSAGE_MAX - 7, STATUS_OK},
            {"message too long", 1, SCRAM_MESSAGE_MAX - 6, STATUS_INVALID},
            {"longest message with the longest nonce", SCRAM_NONCE_MAX,
             SCRAM_MESSAGE_MAX - SCRAM_NONCE_MAX - 6, STATUS_OK},
            {"message of 100 KB", 1, 100000, STATUS_INVALID},
        };
        static char message[200100];
        struct login l;
        struct scram_keys recovered;
        char final[SCRAM_MESSAGE_MAX];

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                size_t n = 0;

                unit_row("%s", rows[i].name);
                memcpy(message, "n,,n=", 5);
                memset(message + 5, 'u', rows[i].user);
                n = 5 + rows[i].user;
                memcpy(message + n, ",r=", 3);
                memset(message + n + 3, 'r', rows[i].nonce);
                n += 3 + rows[i].nonce;
                login_init(&l);
                UNIT_ASSERT(scram_server_first(&l.server, &l.verifier, false, sv_from(message, n), l.out) ==
                            rows[i].status);
                if (rows[i].status != STATUS_OK)
                        continue;
                client_final(&l, "c=biws,r=NONCE", final);
                UNIT_ASSERT(scram_server_final(&l.server, sv_cstr(final), l.out, &recovered) == STATUS_OK);
        }
}

#define PROOF "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void refuses_client_final(void)
{
        static const struct {
                const char *name, *message;
                size_t n;
                enum status status;
                const char *complaint;
        } rows[] = {
            {"well formed", MESSAGE("c=biws,r=clientserver,p=" PROOF), STATUS_DENIED, "does not fit"},
            {"with an extension", MESSAGE("c=biws,r=clientserver,x=1,p=" PROOF), STATUS_DENIED,
             "does not fit"},
            {"empty", MESSAGE(""), STATUS_INVALID, "(c=)"},
            {"no c", MESSAGE("r=clientserver,p=" PROOF), STATUS_INVALID, "(c=)"},
            {"no r", MESSAGE("c=biws,p=" PROOF), STATUS_INVALID, "(r=)"},
            {"no p", MESSAGE("c=biws,r=clientserver"), STATUS_INVALID, "(p=)"},
            {"no p, but an extension", MESSAGE("c=biws,r=clientserver,x=1"), STATUS_INVALID, "(p=)"},
            {"wrong order", MESSAGE("r=clientserver,c=biws,p=" PROOF), STATUS_INVALID, "(c=)"},
            {"proof before the nonce", MESSAGE("c=biws,p=" PROOF ",r=clientserver"), STATUS_INVALID, "(r=)"},
            {"c of y,,", MESSAGE("c=eSws,r=clientserver,p=" PROOF), STATUS_INVALID, "gs2 header"},
            {"c of channel binding", MESSAGE("c=cD10bHMtdW5pcXVlLCw=,r=clientserver,p=" PROOF),
             STATUS_INVALID, "gs2 header"},
            {"empty c", MESSAGE("c=,r=clientserver,p=" PROOF), STATUS_INVALID, "gs2 header"},
            {"only our part of the nonce", MESSAGE("c=biws,r=server,p=" PROOF), STATUS_INVALID,
             "another nonce"},
            {"only the client's part", MESSAGE("c=biws,r=client,p=" PROOF), STATUS_INVALID, "another nonce"},
            {"nonce goes on", MESSAGE("c=biws,r=clientserverX,p=" PROOF), STATUS_INVALID, "another nonce"},
            {"nonce in capitals", MESSAGE("c=biws,r=clientSERVER,p=" PROOF), STATUS_INVALID, "another nonce"},
            {"empty nonce", MESSAGE("c=biws,r=,p=" PROOF), STATUS_INVALID, "another nonce"},
            {"mandatory extension", MESSAGE("c=biws,r=clientserver,m=1,p=" PROOF), STATUS_INVALID,
             "requires"},
            {"empty proof", MESSAGE("c=biws,r=clientserver,p="), STATUS_INVALID, "32 bytes"},
            {"proof not base64",
             MESSAGE("c=biws,r=clientserver,p=!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), STATUS_INVALID,
             "32 bytes"},
            {"proof of 31 bytes",
             MESSAGE("c=biws,r=clientserver,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="), STATUS_INVALID,
             "32 bytes"},
            {"proof of 33 bytes",
             MESSAGE("c=biws,r=clientserver,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), STATUS_INVALID,
             "32 bytes"},
            {"hidden bits in the proof",
             MESSAGE("c=biws,r=clientserver,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB="), STATUS_INVALID,
             "32 bytes"},
            {"goes on after the proof", MESSAGE("c=biws,r=clientserver,p=" PROOF ",x=1"), STATUS_INVALID,
             "goes on"},
            {"two proofs", MESSAGE("c=biws,r=clientserver,p=" PROOF ",p=" PROOF), STATUS_INVALID, "goes on"},
            {"comma at the end", MESSAGE("c=biws,r=clientserver,p=" PROOF ","), STATUS_INVALID, "(p=)"},
            {"NUL at the end", MESSAGE("c=biws,r=clientserver,p=" PROOF "\0"), STATUS_INVALID, "NUL"},
            {"NUL in the nonce", MESSAGE("c=biws,r=client\0server,p=" PROOF), STATUS_INVALID, "NUL"},
        };
        static const struct scram_keys zeros;
        struct scram_keys keys;
        struct login l;

        login_init(&l);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                unit_row("%s", rows[i].name);
                UNIT_ASSERT(scram_server_first(&l.server, &l.verifier, false, SV("n,,n=,r=client"), l.out) ==
                            STATUS_OK);
                strcpy(l.server.nonce, "clientserver");
                memset(&keys, 0xff, sizeof(keys));
                UNIT_ASSERT(scram_server_final(&l.server, sv_from(rows[i].message, rows[i].n), l.out,
                                               &keys) == rows[i].status);
                UNIT_ASSERT(l.server.complaint != NULL &&
                            strstr(l.server.complaint, rows[i].complaint) != NULL);
                UNIT_ASSERT(l.out[0] == '\0' && memcmp(&keys, &zeros, sizeof(keys)) == 0);
        }
}

static void bounds_client_final(void)
{
        static char message[100000];
        struct login l;
        struct scram_keys keys;

        login_init(&l);
        UNIT_ASSERT(scram_server_first(&l.server, &l.verifier, false, SV("n,,n=,r=client"), l.out) ==
                    STATUS_OK);
        memset(message, 'x', sizeof(message));
        message[0] = 'c';
        message[1] = '=';
        UNIT_ASSERT(scram_server_final(&l.server, sv_from(message, sizeof(message)), l.out, &keys) ==
                    STATUS_INVALID);
        UNIT_ASSERT(l.server.complaint != NULL && strstr(l.server.complaint, "too long") != NULL);
}

/* Every single changed bit of a right proof, and of what was signed with it, is noticed. */
static void notices_every_changed_bit(void)
{
        struct login l;
        struct scram_keys keys;
        char right[SCRAM_MESSAGE_MAX], message[SCRAM_MESSAGE_MAX];
        size_t n;

        login_init(&l);
        UNIT_ASSERT(scram_server_first(&l.server, &l.verifier, false, SV("n,,n=,r=client"), l.out) ==
                    STATUS_OK);
        client_final(&l, "c=biws,r=NONCE,x=1", right);
        n = strlen(right);
        for (size_t i = 0; i < 8 * n; i++) {
                struct scram_server s = l.server;

                memcpy(message, right, n + 1);
                message[i / 8] ^= (char)(1 << (i % 8));
                unit_row("bit %zu of '%c' at %zu", i % 8, right[i / 8], i / 8);
                UNIT_ASSERT(scram_server_final(&s, sv_from(message, n), l.out, &keys) != STATUS_OK);
        }
        unit_row("unchanged");
        UNIT_ASSERT(scram_server_final(&l.server, sv_from(right, n), l.out, &keys) == STATUS_OK);
}

static void doomed_fails_at_the_end_only(void)
{
        static const uint8_t key[SCRAM_KEY_SIZE] = "mock";
        struct login l;
        struct scram_keys keys;
        char message[SCRAM_MESSAGE_MAX];

        login_init(&l);
        unit_row("right proof, but doomed");
        UNIT_ASSERT(scram_server_first(&l.server, &l.verifier, true, SV("n,,n=,r=client"), l.out) ==
                    STATUS_OK);
        client_final(&l, "c=biws,r=NONCE", message);
        UNIT_ASSERT(scram_server_final(&l.server, sv_cstr(message), l.out, &keys) == STATUS_DENIED);
        UNIT_ASSERT(l.out[0] == '\0');

        unit_row("mock verifier, even if not doomed");
        scram_verifier_mock("nobody", key, ITERATIONS, &l.verifier);
        memcpy(l.keys.salt, l.verifier.salt, l.verifier.salt_size);
        scram_client_keys("pencil", &l.keys);
        UNIT_ASSERT(scram_server_first(&l.server, &l.verifier, false, SV("n,,n=,r=client"), l.out) ==
                    STATUS_OK);
        client_final(&l, "c=biws,r=NONCE", message);
        UNIT_ASSERT(scram_server_final(&l.server, sv_cstr(message), l.out, &keys) == STATUS_DENIED);
}

static void gives_one_attempt_and_forgets(void)
{
        static const struct scram_verifier zeros;
        struct login l;
        struct scram_keys keys;
        char right[SCRAM_MESSAGE_MAX];

        login_init(&l);
        UNIT_ASSERT(scram_server_first(&l.server, &l.verifier, false, SV("n,,n=,r=client"), l.out) ==
                    STATUS_OK);
        client_final(&l, "c=biws,r=NONCE", right);
        UNIT_ASSERT(scram_server_final(&l.server, SV("c=biws"), l.out, &keys) == STATUS_INVALID);
        UNIT_ASSERT(memcmp(&l.server.verifier, &zeros, sizeof(zeros)) == 0);
        UNIT_ASSERT(scram_server_final(&l.server, sv_cstr(right), l.out, &keys) == STATUS_DENIED);
        UNIT_ASSERT(scram_server_first(&l.server, &l.verifier, false, SV("n,,n=,r=client"), l.out) ==
                    STATUS_OK);
        UNIT_ASSERT(scram_server_final(&l.server, sv_cstr(right), l.out, &keys) == STATUS_INVALID);
}

UNIT_SUITE(auth_scram_server, UNIT_CASE(knows_the_rfcs_example), UNIT_CASE(accepts_client_first),
           UNIT_CASE(refuses_client_first), UNIT_CASE(answers_as_postgresql), UNIT_CASE(bounds_client_first),
           UNIT_CASE(refuses_client_final), UNIT_CASE(bounds_client_final),
           UNIT_CASE(notices_every_changed_bit), UNIT_CASE(doomed_fails_at_the_end_only),
           UNIT_CASE(gives_one_attempt_and_forgets))
