/* The walk through a query: it does not parse, it knows for every parenthesis whether it may be a call, and
 * for every word whether it may change something.
 *
 * A name in front of "(" is a call unless what stands in front of the name makes that impossible: an operand
 * (then the name is an alias with columns, or a word of the grammar like OVER), AS, "::" (types), or a place
 * where WITH names its queries. All that is decided with the last two tokens and one small frame per
 * parenthesis, so the walk is linear and has a fixed size.
 *
 * What is frequent is inlined into one loop, with the short ways of scan_hot.h; what is rare is not. */
#include "router/scan_hot.h"
#include "router/walk.h"

#define RARE __attribute__((noinline, cold))

static inline void now_last(struct walk *w, enum last last)
{
        w->last.kind = last;
        w->last.keyword = KW_NOT_ONE;
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
        if ((w->look & QUERY_PLANS) != 0 && walk_runs_when_planned(schema, name, known))
                statement_write(w->st, REASON_EFFECT, name);
}

/* TO SECOND (3) ends an interval's fields, unless it is a pattern behind SIMILAR that a function makes. */
RARE static bool is_precision(const struct walk *w)
{
        struct scan ahead = w->st->scan;
        struct scan_token digits, behind;

        scan_next(&ahead, &digits);
        scan_next(&ahead, &behind);
        return digits.kind == SCAN_NUMBER && behind.kind == SCAN_CLOSE &&
               statement_call(w->st, SV(""), w->name.final) == KNOWN_NOT;
}

/* Whether a key word that may also be a function's name belongs to the grammar here, with its "(". */
static bool is_syntax(const struct walk *w)
{
        unsigned before = w->name.before.keyword;

        switch (w->last.keyword) {
        case KW_BY: return before == KW_GROUP || before == KW_ORDER || before == KW_PARTITION;
        case KW_FIRST:
        case KW_NEXT: return before == KW_FETCH;
        case KW_ZONE: return before == KW_TIME;
        case KW_VARYING:
                return before == KW_CHARACTER || before == KW_CHAR || before == KW_NCHAR || before == KW_BIT;
        case KW_SETS: return before == KW_GROUPING;
        case KW_SECOND: return before == KW_INTERVAL || (before == KW_TO && is_precision(w));
        case KW_OF: return before == KW_IS;
        case KW_CUBE:
        case KW_ROLLUP:
                return w->top->clause == CLAUSE_GROUP &&
                       (before == KW_BY || before == KW_ALL || before == KW_DISTINCT ||
                        w->name.before.kind == LAST_COMMA || w->name.before.kind == LAST_OPEN);
        case KW_JOIN:
                return before == KW_LEFT || before == KW_RIGHT || before == KW_FULL || before == KW_INNER ||
                       before == KW_OUTER || before == KW_CROSS || before == KW_NATURAL;
        }
        return keyword_entries[w->last.keyword].category == CATEGORY_COL_NAME;
}

/* Whether the name is one that WITH gives to a query: WITH a (columns) AS ..., b (columns) AS ... */
static bool is_with_name(const struct walk *w)
{
        return w->top->clause == CLAUSE_WITH &&
               (w->name.before.kind == LAST_COMMA || w->name.before.keyword == KW_WITH ||
                w->name.before.keyword == KW_RECURSIVE);
}

static bool is_sample_method(const struct walk *w)
{
        return w->name.before.keyword == KW_TABLESAMPLE && w->name.parts == 1 &&
               (sv_ieq(w->name.final, SV("bernoulli")) || sv_ieq(w->name.final, SV("system")));
}

/* Whether the name that came last is called by the "(" behind it. */
static bool is_call(const struct walk *w)
{
        switch (w->name.before.kind) {
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
        if (is_with_name(w) || is_sample_method(w) || w->name.before.keyword == KW_ORDINALITY)
                return false;
        return w->last.kind == LAST_NAME || !is_syntax(w);
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
        if (w->last.kind == LAST_NAME || w->last.kind == LAST_KEYWORD) {
                if (w->last.keyword == KW_OPERATOR && statement_read_operator(w->st, &operator)) {
                        if (operator.n> 0)
                                walk_found(w, REASON_OPERATOR, operator);
                        now_last(w, LAST_OPERATOR);
                        return w->st->scan.p;
                }
                if (is_call(w))
                        called(w);
                else if (w->last.keyword == KW_SETS && w->top->clause == CLAUSE_GROUP)
                        frame.clause = CLAUSE_GROUP;
        } else if (w->last.keyword == KW_ON) {
                frame.of_distinct = w->name.before.keyword == KW_DISTINCT;
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

RARE static void check_relation(struct walk *w, struct sv name)
{
        enum known known = known_relation(name);

        if (known == KNOWN_NODE)
                walk_found(w, REASON_NODE_STATE, name);
        else if (known == KNOWN_SESSION)
                walk_found(w, REASON_SESSION_STATE, name);
}

/* PostgreSQL's own relations are to be found in any place. `name`: behind the quote, when there is one. */
static SCAN_HOT bool in_catalog(const char *name, size_t n)
{
        return (name[0] | 0x20) == 'p' && n >= 7 && (name[1] | 0x20) == 'g' && name[2] == '_';
}

/* A word in a clause where names may matter. */
static SCAN_HOT void look_up(struct walk *w, struct sv text, unsigned keyword)
{
        if (__builtin_expect(w->top->clause >= w->named_from, 0))
                walk_note_name(w, text, keyword);
}

/* A name, or a part of one. `keyword`: what it would be elsewhere. */
static SCAN_HOT void on_name(struct walk *w, struct sv text, bool quoted, unsigned keyword)
{
        look_up(w, text, keyword);
        if (w->last.kind == LAST_DOT) {
                w->name.parts++;
        } else {
                if (__builtin_expect(w->last.keyword == KW_UPDATE, 0))
                        walk_behind_update(w);
                w->name.before = w->last;
                w->name.parts = 1;
        }
        w->name.final = text;
        now_last(w, LAST_NAME);
        if (__builtin_expect(in_catalog(text.p + quoted, text.n), 0))
                check_relation(w, text);
}

RARE static void check_schema(struct walk *w, struct sv name)
{
        char space[KNOWN_NAME_BYTES];
        struct sv schema = known_fold(name, space);

        if (schema.n >= 7 && memcmp(schema.p, "pg_temp", 7) == 0 && (schema.n == 7 || schema.p[7] == '_')) {
                w->st->facts->pins |= PIN_TEMP;
                statement_write(w->st, REASON_RELATION, name);
        }
}

/* A schema in front of a dot. Those for temporary tables are of one server alone. */
static SCAN_HOT void on_schema(struct walk *w, struct sv name)
{
        if (__builtin_expect(in_catalog(name.p + (*name.p == '"'), name.n), 0))
                check_schema(w, name);
}

static inline void on_dot(struct walk *w)
{
        if (w->last.kind != LAST_NAME && w->last.kind != LAST_KEYWORD) {
                w->name.parts = 3; /* (row).name: names nothing built in */
                w->name.before = (struct mark){LAST_RESERVED, KW_NOT_ONE};
        } else {
                if (w->name.parts == 1)
                        w->name.first = w->name.final;
                on_schema(w, w->name.final);
        }
        now_last(w, LAST_DOT);
}

static SCAN_HOT void on_reserved(struct walk *w, unsigned keyword, struct sv text)
{
        enum meaning meaning = (enum meaning)walk_meanings[keyword];

        if (meaning == MEANS_MORE)
                w->top->clause = (uint8_t)walk_special_reserved(w, keyword, text);
        else
                w->top->clause = walk_clauses_behind[meaning][w->top->clause];
        w->name.before = w->last;
        w->last = (struct mark){keyword == KW_AS ? LAST_AS : LAST_RESERVED, keyword};
}

/* A key word that may be a name as well. */
static SCAN_HOT void on_keyword(struct walk *w, unsigned keyword, struct sv text)
{
        if (__builtin_expect(w->last.keyword == KW_UPDATE, 0))
                walk_behind_update(w);
        if (walk_meanings[keyword] == MEANS_MORE)
                walk_special_keyword(w, keyword, text);
        look_up(w, text, keyword);
        w->name.before = w->last;
        w->name.parts = 1;
        w->name.final = text;
        w->last = (struct mark){LAST_KEYWORD, keyword};
}

/* A key word behind AS, "::" or a dot. */
RARE static void on_renamed(struct walk *w, const struct keyword_entry *entry, struct sv text)
{
        /* a label or a type, whatever the word; but CREATE ... AS and PREPARE ... AS begin a query */
        if (w->last.kind != LAST_AS || (w->look & QUERY_READS) != 0 || entry->category != CATEGORY_RESERVED) {
                on_name(w, text, false, entry->keyword);
        } else {
                w->last.kind = LAST_START;
                on_reserved(w, entry->keyword, text);
        }
}

static SCAN_HOT void on_word(struct walk *w, const struct keyword_entry *entry, struct sv text)
{
        if (entry->category == CATEGORY_NONE)
                on_name(w, text, false, KW_NOT_ONE);
        else if (__builtin_expect(w->last.kind >= LAST_AS, 0))
                on_renamed(w, entry, text);
        else if (entry->category == CATEGORY_RESERVED)
                on_reserved(w, entry->keyword, text);
        else
                on_keyword(w, entry->keyword, text);
}

static __attribute__((noinline)) void take_word(struct walk *w, const struct keyword_entry *entry,
                                                struct sv text)
{
        on_word(w, entry, text);
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

/* Where the list of strings ends of which one ends in front of `p`: IN ('a', 'b', 'c', ...). Goes on as long
 * as they are short. */
static const char *strings_end(const struct scan *scan, const char *p)
{
        for (;;) {
                const char *window = scan_window(scan, p);
                unsigned blank = window[1] == ' ', n;

                if (window[0] != ',' || window[1 + blank] != '\'')
                        return p;
                n = scan_short_quoted(window + 1, blank, '\'');
                if (n == 0)
                        return p;
                p += 1 + blank + n;
        }
}

/* The statement ends with `piece`, which begins at `p`. */
static void end_at(struct statement *st, const char *p, struct scan_piece piece)
{
        st->token = (struct scan_token){piece.kind, KW_NOT_ONE, CATEGORY_NONE, {p, (size_t)(piece.stop - p)}};
        st->scan.p = piece.stop;
}

/* What is at `p`, a token, a comment or white space, by the long way. Returns where to go on, NULL at the
 * statement's end. */
static __attribute__((noinline)) const char *long_step(struct walk *w, const char *p)
{
        const struct scan *scan = &w->st->scan;
        struct scan_piece piece = {scan->end, SCAN_END};
        const struct keyword_entry *entry = &keyword_entries[0];
        struct sv text;

        while (p < scan->end && scan_first_of(*p) == FIRST_SPACE)
                p++;
        if (p < scan->end)
                piece = scan_piece_at(scan, p);
        text = sv_from(p, (size_t)(piece.stop - p));
        switch (piece.kind) {
        case SCAN_WORD:
                if (text.n <= KEYWORD_LENGTH_MAX)
                        entry = keyword_find(scan_window(scan, p), text.n);
                take_word(w, entry, text);
                break;
        case SCAN_QUOTED: on_name(w, text, true, KW_NOT_ONE); break;
        case SCAN_OPEN: return on_open(w, piece.stop, text);
        case SCAN_CLOSE: on_close(w, text); break;
        case SCAN_COMMA: now_last(w, LAST_COMMA); break;
        case SCAN_DOT: on_dot(w); break;
        case SCAN_CAST: now_last(w, LAST_CAST); break;
        case SCAN_NUMBER:
        case SCAN_PARAM: return on_number(w, piece.stop);
        case SCAN_STRING:
        case SCAN_CLOSE_SQUARE: now_last(w, LAST_OPERAND); break;
        case SCAN_OPERATOR:
                if (!known_operator(text))
                        walk_check_operator(w, text);
                now_last(w, LAST_OPERATOR);
                break;
        case SCAN_OPEN_SQUARE:
        case SCAN_COLON:
        case SCAN_NAMED: now_last(w, LAST_OPERATOR); break;
        case SCAN_SEMICOLON:
                if (w->depth == 0 && w->atomic == 0) {
                        end_at(w->st, p, piece);
                        return NULL;
                }
                now_last(w, LAST_START); /* inside CREATE RULE or BEGIN ATOMIC; else no SQL */
                walk_found(w, REASON_UNLEXABLE, text);
                break;
        case SCAN_COMMENT: break;
        case SCAN_END:
        case SCAN_ERROR: end_at(w->st, p, piece); return NULL;
        }
        return piece.stop;
}

/* The same for a scan without options: what is frequent and short goes the short way. `window`: scan_window
 * of `p`. */
static SCAN_HOT const char *step(struct walk *w, const char *p, const char *window)
{
        unsigned blank = *window == ' ', n;
        const char *start = window + blank;

        p += blank;
        switch ((int)scan_first_of(*start)) {
        case FIRST_SPACE: return p + 1;
        case FIRST_WORD:
                n = scan_short_word(window, blank);
                if (n == 0)
                        break;
                on_word(w, keyword_find(start, n), sv_from(p, n));
                return p + n;
        case FIRST_DOUBLE_QUOTE:
                n = scan_short_quoted(window, blank, '"');
                if (n == 0)
                        break;
                on_name(w, sv_from(p, n), true, KW_NOT_ONE);
                return p + n;
        case FIRST_QUOTE:
                n = scan_short_quoted(window, blank, '\'');
                if (n == 0)
                        break;
                now_last(w, LAST_OPERAND);
                return start[n] == ',' ? strings_end(&w->st->scan, p + n) : p + n;
        case FIRST_DIGIT:
                n = scan_short_digits(window, blank);
                if (n == 0 || start[n] == '.' || (start[n] | 0x20) == 'e')
                        break;
                return on_number(w, p + n);
        case FIRST_DOLLAR:
                n = scan_short_digits(window, blank);
                if (n <= 1)
                        break;
                return on_number(w, p + n);
        case FIRST_OPERATOR:
                if (scan_first_of(start[1]) == FIRST_OPERATOR || *start == '`')
                        break;
                now_last(w, LAST_OPERATOR);
                return p + 1;
        case FIRST_SINGLE + SCAN_OPEN: return on_open(w, p + 1, sv_from(p, 1));
        case FIRST_SINGLE + SCAN_CLOSE: on_close(w, sv_from(p, 1)); return p + 1;
        case FIRST_SINGLE + SCAN_COMMA: now_last(w, LAST_COMMA); return p + 1;
        case FIRST_SINGLE + SCAN_DOT: on_dot(w); return p + 1;
        }
        return long_step(w, p);
}

/* Where the windows are the text itself: most of it. */
static SCAN_HOT const char *walk_body(struct walk *w, const char *p)
{
        const char *end = w->st->scan.end;

        while (p != NULL && end - p > SCAN_TAIL)
                p = step(w, p, p);
        return p;
}

static __attribute__((noinline)) void walk_tail(struct walk *w, const char *p)
{
        while (p != NULL)
                p = step(w, p, scan_window(&w->st->scan, p));
}

void query_walk(struct statement *st, unsigned look)
{
        struct walk w;
        const char *p = st->token.text.p;

        w.st = st;
        w.look = look;
        now_last(&w, LAST_START);
        w.name.before = w.last;
        w.name.parts = 1;
        w.into = false;
        w.with_count = 0;
        w.atomic = 0;
        w.depth = 0;
        w.top = w.frames;
        w.frames[0] = (struct frame){CLAUSE_OTHER, false};
        walk_use_catalog(&w);
        if (st->token.kind == SCAN_WORD) {
                take_word(&w, &keyword_entries[st->token.keyword], st->token.text);
                p = st->scan.p;
        }
        if (st->scan.options == 0)
                walk_tail(&w, walk_body(&w, p));
        else
                while (p != NULL)
                        p = long_step(&w, p);
        if (st->token.kind == SCAN_ERROR || w.depth > 0)
                statement_write(st, REASON_UNLEXABLE, st->token.text);
}
