/* request: what the bench's clients say, byte for byte as pgbench -S would in each mode. */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

enum { PIPELINE_MAX = 100, REQUEST_MAX = 1 << 20 };

/* What is sent for one transaction: `pipeline` queries in `mode` (simple, extended, prepared) up to one Sync;
 * or `sql`, if that is not NULL, as a Query. An unknown mode ends the program. */
struct buf request_new(const char *mode, const char *sql, unsigned pipeline);

/* Gives each query of the request that request_new() made another random account. */
void request_draw(struct buf *request);

/* What prepares the statement that `prepared` executes. */
struct buf request_prepare(void);

/* Lines of 100 bytes as one CopyData, of the size that psql sends; and CopyDone. */
struct buf request_chunk(void);
struct buf request_copy_done(void);

/* A Query. */
struct buf request_query(const char *sql);
