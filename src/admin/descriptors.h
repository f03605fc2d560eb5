/* descriptors: SHOW FDS: the listening sockets, clients and servers, those that speak TLS excepted, with what
 * PgBouncer's successor asks about them. Through a unix socket and to our own user each row brings its
 * descriptor (SCM_RIGHTS), as PgBouncer's does, so that a PgBouncer can take over after SUSPEND.
 *
 * Secrets are not shown: password and SCRAM keys are null. Owner and thread: admin, the control thread. */
#pragma once

#include "admin/console.h"

/* The command; true: it has ended. */
bool job_fds(struct job *job);

/* Sends what is to be sent before, then the rows of an outcome with their descriptors. False: they were not
 * taken, and an answer has been cut. */
bool descriptors_send(struct console *c, const struct outcome *outcome);
