/* control: the control thread: owns configuration, workers, health and console; turns signals and console
 * commands into orders. The roof: with worker.c and main.c the only file that knows every room. */
#pragma once

#include "access.h"
#include "net/listener.h"

/* Runs until shutdown with `conf` and its `access` (their references pass over) and listening sockets (closed
 * at the end). `verbose`: as on the command line. Returns the process's exit status. */
int control_run(struct conf *conf, struct access *access, struct listeners *listeners, int verbose);
