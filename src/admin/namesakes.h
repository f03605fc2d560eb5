/* namesakes: one server that several clusters have as a node, because lines of the configuration name it with
 * different companions: what is said of it holds in all of them. Control thread. */
#pragma once

#include "cluster/node.h"

#include <stdbool.h>

/* What an operator wants of the server. False: no cluster that is monitored has it. */
bool namesakes_wish(const char *name, enum node_wish wish);

/* Transactions on it now, and sessions that keep a server connection. */
unsigned namesakes_in_flight(const char *name);

/* Whether some cluster still takes it for its primary. */
bool namesakes_have_primary(const char *name);
