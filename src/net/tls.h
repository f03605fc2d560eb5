/* tls: what TLS needs before a connection comes: contexts, made of settings and files, immutable, counted,
 * shared by all threads. A reload makes new ones; connections keep the one they began with, so that new
 * certificates drop nobody.
 *
 * The handshake and the bytes are net/secure.h's. Refuses to read anything after tls_context_new: a file that
 * changes on disk waits for the next reload. */
#pragma once

#include "base/status.h"
#include "conf/conf.h"

#include <stdbool.h>
#include <stddef.h>

struct tls_context;
struct ssl_ctx_st;

/* What a mistake can be in. */
enum tls_part {
        TLS_MODE,
        TLS_CA_FILE,
        TLS_CERT_FILE,
        TLS_KEY_FILE,
        TLS_CRL_FILE,
        TLS_PROTOCOLS,
        TLS_CIPHERS,
        TLS_SUITES,
        TLS_CURVE,
        TLS_DHEPARAMS,
};

/* Borrowed strings; "" where nothing is said. The meanings are those of the options client_tls_... and
 * server_tls_... */
struct tls_settings {
        bool accepts; /* we are the TLS server: towards clients */
        enum sslmode mode;
        const char *ca_file, *cert_file, *key_file, *crl_file;
        const char *protocols; /* secure, all, or a list such as tlsv1.2,tlsv1.3 */
        const char *ciphers;   /* up to TLS 1.2; default, all, or OpenSSL's own syntax */
        const char *suites;    /* TLS 1.3; "": the library's */
        const char *curve;     /* none, auto, or names in OpenSSL's syntax; only where we accept */
        const char *dheparams; /* none, auto, legacy; only where we accept */
        int oldest, newest;    /* 1: TLS 1.0, ... 4: 1.3; 0: protocols says which */
        bool direct;           /* TLS begins without an SSLRequest; only where we connect */
        bool in_kernel;        /* the kernel encrypts, if it can */
        bool nameless;         /* the server is not told which name it was called by (SNI) */
        unsigned of_line;      /* 1 << enum tls_part: not the option but a line's key says it */
};

struct tls_settings tls_settings_for_clients(const struct options *opt);
struct tls_settings tls_settings_for_servers(const struct options *opt);

/* Towards the servers of a line of [databases]: what the line says, and server_tls_... where it does not. */
struct tls_settings tls_settings_for_line(const struct options *opt, const struct conf_tls *line);

bool tls_settings_same(const struct tls_settings *a, const struct tls_settings *b);

/* Which versions may be spoken: a bit for each, from TLS 1.0 on; 0: protocols is not a list of versions. */
unsigned tls_settings_versions(const struct tls_settings *settings);

/* What the part is called where it was said: "server_tls_ca_file", "sslrootcert". */
const char *tls_part_name(const struct tls_settings *settings, enum tls_part part);

/* Reads the files and checks all that can be checked before a peer is there: that key and certificate belong
 * together, that a mode that verifies has authorities to verify with. One reference. NULL: `why` (size bytes)
 * names the setting and what is wrong with it. Not for SSLMODE_DISABLE. */
struct tls_context *tls_context_new(const struct tls_settings *settings, char *why, size_t size);

/* Thread-safe. tls_context_unref frees at zero; NULL is allowed. */
struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(struct tls_context *context);

/* Whether both were made of the same settings and the same content of files: then nothing changed, and
 * connections made under one need not be closed for the other. NULL equals NULL. */
bool tls_context_same(const struct tls_context *a, const struct tls_context *b);

enum sslmode tls_context_mode(const struct tls_context *context);
/* Whether servers are to be spoken to in TLS from the first byte. */
bool tls_context_direct(const struct tls_context *context);
/* Whether the server is told which name it was called by. */
bool tls_context_tells_name(const struct tls_context *context);
struct ssl_ctx_st *tls_context_ssl(const struct tls_context *context);
