/* relay: bytes between a client and its server, as they are, in as few system calls as they came in.
 *
 * What passes is looked at message by message, never rebuilt: only the names of prepared statements are
 * exchanged, and messages of our own are put between. One call, one write. Large messages flow through; only
 * those that must be understood whole are waited for. */
#pragma once

#include "session/client.h"

/* Bytes of a client in CLIENT_ACTIVE, to its server. Returns how many were used; the rest needs more bytes or
 * must wait for the answers owed. */
size_t relay_from_client(struct client *c, const uint8_t *p, size_t n);

/* A leased server of a client in CLIENT_ACTIVE has something to read. */
void relay_from_server(struct server *s);

/* After bytes of the client have gone through: if its transaction had ended while a message of its (of a copy
 * that had failed) was on its way, the server can go back now. */
void relay_release_late(struct client *c);
