#include "session/endpoint.h"

#include "auth/secret.h"
#include "base/check.h"
#include "base/memory.h"
#include "conf/terms.h"
#include "session/autodb.h"
#include "session/client.h"
#include "session/greeting.h"
#include "session/learned.h"
#include "session/outcome.h"
#include "session/welcome.h"
#include "wire/writer.h"

#include <stdlib.h>
#include <string.h>

enum { WELCOMES_MAX = 32, WELCOME_BYTES_MAX = 65536 };

static const char *server_user(const struct endpoint *e)
{
        return e->line->user != NULL ? e->line->user : e->user;
}

static int64_t user_or(int64_t of_user, int64_t otherwise)
{
        return of_user > 0 ? of_user : otherwise;
}

/* As in PgBouncer: waiting and idling are the client's, so they go by who logged in; what runs on a server
 * goes by the user there, which the line may force. */
static void set_timeouts(struct endpoint *e)
{
        static const struct conf_user nobody = {.query_wait_timeout_us = -1};
        const struct conf *conf = e->room->conf;
        const struct options *opt = &conf->opt;
        const struct conf_user *user = conf_find_user(conf, e->user), *there = user;

        if (e->line->user != NULL)
                there = conf_find_user(conf, e->line->user);
        user = user != NULL ? user : &nobody;
        there = there != NULL ? there : &nobody;
        e->client_idle_timeout_us = user_or(user->client_idle_timeout_us, opt->client_idle_timeout_us);
        e->query_wait_timeout_us = opt->query_wait_timeout_us;
        if (e->line->query_wait_timeout_us >= 0)
                e->query_wait_timeout_us = e->line->query_wait_timeout_us;
        if (user->query_wait_timeout_us >= 0)
                e->query_wait_timeout_us = user->query_wait_timeout_us;
        e->query_timeout_us = user_or(there->query_timeout_us, opt->query_timeout_us);
        e->idle_transaction_timeout_us =
            user_or(there->idle_transaction_timeout_us, opt->idle_transaction_timeout_us);
        e->transaction_timeout_us = user_or(there->transaction_timeout_us, opt->transaction_timeout_us);
        if (e->client_idle_timeout_us > 0 || e->query_timeout_us > 0 || e->idle_transaction_timeout_us > 0 ||
            e->transaction_timeout_us > 0)
                e->room->looks_at_everybody = true;
}

/* After the configuration, or the catalog, has changed. */
static void set_rules(struct endpoint *e)
{
        e->rules = e->room->rules;
        e->rules.catalog = e->catalog;
        if (e->catalog != NULL)
                e->rules.stamp ^= e->catalog->id;
}

/* What a line's database is called on its servers. */
static const char *server_database(const struct endpoint *e)
{
        return e->line->dbname != NULL ? e->line->dbname : e->database;
}

static void leave_home(struct endpoint *e)
{
        catalog_home_leave(e->home);
        catalog_unref(e->catalog);
        e->home = NULL;
        e->catalog = NULL;
}

static void find_home(struct endpoint *e)
{
        struct catalog_home *old = e->home;

        e->home = e->single ? NULL : catalog_home_join(e->cluster, server_database(e));
        catalog_home_leave(old); /* behind the joining, or the home might be swept between them */
        if (e->home != old) {
                catalog_unref(e->catalog);
                e->catalog = NULL;
        }
        if (e->home != NULL)
                catalog_home_refresh(e->home, &e->catalog);
}

static void set_terms(struct endpoint *e)
{
        const char *zone = e->room->conf->opt.zone;

        e->terms.near = 0;
        for (int i = 0; i < e->line->host_count && i < TOPOLOGY_NODES_MAX; i++) {
                const struct conf_host *host = &e->line->hosts[i];

                e->terms.weight[i] = (uint16_t)(host->weight > 0 ? host->weight : 1);
                if (*zone != '\0' && host->zone != NULL && strcmp(host->zone, zone) == 0)
                        e->terms.near |= UINT64_C(1) << i;
        }
}

static void set_up(struct endpoint *e)
{
        const struct conf *conf = e->room->conf;
        struct conf_terms agreed;

        conf_terms(conf, e->line, e->user, &agreed);
        e->pool_mode = agreed.pool_mode;
        e->consistency = agreed.consistency;
        e->target = agreed.target;
        set_timeouts(e);
        e->min_pool_size = e->line->min_pool_size >= 0 ? e->line->min_pool_size : conf->opt.min_pool_size;
        e->cluster = cluster_for(e->line);
        set_terms(e);
        e->single = !e->cluster->probed || !conf->opt.routing;
        e->split = !e->single && agreed.split;
        e->isolation = ISOLATION_UNSAID;
        outcome_configure(e, agreed.commit_outcome);
        for (int i = 0; i < TOPOLOGY_NODES_MAX; i++)
                e->pools[i] = NULL;
        cluster_refresh(e->cluster, &e->topology);
        find_home(e);
        set_rules(e);
}

struct endpoint *endpoint_get(struct room *room, const struct conf_database *line, const char *database,
                              const char *user)
{
        size_t dn = strlen(database) + 1, un = strlen(user) + 1;
        struct endpoint *e = xcalloc(1, sizeof(*e) + dn + un), *found;

        e->key_size = dn + un;
        memcpy(e->key, database, dn);
        memcpy(e->key + dn, user, un);
        HASH_FIND(hh, room->endpoints, e->key, e->key_size, found);
        if (found != NULL) {
                free(e);
                return found;
        }
        e->room = room;
        e->database = e->key;
        e->user = e->key + dn;
        e->line = line;
        e->stats = stats_for(&room->stats, database);
        e->salt = query_salt(database, user);
        list_init(&e->welcomes);
        HASH_ADD_KEYPTR(hh, room->endpoints, e->key, e->key_size, e);
        set_up(e);
        return e;
}

static void drop_oldest_welcome(struct endpoint *e)
{
        struct welcome *w = list_item(list_last(&e->welcomes), struct welcome, in_endpoint);
        struct settings_table *table = &e->room->pools.settings;

        list_unlink(&w->in_endpoint);
        e->welcome_count--;
        greetings_forget(w, table);
        settings_unref(table, w->settings);
        buf_release(&w->params);
        free(w);
}

void endpoint_forget_welcomes(struct endpoint *e)
{
        while (e->welcome_count > 0)
                drop_oldest_welcome(e);
}

/* Nobody waits for a database that the configuration has dropped; who has a transaction may end it. */
static void refuse_waiting(struct endpoint *e)
{
        list_for_each_safe (node, &e->room->clients) {
                struct client *c = list_item(node, struct client, in_clients);

                if (c->endpoint == e &&
                    (client_asks(c) || c->state == CLIENT_WAITING || c->state == CLIENT_HELD ||
                     c->state == CLIENT_CATCHING || c->state == CLIENT_SETTING || c->state == CLIENT_ASKING))
                        client_refuse(c, "08P01", "database configuration changed");
        }
}

void endpoint_configure(struct endpoint *e)
{
        e->line = conf_find_database(e->room->conf, e->database);
        if (pool_secret_configured(e->room->conf, e->user)) {
                secret_free(e->secret);
                e->secret = NULL;
        }
        autodb_settle(e, NULL);
        endpoint_forget_welcomes(e);
        welcome_forget_all();
        topology_unref(e->topology);
        e->topology = NULL;
        if (e->line != NULL) {
                set_up(e);
                return;
        }
        set_rules(e);
        refuse_waiting(e);
}

void endpoint_free(struct endpoint *e)
{
        autodb_leave(e);
        endpoint_forget_welcomes(e);
        topology_unref(e->topology);
        leave_home(e);
        secret_wipe(&e->keys, sizeof(e->keys));
        secret_free(e->secret);
        free(e);
}

const struct topology *endpoint_topology(struct endpoint *e)
{
        cluster_refresh(e->cluster, &e->topology);
        return e->topology;
}

const struct classify_rules *endpoint_rules(struct endpoint *e)
{
        if (e->home != NULL && catalog_home_refresh(e->home, &e->catalog)) {
                set_rules(e);
                learned_renew(e->database, e->catalog->id);
        }
        return &e->rules;
}

struct pool *endpoint_pool(struct endpoint *e, int index)
{
        if (e->pools[index] == NULL) {
                e->pools[index] = pools_get(&e->room->pools, e->line, e->database, server_user(e),
                                            e->cluster->nodes[index]);
                if (e->have_keys)
                        pool_offer_keys(e->pools[index], &e->keys);
                if (e->secret != NULL)
                        pool_offer_secret(e->pools[index], e->secret);
        }
        return e->pools[index];
}

/* Lines with a user of their own need no client; one worker makes what is missing. */
static void make_forced(struct room *room)
{
        for (size_t i = 0; i < room->conf->database_count; i++) {
                const struct conf_database *line = &room->conf->databases[i];
                int minimum = line->min_pool_size >= 0 ? line->min_pool_size : room->conf->opt.min_pool_size;

                if (minimum > 0 && line->user != NULL && strcmp(line->name, "*") != 0)
                        (void)endpoint_get(room, line, line->name, line->user);
        }
}

void endpoints_keep_minimum(struct room *room)
{
        struct endpoint *e, *next;

        if (!room->keeps_minimum)
                return;
        if (room->self == 0)
                make_forced(room);
        HASH_ITER (hh, room->endpoints, e, next) {
                const struct topology *t;

                if (e->min_pool_size == 0 || e->line == NULL || (e->clients == 0 && e->line->user == NULL))
                        continue;
                t = endpoint_topology(e);
                for (int i = 0; i < t->count; i++)
                        if (t->nodes[i].state == NODE_UP)
                                pools_keep_minimum(endpoint_pool(e, i));
        }
}

void endpoint_offer_keys(struct endpoint *e, const struct scram_keys *keys)
{
        if (e->line->user != NULL)
                return; /* the server-side user is another one */
        e->keys = *keys;
        e->have_keys = true;
        for (int i = 0; i < e->cluster->count; i++)
                if (e->pools[i] != NULL)
                        pool_offer_keys(e->pools[i], keys);
}

void endpoint_offer_secret(struct endpoint *e, const char *secret)
{
        if (e->line->user != NULL || (e->secret != NULL && strcmp(e->secret, secret) == 0))
                return;
        secret_free(e->secret);
        e->secret = xstrdup(secret);
        for (int i = 0; i < e->cluster->count; i++)
                if (e->pools[i] != NULL)
                        pool_offer_secret(e->pools[i], secret);
}

/* The key other workers find a welcome under: database, user, settings. */
static struct sv board_key(const struct endpoint *e, const struct settings *settings, struct buf *key)
{
        struct sv blob = settings_blob(settings);

        if (buf_append(key, e->key, e->key_size, WELCOME_BYTES_MAX) != STATUS_OK ||
            buf_append(key, blob.p, blob.n, WELCOME_BYTES_MAX) != STATUS_OK)
                buf_release(key);
        return sv_from(buf_data(key), buf_len(key));
}

/* Takes over the reference and the buf. */
static struct welcome *add_welcome(struct endpoint *e, struct settings *settings, struct buf *params)
{
        struct welcome *w = xcalloc(1, sizeof(*w));

        w->settings = settings;
        w->params = *params;
        list_init(&w->greetings);
        list_prepend(&e->welcomes, &w->in_endpoint);
        if (++e->welcome_count > WELCOMES_MAX)
                drop_oldest_welcome(e);
        return w;
}

struct welcome *endpoint_welcome(struct endpoint *e, struct settings *settings)
{
        struct buf key = {0}, params = {0};
        struct sv board;
        bool found;

        list_for_each (node, &e->welcomes) {
                struct welcome *w = list_item(node, struct welcome, in_endpoint);

                if (w->settings == settings)
                        return w;
        }
        board = board_key(e, settings, &key);
        found = board.n > 0 && welcome_find(board, &params);
        buf_release(&key);
        return found ? add_welcome(e, settings_ref(settings), &params) : NULL;
}

struct welcome *endpoint_learn(struct endpoint *e, struct settings *settings, const struct params *params)
{
        struct buf messages = {0}, key = {0};
        struct writer out = writer_to(&messages, WELCOME_BYTES_MAX);
        struct sv at = params_all(params), name, value, board;
        bool read_write = e->target < TARGET_READ_ONLY || e->target == TARGET_PRIMARY;

        while (params_next(&at, &name, &value)) {
                /* One server to the client: libpq's target_session_attrs must not take us for a standby. */
                if (sv_is(name, "in_hot_standby") && read_write && e->cluster->probed)
                        value = SV("off");
                write_param_status(&out, name, value);
        }
        if (out.failed) {
                buf_release(&messages);
                settings_unref(&e->room->pools.settings, settings);
                return NULL;
        }
        board = board_key(e, settings, &key);
        if (board.n > 0)
                welcome_keep(board, &messages);
        buf_release(&key);
        return add_welcome(e, settings, &messages);
}
