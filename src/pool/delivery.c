#include "pool/delivery.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "net/secure.h"
#include "net/timer.h"
#include "pool/pool.h"
#include "pool/server_tls.h"
#include "wire/writer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum {
        PEER_IDS = 1 << 16, /* what a key has room for */
        RETRY_MS = 1000,    /* between attempts at a node that cannot be reached */
};

struct delivery {
        struct grave grave;
        struct list in_outlet;
        struct outlet *outlet;
        struct list *list; /* which of the outlet's it is in */
        struct server *server;
        struct dial *dial;
        struct stream stream;
        struct server_tls tls;
        struct timer *deadline;
        struct cancel_key key;
        struct address to; /* where the server is; to a peer: its host and port count */
        char place[200];   /* the other side, for people */
        int64_t dialled_us;
        delivery_fn *ended;
        void *arg;
};

/* ---- slots ---- */

/* Of each peer, all workers together. */
static _Atomic int peer_slots[PEER_IDS];

static bool take_slot(struct outlet *o)
{
        _Atomic int *slots;
        int open;

        if (o->pool != NULL)
                return quota_take_cancel(o->pool->quota);
        slots = &peer_slots[o->peer_id];
        open = atomic_load_explicit(slots, memory_order_relaxed);
        do {
                if (o->limit > 0 && open >= o->limit)
                        return false;
        } while (!atomic_compare_exchange_weak(slots, &open, open + 1));
        return true;
}

static void return_slot(struct outlet *o)
{
        if (o->pool != NULL) {
                quota_return_cancel(o->pool->quota);
                pool_quota_freed(o->pool);
        } else {
                CHECK(atomic_fetch_sub(&peer_slots[o->peer_id], 1) > 0);
        }
}

/* ---- one delivery ---- */

static int *count_of(struct outlet *o, const struct list *list)
{
        return list == &o->waiting    ? &o->waiting_count
               : list == &o->dialling ? &o->dialling_count
                                      : &o->sent_count;
}

static void leave(struct delivery *d)
{
        list_unlink(&d->in_outlet);
        --*count_of(d->outlet, d->list);
}

static void move(struct delivery *d, struct list *to)
{
        leave(d);
        d->list = to;
        list_append(to, &d->in_outlet);
        ++*count_of(d->outlet, to);
}

static void bury(struct grave *grave)
{
        struct delivery *d = list_item(grave, struct delivery, grave);

        timer_free(d->deadline);
        free(d);
}

static void say_end(const struct delivery *d, const char *why)
{
        const struct pools *home = d->outlet->home;

        if (home->conf->opt.log_disconnections)
                log_info("S-%p: %s closing because: %s (age=%llds)", (const void *)d, d->place, why,
                         (long long)((loop_now(home->loop) - d->dialled_us) / US_PER_SEC));
}

/* Parts from the server, which goes back to its pool if this was what kept it. */
static void part(struct delivery *d)
{
        struct server *s = d->server;

        d->server = NULL;
        if (s != NULL && --s->cancels == 0 && s->state == SERVER_PARKED)
                server_unpark(s);
}

static void end(struct delivery *d, const char *why)
{
        struct outlet *o = d->outlet;
        bool had_slot = d->list != &o->waiting;

        if (d->list == &o->sent)
                say_end(d, why);
        leave(d);
        if (d->dial != NULL)
                dial_cancel(d->dial);
        d->dial = NULL;
        stream_close(&d->stream);
        server_tls_fini(&d->tls);
        timer_stop(d->deadline);
        loop_bury(o->home->loop, &d->grave, bury);
        d->ended(d->arg, why);
        part(d);
        if (!had_slot)
                return;
        return_slot(o);
        outlet_retry(o);
}

static void send_request(struct delivery *d);

/* It cannot be reached: another attempt a little later. */
static void try_again_later(struct delivery *d, const char *why)
{
        struct outlet *o = d->outlet;

        log_warning("cannot send a cancel request: %s", why);
        stream_close(&d->stream);
        server_tls_fini(&d->tls);
        o->retry_us = loop_now(o->home->loop) + RETRY_MS * US_PER_MS;
        move(d, &o->waiting);
        return_slot(o);
}

/* TLS is being agreed on. */
static void on_tls_event(struct delivery *d, enum stream_event event)
{
        const char *why = "the connection broke";
        enum status status = STATUS_AGAIN;

        if (event == STREAM_READABLE)
                status = server_tls_answer(&d->tls, &d->stream, &why);
        else if (event == STREAM_SECURED)
                status = server_tls_done(&d->tls, &d->stream, &why);
        else if (event == STREAM_BROKEN)
                status = STATUS_IO;
        if (event == STREAM_BROKEN && d->stream.session != NULL)
                why = secure_why(&d->stream);
        if (status == STATUS_OK)
                send_request(d);
        else if (status != STATUS_AGAIN)
                try_again_later(d, why);
}

static void on_event(struct stream *stream, enum stream_event event)
{
        struct delivery *d = list_item(stream, struct delivery, stream);
        uint8_t waste[64];
        size_t n;

        if (d->list == &d->outlet->dialling) {
                on_tls_event(d, event);
                return;
        }
        /* The server closes when it has signalled the backend. */
        if (event == STREAM_BROKEN ||
            (event == STREAM_READABLE && stream_read(stream, waste, sizeof(waste), &n) != STATUS_AGAIN))
                end(d, "successfully sent cancel request");
}

static void on_deadline(void *arg)
{
        struct delivery *d = arg;

        end(d, d->list == &d->outlet->sent ? "connect timeout" : "cancel_wait_timeout");
}

static void send_request(struct delivery *d)
{
        struct outlet *o = d->outlet;
        int64_t limit = o->home->conf->opt.server_connect_timeout_us;
        struct buf out = {0};
        struct writer w = writer_to(&out, 512);

        move(d, &o->sent);
        timer_stop(d->deadline);
        if (limit > 0)
                timer_once(d->deadline, limit);
        write_cancel(&w, &d->key);
        if (w.failed || stream_send_buf(&d->stream, &out) != STATUS_OK)
                end(d, "failed to send cancel request");
}

/* As the connection is that it concerns: whoever cannot read that one must not learn its key here. */
static enum status ask_for_tls(struct delivery *d)
{
        const struct outlet *o = d->outlet;

        if (o->pool == NULL)
                return server_tls_ask(&d->tls, &d->stream, o->tls, o->host);
        return server_tls_ask(&d->tls, &d->stream, secure_context(&d->server->stream),
                              secure_host(&d->server->stream));
}

static void on_dialled(void *arg, int fd, const char *why)
{
        struct delivery *d = arg;
        enum status status;

        d->dial = NULL;
        if (fd < 0) {
                try_again_later(d, why);
                return;
        }
        stream_open(&d->stream, d->outlet->home->loop, fd, on_event);
        status = ask_for_tls(d);
        if (status == STATUS_ABSENT)
                send_request(d);
        else if (status != STATUS_OK)
                try_again_later(d, "the connection broke");
}

static void dial(struct delivery *d)
{
        struct outlet *o = d->outlet;

        move(d, &o->dialling);
        d->dialled_us = loop_now(o->home->loop);
        d->dial = o->pool != NULL ? dial_start_at(o->home->loop, &d->to, on_dialled, d)
                                  : dial_start(o->home->loop, o->host, o->port, on_dialled, d);
}

void delivery_start(struct outlet *o, struct server *s, const struct cancel_key *key, delivery_fn *ended,
                    void *arg)
{
        struct delivery *d = xcalloc(1, sizeof(*d));
        int64_t limit = o->home->conf->opt.cancel_wait_timeout_us;

        d->outlet = o;
        d->stream.fd = -1;
        d->key = s != NULL ? s->key : *key;
        d->ended = ended;
        d->arg = arg;
        d->server = s;
        if (s != NULL) {
                d->to = s->peer;
                snprintf(d->place, sizeof(d->place), "%.60s/%.60s@%s:%d", o->pool->quota->database,
                         o->pool->quota->user, s->address, s->port);
                s->cancels++;
        } else {
                snprintf(d->place, sizeof(d->place), "peer-%d@%.150s:%d", o->peer_id, o->host, o->port);
        }
        d->list = &o->waiting;
        list_append(d->list, &d->in_outlet);
        o->waiting_count++;
        d->deadline = timer_new(o->home->loop, on_deadline, d);
        if (limit > 0)
                timer_once(d->deadline, limit);
        outlet_retry(o);
}

/* ---- outlets ---- */

void outlet_init(struct outlet *o, struct pools *home, struct pool *pool)
{
        *o = (struct outlet){.home = home, .pool = pool};
        list_init(&o->waiting);
        list_init(&o->dialling);
        list_init(&o->sent);
        list_init(&o->in_home);
}

struct outlet *outlet_to_peer(struct pools *home, const struct conf_peer *peer)
{
        struct outlet *o = NULL;

        list_for_each (node, &home->outlets)
                if (list_item(node, struct outlet, in_home)->peer_id == peer->peer_id)
                        o = list_item(node, struct outlet, in_home);
        if (o == NULL) {
                o = xcalloc(1, sizeof(*o));
                outlet_init(o, home, NULL);
                o->peer_id = peer->peer_id;
                list_append(&home->outlets, &o->in_home);
        }
        snprintf(o->host, sizeof(o->host), "%s", peer->host.host);
        o->port = peer->host.port;
        o->limit = peer->pool_size >= 0 ? peer->pool_size : home->conf->opt.default_pool_size;
        tls_context_unref(o->tls);
        o->tls = tls_context_ref(tls_set_for_peer(home->tls, home->conf, peer));
        return o;
}

void outlet_retry(struct outlet *o)
{
        struct list *head;

        while ((head = list_first(&o->waiting)) != NULL && loop_now(o->home->loop) >= o->retry_us &&
               take_slot(o))
                dial(list_item(head, struct delivery, in_outlet));
}

static void call_off(struct list *list, const struct server *s)
{
        list_for_each_safe (node, list) {
                struct delivery *d = list_item(node, struct delivery, in_outlet);

                if (d->server == s)
                        end(d, "not sending cancel request for client that is now idle");
        }
}

void outlet_forget(struct outlet *o, struct server *s, bool closed)
{
        /* First those that wait: one that ends its dialling lets the next of them out. */
        call_off(&o->waiting, s);
        call_off(&o->dialling, s);
        list_for_each (node, &o->sent) {
                struct delivery *d = list_item(node, struct delivery, in_outlet);

                if (closed && d->server == s) {
                        d->server = NULL;
                        s->cancels--;
                }
        }
}

void outlet_close(struct outlet *o, const char *why)
{
        struct list *lists[] = {&o->waiting, &o->dialling, &o->sent}, *head;

        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
                while ((head = list_first(lists[i])) != NULL)
                        end(list_item(head, struct delivery, in_outlet), why);
}

void outlets_close(struct pools *home, const char *why)
{
        list_for_each (node, &home->outlets)
                outlet_close(list_item(node, struct outlet, in_home), why);
}

void outlets_free(struct pools *home)
{
        struct list *node;

        while ((node = list_shift(&home->outlets)) != NULL) {
                struct outlet *o = list_item(node, struct outlet, in_home);

                tls_context_unref(o->tls);
                free(o);
        }
}

void outlets_retry(struct pools *home)
{
        list_for_each (node, &home->outlets)
                outlet_retry(list_item(node, struct outlet, in_home));
}
