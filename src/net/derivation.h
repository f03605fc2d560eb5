/* derivation: a password becomes the keys of SCRAM (auth/scram.h) on a helper's thread, where the iterations
 * are so many that a loop would be late for everybody else: at their bound it is a third of a second.
 *
 * Owner: whoever began it, on the thread of its loop, until `done` or derivation_forget. */
#pragma once

#include "auth/scram.h"
#include "net/helpers.h"

enum { DERIVATION_SMALL = 16384 }; /* iterations that a loop may do itself: 6 ms */

struct derivation;

/* On the loop's thread, once; the derivation is gone. The keys are wiped afterwards. */
typedef void derivation_fn(void *arg, const struct scram_keys *keys);

/* For the salt and the iterations in *salt. NULL: too many wait already. */
struct derivation *derivation_begin(struct helpers *helpers, struct mailbox *home, const char *password,
                                    const struct scram_keys *salt, derivation_fn *done, void *arg);

/* Nobody wants it any more: `done` will not be called. NULL is allowed. */
void derivation_forget(struct derivation *d);
