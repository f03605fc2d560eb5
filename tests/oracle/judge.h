/* judge: what PostgreSQL's own grammar (libpg_query, for tests only) shows a text of SQL to be. */
#pragma once

enum verdict { VERDICT_NONE, VERDICT_READ, VERDICT_WRITE };

/* The strongest of the text's statements: a write is also what calls a function that is not known to be
 * harmless. NONE when the grammar does not accept the text, or when there is nothing in it. */
enum verdict oracle_judge(const char *sql);
