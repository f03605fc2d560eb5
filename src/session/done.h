/* done: what follows from the end of a query, and of a transaction. */
#pragma once

#include "session/client.h"

/* A query has been answered, and with client->tx 'I' its transaction: counts them. */
void done_query(struct client *c);
