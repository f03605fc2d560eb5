/* fields: what ErrorResponse and NoticeResponse say (manual, "Error and Notice Message Fields"), and which
 * SQLSTATEs tell something about the node. Pure. */
#pragma once

#include "wire/proto.h"

struct error_fields {
        struct sv severity; /* the unlocalised 'V', else 'S' */
        struct sv sqlstate; /* empty when the server sent none */
        struct sv text;
        struct sv routine; /* of the server's source, where the text may be in any language */
};

/* Reads the fields of `m` ('E' or 'N'); missing ones are empty. Views point into the message. */
void error_fields_read(const struct msg *m, struct error_fields *out);

/* The server is going away or cannot serve: 57P01, 57P02, 57P03. */
bool sqlstate_is_shutdown(struct sv sqlstate);

/* Only a primary can do this: 25006, and what a standby says instead of it in special cases (55000 "recovery
 * is in progress" belongs to functions the router sends to the primary anyway, and is not repeated). */
bool sqlstate_is_read_only(struct sv sqlstate);
