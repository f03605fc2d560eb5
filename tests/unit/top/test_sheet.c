#include "top/sheet.h"

#include "unit.h"

#include <string.h>

/* Rows of name, a counter and a number; "" is null. */
static void fill(struct sheet *s, size_t rows, const char *const cells[][3])
{
        static const char *const names[] = {"name", "calls/s", "n"};

        sheet_init(s, 3, rows);
        for (int c = 0; c < 3; c++) {
                s->names[c] = names[c];
                s->numeric[c] = c > 0;
                for (size_t i = 0; i < rows; i++)
                        s->cells[i * 3 + (size_t)c] = cells[i][c][0] != '\0' ? cells[i][c] : NULL;
        }
}

static bool shows(const struct sheet *s, size_t row, int column, const char *text)
{
        const char *cell = sheet_shown(s, row, column);

        return text == NULL ? cell == NULL : cell != NULL && strcmp(cell, text) == 0;
}

static void sorts_rows(void)
{
        static const char *const cells[][3] = {
            {"b", "1", "10"}, {"a", "1", "9"}, {"c", "1", ""}, {"d", "1", "10"}};
        static const struct {
                const char *name;
                int column;
                bool descending;
                const char *order;
        } rows[] = {{"numbers", 2, false, "abdc"},        {"numbers, the largest first", 2, true, "bdac"},
                    {"texts", 0, false, "abcd"},          {"texts, backwards", 0, true, "dcba"},
                    {"equal ones stay", 1, true, "bacd"}, {"no such column", 7, false, "bacd"}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct sheet s;

                fill(&s, 4, cells);
                s.names[1] = "same";
                sheet_show(&s, NULL, 0);
                sheet_sort(&s, rows[i].column, rows[i].descending);
                unit_row("%s", rows[i].name);
                for (size_t k = 0; k < 4; k++)
                        UNIT_ASSERT(sheet_shown(&s, k, 0)[0] == rows[i].order[k]);
                sheet_fini(&s);
        }
}

static void counters_become_rates(void)
{
        static const char *const then[][3] = {{"gone", "1", "1"}, {"b", "100", "7"}, {"a", "40", "7"}};
        static const char *const now[][3] = {{"a", "60", "8"}, {"b", "100", "8"}, {"new", "5", "8"}};
        struct sheet before, s;

        fill(&before, 3, then);
        sheet_show(&before, NULL, 0);
        UNIT_ASSERT(shows(&before, 1, 1, NULL) && shows(&before, 1, 2, "7"));
        sheet_sort(&before, 0, true);
        fill(&s, 3, now);
        sheet_show(&s, &before, 2.0);
        UNIT_ASSERT(shows(&s, 0, 1, "10") && shows(&s, 1, 1, "0") && shows(&s, 2, 1, NULL));
        UNIT_ASSERT(shows(&s, 0, 2, "8"));
        sheet_fini(&before);
        sheet_fini(&s);
}

static void lays_out_lines(void)
{
        static const char *const cells[][3] = {{"caf\xc3\xa9", "1", "10"}, {"a longer one", "", "9"}};
        static const struct {
                const char *name;
                long row;
                int width, sorted;
                const char *line;
        } rows[] = {{"names", -1, 80, -1, "name           calls/s   n"},
                    {"names, sorted", -1, 80, 0, "name<          calls/s   n"},
                    {"sorted by a number", -1, 80, 2, "name           calls/s  n<"},
                    {"a row", 0, 80, -1, "caf\xc3\xa9                 1  10"},
                    {"null is empty", 1, 80, -1, "a longer one             9"},
                    {"cut in a column", 0, 3, -1, "caf"},
                    {"not cut in a character", 0, 4, -1, "caf\xc3\xa9"},
                    {"nothing fits", 0, 0, -1, ""}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct sheet s;
                char out[200];

                fill(&s, 2, cells);
                s.names[1] = "calls/s";
                sheet_show(&s, &s, 1);
                s.shown[1] = "1";
                sheet_line(&s, rows[i].row, rows[i].width, rows[i].sorted, false, out, sizeof(out));
                unit_row("%s: '%s'", rows[i].name, out);
                UNIT_ASSERT(strcmp(out, rows[i].line) == 0);
                sheet_fini(&s);
        }
}

UNIT_SUITE(top_sheet, UNIT_CASE(sorts_rows), UNIT_CASE(counters_become_rates), UNIT_CASE(lays_out_lines))
