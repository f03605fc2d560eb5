/* patroni: asks Patroni's REST interface who the members of a cluster are, for the lines with patroni=.
 *
 * What comes of it is the hosts of those lines, and nothing else: who is the primary is found out by asking
 * PostgreSQL. A switchover that Patroni has in mind is waited for: its primary yields shortly before. Owner
 * and thread: the control thread. */
#pragma once

#include "conf/conf.h"

struct loop;
struct patroni;

/* `changed` is called when members are others than they were. Called from the loop. */
struct patroni *patroni_new(struct loop *loop, void (*changed)(void *arg), void *arg);

/* Follows a configuration, which outlives it or is replaced by this. */
void patroni_configure(struct patroni *patroni, const struct conf *conf);

/* The members behind a line's patroni=: a conf_members_fn, whose arg is the struct patroni. */
conf_members_fn patroni_members;

/* NULL is allowed. */
void patroni_free(struct patroni *patroni);
