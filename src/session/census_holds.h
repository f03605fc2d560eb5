/* census_holds: the rows of a census about clients that are held: they wait for a node instead of getting an
 * error. The worker's thread. */
#pragma once

#include "session/census.h"

/* Fills w->holds, in the order in which they will go on. */
void census_fill_holds(struct room *room, struct census_worker *w);
