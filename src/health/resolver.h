/* resolver: a host name's addresses, asked through net/names.h, and the last good ones kept for the time when
 * no name server answers: libpq resolves names while it connects, blocking, so it is given addresses. Owner
 * and thread: the control thread. */
#pragma once

struct names;
struct resolver;

enum { RESOLVER_ADDRESSES = 4 };

/* `error` is "" when the name was resolved, else a few words. */
typedef void resolver_done_fn(const char *error, void *arg);

/* `name` is copied. */
struct resolver *resolver_new(struct names *names, const char *name, resolver_done_fn *on_done, void *arg);

/* Looks the name up; on_done is called once, perhaps at once. Not while a lookup is under way. */
void resolver_start(struct resolver *resolver);

/* Forgets the lookup under way, if any: on_done is not called for it. */
void resolver_cancel(struct resolver *resolver);

/* "address,address" of the last lookup that found some, at most RESOLVER_ADDRESSES; "" if there never was
 * one. */
const char *resolver_addresses(const struct resolver *resolver);

/* NULL is allowed. */
void resolver_free(struct resolver *resolver);
