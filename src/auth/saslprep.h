/* saslprep: a password as SCRAM takes it (RFC 4013), in PostgreSQL's reading of that: however it was typed,
 * "Ⅸ" and "IX" give the same keys. GNU libidn. Pure, any thread. */
#pragma once

/* What PostgreSQL makes of `password`: prepared, or a copy of the bytes as they are where they cannot be (not
 * UTF-8, prohibited or unassigned characters, directions mixed, nothing left). The caller ends it with
 * secret_free (auth/secret.h). */
char *saslprep(const char *password);
