/* web: the thread of HTTP, with its loop, its listening sockets and its site. There is none where http_listen
 * is empty. */
#pragma once

#include "http/site.h"
#include "process.h"

#include <pthread.h>

struct conf;
struct options;

struct web {
        pthread_t thread;
        struct loop loop;
        struct site *site; /* NULL: there is none */
        bool started;
};

/* Opens what http_listen says; what listens there already is taken from the spares of `listeners`. At the
 * start, as it looks up names. False: *why. */
bool web_listen(const struct options *opt, struct listeners *spares, struct listeners *out,
                struct process_why *why);

/* Makes loop and site, on the calling thread; nothing runs yet. */
void web_init(struct web *web, const struct listeners *listeners, struct admin *admin,
              const struct conf *conf);
void web_start(struct web *web);

/* A new configuration. Control thread. */
void web_configure(struct web *web, struct conf *conf);

/* Ends the thread and waits for it. */
void web_stop(struct web *web);
/* Opens the letters that have come since. */
void web_drain(struct web *web);
void web_fini(struct web *web);
