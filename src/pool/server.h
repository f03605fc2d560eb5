/* server: one connection of ours to a node, from dialling to closing. Logs in, then is idle in its pool or
 * leased to one client. Never reads a client; what a leased server says is the session's business (struct
 * pool_ops).
 *
 *     CONNECTING --> LOGIN --> IDLE <--> LEASED --> RESETTING <--> IDLE
 *                                ^         |            |
 *                                +-- PARKED (a cancel is under way; then, or RESETTING first)
 *     LEASED, IDLE --> MOVING --> IDLE (in another worker)       any --> CLOSED
 *
 * Owner: the worker whose pool list it is in; its state changes only in server_move. */
#pragma once

#include "base/list.h"
#include "base/log.h"
#include "base/machine.h"
#include "cluster/xact.h"
#include "net/dial.h"
#include "net/stream.h"
#include "pool/params.h"
#include "pool/prepared.h"
#include "pool/replies.h"
#include "pool/settings.h"
#include "wire/startup.h"

struct client;
struct pool;
struct pools;
struct refusal;
struct waiter;

enum server_state {
        SERVER_CONNECTING,
        SERVER_LOGIN,
        SERVER_IDLE,
        SERVER_LEASED,
        SERVER_RESETTING, /* the reset query runs, or the check query */
        SERVER_PARKED,    /* free, but a cancel request for it is on its way */
        SERVER_MOVING,
        SERVER_CLOSED,
        SERVER_STATES
};

enum { BEGIN_MAX = 128 };

/* What has followed server->begin. */
enum begin_age { BEGIN_NONE, BEGIN_SENT, BEGIN_FIRST /* one segment */ };

struct login; /* the login's own state, pool/login.h */

/* What its client runs; for session/tally.c alone. */
struct tally {
        uint64_t query[2];   /* key and place of what was sent or bound last; key 0: not counted */
        uint64_t unnamed[2]; /* of the unnamed statement here */
        uint64_t rows;       /* of the query that is being answered, so far */
        int64_t done_us;     /* when the last one was complete */
};

/* What another process needs of it is in pool/bequest.c. */
struct server {
        struct stream stream;
        struct grave grave;
        struct letter letter; /* in which it moves to another worker */
        enum server_state state;
        struct list in_pool; /* the list its state names */
        struct pool *pool;
        struct client *client; /* while leased; written by session/link.c alone */
        struct dial *dial;     /* while connecting */
        struct login *login;   /* while logging in */
        struct buf in;         /* an incomplete message */
        size_t pass;           /* bytes of a message still to go through to the client */
        size_t swallow;        /* bytes of a message still to be dropped */
        char begin[BEGIN_MAX]; /* text of the BEGIN that has opened the transaction, alone */
        enum begin_age begin_age;
        struct buf replay; /* the client's segment as it came, while it may be run again; keeps its memory */
        struct tally tally;
        struct xact xact; /* its client's transaction, while its id is known: session/outcome.h; and these: */
        bool unasked;     /* something that may have written was sent since it was asked */
        bool may_copy;    /* the segment may hold a COPY that awaits data */
        bool commits;     /* a COMMIT has been sent, by itself */
        struct params params;
        struct params greeting; /* as they were when it had logged in; session_state off only */
        struct replies replies;
        struct prepared prepared;
        struct settings *applied; /* what pgsteer and its clients have set in this session; session_state off:
                                   * the tracked parameters as reported */
        struct settings *wanted;  /* what it will have when the statements now running are through... */
        bool wants;               /* ...if they change it at all */
        struct pools *moving_to;  /* MOVING: the receiver */
        char *moving_settings;    /* MOVING: blob of `applied` */
        size_t moving_size;
        struct cancel_key key; /* the node's, for canceling what runs here */
        char tx;               /* of the last ReadyForQuery: 'I', 'T', 'E' */
        bool said_ready;       /* the last thing said, by either side, was ReadyForQuery 'I' */
        char *reset_due;       /* PARKED: to be run first; NULL: nothing */
        bool skipping;         /* after an error in the extended protocol it ignores all up to Sync */
        bool checking;         /* RESETTING: it is server_check_query that runs */
        bool unchecked;        /* to be tried with it before it is lent again */
        bool dirty;            /* the session may have state that only DISCARD ALL removes */
        bool lent;             /* a client has had it */
        bool close_needed;     /* close instead of giving back */
        int cancels;           /* cancel requests under way */
        unsigned generation;   /* of its quota when it was opened */
        int64_t since_us;      /* when the state began */
        int64_t connected_us;  /* when it was opened (monotonic) */
        int64_t connected_wall_us, request_wall_us;
        uint64_t id;
        struct address peer; /* of the node's end */
        char address[64];    /* the same for people; before it is known the host's name */
        int port, local_port;
        unsigned host_turn;           /* a plain line's host list: whose turn it was */
        bool ready;                   /* it has logged in, and is counted so */
        enum replication replication; /* it is one client's own, pool/solo.h */
        struct waiter *owner;         /* of such a one while it logs in; NULL: it has left */
};

extern const struct machine_state server_states[SERVER_STATES];

/* Opens a connection for `pool`, whose quota has been taken. Reports through pool_server_ready, _failed. */
struct server *server_open(struct pool *pool);

/* The same of a connection that another process has made and logged in, in SERVER_IDLE or SERVER_LEASED;
 * counted in the quota whatever its limit. Takes over fd; the caller fills in the rest. */
struct server *server_adopt(struct pool *pool, int fd, enum server_state state);

/* Whether it is to be closed as soon as it is free: RECONNECT, or the configuration has changed. */
bool server_is_outdated(const struct server *s);

/* The one door of the state: checks the table, moves the list membership. */
void server_move(struct server *s, enum server_state to);

/* Sends Terminate where that is polite, closes, gives the quota back, buries. `why` goes to the log
 * ("closing because: ..."); NULL: nothing does. Not for LEASED: the session parts first. */
void server_close(struct server *s, const char *why);

/* Its login has failed between two messages (login.c): who waits is told *r, and it is closed. */
void server_reject(struct server *s, const struct refusal *r);

/* The last cancel request of a server in SERVER_PARKED is through. */
void server_unpark(struct server *s);

/* A ParameterStatus: notes the value; *name and *value are borrowed from `m`. STATUS_INVALID: it is
 * malformed; STATUS_LIMIT: more than any server reports. */
MUST_USE enum status server_report(struct server *s, const struct msg *m, struct sv *name, struct sv *value);

/* The same of a server that no client has: what it says of its role is evidence. False: it is malformed, and
 * the server is closed. */
MUST_USE bool server_heed(struct server *s, const struct msg *m);

/* It may be lent out for the first time (or again: harmless): keeps the parameters as they are now. */
void server_greeted(struct server *s);

/* Where it was dialled as the configuration says it: an address, or the name that its certificate must carry.
 * Of one that is not outdated. */
const char *server_host(const struct server *s);

/* The same with its port. */
struct conf_host server_target(const struct server *s);

/* Logs a line about it. */
void server_say(enum log_level level, const struct server *s, const char *what);

/* Joins the loop of the worker it has moved to; its pool has been set. */
void server_attach(struct server *s);
