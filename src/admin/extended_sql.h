/* extended_sql: what a SELECT needs of the extended query protocol beyond other commands: parameters, and
 * columns that are known only once it has run. For extended.c alone. */
#pragma once

#include "admin/console.h"

/* Keeps the SQL that is part of a command, if it has any. */
void saved_text(struct saved *s);

/* A statement of VERB_SQL as Parse gives it, whose text is kept: checks it, keeps the parameters' types.
 * False: *r. */
bool saved_sql(struct saved *s, const uint32_t *types, int count, struct refusal *r);
void saved_sql_free(struct saved *s);

/* ParameterDescription: none for other commands. */
void write_parameters(struct writer *w, const struct saved *s);

/* What Bind says of formats and values; copies into the portal. False: *r. */
bool portal_parameters(struct portal *p, const struct saved *s, struct reader *body, struct refusal *r);

/* Keeps the columns of what was run for a Describe. */
void saved_shape(struct saved *s, const struct table *t);

/* Gives an answer the columns that were described before. False: a value does not fit, *r. */
bool portal_shape(struct portal *p, struct table *t, struct refusal *r);
