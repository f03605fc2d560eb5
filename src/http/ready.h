/* ready: whether clients can be served: of one database or of all, by the primary, by a standby or by either.
 * Looks at what is published about the nodes (cluster/cluster.h); a plain line's server is believed in. */
#pragma once

#include "admin/reading.h"
#include "http/answer.h"
#include "http/question.h"

enum ready_for {
        READY_READ,  /* reads: by any node */
        READY_WRITE, /* writes: there is a primary */
        READY_STANDBY,
};

/* Wants the tables that ready_answer needs. */
void ready_want(struct reading *r);

/* 200 or 503, with the reason; 404: the database it asks for (database=) is not configured. */
void ready_answer(struct answer *a, const struct reading *r, const struct question *q, enum ready_for what);
