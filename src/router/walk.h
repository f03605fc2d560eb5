/* walk: where the walk through a query is (query.c), and what it asks the catalog (walk.c). The room's own.
 */
#pragma once

#include "router/known.h"
#include "router/statement.h"

enum { DEPTH_MAX = 256, WITH_NAMES_MAX = 32 };

/* What the last token was. */
enum last {
        LAST_START, /* nothing yet */
        LAST_OPEN,  /* ( */
        LAST_COMMA,
        LAST_OPERATOR, /* or [ */
        LAST_CAST,     /* :: */
        LAST_DOT,
        LAST_AS,
        LAST_RESERVED, /* a key word that is no name: an expression may follow */
        LAST_KEYWORD,  /* a key word that may be a name, or not: an expression may follow */
        LAST_NAME,     /* certainly a name (of a column, relation, type, alias): none may follow */
        LAST_OPERAND,  /* literal, parameter, ) or ]: none may follow */
};

/* Which list a frame is in, as far as it matters. */
enum clause {
        CLAUSE_OTHER,
        CLAUSE_GROUP,  /* behind GROUP BY, or in GROUPING SETS */
        CLAUSE_SELECT, /* behind SELECT, in front of its FROM */
        /* from here on names matter */
        CLAUSE_WITH, /* between WITH and its main query */
        CLAUSE_FROM, /* behind FROM or TABLE: relations are named here */
};

struct frame {
        uint8_t clause;   /* enum clause */
        bool of_distinct; /* DISTINCT ON (...): an expression may follow the parenthesis */
};

struct walk {
        struct statement *st;
        unsigned look;
        enum last last;
        unsigned last_keyword; /* of the last token; KW_NOT_ONE when it is none, or used as a name */
        struct {
                enum last before; /* what stands in front of the name or key word that came last */
                unsigned before_keyword;
                unsigned parts; /* schema.name: 2 */
                struct sv first, final;
        } name;
        bool relation;   /* that name is a relation's, unless "(" follows */
        bool into;       /* SELECT INTO has been seen */
        bool relations;  /* there is a catalog that knows relations */
        bool any_name;   /* it has types or columns that any name may be */
        unsigned atomic; /* CREATE FUNCTION ... BEGIN ATOMIC: open BEGINs and CASEs */
        unsigned with_count;
        struct sv with[WITH_NAMES_MAX]; /* the first names that WITH gives to queries, wherever it stands */
        unsigned depth;
        struct frame *top;
        struct frame frames[DEPTH_MAX]; /* [0 .. depth], beyond DEPTH_MAX the last one is shared */
};

/* Whether a name that comes next is a relation's, or that of a function in its place, in CLAUSE_FROM. */
static inline bool walk_is_relation_place(const struct walk *w)
{
        if (w->last == LAST_COMMA || w->last == LAST_OPEN)
                return true;
        switch (w->last_keyword) {
        case KW_JOIN:
        case KW_ONLY:
        case KW_TABLE: return true;
        case KW_FROM: return w->name.before_keyword != KW_DISTINCT;
        }
        return false;
}

/* Something in a read that makes it a write. */
void walk_found(struct walk *w, enum reason reason, struct sv token);

/* What is known of `name` speaks against a standby; for `otherwise` when there is no better word for it. */
void walk_found_known(struct walk *w, enum known known, enum reason otherwise, struct sv name);

/* What there is to look up in the catalog; at the walk's beginning. */
void walk_use_catalog(struct walk *w);

/* A name comes in a clause where that matters, CLAUSE_WITH or CLAUSE_FROM; the catalog knows relations. */
void walk_note_name(struct walk *w, struct sv name);

/* The name of a relation is followed by a token of `kind`, or by `keyword`: when it is complete, looks it up.
 */
void walk_settle_relation(struct walk *w, enum scan_kind kind, unsigned keyword);

/* A name that may be a type's, or a function's behind a dot; the catalog has such. */
void walk_check_any_name(struct walk *w, struct sv name, bool behind_dot);

/* An operator that is not built in. */
void walk_check_operator(struct walk *w, struct sv text);
