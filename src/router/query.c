/* The walk through a query: it does not parse, it knows for every parenthesis whether it may be a call, and
 * for every word whether it may change something.
 *
 * A name in front of "(" is a call unless what stands in front of the name makes that impossible: an operand
 * (then the name is an alias with columns, or a word of the grammar like OVER), AS, "::" (types), or a place
 * where WITH names its queries. All that is decided with the last two tokens and one small frame per
 * parenthesis, so the walk is linear and has a fixed size.
 *
 * The loop keeps scan and token in variables of its own, so that they stay in registers; the functions that
 * are rarely needed are not inlined, and get what they need. */
#include "router/scan_hot.h"
#include "router/walk.h"

#define RARE __attribute__((noinline, cold))

static inline void now_last(struct walk *w, enum last last)
{
        w->last = last;
        w->last_keyword = KW_NOT_ONE;
}

/* ---- parentheses ---- */

static void called(struct walk *w)
{
        /* database.schema.name, (row).name and the like are no call of a built-in function */
        struct sv schema = w->name.parts == 1 ? SV("") : w->name.parts == 2 ? w->name.first : SV("?");
        struct sv name = w->name.final;
        enum known known = statement_call(w->st, schema, name);

        if (known != KNOWN_READ)
                walk_found_known(w, known, REASON_FUNCTION, name);
}

/* Whether a key word that may also be a function's name belongs to the grammar here, with its "(". */
static bool is_syntax(const struct walk *w)
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
                return w->top->clause == CLAUSE_GROUP &&
                       (before == KW_BY || before == KW_ALL || before == KW_DISTINCT ||
                        w->name.before == LAST_COMMA || w->name.before == LAST_OPEN);
        case KW_JOIN:
                return before == KW_LEFT || before == KW_RIGHT || before == KW_FULL || before == KW_INNER ||
                       before == KW_OUTER || before == KW_CROSS || before == KW_NATURAL;
        }
        return keyword_entries[w->last_keyword].category == CATEGORY_COL_NAME;
}

/* Whether the name is one that WITH gives to a query: WITH a (columns) AS ..., b (columns) AS ... */
static bool is_with_name(const struct walk *w)
{
        return w->top->clause == CLAUSE_WITH &&
               (w->name.before == LAST_COMMA || w->name.before_keyword == KW_WITH ||
                w->name.before_keyword == KW_RECURSIVE);
}

static bool is_sample_method(const struct walk *w)
{
        return w->name.before_keyword == KW_TABLESAMPLE && w->name.parts == 1 &&
               (sv_ieq(w->name.final, SV("bernoulli")) || sv_ieq(w->name.final, SV("system")));
}

/* Whether the name that came last is called by the "(" behind it. */
static bool is_call(const struct walk *w)
{
        switch (w->name.before) {
        case LAST_AS:   /* alias (columns), type (modifier), AS MATERIALIZED ( */
        case LAST_CAST: /* type (modifier) */
        case LAST_NAME: /* alias (columns), column LIKE ( */
        case LAST_OPERAND: /* alias (columns), FILTER (, OVER (, ESCAPE ( */ return false;
        case LAST_START:
        case LAST_OPEN:
        case LAST_COMMA:
        case LAST_OPERATOR:
        case LAST_DOT:
        case LAST_RESERVED:
        case LAST_KEYWORD: break;
        }
        if (is_with_name(w) || is_sample_method(w) || w->name.before_keyword == KW_ORDINALITY)
                return false;
        return w->last == LAST_NAME || !is_syntax(w);
}

static void push(struct walk *w, struct frame frame, struct sv token)
{
        if (++w->depth < DEPTH_MAX)
                w->top++;
        else
                statement_write(w->st, REASON_UNLEXABLE, token);
        *w->top = frame;
}

/* "(": what stands behind it is at `scan`, which OPERATOR(...) moves on. */
static const char *on_open(struct walk *w, const char *behind, struct sv token)
{
        struct frame frame = {CLAUSE_OTHER, false};
        struct sv operator;

        w->st->scan.p = behind;
        if (w->top->clause == CLAUSE_FROM && walk_is_relation_place(w))
                frame.clause = CLAUSE_FROM;
        if (w->last == LAST_NAME || w->last == LAST_KEYWORD) {
                if (w->last_keyword == KW_OPERATOR && statement_read_operator(w->st, &operator)) {
                        if (operator.n> 0)
                                walk_found(w, REASON_OPERATOR, operator);
                        now_last(w, LAST_OPERATOR);
                        return w->st->scan.p;
                }
                if (is_call(w))
                        called(w);
                else if (w->last_keyword == KW_SETS && w->top->clause == CLAUSE_GROUP)
                        frame.clause = CLAUSE_GROUP;
        } else if (w->last_keyword == KW_ON) {
                frame.of_distinct = w->name.before_keyword == KW_DISTINCT;
        }
        push(w, frame, token);
        now_last(w, LAST_OPEN);
        return behind;
}

static inline void on_close(struct walk *w, struct sv token)
{
        now_last(w, w->top->of_distinct ? LAST_RESERVED : LAST_OPERAND);
        if (w->depth == 0)
                statement_write(w->st, REASON_UNLEXABLE, token);
        else if (--w->depth < DEPTH_MAX - 1)
                w->top--;
}

/* ---- words ---- */

/* Whether a data-modifying statement may begin behind this: a parenthesis, or the end of WITH's list. */
static bool may_modify_after(enum last last)
{
        return last == LAST_OPEN || last == LAST_OPERAND || last == LAST_NAME || last == LAST_KEYWORD;
}

/* A name follows UPDATE: a statement, when UPDATE is not a name itself. */
RARE static void behind_update(struct walk *w)
{
        if (may_modify_after(w->name.before))
                walk_found(w, REASON_CTE_DML, w->name.final);
}

RARE static void check_relation(struct walk *w, struct sv name)
{
        enum known known = known_relation(name);

        if (known == KNOWN_NODE)
                walk_found(w, REASON_NODE_STATE, name);
        else if (known == KNOWN_SESSION)
                walk_found(w, REASON_SESSION_STATE, name);
}

/* PostgreSQL's own relations are to be found in any place. */
static inline bool in_catalog(struct sv name)
{
        const char *p = name.p;

        if (name.n < 7)
                return false;
        p += *p == '"';
        return (p[0] | 0x20) == 'p' && (p[1] | 0x20) == 'g' && p[2] == '_';
}

/* A name, or a part of one, that is no key word here. */
static inline void on_name(struct walk *w, struct sv text)
{
        if (__builtin_expect(w->any_name, 0))
                walk_check_any_name(w, text, w->last == LAST_DOT);
        if (w->last == LAST_DOT) {
                w->name.parts++;
        } else {
                if (__builtin_expect(w->last_keyword == KW_UPDATE, 0))
                        behind_update(w);
                if (w->relations & (w->top->clause >= CLAUSE_WITH))
                        walk_note_name(w, text);
                w->name.before = w->last;
                w->name.before_keyword = w->last_keyword;
                w->name.parts = 1;
                w->name.first = text;
        }
        w->name.final = text;
        now_last(w, LAST_NAME);
        if (__builtin_expect(in_catalog(text), 0))
                check_relation(w, text);
}

static inline void on_dot(struct walk *w)
{
        char space[KNOWN_NAME_BYTES];

        if (w->last != LAST_NAME && w->last != LAST_KEYWORD) {
                w->name.parts = 3; /* (row).name: names nothing built in */
                w->name.before = LAST_RESERVED;
                w->name.before_keyword = KW_NOT_ONE;
        } else if (__builtin_expect(in_catalog(w->name.final), 0)) {
                struct sv schema = known_fold(w->name.final, space);

                if (schema.n >= 7 && memcmp(schema.p, "pg_temp", 7) == 0 &&
                    (schema.n == 7 || schema.p[7] == '_')) {
                        w->st->facts->pins |= PIN_TEMP;
                        statement_write(w->st, REASON_RELATION, w->name.final);
                }
        }
        now_last(w, LAST_DOT);
}

/* Words that need more than being remembered. */
static const bool special[KW_COUNT] = {
    /* they may change something, or are part of what does */
    [KW_INTO] = true,
    [KW_SELECT] = true,
    [KW_TABLE] = true,
    [KW_FROM] = true,
    [KW_ONLY] = true,
    [KW_UPDATE] = true,
    [KW_SHARE] = true,
    [KW_NO] = true,
    [KW_KEY] = true,
    [KW_TEMP] = true,
    [KW_TEMPORARY] = true,
    /* they nest */
    [KW_CASE] = true,
    [KW_END] = true,
    [KW_ATOMIC] = true,
    /* they begin a list, or are reserved and do not end one */
    [KW_WITH] = true,
    [KW_BY] = true,
    [KW_VALUES] = true,
    [KW_AS] = true,
    [KW_NOT] = true,
    [KW_TO] = true,
    [KW_DEFAULT] = true,
    [KW_USING] = true,
    [KW_ALL] = true,
    [KW_DISTINCT] = true,
    [KW_NULL] = true,
    [KW_TRUE] = true,
    [KW_FALSE] = true,
};

/* Words that end the list of relations. */
static const bool ends_from[KW_COUNT] = {
    [KW_WHERE] = true, [KW_GROUP] = true,     [KW_HAVING] = true, [KW_WINDOW] = true,
    [KW_UNION] = true, [KW_INTERSECT] = true, [KW_EXCEPT] = true, [KW_ORDER] = true,
    [KW_LIMIT] = true, [KW_OFFSET] = true,    [KW_FETCH] = true,  [KW_FOR] = true,
};

/* The clause that the frame is in behind a reserved word that begins none. */
static inline enum clause clause_behind(const struct walk *w, unsigned keyword)
{
        enum clause clause = (enum clause)w->top->clause;

        if (clause == CLAUSE_SELECT || (clause == CLAUSE_FROM && !ends_from[keyword]))
                return clause;
        return CLAUSE_OTHER;
}

/* Returns the clause that the frame is in behind the reserved word. */
static enum clause on_special_reserved(struct walk *w, unsigned keyword, struct sv text)
{
        bool of_dml = w->last_keyword == KW_INSERT || w->last_keyword == KW_MERGE;

        switch (keyword) {
        case KW_INTO:
                w->into = true;
                walk_found(w, of_dml ? REASON_CTE_DML : REASON_INTO, text);
                return CLAUSE_OTHER;
        case KW_FROM:
                if (w->last_keyword == KW_DELETE && may_modify_after(w->name.before))
                        walk_found(w, REASON_CTE_DML, w->name.final);
                if (w->top->clause == CLAUSE_SELECT && w->last_keyword != KW_DISTINCT)
                        return CLAUSE_FROM;
                return clause_behind(w, keyword);
        case KW_ONLY:
                if (w->last_keyword == KW_UPDATE)
                        behind_update(w);
                return clause_behind(w, keyword);
        case KW_SELECT: return CLAUSE_SELECT;
        case KW_TABLE: return CLAUSE_FROM;
        case KW_END: w->atomic -= w->atomic > 0; return clause_behind(w, keyword);
        case KW_CASE: w->atomic += w->atomic > 0; return clause_behind(w, keyword);
        case KW_WITH:
                if (w->last == LAST_START || w->last == LAST_OPEN)
                        return CLAUSE_WITH;
                break;
        }
        return (enum clause)w->top->clause;
}

static inline void on_reserved(struct walk *w, unsigned keyword, struct sv text)
{
        w->top->clause =
            (uint8_t)(special[keyword] ? on_special_reserved(w, keyword, text) : clause_behind(w, keyword));
        w->name.before = w->last;
        w->name.before_keyword = w->last_keyword;
        w->last = keyword == KW_AS ? LAST_AS : LAST_RESERVED;
        w->last_keyword = keyword;
}

static void on_special_keyword(struct walk *w, unsigned keyword, struct sv text)
{
        unsigned last = w->last_keyword;

        switch (keyword) {
        case KW_UPDATE:
        case KW_SHARE:
        case KW_NO:
        case KW_KEY:
                if (last == KW_FOR)
                        walk_found(w, REASON_LOCKING, text);
                return;
        case KW_TEMP:
        case KW_TEMPORARY:
                if (w->into && (last == KW_INTO || last == KW_LOCAL || last == KW_GLOBAL))
                        w->st->facts->pins |= PIN_TEMP;
                return;
        case KW_ATOMIC:
                if (last == KW_BEGIN && (w->look & QUERY_READS) == 0)
                        w->atomic = 1;
                return;
        case KW_BY:
                if (last == KW_GROUP)
                        w->top->clause = CLAUSE_GROUP;
                return;
        case KW_VALUES: w->top->clause = CLAUSE_OTHER; return;
        }
}

/* A key word that may be a name as well. */
static inline void on_keyword(struct walk *w, unsigned keyword, struct sv text)
{
        if (__builtin_expect(w->last_keyword == KW_UPDATE, 0))
                behind_update(w);
        if (special[keyword])
                on_special_keyword(w, keyword, text);
        if (__builtin_expect(w->any_name, 0))
                walk_check_any_name(w, text, false);
        if (w->relations & (w->top->clause >= CLAUSE_WITH))
                walk_note_name(w, text);
        w->name.before = w->last;
        w->name.before_keyword = w->last_keyword;
        w->name.parts = 1;
        w->name.first = w->name.final = text;
        w->last = LAST_KEYWORD;
        w->last_keyword = keyword;
}

static inline void on_word(struct walk *w, const struct scan_token *token)
{
        if (token->keyword == KW_NOT_ONE || w->last == LAST_DOT || w->last == LAST_CAST) {
                on_name(w, token->text);
        } else if (w->last == LAST_AS) {
                /* a label or a type, whatever the word; but CREATE ... AS and PREPARE ... AS begin a query */
                if ((w->look & QUERY_READS) != 0 || token->category != CATEGORY_RESERVED) {
                        on_name(w, token->text);
                } else {
                        w->last = LAST_START;
                        on_reserved(w, token->keyword, token->text);
                }
        } else if (token->category == CATEGORY_RESERVED) {
                on_reserved(w, token->keyword, token->text);
        } else {
                on_keyword(w, token->keyword, token->text);
        }
}

/* ---- the loop ---- */

/* A number, and with it the whole list of numbers that it begins: IN (1, 2, 3, ...). Returns where that ends.
 */
static inline const char *on_number(struct walk *w, const char *behind)
{
        char ends_with = '\0';

        if (behind < w->st->scan.end && *behind == ',')
                behind = scan_list_end(&w->st->scan, behind, &ends_with);
        now_last(w, ends_with == ',' ? LAST_COMMA : LAST_OPERAND);
        return behind;
}

/* Takes one token, behind which `behind` stands. Returns where to go on, NULL at the statement's end. */
static inline const char *step(struct walk *w, const struct scan_token *token, const char *behind)
{
        if (__builtin_expect(w->relation, 0))
                walk_settle_relation(w, token->kind, token->keyword);
        switch (token->kind) {
        case SCAN_WORD: on_word(w, token); break;
        case SCAN_QUOTED: on_name(w, token->text); break;
        case SCAN_OPEN: return on_open(w, behind, token->text);
        case SCAN_CLOSE: on_close(w, token->text); break;
        case SCAN_COMMA: now_last(w, LAST_COMMA); break;
        case SCAN_DOT: on_dot(w); break;
        case SCAN_CAST: now_last(w, LAST_CAST); break;
        case SCAN_OPEN_SQUARE: now_last(w, LAST_OPERATOR); break;
        case SCAN_NUMBER:
        case SCAN_PARAM: return on_number(w, behind);
        case SCAN_STRING:
        case SCAN_CLOSE_SQUARE: now_last(w, LAST_OPERAND); break;
        case SCAN_OPERATOR:
                if (!known_operator(token->text))
                        walk_check_operator(w, token->text);
                now_last(w, LAST_OPERATOR);
                break;
        case SCAN_COLON:
        case SCAN_NAMED: now_last(w, LAST_OPERATOR); break;
        case SCAN_SEMICOLON:
                if (w->depth == 0 && w->atomic == 0)
                        return NULL;
                now_last(w, LAST_START); /* inside CREATE RULE or BEGIN ATOMIC; else no SQL */
                walk_found(w, REASON_UNLEXABLE, token->text);
                break;
        case SCAN_COMMENT:
        case SCAN_END:
        case SCAN_ERROR: return NULL;
        }
        return behind;
}

void query_walk(struct statement *st, unsigned look)
{
        struct walk w;
        struct scan_token token = st->token;
        const char *p = st->scan.p, *next;

        w.st = st;
        w.look = look;
        now_last(&w, LAST_START);
        w.name.before = LAST_START;
        w.name.before_keyword = KW_NOT_ONE;
        w.into = w.relation = false;
        w.with_count = 0;
        w.atomic = 0;
        w.depth = 0;
        w.top = w.frames;
        w.frames[0] = (struct frame){CLAUSE_OTHER, false};
        walk_use_catalog(&w);
        while ((next = step(&w, &token, p)) != NULL)
                p = scan_next_hot(&st->scan, next, &token);
        st->scan.p = p;
        st->token = token;
        if (token.kind == SCAN_ERROR || w.depth > 0)
                statement_write(st, REASON_UNLEXABLE, token.text);
}
