#include "http/guests.h"

#include "base/check.h"
#include "base/memory.h"
#include "http/evhttp_errors.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdlib.h>
#include <sys/socket.h>

struct guest {
        struct bufferevent *stream; /* NULL: a free place */
        int64_t until_us;
};

struct guests {
        struct loop *loop;
        struct guest list[GUESTS_MAX];
};

static void forget(struct guest *g)
{
        (void)bufferevent_decref(g->stream);
        *g = (struct guest){0};
}

/* evhttp finds the connection ended, and frees it; it is told, should the loop not watch the socket. */
static void hang_up(struct guest *g)
{
        (void)shutdown(bufferevent_getfd(g->stream), SHUT_RDWR);
        bufferevent_trigger_event(g->stream, BEV_EVENT_READING | BEV_EVENT_EOF, BEV_TRIG_DEFER_CALLBACKS);
        forget(g);
}

/* evhttp does not look whether the loop could take its socket (epoll_ctl may fail): it is asked again. */
static void watch_again(struct bufferevent *stream)
{
        short wanted = bufferevent_get_enabled(stream) & EV_READ;

        if (evbuffer_get_length(bufferevent_get_output(stream)) > 0)
                wanted |= EV_WRITE;
        (void)bufferevent_enable(stream, wanted);
}

/* Whether evhttp still has it. */
static bool is_there(const struct guest *g)
{
        bufferevent_event_cb on_event = NULL;

        bufferevent_getcb(g->stream, NULL, NULL, &on_event, NULL);
        return on_event != NULL;
}

void guests_look(struct guests *guests)
{
        int64_t now = loop_now(guests->loop);

        for (int i = 0; i < GUESTS_MAX; i++) {
                struct guest *g = &guests->list[i];

                if (g->stream == NULL)
                        continue;
                if (!is_there(g))
                        forget(g);
                else if (now > g->until_us)
                        hang_up(g);
                else
                        watch_again(g->stream);
        }
}

static struct guest *make_room(struct guests *guests)
{
        struct guest *oldest = &guests->list[0];

        guests_look(guests);
        for (int i = 0; i < GUESTS_MAX; i++) {
                struct guest *g = &guests->list[i];

                if (g->stream == NULL)
                        return g;
                if (g->until_us < oldest->until_us)
                        oldest = g;
        }
        hang_up(oldest);
        return oldest;
}

/* Called by evhttp for each connection it has accepted. */
static struct bufferevent *welcome(struct event_base *base, void *arg)
{
        struct guests *guests = arg;
        struct bufferevent *stream = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
        struct guest *place = make_room(guests);

        CHECK(stream != NULL);
        bufferevent_incref(stream);
        evhttp_errors_translate(stream);
        /* evhttp reads on while a request is worked on, whatever comes. */
        bufferevent_setwatermark(stream, EV_READ, 0, GUEST_UNREAD_MAX);
        *place = (struct guest){stream, loop_now(guests->loop) + GUEST_REQUEST_US};
        return stream;
}

struct guests *guests_new(struct loop *loop, struct evhttp *http)
{
        struct guests *guests = xcalloc(1, sizeof(*guests));

        guests->loop = loop;
        evhttp_set_bevcb(http, welcome, guests);
        return guests;
}

void guests_note(struct guests *guests, struct bufferevent *stream)
{
        for (int i = 0; i < GUESTS_MAX; i++)
                if (guests->list[i].stream == stream)
                        guests->list[i].until_us = loop_now(guests->loop) + GUEST_PATIENCE_US;
}

void guests_free(struct guests *guests)
{
        for (int i = 0; i < GUESTS_MAX; i++)
                if (guests->list[i].stream != NULL)
                        forget(&guests->list[i]);
        free(guests);
}
