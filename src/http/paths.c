#include "http/paths.h"

#include "base/clock.h"
#include "http/json.h"
#include "http/metrics.h"
#include "http/page.h"
#include "http/past.h"
#include "http/ready.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
        ROWS_USUAL = 1000,
        ROWS_MAX = 10000,
        OVERVIEW_ROWS = 200, /* of one table, on the page */
};

/* ---- machines ---- */

static void write_health(struct answer *a, const struct reading *r, const struct question *q)
{
        struct writer w = answer_writer(a);

        (void)r;
        (void)q;
        a->status = 200;
        a->type = TYPE_JSON;
        put_text(&w, "{\"healthy\":true}\n");
}

static void want_nothing(struct reading *r, const struct question *q, struct answer *a)
{
        (void)r;
        (void)q;
        (void)a;
}

static void want_metrics(struct reading *r, const struct question *q, struct answer *a)
{
        (void)q;
        (void)a;
        metrics_want(r);
}

static void write_metrics(struct answer *a, const struct reading *r, const struct question *q)
{
        struct writer w = answer_writer(a);

        (void)q;
        a->status = 200;
        a->type = TYPE_METRICS;
        metrics_put(&w, r);
}

/* ---- probes ---- */

static bool is_mode(const char *mode)
{
        return mode == NULL || strcmp(mode, "read") == 0 || strcmp(mode, "write") == 0;
}

static void want_ready(struct reading *r, const struct question *q, struct answer *a)
{
        if (is_mode(question_get(q, "mode")))
                ready_want(r);
        else
                answer_error(a, 400, "mode is read or write");
}

static void write_ready_for(struct answer *a, const struct reading *r, const struct question *q)
{
        const char *mode = question_get(q, "mode");

        ready_answer(a, r, q, mode != NULL && strcmp(mode, "write") == 0 ? READY_WRITE : READY_READ);
}

static void write_primary(struct answer *a, const struct reading *r, const struct question *q)
{
        ready_answer(a, r, q, READY_WRITE);
}

static void write_replica(struct answer *a, const struct reading *r, const struct question *q)
{
        ready_answer(a, r, q, READY_STANDBY);
}

/* ---- tables ---- */

static void put_moment(struct writer *w)
{
        put_format(w, "{\"at_ms\":%" PRId64, clock_wall_us() / US_PER_MS);
}

static bool read_limit(const struct question *q, size_t *limit)
{
        const char *text = question_get(q, "limit");
        char *end;
        long n;

        *limit = ROWS_USUAL;
        if (text == NULL)
                return true;
        n = strtol(text, &end, 10);
        *limit = (size_t)n;
        return *text != '\0' && *end == '\0' && n >= 0 && n <= ROWS_MAX;
}

/* The first parameter that is neither "limit" nor a column. */
static const char *stray_parameter(const struct question *q, const struct show *show)
{
        for (int i = 0; i < q->count; i++) {
                bool known = strcmp(q->list[i].name, "limit") == 0;

                for (int c = 0; c < show->column_count && !known; c++)
                        known = strcmp(q->list[i].name, show->columns[c].name) == 0;
                if (!known)
                        return q->list[i].name;
        }
        return NULL;
}

/* One of an object's, on a line of its own. */
static void put_member(struct writer *w, bool first, const char *name, const char *text)
{
        put_text(w, first ? "\n" : ",\n");
        put_json_text(w, name);
        put_text(w, ":");
        put_json_text(w, text);
}

/* All there is, for people and programs that look around. */
static void want_list(struct reading *r, const struct question *q, struct answer *a)
{
        struct writer w = answer_writer(a);

        (void)r;
        (void)q;
        a->status = 200;
        a->type = TYPE_JSON;
        put_text(&w, "{\"tables\":{");
        for (size_t i = 0; show_at(i) != NULL; i++)
                put_member(&w, i == 0, show_at(i)->name, show_at(i)->text);
        put_text(&w, "},\n\"paths\":{");
        for (int i = 0; path_at(i) != NULL; i++)
                put_member(&w, i == 0, path_at(i)->name, path_at(i)->text);
        put_text(&w, "}}\n");
}

static void want_table(struct reading *r, const struct question *q, struct answer *a)
{
        const struct show *show = show_find(sv_cstr(q->rest));
        const char *stray;
        size_t limit;

        if (q->rest[0] == '\0')
                want_list(r, q, a);
        else if (show == NULL || show == &show_fds)
                answer_error(a, 404, "there is no table \"%.64s\"; /api/v1/ lists them", q->rest);
        else if (!read_limit(q, &limit))
                answer_error(a, 400, "limit is a number from 0 to %d", ROWS_MAX);
        else if ((stray = stray_parameter(q, show)) != NULL)
                answer_error(a, 400, "\"%.64s\" is neither limit nor a column of %s", stray, show->name);
        else
                reading_want(r, show);
}

static void write_table(struct answer *a, const struct reading *r, const struct question *q)
{
        struct json_choice choice = {.where = q};
        struct writer w = answer_writer(a);

        (void)read_limit(q, &choice.limit);
        a->status = 200;
        a->type = TYPE_JSON;
        put_moment(&w);
        put_text(&w, ",\"table\":");
        put_json_text(&w, r->shows[0]->name);
        put_text(&w, ",\"data\":");
        put_json_table(&w, &r->tables[0], &choice);
        put_text(&w, "}\n");
        if (w.failed)
                answer_error(a, 500, "the answer is too large: ask for fewer rows (limit=)");
}

/* ---- the page ---- */

static const char *const overview[] = {"version",   "alerts", "state",          "topology",  "nodes",
                                       "failovers", "pools",  "extended_pools", "databases", "stats",
                                       "latency",   "routes", "lists"};

static void want_overview(struct reading *r, const struct question *q, struct answer *a)
{
        (void)q;
        (void)a;
        for (size_t i = 0; i < sizeof(overview) / sizeof(overview[0]); i++)
                reading_want(r, show_find(sv_cstr(overview[i])));
}

static void write_overview(struct answer *a, const struct reading *r, const struct question *q)
{
        const struct json_choice choice = {.limit = OVERVIEW_ROWS};
        struct writer w = answer_writer(a);

        (void)q;
        a->status = 200;
        a->type = TYPE_JSON;
        put_moment(&w);
        for (int i = 0; i < r->count; i++) {
                put_format(&w, ",\n\"%s\":", r->shows[i]->name);
                put_json_table(&w, &r->tables[i], &choice);
        }
        put_text(&w, "}\n");
}

static void want_history(struct reading *r, const struct question *q, struct answer *a)
{
        struct writer w = answer_writer(a);

        (void)r;
        a->status = 200;
        a->type = TYPE_JSON;
        past_put(&w, q->past);
}

static void want_page(struct reading *r, const struct question *q, struct answer *a)
{
        (void)r;
        if (!page_answer(a, q->rest))
                answer_error(a, 404, "there is nothing here");
}

/* ---- all of them ---- */

static const struct path list[] = {
    {"/metrics", false, 250, want_metrics, write_metrics, "Numbers in Prometheus' text format."},
    {"/healthz", true, 250, want_nothing, write_health, "200 when all threads answer."},
    {"/readyz", true, 0, want_ready, write_ready_for,
     "200 when clients can be served; database=NAME, mode=read or write; else 503."},
    {"/primary", true, 0, want_ready, write_primary, "200 when there is a primary; database=NAME."},
    {"/replica", true, 0, want_ready, write_replica, "200 when a standby serves reads; database=NAME."},
    {"/api/v1/overview", false, 900, want_overview, write_overview, "What the page shows."},
    {"/api/v1/history", false, 0, want_history, NULL, "The last 15 minutes, for the page's curves."},
    {"/api/v1", false, 0, want_list, NULL, "This list."},
    {"/api/v1/", false, 0, want_table, write_table,
     "A table behind it, as SHOW has it; limit=N, and any column=value."},
    {"/", true, 0, want_page, NULL, "The page for people."},
};

const struct path *path_at(int i)
{
        return i < (int)(sizeof(list) / sizeof(list[0])) ? &list[i] : NULL;
}

const struct path *path_find(struct sv path)
{
        for (int i = 0; path_at(i) != NULL; i++) {
                struct sv name = sv_cstr(list[i].name);

                if (sv_eq(path, name) ||
                    (name.p[name.n - 1] == '/' && path.n > name.n && strncmp(path.p, name.p, name.n) == 0))
                        return &list[i];
        }
        return NULL;
}
