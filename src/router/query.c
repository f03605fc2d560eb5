/* The walk through a query: it does not parse, it knows for every parenthesis whether it may be a call, and
 * for every word whether it may change something.
 *
 * A name in front of "(" is a call unless what stands in front of the name makes that impossible: an operand
 * (then the name is an alias with columns, or a word of the grammar like OVER), AS, "::" (types), or a place
 * where WITH names its queries. All that is decided with the last two tokens and one small frame per
 * parenthesis, so the walk is linear and has a fixed size. */
#include "router/known.h"
#include "router/statement.h"

enum { DEPTH_MAX = 256 };

/* What the last token was. */
enum last {
        LAST_START, /* nothing yet */
        LAST_OPEN,  /* ( or [ */
        LAST_COMMA,
        LAST_OPERATOR,
        LAST_CAST, /* :: */
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
        CLAUSE_WITH,  /* between WITH and its main query */
        CLAUSE_GROUP, /* behind GROUP BY, or in GROUPING SETS */
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
        bool into;       /* SELECT INTO has been seen */
        unsigned atomic; /* CREATE FUNCTION ... BEGIN ATOMIC: open BEGINs and CASEs */
        unsigned depth;
        struct frame frames[DEPTH_MAX]; /* [0 .. depth], beyond DEPTH_MAX the last one is shared */
};

static struct frame *top(struct walk *w)
{
        return &w->frames[w->depth < DEPTH_MAX ? w->depth : DEPTH_MAX - 1];
}

/* Something in a read that makes it a write. */
static void found(struct walk *w, enum reason reason, struct sv token)
{
        if ((w->look & QUERY_READS) != 0)
                statement_write(w->st, reason, token);
}

static bool listed(const char *const *names, struct sv schema, struct sv name)
{
        for (; names != NULL && *names != NULL; names++) {
                const char *dot = strchr(*names, '.');

                if (dot == NULL
                        ? sv_is(name, *names)
                        : sv_eq(schema, sv_from(*names, (size_t)(dot - *names))) && sv_is(name, dot + 1))
                        return true;
        }
        return false;
}

/* What the configuration says about a function, before the built-in tables. */
static enum known configured(const struct walk *w, struct sv schema)
{
        const struct classify_rules *rules = w->st->rules;
        char schema_space[KNOWN_NAME_BYTES], name_space[KNOWN_NAME_BYTES];
        struct sv folded_schema, name;

        if (rules == NULL)
                return KNOWN_NOT;
        folded_schema = known_fold(schema, schema_space);
        name = known_fold(w->name.final, name_space);
        if (name.n == 0)
                return KNOWN_NOT;
        if (listed(rules->primary_functions, folded_schema, name))
                return KNOWN_WRITE;
        return listed(rules->standby_functions, folded_schema, name) ? KNOWN_READ : KNOWN_NOT;
}

/* current_setting('name'): the answer tells nodes apart for some settings only. `st->token` is "(". */
static enum known asked_setting(const struct walk *w)
{
        struct scan ahead = w->st->scan;
        struct scan_token argument;

        scan_next(&ahead, &argument);
        if (argument.kind != SCAN_STRING || *argument.text.p != '\'')
                return KNOWN_NODE;
        return known_node_setting(sv_from(argument.text.p + 1, argument.text.n - 2)) ? KNOWN_NODE
                                                                                     : KNOWN_READ;
}

/* What the call leaves in the server's session. */
static void note_pins(struct walk *w, enum known known)
{
        struct facts *facts = w->st->facts;

        if ((w->look & QUERY_RUNS) == 0)
                return;
        if (known == KNOWN_LOCK) {
                facts->pins |= PIN_ADVISORY;
        } else if (known == KNOWN_UNLOCK_ALL) {
                facts->unpins |= PIN_ADVISORY;
        } else if (known == KNOWN_SET_CONFIG) {
                facts->pins |= PIN_SETTING;
                facts->setting = SETTING_UNKNOWN;
        }
}

static void called(struct walk *w)
{
        /* database.schema.name, (row).name and the like are no call of a built-in function */
        struct sv schema = w->name.parts == 1 ? SV("") : w->name.parts == 2 ? w->name.first : SV("?");
        enum known known = configured(w, schema);

        if (known == KNOWN_NOT)
                known = known_function(schema, w->name.final);
        if (known == KNOWN_CURRENT_SETTING)
                known = asked_setting(w);
        note_pins(w, known);
        switch (known) {
        case KNOWN_READ: return;
        case KNOWN_NODE: found(w, REASON_NODE_STATE, w->name.final); return;
        case KNOWN_SESSION:
        case KNOWN_SET_CONFIG: found(w, REASON_SESSION_STATE, w->name.final); return;
        case KNOWN_EFFECT:
        case KNOWN_LOCK:
        case KNOWN_UNLOCK_ALL: found(w, REASON_EFFECT, w->name.final); return;
        case KNOWN_CURRENT_SETTING:
        case KNOWN_NOT:
        case KNOWN_WRITE: found(w, REASON_FUNCTION, w->name.final); return;
        }
}

/* OPERATOR(pg_catalog.+): goes to its closing parenthesis when that is what it is. `st->token` is "(". */
static bool named_operator(struct walk *w)
{
        struct scan ahead = w->st->scan;
        struct scan_token token, schema = {0};
        char space[KNOWN_NAME_BYTES];

        scan_next(&ahead, &token);
        while (token.kind == SCAN_WORD || token.kind == SCAN_QUOTED || token.kind == SCAN_DOT) {
                if (token.kind != SCAN_DOT)
                        schema = token;
                scan_next(&ahead, &token);
        }
        if (token.kind != SCAN_OPERATOR)
                return false;
        if (!known_operator(token.text) ||
            (schema.text.n > 0 && !sv_is(known_fold(schema.text, space), "pg_catalog")))
                found(w, REASON_OPERATOR, token.text);
        scan_next(&ahead, &token);
        if (token.kind != SCAN_CLOSE)
                return false;
        w->st->scan = ahead;
        return true;
}

/* Whether a key word that may also be a function's name belongs to the grammar here, with its "(". */
static bool is_syntax(struct walk *w)
{
        unsigned before = w->name.before_keyword;

        switch (w->last_keyword) {
        case KW_BY: return before == KW_GROUP || before == KW_ORDER || before == KW_PARTITION;
        case KW_FIRST:
        case KW_NEXT: return before == KW_FETCH;
        case KW_ZONE: return before == KW_TIME;
        case KW_VARYING:
                return before == KW_CHARACTER || before == KW_CHAR || before == KW_NCHAR || before == KW_BIT;
        case KW_SETS: return before == KW_GROUPING;
        case KW_CUBE:
        case KW_ROLLUP:
                return top(w)->clause == CLAUSE_GROUP &&
                       (before == KW_BY || before == KW_ALL || before == KW_DISTINCT ||
                        w->name.before == LAST_COMMA || w->name.before == LAST_OPEN);
        case KW_JOIN:
                return before == KW_LEFT || before == KW_RIGHT || before == KW_FULL || before == KW_INNER ||
                       before == KW_OUTER || before == KW_CROSS || before == KW_NATURAL;
        }
        return keyword_entries[w->last_keyword].category == CATEGORY_COL_NAME;
}

/* Whether the name that came last is called by the "(" behind it. */
static bool is_call(struct walk *w)
{
        switch (w->name.before) {
        case LAST_AS:   /* alias (columns), type (modifier), AS MATERIALIZED ( */
        case LAST_CAST: /* type (modifier) */
        case LAST_NAME: /* alias (columns), column LIKE ( */
        case LAST_OPERAND: /* alias (columns), FILTER (, OVER (, ESCAPE ( */ return false;
        case LAST_COMMA:
                if (top(w)->clause == CLAUSE_WITH)
                        return false;
                break;
        case LAST_RESERVED:
        case LAST_KEYWORD:
                if (top(w)->clause == CLAUSE_WITH &&
                    (w->name.before_keyword == KW_WITH || w->name.before_keyword == KW_RECURSIVE))
                        return false;
                break;
        case LAST_START:
        case LAST_OPEN:
        case LAST_OPERATOR:
        case LAST_DOT: break;
        }
        if (w->name.before_keyword == KW_TABLESAMPLE && w->name.parts == 1 &&
            (sv_ieq(w->name.final, SV("bernoulli")) || sv_ieq(w->name.final, SV("system"))))
                return false;
        return w->last == LAST_NAME || !is_syntax(w);
}

static void push(struct walk *w, struct frame frame)
{
        if (++w->depth >= DEPTH_MAX)
                statement_write(w->st, REASON_UNLEXABLE, w->st->token.text);
        *top(w) = frame;
}

static void on_open(struct walk *w)
{
        struct frame frame = {CLAUSE_OTHER, false};

        if (w->last == LAST_NAME || w->last == LAST_KEYWORD) {
                if (w->last_keyword == KW_OPERATOR && named_operator(w)) {
                        w->last = LAST_OPERATOR;
                        w->last_keyword = KW_NOT_ONE;
                        return;
                }
                if (is_call(w))
                        called(w);
                else if (w->last_keyword == KW_SETS && top(w)->clause == CLAUSE_GROUP)
                        frame.clause = CLAUSE_GROUP;
        } else if (w->last_keyword == KW_ON) {
                frame.of_distinct = w->name.before_keyword == KW_DISTINCT;
        }
        push(w, frame);
        w->last = LAST_OPEN;
        w->last_keyword = KW_NOT_ONE;
}

static void on_close(struct walk *w)
{
        w->last = LAST_OPERAND;
        w->last_keyword = KW_NOT_ONE;
        if (w->depth == 0) {
                statement_write(w->st, REASON_UNLEXABLE, w->st->token.text);
                return;
        }
        if (top(w)->of_distinct)
                w->last = LAST_RESERVED;
        w->depth--;
}

/* Whether a data-modifying statement may begin behind this: a parenthesis, or the end of WITH's list. */
static bool may_modify_after(enum last last)
{
        return last == LAST_OPEN || last == LAST_OPERAND || last == LAST_NAME || last == LAST_KEYWORD;
}

/* A name follows UPDATE: a statement, when UPDATE is not a name itself. */
static inline void check_update(struct walk *w)
{
        if (w->last_keyword == KW_UPDATE && may_modify_after(w->name.before))
                found(w, REASON_CTE_DML, w->name.final);
}

static void check_relation(struct walk *w, struct sv name)
{
        switch (known_relation(name)) {
        case KNOWN_NODE: found(w, REASON_NODE_STATE, name); return;
        case KNOWN_SESSION: found(w, REASON_SESSION_STATE, name); return;
        case KNOWN_NOT:
        case KNOWN_READ:
        case KNOWN_WRITE:
        case KNOWN_EFFECT:
        case KNOWN_LOCK:
        case KNOWN_UNLOCK_ALL:
        case KNOWN_SET_CONFIG:
        case KNOWN_CURRENT_SETTING: return;
        }
}

/* The catalog's own relations are the only ones that need a look. */
static inline bool in_catalog(struct sv name)
{
        const char *p = name.p + (*name.p == '"');

        return name.n >= 7 && (p[0] | 0x20) == 'p' && (p[1] | 0x20) == 'g' && p[2] == '_';
}

/* A name, or a part of one, that is no key word here. */
static inline void on_name(struct walk *w, struct sv text)
{
        if (w->last == LAST_DOT) {
                w->name.parts++;
        } else {
                if (w->last_keyword != KW_NOT_ONE)
                        check_update(w);
                w->name.before = w->last;
                w->name.before_keyword = w->last_keyword;
                w->name.parts = 1;
                w->name.first = text;
        }
        w->name.final = text;
        w->last = LAST_NAME;
        w->last_keyword = KW_NOT_ONE;
        if (in_catalog(text))
                check_relation(w, text);
}

static void on_dot(struct walk *w)
{
        char space[KNOWN_NAME_BYTES];

        if (w->last != LAST_NAME && w->last != LAST_KEYWORD) {
                w->name.parts = 3; /* (row).name: names nothing built in */
                w->name.before = w->last;
                w->name.before_keyword = KW_NOT_ONE;
        } else if (w->name.parts == 1 && in_catalog(w->name.first)) {
                struct sv schema = known_fold(w->name.first, space);

                if (schema.n >= 7 && memcmp(schema.p, "pg_temp", 7) == 0 &&
                    (schema.n == 7 || schema.p[7] == '_')) {
                        w->st->facts->pins |= PIN_TEMP;
                        statement_write(w->st, REASON_RELATION, w->name.first);
                }
        }
        w->last = LAST_DOT;
        w->last_keyword = KW_NOT_ONE;
}

/* UPDATE, SHARE, NO KEY, KEY SHARE behind FOR; FROM behind DELETE; INTO anywhere. */
static inline void check_reserved(struct walk *w, unsigned keyword)
{
        struct sv text = w->st->token.text;

        switch (keyword) {
        case KW_INTO:
                w->into = true;
                found(w,
                      w->last_keyword == KW_INSERT || w->last_keyword == KW_MERGE ? REASON_CTE_DML
                                                                                  : REASON_INTO,
                      text);
                return;
        case KW_FROM:
                if (w->last_keyword == KW_DELETE && may_modify_after(w->name.before))
                        found(w, REASON_CTE_DML, w->name.final);
                return;
        case KW_ONLY: check_update(w); return;
        case KW_END:
                if (w->atomic > 0)
                        w->atomic--;
                return;
        case KW_CASE:
                if (w->atomic > 0)
                        w->atomic++;
                return;
        }
}

/* Which list the frame is in behind this reserved word. */
static inline void turn_clause(struct walk *w, unsigned keyword)
{
        switch (keyword) {
        case KW_WITH:
                if (w->last == LAST_START || w->last == LAST_OPEN)
                        top(w)->clause = CLAUSE_WITH;
                return;
        case KW_AS:
        case KW_NOT:
        case KW_TO:
        case KW_DEFAULT:
        case KW_USING:
        case KW_ALL:
        case KW_DISTINCT:
        case KW_NULL:
        case KW_TRUE:
        case KW_FALSE: return;
        }
        top(w)->clause = CLAUSE_OTHER;
}

static inline void on_reserved(struct walk *w, unsigned keyword)
{
        check_reserved(w, keyword);
        turn_clause(w, keyword);
        w->name.before = w->last;
        w->name.before_keyword = w->last_keyword;
        w->last = keyword == KW_AS ? LAST_AS : LAST_RESERVED;
        w->last_keyword = keyword;
}

/* A key word that may be a name as well. */
static inline void on_keyword(struct walk *w, unsigned keyword)
{
        if (w->last_keyword != KW_NOT_ONE) {
                check_update(w);
                if (w->last_keyword == KW_FOR &&
                    (keyword == KW_UPDATE || keyword == KW_SHARE || keyword == KW_NO || keyword == KW_KEY))
                        found(w, REASON_LOCKING, w->st->token.text);
                if (w->into && (keyword == KW_TEMP || keyword == KW_TEMPORARY) &&
                    (w->last_keyword == KW_INTO || w->last_keyword == KW_LOCAL ||
                     w->last_keyword == KW_GLOBAL))
                        w->st->facts->pins |= PIN_TEMP;
                if (keyword == KW_ATOMIC && w->last_keyword == KW_BEGIN && (w->look & QUERY_READS) == 0)
                        w->atomic = 1;
                if (keyword == KW_BY && w->last_keyword == KW_GROUP)
                        top(w)->clause = CLAUSE_GROUP;
        }
        if (keyword == KW_VALUES)
                top(w)->clause = CLAUSE_OTHER;
        w->name.before = w->last;
        w->name.before_keyword = w->last_keyword;
        w->name.parts = 1;
        w->name.first = w->name.final = w->st->token.text;
        w->last = LAST_KEYWORD;
        w->last_keyword = keyword;
}

/* Behind AS stands a label or a type, whatever the word; but CREATE ... AS and PREPARE ... AS begin a query.
 */
static void on_word_after_as(struct walk *w, const struct scan_token *token)
{
        if ((w->look & QUERY_READS) == 0 && token->category == CATEGORY_RESERVED) {
                w->last = LAST_START;
                on_reserved(w, token->keyword);
        } else {
                on_name(w, token->text);
        }
}

static inline void on_word(struct walk *w)
{
        const struct scan_token *token = &w->st->token;

        if (token->keyword == KW_NOT_ONE || w->last == LAST_DOT || w->last == LAST_CAST)
                on_name(w, token->text);
        else if (w->last == LAST_AS)
                on_word_after_as(w, token);
        else if (token->category == CATEGORY_RESERVED)
                on_reserved(w, token->keyword);
        else
                on_keyword(w, token->keyword);
}

static inline void now_last(struct walk *w, enum last last)
{
        w->last = last;
        w->last_keyword = KW_NOT_ONE;
}

/* A number, and with it the whole list of numbers that it begins: IN (1, 2, 3, ...). */
static inline void on_number(struct walk *w)
{
        struct scan *scan = &w->st->scan;
        char ends_with = '\0';

        if (scan->p < scan->end && *scan->p == ',')
                ends_with = scan_skip_list(scan);
        now_last(w, ends_with == ',' ? LAST_COMMA : LAST_OPERAND);
}

/* Takes one token. Returns false at the statement's end. */
static inline bool step(struct walk *w)
{
        struct statement *st = w->st;

        switch (st->token.kind) {
        case SCAN_WORD: on_word(w); break;
        case SCAN_QUOTED: on_name(w, st->token.text); break;
        case SCAN_OPEN: on_open(w); break;
        case SCAN_CLOSE: on_close(w); break;
        case SCAN_COMMA: now_last(w, LAST_COMMA); break;
        case SCAN_DOT: on_dot(w); break;
        case SCAN_CAST: now_last(w, LAST_CAST); break;
        case SCAN_OPEN_SQUARE: now_last(w, LAST_OPEN); break;
        case SCAN_NUMBER: on_number(w); break;
        case SCAN_STRING:
        case SCAN_PARAM:
        case SCAN_CLOSE_SQUARE: now_last(w, LAST_OPERAND); break;
        case SCAN_OPERATOR:
                if (!known_operator(st->token.text))
                        found(w, REASON_OPERATOR, st->token.text);
                now_last(w, LAST_OPERATOR);
                break;
        case SCAN_COLON:
        case SCAN_NAMED: now_last(w, LAST_OPERATOR); break;
        case SCAN_SEMICOLON:
                if (w->depth == 0 && w->atomic == 0)
                        return false;
                now_last(w, LAST_START); /* inside CREATE RULE or BEGIN ATOMIC; else no SQL */
                found(w, REASON_UNLEXABLE, st->token.text);
                break;
        case SCAN_END:
        case SCAN_ERROR: return false;
        }
        return true;
}

void query_walk(struct statement *st, unsigned look)
{
        struct walk w;

        w.st = st;
        w.look = look;
        w.last = LAST_START;
        w.last_keyword = KW_NOT_ONE;
        w.name.before = LAST_START;
        w.name.before_keyword = KW_NOT_ONE;
        w.into = false;
        w.atomic = 0;
        w.depth = 0;
        w.frames[0] = (struct frame){CLAUSE_OTHER, false};
        while (step(&w))
                statement_advance(st);
        if (st->token.kind == SCAN_ERROR || w.depth > 0)
                statement_write(st, REASON_UNLEXABLE, st->token.text);
}
