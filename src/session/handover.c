#include "session/handover.h"

#include "base/check.h"
#include "base/memory.h"
#include "pool/bequest.h"
#include "session/doubt.h"
#include "session/heir.h"
#include "session/link.h"

#include <semaphore.h>
#include <stdlib.h>

enum { KEEPSAKE_BYTES_MAX = 128 << 20 };

struct share {
        struct letter letter; /* to the worker */
        struct handover *handover;
        struct room *room;
        struct keepsake *first, **last;
};

struct handover {
        struct letter letter; /* back home */
        struct mailbox *home;
        void *arg;
        int workers;
        bool gone, ended;
        _Atomic int missing, users;
        sem_t verdict;
        struct share share[];
};

static void unref(struct handover *h)
{
        if (atomic_fetch_sub(&h->users, 1) > 1)
                return;
        sem_destroy(&h->verdict);
        free(h);
}

/* ---- writing down ---- */

static void keep(struct share *share, struct stream *stream, bool client, struct buf *bundle)
{
        struct keepsake *k = xcalloc(1, sizeof(*k));

        k->stream = stream;
        k->client = client;
        k->bundle = *bundle;
        *share->last = k;
        share->last = &k->next;
}

/* A pair is kept whole or not at all. */
static void keep_client(struct share *share, struct client *c)
{
        struct buf client = {0}, server = {0};
        struct writer cw = writer_to(&client, KEEPSAKE_BYTES_MAX),
                      sw = writer_to(&server, KEEPSAKE_BYTES_MAX);

        heir_put(&cw, c);
        if (heir_has_server(c))
                bequest_put_server(&sw, c->server);
        if (cw.failed || sw.failed) {
                buf_release(&client);
                buf_release(&server);
                return;
        }
        keep(share, &c->stream, true, &client);
        if (heir_has_server(c))
                keep(share, &c->server->stream, false, &server);
}

static void keep_idle(struct share *share, struct server *s)
{
        struct buf server = {0};
        struct writer w = writer_to(&server, KEEPSAKE_BYTES_MAX);

        bequest_put_server(&w, s);
        if (w.failed)
                buf_release(&server);
        else
                keep(share, &s->stream, false, &server);
}

/* A successor would have to know what was on its way. */
static void settle_doubts(struct room *room)
{
        list_for_each_safe (node, &room->clients) {
                struct client *c = list_item(node, struct client, in_clients);

                if (c->doubt != NULL)
                        doubt_give_up(c, "pgsteer was restarted meanwhile");
        }
}

static void write_down(struct share *share)
{
        struct room *room = share->room;
        struct pool *pool, *next;

        share->last = &share->first;
        list_for_each (node, &room->clients) {
                struct client *c = list_item(node, struct client, in_clients);

                if (heir_possible(c))
                        keep_client(share, c);
        }
        HASH_ITER (hh, room->pools.pools, pool, next)
                list_for_each (node, &pool->idle)
                        if (bequest_possible(list_item(node, struct server, in_pool)))
                                keep_idle(share, list_item(node, struct server, in_pool));
}

/* ---- the end ---- */

/* Descriptors that are the successor's now are closed first, so that nothing is said on them. */
static void let_go(struct share *share)
{
        struct room *room = share->room;

        for (struct keepsake *k = share->first; k != NULL; k = k->next)
                stream_close(k->stream);
        pools_stop_serving(&room->pools);
        list_for_each_safe (node, &room->clients) {
                struct client *c = list_item(node, struct client, in_clients);

                if (c->stream.fd >= 0) {
                        client_refuse(c, "57P01", "server shutting down");
                        continue;
                }
                if (c->server != NULL)
                        link_sever(c, c->server->stream.fd < 0 ? NULL : "client disconnect");
                client_close(c, NULL, NULL);
        }
        pools_forget_closed(&room->pools);
}

static void forget(struct share *share)
{
        struct keepsake *k;

        while ((k = share->first) != NULL) {
                share->first = k->next;
                if (buf_len(&k->bundle) > 0)
                        explicit_bzero(k->bundle.bytes, k->bundle.cap);
                buf_release(&k->bundle);
                free(k);
        }
}

static void wait_for_verdict(struct handover *h)
{
        while (sem_wait(&h->verdict) != 0)
                ; /* a signal */
}

static void open_share(struct letter *letter, void *owner)
{
        struct share *share = list_item(letter, struct share, letter);
        struct handover *h = share->handover;

        (void)owner;
        room_unlisten(share->room);
        settle_doubts(share->room);
        write_down(share);
        if (atomic_fetch_sub(&h->missing, 1) == 1)
                mailbox_post(h->home, &h->letter);
        wait_for_verdict(h);
        if (h->gone)
                let_go(share);
        else
                room_relisten(share->room);
        forget(share);
        unref(h);
}

struct handover *handover_begin(struct crowd *crowd, struct mailbox *home, void *arg,
                                void (*done)(struct letter *letter, void *owner))
{
        struct handover *h = xcalloc(1, sizeof(*h) + (size_t)crowd->workers * sizeof(h->share[0]));

        h->letter.open = done;
        h->home = home;
        h->arg = arg;
        h->workers = crowd->workers;
        atomic_init(&h->missing, crowd->workers);
        atomic_init(&h->users, crowd->workers + 2); /* and the asker, and the letter */
        CHECK(sem_init(&h->verdict, 0, 0) == 0);
        for (int i = 0; i < crowd->workers; i++) {
                struct share *share = &h->share[i];

                *share = (struct share){.letter.open = open_share, .handover = h, .room = crowd->rooms[i]};
                mailbox_post(&share->room->loop->mailbox, &share->letter);
        }
        return h;
}

struct handover *handover_of(struct letter *letter, void **arg)
{
        struct handover *h = list_item(letter, struct handover, letter);
        bool ended = h->ended;

        *arg = h->arg;
        unref(h);
        return ended ? NULL : h;
}

const struct keepsake *handover_next(const struct handover *h, const struct keepsake *last)
{
        int i = 0;

        if (last != NULL && last->next != NULL)
                return last->next;
        while (last != NULL && h->share[i].last != &last->next)
                i++;
        for (i += last != NULL; i < h->workers; i++)
                if (h->share[i].first != NULL)
                        return h->share[i].first;
        return NULL;
}

void handover_end(struct handover *h, bool gone)
{
        h->gone = gone;
        h->ended = true;
        for (int i = 0; i < h->workers; i++)
                sem_post(&h->verdict);
        unref(h);
}

/* ---- before and after ---- */

int room_hush(struct room *room)
{
        int proving = 0;

        room_unlisten(room);
        list_for_each (node, &room->logins) {
                enum client_state state = list_item(node, struct client, in_phase)->state;

                proving += client_proves(state);
        }
        return proving;
}

void room_relisten(struct room *room)
{
        if (room->acceptor == NULL && room->listeners != NULL)
                room_listen(room, room->listeners);
}

void room_go_on(struct room *room)
{
        list_for_each_safe (node, &room->clients)
                client_go_on(list_item(node, struct client, in_clients));
}
