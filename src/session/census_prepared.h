/* census_prepared: the rows of a census about prepared statements: of each client those that it has a name
 * for, of each server those that are prepared there. What sessions that keep their server prepare, only that
 * server knows. The worker's thread. */
#pragma once

#include "session/census.h"

enum { CENSUS_PREPARED_MAX = 20000 }; /* rows of one worker; what is more is left out */

/* Fills w->prepared. */
void census_fill_prepared(struct room *room, struct census_worker *w);
