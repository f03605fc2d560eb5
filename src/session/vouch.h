/* vouch: what is known of a client before it is asked for anything: the rule of auth_hba_file that it falls
 * under, and who others say it is: a certificate's name, or the system's for the other end of a Unix socket.
 */
#pragma once

#include "auth/hba.h"
#include "session/client.h"

/* How this client is to show who it is. */
struct demand {
        enum auth_type type; /* not AUTH_HBA */
        enum {
                VOUCH_NONE,
                VOUCH_PEER,
                VOUCH_REJECT,
                VOUCH_NO_RULE,
                VOUCH_NO_CERTIFICATE,    /* clientcert= wants one that was verified */
                VOUCH_OTHER_CERTIFICATE, /* and it is not this user's */
                VOUCH_HOST,              /* a rule has a host name: vouch_find_host first */
        } beyond;                        /* but for VOUCH_NONE, `type` does not count */
        const struct hba_rule
            *rule; /* that said so; NULL: auth_type did. Valid until the next configuration */
};

struct demand vouch_demand(const struct client *c);

/* The name of the client's host is looked up: CLIENT_RESOLVE, then entry_named, though there may be none. */
void vouch_find_host(struct client *c);

/* Whether the certificate's, or the system's, name for the client may be the user it wants to be. False: the
 * log has the reason. */
bool vouch_certificate(const struct client *c, const struct hba_rule *rule);
bool vouch_peer(const struct client *c, const struct hba_rule *rule);
