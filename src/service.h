/* service: what pgsteer says to systemd (Type=notify, Type=notify-reload), and the sockets it gets from it
 * (socket activation). Without systemd all of this does nothing. */
#pragma once

#include "net/listener.h"

void service_ready(void);
void service_reloading(void);
void service_stopping(void);

/* How many listening sockets the service manager has passed. */
int service_sockets(void);
/* Offers them to `l`. */
void service_offer_sockets(struct listeners *l);
