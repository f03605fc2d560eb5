/* BEGIN, COMMIT, ROLLBACK, savepoints and the modes of a transaction (manual, "BEGIN", "SET TRANSACTION"). */
#include "router/statement.h"

/* ISOLATION LEVEL's words, behind LEVEL. */
static enum tx_isolation read_level(struct statement *st)
{
        if (statement_accept(st, KW_SERIALIZABLE))
                return ISOLATION_SERIALIZABLE;
        if (statement_accept(st, KW_REPEATABLE))
                return statement_accept(st, KW_READ) ? ISOLATION_REPEATABLE_READ : ISOLATION_UNSAID;
        if (statement_accept(st, KW_READ) &&
            (statement_accept(st, KW_COMMITTED) || statement_accept(st, KW_UNCOMMITTED)))
                return ISOLATION_READ_COMMITTED;
        return ISOLATION_UNSAID;
}

/* One mode, said for the first time. */
static bool read_mode(struct statement *st, bool *deferrable)
{
        struct facts *facts = st->facts;
        enum tx_access access = facts->access;
        bool again;

        if (statement_accept(st, KW_ISOLATION)) {
                again = facts->isolation != ISOLATION_UNSAID;
                if (!statement_accept(st, KW_LEVEL))
                        return false;
                facts->isolation = read_level(st);
                return !again && facts->isolation != ISOLATION_UNSAID;
        }
        if (statement_accept(st, KW_READ)) {
                if (statement_accept(st, KW_ONLY))
                        facts->access = ACCESS_READ_ONLY;
                else if (statement_accept(st, KW_WRITE))
                        facts->access = ACCESS_READ_WRITE;
                return access == ACCESS_UNSAID && facts->access != ACCESS_UNSAID;
        }
        again = *deferrable;
        *deferrable = true;
        statement_accept(st, KW_NOT);
        return statement_accept(st, KW_DEFERRABLE) && !again;
}

/* What is no list of modes is read for what it may mean all the same. */
static void read_loosely(struct statement *st)
{
        struct facts *facts = st->facts;

        for (; !statement_ended(st); statement_advance(st)) {
                switch (st->token.keyword) {
                case KW_ONLY: facts->access = ACCESS_READ_ONLY; break;
                case KW_WRITE: facts->access = ACCESS_READ_WRITE; break;
                case KW_SERIALIZABLE: facts->isolation = ISOLATION_SERIALIZABLE; break;
                case KW_REPEATABLE: facts->isolation = ISOLATION_REPEATABLE_READ; break;
                case KW_COMMITTED:
                case KW_UNCOMMITTED: facts->isolation = ISOLATION_READ_COMMITTED; break;
                }
        }
}

static bool is_at_end(const struct statement *st)
{
        return statement_ended(st) && st->token.kind != SCAN_ERROR;
}

bool statement_read_modes(struct statement *st)
{
        bool deferrable = false, comma = false;

        while (!statement_ended(st)) {
                struct statement mode = *st;

                if (!read_mode(st, &deferrable)) {
                        *st = mode;
                        read_loosely(st);
                        return false;
                }
                comma = st->token.kind == SCAN_COMMA;
                if (comma)
                        statement_advance(st);
        }
        return !comma && is_at_end(st);
}

static void accept_noise(struct statement *st)
{
        if (!statement_accept(st, KW_WORK))
                statement_accept(st, KW_TRANSACTION);
}

void statement_read_begin(struct statement *st)
{
        bool start = st->token.keyword == KW_START;

        statement_write(st, REASON_TRANSACTION_CONTROL, st->token.text);
        st->facts->tx = TX_BEGIN;
        statement_advance(st);
        if (!start)
                accept_noise(st);
        else if (!statement_accept(st, KW_TRANSACTION))
                return;
        st->facts->exact = statement_read_modes(st);
}

/* What a savepoint is called, up to the statement's end. */
static void read_savepoint(struct statement *st, enum savepoint_effect effect)
{
        struct facts *facts = st->facts;
        bool word = st->token.kind == SCAN_WORD && st->token.category != CATEGORY_RESERVED &&
                    st->token.category != CATEGORY_TYPE_FUNC;

        facts->savepoint = effect;
        if (!word && (st->token.kind != SCAN_QUOTED || st->token.text.n <= 2))
                return;
        facts->savepoint_name = st->token.text;
        statement_advance(st);
        facts->exact = is_at_end(st);
}

/* SAVEPOINT may be left out, and may be a savepoint's name. */
static void accept_savepoint(struct statement *st)
{
        struct scan ahead = st->scan;
        struct scan_token next;

        scan_next(&ahead, &next);
        if (next.kind == SCAN_WORD || next.kind == SCAN_QUOTED)
                statement_accept(st, KW_SAVEPOINT);
}

void statement_read_savepoint(struct statement *st)
{
        bool release = st->token.keyword == KW_RELEASE;

        statement_write(st, REASON_TRANSACTION_CONTROL, st->token.text);
        statement_advance(st);
        if (release)
                accept_savepoint(st);
        read_savepoint(st, release ? SAVEPOINT_RELEASE : SAVEPOINT_DEFINE);
}

/* AND [NO] CHAIN, if it is said. */
static bool read_chain(struct statement *st)
{
        bool chain;

        if (!statement_accept(st, KW_AND))
                return is_at_end(st);
        chain = !statement_accept(st, KW_NO);
        if (!statement_accept(st, KW_CHAIN))
                return false;
        st->facts->chain = chain;
        return is_at_end(st);
}

void statement_read_end(struct statement *st)
{
        bool back = st->token.keyword == KW_ROLLBACK, commits = !back && st->token.keyword != KW_ABORT;

        statement_write(st, REASON_TRANSACTION_CONTROL, st->token.text);
        statement_advance(st);
        if (statement_accept(st, KW_PREPARED)) { /* of another session's, outside of any of ours */
                st->facts->writes = st->facts->piecewise = true;
                return;
        }
        accept_noise(st);
        if (back && statement_accept(st, KW_TO)) {
                accept_savepoint(st);
                read_savepoint(st, SAVEPOINT_ROLLBACK_TO);
                return;
        }
        st->facts->tx = TX_END;
        st->facts->commits = commits;
        st->facts->exact = read_chain(st);
}
