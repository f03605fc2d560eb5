/* explain: EXPLAIN ROUTE FOR database: SQL. One row: where the text would go, and why. */
#pragma once

#include "admin/job.h"

/* Its columns; *count is their number. */
const struct column *explain_columns(int *count);

/* Fills the outcome; true: it has ended. */
bool job_explain(struct job *job);
