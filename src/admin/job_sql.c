#include "admin/job.h"

#include "admin/scene.h"
#include "admin/sql.h"
#include "base/check.h"
#include "base/memory.h"
#include "net/helpers.h"

#include <stdio.h>
#include <stdlib.h>

/* A SELECT: understood here, rows copied here, run by a helper, so that a heavy one delays neither clients
 * nor the control thread. */

struct selection {
        struct helper_job work; /* its letter brings the answer back */
        struct list in_admin;   /* admin->statements, while a helper may have it */
        struct job *job;
        struct sql *sql;
        _Atomic bool stop;  /* ends it soon */
        _Atomic bool ended; /* no helper uses it any more */
        bool good;          /* answer is filled; else refusal is */
        struct table answer;
        struct refusal refusal;
};

static void selection_free(struct selection *s)
{
        sql_free(s->sql);
        free(s);
}

static void run(struct helper_job *work)
{
        struct selection *s = list_item(work, struct selection, work);

        s->good = sql_run(s->sql, &s->stop, &s->answer, &s->refusal);
        atomic_store(&s->ended, true);
}

/* The statement is ours again; its answer goes to the job, if that waits still. */
static void take_back(struct selection *s)
{
        struct job *job = s->job;

        list_unlink(&s->in_admin);
        job->selection = NULL;
        if (!job_letter_back(job)) {
                if (s->good)
                        table_fini(&s->answer);
        } else {
                job->outcome.refusal = s->refusal;
                job->outcome.has_table = s->good;
                job->outcome.table = s->answer;
                if (s->good)
                        snprintf(job->outcome.tag, sizeof(job->outcome.tag), "SELECT %zu",
                                 table_rows(&s->answer));
                job_end(job);
        }
        selection_free(s);
}

static void on_answer(struct letter *letter, void *owner)
{
        struct helper_job *work = list_item(letter, struct helper_job, letter);

        (void)owner;
        take_back(list_item(work, struct selection, work));
}

void job_sql_free(struct job *job)
{
        if (job->selection != NULL)
                selection_free(job->selection);
        job->selection = NULL;
}

/* True: it has ended, with an error. */
static bool give_to_helper(struct job *job, const struct census *census)
{
        struct selection *s = job->selection;
        struct scene scene;

        scene_make(&scene, job->admin, census);
        sql_fill(s->sql, &scene);
        scene_end(&scene);
        if (!helpers_give(job->admin->crowd->helpers, &s->work)) {
                refusal_set(&job->outcome.refusal, "ERROR", "53000", "too many statements are waiting");
                return true;
        }
        job->letters++;
        list_append(&job->admin->statements, &s->in_admin);
        return false;
}

static void bind_parameters(struct sql *sql, const struct command *command)
{
        for (int i = 0; i < command->parameter_count; i++) {
                const struct parameter *p = &command->parameters[i];

                if (p->is_number)
                        sql_bind_int(sql, i + 1, p->number);
                else if (!p->null)
                        sql_bind_text(sql, i + 1, p->text);
        }
}

bool job_sql(struct job *job)
{
        struct sql *sql = sql_prepare(job->command.sql, &job->outcome.refusal);
        struct selection *s;

        if (sql == NULL)
                return true;
        bind_parameters(sql, &job->command);
        s = xcalloc(1, sizeof(*s));
        s->work.letter.open = on_answer;
        s->work.home = &job->admin->loop->mailbox;
        s->work.work = run;
        s->work.lane = "sql";
        s->job = job;
        s->sql = sql;
        job->selection = s;
        return job_ask_census(job, sql_parts(sql), give_to_helper);
}

void job_sql_stop(struct job *job)
{
        if (job->selection != NULL)
                atomic_store(&job->selection->stop, true);
}

void admin_stop_statements(struct admin *admin)
{
        list_for_each (it, &admin->statements)
                atomic_store(&list_item(it, struct selection, in_admin)->stop, true);
}

void admin_drop_statements(struct admin *admin)
{
        list_for_each_safe (it, &admin->statements) {
                struct selection *s = list_item(it, struct selection, in_admin);

                if (helpers_take_back(admin->crowd->helpers, &s->work) || atomic_load(&s->ended))
                        take_back(s);
        }
}
