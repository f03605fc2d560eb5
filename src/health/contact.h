/* contact: a connection to a node through libpq, on a loop: looks up its name, connects, logs in, and tells
 * when there is something to read. For probes and the readers of catalogs, who say what is asked over it.
 *
 *     contact_open --> name --> connect --> log in --> CONTACT_READY --> CONTACT_SOCKET ...
 *                        +---------+----------+--> CONTACT_FAILED, and the owner closes it
 *
 * Never blocks; has no deadline of its own. Events come from the loop alone, but for a CONTACT_FAILED from
 * within contact_open. Owner and thread: the control thread. */
#pragma once

#include "health/libpq.h"
#include "net/lookout.h"

struct event_base;
struct names;

enum contact_event {
        CONTACT_READY,  /* logged in, non-blocking; nothing is watched */
        CONTACT_SOCKET, /* what contact_watch asked for */
        CONTACT_FAILED, /* before it was ready: contact_why */
};

struct contact {
        struct event_base *base;
        struct probe_target target;
        const char *application; /* what the server calls us; static */
        char options[200];       /* as of the startup packet */
        void (*on_event)(struct contact *contact, enum contact_event event);

        struct resolver *resolver; /* NULL: the host is no name */
        struct lookout lookout;    /* on libpq's socket of the moment */
        PGconn *conn;              /* NULL: closed, or the name is being looked up */
        bool resolving;
        bool connected; /* this attempt got through to a socket that accepted */
        bool ready;
        enum { CONTACT_BY_LIBPQ, CONTACT_NAMELESS, CONTACT_PASSWORDLESS } cause; /* of CONTACT_FAILED */
        char why_nameless[80];
};

/* Fills a zeroed *contact, of which base, application, options and on_event have been set; *target is copied.
 * `names` may be NULL when the host is no name. */
void contact_init(struct contact *contact, struct names *names, const struct probe_target *target);

/* Opens a closed one. */
void contact_open(struct contact *contact);

/* Whether the name is being looked up that has had addresses before; contact_hurry goes on with these. */
bool contact_can_hurry(const struct contact *contact);
void contact_hurry(struct contact *contact);

/* Watches the socket for EV_READ, EV_WRITE, EV_PERSIST, or 0 for nothing, from now on. */
void contact_watch(struct contact *contact, short what);

/* Why it failed, or what libpq says of it now. */
const char *contact_why(const struct contact *contact);

/* Closes it; it can be opened again. */
void contact_close(struct contact *contact);
void contact_fini(struct contact *contact);
