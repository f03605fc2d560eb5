/* parlour: a room on a loop that the test turns, fake servers behind it, and clients on socket pairs. */
#pragma once

#include "pool/fakes.h"
#include "session/room.h"
#include "wire/writer.h"

enum { CALLERS = 4 };

struct caller {
        int fd; /* -1: closed by the room */
        struct buf got;
};

struct parlour {
        struct fakes fakes;
        struct conf *conf;
        struct crowd crowd;
        struct loop loop;
        struct room room;
        struct pools *peers[1];
        struct caller caller[CALLERS];
};

extern struct parlour parlour;

/* `settings` are added to [pgbouncer]. */
void parlour_init(const char *settings);
void parlour_fini(void);
void parlour_turn(void);

/* Calls; nothing is said yet. */
void caller_call(struct caller *c);
void caller_say(struct caller *c, const void *bytes, size_t n);
#define CALLER_SAY(caller, literal) caller_say(caller, literal, sizeof(literal) - 1)
void caller_hang_up(struct caller *c);

/* Turns until ReadyForQuery comes, at most 5 s; what has come stays in c->got. */
bool caller_is_let_in(struct caller *c);

/* Logs in at "app" as bob and keeps what was said in c->got; false when there was no ReadyForQuery. */
bool caller_log_in(struct caller *c);
/* The same with another startup packet. */
bool caller_log_in_with(struct caller *c, const void *packet, size_t n);

/* Turns until exactly `bytes` have come (they are then forgotten), at most 5 s. */
bool caller_hears(struct caller *c, const void *bytes, size_t n);
#define CALLER_HEARS(caller, literal) caller_hears(caller, literal, sizeof(literal) - 1)

/* Turns until a whole message has come, at most 5 s, and takes it off what has come. Its bytes are valid
 * until the next call. */
bool caller_next(struct caller *c, struct msg *m);

/* Turns until the room has closed, at most 5 s; what has come stays in c->got. */
bool caller_is_left(struct caller *c);

/* Whether what has come contains `text`. */
bool caller_got(const struct caller *c, const char *text);
