#include "top/top.h"

#include "base/clock.h"
#include "top/sheet.h"
#include "top/views.h"

#include <curses.h>
#include <libpq-fe.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
        REFRESH_MS = 1000,
        LINE_SIZE = 4096,
        ALERTS_SHOWN = 4,
        RED = 1,
        YELLOW = 2,
        GREEN = 3,
        WIDE = 1000 /* of a line that is not on a screen */
};

struct top {
        PGconn *conn;
        const char *conninfo;
        int view, sorted[16]; /* column of each view */
        bool descending[16];
        struct sheet now; /* of this view */
        int64_t asked_us; /* when; 0: there is none */
        struct sheet alerts;
        size_t first; /* row on the screen */
        char trouble[LINE_SIZE];
};

_Static_assert(sizeof(((struct top *)0)->sorted) / sizeof(int) >= 8, "each view has its order");

/* ---- asking ---- */

static bool is_number(Oid type)
{
        static const Oid numbers[] = {20, 21, 23, 700, 701, 1700}; /* pg_type.dat */

        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
                if (type == numbers[i])
                        return true;
        return false;
}

static void copy(struct sheet *s, const PGresult *r)
{
        sheet_init(s, PQnfields(r), (size_t)PQntuples(r));
        for (int c = 0; c < s->columns; c++) {
                s->names[c] = arena_strdup(&s->arena, PQfname(r, c));
                s->numeric[c] = is_number(PQftype(r, c));
        }
        for (size_t i = 0; i < s->rows; i++)
                for (int c = 0; c < s->columns; c++)
                        s->cells[i * (size_t)s->columns + (size_t)c] =
                            PQgetisnull(r, (int)i, c) ? NULL
                                                      : arena_strdup(&s->arena, PQgetvalue(r, (int)i, c));
}

/* False: top->trouble says why. */
static bool ask(struct top *top, const char *sql, struct sheet *s)
{
        PGresult *r = PQexec(top->conn, sql);
        bool good = PQresultStatus(r) == PGRES_TUPLES_OK;

        if (good)
                copy(s, r);
        else
                snprintf(top->trouble, sizeof(top->trouble), "%s", PQerrorMessage(top->conn));
        PQclear(r);
        return good;
}

static bool connected(struct top *top)
{
        if (top->conn != NULL && PQstatus(top->conn) == CONNECTION_OK)
                return true;
        PQfinish(top->conn);
        top->asked_us = 0;
        top->conn = PQconnectdb(top->conninfo);
        if (PQstatus(top->conn) == CONNECTION_OK)
                return true;
        snprintf(top->trouble, sizeof(top->trouble), "%s", PQerrorMessage(top->conn));
        return false;
}

static int column_named(const struct sheet *s, const char *name)
{
        for (int c = 0; c < s->columns; c++)
                if (strcmp(s->names[c], name) == 0)
                        return c;
        return 0;
}

/* One more look: top->now and top->alerts. False: top->trouble says why, and they are as they were. */
static bool look(struct top *top)
{
        const struct view *v = &views[top->view];
        const struct sheet *before = top->asked_us != 0 ? &top->now : NULL;
        struct sheet now, alerts;
        int64_t now_us = clock_us();

        if (!connected(top) || !ask(top, alerts_sql, &alerts))
                return false;
        if (!ask(top, v->sql, &now)) {
                sheet_fini(&alerts);
                return false;
        }
        sheet_show(&alerts, NULL, 0);
        sheet_show(&now, before, (double)(now_us - top->asked_us) / (double)US_PER_SEC);
        if (top->sorted[top->view] < 0)
                top->sorted[top->view] = column_named(&now, v->sort);
        sheet_sort(&now, top->sorted[top->view], top->descending[top->view]);
        sheet_fini(&top->now);
        sheet_fini(&top->alerts);
        top->now = now;
        top->alerts = alerts;
        top->asked_us = now_us;
        top->trouble[0] = '\0';
        return true;
}

static void choose(struct top *top, int view)
{
        if (view < 0 || view >= view_count || view == top->view)
                return;
        top->view = view;
        top->asked_us = 0;
        top->first = 0;
}

/* ---- the screen ---- */

/* What is wider than the screen is cut: it must not run on into the next line. */
static void line(int y, attr_t look, const char *text)
{
        size_t cut = 0;

        for (int left = COLS; text[cut] != '\0'; cut++)
                if ((text[cut] & 0xc0) != 0x80 && left-- == 0)
                        break;
        attrset((int)look);
        mvaddnstr(y, 0, text, (int)cut);
        clrtoeol();
}

static attr_t colour(short pair)
{
        return has_colors() ? (attr_t)COLOR_PAIR(pair) : A_BOLD;
}

static int draw_verdict(const struct top *top, int y)
{
        char text[LINE_SIZE];

        if (top->trouble[0] != '\0') {
                snprintf(text, sizeof(text), "no answer: %.*s", (int)strcspn(top->trouble, "\n"),
                         top->trouble);
                line(y, colour(RED), text);
                return y + 1;
        }
        if (top->alerts.rows == 0) {
                line(y, colour(GREEN), "all well");
                return y + 1;
        }
        for (size_t i = 0; i < top->alerts.rows && i < ALERTS_SHOWN; i++) {
                const char *severity = sheet_shown(&top->alerts, i, 0),
                           *what = sheet_shown(&top->alerts, i, 1);

                snprintf(text, sizeof(text), "%s: %s", severity, what);
                line(y++, colour(strcmp(severity, "critical") == 0 ? RED : YELLOW), text);
        }
        if (top->alerts.rows > ALERTS_SHOWN) {
                snprintf(text, sizeof(text), "and %zu more", top->alerts.rows - ALERTS_SHOWN);
                line(y++, colour(YELLOW), text);
        }
        return y;
}

static void draw_tabs(const struct top *top, int y)
{
        move(y, 0);
        for (int i = 0; i < view_count; i++) {
                char text[64];

                snprintf(text, sizeof(text), " %d %s ", i + 1, views[i].name);
                if (getcurx(stdscr) + (int)strlen(text) > COLS)
                        break;
                attrset(i == top->view ? A_REVERSE : A_NORMAL);
                addstr(text);
        }
        attrset(A_NORMAL);
        clrtoeol();
}

static void draw(struct top *top)
{
        char text[LINE_SIZE];
        int y, height, width;

        getmaxyx(stdscr, height, width);
        y = draw_verdict(top, 0);
        draw_tabs(top, y++);
        sheet_line(&top->now, -1, width, top->sorted[top->view], top->descending[top->view], text,
                   sizeof(text));
        line(y++, A_BOLD, text);
        if (top->first >= top->now.rows)
                top->first = top->now.rows > 0 ? top->now.rows - 1 : 0;
        for (size_t row = top->first; row < top->now.rows && y < height - 1; row++) {
                sheet_line(&top->now, (long)row, width, -1, false, text, sizeof(text));
                line(y++, A_NORMAL, text);
        }
        attrset(A_NORMAL);
        clrtobot();
        snprintf(text, sizeof(text),
                 "1-%d view   left, right: sort by   r: the other way round   up, down: scroll   q: end",
                 view_count);
        line(height - 1, A_DIM, text);
        refresh();
}

/* False: the end. */
static bool on_key(struct top *top, int key)
{
        int *sorted = &top->sorted[top->view];

        switch (key) {
        case 'q':
        case 'Q': return false;
        case KEY_LEFT: *sorted = *sorted > 0 ? *sorted - 1 : 0; break;
        case KEY_RIGHT: *sorted += *sorted + 1 < top->now.columns; break;
        case 'r': top->descending[top->view] = !top->descending[top->view]; break;
        case KEY_UP: top->first -= top->first > 0; break;
        case KEY_DOWN: top->first++; break;
        case KEY_NPAGE: top->first += 10; break;
        case KEY_PPAGE: top->first -= top->first > 10 ? 10 : top->first; break;
        case KEY_HOME: top->first = 0; break;
        default:
                if (key >= '1' && key <= '9')
                        choose(top, key - '1');
                break;
        }
        if (top->asked_us != 0)
                sheet_sort(&top->now, *sorted, top->descending[top->view]);
        return true;
}

static int watch(struct top *top)
{
        bool going = true;

        if (initscr() == NULL)
                return 1;
        cbreak();
        noecho();
        curs_set(0);
        keypad(stdscr, true);
        if (has_colors()) {
                start_color();
                use_default_colors();
                init_pair(RED, COLOR_RED, -1);
                init_pair(YELLOW, COLOR_YELLOW, -1);
                init_pair(GREEN, COLOR_GREEN, -1);
        }
        while (going) {
                int64_t next_us = clock_us() + REFRESH_MS * US_PER_MS, left_us;
                int view = top->view;

                (void)look(top);
                draw(top);
                while (going && view == top->view && (left_us = next_us - clock_us()) > 0) {
                        int key;

                        timeout((int)(left_us / US_PER_MS) + 1);
                        key = getch();
                        going = key == ERR || on_key(top, key);
                        draw(top);
                }
        }
        endwin();
        return 0;
}

/* ---- without a screen ---- */

static int print_all(struct top *top)
{
        char text[LINE_SIZE];

        for (int i = 0; i < view_count; i++) {
                choose(top, i);
                if (!look(top)) {
                        fprintf(stderr, "pgsteer top: %s", top->trouble);
                        return 1;
                }
                for (size_t row = 0; i == 0 && row < top->alerts.rows; row++)
                        printf("%s: %s\n", sheet_shown(&top->alerts, row, 0),
                               sheet_shown(&top->alerts, row, 1));
                if (i == 0 && top->alerts.rows == 0)
                        printf("all well\n");
                printf("\n%s\n", views[i].name);
                for (long row = -1; row < (long)top->now.rows; row++) {
                        sheet_line(&top->now, row, WIDE, -1, false, text, sizeof(text));
                        printf("%s\n", text);
                }
        }
        return 0;
}

int top(const char *conninfo, bool once)
{
        struct top top = {.conninfo = conninfo};
        int status;

        for (int i = 0; i < view_count; i++) {
                top.sorted[i] = -1;
                top.descending[i] = views[i].descending;
        }
        setlocale(LC_CTYPE, ""); /* NOLINT(concurrency-mt-unsafe): no thread exists */
        if (!once && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))) {
                fprintf(stderr, "pgsteer top: this is no terminal; --once prints everything\n");
                return 1;
        }
        status = once ? print_all(&top) : watch(&top);
        sheet_fini(&top.now);
        sheet_fini(&top.alerts);
        PQfinish(top.conn);
        return status;
}
