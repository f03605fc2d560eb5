#include "request.h"

#include "channel.h"
#include "wire/writer.h"

enum { ID_DIGITS = 5, COPY_CHUNK = 8192 };

static const char select_head[] = "SELECT abalance FROM pgbench_accounts WHERE aid = ";
static const char statement[] = "P0_0";

/* Where the digits of accounts stand in the request, and in how many places. */
static size_t ids[PIPELINE_MAX];
static unsigned id_count;

static void put_id(struct writer *w)
{
        ids[id_count++] = buf_len(w->out);
        put_raw(w, "10000", ID_DIGITS);
}

static void put_parse(struct writer *w, const char *name)
{
        msg_begin(w, 'P');
        put_cstr(w, name);
        put_raw(w, select_head, sizeof select_head - 1);
        put_cstr(w, "$1;");
        put_i16(w, 0);
        msg_end(w);
}

/* As libpq's PQsendQueryParams and PQsendQueryPrepared do: Bind, Describe of the portal, Execute. */
static void put_bind(struct writer *w, const char *name)
{
        msg_begin(w, 'B');
        put_cstr(w, "");
        put_cstr(w, name);
        put_i16(w, 0);
        put_i16(w, 1);
        put_i32(w, ID_DIGITS);
        put_id(w);
        put_i16(w, 1);
        put_i16(w, 0);
        msg_end(w);
        msg_begin(w, 'D');
        put_byte(w, 'P');
        put_cstr(w, "");
        msg_end(w);
        msg_begin(w, 'E');
        put_cstr(w, "");
        put_i32(w, 0);
        msg_end(w);
}

static void put_simple(struct writer *w)
{
        msg_begin(w, 'Q');
        put_raw(w, select_head, sizeof select_head - 1);
        put_id(w);
        put_cstr(w, ";");
        msg_end(w);
}

struct buf request_new(const char *mode, const char *sql, unsigned pipeline)
{
        bool prepared = strcmp(mode, "prepared") == 0;
        struct buf made = {0};
        struct writer w = writer_to(&made, REQUEST_MAX);

        if (sql != NULL)
                return request_query(sql);
        if (strcmp(mode, "simple") == 0) {
                put_simple(&w);
                return made;
        }
        if (!prepared && strcmp(mode, "extended") != 0)
                die("there is no mode %s: simple, extended, prepared", mode);
        for (unsigned i = 0; i < pipeline; i++) {
                if (!prepared)
                        put_parse(&w, "");
                put_bind(&w, prepared ? statement : "");
        }
        write_empty(&w, 'S');
        return made;
}

void request_draw(struct buf *request)
{
        static uint64_t state = 88172645463325252;
        uint8_t *bytes = request->bytes + request->head;

        for (unsigned i = 0; i < id_count; i++) {
                uint32_t number;

                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                number = 10000 + (uint32_t)(state >> 33) % 90000;
                for (int digit = ID_DIGITS; digit-- > 0; number /= 10)
                        bytes[ids[i] + (size_t)digit] = (uint8_t)('0' + number % 10);
        }
}

struct buf request_prepare(void)
{
        struct buf made = {0};
        struct writer w = writer_to(&made, REQUEST_MAX);

        put_parse(&w, statement);
        write_empty(&w, 'S');
        return made;
}

struct buf request_chunk(void)
{
        struct buf made = {0};
        struct writer w = writer_to(&made, REQUEST_MAX);

        msg_begin(&w, 'd');
        for (int i = 0; i < COPY_CHUNK; i++)
                put_byte(&w, i % 100 == 99 || i == COPY_CHUNK - 1 ? '\n' : 'x');
        msg_end(&w);
        return made;
}

struct buf request_copy_done(void)
{
        struct buf made = {0};
        struct writer w = writer_to(&made, REQUEST_MAX);

        write_empty(&w, 'c');
        return made;
}

struct buf request_query(const char *sql)
{
        struct buf made = {0};
        struct writer w = writer_to(&made, REQUEST_MAX);

        write_query(&w, sql);
        return made;
}
