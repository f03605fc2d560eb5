#include "health/reader.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/machine.h"
#include "base/memory.h"
#include "health/catalog_sql.h"
#include "health/question.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long a slice of work is, and the pause behind it: who never pauses waits longest when there are more
 * who want the processor. The clock is looked at after a few rows. */
#define SLICE_US 500
enum { PAUSE_US = 1000, ROWS_A_LOOK = 4 };

enum reader_state { READER_OPENING, READER_ASKING, READER_MAKING, READER_DONE };

static const struct machine_state states[] = {
    [READER_OPENING] = {"opening", MOVE(READER_ASKING) | MOVE(READER_DONE)},
    [READER_ASKING] = {"asking", MOVE(READER_MAKING) | MOVE(READER_DONE)},
    [READER_MAKING] = {"making", MOVE(READER_DONE)},
    [READER_DONE] = {"done", 0},
};

struct reader {
        struct contact contact;
        struct reader_order order;
        char known[sizeof(((struct catalog *)NULL)->version)];
        char version[sizeof(((struct catalog *)NULL)->version)]; /* read now */

        enum reader_state state;
        struct event *deadline, *soon; /* soon: goes on with the work, or tells that it is done */
        const struct catalog_sql *sql; /* under way; NULL: the first one, which begins */
        size_t next;                   /* the one behind it */
        void *making;
        int64_t began_us;
        struct reading reading;
};

static void move(struct reader *reader, enum reader_state to)
{
        machine_move(states, reader->state, to);
        reader->state = to;
}

static void go_on_soon(struct reader *reader, int us)
{
        CHECK(event_add(reader->soon, &(struct timeval){.tv_usec = us}) == 0);
}

/* It is told by the loop, so that nobody is called back from within his own call. */
static void end(struct reader *reader)
{
        contact_close(&reader->contact);
        event_del(reader->deadline);
        move(reader, READER_DONE);
        go_on_soon(reader, 0);
}

/* The first line of `text`, which is the server's or libpq's, with the SQLSTATE if there is one. */
static void fail(struct reader *reader, const char *text)
{
        char sqlstate[6];

        question_sqlstate(text, sqlstate, &text);
        snprintf(reader->reading.error, sizeof(reader->reading.error), "%s%s%.*s", sqlstate,
                 *sqlstate != '\0' ? " " : "", (int)strcspn(text, "\n"), text);
        end(reader);
}

/* ---- asking ---- */

static void ask(struct reader *reader)
{
        const char *text = reader->sql == NULL ? catalog_sql_begin : reader->sql->text;

        if (PQsendQuery(reader->contact.conn, text) != 1 || PQsetSingleRowMode(reader->contact.conn) != 1) {
                fail(reader, PQerrorMessage(reader->contact.conn));
                return;
        }
        contact_watch(&reader->contact, EV_READ | EV_WRITE);
}

static void ask_next(struct reader *reader)
{
        reader->sql = catalog_sql_at(reader->next++);
        if (reader->sql != NULL) {
                ask(reader);
                return;
        }
        contact_close(&reader->contact);
        move(reader, READER_MAKING);
        go_on_soon(reader, PAUSE_US);
}

/* All rows of a statement are here. */
static void answered(struct reader *reader)
{
        if (reader->sql == NULL && strcmp(reader->version, reader->known) == 0 && reader->known[0] != '\0') {
                reader->reading.unchanged = true;
                end(reader);
                return;
        }
        if (reader->sql == NULL)
                reader->making = reader->order.maker->begin();
        ask_next(reader);
}

static void take_row(struct reader *reader, const PGresult *result)
{
        const char *columns[CATALOG_COLUMNS_MAX] = {NULL};
        int count = reader->sql == NULL ? 1 : reader->sql->columns;

        CHECK(PQnfields(result) == count);
        for (int i = 0; i < count; i++)
                columns[i] = PQgetvalue(result, 0, i);
        if (reader->sql == NULL)
                snprintf(reader->version, sizeof(reader->version), "%s", columns[0]);
        else
                reader->order.maker->row(reader->making, reader->sql->kind, columns);
}

/* False: the statement has failed. */
static bool take_result(struct reader *reader, const PGresult *result)
{
        switch ((int)PQresultStatus(result)) {
        case PGRES_SINGLE_TUPLE: take_row(reader, result); return true;
        case PGRES_TUPLES_OK:
        case PGRES_COMMAND_OK: return true;
        }
        fail(reader, PQresultErrorMessage(result));
        return false;
}

/* Takes rows until there are none left here, or the slice is over. */
static void take_rows(struct reader *reader)
{
        int64_t until = clock_us() + SLICE_US;
        unsigned rows = 0;

        while (!PQisBusy(reader->contact.conn)) {
                PGresult *result;
                bool good;

                if (++rows % ROWS_A_LOOK == 0 && clock_us() >= until) {
                        contact_watch(&reader->contact, 0);
                        go_on_soon(reader, PAUSE_US);
                        return;
                }
                result = PQgetResult(reader->contact.conn);
                if (result == NULL) {
                        answered(reader);
                        return;
                }
                good = take_result(reader, result);
                PQclear(result);
                if (!good)
                        return;
        }
        contact_watch(&reader->contact, EV_READ);
}

static void step_asking(struct reader *reader)
{
        int unsent;

        if (PQconsumeInput(reader->contact.conn) != 1) {
                fail(reader, PQerrorMessage(reader->contact.conn));
                return;
        }
        unsent = PQflush(reader->contact.conn);
        if (unsent < 0)
                fail(reader, PQerrorMessage(reader->contact.conn));
        else if (unsent > 0)
                contact_watch(&reader->contact, EV_READ | EV_WRITE);
        else
                take_rows(reader);
}

static void step_making(struct reader *reader)
{
        int64_t until = clock_us() + SLICE_US;
        struct catalog *catalog;

        while (clock_us() < until) {
                if (reader->order.maker->step(reader->making))
                        continue;
                catalog = reader->order.maker->finish(reader->making);
                reader->making = NULL;
                memcpy(catalog->version, reader->version, sizeof(catalog->version));
                catalog->read_wall_us = clock_wall_us();
                reader->reading.catalog = catalog;
                end(reader);
                return;
        }
        go_on_soon(reader, PAUSE_US);
}

/* ---- the loop ---- */

static void tell(struct reader *reader)
{
        struct reading reading = reader->reading;

        reading.took_us = clock_us() - reader->began_us;
        reader->reading.catalog = NULL; /* it is theirs now */
        reader->order.on_done(&reading, reader->order.arg);
}

static int64_t cpu_us(void)
{
        struct timespec now;

        CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
        return now.tv_sec * US_PER_SEC + now.tv_nsec / 1000;
}

static int64_t larger(int64_t a, int64_t b)
{
        return a > b ? a : b;
}

static void work(struct reader *reader)
{
        int64_t began = clock_us(), cpu_began = cpu_us();

        switch (reader->state) {
        case READER_ASKING: step_asking(reader); break;
        case READER_MAKING: step_making(reader); break;
        case READER_OPENING: break;
        case READER_DONE: tell(reader); return;
        }
        reader->reading.longest_us = larger(reader->reading.longest_us, clock_us() - began);
        reader->reading.longest_cpu_us = larger(reader->reading.longest_cpu_us, cpu_us() - cpu_began);
}

static void on_contact(struct contact *contact, enum contact_event event)
{
        struct reader *reader = list_item(contact, struct reader, contact);

        switch (event) {
        case CONTACT_READY:
                move(reader, READER_ASKING);
                ask(reader);
                return;
        case CONTACT_SOCKET: work(reader); return;
        case CONTACT_FAILED: fail(reader, contact_why(contact)); return;
        }
}

static void on_soon(evutil_socket_t fd, short what, void *arg)
{
        (void)fd;
        (void)what;
        work(arg);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
        struct reader *reader = arg;

        (void)fd;
        (void)what;
        event_del(reader->soon);
        fail(reader, "it took too long");
}

struct reader *reader_new(struct event_base *base, struct names *names, const struct reader_order *order)
{
        struct reader *reader = xcalloc(1, sizeof(*reader));
        struct timeval timeout = {.tv_sec = order->timeout_us / US_PER_SEC,
                                  .tv_usec = order->timeout_us % US_PER_SEC};

        reader->contact.base = base;
        reader->contact.application = "pgsteer catalog";
        reader->contact.on_event = on_contact;
        /* names come as the server keeps them; one process there does for us */
        snprintf(reader->contact.options, sizeof(reader->contact.options),
                 "-c client_encoding=SQL_ASCII -c search_path=pg_catalog "
                 "-c max_parallel_workers_per_gather=0 -c jit=off -c statement_timeout=60000");
        contact_init(&reader->contact, names, order->target);
        reader->order = *order;
        snprintf(reader->known, sizeof(reader->known), "%s", order->known);
        reader->began_us = clock_us();
        reader->deadline = evtimer_new(base, on_deadline, reader);
        reader->soon = evtimer_new(base, on_soon, reader);
        CHECK(reader->deadline != NULL && reader->soon != NULL && event_add(reader->deadline, &timeout) == 0);
        contact_open(&reader->contact);
        return reader;
}

void reader_free(struct reader *reader)
{
        if (reader == NULL)
                return;
        contact_fini(&reader->contact);
        reader->order.maker->drop(reader->making);
        catalog_unref(reader->reading.catalog);
        event_free(reader->deadline);
        event_free(reader->soon);
        free(reader);
}
