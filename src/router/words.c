/* What key words mean to the walk, besides being remembered: they begin and end lists, nest, and change
 * something. */
#include "router/walk.h"

const uint8_t walk_meanings[KW_COUNT] = {
    [KW_WHERE] = MEANS_NO_FROM,
    [KW_GROUP] = MEANS_NO_FROM,
    [KW_HAVING] = MEANS_NO_FROM,
    [KW_WINDOW] = MEANS_NO_FROM,
    [KW_UNION] = MEANS_NO_FROM,
    [KW_INTERSECT] = MEANS_NO_FROM,
    [KW_EXCEPT] = MEANS_NO_FROM,
    [KW_ORDER] = MEANS_NO_FROM,
    [KW_LIMIT] = MEANS_NO_FROM,
    [KW_OFFSET] = MEANS_NO_FROM,
    [KW_FETCH] = MEANS_NO_FROM,
    [KW_FOR] = MEANS_NO_FROM,
    [KW_AS] = MEANS_NOTHING,
    [KW_NOT] = MEANS_NOTHING,
    [KW_TO] = MEANS_NOTHING,
    [KW_DEFAULT] = MEANS_NOTHING,
    [KW_USING] = MEANS_NOTHING,
    [KW_ALL] = MEANS_NOTHING,
    [KW_DISTINCT] = MEANS_NOTHING,
    [KW_NULL] = MEANS_NOTHING,
    [KW_TRUE] = MEANS_NOTHING,
    [KW_FALSE] = MEANS_NOTHING,
    /* they may change something, or are part of what does */
    [KW_INTO] = MEANS_MORE,
    [KW_FROM] = MEANS_MORE,
    [KW_ONLY] = MEANS_MORE,
    [KW_UPDATE] = MEANS_MORE,
    [KW_SHARE] = MEANS_MORE,
    [KW_NO] = MEANS_MORE,
    [KW_KEY] = MEANS_MORE,
    [KW_TEMP] = MEANS_MORE,
    [KW_TEMPORARY] = MEANS_MORE,
    /* they nest */
    [KW_CASE] = MEANS_MORE,
    [KW_END] = MEANS_MORE,
    [KW_ATOMIC] = MEANS_MORE,
    /* they begin a list */
    [KW_SELECT] = MEANS_MORE,
    [KW_TABLE] = MEANS_MORE,
    [KW_WITH] = MEANS_MORE,
    [KW_BY] = MEANS_MORE,
    [KW_VALUES] = MEANS_MORE,
};

const uint8_t walk_clauses_behind[MEANS_MORE][CLAUSES] = {
    [MEANS_NO_LIST] = {[CLAUSE_SELECT] = CLAUSE_SELECT, [CLAUSE_FROM] = CLAUSE_FROM},
    [MEANS_NO_FROM] = {[CLAUSE_SELECT] = CLAUSE_SELECT},
    [MEANS_NOTHING] = {CLAUSE_OTHER, CLAUSE_GROUP, CLAUSE_SELECT, CLAUSE_WITH, CLAUSE_FROM},
};

/* Whether a data-modifying statement may begin behind this: a parenthesis, or the end of WITH's list. */
static bool may_modify_after(enum last last)
{
        return last == LAST_OPEN || last == LAST_OPERAND || last == LAST_NAME || last == LAST_KEYWORD;
}

void walk_behind_update(struct walk *w)
{
        if (may_modify_after(w->name.before.kind))
                walk_found(w, REASON_CTE_DML, w->name.final);
}

enum clause walk_special_reserved(struct walk *w, unsigned keyword, struct sv text)
{
        bool of_dml = w->last.keyword == KW_INSERT || w->last.keyword == KW_MERGE;
        enum clause clause = (enum clause)w->top->clause;

        switch (keyword) {
        case KW_INTO:
                w->into = true;
                walk_found(w, of_dml ? REASON_CTE_DML : REASON_INTO, text);
                return CLAUSE_OTHER;
        case KW_FROM:
                if (w->last.keyword == KW_DELETE && may_modify_after(w->name.before.kind))
                        walk_found(w, REASON_CTE_DML, w->name.final);
                if (clause == CLAUSE_SELECT && w->last.keyword != KW_DISTINCT)
                        return CLAUSE_FROM;
                break;
        case KW_ONLY:
                if (w->last.keyword == KW_UPDATE)
                        walk_behind_update(w);
                break;
        case KW_SELECT: return CLAUSE_SELECT;
        case KW_TABLE: return CLAUSE_FROM;
        case KW_END: w->atomic -= w->atomic > 0; break;
        case KW_CASE: w->atomic += w->atomic > 0; break;
        case KW_WITH: return w->last.kind == LAST_START || w->last.kind == LAST_OPEN ? CLAUSE_WITH : clause;
        }
        return (enum clause)walk_clauses_behind[MEANS_NO_LIST][clause];
}

void walk_special_keyword(struct walk *w, unsigned keyword, struct sv text)
{
        unsigned last = w->last.keyword;

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
        case KW_VALUES: /* a query, or a name */
                if (w->top->clause == CLAUSE_WITH || w->last.kind == LAST_OPEN)
                        w->top->clause = CLAUSE_OTHER;
                return;
        }
}
