/* control: the control thread: owns configuration, workers, health and console; turns signals and console
 * commands into orders. The roof: with worker.c and main.c the only file that knows every room. */
#pragma once

#include "access.h"
#include "net/listener.h"
#include "takeover.h"

struct launch {
        struct conf *conf;            /* its reference passes over */
        struct access *access;        /* what it makes of TLS and HBA; the same */
        struct listeners *listeners;  /* closed at the end */
        struct listeners *http;       /* the same; none: no HTTP */
        struct inheritance *heritage; /* of the process whose place we take; NULL: of none. Freed */
        int verbose;                  /* as on the command line */
        bool *stuck; /* set at the end: a thread waits for somebody who does not answer; end with _exit */
};

/* Runs until shutdown. Returns the process's exit status. */
int control_run(const struct launch *launch);
