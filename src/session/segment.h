/* segment: what a client sends up to the point where it waits (one Query, or everything up to Sync or Flush):
 * gathers it, has it classified, decides where it goes, and gets a server or waits for one. */
#pragma once

#include "session/client.h"
#include "wire/proto.h"

/* Bytes of a client in CLIENT_IDLE. Returns how many were used up here: those that need no server. What needs
 * one stays, and the state has changed: ACTIVE (go on with relay_from_client on the same bytes), WAITING,
 * HELD, SETTING. */
size_t segment_take(struct client *c, const uint8_t *p, size_t n);

/* At the start of a further segment while linked to a standby outside a transaction: whether it goes the same
 * way at once, because it only reads, and is kept to be run again with what it follows. STATUS_AGAIN: not
 * whole yet, or it must wait for the answers owed. */
MUST_USE enum status segment_follow(struct client *c, const uint8_t *p, size_t n);

/* Without a segment: gets a server of the primary for session/doubt.h, or waits for one. The same states. */
void segment_take_primary(struct client *c);

/* The pool grants what the client in CLIENT_WAITING waited for. */
void segment_granted(struct client *c, struct server *s);

/* CLIENT_IDLE with a whole segment in front and no node to take it: CLIENT_HELD, until there is one that is
 * what it waits for. */
void segment_hold(struct client *c, enum route_target wanted);

/* A client in CLIENT_HELD, or sent back to CLIENT_IDLE with its segment: decides anew. */
void segment_retry(struct client *c);

/* Answers the segment at the front of the input (CLIENT_IDLE) with an error instead of running it. */
void segment_refuse(struct client *c, const struct refusal *r);
