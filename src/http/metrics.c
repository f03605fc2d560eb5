#include "http/metrics.h"

#include "base/check.h"
#include "conf/options.h"

#include <stdio.h>
#include <stdlib.h>

enum metric_type { GAUGE, COUNTER, HISTOGRAM };
enum value_kind { VALUE_ROW, VALUE_COLUMN, VALUE_SCALED, VALUE_SECONDS, VALUE_IS, VALUE_KNOWN };
enum { LABELS_MAX = 8 };

struct metric {
        const char *name, *suffix;
        enum metric_type type;
        const char *table;
        enum value_kind kind;
        const char *column, *column_us, *text;
        double factor;
        const char *only_column, *only_text;
        const char *labels, *help;
};

#define ROW            .kind = VALUE_ROW
#define COLUMN(c)      .kind = VALUE_COLUMN, .column = (c)
#define SCALED(c, f)   .kind = VALUE_SCALED, .column = (c), .factor = (f)
#define SECONDS(c, us) .kind = VALUE_SECONDS, .column = (c), .column_us = (us), .factor = 1
#define IS(c, t)       .kind = VALUE_IS, .column = (c), .text = (t)
#define KNOWN(c)       .kind = VALUE_KNOWN, .column = (c)
#define ONLY(c, t)     , .only_column = (c), .only_text = (t)
#define SUFFIX(t)      , .suffix = (t)

static const char *const types[] = {[GAUGE] = "gauge", [COUNTER] = "counter", [HISTOGRAM] = "histogram"};

static const struct metric metrics[] = {
#define METRIC(name_, type_, table_, labels_, help_, ...)                                                    \
        {.name = (name_),                                                                                    \
         .type = (type_),                                                                                    \
         .table = (table_),                                                                                  \
         .labels = (labels_),                                                                                \
         .help = (help_),                                                                                    \
         __VA_ARGS__},
#include "http/metrics.def"
#undef METRIC
};

enum { METRICS = sizeof(metrics) / sizeof(metrics[0]) };

/* A metric beside a table: names have become columns. */
struct plan {
        const struct metric *metric;
        const struct table *table;
        int column, column_us, only;
        struct {
                struct sv name, text; /* text: of a label that stands as it is */
                int column;           /* -1: that is it */
        } labels[LABELS_MAX];
        int label_count;
};

void metrics_want(struct reading *r)
{
        for (int i = 0; i < METRICS; i++) {
                const struct show *show = show_find(sv_cstr(metrics[i].table));

                CHECK(show != NULL);
                reading_want(r, show);
        }
}

/* ---- plans ---- */

static int column_of(const struct table *t, struct sv name)
{
        for (int i = 0; i < t->column_count; i++)
                if (sv_is(name, t->columns[i].name))
                        return i;
        CHECK(!"a row of metrics.def names a column that is not there");
        return -1;
}

static int named_column(const struct table *t, const char *name)
{
        return name == NULL ? -1 : column_of(t, sv_cstr(name));
}

static void plan_label(struct plan *p, struct sv item)
{
        const char *equals = memchr(item.p, '=', item.n);
        struct sv name = item, source = item;

        CHECK(p->label_count < LABELS_MAX);
        if (equals != NULL) {
                name.n = (size_t)(equals - item.p);
                source = sv_from(equals + 1, item.n - name.n - 1);
        }
        p->labels[p->label_count].name = name;
        if (*source.p == '"') {
                p->labels[p->label_count].text = sv_from(source.p + 1, source.n - 2);
                p->labels[p->label_count++].column = -1;
        } else {
                p->labels[p->label_count++].column = column_of(p->table, source);
        }
}

static void plan_make(struct plan *p, const struct metric *m, const struct table *t)
{
        const char *rest = m->labels;
        struct sv item;

        *p = (struct plan){.metric = m, .table = t};
        p->column = named_column(t, m->column);
        p->column_us = named_column(t, m->column_us);
        p->only = named_column(t, m->only_column);
        while (option_list_next(&rest, &item))
                plan_label(p, item);
}

/* ---- samples ---- */

static const char *text_at(const struct plan *p, size_t row, int column, char room[CELL_ROOM])
{
        return cell_text(table_cell(p->table, row, column), p->table->columns[column].type, room);
}

/* False: it is null, or no number. */
static bool number_at(const struct plan *p, size_t row, int column, double *number)
{
        char room[CELL_ROOM], *end;
        const char *text = text_at(p, row, column, room);

        if (text == NULL)
                return false;
        *number = strtod(text, &end);
        return end != text && *end == '\0';
}

/* The sample's number as it is written; false: there is none. */
static bool value_at(const struct plan *p, size_t row, char out[CELL_ROOM])
{
        const struct metric *m = p->metric;
        char room[CELL_ROOM];
        const char *text = m->column == NULL ? NULL : text_at(p, row, p->column, room);
        double number, us = 0;

        switch (m->kind) {
        case VALUE_ROW: snprintf(out, CELL_ROOM, "1"); return true;
        case VALUE_KNOWN: snprintf(out, CELL_ROOM, "%d", text != NULL); return true;
        case VALUE_IS:
                snprintf(out, CELL_ROOM, "%d", text != NULL && strcmp(text, m->text) == 0);
                return true;
        case VALUE_COLUMN: /* as it stands: a counter may be more than a double can tell exactly */
                if (!number_at(p, row, p->column, &number))
                        return false;
                snprintf(out, CELL_ROOM, "%s", text);
                return true;
        case VALUE_SCALED:
        case VALUE_SECONDS: break;
        }
        if (!number_at(p, row, p->column, &number) ||
            (m->kind == VALUE_SECONDS && !number_at(p, row, p->column_us, &us)))
                return false;
        snprintf(out, CELL_ROOM, "%.15g", number * m->factor + us * 1e-6);
        return true;
}

static void put_escaped(struct writer *w, const char *text)
{
        for (size_t n; *text != '\0'; text += n) {
                n = strcspn(text, "\\\"\n");
                put_raw(w, text, n);
                if (text[n] == '\0')
                        return;
                put_text(w, text[n] == '\n' ? "\\n" : text[n] == '"' ? "\\\"" : "\\\\");
                n++;
        }
}

static void put_labels(struct writer *w, const struct plan *p, size_t row)
{
        for (int i = 0; i < p->label_count; i++) {
                char room[CELL_ROOM];
                const char *text = NULL;

                put_text(w, i == 0 ? "{" : ",");
                put_raw(w, p->labels[i].name.p, p->labels[i].name.n);
                put_text(w, "=\"");
                if (p->labels[i].column < 0)
                        put_raw(w, p->labels[i].text.p, p->labels[i].text.n);
                else if ((text = text_at(p, row, p->labels[i].column, room)) != NULL)
                        put_escaped(w, text);
                put_text(w, "\"");
        }
        if (p->label_count > 0)
                put_text(w, "}");
}

static bool is_wanted(const struct plan *p, size_t row)
{
        char room[CELL_ROOM];
        const char *text;

        if (p->only < 0)
                return true;
        text = text_at(p, row, p->only, room);
        return text != NULL && strcmp(text, p->metric->only_text) == 0;
}

static void put_samples(struct writer *w, const struct plan *p)
{
        char value[CELL_ROOM];

        for (size_t row = 0; row < table_rows(p->table); row++) {
                if (!is_wanted(p, row) || !value_at(p, row, value))
                        continue;
                put_text(w, p->metric->name);
                if (p->metric->suffix != NULL)
                        put_text(w, p->metric->suffix);
                put_labels(w, p, row);
                put_text(w, " ");
                put_text(w, value);
                put_text(w, "\n");
        }
}

void metrics_put(struct writer *w, const struct reading *r)
{
        for (int i = 0; i < METRICS; i++) {
                const struct metric *m = &metrics[i];
                const struct table *t = reading_table(r, m->table);
                struct plan plan;

                CHECK(t != NULL);
                if (i == 0 || strcmp(metrics[i - 1].name, m->name) != 0) {
                        put_format(w, "# HELP %s %s\n", m->name, m->help);
                        put_format(w, "# TYPE %s %s\n", m->name, types[m->type]);
                }
                plan_make(&plan, m, t);
                put_samples(w, &plan);
        }
}
