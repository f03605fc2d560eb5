#include "session/tally.h"

#include "base/clock.h"
#include "base/log.h"
#include "session/line_bound.h"

#include <inttypes.h>
#include <string.h>

static void mark(struct client *c, uint64_t fingerprint, struct sv text, unsigned lexing, uint64_t out[2])
{
        const struct endpoint *e = c->endpoint;
        struct query_owner owner = {e->database, e->user, e->salt};
        const struct query *query = queries_meet(&c->room->queries, fingerprint, &owner, text, lexing);

        out[0] = query != NULL ? query->key : 0;
        out[1] = query != NULL ? queries_place(&c->room->queries, query) : 0;
}

static void mark_text(struct client *c, struct sv text, uint64_t out[2])
{
        mark(c, queries_fingerprint(&c->room->queries, text, c->lexing), text, c->lexing, out);
}

const uint64_t *tally_query(struct client *c, const struct msg *m)
{
        struct reader r = reader_of(m);
        struct tally *t = &c->server->tally;

        if (!tally_counts(c) || m->have < m->size)
                return NULL;
        mark_text(c, take_cstr(&r), t->query);
        return t->query;
}

void tally_unnamed(struct client *c, struct sv text)
{
        struct tally *t = &c->server->tally;

        t->unnamed[0] = 0;
        if (tally_counts(c) && text.n > 0)
                mark_text(c, text, t->unnamed);
}

void tally_bind(struct client *c, struct statement *st, struct sv name)
{
        struct tally *t = &c->server->tally;

        t->query[0] = 0;
        if (!tally_counts(c))
                return;
        if (st != NULL)
                mark(c, statement_fingerprint(st), sv_cstr(st->parse), st->options, t->query);
        else if (name.n == 0)
                memcpy(t->query, t->unnamed, sizeof(t->query));
}

/* "SELECT 5", "INSERT 0 5", "COPY 5": the number at the end. */
void tally_rows(struct client *c, struct sv tag)
{
        uint64_t rows = 0, unit = 1;

        while (tag.n > 0 && tag.p[tag.n - 1] >= '0' && tag.p[tag.n - 1] <= '9' &&
               unit < UINT64_C(1000000000000000000)) {
                rows += unit * (uint64_t)(tag.p[--tag.n] - '0');
                unit *= 10;
        }
        c->server->tally.rows += rows;
}

static void log_slow(struct client *c, const struct server *s, const struct query *query, int64_t took)
{
        char name[400];

        if (!line_bound_allows(&c->room->slow_lines, loop_now(c->room->loop), "log_slow_queries"))
                return;
        log_info("C-%p: %s slow query: time=%" PRId64 ".%03d ms node=%s rows=%" PRIu64 "%s text=%s",
                 (const void *)c, client_name(c, name, sizeof(name)), took / 1000, (int)(took % 1000),
                 s->pool->node->name, s->tally.rows, c->failed ? " failed" : "", query->text);
}

/* Of several that were sent together each one's time begins when the one before it was complete. */
static int64_t time_of(const struct client *c, struct tally *t)
{
        int64_t now = loop_now(c->room->loop);
        int64_t since = t->done_us > c->request_us ? t->done_us : c->request_us;

        t->done_us = now;
        return now - since;
}

static void count(struct client *c, struct server *s, const struct reply *reply)
{
        struct query *query = queries_again(&c->room->queries, reply->key[0], reply->key[1]);
        int64_t took = time_of(c, &s->tally), slow = c->room->conf->opt.log_slow_queries_us;

        if (query != NULL && !c->discarding) {
                query->calls++;
                query->errors += c->failed;
                query->rows += s->tally.rows;
                *(c->on_primary ? &query->on_primary : &query->on_standby) += 1;
                histogram_add(&query->time, took);
                if (slow > 0 && took >= slow)
                        log_slow(c, s, query, took);
        }
        s->tally.rows = 0;
}

void tally_done(struct client *c, struct server *s)
{
        const struct reply *head = replies_head(&s->replies);

        if (tally_counts(c) && head != NULL && (head->flags & REPLY_SWALLOW) == 0 &&
            (head->kind == REPLY_EXECUTE || head->kind == REPLY_QUERY))
                count(c, s, head);
}

void tally_failed(struct client *c, struct server *s)
{
        struct replies *owed = &s->replies;

        for (uint32_t i = 0; tally_counts(c) && i < owed->count && !reply_ends_segment(replies_at(owed, i));
             i++) {
                if (replies_at(owed, i)->kind == REPLY_EXECUTE) {
                        count(c, s, replies_at(owed, i));
                        return;
                }
        }
}
