/* params: the values a server has reported with ParameterStatus. One owner. */
#pragma once

#include "base/buf.h"
#include "base/sv.h"

enum { PARAMS_BYTES_MAX = 16384 };

struct params {
        struct buf pairs; /* name NUL value NUL ... */
};

/* Sets or replaces. STATUS_LIMIT: a server that reports more than PARAMS_BYTES_MAX is not one. */
MUST_USE enum status params_set(struct params *p, struct sv name, struct sv value);
/* Makes `to`, which is empty, a copy. */
void params_copy(struct params *to, const struct params *from);
/* False when not reported. */
bool params_get(const struct params *p, struct sv name, struct sv *value);
/* Walks: *at starts as params_all(p). */
struct sv params_all(const struct params *p);
bool params_next(struct sv *at, struct sv *name, struct sv *value);
void params_fini(struct params *p);
