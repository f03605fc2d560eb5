/* testimony: the question to a primary what became of a transaction, and its answer. Does no I/O. */
#pragma once

#include "cluster/xact.h"
#include "wire/proto.h"

enum { TESTIMONY_SQL_MAX = 800 };

/* The Query, of one row. A server in recovery answers with an error. */
void testimony_sql(uint64_t xid, char out[TESTIMONY_SQL_MAX]);

/* Reads the row; whose server it is and where its timeline comes from are not in it. False: it is not that
 * row. */
bool testimony_read(const struct msg *row, struct xact_testimony *out);
