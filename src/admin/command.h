/* command: a line typed at the console, understood: PgBouncer's commands, ours, and what drivers say by
 * themselves. Pure: runs nothing. Key words and names of tables ignore case; comments are skipped; a
 * semicolon ends a command.
 *
 *     text --command_cut--> one command's text --command_parse--> struct command */
#pragma once

#include "admin/chatter.h"
#include "admin/shows.h"
#include "base/refusal.h"

enum verb {
        VERB_NOTHING, /* empty text, or comments alone */
        VERB_HELP,
        VERB_SHOW,    /* show */
        VERB_FDS,     /* show: SHOW FDS */
        VERB_PARAM,   /* fake: SHOW of a driver's parameter, or SELECT of a driver's function */
        VERB_NUMBER,  /* SELECT 1; number */
        VERB_EXPLAIN, /* name: of the database; sql; options: names and values, by commas */
        VERB_SET,     /* name, value */
        VERB_SET_IGNORED,
        VERB_BEGIN,
        VERB_END,        /* of what BEGIN has begun; tag says how */
        VERB_DEALLOCATE, /* name; "" all */
        VERB_IGNORED,    /* answered with its tag and nothing else */
        VERB_RELOAD,
        VERB_PAUSE, /* name of the database, "" all; the same below */
        VERB_RESUME,
        VERB_RECONNECT,
        VERB_KILL,
        VERB_DISABLE,
        VERB_ENABLE,
        VERB_WAIT_CLOSE,
        VERB_FORGET,
        VERB_SUSPEND,
        VERB_KILL_CLIENT, /* name: what stands for the client's number */
        VERB_TAKEOVER,
        VERB_FENCE, /* value: a node's name; the same below */
        VERB_UNFENCE,
        VERB_DRAIN,
        VERB_UNDRAIN,
        VERB_SWITCHOVER, /* name: of a database; value: of the node; force */
        VERB_SQL,        /* sql: a SELECT over the tables; parameters come with Bind */
        VERB_SHUTDOWN,   /* name: "", "WAIT_FOR_SERVERS" or "WAIT_FOR_CLIENTS" */
};

enum { COMMAND_WORD_MAX = 15, COMMAND_NAME_SIZE = 64, COMMAND_VALUE_SIZE = 256 };

/* What Bind gives for $n. */
struct parameter {
        bool null, is_number;
        int64_t number;
        struct sv text;
};

struct command {
        enum verb verb;
        const char *tag; /* of CommandComplete, static; SET makes its own */
        const struct show *show;
        const struct fake_param *fake;
        int64_t number;
        char name[COMMAND_NAME_SIZE];
        char value[COMMAND_VALUE_SIZE];
        bool force;
        struct sv sql, options;             /* views of what command_parse was given */
        const struct parameter *parameters; /* a view */
        int parameter_count;
};

/* Takes the first command off *text, its semicolon included; EXPLAIN takes all there is, as it asks about a
 * text that a client would send. False: nothing is left. */
bool command_cut(struct sv *text, struct sv *command);

/* Understands one command. False: *refusal (ERROR, 08P01) says what is wrong, in PgBouncer's words. */
bool command_parse(struct sv text, struct command *out, struct refusal *refusal);

/* The columns of its answer, NULL when it has none. `one` is room for a column that has the command's own
 * name, and must live as long as the result is used; *count is their number. */
const struct column *command_columns(const struct command *command, struct column *one, int *count);

/* Whether only admin_users may give it. */
bool command_needs_admin(const struct command *command);
