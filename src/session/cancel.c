#include "session/cancel.h"

#include "auth/secret.h"
#include "base/check.h"
#include "base/clock.h"
#include "net/dial.h"
#include "net/timer.h"
#include "wire/writer.h"

#include <stdlib.h>
#include <unistd.h>

/* The process id: 24 bits of seat, 6 bits of worker; positive. */
enum { SEAT_SHIFT = 6, SEATS_MAX = (CONSOLE_PID >> 6) - 1, CANCEL_SECONDS = 10 };

_Static_assert(WORKERS_MAX == 1 << SEAT_SHIFT, "a process id has room for the worker's number");

void seat_take(struct client *c)
{
        struct room *room = c->room;
        uint32_t seat = room->seat_free;

        if (seat == UINT32_MAX) {
                uint32_t count = room->seat_count == 0 ? 64 : room->seat_count * 2;

                CHECK(count <= SEATS_MAX);
                room->seats = xrealloc(room->seats, count * sizeof(*room->seats));
                for (uint32_t i = room->seat_count; i < count; i++)
                        room->seats[i] = (struct seat){NULL, i + 1 < count ? i + 1 : UINT32_MAX};
                seat = room->seat_count;
                room->seat_count = count;
        }
        room->seat_free = room->seats[seat].next_free;
        room->seats[seat].client = c;
        c->seat = seat;
        c->key.pid = (seat + 1) << SEAT_SHIFT | (uint32_t)room->self;
        c->key.size = CANCEL_SECRET_SHORT; /* until it asks for protocol 3.2 */
        secret_random(c->key.secret, sizeof(c->key.secret));
}

void seat_leave(struct client *c)
{
        struct room *room = c->room;

        room->seats[c->seat] = (struct seat){NULL, room->seat_free};
        room->seat_free = c->seat;
}

void seats_free(struct room *room)
{
        free(room->seats);
        room->seats = NULL;
        room->seat_count = 0;
}

/* ---- delivering ---- */

/* A request on its way to a node. */
struct delivery {
        struct grave grave;
        struct room *room;
        struct server *server; /* counted in server->cancels, so it is not closed and buried before us */
        struct dial *dial;
        struct stream stream;
        struct timer *deadline;
        struct cancel_key key;
        int asker; /* descriptor of the asker's socket, closed when the request has been delivered */
};

static void bury(struct grave *grave)
{
        struct delivery *d = list_item(grave, struct delivery, grave);

        timer_free(d->deadline);
        free(d);
}

static void delivered(struct delivery *d)
{
        struct server *s = d->server;

        if (d->dial != NULL)
                dial_cancel(d->dial);
        d->dial = NULL;
        stream_close(&d->stream);
        close(d->asker);
        timer_stop(d->deadline);
        loop_bury(d->room->loop, &d->grave, bury);
        s->cancels--;
        if (s->state == SERVER_PARKED && s->cancels == 0)
                pool_give_back(s);
        else if (s->state == SERVER_CLOSED && s->cancels == 0)
                server_bury(s);
}

static void on_event(struct stream *stream, enum stream_event event)
{
        struct delivery *d = list_item(stream, struct delivery, stream);
        uint8_t waste[64];
        size_t n;

        /* The server closes when it has signalled the backend. */
        if (event == STREAM_BROKEN ||
            (event == STREAM_READABLE && stream_read(stream, waste, sizeof(waste), &n) != STATUS_AGAIN))
                delivered(d);
}

static void on_dialled(void *arg, int fd, const char *why)
{
        struct delivery *d = arg;
        struct buf out = {0};
        struct writer w = writer_to(&out, 64);

        (void)why;
        d->dial = NULL;
        if (fd < 0) {
                delivered(d);
                return;
        }
        stream_open(&d->stream, d->room->loop, fd, on_event);
        write_cancel(&w, &d->key);
        if (stream_send_buf(&d->stream, &out) != STATUS_OK)
                delivered(d);
}

static void on_deadline(void *arg)
{
        delivered(arg);
}

static void deliver(struct room *room, struct server *s, int asker)
{
        struct delivery *d = xcalloc(1, sizeof(*d));

        d->room = room;
        d->server = s;
        d->stream.fd = -1;
        d->key = s->key;
        d->asker = asker;
        list_init(&d->grave.in_graveyard);
        d->deadline = timer_new(room->loop, on_deadline, d);
        timer_once(d->deadline, CANCEL_SECONDS * US_PER_SEC);
        s->cancels++;
        d->dial = dial_start_at(room->loop, &s->peer, on_dialled, d);
}

/* On the worker that has the client. Takes over the asker's socket. */
static void serve(struct room *room, const struct cancel_key *key, int asker)
{
        uint32_t seat = (key->pid >> SEAT_SHIFT) - 1;
        struct client *c = seat < room->seat_count ? room->seats[seat].client : NULL;

        if (c == NULL || !cancel_key_equal(&c->key, key)) {
                close(asker);
                return;
        }
        if (c->state == CLIENT_WAITING || c->state == CLIENT_HELD) {
                close(asker);
                client_cancelled(c);
        } else if (c->server != NULL && c->server->replies.count > 0 && c->state == CLIENT_ACTIVE) {
                deliver(room, c->server, asker);
        } else {
                close(asker); /* it runs nothing: as a server, say nothing */
        }
}

struct forward {
        struct letter letter;
        struct room *to;
        struct cancel_key key;
        int asker;
};

static void open_forward(struct letter *letter, void *owner)
{
        struct forward *f = list_item(letter, struct forward, letter);

        (void)owner;
        serve(f->to, &f->key, f->asker);
        free(f);
}

void cancel_request(struct client *asker, const struct cancel_key *key)
{
        struct crowd *crowd = asker->room->crowd;
        uint32_t worker = key->pid & (WORKERS_MAX - 1);
        int fd = -1;
        struct forward *f;

        if (key->pid >= CONSOLE_PID) {
                crowd->cancel_console(crowd->adopt_arg, key);
                client_close(asker, NULL, "cancel request");
                return;
        }
        fd = dup(asker->stream.fd);
        if (fd < 0 || worker >= (uint32_t)crowd->workers) {
                if (fd >= 0)
                        close(fd);
                client_close(asker, NULL, "failed cancel request");
                return;
        }
        f = xcalloc(1, sizeof(*f));
        f->letter.open = open_forward;
        f->to = crowd->rooms[worker];
        f->key = *key;
        f->asker = fd;
        client_close(asker, NULL, "cancel request");
        mailbox_post(&f->to->loop->mailbox, &f->letter);
}
