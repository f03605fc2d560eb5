/* certs: certificates for tests, made on the spot and written to files in tempdir(): NAME.crt and NAME.key
 * each. */
#pragma once

/* An authority called `name`. */
void certs_authority(const char *name);

/* A certificate of `authority` for common name `cn`, also good for `san` ("DNS:db" or "IP:127.0.0.1"; NULL:
 * none). */
void certs_issue(const char *authority, const char *name, const char *cn, const char *san);

/* One that is no good: its time is over, it is for servers alone, or hundreds more come along with it. */
enum certs_fault { CERTS_EXPIRED, CERTS_FOR_SERVERS, CERTS_LONG_CHAIN };
void certs_issue_bad(const char *authority, const char *name, const char *cn, enum certs_fault fault);

/* A revocation list of `authority` in NAME.crl, with certificate `revoked` on it (NULL: empty). */
void certs_revoke(const char *authority, const char *name, const char *revoked);

/* The path of `name` with `suffix` (".crt", ".key", ".crl"); of the last four calls. */
const char *certs_path(const char *name, const char *suffix);

/* Writes any text to a file. */
void certs_write(const char *name, const char *suffix, const char *text);
