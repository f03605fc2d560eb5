#include "admin/job.h"

#include "admin/help.h"
#include "admin/scene.h"
#include "base/clock.h"
#include "base/log.h"

#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- life ---- */

static void job_free(struct job *job)
{
        if (job->timer != NULL)
                event_free(job->timer);
        if (job->outcome.has_table)
                table_fini(&job->outcome.table);
        admin_unref(job->admin);
        free(job);
}

void job_drop(struct job *job)
{
        job->done = NULL;
        if (job->letters == 0)
                job_free(job);
}

/* A letter is back. False: nobody waits for the outcome, and the job is gone. */
static bool letter_back(struct job *job)
{
        job->letters--;
        if (job->done != NULL)
                return true;
        if (job->letters == 0)
                job_free(job);
        return false;
}

__attribute__((format(printf, 2, 3))) static bool fail(struct job *job, const char *format, ...)
{
        char text[sizeof(job->outcome.refusal.text)];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        utf8_clean(text);
        refusal_set(&job->outcome.refusal, "ERROR", "08P01", "%s", text);
        return true;
}

static void end_later(struct job *job)
{
        job->done(job->arg);
}

/* ---- tables ---- */

static void fill(struct job *job, const struct census *census)
{
        struct admin *a = job->admin;
        struct scene scene = {
            .conf = a->ops->conf(a->arg),
            .census = census,
            .averages = &a->averages,
            .paused = &a->paused,
            .own = &a->own,
            .now_us = clock_us(),
        };
        struct census_socket *consoles = admin_consoles(a, &scene.console_count);

        scene.consoles = consoles;
        table_init(&job->outcome.table, job->command.show->columns, job->command.show->column_count);
        job->outcome.has_table = true;
        job->command.show->fill(&job->outcome.table, &scene);
        free(consoles);
}

static void on_census(struct letter *letter, void *owner)
{
        struct census *census = (struct census *)(void *)letter;
        struct job *job = census->arg;
        void (*give_back)(struct census *) = job->admin->workers->census_free;

        (void)owner;
        if (letter_back(job)) {
                fill(job, census);
                end_later(job);
        }
        give_back(census);
}

static void ask_census(struct job *job, unsigned parts, void (*done)(struct letter *letter, void *owner))
{
        struct admin *a = job->admin;

        job->letters++;
        (void)a->workers->census(a->crowd, parts, &a->loop->mailbox, job, done);
}

static bool run_show(struct job *job)
{
        if (job->command.show->parts == 0) {
                fill(job, NULL);
                return true;
        }
        ask_census(job, job->command.show->parts, on_census);
        return false;
}

/* What a driver asked by itself: one row of one column. */
static bool run_fake(struct job *job)
{
        struct column *column;
        int count;

        table_init(&job->outcome.table, NULL, 1);
        column = arena_alloc(&job->outcome.table.arena, sizeof(*column));
        job->outcome.table.columns = command_columns(&job->command, column, &count);
        job->outcome.has_table = true;
        if (job->command.verb == VERB_NUMBER)
                table_int(&job->outcome.table, job->command.number);
        else
                table_text(&job->outcome.table, job->command.fake->value);
        return true;
}

/* ---- commands that change something ---- */

static bool run_set(struct job *job)
{
        char message[200] = "";
        struct admin *a = job->admin;

        if (!a->ops->set(a->arg, job->command.name, job->command.value, message, sizeof(message)))
                return fail(job, "SET failed: %s", message);
        log_info("SET %s=%s", job->command.name,
                 strstr(job->command.name, "password") != NULL ? "********" : job->command.value);
        snprintf(job->outcome.tag, sizeof(job->outcome.tag), "SET %s=%s", job->command.name,
                 job->command.value);
        return true;
}

static bool run_reload(struct job *job)
{
        struct admin *a = job->admin;

        log_info("RELOAD command issued");
        if (a->ops->reload(a->arg, job->hint, sizeof(job->hint)))
                return true;
        fail(job, "RELOAD failed, see logs for additional details");
        job->outcome.refusal.sqlstate = "F0000";
        utf8_clean(job->hint);
        job->outcome.refusal.hint = job->hint[0] != 0 ? job->hint : NULL;
        return true;
}

static bool run_shutdown(struct job *job)
{
        struct admin *a = job->admin;
        const char *how = job->command.name;
        enum shutdown_mode mode = how[0] == 0                                ? SHUTDOWN_NOW
                                  : strcasecmp(how, "WAIT_FOR_SERVERS") == 0 ? SHUTDOWN_WAIT_FOR_SERVERS
                                                                             : SHUTDOWN_WAIT_FOR_CLIENTS;

        log_info("SHUTDOWN%s%s command issued", mode == SHUTDOWN_NOW ? "" : " ",
                 mode == SHUTDOWN_NOW                ? ""
                 : mode == SHUTDOWN_WAIT_FOR_SERVERS ? "WAIT_FOR_SERVERS"
                                                     : "WAIT_FOR_CLIENTS");
        a->ops->shutdown(a->arg, mode);
        /* Unanswered, so that the client's connection ends when the process does and not before. */
        return mode != SHUTDOWN_NOW;
}

static void give_order(struct job *job, enum order_kind kind, void (*done)(void *arg, int busy))
{
        struct admin *a = job->admin;

        job->letters++;
        a->workers->order(a->crowd, kind, job->command.name, NULL, &a->loop->mailbox, done, job);
}

/* "pgbouncer" always is, "pgsteer" unless a database line has that very name. */
static bool is_console(const struct conf *conf, const char *name)
{
        const struct conf_database *line = conf_find_database(conf, name);

        return strcmp(name, "pgbouncer") == 0 ||
               (strcmp(name, "pgsteer") == 0 && (line == NULL || strcmp(line->name, name) != 0));
}

/* The database that a command names must exist and be no console. */
static bool check_database(struct job *job, const char *doing)
{
        const char *name = job->command.name;
        const struct conf *conf = job->admin->ops->conf(job->admin->arg);

        if (name[0] == 0)
                return true;
        if (is_console(conf, name)) {
                fail(job, "cannot %s admin db: %s", doing, name);
                return false;
        }
        if (conf_find_database(conf, name) == NULL) {
                fail(job, "no such database: %s", name);
                return false;
        }
        return true;
}

static void log_order(const struct job *job)
{
        if (job->command.name[0] == 0)
                log_info("%s command issued", job->command.tag);
        else
                log_info("%s '%s' command issued", job->command.tag, job->command.name);
}

static void on_done(void *arg, int busy)
{
        struct job *job = arg;

        (void)busy;
        if (letter_back(job))
                end_later(job);
}

/* ---- PAUSE, which waits ---- */

static void poll_again(struct job *job, event_callback_fn look)
{
        struct timeval delay = {0, ADMIN_POLL_MS * 1000};

        if (job->timer == NULL)
                job->timer = evtimer_new(job->admin->loop->base, look, job);
        if (job->timer == NULL || evtimer_add(job->timer, &delay) != 0) {
                fail(job, "no timer is left");
                end_later(job);
        }
}

static bool was_cancelled(struct job *job)
{
        if (!job->cancelled)
                return false;
        fail(job, "canceling statement due to user request");
        job->outcome.refusal.sqlstate = "57014";
        end_later(job);
        return true;
}

static bool still_paused(const struct job *job)
{
        const struct paused *paused = &job->admin->paused;

        return job->command.name[0] == 0 ? paused->all : paused_has(paused, job->command.name);
}

static void on_paused(void *arg, int busy);

static void on_pause_timer(evutil_socket_t fd, short what, void *arg)
{
        struct job *job = arg;

        (void)fd;
        (void)what;
        if (was_cancelled(job))
                return;
        if (!still_paused(job)) {
                fail(job, "PAUSE was ended by RESUME");
                end_later(job);
                return;
        }
        give_order(job, ORDER_PAUSE, on_paused);
}

static void on_paused(void *arg, int busy)
{
        struct job *job = arg;

        if (!letter_back(job))
                return;
        if (busy > 0)
                poll_again(job, on_pause_timer);
        else
                end_later(job);
}

static bool run_pause(struct job *job)
{
        struct admin *a = job->admin;

        if (a->paused.all)
                return fail(job, "already suspended/paused");
        log_order(job);
        if (!check_database(job, "pause"))
                return true;
        if (job->command.name[0] == 0)
                a->paused.all = true;
        else
                paused_add(&a->paused, job->command.name);
        give_order(job, ORDER_PAUSE, on_paused);
        return false;
}

static bool run_kill(struct job *job)
{
        struct admin *a = job->admin;

        if (a->paused.all)
                return fail(job, "already suspended/paused");
        log_order(job);
        if (!check_database(job, "kill"))
                return true;
        if (job->command.name[0] == 0)
                a->paused.killed = true;
        else
                paused_add(&a->paused, job->command.name);
        give_order(job, ORDER_KILL, on_done);
        return false;
}

static bool run_resume(struct job *job)
{
        struct admin *a = job->admin;

        log_order(job);
        if (job->command.name[0] != 0) {
                if (!check_database(job, "resume"))
                        return true;
                if (!paused_remove(&a->paused, job->command.name))
                        return fail(job, "database %s is not paused", job->command.name);
                give_order(job, ORDER_RESUME, on_done);
                return false;
        }
        if (!a->paused.all && !a->paused.killed) {
                fail(job, "pooler is not paused/suspended");
                if (a->paused.count > 0)
                        job->outcome.refusal.hint = "RESUME with the name of a database resumes it.";
                return true;
        }
        give_order(job, ORDER_RESUME, on_done);
        admin_resumed(a);
        return false;
}

static bool run_reconnect(struct job *job)
{
        log_order(job);
        if (!check_database(job, "reconnect"))
                return true;
        give_order(job, ORDER_RECONNECT, on_done);
        return false;
}

void job_cancel(struct job *job)
{
        struct admin *a = job->admin;
        const char *name = job->command.name;

        if (job->cancelled)
                return;
        job->cancelled = true;
        if (job->command.verb != VERB_PAUSE || !still_paused(job))
                return;
        a->workers->order(a->crowd, ORDER_RESUME, name, NULL, &a->loop->mailbox, NULL, NULL);
        if (name[0] == 0)
                admin_resumed(a);
        else
                paused_remove(&a->paused, name);
}

/* ---- WAIT_CLOSE ---- */

static void on_closing(struct letter *letter, void *owner);

static void on_close_timer(evutil_socket_t fd, short what, void *arg)
{
        (void)fd;
        (void)what;
        if (!was_cancelled(arg))
                ask_census(arg, CENSUS_SERVERS, on_closing);
}

static bool some_closing(const struct census *census, const char *database)
{
        for (int w = 0; w < census->workers; w++)
                for (size_t i = 0; i < census->worker[w].server_count; i++)
                        if (census->worker[w].servers[i].close_needed &&
                            (database[0] == 0 ||
                             strcmp(census->worker[w].servers[i].database, database) == 0))
                                return true;
        return false;
}

static void on_closing(struct letter *letter, void *owner)
{
        struct census *census = (struct census *)(void *)letter;
        struct job *job = census->arg;
        void (*give_back)(struct census *) = job->admin->workers->census_free;

        (void)owner;
        if (letter_back(job)) {
                if (some_closing(census, job->command.name))
                        poll_again(job, on_close_timer);
                else
                        end_later(job);
        }
        give_back(census);
}

static bool run_wait_close(struct job *job)
{
        log_order(job);
        if (!check_database(job, "wait in"))
                return true;
        ask_census(job, CENSUS_SERVERS, on_closing);
        return false;
}

/* ---- the start ---- */

static bool run(struct job *job)
{
        switch (job->command.verb) {
        case VERB_HELP:
                job->outcome.notice = "Console usage";
                job->outcome.detail = console_help();
                return true;
        case VERB_SHOW: return run_show(job);
        case VERB_PARAM:
        case VERB_NUMBER: return run_fake(job);
        case VERB_SET: return run_set(job);
        case VERB_SET_IGNORED: job->outcome.notice = "SET ignored"; return true;
        case VERB_RELOAD: return run_reload(job);
        case VERB_PAUSE: return run_pause(job);
        case VERB_RESUME: return run_resume(job);
        case VERB_RECONNECT: return run_reconnect(job);
        case VERB_KILL: return run_kill(job);
        case VERB_WAIT_CLOSE: return run_wait_close(job);
        case VERB_SHUTDOWN: return run_shutdown(job);
        case VERB_NOTHING:
        case VERB_BEGIN:
        case VERB_END:
        case VERB_DEALLOCATE:
        case VERB_IGNORED: return true;
        }
        return true;
}

struct job *job_start(struct admin *admin, const struct command *command, bool may_command, bool *ended,
                      void (*done)(void *arg), void *arg)
{
        struct job *job = xcalloc(1, sizeof(*job));

        *job = (struct job){.admin = admin_ref(admin), .command = *command, .done = done, .arg = arg};
        snprintf(job->outcome.tag, sizeof(job->outcome.tag), "%s", command->tag);
        admin->own.query_count++;
        admin->own.xact_count++;
        if (command_needs_admin(command) && !may_command)
                *ended = fail(job, "admin access needed");
        else
                *ended = run(job);
        return job;
}
