/* access: what a configuration makes of who may come in, beside itself: TLS contexts and hba rules. Made
 * whole or not at all; the workers get both with ORDER_CONFIGURE. */
#pragma once

#include "auth/hba.h"
#include "conf/conf.h"
#include "net/tls_pair.h"

struct access {
        struct tls_pair *tls;
        struct hba *hba; /* NULL: auth_type is not hba */
};

/* A finding, for the log or the terminal. */
typedef void access_tell(void *arg, bool fatal, const char *text);

/* Reads the rules and maps where auth_type=hba. False: it has been told why; *out is NULL then, as it is for
 * another auth_type. */
bool access_read_hba(const struct options *opt, struct hba **out, access_tell *tell, void *arg);

/* Makes both. False: it has been told why; *out is empty then. */
bool access_new(const struct options *opt, struct access *out, access_tell *tell, void *arg);

/* Gives the references back. */
void access_release(struct access *access);
