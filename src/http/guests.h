/* guests: the connections of an evhttp server, with the bounds that evhttp 2.1 lacks: how many there are, how
 * long one may take to send a request, and how long to take an answer. Who is too slow is hung up on; when
 * all places are taken, who has kept us waiting longest makes room for who comes.
 *
 * evhttp makes and frees its connections by itself, and tells nobody: each bufferevent is counted here once
 * more, and one that evhttp has let go has no callbacks any more. Owner and thread: the site. */
#pragma once

#include "net/loop.h"

struct bufferevent;
struct evhttp;

enum {
        GUESTS_MAX = 64,
        GUEST_UNREAD_MAX = 64 << 10,  /* bytes that are not worked on yet; no more is read then */
        GUEST_REQUEST_US = 10000000,  /* for the first request to come whole */
        GUEST_PATIENCE_US = 30000000, /* for taking an answer, and the next request */
};

struct guests;

/* From now on they watch over all connections that `http` accepts. */
struct guests *guests_new(struct loop *loop, struct evhttp *http);

/* This one's request has come whole, or its answer has been handed over: its time begins anew. */
void guests_note(struct guests *guests, struct bufferevent *stream);

/* Hangs up on those whose time is over, and sees that the loop watches the others; to be called now and then.
 */
void guests_look(struct guests *guests);

/* After evhttp_free. */
void guests_free(struct guests *guests);
