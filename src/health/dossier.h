/* dossier: what is known of one node: its last good answer, and how the answers since then came out.
 *
 * A probe's outcome goes in as a value; counters and facts come out. Decides nothing about roles (that is
 * health/elect.h), does no I/O, knows no clock: times are handed in. Owner and thread: the monitor of the
 * node's cluster, on the control thread. */
#pragma once

#include "cluster/topology.h"

#include <stdbool.h>
#include <stdint.h>

enum answer_kind {
        ANSWER_NONE,  /* never asked */
        ANSWER_GOOD,  /* facts are valid */
        ANSWER_LOGIN, /* the server runs, but our own login or question was turned away: says nothing of it */
        ANSWER_SHUTDOWN, /* the server says that it takes no connections: 57P01, 57P02, 57P03 */
        ANSWER_REFUSED,  /* nobody listens, or there is no way there */
        ANSWER_LOST,     /* a connection that worked broke */
        ANSWER_TIMEOUT,  /* no answer in time */
};

/* What a good answer says. 0 is "unknown" for every number. */
struct facts {
        bool in_recovery;
        bool read_only;     /* default_transaction_read_only */
        bool timeline_sure; /* else only a lower bound: a standby whose WAL receiver we may not see */
        uint32_t timeline;  /* primary: of its insert position; standby: of the WAL it received */
        uint64_t system_id;
        uint64_t lsn;            /* primary: insert position; standby: replayed */
        uint64_t flush_lsn;      /* primary: flushed position; standby: received */
        uint64_t recovered_lsn;  /* primary: where the recovery ended that it began with; 0: there was none */
        uint32_t wal_block_size; /* bytes */
        int64_t
            started_wall_us; /* the postmaster's start, by the server's clock: names one run of the server */
};

struct answer {
        enum answer_kind kind;
        struct facts facts;             /* ANSWER_GOOD */
        int64_t sent_us;                /* clock_us just before the question left; 0 when it did not */
        char text[100];                 /* the other kinds: what was seen, for people */
        const struct pg_result *result; /* of probe_say, ANSWER_GOOD: libpq's; else NULL */
};

struct dossier {
        enum answer_kind last;
        int failures;      /* consecutive answers that were neither good nor about our login */
        int hard_failures; /* of those: refused, lost, shutdown (a timeout proves less) */
        int successes;     /* consecutive good ones */
        bool traffic;      /* since the last good answer a worker saw the node refuse or drop connections */
        bool quits;        /* since the last answer of a server that runs it has shown that it ends */
        bool known;        /* there was a good answer: facts are its */
        struct facts facts;
        uint32_t followed;    /* the timeline, before what a promotion under way has noted of the next one */
        struct branch branch; /* of facts.timeline, when it was promoted before our eyes */
        int64_t good_us;      /* when the last good question was sent; 0: never */
        int64_t lag_us, lag_bytes; /* standby, at good_us; -1: unknown */
        char text[100];            /* of the last answer that was not good */
        int wish;                  /* enum node_wish: of an operator */
};

/* No answer yet. */
void dossier_init(struct dossier *dossier);

/* Whether `answer`, not yet taken in, tells that another run of the server may answer than did before, or
 * that it has gone back: then what it shows may lie before what it has shown. */
bool dossier_may_have_restarted(const struct dossier *dossier, const struct answer *answer);

/* Takes an answer in. A standby's timeline never falls while the same run of the server answers: what its WAL
 * receiver told once stays true when the receiver is gone. The lag becomes unknown; whoever keeps the samples
 * (health/ring.h) sets it. */
void dossier_note(struct dossier *dossier, const struct answer *answer);

/* Takes in what workers saw: `bits` of enum evidence in cluster/node.h. */
void dossier_note_traffic(struct dossier *dossier, uint32_t bits);
