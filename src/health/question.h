/* question: what a probe asks a PostgreSQL server, and how its answer is read. One round trip, without
 * privileges.
 *
 * Works on PostgreSQL 13 and later, on primaries and standbys. Servers that do not let everybody call the
 * pg_control_* functions are asked a shorter form; then the system identifier, and a standby's timeline, may
 * stay unknown. Does no I/O. */
#pragma once

#include "base/status.h"
#include "health/dossier.h"

#include <libpq-fe.h>

/* The forms, the most telling first. */
enum question_form { QUESTION_FULL, QUESTION_WITHOUT_SYSTEM_ID, QUESTION_WITHOUT_CONTROL, QUESTION_FORMS };

/* The SQL of a form. Static. */
const char *question_sql(enum question_form form);

/* Reads a result that has PGRES_TUPLES_OK. STATUS_INVALID: not what the question asks for. */
MUST_USE enum status question_read(const PGresult *result, struct facts *facts);

/* What an SQLSTATE says of a server that turned us or our question away; `sqlstate` may be NULL or "". */
enum answer_kind question_kind(const char *sqlstate);

/* The same for a failure that libpq itself words (no SQLSTATE). `connected`: a socket was connected. Our own
 * want of sockets or ports, and a login that fails on our side, say nothing of the server. libpq's words are
 * English as long as the program does not call setlocale() for messages. */
enum answer_kind question_failure_kind(const char *message, bool connected);

/* The SQLSTATE in a libpq message written with PQERRORS_VERBOSE ("FATAL:  28P01: text"), into out; "" if
 * there is none. *text is where the text after it begins (`message` itself if there is none). */
void question_sqlstate(const char *message, char out[6], const char **text);
