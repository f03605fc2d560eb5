#include "session/link.h"

#include "base/check.h"
#include "pool/errand.h"
#include "session/block.h"
#include "session/floor.h"

#include <string.h>

void link_join(struct client *c, struct server *s, int node)
{
        CHECK(c->server == NULL && s->client == NULL && s->state == SERVER_LEASED);
        c->server = s;
        s->client = c;
        c->node = node;
        c->on_primary = node == c->endpoint->topology->primary;
        atomic_fetch_add_explicit(&s->pool->node->in_flight, 1, memory_order_relaxed);
        floor_joined(c, s);
}

static struct server *part(struct client *c)
{
        struct server *s = c->server;

        CHECK(s != NULL && s->client == c);
        floor_shown(c, s);
        c->server = NULL;
        s->client = NULL;
        if (s->cancels > 0)
                outlet_forget(&s->pool->outlet, s, false);
        c->cut_answer = c->cut_answer || s->pass > 0;
        c->unnamed_here = false;
        c->repairable = false;
        s->begin_age = BEGIN_NONE;
        atomic_fetch_sub_explicit(&s->pool->node->in_flight, 1, memory_order_relaxed);
        settings_unref(&c->room->pools.settings, s->wanted);
        s->wanted = NULL;
        s->wants = false;
        buf_consume(&s->replay, buf_len(&s->replay));
        stream_want_read(&s->stream, true);
        return s;
}

static const char *reset_query(const struct client *c, const struct server *s)
{
        const struct options *opt = &c->room->conf->opt;

        if (s->dirty) /* pinned state must not reach the next client, whatever the configuration says */
                return "DISCARD ALL";
        if (c->endpoint->pool_mode == POOL_SESSION || opt->server_reset_query_always)
                return opt->server_reset_query;
        return "";
}

static void give_back(struct client *c, struct server *s)
{
        const char *reset = reset_query(c, s);

        if (s->replication != REPLICATION_NONE)
                server_close(s, "replication client was closed");
        else if (reset[0] != '\0' && !s->stream.broken)
                errand_reset(s, reset);
        else
                pool_give_back(s);
}

void link_release(struct client *c)
{
        struct server *s = part(c);

        c->node = -1;
        c->skip_nodes = 0;
        c->repeats = 0;
        c->force_primary = false;
        client_move(c, block_rest(c));
        give_back(c, s);
        if (buf_len(&c->in) > 0)
                client_go_on(c);
        else if (!c->stream.reading)
                client_want_read(c);
}

void link_release_to_primary(struct client *c, enum reason reason)
{
        struct server *s = part(c);

        c->node = -1;
        c->force_primary = true;
        c->retry_reason = reason;
        client_move(c, block_rest(c));
        give_back(c, s);
        client_go_on(c);
}

void link_abandon(struct client *c)
{
        bool rests = client_has_rest(c);
        struct server *s = part(c);

        if (!rests && s->replies.count > 0 && s->said_ready)
                server_close(s, "client disconnected with query in progress");
        else if (!rests || buf_len(&s->in) > 0)
                server_close(s, "client disconnect while server was not ready");
        else if (stream_unsent(&s->stream) > 0)
                server_close(s, "client disconnect before everything was sent to the server");
        else
                give_back(c, s);
}

void link_sever(struct client *c, const char *why)
{
        struct server *s = part(c);

        c->node = -1;
        server_close(s, why);
}

void link_rest(struct client *c)
{
        struct server *s = part(c);

        c->node = -1;
        pool_give_back(s);
}
