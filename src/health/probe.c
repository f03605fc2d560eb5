#include "health/probe.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/machine.h"
#include "base/memory.h"
#include "health/question.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum probe_state { PROBE_CLOSED, PROBE_OPENING, PROBE_ASKING, PROBE_IDLE };

static const struct machine_state states[] = {
    [PROBE_CLOSED] = {"closed", MOVE(PROBE_OPENING)},
    [PROBE_OPENING] = {"opening", MOVE(PROBE_ASKING) | MOVE(PROBE_CLOSED)},
    [PROBE_ASKING] = {"asking", MOVE(PROBE_IDLE) | MOVE(PROBE_CLOSED)},
    [PROBE_IDLE] = {"idle", MOVE(PROBE_ASKING) | MOVE(PROBE_CLOSED)},
};

struct probe {
        struct contact contact;
        probe_answer_fn *on_answer;
        void *arg;

        enum probe_state state;
        struct event *timer;     /* the question's deadline, or of the lookup, or "now" for `pending` */
        bool asking;             /* a question is open */
        bool pending;            /* `answer` is ready, the loop will deliver it */
        enum question_form form; /* the first one that this server allows us */
        char *saying;            /* what is asked instead; NULL: the form */
        int64_t timeout_us, deadline_us; /* of the open question */
        PGresult *result;                /* of the open question, until ReadyForQuery is there */
        struct answer answer;
};

static void on_timer(evutil_socket_t fd, short what, void *arg);
static void forget_result(struct probe *probe);

static void move(struct probe *probe, enum probe_state to)
{
        machine_move(states, probe->state, to);
        probe->state = to;
}

static void set_timer(struct probe *probe, int64_t us)
{
        struct timeval tv = {.tv_sec = us / US_PER_SEC, .tv_usec = us % US_PER_SEC};

        if (us < 0)
                tv = (struct timeval){0};
        CHECK(event_add(probe->timer, &tv) == 0);
}

static void close_connection(struct probe *probe)
{
        contact_close(&probe->contact);
        if (probe->state != PROBE_CLOSED)
                move(probe, PROBE_CLOSED);
}

/* The answer is complete: delivered by the loop, so that whoever asked has returned by then. */
static void finish(struct probe *probe, enum answer_kind kind)
{
        probe->answer.kind = kind;
        probe->pending = true;
        set_timer(probe, 0);
}

/* Takes the first line of `text`, which is libpq's or the server's, with the SQLSTATE in front if there is
 * one. */
static void fail(struct probe *probe, enum answer_kind kind, const char *sqlstate, const char *text)
{
        const char *failed = strstr(text, "failed: ");
        struct answer *answer = &probe->answer;

        if (failed != NULL && *sqlstate == '\0')
                text = failed + strlen("failed: ");
        snprintf(answer->text, sizeof(answer->text), "%s%s%.*s", sqlstate, *sqlstate != '\0' ? " " : "",
                 (int)strcspn(text, "\n"), text);
        close_connection(probe);
        finish(probe, kind);
}

/* The connection, or the attempt at one, is bad. */
static void fail_connection(struct probe *probe)
{
        const char *text = contact_why(&probe->contact);
        char sqlstate[6];

        switch (probe->contact.cause) {
        case CONTACT_NAMELESS: fail(probe, ANSWER_TIMEOUT, "", text); return;
        case CONTACT_PASSWORDLESS: fail(probe, ANSWER_LOGIN, "", text); return;
        case CONTACT_BY_LIBPQ: break;
        }
        question_sqlstate(text, sqlstate, &text);
        if (*sqlstate != '\0')
                fail(probe, question_kind(sqlstate), sqlstate, text);
        else
                fail(probe, question_failure_kind(text, probe->contact.connected), "", text);
}

static void send_question(struct probe *probe)
{
        if (probe->state != PROBE_ASKING)
                move(probe, PROBE_ASKING);
        probe->answer.sent_us = clock_us();
        if (PQsendQuery(probe->contact.conn,
                        probe->saying != NULL ? probe->saying : question_sql(probe->form)) != 1) {
                fail_connection(probe);
                return;
        }
        forget_result(probe);
        contact_watch(&probe->contact, EV_READ | EV_WRITE);
}

static bool is_form_refused(const char *sqlstate)
{
        /* insufficient_privilege, undefined_function, undefined_column, undefined_table */
        return strcmp(sqlstate, "42501") == 0 || strcmp(sqlstate, "42883") == 0 ||
               strcmp(sqlstate, "42703") == 0 || strcmp(sqlstate, "42P01") == 0;
}

static void take_error(struct probe *probe, const PGresult *result)
{
        const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

        if (sqlstate == NULL)
                fail(probe, ANSWER_LOST, "", PQresultErrorMessage(result));
        else
                fail(probe, question_kind(sqlstate), sqlstate, text != NULL ? text : "");
}

static void rest(struct probe *probe)
{
        move(probe, PROBE_IDLE);
        contact_watch(&probe->contact, EV_READ | EV_PERSIST);
        finish(probe, ANSWER_GOOD);
}

/* Everything up to ReadyForQuery is here. */
static void take_result(struct probe *probe)
{
        const PGresult *result = probe->result;
        const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

        if (PQresultStatus(result) != PGRES_TUPLES_OK) {
                if (probe->saying != NULL || sqlstate == NULL || !is_form_refused(sqlstate) ||
                    probe->form + 1 >= QUESTION_FORMS) {
                        take_error(probe, result);
                        return;
                }
                probe->form++;
                log_warning(
                    "health: %s:%d: user \"%s\" may not ask all that a check asks (%s); grant it EXECUTE on "
                    "pg_control_system, pg_control_checkpoint and pg_control_recovery",
                    probe->contact.target.host, probe->contact.target.port, probe->contact.target.user,
                    text != NULL ? text : sqlstate);
                send_question(probe);
        } else if (probe->saying != NULL) {
                probe->answer.result = result;
                rest(probe);
        } else if (question_read(result, &probe->answer.facts) != STATUS_OK) {
                fail(probe, ANSWER_LOGIN, "", "the answer is not one of a PostgreSQL server");
        } else {
                rest(probe);
        }
}

static void forget_result(struct probe *probe)
{
        PQclear(probe->result);
        probe->result = NULL;
}

static void step_asking(struct probe *probe)
{
        bool alive = PQconsumeInput(probe->contact.conn) == 1;
        int unsent = alive ? PQflush(probe->contact.conn) : 0;

        while (!PQisBusy(probe->contact.conn)) {
                PGresult *result = PQgetResult(probe->contact.conn);

                if (result == NULL) {
                        if (probe->result != NULL)
                                take_result(probe);
                        else
                                fail(probe, ANSWER_LOST, "", "the server sent no answer");
                        return;
                }
                if (probe->result == NULL)
                        probe->result = result;
                else
                        PQclear(result);
                if (PQresultStatus(probe->result) == PGRES_FATAL_ERROR &&
                    PQstatus(probe->contact.conn) == CONNECTION_BAD) {
                        take_error(probe, probe->result); /* the server's last words */
                        return;
                }
        }
        if (!alive || unsent < 0)
                fail_connection(probe);
        else
                contact_watch(&probe->contact, (short)(EV_READ | (unsent > 0 ? EV_WRITE : 0)));
}

/* Nothing is due on an idle connection but its end, notices and parameter reports. */
static void step_idle(struct probe *probe)
{
        if (PQconsumeInput(probe->contact.conn) == 1 && PQstatus(probe->contact.conn) == CONNECTION_OK)
                return;
        if (probe->pending && probe->saying != NULL) { /* it has done what it was told: that stays true */
                close_connection(probe);
                return;
        }
        probe->answer.sent_us = 0;
        fail(probe, ANSWER_LOST, "", "the server closed the monitoring connection");
}

static void on_contact(struct contact *contact, enum contact_event event)
{
        struct probe *probe = list_item(contact, struct probe, contact);

        if (event == CONTACT_READY)
                send_question(probe);
        else if (event == CONTACT_FAILED)
                fail_connection(probe);
        else if (probe->state == PROBE_ASKING)
                step_asking(probe);
        else
                step_idle(probe);
}

static void open_connection(struct probe *probe)
{
        struct contact *contact = &probe->contact;

        snprintf(contact->options, sizeof(contact->options), "-c statement_timeout=%" PRId64,
                 probe->timeout_us / US_PER_MS + 1);
        move(probe, PROBE_OPENING);
        contact_open(contact);
        if (contact_can_hurry(contact))
                set_timer(probe, probe->timeout_us / 4);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
        struct probe *probe = arg;
        int64_t left = probe->deadline_us - clock_us();
        struct answer answer;
        PGresult *result;
        char text[80];

        (void)fd;
        (void)what;
        if (!probe->pending && left > 0) {
                set_timer(probe, left);
                if (contact_can_hurry(&probe->contact))
                        contact_hurry(&probe->contact);
                return;
        }
        if (!probe->pending) {
                snprintf(text, sizeof(text), "no answer within %lld ms%s",
                         (long long)(probe->timeout_us / US_PER_MS),
                         probe->contact.resolving ? " from the name server" : "");
                fail(probe, ANSWER_TIMEOUT, "", text);
        }
        event_del(probe->timer);
        answer = probe->answer;
        result = probe->result; /* the answer may point there */
        probe->pending = probe->asking = false;
        probe->result = NULL;
        memset(&probe->answer, 0, sizeof(probe->answer));
        probe->on_answer(&answer, probe->arg);
        PQclear(result);
}

struct probe *probe_new(struct event_base *base, struct names *names, const struct probe_target *target,
                        probe_answer_fn *on_answer, void *arg)
{
        struct probe *probe = xcalloc(1, sizeof(*probe));

        probe->contact.base = base;
        probe->contact.application = "pgsteer health check";
        probe->contact.on_event = on_contact;
        contact_init(&probe->contact, names, target);
        probe->on_answer = on_answer;
        probe->arg = arg;
        probe->timer = evtimer_new(base, on_timer, probe);
        CHECK(probe->timer != NULL);
        return probe;
}

void probe_ask(struct probe *probe, int64_t timeout_us)
{
        CHECK(!probe->asking);
        probe->asking = true;
        if (probe->pending) /* the idle connection broke a moment ago: that answers this question as well */
                return;
        probe->timeout_us = timeout_us;
        probe->deadline_us = clock_us() + timeout_us;
        set_timer(probe, timeout_us);
        if (probe->state == PROBE_IDLE)
                send_question(probe);
        else
                open_connection(probe);
}

const struct probe_target *probe_target(const struct probe *probe)
{
        return &probe->contact.target;
}

void probe_say(struct probe *probe, const char *sql, int64_t timeout_us)
{
        free(probe->saying);
        probe->saying = xstrdup(sql);
        probe_ask(probe, timeout_us);
}

bool probe_is_asking(const struct probe *probe)
{
        return probe->asking;
}

void probe_free(struct probe *probe)
{
        if (probe == NULL)
                return;
        close_connection(probe);
        forget_result(probe);
        event_free(probe->timer);
        contact_fini(&probe->contact);
        free(probe->saying);
        free(probe);
}
