#include "conf/report.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct finding {
        struct conf_problem problem;
        size_t file_rank, rank;
};

struct report {
        struct conf_report head; /* first: conf_report_free gets its address */
        struct arena arena;
        struct finding *findings;
        size_t count, cap, dropped;
        const char *files[64]; /* in the order they were first named; more share the last rank */
        size_t file_count;
};

struct report *report_new(void)
{
        return xcalloc(1, sizeof(struct report));
}

static size_t file_rank(struct report *r, const char *file)
{
        for (size_t i = 0; i < r->file_count; i++)
                if (strcmp(r->files[i], file) == 0)
                        return i;
        if (r->file_count < sizeof(r->files) / sizeof(r->files[0]))
                r->files[r->file_count++] = arena_strdup(&r->arena, file);
        return r->file_count - 1;
}

static void report_add(struct report *r, bool fatal, const char *file, int line, const char *text)
{
        struct finding *f;

        if (fatal)
                r->head.fatal_count++;
        if (r->count >= REPORT_MAX) {
                r->dropped++;
                return;
        }
        if (r->count == r->cap) {
                r->cap = r->cap == 0 ? 16 : r->cap * 2;
                r->findings = xrealloc(r->findings, r->cap * sizeof(*r->findings));
        }
        f = &r->findings[r->count];
        f->file_rank = file_rank(r, file);
        f->rank = r->count++;
        f->problem = (struct conf_problem){
            .fatal = fatal,
            .file = arena_strdup(&r->arena, file),
            .line = line,
            .text = arena_strdup(&r->arena, text),
        };
}

void report_error(struct report *r, const char *file, int line, const char *format, ...)
{
        char text[1024];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        report_add(r, true, file, line, text);
}

void report_warn(struct report *r, const char *file, int line, const char *format, ...)
{
        char text[1024];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        report_add(r, false, file, line, text);
}

size_t report_errors(const struct report *r)
{
        return r->head.fatal_count;
}

static int compare(const void *a, const void *b)
{
        const struct finding *x = a, *y = b;

        if (x->file_rank != y->file_rank)
                return x->file_rank < y->file_rank ? -1 : 1;
        if (x->problem.line != y->problem.line)
                return x->problem.line < y->problem.line ? -1 : 1;
        return x->rank < y->rank ? -1 : 1;
}

struct conf_report *report_finish(struct report *r)
{
        struct conf_problem *problems = arena_alloc(&r->arena, (r->count + 1) * sizeof(*problems));

        if (r->count > 0)
                qsort(r->findings, r->count, sizeof(*r->findings), compare);
        for (size_t i = 0; i < r->count; i++)
                problems[i] = r->findings[i].problem;
        r->head.count = r->count;
        if (r->dropped > 0)
                problems[r->head.count++] = (struct conf_problem){
                    .file = r->files[0],
                    .text = arena_printf(&r->arena, "and %zu more findings", r->dropped),
                };
        r->head.problems = problems;
        free(r->findings);
        r->findings = NULL;
        return &r->head;
}

void conf_report_free(struct conf_report *report)
{
        struct report *r = (struct report *)report;

        if (r == NULL)
                return;
        arena_release(&r->arena);
        free(r->findings);
        free(r);
}

void conf_problem_format(const struct conf_problem *problem, char *out, size_t size)
{
        if (problem->line > 0)
                snprintf(out, size, "%s:%d: %s", problem->file, problem->line, problem->text);
        else
                snprintf(out, size, "%s: %s", problem->file, problem->text);
}
