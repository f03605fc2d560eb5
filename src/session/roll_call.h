/* roll_call: before a client is refused because there are too many, every thread is asked to see who has
 * left: a client that came after another one had gone finds that one's place, on whatever threads the two
 * were.
 *
 *     gate_enter --> CLIENT_GATE, roll_call_await --> two turns of every loop --> gate_try_again
 *
 * What is in a socket when the letter is posted has been read when the letter is opened a second time: the
 * first turn that sees the letter sees the socket too. One roll call of a worker at a time, so refusing many
 * costs little more than refusing one. Owner and thread: the room. */
#pragma once

#include "session/client.h"

/* The client, in CLIENT_GATE, waits for a roll call that begins not before now; one begins if none is under
 * way. */
void roll_call_await(struct client *c);
