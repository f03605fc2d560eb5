/* authority: those outside this process who know whether a password is right: an LDAP directory, and the
 * system's PAM modules.
 *
 * They are waited for: a helper asks (net/helpers.h), never a loop. Opens connections of its own, through the
 * libraries, and keeps none; knows no clients. Any thread, any number at once. */
#pragma once

#include "auth/hba.h"

enum { AUTHORITY_WHY_SIZE = 512 };

struct authority_question {
        const char *user, *password;  /* not empty */
        const char *address;          /* of the client, as text; of a Unix socket's "unix" */
        int64_t until_us;             /* clock_us when the answer comes too late */
        char why[AUTHORITY_WHY_SIZE]; /* the answer's: when it is no, the reason for the log; else "" */
};

/* Whether the directory takes user and password. Its servers are asked one after the other until one answers;
 * one that does not is asked last for the next AUTHORITY_SHUN_MS. `user` must be what the client said, as it
 * is: characters that mean something in a filter are refused where there is a search (PostgreSQL manual,
 * "LDAP Authentication"). */
enum { AUTHORITY_SHUN_MS = 30000 };
bool authority_ldap(struct authority_question *question, const struct hba_directory *directory);

/* Whether the modules of `service` take user and password, and the account may be used now (PostgreSQL
 * manual, "PAM Authentication"). What a module has to say itself is logged. A module may take longer than
 * until_us. */
bool authority_pam(struct authority_question *question, const char *service, bool use_hostname);
