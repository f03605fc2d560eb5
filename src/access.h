/* access: what a configuration makes of who may come in, beside itself: TLS contexts and hba rules. Made
 * whole or not at all; the workers get both with ORDER_CONFIGURE. */
#pragma once

#include "auth/hba.h"
#include "conf/conf.h"
#include "net/tls_set.h"

struct access {
        struct tls_set *tls;
        struct hba *hba; /* NULL: auth_type is neither hba nor ldap, or has no options yet */
};

/* A finding, for the log or the terminal. */
typedef void access_tell(void *arg, bool fatal, const char *text);

/* Reads the rules and maps where auth_type=hba, makes the one rule where it is ldap. False: it has been told
 * why; *out is NULL then, as it is for another auth_type. */
bool access_read_hba(const struct options *opt, struct hba **out, access_tell *tell, void *arg);

/* Makes both; of `old` (NULL: none) what has not changed is taken over. False: all that is wrong with either
 * has been told; *out is empty then. */
bool access_new(const struct conf *conf, const struct access *old, struct access *out, access_tell *tell,
                void *arg);

/* One option has been set, by the console. */
struct access_change {
        const struct conf *before, *after;
        const char *key;
};

/* Of what it concerns both are read again, the rest is taken over. False: `message` (size bytes) says why.
 * True and a message: TLS stays as it was. */
bool access_with(const struct access *old, const struct access_change *change, struct access *out,
                 char *message, size_t size);

/* Gives the references back. */
void access_release(struct access *access);
