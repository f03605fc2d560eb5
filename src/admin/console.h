/* console: one connection to the admin database: framing, both query protocols, one command at a time.
 *
 *     IDLE <--> SCRIPT     a Query's commands are being worked through
 *     IDLE <--> PORTAL     an Execute's command is running
 *     any  --> CLOSED
 *
 * Refuses messages above CONSOLE_MESSAGE_MAX, parameters, COPY. Reads on while a command runs, to see the
 * client go; carries out nothing new while the client does not take its answers. Owner and thread: admin, the
 * control thread. */
#pragma once

#include "admin/command.h"
#include "admin/job.h"
#include "base/machine.h"
#include "net/stream.h"
#include "wire/cancel_key.h"
#include "wire/proto.h"

enum console_state { CONSOLE_IDLE, CONSOLE_SCRIPT, CONSOLE_PORTAL, CONSOLE_CLOSED, CONSOLE_STATES };

extern const struct machine_state console_states[CONSOLE_STATES];

enum {
        CONSOLE_MESSAGE_MAX = 64 << 10, /* of a client's message */
        CONSOLE_IN_FULL = 256 << 10,    /* bytes not yet worked on; no more is read then */
        CONSOLE_OUT_FULL = 1 << 20,     /* unsent bytes; nothing new is begun then */
        CONSOLE_ANSWER_MAX = 48 << 20,  /* of one answer */
        CONSOLE_STATEMENTS_MAX = 1000,
        CONSOLE_PORTALS_MAX = 100,
        CONSOLE_HANDLE_MAX = 256, /* bytes of a statement's or portal's name */
};

/* A cursor over the rows of an answer. */
struct cursor {
        const struct table *table;
        uint64_t binary; /* bit i: column i in binary format */
        size_t next;     /* row */
};

/* Prepared statements and portals, admin/extended.c. */
struct saved {
        struct list in_list;
        char *name;
        struct command command;
        char *sql;            /* the command's own copy of its SQL; NULL: it has none */
        int parameters;       /* of it */
        uint32_t *types;      /* of each, as Parse gave them; 0: unsaid */
        struct column *shape; /* its columns, once they have been described; the names are its own */
        int columns;
};

struct portal {
        struct list in_list;
        char *name;
        struct command command;
        struct arena arena;         /* of the command's text and parameters */
        const struct column *shape; /* in it: what was described before; NULL: nothing was */
        int columns;
        bool run; /* outcome is filled */
        struct outcome outcome;
        struct cursor cursor;
};

struct console {
        struct list in_admin;
        struct grave grave;
        struct stream stream;
        struct admin *admin;
        enum console_state state;
        struct job *job; /* that has not ended; NULL: none */
        struct buf in, out;
        size_t asking;     /* bytes of the message being answered, or of the last one */
        char tx;           /* 'I', or 'T' after BEGIN */
        bool skip_to_sync; /* after an error in the extended protocol */

        struct buf script;      /* SCRIPT: what is left of the Query's text */
        bool script_spoke;      /* it had a command that was not empty */
        struct command command; /* that runs */
        struct list saved, portals;
        int saved_count, portal_count;
        struct portal *portal;   /* PORTAL: that runs; NULL: a statement that is only described */
        bool describing;         /* PORTAL: for a Describe */
        struct saved *described; /* PORTAL: whose statement it is; NULL: a portal's */
        uint32_t rows_wanted;    /* of it; 0: all */

        char *user, *application_name;
        bool may_command;
        struct budget *budget[BUDGET_KINDS]; /* it is counted in */
        char address[64], local_addr[64];
        char tls[128]; /* version and cipher, "" without */
        int port, local_port;
        uint32_t remote_pid; /* at the other end of a unix socket */
        uint64_t id;
        struct cancel_key key;
        int64_t since_us, since_wall_us, request_wall_us;
};

/* A client from now on; greets it. Takes over the visitor's stream (detached) and bytes. */
struct console *console_open(struct admin *admin, const struct visitor *visitor);

/* The end. `why` for the log; the object is buried. Harmless on a closed one. */
void console_close(struct console *c, const char *why);

/* The same, and tells the client: a FATAL error. */
__attribute__((format(printf, 3, 4))) void console_kill(struct console *c, const char *sqlstate,
                                                        const char *format, ...);

/* Works on what has come and what has ended, as far as possible. */
void console_go_on(struct console *c);

/* ---- for simple.c and extended.c ---- */

void console_move(struct console *c, enum console_state to);
struct writer console_writer(struct console *c);

/* Starts c->command; then simple_answer or extended_answer is called, at once or later, by the state. */
void console_run(struct console *c);

/* Writes an error. In the extended protocol what follows is skipped up to Sync. */
void console_refuse(struct console *c, const struct refusal *r);
__attribute__((format(printf, 3, 4))) void console_error(struct console *c, const char *sqlstate,
                                                         const char *format, ...);

/* What both protocols do when a command has ended well: the transaction's state, notices, DEALLOCATE. */
void console_note(struct console *c, const struct command *command, const struct outcome *outcome);

enum rows_left { ROWS_NONE_LEFT, ROWS_LEFT, ROWS_TOO_MANY };

/* Writes rows, at most `most` (0: all). What would be more than CONSOLE_ANSWER_MAX bytes is not written at
 * all, and *error says so. */
enum rows_left console_write_rows(struct console *c, struct cursor *cursor, size_t most,
                                  struct refusal *error);

/* A Query message; what follows from it; the outcome of a command of it. */
void simple_query(struct console *c, const struct msg *m);
void simple_step(struct console *c);
void simple_answer(struct console *c, struct outcome *outcome);

/* A message of the extended protocol; false: it is none. The outcome of an Execute. */
bool extended_message(struct console *c, const struct msg *m);
void extended_answer(struct console *c, struct outcome *outcome);
/* Drops statements (the one of that name; NULL: all) and portals. */
void extended_deallocate(struct console *c, const char *name);
void extended_drop_portals(struct console *c);
