/* exchange: the names of prepared statements, the client's for ours, on the way from the client to its
 * server; and what has to be sent before, where the server does not have a statement (again).
 *
 * With prepared_repair=0 a wrong name ends the client, as in PgBouncer; else the server says what is wrong.
 */
#pragma once

#include "session/client.h"
#include "session/plan.h"
#include "wire/proto.h"

/* A client's bytes on their way to its server. */
struct up {
        struct client *c;
        struct server *s;
        const uint8_t *end; /* of what is here */
        uint32_t opening;   /* so many replies are owed to what opens the client's block, just now */
        bool first;         /* the message stands at the beginning of a segment */
        bool waits;         /* and has to wait there: nothing of it is sent */
        struct plan plan;
};

/* For up_owe: too much is owed. Refuses the client; false. */
bool up_owes_too_much(struct up *up);

/* Notes that the server will answer a message. False: the client has been refused. */
static inline bool up_owe(struct up *up, enum reply_kind kind, unsigned flags, const uint64_t *key)
{
        struct reply reply = {.kind = (uint8_t)kind, .flags = (uint8_t)flags};

        if (key != NULL)
                memcpy(reply.key, key, sizeof(reply.key));
        return replies_push(&up->s->replies, reply) || up_owes_too_much(up);
}

void up_put_head(struct up *up, char type, size_t body);

/* Close or Describe of a statement by its name on servers. */
void up_put_about(struct up *up, char type, const char *name);

/* Whether what passes has to be understood; relay_client.c. */
bool up_must_look(const struct client *c);

/* Whether names are exchanged at all. */
bool exchange_follows(const struct client *c);

/* A whole Parse of `name`. False: the client has been refused. */
bool exchange_parse(struct up *up, const struct msg *m, struct sv name);

/* Closes a statement on the server, whatever the server has under its name; its answer is not the client's.
 */
bool exchange_close(struct up *up, const uint64_t key[2]);

/* After an error: what we put in front of a simple query failed, and the server skips that. Sync ends it. */
void exchange_end_skip(struct client *c, struct server *s);

/* Prepares a statement on the server, if it is not there. False: the client has been refused. */
MUST_USE bool exchange_prepare(struct up *up, struct statement *st);

/* A Query of our own. */
bool exchange_run(struct up *up, const char *sql);

/* A statement of our own in the extended protocol: when it fails, all behind it is skipped. `name`: of the
 * prepared statement that it becomes, where the unnamed one may be the client's. False: the client has been
 * refused. */
MUST_USE bool exchange_execute(struct up *up, const char *name, const char *sql);

/* A Query of the client's in the extended protocol, up to the Sync, which is the caller's to owe: the answer
 * is the same. Behind statements of our own outside of a transaction block it has to go like that, as a Query
 * does not end what they have begun (since PostgreSQL 18). `key`: as in tally_query(). */
MUST_USE bool exchange_query(struct up *up, struct sv sql, const uint64_t *key);

/* A Bind or Describe of `name`: *st is what it means (NULL: the name passes as it is), prepared on the server
 * when this is sent. False: the client has been refused. */
MUST_USE bool exchange_target(struct up *up, struct sv name, struct statement **st);
