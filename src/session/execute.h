/* execute: EXECUTE in SQL, in a simple query, of a statement that was prepared by message: it gets the
 * statement's name on servers, where the statement is prepared first if need be. */
#pragma once

#include "session/exchange.h"

/* The Query `m`, whole, whose text has an EXECUTE. Plans it and what goes before; true when one of its names
 * is the client's. Else it does nothing: the server has the name from a PREPARE, or not at all. */
bool execute_pass(struct up *up, const struct msg *m);
