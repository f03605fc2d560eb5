/* pin_names: what pins a session and has a name: the cursors WITH HOLD it has declared, the channels it
 * listens to. So that CLOSE of the last one, or UNLISTEN, ends the pin.
 *
 * Counted when the statement is sent. What has a name here may be gone, since a ROLLBACK takes away what was
 * declared; what is not here is never there: the last name is that of the last thing. Of names that do not
 * fit only CLOSE ALL, UNLISTEN * and DISCARD ALL are known to end them. */
#pragma once

#include "router/classify.h"

enum { PIN_NAMES_MAX = 8, PIN_NAMED = PIN_HOLD | PIN_LISTEN };

struct pin_names {
        uint32_t hashes[PIN_NAMES_MAX];
        uint8_t pins[PIN_NAMES_MAX]; /* enum pin; 0: a free place */
        uint8_t ending;              /* a bit of each place: it ends if the transaction commits */
        uint8_t uncounted;           /* enum pin bits: there are more of these */
};

/* DECLARE, LISTEN: `pin` is one of PIN_NAMED, `written` the name as the statement has it. */
void pin_names_begin(struct pin_names *names, unsigned pin, struct sv written);

/* CLOSE, UNLISTEN: it ends if the transaction commits. With no name all of `pins` end. */
void pin_names_end(struct pin_names *names, unsigned pins, struct sv written);

/* Nothing of these kinds is left. */
void pin_names_forget(struct pin_names *names, unsigned pins);

/* The transaction has ended. Returns the enum pin bits of which the last name has ended with it. */
unsigned pin_names_settle(struct pin_names *names, bool committed);
