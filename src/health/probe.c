#include "health/probe.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/machine.h"
#include "health/question.h"
#include "health/resolver.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum probe_state { PROBE_CLOSED, PROBE_RESOLVING, PROBE_CONNECTING, PROBE_ASKING, PROBE_IDLE };

static const struct machine_state states[] = {
    [PROBE_CLOSED] = {"closed", MOVE(PROBE_RESOLVING) | MOVE(PROBE_CONNECTING)},
    [PROBE_RESOLVING] = {"resolving", MOVE(PROBE_CONNECTING) | MOVE(PROBE_CLOSED)},
    [PROBE_CONNECTING] = {"connecting", MOVE(PROBE_ASKING) | MOVE(PROBE_CLOSED)},
    [PROBE_ASKING] = {"asking", MOVE(PROBE_IDLE) | MOVE(PROBE_CLOSED)},
    [PROBE_IDLE] = {"idle", MOVE(PROBE_ASKING) | MOVE(PROBE_CLOSED)},
};

struct probe {
        struct event_base *base;
        struct probe_target target;
        probe_answer_fn *on_answer;
        void *arg;

        enum probe_state state;
        struct event *timer;       /* the question's deadline, or of the lookup, or "now" for `pending` */
        struct event *io;          /* on libpq's socket of the moment; NULL when there is none */
        struct resolver *resolver; /* NULL: the host is no name */
        PGconn *conn;
        bool connected;                  /* this attempt got through to a socket that accepted */
        bool asking;                     /* a question is open */
        bool pending;                    /* `answer` is ready, the loop will deliver it */
        enum question_form form;         /* the first one that this server allows us */
        char *saying;                    /* what is asked instead; NULL: the form */
        int64_t timeout_us, deadline_us; /* of the open question */
        PGresult *result;                /* of the open question, until ReadyForQuery is there */
        struct answer answer;
};

static void on_timer(evutil_socket_t fd, short what, void *arg);
static void on_io(evutil_socket_t fd, short what, void *arg);
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

static void unwatch(struct probe *probe)
{
        if (probe->io != NULL)
                event_free(probe->io);
        probe->io = NULL;
}

/* libpq may have another socket after every step, so the event is always made anew. */
static void watch(struct probe *probe, short what)
{
        unwatch(probe);
        probe->io = event_new(probe->base, PQsocket(probe->conn), what, on_io, probe);
        CHECK(probe->io != NULL && event_add(probe->io, NULL) == 0);
}

static void close_connection(struct probe *probe)
{
        unwatch(probe); /* before libpq closes the descriptor */
        if (probe->resolver != NULL)
                resolver_cancel(probe->resolver);
        if (probe->conn != NULL)
                PQfinish(probe->conn);
        probe->conn = NULL;
        probe->connected = false;
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

/* libpq says that the connection attempt or the connection is bad. */
static void fail_connection(struct probe *probe)
{
        char sqlstate[6];
        const char *text;

        question_sqlstate(PQerrorMessage(probe->conn), sqlstate, &text);
        if (*sqlstate != '\0')
                fail(probe, question_kind(sqlstate), sqlstate, text);
        else if (PQconnectionNeedsPassword(probe->conn))
                fail(probe, ANSWER_LOGIN, "", "the server wants a password: set health_check_password");
        else
                fail(probe, question_failure_kind(text, probe->connected), "", text);
}

static void send_question(struct probe *probe)
{
        if (probe->state != PROBE_ASKING)
                move(probe, PROBE_ASKING);
        probe->answer.sent_us = clock_us();
        if (PQsendQuery(probe->conn, probe->saying != NULL ? probe->saying : question_sql(probe->form)) !=
            1) {
                fail_connection(probe);
                return;
        }
        forget_result(probe);
        watch(probe, EV_READ | EV_WRITE);
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
        watch(probe, EV_READ | EV_PERSIST);
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
                    probe->target.host, probe->target.port, probe->target.user,
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
        bool alive = PQconsumeInput(probe->conn) == 1;
        int unsent = alive ? PQflush(probe->conn) : 0;

        while (!PQisBusy(probe->conn)) {
                PGresult *result = PQgetResult(probe->conn);

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
                    PQstatus(probe->conn) == CONNECTION_BAD) {
                        take_error(probe, probe->result); /* the server's last words */
                        return;
                }
        }
        if (!alive || unsent < 0)
                fail_connection(probe);
        else
                watch(probe, (short)(EV_READ | (unsent > 0 ? EV_WRITE : 0)));
}

/* Nothing is due on an idle connection but its end, notices and parameter reports. */
static void step_idle(struct probe *probe)
{
        if (PQconsumeInput(probe->conn) == 1 && PQstatus(probe->conn) == CONNECTION_OK)
                return;
        if (probe->pending && probe->saying != NULL) { /* it has done what it was told: that stays true */
                close_connection(probe);
                return;
        }
        probe->answer.sent_us = 0;
        fail(probe, ANSWER_LOST, "", "the server closed the monitoring connection");
}

static void step_connecting(struct probe *probe)
{
        PostgresPollingStatusType next;

        unwatch(probe); /* libpq may close the socket and go on with another */
        next = PQconnectPoll(probe->conn);
        if (PQstatus(probe->conn) != CONNECTION_STARTED && PQstatus(probe->conn) != CONNECTION_BAD)
                probe->connected = true;
        switch (next) {
        case PGRES_POLLING_READING: watch(probe, EV_READ); return;
        case PGRES_POLLING_WRITING: watch(probe, EV_WRITE); return;
        case PGRES_POLLING_OK:
                if (PQsetnonblocking(probe->conn, 1) == 0)
                        send_question(probe);
                else
                        fail_connection(probe);
                return;
        case PGRES_POLLING_FAILED:
        case PGRES_POLLING_ACTIVE: break;
        }
        fail_connection(probe);
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
        struct probe *probe = arg;

        (void)fd;
        (void)what;
        switch (probe->state) {
        case PROBE_CONNECTING: step_connecting(probe); return;
        case PROBE_ASKING: step_asking(probe); return;
        case PROBE_IDLE: step_idle(probe); return;
        case PROBE_CLOSED:
        case PROBE_RESOLVING: break;
        }
        CHECK(!"a closed probe has no socket");
}

static void start_connect(struct probe *probe)
{
        char options[64];

        snprintf(options, sizeof(options), "-c statement_timeout=%" PRId64,
                 probe->timeout_us / US_PER_MS + 1);
        move(probe, PROBE_CONNECTING);
        probe->conn = libpq_start(&probe->target, probe->resolver, "pgsteer health check", options);
        if (PQstatus(probe->conn) == CONNECTION_BAD)
                fail_connection(probe);
        else
                watch(probe, EV_WRITE); /* "behave as if the last PQconnectPoll had said writing" */
}

/* The name server's silence says nothing of the node: the last known addresses will do. */
static void end_lookup(const char *why, void *arg)
{
        struct probe *probe = arg;
        char text[80];

        if (resolver_addresses(probe->resolver)[0] != '\0') {
                set_timer(probe, probe->deadline_us - clock_us());
                start_connect(probe);
                return;
        }
        snprintf(text, sizeof(text), "cannot resolve the name: %s", why);
        fail(probe, ANSWER_TIMEOUT, "", text);
}

static void start_lookup(struct probe *probe)
{
        move(probe, PROBE_RESOLVING);
        if (resolver_addresses(probe->resolver)[0] != '\0')
                set_timer(probe, probe->timeout_us / 4);
        resolver_start(probe->resolver);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
        struct probe *probe = arg;
        struct answer answer;
        PGresult *result;
        char text[80];

        (void)fd;
        (void)what;
        if (!probe->pending && probe->state == PROBE_RESOLVING &&
            resolver_addresses(probe->resolver)[0] != '\0') {
                resolver_cancel(probe->resolver);
                end_lookup("", probe);
                return;
        }
        if (!probe->pending) {
                snprintf(text, sizeof(text), "no answer within %lld ms%s",
                         (long long)(probe->timeout_us / US_PER_MS),
                         probe->state == PROBE_RESOLVING ? " from the name server" : "");
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

        probe->base = base;
        target_copy(&probe->target, target);
        probe->on_answer = on_answer;
        probe->arg = arg;
        if (libpq_is_name(target->host))
                probe->resolver = resolver_new(names, target->host, end_lookup, probe);
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
        else if (probe->resolver != NULL)
                start_lookup(probe);
        else
                start_connect(probe);
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
        resolver_free(probe->resolver);
        event_free(probe->timer);
        target_free(&probe->target);
        free(probe->saying);
        free(probe);
}
