/* walk: where the walk through a query is (query.c), what key words mean to it (words.c), and what it asks
 * the catalog (walk.c). The room's own. */
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
        LAST_RESERVED, /* a key word that is no name: an expression may follow */
        LAST_KEYWORD,  /* a key word that may be a name, or not: an expression may follow */
        LAST_NAME,     /* certainly a name (of a column, relation, type, alias): none may follow */
        LAST_OPERAND,  /* literal, parameter, ) or ]: none may follow */
        /* from here on a key word that follows is a name */
        LAST_AS,
        LAST_CAST, /* :: */
        LAST_DOT,
};

/* A token, as far as those behind it care. */
struct mark {
        enum last kind;
        unsigned keyword; /* KW_NOT_ONE when it is none, or used as a name */
};

/* Which list a frame is in, as far as it matters. */
enum clause {
        CLAUSE_OTHER,
        CLAUSE_GROUP,  /* behind GROUP BY, or in GROUPING SETS */
        CLAUSE_SELECT, /* behind SELECT, in front of its FROM */
        /* from here on names matter */
        CLAUSE_WITH, /* between WITH and its main query */
        CLAUSE_FROM, /* behind FROM or TABLE: relations are named here */
        CLAUSES,
};

struct frame {
        uint8_t clause;   /* enum clause */
        bool of_distinct; /* DISTINCT ON (...): an expression may follow the parenthesis */
};

struct walk {
        struct statement *st;
        unsigned look;
        struct mark last; /* the last token */
        struct {
                struct mark before;     /* what stands in front of the name or key word that came last */
                unsigned parts;         /* schema.name: 2 */
                struct sv first, final; /* `first` where there are more parts than one */
        } name;
        bool into;          /* SELECT INTO has been seen */
        bool any_name;      /* the catalog has types or columns that any name may be */
        uint8_t named_from; /* the least clause (enum clause) in which names are to be looked up */
        unsigned atomic;    /* CREATE FUNCTION ... BEGIN ATOMIC: open BEGINs and CASEs */
        unsigned with_count;
        struct sv with[WITH_NAMES_MAX]; /* the first names that WITH gives to queries, wherever it stands */
        unsigned depth;
        struct frame *top;
        struct frame frames[DEPTH_MAX]; /* [0 .. depth], beyond DEPTH_MAX the last one is shared */
};

/* Whether a name that comes next is a relation's, or that of a function in its place, in CLAUSE_FROM. */
static inline bool walk_is_relation_place(const struct walk *w)
{
        if (w->last.kind == LAST_COMMA || w->last.kind == LAST_OPEN)
                return true;
        switch (w->last.keyword) {
        case KW_JOIN:
        case KW_ONLY:
        case KW_TABLE: return true;
        case KW_FROM: return w->name.before.keyword != KW_DISTINCT;
        }
        return false;
}

/* What a key word means to the clause that it stands in. */
enum meaning {
        MEANS_NO_LIST, /* it ends all lists but those of columns behind SELECT and of relations behind FROM */
        MEANS_NO_FROM, /* that of relations as well */
        MEANS_NOTHING,
        MEANS_MORE, /* walk_special_reserved, walk_special_keyword tell */
};

extern const uint8_t walk_meanings[KW_COUNT]; /* enum meaning */

/* The clause that a frame in one clause is in behind a reserved word that means no more. */
extern const uint8_t walk_clauses_behind[MEANS_MORE][CLAUSES];

/* A word of MEANS_MORE comes that is reserved. Returns the clause that the frame is in behind it. */
enum clause walk_special_reserved(struct walk *w, unsigned keyword, struct sv text);

/* The same for one that may be a name. */
void walk_special_keyword(struct walk *w, unsigned keyword, struct sv text);

/* A name follows UPDATE: a statement, when UPDATE is not a name itself. */
void walk_behind_update(struct walk *w);

/* Something in a read that makes it a write. */
void walk_found(struct walk *w, enum reason reason, struct sv token);

/* What is known of `name` speaks against a standby; for `otherwise` when there is no better word for it. */
void walk_found_known(struct walk *w, enum known known, enum reason otherwise, struct sv name);

/* Whether a call, of which `known` is known, is computed by the planner already, and has an effect: a
 * function of somebody's own that is declared harmless. PostgreSQL's own are declared as they are. */
bool walk_runs_when_planned(struct sv schema, struct sv name, enum known known);

/* What there is to look up in the catalog; at the walk's beginning. */
void walk_use_catalog(struct walk *w);

/* A word that is a name, or may be one, comes in a clause from w->named_from on, and is not yet the last
 * token. `keyword`: what it is besides. */
void walk_note_name(struct walk *w, struct sv name, unsigned keyword);

/* An operator that is not built in. */
void walk_check_operator(struct walk *w, struct sv text);
