/* client: one application's connection, from accept to close: what it has sent and not yet got through, what
 * transaction and settings it believes to have, and which server serves it now.
 *
 *     STARTUP [--> GATE] [--> RESOLVE] [--> LOOKUP] --> AUTH [<--> INQUIRY] --> WELCOME --> IDLE
 *
 *     IDLE <-------------------------------------------------------+
 *      | |  no server free         granted                         |
 *      | +--> WAITING -------------------+--> SETTING --+          |
 *      |  no node: HELD --(topology)--> IDLE            |          |
 *      |  no fresh node: CATCHING --(health)--> IDLE     |          |
 *      +------------------------------------------------+-> ACTIVE-+
 *     AUTH, INQUIRY --(wrong)--> DELAYED --> CLOSED
 *     ACTIVE --(a RESET on a server it keeps)--> SETTING
 *     ACTIVE --(its COMMIT is lost)--> IDLE, and on to ACTIVE --> ASKING --> IDLE
 *     ACTIVE, SETTING --(server lost in a transaction)--> ABORTED --(COMMIT, ROLLBACK)--> IDLE
 *     IDLE --(BEGIN, answered here)--> BEGUN --(COMMIT, ROLLBACK)--> IDLE. BEGUN is like IDLE inside a block:
 *     from it and back to it go the ways of IDLE, and one to and from ABORTED for errors
 *     any --> CLOSED
 *
 * Refuses to know nodes or pools other than through its endpoint and its route. Owner and thread: its worker;
 * the state changes only in client_move. */
#pragma once

#include "base/machine.h"
#include "session/endpoint.h"
#include "session/floor.h"
#include "session/pin_names.h"
#include "session/savepoints.h"
#include "wire/proto.h"

enum client_state {
        CLIENT_STARTUP,  /* the startup packet is awaited */
        CLIENT_GATE,     /* there are too many, unless somebody has just left (session/roll_call.h) */
        CLIENT_RESOLVE,  /* the name of its host is looked up, for a rule of auth_hba_file */
        CLIENT_LOOKUP,   /* a server is asked for the user's secret (auth_query) */
        CLIENT_AUTH,     /* a password or SASL message is awaited */
        CLIENT_INQUIRY,  /* its password is looked at elsewhere (LDAP, PAM, a helper) */
        CLIENT_DELAYED,  /* it has failed to log in: the refusal, or its next attempt, has to wait */
        CLIENT_WELCOME,  /* authenticated; a server is asked for its parameters */
        CLIENT_IDLE,     /* no server; between transactions, or a segment is incomplete */
        CLIENT_WAITING,  /* in a pool's queue with a whole segment */
        CLIENT_HELD,     /* a whole segment and no node to send it to */
        CLIENT_CATCHING, /* a whole segment, which waits a moment for a standby to catch up */
        CLIENT_SETTING,  /* has a server; its settings are being applied there */
        CLIENT_ACTIVE,   /* has a server; bytes flow */
        CLIENT_ASKING,   /* has a server, which is asked what became of its COMMIT (session/doubt.h) */
        CLIENT_ABORTED,  /* its transaction has failed where no server knows of it; we answer until it ends it
                          */
        CLIENT_BEGUN,    /* no server; in a transaction block that no server knows of */
        CLIENT_CLOSED,
        CLIENT_STATES
};

extern const struct machine_state client_states[CLIENT_STATES];

/* Who is at the other end of the socket. */
enum client_origin {
        ORIGIN_DIRECT,  /* the client */
        ORIGIN_AWAITED, /* a proxy that has not said yet for whom (session/proxied.h) */
        ORIGIN_PROXIED, /* a proxy: what the system knows of that process is nothing about the client */
};

struct block;
struct doubt;
struct said;
struct msg;
struct writer;
struct entry; /* the login's own state, session/entry.h */

/* How far a segment that may be run again has got. */
enum repeat {
        REPEAT_NO,         /* must not be, or was not kept */
        REPEAT_POSSIBLE,   /* a read, kept whole in server->replay, and those behind it; nothing of the answer
                              has left */
        REPEAT_IF_LOST,    /* the same of what begins a transaction: it cannot be committed when its server is
                              lost */
        REPEAT_IF_ABORTED, /* the same of one write: only when the server says that it has aborted it */
        REPEAT_BEGUN       /* something of its answer has left; those behind it may be */
};

/* A segment that servers do not survive must not bring them down one after the other. */
enum { REPEATS_MAX = 2 };

/* Why the client was told parameters that are not what it has: session/greeting.h sets that right. */
enum misled {
        MISLED_NOT,
        MISLED_BY_RESET, /* its server has reported its own values instead of the startup packet's */
        MISLED_BY_LOSS,  /* those of a transaction that was lost with its server */
};

/* There are tens of thousands of them, most idle: in each part what is large comes first, so that nothing is
 * left empty in between, and an idle client costs less than 1 KB with all that the process has for it
 * (tests/bench). What another process needs of it is in session/heir.c. */
struct client {
        struct stream stream;
        struct grave grave;
        struct room *room;
        struct endpoint *endpoint;        /* from WELCOME on */
        struct list in_clients, in_phase; /* in_phase: room->logins, waiting, held or
                                             catching */
        struct waiter waiter;
        union {
                struct node *waits_for;   /* WAITING: the node it is counted at */
                struct cluster *catching; /* CATCHING: whose standbys it waits for */
        };
        struct server *server;               /* written by session/link.c alone */
        struct entry *entry;                 /* until IDLE */
        struct budget *budget[BUDGET_KINDS]; /* references to those it is counted in; NULL: in none */
        struct buf in;                       /* read and not yet forwarded */
        struct names names;
        struct buf unnamed; /* the body of the last unnamed Parse, when no Bind followed in its segment */
        enum client_state state;
        enum replication replication; /* it has a server of its own from its login on */
        enum client_origin origin;
        int node; /* index of the server's node */

        /* where in the stream of messages we are */
        size_t pass;        /* bytes of the current message still to go through */
        size_t drop;        /* bytes of the current message still to be dropped */
        size_t replay_size; /* bytes ahead to be kept in server->replay as they are sent */
        size_t known;       /* bytes ahead that have been classified and need no further look */
        char passing;       /* type of the message that `pass` is of */
        bool late;          /* the transaction ended while `pass` was not 0 */
        bool in_segment;    /* messages sent, their Sync not yet */
        bool bound;         /* a Bind or Execute is among them */
        bool skip_to_sync;  /* drop all until Sync, as a server does after an error */
        bool barrier;       /* forward nothing until all owed replies are in */
        bool stalled;       /* what is in `in` waits for owed replies, not for more bytes */
        bool unnamed_here;  /* the last unnamed Parse went to the server of now */

        /* the transaction */
        struct doubt *doubt; /* its COMMIT was lost, session/doubt.h; NULL: no */
        struct block *block; /* one that no server knows of, session/block.h; NULL: none */
        uint64_t skip_nodes; /* bit i: node i failed the segment */
        int copies; /* CopyInResponses less ends of copies that have been sent, since it was at rest */
        enum route_target held_for; /* HELD: what it waits for */
        char tx;                    /* as the client was last told */
        bool wrote;                 /* something that changes data has been sent in it */
        bool open;                  /* what has been sent leaves it open */
        bool writes;                /* something that changes data has been sent in the last segment */
        bool commits;               /* something that commits, or may, has been sent in the last segment */
        bool defined;               /* something that may change what names mean has been sent in it */
        bool commit_sent;           /* its end has been sent */
        bool piecewise;             /* something that may commit before it ends has been sent in it */
        bool ended;                 /* what may have committed was completed since the last ReadyForQuery */
        bool unwaited;              /* or a commit was not waited for until standbys had it */
        bool began;                 /* BEGIN has been sent in a segment not yet answered */
        bool on_primary;
        bool blind;      /* nothing was asked that shows data: SET and the like */
        bool reading;    /* for the node's counters: routed as a read */
        bool failed;     /* an error was seen in it since the last ReadyForQuery */
        bool cut_answer; /* a message to the client is incomplete */
        bool dismissed;  /* the server's own word that it ends has been passed on */
        bool surplus;    /* HELD beyond failover_queue_size */
        bool notified;   /* it has been told that it waits (query_wait_notify) */
        bool force_primary;

        /* what becomes of a segment that fails */
        bool several;    /* statements are in it that may be run again */
        bool discarding; /* a standby refused it: its answer is dropped, then it runs on the primary */
        bool repairable; /* a statement it binds may be prepared again: nothing of the answer has left */
        bool repairing;  /* it shall be: the answer is dropped until then */
        enum repeat repeat;
        unsigned repeats; /* so often was it run again */
        enum reason retry_reason;
        bool abort_untold; /* ABORTED: the client has not got the error yet */
        unsigned char
            overtime; /* what the server has ended its transaction for, session/loss.c; 0: nothing */
        uint64_t repair_key[2];       /* the statement that shall be prepared again */
        struct buf way_out;           /* ABORTED: the text of what was bound last, which ends it */
        const struct node *lost_node; /* ABORTED: whose loss it was */

        /* the session */
        struct settings *startup; /* of the startup packet */
        struct settings *settings;
        struct settings *settings_now; /* as it will be if the transaction commits */
        struct savepoints savepoints;
        struct buf effects; /* statements under way that change those, each with a NUL; session/effects.c */
        struct floor floor;
        unsigned pins;      /* enum pin */
        unsigned pins_held; /* those from before its transaction */
        unsigned unpinning; /* those that end if the transaction commits */
        struct pin_names pin_names;
        unsigned lexing;      /* enum classify_options: as the server reads its texts now... */
        unsigned lexing_base; /* ...and without settings of its own */
        enum misled misled;
        int consistency;    /* pgsteer.consistency; -1: as the endpoint has it */
        enum hint hint : 8; /* pgsteer.route */
        enum tx_access access : 8;
        enum tx_isolation isolation : 8;
        bool tls_direct;

        /* for people and deadlines */
        struct client *next_by_key; /* in room->keys */
        uint64_t id;
        int64_t since_us;    /* when the state began */
        int64_t held_us;     /* since when the segment in front is held, on and off; 0: it is not */
        int64_t catching_us; /* since when it waits for a fresh standby, on and off; 0: it does not */
        int64_t connected_us;
        int64_t heard_us;    /* when it said something last */
        int64_t request_us;  /* when the segment arrived */
        int64_t answered_us; /* when the last ReadyForQuery came */
        int64_t tx_us;       /* when the transaction began */
        int64_t connected_wall_us;
        struct cancel_key key; /* what it was told */
        struct ip ip;          /* its host; none: by a unix socket */
        int port;
};

static inline bool client_via_tcp(const struct client *c)
{
        return c->ip.family != 0;
}

/* Whether a server is asked for something that the login needs, and nothing else can happen. */
static inline bool client_asks(const struct client *c)
{
        return c->state == CLIENT_LOOKUP || c->state == CLIENT_WELCOME;
}

/* Whether it is in the middle of showing who it is. */
static inline bool client_proves(enum client_state state)
{
        return state > CLIENT_STARTUP && state < CLIENT_WELCOME;
}

/* The one door of the state. */
void client_move(struct client *c, enum client_state to);

/* A new connection; takes over fd. False: memory is out, and nothing is taken over. */
bool client_new(struct room *room, int fd, const struct address *peer);

/* A connection whose session another process has begun: in no list but room->clients, without a key. The
 * caller fills it in. Takes over fd. */
struct client *client_adopt(struct room *room, int fd);

/* Handles bytes as far as the state allows; called again whenever a state ends that had kept bytes back. */
void client_go_on(struct client *c);

/* The end: tells the refusal (NULL: nothing), closes, parts from server and queue, buries. `why` for the log;
 * NULL: nothing is logged. */
void client_close(struct client *c, const struct refusal *r, const char *why);
/* The same with a FATAL refusal made of sqlstate and text, which is also the log's reason. */
void client_refuse(struct client *c, const char *sqlstate, const char *text);

/* Refuses what begins at `p`: no message has such a head, or it is larger than max_packet_size. */
void client_bad_header(struct client *c, const uint8_t *p, size_t n);

/* For client_peek: what stands at `p`, `m` (NULL: no message has such a head), is not acceptable. Closes the
 * client. */
void client_peek_refuse(struct client *c, const uint8_t *p, size_t n, const struct msg *m);

/* The message at `p`. False: it has not begun to arrive, or its head is broken and the client is closed. */
static inline bool client_peek(struct client *c, const uint8_t *p, size_t n, struct msg *m)
{
        const struct options *opt = &c->room->conf->opt;
        enum status status = msg_peek(p, n, m);

        if (status == STATUS_OK && (int64_t)m->size <= opt->max_packet_size &&
            (m->type != FE_QUERY || !opt->disable_pqexec))
                return true;
        if (status != STATUS_AGAIN)
                client_peek_refuse(c, p, n, status == STATUS_OK ? m : NULL);
        return false;
}

/* The same where no server takes what it says. False: there is none to look at, and *used bytes are done
 * with: dropped, as c->drop says, or all, because the client has left or been refused. */
bool client_unserved(struct client *c, const uint8_t *p, size_t n, struct msg *m, size_t *used);

/* A CancelRequest met it while it waits or is held: its segment is answered with 57014. */
void client_cancelled(struct client *c);

/* Logs an error that the client is told, when log_pooler_errors says so. */
void client_log_error(const struct client *c, const struct refusal *r);

/* Sends what `w` has built and releases its buf; closes the client when that fails. False: it is closed. */
bool client_send(struct client *c, struct writer *w);

/* A name for log lines: "db/user@address:port". */
const char *client_name(const struct client *c, char *out, size_t size);

/* Whether its server (it has one) is between two transactions, with nothing owed and nothing begun. */
bool client_has_rest(const struct client *c);

/* Whether bytes are wanted from it now (a full input buffer or a slow server says no). */
void client_want_read(struct client *c);

/* Derives hint, access and isolation from settings_now; the same with what those say. */
void client_settings_changed(struct client *c);
void client_heed(struct client *c, const struct said *said);

/* A server has reported a parameter to it, which may say how its texts are read. */
void client_lexes(struct client *c, struct sv name, struct sv value);

/* The same from its settings, when its server is gone before it could report anything. */
void client_lexes_at_rest(struct client *c);

enum {
        CLIENT_IN_MAX = 16 << 20,   /* of one message that must be whole: a named Parse */
        CLIENT_IN_FULL = 128 << 10, /* above it nothing more is read while a server is awaited */
        CLIENT_UNSENT_FULL =
            128 << 10, /* above it nothing more is read, and no segment begun, until it is sent */
        CLIENT_OUT_MAX = 1 << 20,
};
