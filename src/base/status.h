/* status: what the world can do to us. Every function that can fail for a reason outside this program
 * returns one, and the compiler insists that it is looked at. */
#pragma once

#include "base/check.h"

enum status {
        STATUS_OK = 0,
        STATUS_AGAIN,   /* not now: wait for readiness or for more bytes */
        STATUS_EOF,     /* the peer closed its side */
        STATUS_IO,      /* the system call failed; errno says how */
        STATUS_INVALID, /* bytes or text that break the format */
        STATUS_LIMIT,   /* a bound that protects us was reached */
        STATUS_DENIED,  /* well formed, but not allowed */
        STATUS_ABSENT,  /* what was named is not there */
};
