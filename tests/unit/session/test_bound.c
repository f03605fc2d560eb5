#include "session/bound.h"

#include "unit.h"
#include "wire/writer.h"

#include <string.h>

/* A Bind's values, as "t:text", "b:bytes" or NULL; up to three, "" behind the last. */
static struct msg bind_of(const char *const values[3], struct buf *space)
{
        struct writer w = writer_to(space, 1 << 16);
        struct msg m = {0};
        uint16_t count = 0;

        while (count < 3 && (values[count] == NULL || values[count][0] != '\0'))
                count++;
        msg_begin(&w, FE_BIND);
        put_cstr(&w, "portal");
        put_cstr(&w, "name");
        put_i16(&w, count);
        for (int i = 0; i < count; i++)
                put_i16(&w, values[i] != NULL && values[i][0] == 'b');
        put_i16(&w, count);
        for (int i = 0; i < count; i++) {
                size_t n = values[i] != NULL ? strlen(values[i]) - 2 : 0;

                put_i32(&w, values[i] != NULL ? (uint32_t)n : UINT32_MAX);
                if (values[i] != NULL)
                        put_raw(&w, values[i] + 2, n);
        }
        put_i16(&w, 0);
        msg_end(&w);
        UNIT_ASSERT(!w.failed && msg_peek(buf_data(space), buf_len(space), &m) == STATUS_OK);
        return m;
}

static void values_take_their_places(void)
{
        static const struct {
                const char *sql, *values[3], *expected; /* "": cannot be told */
        } rows[] = {
            {"SELECT set_config($1, $2, false)",
             {"t:a.b", "t:c", ""},
             "SELECT set_config('a.b', 'c', false)"},
            {"SELECT set_config('a.b', $1, $2)",
             {"t:it's", "b:\x01", ""},
             "SELECT set_config('a.b', 'it''s', true)"},
            {"SELECT set_config($2::text, $1, $3::boolean) AS x",
             {"t:", "t:work_mem", "t:on"},
             "SELECT set_config('work_mem', '', true)"},
            {"SELECT set_config($1, $2, $3)", {"t:a", "b:v", "t:F"}, "SELECT set_config('a', 'v', false)"},
            {"SELECT set_config($1, $2, $3)", {"t:a", "t:v", "t:perhaps"}, ""},
            {"SELECT set_config($1, $2, $3)", {"t:a", "t:v", "b:xy"}, ""},
            {"SELECT set_config($1, $2, false)", {"t:a", NULL, ""}, "SELECT set_config('a', NULL, false)"},
            {"SELECT set_config($1, $2, $3)", {"t:a", "t:b", NULL}, ""},
            {"SELECT set_config($1, $2, $3)", {NULL, "t:b", "t:f"}, ""},
            {"SELECT set_config($1, $2, false)", {"t:a", ""}, ""},
            {"SELECT set_config($1, $9, false)", {"t:a", "t:v", ""}, ""},
            {"SELECT set_config($1, $2, false), 1", {"t:a", "t:v", ""}, ""},
        };
        char out[BOUND_TEXT_MAX];

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct buf space = {0};
                struct msg m = bind_of(rows[i].values, &space);
                struct sv got = bound_text(sv_cstr(rows[i].sql), 0, &m, out);

                unit_row("%s: %.*s", rows[i].sql, SV_ARG(got));
                UNIT_ASSERT(sv_is(got, rows[i].expected));
                buf_release(&space);
        }
}

static void what_is_too_long_or_not_here_cannot_be_told(void)
{
        static char value[BOUND_TEXT_MAX];
        const char *values[3] = {"t:a", value, ""};
        const struct sv sql = SV("SELECT set_config($1, $2, false)");
        char out[BOUND_TEXT_MAX];
        struct buf space = {0};
        struct msg m;

        memset(value, 'x', sizeof(value) - 1);
        memcpy(value, "t:", 2);
        m = bind_of(values, &space);
        UNIT_ASSERT(bound_text(sql, 0, &m, out).n == 0);
        buf_release(&space);
        value[100] = '\0';
        m = bind_of(values, &space);
        UNIT_ASSERT(bound_text(sql, 0, &m, out).n > 0);
        for (size_t n = MSG_HEAD; n < buf_len(&space); n++) {
                UNIT_ASSERT(msg_peek(buf_data(&space), n, &m) == STATUS_OK && m.have < m.size);
                UNIT_ASSERT(bound_text(sql, 0, &m, out).n == 0);
        }
        buf_release(&space);
}

UNIT_SUITE(session_bound, UNIT_CASE(values_take_their_places),
           UNIT_CASE(what_is_too_long_or_not_here_cannot_be_told))
