/* cancel_key: what a server tells a client with BackendKeyData, and whoever wants its query canceled says in
 * a CancelRequest: a process id and a secret (manual, "BackendKeyData", "CancelRequest").
 *
 * The secret has 4 bytes in protocol 3.0 and up to 256 from 3.2 on. Ours have 4 or 32, a server's 4, because
 * we log in there with 3.0.
 *
 *     byte   0    1        2         3    4 5 6 7 ...         Ours are random but for bit 7 of byte 0, which
 * is | pid (big endian)         | secret     |          0; among peers also for the peer's number, and number
 * number >> 8       ^              bits 0 and 1 of byte 7: how many peers the request hops            may
 * still go on to. PgBouncer's are the same. */
#pragma once

#include "wire/proto.h"

#include <stdbool.h>

enum {
        CANCEL_SECRET_SHORT = 4,
        CANCEL_SECRET_LONG = 32,
        CANCEL_SECRET_MAX = 256, /* the protocol's limit */
};

struct cancel_key {
        uint32_t pid;
        uint32_t size; /* of the secret; 0: none, or one longer than any of ours: equal to no other */
        uint8_t secret[CANCEL_SECRET_LONG];
};

/* Takes the whole of a body that holds nothing else. STATUS_INVALID: the protocol knows no such length. */
MUST_USE enum status take_cancel_key(struct reader *body, struct cancel_key *out);

/* In constant time. A key without a secret equals none. */
bool cancel_key_equal(const struct cancel_key *a, const struct cancel_key *b);

/* Makes random bytes the key of a client of peer `peer_id`, with all hops; 0: there are no peers. */
void cancel_key_shape(struct cancel_key *key, int peer_id);

/* Whose client has this key. */
int cancel_key_peer(const struct cancel_key *key);

/* Takes one hop off; false when none was left. */
bool cancel_key_hop(struct cancel_key *key);

/* Gives all hops back, as in the key that the client was told. */
void cancel_key_arrived(struct cancel_key *key);
