/* trust: what the monitoring connections demand of a server, TLS above all: what the pools of the line do,
 * said in libpq's words, so that a node is not believed that no client would be let speak to. */
#pragma once

#include <stdbool.h>

struct conf;
struct conf_database;

/* Keys of a connection of libpq; `trust_keys` names them. */
enum trust_key {
        TRUST_SSLMODE,
        TRUST_SSLROOTCERT,
        TRUST_SSLCERT,
        TRUST_SSLKEY,
        TRUST_SSLCRL,
        TRUST_SSLSNI,
        TRUST_SSL_MIN_PROTOCOL_VERSION,
        TRUST_SSL_MAX_PROTOCOL_VERSION,
        TRUST_SSLNEGOTIATION,
        TRUST_CHANNEL_BINDING,
        TRUST_REQUIRE_AUTH,
        TRUST_KEYS
};
extern const char *const trust_keys[TRUST_KEYS];

/* A file that never is: so that libpq does not take what it finds in the home directory. */
#define TRUST_NOWHERE "/dev/null/none"

struct trust {
        const char *values[TRUST_KEYS]; /* NULL: the key is not passed */
};

/* What `line` and the options say of a server at `host`; borrowed from conf. Keys that this libpq does not
 * know are left out: before PostgreSQL 17's, it asks the server first even where the pools begin with TLS at
 * once; before 16's, it gives a clear text password to whoever asks for it. */
void trust_choose(const struct conf *conf, const struct conf_database *line, const char *host,
                  struct trust *out);

bool trust_same(const struct trust *a, const struct trust *b);

/* A copy whose strings are its own. */
void trust_copy(struct trust *mine, const struct trust *from);
void trust_free(struct trust *mine);
