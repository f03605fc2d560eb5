#include "admin/extended_sql.h"

#include "admin/sql.h"
#include "base/check.h"
#include "base/memory.h"

#include <stdlib.h>

/* The extended query protocol (manual, "Extended Query"): a statement is one command; a portal keeps its
 * answer until all rows have been fetched. An error skips to Sync. A Describe of a SELECT runs it. */

/* ---- statements and portals ---- */

static struct saved *find_saved(struct console *c, struct sv name)
{
        list_for_each (it, &c->saved) {
                struct saved *s = list_item(it, struct saved, in_list);

                if (sv_is(name, s->name))
                        return s;
        }
        return NULL;
}

static struct portal *find_portal(struct console *c, struct sv name)
{
        list_for_each (it, &c->portals) {
                struct portal *p = list_item(it, struct portal, in_list);

                if (sv_is(name, p->name))
                        return p;
        }
        return NULL;
}

static void drop_saved(struct console *c, struct saved *s)
{
        list_unlink(&s->in_list);
        c->saved_count--;
        saved_sql_free(s);
        free(s->name);
        free(s);
}

static void drop_portal(struct console *c, struct portal *p)
{
        list_unlink(&p->in_list);
        c->portal_count--;
        if (p->outcome.has_table)
                table_fini(&p->outcome.table);
        arena_release(&p->arena);
        free(p->name);
        free(p);
}

void extended_deallocate(struct console *c, const char *name)
{
        list_for_each_safe (it, &c->saved) {
                struct saved *s = list_item(it, struct saved, in_list);

                if (name == NULL || strcmp(s->name, name) == 0)
                        drop_saved(c, s);
        }
}

void extended_drop_portals(struct console *c)
{
        list_for_each_safe (it, &c->portals) {
                struct portal *p = list_item(it, struct portal, in_list);

                if (p != c->portal)
                        drop_portal(c, p);
        }
}

static char *copy_name(struct sv name)
{
        char *copy = xmalloc(name.n + 1);

        memcpy(copy, name.p, name.n);
        copy[name.n] = 0;
        return copy;
}

/* ---- answers ---- */

static bool refuse(struct console *c, const struct refusal *r)
{
        console_refuse(c, r);
        c->skip_to_sync = true;
        return true;
}

#define REFUSE(c, sqlstate, ...) (console_error(c, sqlstate, __VA_ARGS__), (c)->skip_to_sync = true)

static bool malformed(struct console *c, const struct reader *body)
{
        if (!body->failed && body->n == 0)
                return false;
        REFUSE(c, "08P01", "invalid message format");
        return true;
}

static void say(struct console *c, char type)
{
        struct writer w = console_writer(c);

        write_empty(&w, type);
}

/* ---- messages ---- */

static bool parse_one(struct sv text, struct command *out, struct refusal *r)
{
        struct sv one, more;
        struct command second;

        if (!command_cut(&text, &one))
                one = SV("");
        if (!command_parse(one, out, r))
                return false;
        while (command_cut(&text, &more)) {
                if (command_parse(more, &second, r) && second.verb == VERB_NOTHING)
                        continue;
                refusal_set(r, "ERROR", "42601", "cannot insert multiple commands into a prepared statement");
                return false;
        }
        return true;
}

static void on_parse(struct console *c, struct reader body)
{
        struct sv name = take_cstr(&body), text = take_cstr(&body);
        uint16_t count = take_u16(&body);
        uint32_t types[SQL_PARAMETERS_MAX];
        struct saved *old = find_saved(c, name), *s;
        struct command command;
        struct refusal r;

        for (unsigned i = 0; i < count && !body.failed; i++) {
                uint32_t type = take_u32(&body);

                if (i < SQL_PARAMETERS_MAX)
                        types[i] = type;
        }
        if (malformed(c, &body))
                return;
        if (!parse_one(text, &command, &r)) {
                refuse(c, &r);
                return;
        }
        if (old != NULL && name.n > 0) {
                REFUSE(c, "42P05", "prepared statement \"%.*s\" already exists", SV_ARG(name));
                return;
        }
        if (name.n > CONSOLE_HANDLE_MAX || (old == NULL && c->saved_count == CONSOLE_STATEMENTS_MAX)) {
                REFUSE(c, "54000", "too many prepared statements, or too long a name");
                return;
        }
        s = xcalloc(1, sizeof(*s));
        s->command = command;
        if (command.sql.n > 0)
                saved_text(s);
        if (command.verb == VERB_SQL &&
            !saved_sql(s, types, count < SQL_PARAMETERS_MAX ? count : SQL_PARAMETERS_MAX, &r)) {
                free(s->sql);
                free(s);
                refuse(c, &r);
                return;
        }
        if (old != NULL)
                drop_saved(c, old);
        s->name = copy_name(name);
        list_append(&c->saved, &s->in_list);
        c->saved_count++;
        say(c, BE_PARSE_COMPLETE);
}

/* The formats of a Bind's result columns: none, one for all, or one each. */
static bool take_formats(struct console *c, struct reader *body, int columns, uint64_t *binary)
{
        unsigned count = take_u16(body);

        *binary = 0;
        if (count > 1 && columns > 0 && (int)count != columns) {
                REFUSE(c, "08P01", "bind message has %u result formats but query has %d columns", count,
                       columns);
                return false;
        }
        for (unsigned i = 0; i < count; i++) {
                unsigned code = take_u16(body);

                if (code > 1) {
                        REFUSE(c, "22023", "unsupported format code: %u", code);
                        return false;
                }
                if (code == 1 && i < TABLE_COLUMNS_MAX)
                        *binary |= count == 1 ? UINT64_MAX : UINT64_C(1) << i;
        }
        return true;
}

static void on_bind(struct console *c, struct reader body)
{
        struct sv portal_name = take_cstr(&body), name = take_cstr(&body);
        struct saved *s = find_saved(c, name);
        struct portal *p = find_portal(c, portal_name);
        struct column one;
        struct refusal r;
        int columns;

        if (s == NULL) {
                REFUSE(c, "26000", "prepared statement \"%.*s\" does not exist", SV_ARG(name));
                return;
        }
        if (p != NULL && portal_name.n > 0) {
                REFUSE(c, "42P03", "cursor \"%.*s\" already exists", SV_ARG(portal_name));
                return;
        }
        if (portal_name.n > CONSOLE_HANDLE_MAX || (p == NULL && c->portal_count == CONSOLE_PORTALS_MAX)) {
                REFUSE(c, "54000", "too many portals, or too long a name");
                return;
        }
        if (p != NULL)
                drop_portal(c, p);
        p = xcalloc(1, sizeof(*p));
        p->name = copy_name(portal_name);
        p->command = s->command;
        list_append(&c->portals, &p->in_list);
        c->portal_count++;
        (void)command_columns(&s->command, &one, &columns);
        if (!portal_parameters(p, s, &body, &r))
                refuse(c, &r);
        else if (take_formats(c, &body, s->command.verb == VERB_SQL ? s->columns : columns,
                              &p->cursor.binary) &&
                 !malformed(c, &body))
                say(c, BE_BIND_COMPLETE);
        if (c->skip_to_sync)
                drop_portal(c, p);
}

static void describe(struct console *c, const struct command *command, uint64_t binary)
{
        struct writer w = console_writer(c);
        struct column one;
        int count;
        const struct column *columns = command_columns(command, &one, &count);

        if (columns == NULL)
                write_empty(&w, BE_NO_DATA);
        else
                write_row_description(&w, columns, count, binary);
}

/* Runs a SELECT, to see what columns it has. Of a portal the answer is kept for Execute. */
static void describe_by_running(struct console *c, struct saved *s, struct portal *p,
                                const struct command *command)
{
        console_move(c, CONSOLE_PORTAL);
        c->describing = true;
        c->described = s;
        c->portal = p;
        c->command = *command;
        console_run(c);
}

static void on_describe(struct console *c, struct reader body)
{
        uint8_t kind = take_u8(&body);
        struct sv name = take_cstr(&body);
        struct saved *s = find_saved(c, name);
        struct portal *p = find_portal(c, name);
        struct writer w = console_writer(c);

        if (malformed(c, &body))
                return;
        if (kind == 'S' && s != NULL) {
                write_parameters(&w, s);
                if (s->command.verb == VERB_SQL)
                        describe_by_running(c, s, NULL, &s->command);
                else
                        describe(c, &s->command, 0);
        } else if (kind == 'P' && p != NULL) {
                if (p->command.verb == VERB_SQL && !p->run)
                        describe_by_running(c, NULL, p, &p->command);
                else if (p->command.verb == VERB_SQL)
                        write_row_description(&w, p->outcome.table.columns, p->outcome.table.column_count,
                                              p->cursor.binary);
                else
                        describe(c, &p->command, p->cursor.binary);
        } else if (kind == 'S') {
                REFUSE(c, "26000", "prepared statement \"%.*s\" does not exist", SV_ARG(name));
        } else if (kind == 'P') {
                REFUSE(c, "34000", "portal \"%.*s\" does not exist", SV_ARG(name));
        } else {
                REFUSE(c, "08P01", "invalid DESCRIBE message subtype %d", kind);
        }
}

/* The portal's rows, as many as are wanted now. */
static void deliver(struct console *c, struct portal *p)
{
        enum rows_left left = ROWS_NONE_LEFT;
        struct refusal error;
        struct writer w;

        if (p->outcome.has_table)
                left = console_write_rows(c, &p->cursor, c->rows_wanted, &error);
        w = console_writer(c);
        switch (left) {
        case ROWS_NONE_LEFT: write_command_complete(&w, p->outcome.tag); break;
        case ROWS_LEFT: write_empty(&w, BE_PORTAL_SUSPENDED); break;
        case ROWS_TOO_MANY: refuse(c, &error); break;
        }
}

static void on_execute(struct console *c, struct reader body)
{
        struct sv name = take_cstr(&body);
        struct portal *p = find_portal(c, name);
        uint32_t most = take_u32(&body);

        if (malformed(c, &body))
                return;
        if (p == NULL) {
                REFUSE(c, "34000", "portal \"%.*s\" does not exist", SV_ARG(name));
                return;
        }
        c->rows_wanted = most > INT32_MAX ? 0 : most;
        if (p->command.verb == VERB_NOTHING) {
                say(c, BE_EMPTY_QUERY);
        } else if (p->run) {
                deliver(c, p);
        } else {
                console_move(c, CONSOLE_PORTAL);
                c->portal = p;
                c->command = p->command;
                console_run(c);
        }
}

void extended_answer(struct console *c, struct outcome *outcome)
{
        struct portal *p = c->portal;
        struct saved *s = c->described;
        bool describing = c->describing;
        struct writer w = console_writer(c);

        console_move(c, CONSOLE_IDLE);
        c->portal = NULL;
        c->described = NULL;
        c->describing = false;
        if (outcome->refusal.severity != NULL ||
            (p != NULL && outcome->has_table && !portal_shape(p, &outcome->table, &outcome->refusal))) {
                refuse(c, &outcome->refusal);
                return;
        }
        if (s != NULL) {
                saved_shape(s, &outcome->table);
                write_row_description(&w, s->shape, s->columns, 0);
                return;
        }
        CHECK(p != NULL); /* else a statement was described */
        console_note(c, &p->command, outcome);
        p->run = true;
        p->outcome = *outcome; /* the table passes over */
        p->cursor.table = &p->outcome.table;
        outcome->has_table = false;
        if (describing)
                write_row_description(&w, p->outcome.table.columns, p->outcome.table.column_count,
                                      p->cursor.binary);
        else
                deliver(c, p);
}

static void on_close(struct console *c, struct reader body)
{
        uint8_t kind = take_u8(&body);
        struct sv name = take_cstr(&body);
        struct saved *s = find_saved(c, name);
        struct portal *p = find_portal(c, name);

        if (malformed(c, &body))
                return;
        if (kind != 'S' && kind != 'P') {
                REFUSE(c, "08P01", "invalid CLOSE message subtype %d", kind);
                return;
        }
        if (kind == 'S' && s != NULL)
                drop_saved(c, s);
        if (kind == 'P' && p != NULL)
                drop_portal(c, p);
        say(c, BE_CLOSE_COMPLETE);
}

static void on_sync(struct console *c)
{
        struct writer w = console_writer(c);

        c->skip_to_sync = false;
        if (c->tx == 'I')
                extended_drop_portals(c);
        write_ready(&w, c->tx);
}

bool extended_message(struct console *c, const struct msg *m)
{
        struct reader body = reader_of(m);

        switch (m->type) {
        case FE_PARSE: on_parse(c, body); return true;
        case FE_BIND: on_bind(c, body); return true;
        case FE_DESCRIBE: on_describe(c, body); return true;
        case FE_EXECUTE: on_execute(c, body); return true;
        case FE_CLOSE: on_close(c, body); return true;
        case FE_SYNC: on_sync(c); return true;
        case FE_FLUSH: return true; /* nothing is ever kept back */
        }
        return false;
}
