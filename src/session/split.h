/* split: which reads of a transaction block may run apart from it, each on whatever node is fit
 * (transaction_split): in READ COMMITTED, where every statement sees what was committed before it, and while
 * the block has done nothing. What depends on its transaction (when it began, its cursors and portals, what
 * it has set or locked) does not. */
#pragma once

#include "session/client.h"
#include "wire/proto.h"

/* What asks a server which isolation its transactions have when nothing is said. */
#define SPLIT_QUESTION "SHOW default_transaction_isolation"

/* Whether that has to be found out. */
bool split_wants_to_know(const struct endpoint *e);

/* The server's answer, a DataRow. */
void split_learn(struct endpoint *e, const struct msg *m);

/* Whether the segment at `p`, a read by its facts, may run apart from the client's block. */
bool split_may(struct client *c, const struct facts *f, const uint8_t *p, size_t n);
