/* census_memory: the part of a census that says what memory a worker's things take: how many there are of
 * each kind, how many more there is memory for, and the bytes of all. Looks at every client and server. */
#pragma once

#include "session/census.h"

void census_count_memory(const struct room *room, struct census_cache caches[CENSUS_CACHES]);
