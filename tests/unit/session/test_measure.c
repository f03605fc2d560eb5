/* Who does not exist: asked, answered and paid for as those who do. */
#include "session/measure.h"

#include "auth/hba.h"
#include "base/check.h"
#include "conf/files.h"
#include "hashes.h"
#include "session/parlour.h"
#include "session/verifiers.h"
#include "unit.h"

#include <stdio.h>

static struct caller *const c = parlour.caller;

#define MD5  "md53175bce1d3201d16594cebf9d7eb3f9d" /* not of any password here */
#define KEYS "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
/* As PostgreSQL makes them, but for the number of iterations. */
#define SCRAM "SCRAM-SHA-256$5000:c2FsdHNhbHRzYWx0c2FsdA==$" KEYS ":" KEYS

static const char *found; /* what auth_query finds for anybody called known...; NULL: nothing */

/* A server that is asked with auth_query. */
static void answer_query(struct fakes *fakes, struct fake *fake, const struct msg *m)
{
        struct writer w = writer_to(&fake->out, 65536);
        static bool is_known;

        (void)fakes;
        if (m->type == FE_BIND) {
                is_known = memmem(m->body, m->body_size, "known", 5) != NULL;
        } else if (m->type == FE_EXECUTE && is_known) {
                msg_begin(&w, BE_DATA_ROW);
                put_i16(&w, 2);
                put_i32(&w, 1);
                put_byte(&w, 'x');
                put_i32(&w, (uint32_t)strlen(found));
                put_raw(&w, found, strlen(found));
                msg_end(&w);
        } else if (m->type == FE_SYNC) {
                write_ready(&w, 'I');
        } else if (m->type == FE_QUERY) {
                FAKE_SAY(fake, FAKE_ANSWER);
        }
}

/* What one attempt to log in was like, from outside and from inside. */
struct attempt {
        char heard[400]; /* without nonces, salts and the user's name */
        struct hashes cost;
};

static void note(struct attempt *a, const char *text, size_t n)
{
        size_t have = strlen(a->heard);

        snprintf(a->heard + have, sizeof(a->heard) - have, "%.*s ", (int)n, text);
}

static void say_password(const void *bytes, size_t n)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, 4096);

        msg_begin(&w, FE_PASSWORD);
        put_raw(&w, bytes, n);
        msg_end(&w);
        caller_say(c, buf_data(&out), buf_len(&out));
        buf_release(&out);
}

/* A proof that is well-formed, and nobody's. */
static void say_final(struct attempt *a, const char *challenge, size_t n)
{
        const char *nonce_end = memchr(challenge, ',', n), *iterations = memmem(challenge, n, ",i=", 3);
        char final[400];
        int size;

        CHECK(nonce_end != NULL && iterations != NULL);
        note(a, iterations, (size_t)(challenge + n - iterations));
        size = snprintf(final, sizeof(final), "c=biws,%.*s,p=" KEYS, (int)(nonce_end - challenge), challenge);
        say_password(final, (size_t)size);
}

static void answer(struct attempt *a, const struct msg *m, const char *password)
{
        static const char first[] = "SCRAM-SHA-256\0\0\0\0\x12n,,n=,r=abcdefghij";
        uint32_t request = get_u32(m->body);
        char text[40];

        snprintf(text, sizeof(text), "R%u", (unsigned)request);
        note(a, text, strlen(text));
        if (request == AUTH_REQ_SASL)
                say_password(first, sizeof(first) - 1);
        else if (request == AUTH_REQ_SASL_CONTINUE)
                say_final(a, (const char *)m->body + 4, m->body_size - 4);
        else if (request == AUTH_REQ_CLEARTEXT || request == AUTH_REQ_MD5)
                say_password(password, strlen(password) + 1);
}

static struct attempt attempt(const char *user, const char *password)
{
        struct attempt a = {0};
        struct buf packet = {0};
        struct writer w = writer_to(&packet, 4096);
        struct msg m;

        write_startup_begin(&w);
        write_startup_param(&w, "user", user);
        write_startup_param(&w, "database", "app");
        put_byte(&w, 0);
        msg_end(&w);
        hashes = (struct hashes){0};
        caller_call(c);
        caller_say(c, buf_data(&packet), buf_len(&packet));
        buf_release(&packet);
        while (caller_next(c, &m) && m.type == BE_AUTH)
                answer(&a, &m, password);
        a.cost = hashes;
        for (const uint8_t *p = m.body; m.type == BE_ERROR && *p != 0; p += strlen((const char *)p) + 1) {
                const char *text = (const char *)p, *name = strstr(text, user);

                note(&a, text, name != NULL ? (size_t)(name - text) : strlen(text));
        }
        UNIT_ASSERT(caller_is_left(c));
        return a;
}

static bool same(const struct attempt *a, const struct attempt *b)
{
        bool equal = strcmp(a->heard, b->heard) == 0 && a->cost.derivations == b->cost.derivations &&
                     a->cost.others == b->cost.others;

        if (!equal)
                fprintf(stderr, "%s(%u, %u)\n%s(%u, %u)\n", a->heard, a->cost.derivations, a->cost.others,
                        b->heard, b->cost.derivations, b->cost.others);
        return equal;
}

struct way {
        const char *name;
        const char *auth; /* hba: the rule's */
        const char *secret;
        const char *heard;
        unsigned derivations; /* by the first attempt; and by the next one */
        unsigned again;
};

static const struct way ways[] = {
    {"md5, md5", "md5", MD5, "R5 ", 0, 0},
    {"md5, clear", "md5", "open", "R5 ", 0, 0},
    {"md5, verifier", "md5", SCRAM, "R10 R11 ,i=5000 ", 0, 0},
    {"scram, verifier", "scram-sha-256", SCRAM, "R10 R11 ,i=5000 ", 0, 0},
    {"scram, clear", "scram-sha-256", "open", "R10 R11 ,i=4096 ", 1, 0},
    {"scram, md5", "scram-sha-256", MD5, "R10 R11 ,i=4096 ", 0, 0},
    {"plain, clear", "plain", "open", "R3 ", 0, 0},
    {"plain, md5", "plain", MD5, "R3 ", 0, 0},
    {"plain, verifier", "plain", SCRAM, "R3 ", 1, 1},
};

/* As everybody is after the first time. */
static void compare_known(const struct way *way)
{
        struct attempt user = attempt("known", "wrong"), stranger = attempt("nobody", "wrong");

        UNIT_ASSERT(strncmp(user.heard, way->heard, strlen(way->heard)) == 0);
        UNIT_ASSERT(user.cost.derivations == way->again);
        UNIT_ASSERT(same(&user, &stranger));
        stranger = attempt("another", "wrong");
        UNIT_ASSERT(same(&user, &stranger));
}

static void compare(const struct way *way)
{
        struct attempt user = attempt("known", "wrong"), stranger;

        UNIT_ASSERT(user.cost.derivations == way->derivations);
        verifiers_forget(&parlour.room);
        stranger = attempt("nobody", "wrong");
        UNIT_ASSERT(same(&user, &stranger));
        compare_known(way);
}

static void open_parlour(const struct way *way, bool by_rule, const char *users, const char *query)
{
        char settings[600];

        snprintf(settings, sizeof(settings), "auth_type = %s\nauth_hba_file = %s\nauth_file = %s\n%s",
                 by_rule ? "hba" : way->auth, files_write("hba.conf", ""), files_write("users.txt", users),
                 query);
        parlour_init(settings);
        if (by_rule) {
                snprintf(settings, sizeof(settings), "local all all %s\n",
                         strcmp(way->auth, "plain") == 0 ? "password" : way->auth);
                parlour.room.hba = hba_load(files_write("hba.conf", settings), "", NULL, NULL);
                CHECK(parlour.room.hba != NULL);
        }
        parlour.conf->pgsteer_defaults = true;
        parlour.fakes.on_message = answer_query;
}

static void strangers_are_as_users_of_the_file(void)
{
        char users[300];

        for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
                for (int by_rule = 0; by_rule < 2; by_rule++) {
                        unit_row("%s%s", ways[i].name, by_rule ? ", by a rule" : "");
                        snprintf(users, sizeof(users), "\"known\" \"%s\"\n", ways[i].secret);
                        open_parlour(&ways[i], by_rule, users, "");
                        compare(&ways[i]);
                        parlour_fini();
                }
        }
}

static void strangers_are_as_users_who_are_looked_up(void)
{
        for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
                unit_row("%s", ways[i].name);
                found = ways[i].secret;
                open_parlour(&ways[i], false, "\"bob\" \"x\"\n",
                             "auth_user = bob\nauth_query = SELECT name, secret FROM s WHERE name = $1\n");
                (void)attempt("known", "wrong"); /* from here on it is known what is found */
                (void)attempt("nobody", "wrong");
                compare_known(&ways[i]);
                parlour_fini();
        }
}

/* Where users differ, strangers do: each is always the same, and none gets in with another's password. */
static void strangers_are_a_mix_where_users_are(void)
{
        static const struct way md5 = {.auth = "md5"}, plain = {.auth = "plain"};
        static const char users[] =
            "\"a\" \"open\"\n\"b\" \"open\"\n\"c\" \"" SCRAM "\"\n\"d\" \"" SCRAM "\"\n";
        int scram = 0;
        char name[24];

        open_parlour(&md5, false, users, "");
        for (int i = 0; i < 100; i++) {
                struct attempt first, second;

                snprintf(name, sizeof(name), "stranger %d", i);
                first = attempt(name, "open");
                second = attempt(name, "open");
                UNIT_ASSERT(strcmp(first.heard, second.heard) == 0);
                UNIT_ASSERT(strstr(first.heard, "28P01") != NULL);
                scram += strstr(first.heard, "R10 ") != NULL;
        }
        UNIT_ASSERT(scram > 10 && scram < 90);
        parlour_fini();
        open_parlour(&plain, false, "\"a\" \"open\"\n", "");
        UNIT_ASSERT(strstr(attempt("stranger", "open").heard, "28P01") != NULL);
        parlour_fini();
}

UNIT_SUITE(session_measure, UNIT_CASE(strangers_are_as_users_of_the_file),
           UNIT_CASE(strangers_are_as_users_who_are_looked_up),
           UNIT_CASE(strangers_are_a_mix_where_users_are))
