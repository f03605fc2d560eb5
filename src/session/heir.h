/* heir: a client as it is left to the process that takes pgsteer's place (-R): its session, and what of its
 * conversation is half done, so that it goes on there in the middle of whatever it was doing. One thread. */
#pragma once

#include "session/client.h"
#include "wire/bundle.h"

/* Whether it can be handed over in its present state. One that is proving its password or speaks TLS cannot,
 * nor one whose server cannot. */
bool heir_possible(const struct client *c);

/* Whether its server goes along; a client that logs in asks for another one. */
bool heir_has_server(const struct client *c);

/* Writes what it is; changes nothing. */
void heir_put(struct writer *w, const struct client *c);

/* A descriptor and what it is. */
struct heirloom {
        int fd;
        struct sv bundle;
};

/* The client as one of `room`, with its server (NULL: it has none); counted even beyond limits. It does
 * nothing until room_go_on. What makes no sense, or stands for a database that is no more, is closed. Takes
 * over the descriptors. */
void heir_take(struct room *room, const struct heirloom *client, const struct heirloom *server);
