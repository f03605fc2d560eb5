/* host_name: the name of the host at an address. It is believed only when it leads back: its own addresses
 * must have that one among them, as whoever owns an address may give it any name. Nothing is kept. Owner and
 * thread: the loop's. */
#pragma once

#include "base/ip.h"
#include "net/loop.h"

struct host_name;

/* `name`: NULL when there is none to be believed; then `why` is a few words about what failed. With this the
 * question is over, and its pointer invalid. */
typedef void host_name_fn(void *arg, const char *name, const char *why);

/* Asks; `done` is called later, never from within. */
struct host_name *host_name_ask(struct loop *loop, const struct ip *ip, host_name_fn *done, void *arg);

/* `done` will not be called. */
void host_name_cancel(struct host_name *question);
