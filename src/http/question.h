/* question: what a caller over HTTP asks for: the rest of the path, and the parameters behind the question
 * mark. A value; knows no library. */
#pragma once

#include "base/arena.h"

struct parameter_pair {
        const char *name, *value;
};

struct past;

struct question {
        struct arena arena;
        const struct past *past; /* what has been seen until now, http/past.h */
        const char *rest;        /* of the path, behind what was matched; "" */
        struct parameter_pair *list;
        int count;
};

/* The last parameter of this name; NULL: there is none. */
const char *question_get(const struct question *q, const char *name);

void question_fini(struct question *q);
