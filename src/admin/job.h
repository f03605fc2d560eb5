/* job: one command being carried out: asks workers where it must, may wait (PAUSE), ends with an outcome: a
 * table, a tag or a refusal. Knows no wire format. Owner and thread: the console that started it, on the
 * control thread; abandoned when that goes away, and then frees itself when the last letter is back. */
#pragma once

#include "admin/command.h"
#include "admin/inner.h"
#include "admin/table.h"
#include "net/timer.h"

struct outcome {
        struct refusal refusal; /* severity NULL: it went well */
        bool has_table;
        struct table table;
        const int *passed; /* a descriptor for each row, which goes with it; NULL: none do */
        char tag[COMMAND_NAME_SIZE + COMMAND_VALUE_SIZE + 8];
        const char *notice, *detail; /* for the client, static; NULL: none */
};

struct job {
        struct admin *admin;
        struct command command;
        struct outcome outcome;
        /* Called when a job that did not end at once has ended; NULL: abandoned. */
        void (*done)(void *arg);
        void *arg;
        int letters;                                      /* out */
        bool (*use)(struct job *, const struct census *); /* while a census is out */
        bool cancelled;
        char hint[512];                /* what outcome.refusal.hint may point to */
        struct timer *timer;           /* NULL: none */
        struct selection *selection;   /* VERB_SQL: on its way; NULL: none */
        struct switchover *switchover; /* VERB_SWITCHOVER: under way; NULL: none */
};

/* Starts `command`. `may_command`: for admin_users. Whether it has ended, *ended says; else `done` is called
 * later. */
struct job *job_start(struct admin *admin, const struct command *command, bool may_command, bool *ended,
                      void (*done)(void *arg), void *arg);

/* A CancelRequest: what waits (PAUSE, WAIT_CLOSE) ends with an error soon; a PAUSE is undone, as by RESUME.
 * Others end by themselves. */
void job_cancel(struct job *job);

/* The end of a job that has ended, or of one whose outcome nobody wants any more. */
void job_drop(struct job *job);

/* ---- for job.c and job_orders.c ---- */

/* The outcome is an error, 08P01. Returns true, as a command that has ended does. */
bool job_fail(struct job *job, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Tells the console that a job which did not end at once has ended. It may be gone afterwards. */
void job_end(struct job *job);

/* A letter of the job is back. False: nobody waits for the outcome, and the job may be gone. */
bool job_letter_back(struct job *job);

/* Asks the workers for `parts` of the census; `use` gets it, for as long as it runs (NULL when there are no
 * parts to ask for), and says whether the job has ended. Not called when nobody wants the outcome any more.
 * True: it has ended already. */
bool job_ask_census(struct job *job, unsigned parts, bool (*use)(struct job *, const struct census *));

/* The commands of job_orders.c; true: it has ended. */
bool job_pause(struct job *job);
bool job_resume(struct job *job);
bool job_reconnect(struct job *job);
bool job_kill(struct job *job);
bool job_wait_close(struct job *job);
bool job_forget(struct job *job);
/* job_sql.c; and ends a statement that runs soon; and frees one that has not begun to. */
bool job_sql(struct job *job);
void job_sql_stop(struct job *job);
void job_sql_free(struct job *job);
/* A new configuration is under way: ends when all workers have it. */
bool job_settle(struct job *job);
bool job_suspend(struct job *job);
bool job_disable(struct job *job); /* and ENABLE */
bool job_kill_client(struct job *job);
bool job_switchover(struct job *job); /* and whoever started it leaves, or changes his mind; job_nodes.c */
void job_switchover_leave(struct job *job);
void job_switchover_cancel(struct job *job);
bool job_wish(struct job *job); /* FENCE, UNFENCE, DRAIN, UNDRAIN; job_nodes.c */
