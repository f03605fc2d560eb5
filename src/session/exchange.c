#include "session/exchange.h"

#include "base/check.h"
#include "base/log.h"
#include "session/tally.h"

#include <string.h>

bool up_owes_too_much(struct up *up)
{
        client_refuse(up->c, "54000", "too many messages without an answer");
        return false;
}

bool exchange_follows(const struct client *c)
{
        return c->room->conf->opt.max_prepared_statements > 0 && c->endpoint->pool_mode != POOL_SESSION &&
               c->replication == REPLICATION_NONE;
}

void up_put_head(struct up *up, char type, size_t body)
{
        uint8_t head[MSG_HEAD] = {(uint8_t)type};

        put_u32(head + 1, (uint32_t)(body + 4));
        plan_put(&up->plan, head, sizeof(head));
}

void up_put_about(struct up *up, char type, const char *name)
{
        size_t n = strlen(name) + 1;

        up_put_head(up, type, 1 + n);
        plan_put(&up->plan, "S", 1);
        plan_put(&up->plan, name, n);
}

static bool send_parse(struct up *up, const char *name, struct sv rest, unsigned flags, const uint64_t *key)
{
        size_t n = strlen(name) + 1;

        up_put_head(up, FE_PARSE, n + rest.n);
        plan_put(&up->plan, name, n);
        plan_put(&up->plan, rest.p, rest.n);
        return up_owe(up, REPLY_PARSE, flags, key);
}

/* Makes room on the server for one more. */
static bool evict(struct up *up)
{
        uint64_t key[2];
        char name[STATEMENT_NAME_SIZE];

        while (up->s->prepared.count >= (uint32_t)up->c->room->conf->opt.max_prepared_statements &&
               prepared_evict(&up->s->prepared, key)) {
                statement_name(key, name);
                up_put_about(up, FE_CLOSE, name);
                if (!up_owe(up, REPLY_CLOSE, REPLY_SWALLOW, key))
                        return false;
        }
        return true;
}

static bool prepare(struct up *up, struct statement *st, unsigned flags)
{
        if (!evict(up))
                return false;
        prepared_add(&up->s->prepared, st->key, statement_fingerprint(st));
        up->c->endpoint->stats->n.server_parse_count++;
        return send_parse(up, st->name, sv_from(st->parse, st->size), flags, st->key);
}

bool exchange_prepare(struct up *up, struct statement *st)
{
        return prepared_touch(&up->s->prepared, st->key) || prepare(up, st, REPLY_SWALLOW);
}

static bool is_strict(const struct client *c)
{
        return !c->room->conf->opt.prepared_repair;
}

static void say(const struct client *c, struct sv name, const char *what)
{
        char who[400];

        log_error("C-%p: %s prepared statement '%.*s' %s", (const void *)c, client_name(c, who, sizeof(who)),
                  (int)(name.n < 200 ? name.n : 200), name.p, what);
}

bool exchange_parse(struct up *up, const struct msg *m, struct sv name)
{
        struct client *c = up->c;
        struct sv rest = sv_from(m->body + name.n + 1, m->body_size - name.n - 1);
        struct statement *old = names_find(&c->names, name), *st;

        if (old != NULL && !names_doubtful(&c->names, name)) {
                if (is_strict(c)) {
                        say(c, name, "was already prepared");
                        client_refuse(c, "08P01", "prepared statement name is already in use");
                        return false;
                }
                /* The server shall refuse it, as it would without us. */
                return exchange_prepare(up, old) && send_parse(up, old->name, rest, 0, NULL);
        }
        up->c->endpoint->stats->n.client_parse_count++;
        st = statement_get(&c->room->statements, rest, endpoint_rules(c->endpoint), c->lexing);
        if (!names_put(&c->names, &c->room->statements, name, st)) {
                client_refuse(c, "53200", "out of memory");
                return false;
        }
        if (prepared_touch(&up->s->prepared, st->key))
                return up_owe(up, REPLY_PARSE, REPLY_LOCAL, st->key);
        return prepare(up, st, 0);
}

bool exchange_target(struct up *up, struct sv name, struct statement **st)
{
        struct client *c = up->c;

        *st = NULL;
        if (name.n == 0) {
                if (c->unnamed_here || buf_len(&c->unnamed) == 0)
                        return true;
                c->unnamed_here = true;
                tally_unnamed(c, sv_cstr((const char *)buf_data(&c->unnamed)));
                return send_parse(up, "", sv_from(buf_data(&c->unnamed), buf_len(&c->unnamed)), REPLY_SWALLOW,
                                  NULL);
        }
        if (!exchange_follows(c))
                return true;
        *st = names_use(&c->names, name);
        if (*st != NULL)
                return exchange_prepare(up, *st);
        if (!is_strict(c))
                return true; /* the server shall say that there is none, or have one from PREPARE */
        say(c, name, "not found");
        client_refuse(c, "08P01", "prepared statement did not exist");
        return false;
}

bool exchange_close(struct up *up, const uint64_t key[2])
{
        char name[STATEMENT_NAME_SIZE];

        statement_name(key, name);
        prepared_forget(&up->s->prepared, key);
        up_put_about(up, FE_CLOSE, name);
        return up_owe(up, REPLY_CLOSE, REPLY_SWALLOW, NULL);
}

bool exchange_run(struct up *up, const char *sql)
{
        size_t n = strlen(sql) + 1;

        up_put_head(up, FE_QUERY, n);
        plan_put(&up->plan, sql, n);
        return up_owe(up, REPLY_QUERY, REPLY_SWALLOW, NULL);
}

/* Parse and Bind; no parameters, all columns as text. */
static void put_bound(struct up *up, const char *name, struct sv sql)
{
        static const uint8_t none[] = {0, 0, 0, 0, 0, 0};
        size_t name_size = strlen(name) + 1;

        up_put_head(up, FE_PARSE, name_size + sql.n + 1 + 2);
        plan_put(&up->plan, name, name_size);
        plan_put(&up->plan, sql.p, sql.n);
        plan_put(&up->plan, none, 1 + 2);
        up_put_head(up, FE_BIND, 1 + name_size + sizeof(none));
        plan_put(&up->plan, "", 1);
        plan_put(&up->plan, name, name_size);
        plan_put(&up->plan, none, sizeof(none));
}

static void put_execute(struct up *up)
{
        static const uint8_t all[] = {0, 0, 0, 0, 0};

        up_put_head(up, FE_EXECUTE, sizeof(all));
        plan_put(&up->plan, all, sizeof(all));
}

bool exchange_execute(struct up *up, const char *name, const char *sql)
{
        if (*name != '\0') { /* it may be there already */
                up_put_about(up, FE_CLOSE, name);
                if (!up_owe(up, REPLY_CLOSE, REPLY_SWALLOW, NULL))
                        return false;
        }
        put_bound(up, name, sv_cstr(sql));
        put_execute(up);
        return up_owe(up, REPLY_PARSE, REPLY_SWALLOW, NULL) && up_owe(up, REPLY_BIND, REPLY_SWALLOW, NULL) &&
               up_owe(up, REPLY_EXECUTE, REPLY_SWALLOW, NULL);
}

bool exchange_query(struct up *up, struct sv sql, const uint64_t *key)
{
        up->c->unnamed_here = false; /* which a Query forgets as well */
        put_bound(up, "", sql);
        up_put_head(up, FE_DESCRIBE, 2);
        plan_put(&up->plan, "P", 2);
        put_execute(up);
        up_put_head(up, FE_SYNC, 0);
        return up_owe(up, REPLY_PARSE, REPLY_SWALLOW, NULL) && up_owe(up, REPLY_BIND, REPLY_SWALLOW, NULL) &&
               up_owe(up, REPLY_DESCRIBE, 0, NULL) && up_owe(up, REPLY_EXECUTE, 0, key);
}

void exchange_end_skip(struct client *c, struct server *s)
{
        struct up up = {.c = c, .s = s};
        struct reply *head = replies_head(&s->replies);

        if (!s->skipping || c->in_segment)
                return;     /* the Sync is to come */
        if (head != NULL) { /* it is there; behind a query that was skipped its answer is the query's */
                if (head->flags & REPLY_OUTCOME)
                        replies_claim(&s->replies);
                return;
        }
        plan_begin(&up.plan, &s->stream);
        up_put_head(&up, FE_SYNC, 0);
        if (up_owe(&up, REPLY_SYNC, 0, NULL) && plan_send(&up.plan) != STATUS_OK)
                s->close_needed = true;
}
