#include "admin/console.h"
#include "admin/descriptors.h"

/* The simple query protocol: a Query holds commands; each is answered in turn, an error ends the rest;
 * ReadyForQuery closes (manual, "Simple Query"). */

static void finish(struct console *c)
{
        struct writer w = console_writer(c);

        if (!c->script_spoke)
                write_empty(&w, BE_EMPTY_QUERY);
        write_ready(&w, c->tx);
        buf_release(&c->script);
        console_move(c, CONSOLE_IDLE);
}

static void refuse(struct console *c, const struct refusal *r)
{
        c->script_spoke = true;
        console_refuse(c, r);
        finish(c);
}

/* Every command of a text must be well formed before the first one runs. */
static bool check_all(struct sv text, struct refusal *r)
{
        struct command command;
        struct sv one;

        while (command_cut(&text, &one))
                if (!command_parse(one, &command, r))
                        return false;
        return true;
}

void simple_query(struct console *c, const struct msg *m)
{
        struct reader body = reader_of(m);
        struct sv text = take_cstr(&body);
        struct refusal r;

        console_move(c, CONSOLE_SCRIPT);
        c->script_spoke = false;
        if (body.failed || body.n > 0) {
                refusal_set(&r, "ERROR", "08P01", "invalid message format");
                refuse(c, &r);
        } else if (!check_all(text, &r)) {
                refuse(c, &r);
        } else if (buf_append(&c->script, text.p, text.n, CONSOLE_MESSAGE_MAX) != STATUS_OK) {
                refusal_set(&r, "ERROR", "53200", "out of memory");
                refuse(c, &r);
        }
}

void simple_step(struct console *c)
{
        struct sv rest = sv_from(buf_data(&c->script), buf_len(&c->script)), one;
        struct refusal r;

        if (!command_cut(&rest, &one)) {
                finish(c);
                return;
        }
        CHECK(command_parse(one, &c->command, &r)); /* simple_query has seen it */
        buf_consume(&c->script, one.n);
        if (c->command.verb == VERB_NOTHING)
                return;
        c->script_spoke = true;
        console_run(c);
}

void simple_answer(struct console *c, struct outcome *outcome)
{
        struct writer w;
        struct refusal error;
        struct cursor cursor = {.table = &outcome->table};

        if (outcome->refusal.severity != NULL) {
                refuse(c, &outcome->refusal);
                return;
        }
        console_note(c, &c->command, outcome);
        if (outcome->has_table) {
                w = console_writer(c);
                write_row_description(&w, outcome->table.columns, outcome->table.column_count, 0);
                if (outcome->passed != NULL) {
                        if (!descriptors_send(c, outcome)) {
                                console_close(c, "descriptors were not taken");
                                return;
                        }
                } else if (console_write_rows(c, &cursor, 0, &error) == ROWS_TOO_MANY) {
                        refuse(c, &error);
                        return;
                }
        }
        w = console_writer(c);
        write_command_complete(&w, outcome->tag);
}
