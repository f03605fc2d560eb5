/* admin: the console on the admin database (`pgbouncer`, alias `pgsteer`), for people and scripts, in both
 * query protocols. Runs on the control thread; asks workers by census and orders; touches no client's
 * traffic. Owner and thread: the control thread. */
#pragma once

#include "session/census.h"
#include "session/orders.h"

struct admin;
struct health;

enum shutdown_mode { SHUTDOWN_NOW, SHUTDOWN_WAIT_FOR_SERVERS, SHUTDOWN_WAIT_FOR_CLIENTS };

/* What the console may ask of the roof. */
struct admin_ops {
        struct conf *(*conf)(void *arg); /* the present one, borrowed */
        /* RELOAD: reads the file again; on failure `message` says why and the old one stays. */
        bool (*reload)(void *arg, char *message, size_t size);
        /* SET: as conf_with, and it takes effect. True and a `message`: but TLS stays as it was. */
        bool (*set)(void *arg, const char *key, const char *value, char *message, size_t size);
        void (*shutdown)(void *arg, enum shutdown_mode mode);
        struct health *(*health)(void *arg); /* NULL when nothing is monitored */
};

/* `crowd` outlives it. `ops` and `arg` are the roof's. */
struct admin *admin_new(struct loop *loop, struct crowd *crowd, const struct admin_ops *ops, void *arg);

/* A client that a worker has authenticated (AuthenticationOk not yet sent). Any thread. */
void admin_adopt(void *admin, const struct visitor *visitor);

/* A CancelRequest with a key that no worker knows: ends a PAUSE or WAIT_CLOSE that waits on the console with
 * this key; else nothing happens. Any thread; `done` is told on the console's whether somebody has that key.
 */
void admin_cancel(void *admin, const struct cancel_key *key, void (*done)(void *arg, bool found),
                  void *done_arg);

/* What SIGUSR1 and SIGUSR2 say; logs what comes of it. */
void admin_pause_signal(struct admin *admin);
void admin_resume_signal(struct admin *admin);

/* PAUSE of all, for a shutdown that waits for servers. */
void admin_pause(struct admin *admin);

bool admin_is_suspended(const struct admin *admin);
/* Connections to the console. */
size_t admin_console_count(const struct admin *admin);

/* A takeover that is not final yet is called off. Must be done before workers are waited for. */
void admin_end_takeover(struct admin *admin);

/* SELECTs that helpers run for it end soon. Must be done before helpers are stopped. */
void admin_stop_statements(struct admin *admin);

/* Closes its clients and frees. Helpers have been stopped. */
void admin_free(struct admin *admin);
