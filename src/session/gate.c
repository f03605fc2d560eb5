#include "session/gate.h"

#include "session/entry.h"
#include "session/roll_call.h"

static bool is_administrator(const struct client *c, const struct conf_user *user)
{
        return c->entry->admin_database && (entry_is_own_user(c) || (user != NULL && user->admin));
}

/* Counts it in; false when there are so many, and nobody is exempt. */
static bool count_in(struct client *c, enum budget_kind kind, const char *name, int limit)
{
        struct budget *budget = budget_for(kind, name);

        if (!budget_enter(budget, limit)) {
                budget_unref(budget);
                return false;
        }
        c->budget[kind] = budget;
        return true;
}

/* A database that is not there has no number of clients; one that "*" stands for has its own. */
static bool enter_database(struct client *c, const struct conf_database *line, bool exempt)
{
        int limit = c->room->conf->opt.max_db_client_connections;

        if (c->entry->admin_database)
                return count_in(c, BUDGET_DATABASE, "pgbouncer", exempt ? 0 : limit);
        if (line == NULL)
                return true;
        if (line->max_db_client_connections > 0)
                limit = line->max_db_client_connections;
        return count_in(c, BUDGET_DATABASE, c->entry->database, limit);
}

/* Nobody can make us count names that nobody has. */
static bool enter_user(struct client *c, const struct conf_database *line, bool exempt)
{
        const struct conf *conf = c->room->conf;
        int limit = conf->opt.max_user_client_connections;
        /* auth_type=any does not care what a client calls itself: who it becomes is counted. */
        bool becomes = conf->opt.auth_type == AUTH_ANY && line != NULL && line->user != NULL;
        const char *name = becomes ? line->user : c->entry->user;
        const struct conf_user *user = conf_find_user(conf, name);

        if (user == NULL && !becomes)
                return true;
        if (user != NULL && user->max_user_client_connections > 0)
                limit = user->max_user_client_connections;
        return count_in(c, BUDGET_USER, name, exempt ? 0 : limit);
}

/* Counts the client in; NULL: it is, else why it is not. */
static const char *enter(struct client *c)
{
        const struct conf *conf = c->room->conf;
        const struct entry *e = c->entry;
        const struct conf_database *line = e->admin_database ? NULL : conf_find_database(conf, e->database);
        bool exempt = is_administrator(c, conf_find_user(conf, e->user));

        if (!e->admin_database &&
            atomic_load_explicit(&c->room->crowd->total, memory_order_relaxed) > conf->opt.max_client_conn)
                return "no more connections allowed (max_client_conn)";
        if (!enter_database(c, line, exempt))
                return "client connections exceeded (max_db_client_connections)";
        if (!enter_user(c, line, exempt)) {
                budgets_leave(c->budget);
                return "client connections exceeded (max_user_client_connections)";
        }
        return NULL;
}

bool gate_enter(struct client *c)
{
        if (enter(c) == NULL)
                return true;
        client_move(c, CLIENT_GATE);
        roll_call_await(c);
        return false;
}

void gate_try_again(struct client *c)
{
        const char *why = enter(c);

        if (why != NULL) {
                client_refuse(c, "08P01", why);
                return;
        }
        entry_let_in(c);
        client_go_on(c);
}

void gate_keep(struct client *c, const char *database, const char *user)
{
        const struct conf *conf = c->room->conf;
        const struct conf_database *line = conf_find_database(conf, database);

        if (conf->opt.auth_type == AUTH_ANY && line != NULL && line->user != NULL)
                user = line->user;
        else if (conf_find_user(conf, user) == NULL)
                user = NULL;
        (void)count_in(c, BUDGET_DATABASE, database, 0);
        if (user != NULL)
                (void)count_in(c, BUDGET_USER, user, 0);
}
