/* site: what is seen of pgsteer over HTTP: an evhttp server on a loop of its own, so that no caller delays a
 * client or a health check. Only GET and HEAD; everything is bounded: connections and their time
 * (http/guests.h), headers, bodies, answers.
 *
 *     request --> path --> token --> an answer that is young enough, or else
 *     reading (control thread, workers) --> answer --> all requests that wait for it
 *
 * Changes nothing. Owner and thread: whoever runs the loop; site_new and site_free, while it does not run. */
#pragma once

#include "net/listener.h"

struct admin;
struct site;

enum {
        SITE_HEADERS_MAX = 8 << 10, /* bytes */
        SITE_BODY_MAX = 1 << 10,
        SITE_PATIENCE_US = 5000000, /* for the pooler's own threads; then 503 */
};

/* Accepts from `listeners`, which stay the caller's. */
struct site *site_new(struct loop *loop, const struct listeners *listeners, struct admin *admin);

/* http_token from now on; "": none is asked for. */
void site_set_token(struct site *site, const char *token);

/* All that was on its way to other threads has come back. NULL is allowed. */
void site_free(struct site *site);
