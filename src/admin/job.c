#include "admin/job.h"
#include "admin/descriptors.h"

#include "admin/explain.h"
#include "admin/help.h"
#include "admin/scene.h"
#include "admin/takeover.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- life ---- */

static void job_free(struct job *job)
{
        timer_free(job->timer);
        job_sql_free(job);
        if (job->outcome.has_table)
                table_fini(&job->outcome.table);
        admin_unref(job->admin);
        free(job);
}

void job_drop(struct job *job)
{
        job->done = NULL;
        job_sql_stop(job);
        job_switchover_leave(job);
        if (job->letters == 0)
                job_free(job);
}

/* A letter is back. False: nobody waits for the outcome, and the job is gone. */
bool job_letter_back(struct job *job)
{
        job->letters--;
        if (job->done != NULL)
                return true;
        if (job->letters == 0)
                job_free(job);
        return false;
}

bool job_fail(struct job *job, const char *format, ...)
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

void job_end(struct job *job)
{
        job->done(job->arg);
}

/* ---- tables ---- */

static bool fill(struct job *job, const struct census *census)
{
        struct scene scene;

        scene_make(&scene, job->admin, census);
        show_fill(job->command.show, &job->outcome.table, &scene);
        job->outcome.has_table = true;
        scene_end(&scene);
        return true;
}

static void on_census(struct letter *letter, void *owner)
{
        struct census *census = (struct census *)(void *)letter;
        struct job *job = census->arg;
        void (*give_back)(struct census *) = job->admin->workers->census_free;

        (void)owner;
        if (job_letter_back(job) && job->use(job, census))
                job_end(job);
        give_back(census);
}

bool job_ask_census(struct job *job, unsigned parts, bool (*use)(struct job *, const struct census *))
{
        struct admin *a = job->admin;

        if (parts == 0)
                return use(job, NULL);
        job->use = use;
        job->letters++;
        (void)a->workers->census(a->crowd, parts, &a->loop->mailbox, job, on_census);
        return false;
}

static bool run_show(struct job *job)
{
        return job_ask_census(job, job->command.show->parts, fill);
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
        struct admin *a = job->admin;
        const struct option_info *option = option_find(job->command.name);

        snprintf(job->outcome.tag, sizeof(job->outcome.tag), "SET %s=%s", job->command.name,
                 job->command.value);
        /* PgBouncer says nothing and does nothing. */
        if (option != NULL && !option->reloadable) {
                job->outcome.notice = "this setting needs a restart, SET ignored";
                return true;
        }
        if (!a->ops->set(a->arg, job->command.name, job->command.value, job->hint, sizeof(job->hint))) {
                job_fail(job, "SET failed");
                utf8_clean(job->hint);
                job->outcome.refusal.hint = job->hint[0] != 0 ? job->hint : NULL;
                return true;
        }
        if (job->hint[0] != 0)
                job->outcome.notice = "TLS settings could not be applied, still using old configuration";
        log_info("SET %s=%s", job->command.name,
                 strstr(job->command.name, "password") != NULL ? "********" : job->command.value);
        return job_settle(job);
}

static bool run_reload(struct job *job)
{
        struct admin *a = job->admin;

        log_info("RELOAD command issued");
        if (a->ops->reload(a->arg, job->hint, sizeof(job->hint)))
                return job_settle(job);
        job_fail(job, "RELOAD failed, see logs for additional details");
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
        if (mode == SHUTDOWN_NOW)
                takeover_settle(a, job->arg);
        a->ops->shutdown(a->arg, mode);
        /* Unanswered, so that the client's connection ends when the process does and not before. */
        return mode != SHUTDOWN_NOW;
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
        case VERB_EXPLAIN: return job_explain(job);
        case VERB_PARAM:
        case VERB_NUMBER: return run_fake(job);
        case VERB_FENCE:
        case VERB_UNFENCE:
        case VERB_DRAIN:
        case VERB_UNDRAIN: return job_wish(job);
        case VERB_SWITCHOVER: return job_switchover(job);
        case VERB_SQL: return job_sql(job);
        case VERB_SET: return run_set(job);
        case VERB_SET_IGNORED: job->outcome.notice = "SET ignored"; return true;
        case VERB_RELOAD: return run_reload(job);
        case VERB_PAUSE: return job_pause(job);
        case VERB_RESUME: return job_resume(job);
        case VERB_RECONNECT: return job_reconnect(job);
        case VERB_KILL: return job_kill(job);
        case VERB_KILL_CLIENT: return job_kill_client(job);
        case VERB_WAIT_CLOSE: return job_wait_close(job);
        case VERB_FORGET: return job_forget(job);
        case VERB_SUSPEND: return job_suspend(job);
        case VERB_FDS: return job_fds(job);
        case VERB_TAKEOVER: return job_takeover(job);
        case VERB_DISABLE:
        case VERB_ENABLE: return job_disable(job);
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
                *ended = job_fail(job, "admin access needed");
        else
                *ended = run(job);
        return job;
}
