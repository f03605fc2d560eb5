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

/* Only a primary can do this: 25006. */
bool sqlstate_is_read_only(struct sv sqlstate);

/* In place of a statement's completion this error says that it was aborted because its server is going away:
 * FATAL 57P01. (As a WARNING 57P01, and 57P02, can come at any moment, that of a commit included.) */
bool error_is_abort(const struct error_fields *e);

/* A warning that the transaction has committed, but was not waited for until standbys had it. */
bool notice_is_of_commit(const struct error_fields *e);

/* The connection ends with this, an error or a notice: FATAL, PANIC, and the warning that is all a session
 * says whose server stops at once (-m immediate), or ends all sessions because one of them has crashed. */
bool error_is_last(const struct error_fields *e);

/* What an error tells that a standby answers to a read. */
enum standby_error {
        STANDBY_ERROR_OTHER,    /* the statement's own: a primary would say the same */
        STANDBY_ERROR_REFUSAL,  /* only a primary does this: 25006 and its relatives */
        STANDBY_ERROR_CONFLICT, /* this standby could not do it now: what it replays was in the way */
};
enum standby_error standby_error_of(const struct error_fields *e);
