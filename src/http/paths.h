/* paths: what is found where over HTTP: one row each. An answer comes from tables of the console: a path says
 * which it wants, gets them, and writes. */
#pragma once

#include "admin/reading.h"
#include "http/answer.h"
#include "http/question.h"

struct path {
        const char *name; /* one that ends in '/' takes what begins so */
        bool open;        /* http_token is not asked for: it tells no more than yes or no */
        int keep_ms; /* so long one answer serves all who ask; it depends on no parameter. 0: each has its own
                      */
        /* Says which tables it needs; none: that the workers answer is enough. May give the answer at once.
         */
        void (*want)(struct reading *r, const struct question *q, struct answer *a);
        void (*write)(struct answer *a, const struct reading *r, const struct question *q);
        const char *text; /* for people */
};

/* The i-th, NULL behind the last. */
const struct path *path_at(int i);

/* NULL: there is none. */
const struct path *path_find(struct sv path);

enum { PATHS_MAX = 24 };
