#include "pool/bequest.h"

#include "base/check.h"
#include "base/clock.h"
#include "cluster/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BEQUEST_BYTES_MAX = 96 << 20, HOSTS_TEXT_MAX = 4096 };

static const struct bundle_field fields[] = {
    BUNDLE_FIELD(struct server, pass),
    BUNDLE_FIELD(struct server, swallow),
    BUNDLE_FIELD(struct server, wants),
    BUNDLE_FIELD(struct server, tx),
    BUNDLE_FIELD(struct server, dirty),
    BUNDLE_FIELD(struct server, close_needed),
    BUNDLE_FIELD(struct server, since_us),
    BUNDLE_FIELD(struct server, connected_us),
    BUNDLE_FIELD(struct server, connected_wall_us),
    BUNDLE_FIELD(struct server, request_wall_us),
    BUNDLE_FIELD(struct server, port),
    BUNDLE_FIELD(struct server, local_port),
    BUNDLE_FIELD(struct server, said_ready),
    BUNDLE_FIELD(struct server, lent),
    BUNDLE_FIELD(struct server, begin_age),
    BUNDLE_FIELD(struct server, unchecked),
    BUNDLE_FIELD(struct server, xact.xid),
    BUNDLE_FIELD(struct server, xact.lsn),
    BUNDLE_FIELD(struct server, xact.recovered_lsn),
    BUNDLE_FIELD(struct server, xact.started_wall_us),
    BUNDLE_FIELD(struct server, xact.timeline),
    BUNDLE_FIELD(struct server, may_copy),
    BUNDLE_FIELD(struct server, commits),
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

bool bequest_possible(const struct server *s)
{
        return s->stream.fd >= 0 && !s->stream.broken && s->stream.session == NULL && s->cancels == 0 &&
               (s->state == SERVER_LEASED || s->state == SERVER_IDLE);
}

/* What a connection was made for: another process uses it only if it would have made the same. */
static void hosts_text(const struct conf_database *line, char *out)
{
        size_t n = 0;

        out[0] = '\0';
        for (int i = 0; line != NULL && i < line->host_count && n < HOSTS_TEXT_MAX; i++)
                n += (size_t)snprintf(out + n, HOSTS_TEXT_MAX - n, "%s:%d,", line->hosts[i].host,
                                      line->hosts[i].port);
}

static void put_buf(struct writer *w, const char *name, const struct buf *b)
{
        bundle_put(w, name, buf_data(b), buf_len(b));
}

static void put_settings(struct writer *w, const char *name, const struct settings *set)
{
        struct sv blob = settings_blob(set);

        bundle_put(w, name, blob.p, blob.n);
}

void bequest_put_server(struct writer *w, const struct server *s)
{
        const struct quota *quota = s->pool->quota;
        const struct pool *pool = s->pool;
        struct buf prepared = {0}, replies = {0};
        char hosts[HOSTS_TEXT_MAX];

        bundle_put_text(w, "database", quota->database);
        bundle_put_text(w, "user", quota->user);
        if (quota->node != NULL) {
                bundle_put_text(w, "node_host", quota->node->host);
                bundle_put_int(w, "node_port", quota->node->port);
        } else {
                hosts_text(pool->line, hosts);
                bundle_put_text(w, "hosts", hosts);
        }
        bundle_put_text(w, "dbname", pool->dbname);
        bundle_put_fields(w, fields, FIELDS, s);
        bundle_put_int(w, "obsolete",
                       pool->line == NULL ||
                           s->generation != atomic_load_explicit(&quota->generation, memory_order_relaxed));
        bundle_put_text(w, "address", s->address);
        bundle_put(w, "begin", s->begin, sizeof(s->begin));
        bundle_put(w, "peer", &s->peer, sizeof(s->peer));
        bundle_put(w, "key", &s->key, sizeof(s->key));
        put_buf(w, "in", &s->in);
        put_buf(w, "replay", &s->replay);
        put_buf(w, "out", &s->stream.out);
        put_buf(w, "params", &s->params.pairs);
        put_buf(w, "greeting", &s->greeting.pairs);
        put_settings(w, "applied", s->applied);
        put_settings(w, "wanted", s->wanted);
        if (pool->have_keys)
                bundle_put(w, "scram", &pool->keys, sizeof(pool->keys));
        bundle_put_text(w, "secret", pool->secret);
        if (replies_save(&s->replies, &replies, BEQUEST_BYTES_MAX) != STATUS_OK ||
            prepared_save(&s->prepared, &prepared, BEQUEST_BYTES_MAX) != STATUS_OK)
                w->failed = true;
        put_buf(w, "replies", &replies);
        put_buf(w, "prepared", &prepared);
        buf_release(&replies);
        buf_release(&prepared);
}

/* ---- the other end ---- */

/* A text, or NULL: what is not ended by a NUL is none. */
static const char *text_of(struct sv bundle, const char *name)
{
        struct sv value = bundle_find(bundle, name);

        return value.n > 0 && value.p[value.n - 1] == '\0' ? value.p : NULL;
}

static struct node *find_node(const struct conf_database *line, struct sv bundle)
{
        struct cluster *cluster = cluster_for(line);
        const char *host = text_of(bundle, "node_host");
        int64_t port = bundle_find_int(bundle, "node_port");
        char hosts[HOSTS_TEXT_MAX];

        if (!line->cluster) {
                const char *before = text_of(bundle, "hosts");

                hosts_text(line, hosts);
                return before != NULL && strcmp(before, hosts) == 0 ? cluster->nodes[0] : NULL;
        }
        for (int i = 0; host != NULL && i < cluster->count; i++)
                if (cluster->nodes[i]->port == port && strcmp(cluster->nodes[i]->host, host) == 0)
                        return cluster->nodes[i];
        return NULL;
}

static struct pool *find_pool(struct pools *pools, struct sv bundle)
{
        const char *database = text_of(bundle, "database"), *user = text_of(bundle, "user");
        const char *dbname = text_of(bundle, "dbname");
        const struct conf_database *line =
            database != NULL ? conf_find_database(pools->conf, database) : NULL;
        struct node *node = line != NULL ? find_node(line, bundle) : NULL;
        struct pool *pool;

        if (node == NULL || user == NULL || dbname == NULL ||
            (line->user != NULL && strcmp(line->user, user) != 0))
                return NULL;
        pool = pools_get(pools, line, database, user, node);
        return strcmp(pool->dbname, dbname) == 0 ? pool : NULL;
}

static bool take_buf(struct sv bundle, const char *name, struct buf *out)
{
        struct sv value = bundle_find(bundle, name);

        return value.n == 0 || buf_append(out, value.p, value.n, BEQUEST_BYTES_MAX) == STATUS_OK;
}

static bool fill(struct server *s, struct sv bundle)
{
        struct settings_table *table = &s->pool->home->settings;
        struct sv address = bundle_find(bundle, "address"), out = bundle_find(bundle, "out");
        struct scram_keys keys;

        bundle_take_fields(bundle, fields, FIELDS, s);
        s->unasked = s->xact.xid == 0; /* another version may not have asked */
        if (bundle_find_int(bundle, "obsolete") != 0)
                s->close_needed = true;
        snprintf(s->address, sizeof(s->address), "%.*s", (int)address.n, address.p);
        s->applied = settings_from_blob(table, bundle_find(bundle, "applied"));
        s->wanted = settings_from_blob(table, bundle_find(bundle, "wanted"));
        if (bundle_take(bundle, "scram", &keys, sizeof(keys)))
                pool_offer_keys(s->pool, &keys);
        if (text_of(bundle, "secret") != NULL)
                pool_offer_secret(s->pool, text_of(bundle, "secret"));
        explicit_bzero(&keys, sizeof(keys));
        return bundle_take(bundle, "peer", &s->peer, sizeof(s->peer)) &&
               bundle_take(bundle, "key", &s->key, sizeof(s->key)) &&
               bundle_take(bundle, "begin", s->begin, sizeof(s->begin)) && take_buf(bundle, "in", &s->in) &&
               take_buf(bundle, "replay", &s->replay) && take_buf(bundle, "params", &s->params.pairs) &&
               take_buf(bundle, "greeting", &s->greeting.pairs) &&
               replies_load(&s->replies, bundle_find(bundle, "replies")) &&
               prepared_load(&s->prepared, bundle_find(bundle, "prepared")) &&
               (out.n == 0 || stream_send(&s->stream, out.p, out.n) == STATUS_OK);
}

struct server *bequest_take_server(struct pools *pools, struct sv bundle, int fd, bool leased)
{
        struct pool *pool = find_pool(pools, bundle);
        struct server *s;

        if (pool == NULL) {
                close(fd);
                return NULL;
        }
        s = server_adopt(pool, fd, leased ? SERVER_LEASED : SERVER_IDLE);
        if (fill(s, bundle))
                return s;
        if (leased)
                server_move(s, SERVER_IDLE);
        server_close(s, "broken bequest");
        return NULL;
}

/* ---- the end ---- */

void pools_stop_serving(struct pools *pools)
{
        struct pool *pool, *next;

        HASH_ITER (hh, pools->pools, pool, next)
                pool->paused = true;
}

void pools_forget_closed(struct pools *pools)
{
        struct pool *pool, *next;

        HASH_ITER (hh, pools->pools, pool, next)
                list_for_each_safe (node, &pool->idle) {
                        struct server *s = list_item(node, struct server, in_pool);

                        if (s->stream.fd < 0)
                                server_close(s, NULL);
                }
}
