#include "pool/stage.h"

#include "base/clock.h"
#include "base/log.h"
#include "conf/files.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { STAGE_TURNS = 12 }; /* more than a login or a letter and its answer take, however slow the machine */

struct stage stage;

static void on_granted(struct waiter *w, struct server *s)
{
        struct guest *g = list_item(w, struct guest, waiter);

        g->server = s;
        g->turn = ++stage.granted;
}

static void on_failed(struct waiter *w, enum pool_trouble trouble, const struct refusal *r)
{
        struct guest *g = list_item(w, struct guest, waiter);

        g->failed++;
        g->trouble = trouble;
        g->refusal = *r;
}

static struct guest *guest_of(const struct server *s)
{
        for (int i = 0; i < GUESTS; i++)
                if (stage.guest[i].server == s)
                        return &stage.guest[i];
        return NULL;
}

static void on_lost(struct server *s, const char *why)
{
        struct guest *g = guest_of(s);

        if (g != NULL) {
                g->server = NULL;
                g->lost = why;
        }
        server_close(s, why);
}

static void on_readable(struct server *s)
{
        struct guest *g = guest_of(s);
        char bytes[4096];
        size_t n;

        switch (stream_read(&s->stream, bytes, sizeof(bytes), &n)) {
        case STATUS_OK:
                if (g != NULL)
                        g->heard += n;
                return;
        case STATUS_AGAIN: return;
        case STATUS_EOF:
        case STATUS_IO:
        case STATUS_INVALID:
        case STATUS_LIMIT:
        case STATUS_DENIED:
        case STATUS_ABSENT: on_lost(s, "eof"); return;
        }
}

static void on_drained(struct server *s)
{
        (void)s;
}

static void on_reserving(struct waiter *w)
{
        (void)w;
        stage.reserved++;
}

static const struct pool_ops ops = {on_granted, on_failed, on_readable, on_drained, on_lost, on_reserving};

void stage_init(int workers, const char *line, const char *settings)
{
        char text[1024];

        stage = (struct stage){.workers = workers};
        log_set_level(LOG_FATAL_);
        fakes_init(&stage.fakes);
        snprintf(text, sizeof(text),
                 "[databases]\napp = host=127.0.0.1 port=%d user=bob %s\n[pgbouncer]\nauth_type = any\n%s\n",
                 stage.fakes.port, line, settings);
        stage.conf = files_load_good(text);
        stage.node = node_new("127.0.0.1", stage.fakes.port);
        for (int i = 0; i < workers; i++) {
                stage.peers[i] = &stage.pools[i];
                stage.pools[i].peers = stage.peers;
                stage.pools[i].count = workers;
                loop_init(&stage.loop[i], &stage.pools[i]);
                pools_init(&stage.pools[i], &stage.loop[i], stage.conf, &ops, i);
                stage.pool[i] = pools_get(&stage.pools[i], conf_find_database(stage.conf, "app"), "app",
                                          "bob", stage.node);
        }
        for (int i = 0; i < GUESTS; i++)
                list_init(&stage.guest[i].waiter.in_queue);
}

void stage_fini(void)
{
        for (int i = 0; i < GUESTS; i++) {
                pool_cancel_wait(&stage.guest[i].waiter);
                if (stage.guest[i].server != NULL)
                        server_close(stage.guest[i].server, "end");
        }
        stage_rest(2); /* letters under way */
        for (int i = 0; i < stage.workers; i++)
                pools_fini(&stage.pools[i]);
        for (int i = 0; i < stage.workers; i++)
                loop_drain(&stage.loop[i]);
        UNIT_ASSERT(atomic_load(&stage.pool[0]->quota->open) == 0);
        for (int i = 0; i < stage.workers; i++) {
                pools_free(&stage.pools[i]);
                UNIT_ASSERT(stage.pools[i].settings.sets == NULL);
                loop_fini(&stage.loop[i]);
        }
        conf_unref(stage.conf);
        free(stage.node); /* one allocation; only the registry's are for ever */
        fakes_fini(&stage.fakes);
        log_set_level(LOG_INFO_);
}

bool stage_lease(struct guest *g, int w)
{
        struct server *s = pool_lease(stage.pool[w], &g->waiter, NULL);

        if (s == NULL)
                return false;
        g->server = s;
        g->turn = ++stage.granted;
        return true;
}

void stage_give_back(struct guest *g)
{
        struct server *s = g->server;

        UNIT_ASSERT(s != NULL);
        g->server = NULL;
        if (s != NULL)
                pool_give_back(s);
}

static void turn(void)
{
        fakes_pump(&stage.fakes);
        for (int i = 0; i < stage.workers; i++)
                turns_for(&stage.loop[i], 1);
}

bool stage_till(bool (*until)(void))
{
        int64_t end = clock_us() + 10 * US_PER_SEC;

        while (!until()) {
                if (clock_us() > end)
                        return false;
                turn();
        }
        return true;
}

void stage_rest(int ms)
{
        int64_t end = clock_us() + ms * US_PER_MS;
        int turns = 0;

        do
                turn();
        while (++turns < STAGE_TURNS || clock_us() < end);
}

bool all_quiet(void)
{
        for (int i = 0; i < stage.workers; i++)
                if (stage.pool[i]->queue_count + stage.pool[i]->login_count + stage.pool[i]->resetting_count >
                    0)
                        return false;
        return true;
}

bool last_known(void)
{
        return stage.pool[0]->last.severity != NULL;
}
