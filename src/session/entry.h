/* entry: how a client comes in: startup packet, authentication, and the answer a PostgreSQL server would
 * give, with the parameters of a real one (manual, "Start-up"). State that only this phase needs hangs on
 * client->entry. */
#pragma once

#include "auth/scram.h"
#include "base/refusal.h"
#include "session/client.h"
#include "session/inquiry.h"
#include "session/lookup.h"

struct entry {
        char *user, *database;
        bool admin_database;
        bool named; /* an application_name was given */
        enum { ENTRY_PLAIN, ENTRY_MD5, ENTRY_SASL_FIRST, ENTRY_SASL_FINAL, ENTRY_OUTSIDE } expects;
        uint8_t md5_salt[4];
        struct scram_binding binding;   /* of an offer of SCRAM-SHA-256-PLUS */
        struct scram_server *scram;     /* where a password, or a proof of one, is asked for; else NULL */
        struct buf first;               /* ENTRY_SASL_FIRST: the client-first-message */
        const struct verifier *awaited; /* CLIENT_INQUIRY: until it has been made; else NULL */
        struct derivation *derivation;  /* CLIENT_INQUIRY: what its clear-text password becomes; else NULL */
        struct scram_keys keys;
        bool have_keys;
        unsigned call;            /* CLIENT_GATE: the number of the roll call it waits for */
        struct host_name *naming; /* CLIENT_RESOLVE: who asks for `host` */
        char *
            host; /* the name of the client's host, for rules; "": none to be believed; NULL: not asked for */
        struct lookup lookup;
        struct inquiry *inquiry; /* ENTRY_OUTSIDE: whom its password is shown to; else NULL */
        char *shown;             /* the password, when that was right; NULL: none */
        int64_t due_us;          /* CLIENT_DELAYED: until then */
        struct refusal verdict;  /* it is told then, with the reason `why` for the log... */
        const char *why;         /* ...or, NULL, heard again */
        struct buf own; /* for replication: startup parameters of the server, name NUL value NUL ... */
        struct sv rest; /* read already, behind the message being handled: goes along to the console. NULL:
                         * none is being handled, and that is in client->in */
        struct settings *welcome_key; /* what is asked of a server: the startup settings but application_name;
                                       * nothing with session_state off */
};

/* Bytes in CLIENT_STARTUP or CLIENT_AUTH. Returns how many were used. */
size_t entry_take(struct client *c, const uint8_t *p, size_t n);

/* There is room for it: in CLIENT_STARTUP, or after CLIENT_GATE. */
void entry_let_in(struct client *c);

/* entry->host is known: the login goes on. */
void entry_named(struct client *c);

/* The user's secret has been looked up: the login goes on. */
void entry_looked_up(struct client *c);

/* Any node that serves will do for a question; the primary's answer is the one a session is most likely to
 * meet. -1: there is none. */
int entry_node_to_ask(const struct topology *t);

/* Leases a server for a question, one with the settings `like` if there is a choice. NULL: the client waits
 * for one, or has been refused. Not for who has one. */
struct server *entry_lease(struct client *c, struct settings *like);

/* The index of a leased server's node in the client's cluster. */
int entry_node_of(const struct client *c, const struct server *s);

/* CLIENT_LOOKUP, CLIENT_WELCOME: looks for a server to ask; harmless when one is being asked. */
void entry_ask(struct client *c);

/* The server that was leased in CLIENT_WELCOME, and its settings applied: learn, answer, become idle. */
void entry_granted(struct client *c, struct server *s);
void entry_learned(struct client *c);

/* Whether it has our own user id, came through the Unix socket and wants to be the console's `pgbouncer`. */
bool entry_is_own_user(const struct client *c);

void entry_free(struct client *c);

/* It has shown who it is: to the console, or to its database. */
void entry_admit(struct client *c);
