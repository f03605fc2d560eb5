/* tls_set: what one configuration makes of TLS: a context towards clients, one towards servers, and one for
 * each line of [databases] and [peers] that says something else. Lines that say the same share one.
 * Immutable, counted; every thread holds its own reference, together with that of the configuration. */
#pragma once

#include "net/tls.h"

struct tls_set {
        struct tls_context *clients, *servers; /* NULL: sslmode disable */
};

/* A mistake, in words that begin with where it is. */
typedef void tls_tell(void *arg, bool fatal, const char *text);

/* Makes the contexts that `conf` asks for. Those that are as they were in `old` (NULL: none) are taken over
 * from there, with the sessions they can resume. STATUS_INVALID: every mistake has been told; *out is NULL.
 */
MUST_USE enum status tls_set_new(const struct conf *conf, const struct tls_set *old, struct tls_set **out,
                                 tls_tell *tell, void *arg);

/* Whether the two configurations, of the same lines, make the same of TLS as far as their settings tell; then
 * the files need not be read again. */
bool tls_set_settings_same(const struct options *a, const struct options *b);

/* The context for connections of a line or to a peer, which are of the configuration that `set` was made of;
 * NULL: without TLS. `set` NULL: without. */
struct tls_context *tls_set_for_line(const struct tls_set *set, const struct conf *conf,
                                     const struct conf_database *line);
struct tls_context *tls_set_for_peer(const struct tls_set *set, const struct conf *conf,
                                     const struct conf_peer *peer);

/* A line for the log, at debug, when the kernel is to encrypt (kernel_tls) and has no TLS. `set` NULL:
 * without. */
void tls_set_note_kernel(const struct tls_set *set, const struct options *opt);

/* Thread-safe; NULL is allowed. */
struct tls_set *tls_set_ref(struct tls_set *set);
void tls_set_unref(struct tls_set *set);
