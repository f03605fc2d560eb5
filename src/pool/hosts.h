/* hosts: what the pools make of host names. Those in use are looked up whenever what is kept is too old, and
 * a server at an address that its host's name no longer stands for is closed: at once when it is idle, else
 * as soon as it is free. Each worker asks for itself and looks at its own servers. One thread. */
#pragma once

#include "pool/pool.h"

/* Takes over the settings of pools->conf; the first time, begins to listen to the answers. */
void hosts_configure(struct pools *pools);
/* Nothing is done any more. */
void hosts_stop(struct pools *pools);

/* For pools_tick: about once a second looks which names are in use. */
void hosts_tick(struct pools *pools);
