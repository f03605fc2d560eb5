/* rest: asks an HTTP server, with GET, and brings the answer's body: libcurl on the control loop.
 *
 * http and https (certificates are checked), no redirects, no proxies, at most REST_BODY_MAX bytes, never
 * blocking, names included. Knows nothing of what is in a body. Owner and thread: the control thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { REST_BODY_MAX = 256 * 1024 };

struct event_base;
struct rest;

/* How we show who we are, and whom we believe; "" is nothing, or the system's authorities. */
struct rest_terms {
        const char *ca_file, *cert_file, *key_file, *user, *password;
};

/* `why` NULL: the body of an answer with status 200; else one sentence, and no body. */
typedef void rest_done_fn(void *arg, const char *body, size_t size, const char *why);

struct rest *rest_new(struct event_base *base, rest_done_fn *done, void *arg);

/* Asks; `done` is called once, from the loop, within `timeout_us`. Not while an answer is awaited. Copies all
 * it is given. */
void rest_get(struct rest *rest, const char *url, const struct rest_terms *terms, int64_t timeout_us);

/* Frees without an answer. NULL is allowed. */
void rest_free(struct rest *rest);
