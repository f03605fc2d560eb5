#include "admin/console.h"

#include "admin/takeover.h"

#include "admin/version.h"
#include "auth/secret.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "net/address.h"
#include "net/secure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const struct machine_state console_states[CONSOLE_STATES] = {
    [CONSOLE_IDLE] = {"idle", MOVE(CONSOLE_SCRIPT) | MOVE(CONSOLE_PORTAL) | MOVE(CONSOLE_CLOSED)},
    [CONSOLE_SCRIPT] = {"script", MOVE(CONSOLE_IDLE) | MOVE(CONSOLE_CLOSED)},
    [CONSOLE_PORTAL] = {"portal", MOVE(CONSOLE_IDLE) | MOVE(CONSOLE_CLOSED)},
    [CONSOLE_CLOSED] = {"closed", 0},
};

void console_move(struct console *c, enum console_state to)
{
        machine_move(console_states, c->state, to);
        c->state = to;
}

/* ---- writing ---- */

struct writer console_writer(struct console *c)
{
        return writer_to(&c->out, CONSOLE_ANSWER_MAX + CONSOLE_OUT_FULL);
}

void console_refuse(struct console *c, const struct refusal *r)
{
        struct writer w = console_writer(c);

        if (c->admin->ops->conf(c->admin->arg)->opt.log_pooler_errors)
                log_warning("C-%p: pgbouncer/%s@%s:%d Pooler Error: %s", (void *)c, c->user, c->address,
                            c->port, r->text);
        write_refusal(&w, r);
}

void console_error(struct console *c, const char *sqlstate, const char *format, ...)
{
        struct refusal r;
        char text[sizeof(r.text)];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        utf8_clean(text);
        refusal_set(&r, "ERROR", sqlstate, "%s", text);
        console_refuse(c, &r);
}

enum rows_left console_write_rows(struct console *c, struct cursor *cursor, size_t most,
                                  struct refusal *error)
{
        struct writer w = console_writer(c);
        size_t mark = buf_len(&c->out), rows = table_rows(cursor->table), end = rows;

        if (most > 0 && most < rows - cursor->next)
                end = cursor->next + most;
        for (; cursor->next < end && !w.failed; cursor->next++)
                write_data_row(&w, cursor->table, cursor->next, cursor->binary);
        if (w.failed) {
                buf_cut(&c->out, mark);
                refusal_set(error, "ERROR", "54000", "the answer is larger than %d bytes",
                            CONSOLE_ANSWER_MAX);
                return ROWS_TOO_MANY;
        }
        return cursor->next == rows ? ROWS_NONE_LEFT : ROWS_LEFT;
}

static void flush(struct console *c)
{
        bool whole = !c->out.lost;

        if (c->state != CONSOLE_CLOSED && (buf_len(&c->out) > 0 || !whole) &&
            stream_send_buf(&c->stream, &c->out) != STATUS_OK)
                console_close(c, whole ? "client unexpected eof" : "out of memory");
}

/* The last word to a client that breaks the protocol. */
void console_kill(struct console *c, const char *sqlstate, const char *format, ...)
{
        struct refusal r;
        char text[sizeof(r.text)];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        refusal_set(&r, "FATAL", sqlstate, "%s", text);
        console_refuse(c, &r);
        flush(c);
        console_close(c, text);
}

/* ---- running commands ---- */

static void end_transaction(struct console *c)
{
        c->tx = 'I';
        extended_drop_portals(c);
}

void console_note(struct console *c, const struct command *command, const struct outcome *outcome)
{
        struct writer w = console_writer(c);

        if (command->verb == VERB_BEGIN)
                c->tx = 'T';
        if (command->verb == VERB_END)
                end_transaction(c);
        if (command->verb == VERB_DEALLOCATE)
                extended_deallocate(c, command->name[0] == 0 ? NULL : command->name);
        if (outcome->notice == NULL)
                return;
        msg_begin(&w, BE_NOTICE);
        put_raw(&w, "SNOTICE\0VNOTICE\0C00000", sizeof("SNOTICE\0VNOTICE\0C00000"));
        put_byte(&w, 'M');
        put_cstr(&w, outcome->notice);
        if (outcome->detail != NULL) {
                put_byte(&w, 'D');
                put_cstr(&w, outcome->detail);
        }
        put_byte(&w, 0);
        msg_end(&w);
}

static void answer(struct console *c, struct job *job)
{
        /* Its rows have descriptors with them: they go straight out. */
        if (job->command.verb == VERB_TAKEOVER && job->outcome.refusal.severity == NULL &&
            c->state != CONSOLE_CLOSED)
                (void)takeover_send(c, &job->outcome.refusal);
        if (c->state == CONSOLE_SCRIPT)
                simple_answer(c, &job->outcome);
        else if (c->state == CONSOLE_PORTAL) /* not closed: it may have killed itself */
                extended_answer(c, &job->outcome);
        job_drop(job);
}

static void on_job_done(void *arg)
{
        struct console *c = arg;
        struct job *job = c->job;

        c->job = NULL;
        answer(c, job);
        console_go_on(c);
}

void console_run(struct console *c)
{
        bool ended;
        struct job *job;

        c->request_wall_us = clock_wall_us();
        job = job_start(c->admin, &c->command, c->may_command, &ended, on_job_done, c);
        if (ended)
                answer(c, job);
        else
                c->job = job;
}

/* ---- messages ---- */

static void handle(struct console *c, const struct msg *m)
{
        if (m->type == FE_TERMINATE) {
                console_close(c, "client close request");
                return;
        }
        if (m->type != FE_SYNC && c->skip_to_sync)
                return;
        c->asking = m->size;
        if (extended_message(c, m))
                return;
        switch (m->type) {
        case FE_QUERY: simple_query(c, m); return;
        case FE_FUNCTION: {
                struct writer w;

                console_error(c, "0A000", "function calls are not supported by the admin console");
                w = console_writer(c);
                write_ready(&w, c->tx);
                return;
        }
        case FE_COPY_DATA:
        case FE_COPY_DONE:
        case FE_COPY_FAIL: return; /* left over from a COPY that was refused */
        }
        console_kill(c, "08P01", "unsupported packet type for admin console: %d", m->type);
}

/* One message, if it is here as a whole. */
static bool take_message(struct console *c)
{
        struct msg m;
        enum status status = msg_peek(buf_data(&c->in), buf_len(&c->in), &m);

        if (status == STATUS_AGAIN)
                return false;
        if (status != STATUS_OK) {
                console_kill(c, "08P01", "invalid message length");
                return false;
        }
        if (m.size > CONSOLE_MESSAGE_MAX) {
                console_kill(c, "54000", "message of %zu bytes is larger than the admin console takes (%d)",
                             m.size, CONSOLE_MESSAGE_MAX);
                return false;
        }
        if (m.have < m.size)
                return false;
        handle(c, &m);
        if (c->state != CONSOLE_CLOSED)
                buf_consume(&c->in, m.size);
        return true;
}

void console_go_on(struct console *c)
{
        while (c->state != CONSOLE_CLOSED && c->job == NULL) {
                if (stream_unsent(&c->stream) > CONSOLE_OUT_FULL)
                        break;
                if (c->state == CONSOLE_SCRIPT)
                        simple_step(c);
                else if (!take_message(c))
                        break;
                if (buf_len(&c->out) > CONSOLE_OUT_FULL)
                        flush(c);
        }
        flush(c);
        if (c->state == CONSOLE_CLOSED)
                return;
        buf_trim(&c->in);
        stream_want_read(&c->stream, buf_len(&c->in) < CONSOLE_IN_FULL);
}

static void on_readable(struct console *c)
{
        struct loop *loop = c->stream.loop;
        size_t n;
        enum status status = stream_read(&c->stream, loop->scratch, LOOP_SCRATCH_BYTES, &n);

        if (status == STATUS_AGAIN)
                return;
        if (status != STATUS_OK) {
                console_close(c, "client unexpected eof");
                return;
        }
        if (buf_append(&c->in, loop->scratch, n, CONSOLE_IN_FULL + LOOP_SCRATCH_BYTES) != STATUS_OK) {
                console_close(c, "out of memory");
                return;
        }
        console_go_on(c);
}

static void on_event(struct stream *s, enum stream_event event)
{
        struct console *c = list_item(s, struct console, stream);

        if (c->state == CONSOLE_CLOSED)
                return;
        switch (event) {
        case STREAM_READABLE: on_readable(c); return;
        case STREAM_DRAINED: console_go_on(c); return;
        case STREAM_SECURED: return; /* it came in secured */
        case STREAM_BROKEN: console_close(c, "client unexpected eof"); return;
        }
}

/* ---- life ---- */

static void greet(struct console *c)
{
        static const char *const params[][2] = {
            {"server_version", CONSOLE_SERVER_VERSION},
            {"client_encoding", "UTF8"},
            {"server_encoding", "UTF8"},
            {"DateStyle", "ISO"},
            {"TimeZone", "GMT"},
            {"standard_conforming_strings", "on"},
            {"is_superuser", "on"},
        };
        struct writer w = console_writer(c);

        write_auth(&w, AUTH_REQ_OK, "", 0);
        for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++)
                write_param_status(&w, sv_cstr(params[i][0]), sv_cstr(params[i][1]));
        write_key_data(&w, &c->key);
        write_ready(&w, c->tx);
}

struct console *console_open(struct admin *admin, const struct visitor *visitor)
{
        struct console *c = xcalloc(1, sizeof(*c));

        c->admin = admin_ref(admin);
        c->stream = *visitor->stream;
        c->in = *visitor->in;
        c->user = xstrdup(visitor->user);
        c->application_name = xstrdup(visitor->application_name);
        secure_describe(&c->stream, c->tls, sizeof(c->tls));
        c->may_command = visitor->admin;
        memcpy(c->budget, visitor->budget, sizeof(c->budget));
        snprintf(c->address, sizeof(c->address), "%s", visitor->address);
        c->port = visitor->port;
        c->local_port = visitor->port;
        snprintf(c->local_addr, sizeof(c->local_addr), "%s", socket_local(c->stream.fd, &c->local_port).host);
        c->remote_pid = socket_peer_pid(c->stream.fd);
        c->tx = 'I';
        c->id = visitor->id;
        c->since_us = clock_us();
        c->since_wall_us = visitor->connected_wall_us;
        c->request_wall_us = clock_wall_us();
        c->key.size = CANCEL_SECRET_SHORT;
        secret_random(&c->key.pid, sizeof(c->key.pid));
        secret_random(c->key.secret, c->key.size);
        cancel_key_shape(&c->key, admin->ops->conf(admin->arg)->opt.peer_id);
        list_init(&c->saved);
        list_init(&c->portals);
        list_append(&admin->consoles, &c->in_admin);
        admin->console_count++;
        stream_attach(&c->stream, admin->loop, on_event);
        greet(c);
        return c;
}

static void console_bury(struct grave *grave)
{
        struct console *c = list_item(grave, struct console, grave);

        buf_release(&c->in);
        buf_release(&c->out);
        buf_release(&c->script);
        c->portal = NULL;
        extended_deallocate(c, NULL);
        extended_drop_portals(c);
        free(c->user);
        free(c->application_name);
        admin_unref(c->admin);
        free(c);
}

void console_close(struct console *c, const char *why)
{
        if (c->state == CONSOLE_CLOSED)
                return;
        if (c->admin->ops->conf(c->admin->arg)->opt.log_disconnections)
                log_info("C-%p: pgbouncer/%s@%s:%d closing because: %s (age=%llds)", (void *)c, c->user,
                         c->address, c->port, why, (long long)((clock_us() - c->since_us) / US_PER_SEC));
        console_move(c, CONSOLE_CLOSED);
        if (c->job != NULL)
                job_drop(c->job);
        c->job = NULL;
        list_unlink(&c->in_admin);
        c->admin->console_count--;
        budgets_leave(c->budget);
        takeover_left(c->admin, c);
        admin_console_left(c->admin);
        stream_close(&c->stream);
        loop_bury(c->admin->loop, &c->grave, console_bury);
}
