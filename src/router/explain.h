/* explain: where a text of SQL would go, and which token of it decided so: for those who want to know
 * (EXPLAIN ROUTE, --explain, --classify). Pure. */
#pragma once

#include "conf/terms.h"
#include "router/route.h"

/* By what. */
struct explain_by {
        /* NULL: of no database; as if there were a primary and a standby, always fit. */
        const struct topology *topology;
        bool single; /* a plain line: nothing to choose */
        bool reads_need_standby;
        struct conf_terms
            terms;        /* of the line and the user; what the session says of consistency before them */
        bool learned;     /* a standby has refused the text before, if it is a read */
        int64_t floor_us; /* what must be seen; 0: nothing */
        const struct classify_rules *rules; /* NULL: none */

        /* the session's */
        enum hint hint;
        enum tx_access access;
        enum tx_isolation isolation;
        unsigned lexing;            /* enum classify_options */
        const struct position *min; /* NULL: none */
};

struct explanation {
        enum stmt_class class;
        struct route route;
        const char *node; /* its name; NULL: there is none now. Borrowed from the topology */
        struct sv token;  /* of the text; empty: none made the difference */
};

void explain(struct sv text, const struct explain_by *by, struct explanation *out);

/* The token that decided for a reason: what facts say, or the words of a hint or of a transaction's mode. */
struct sv explain_token(struct sv text, const struct facts *facts, enum reason reason);

/* "empty", "read", "write"; "primary", "standby". Static. */
const char *explain_class_name(enum stmt_class class);
const char *explain_target_name(enum route_target target);
