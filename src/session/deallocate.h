/* deallocate: DEALLOCATE in SQL of a statement that was prepared by message (PDO, psycopg). On servers it has
 * another name, shared with other clients, and perhaps it is not on this one: so the client loses its name
 * here, and the server gets an empty statement under the client's own name to take away, that it may answer
 * as it would without us. An empty text parses in a failed transaction too, and whatever has become of the
 * tables of the real one. */
#pragma once

#include "session/client.h"
#include "session/plan.h"

/* Before `text`, in which a DEALLOCATE may stand, is sent or bound: plans what makes it work. False: the
 * client has been refused. */
MUST_USE bool deallocate_text(struct client *c, struct plan *plan, struct sv text);
