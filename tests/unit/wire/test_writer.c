#include "wire/writer.h"

#include "unit.h"
#include "wire/proto.h"

#include <string.h>

enum { WIDE = 1 << 16 };

static void auth_ok(struct writer *w)
{
        write_auth(w, AUTH_REQ_OK, "", 0);
}

static void auth_md5(struct writer *w)
{
        write_auth(w, AUTH_REQ_MD5, "\1\2\3\4", 4);
}

static void param(struct writer *w)
{
        write_param_status(w, SV("TimeZone"), SV("UTC"));
}

static void key(struct writer *w)
{
        write_key_data(w, &(struct cancel_key){0x01020304, 4, {0xf5, 0xf6, 0xf7, 0xf8}});
}

static void ready(struct writer *w)
{
        write_ready(w, 'T');
}

static void query(struct writer *w)
{
        write_query(w, "SELECT 1");
}

static void tag(struct writer *w)
{
        write_command_complete(w, "INSERT 0 1");
}

static void refusal(struct writer *w)
{
        struct refusal r;

        refusal_set(&r, "FATAL", "3D000", "no such database: %s", "x");
        write_refusal(w, &r);
}

static void refusal_with_hint(struct writer *w)
{
        struct refusal r;

        refusal_set(&r, "ERROR", "40001", "lost");
        r.hint = "again";
        write_refusal(w, &r);
}

static void notice(struct writer *w)
{
        write_notice(w, "WARNING", "01000", "mind");
}

static void startup(struct writer *w)
{
        write_startup_begin(w);
        write_startup_param(w, "user", "u");
        put_byte(w, 0);
        msg_end(w);
}

static void cancel(struct writer *w)
{
        write_cancel(w, &(struct cancel_key){7, 4, {0x80, 0, 0, 9}});
}

static void empty(struct writer *w)
{
        write_empty(w, 'S');
}

static void numbers(struct writer *w)
{
        msg_begin(w, 'D');
        put_i16(w, 0x8001);
        put_i32(w, 0x80000001);
        put_sv(w, sv_from("abc", 2));
        put_sv(w, (struct sv){"", 0});
        msg_end(w);
}

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
        const char *name;
        void (*write)(struct writer *w);
        const char *bytes;
        size_t n;
} whole[] = {
    {"AuthenticationOk", auth_ok, BYTES("R\0\0\0\10\0\0\0\0")},
    {"AuthenticationMD5Password", auth_md5, BYTES("R\0\0\0\14\0\0\0\5\1\2\3\4")},
    {"ParameterStatus", param, BYTES("S\0\0\0\21TimeZone\0UTC\0")},
    {"BackendKeyData", key, BYTES("K\0\0\0\14\1\2\3\4\xf5\xf6\xf7\xf8")},
    {"ReadyForQuery", ready, BYTES("Z\0\0\0\5T")},
    {"Query", query, BYTES("Q\0\0\0\15SELECT 1\0")},
    {"CommandComplete", tag, BYTES("C\0\0\0\17INSERT 0 1\0")},
    {"ErrorResponse", refusal, BYTES("E\0\0\0\057SFATAL\0VFATAL\0C3D000\0Mno such database: x\0\0")},
    {"ErrorResponse with a hint", refusal_with_hint,
     BYTES("E\0\0\0\047SERROR\0VERROR\0C40001\0Mlost\0Hagain\0\0")},
    {"NoticeResponse", notice, BYTES("N\0\0\0\044SWARNING\0VWARNING\0C01000\0Mmind\0\0")},
    {"StartupMessage", startup, BYTES("\0\0\0\20\0\3\0\0user\0u\0\0")},
    {"CancelRequest", cancel, BYTES("\0\0\0\20\4\322\26\56\0\0\0\7\200\0\0\11")},
    {"a message without a body", empty, BYTES("S\0\0\0\4")},
    {"numbers and views", numbers, BYTES("D\0\0\0\16\200\1\200\0\0\1ab\0\0")},
};

enum { WHOLE = sizeof(whole) / sizeof(whole[0]) };

static void writes_what_the_manual_says(void)
{
        for (size_t i = 0; i < WHOLE; i++) {
                struct buf out = {0};
                struct writer w = writer_to(&out, WIDE);

                unit_row("%s", whole[i].name);
                whole[i].write(&w);
                UNIT_ASSERT(!w.failed && buf_len(&out) == whole[i].n);
                UNIT_ASSERT(buf_len(&out) == whole[i].n &&
                            memcmp(buf_data(&out), whole[i].bytes, whole[i].n) == 0);
                buf_release(&out);
        }
}

/* Behind bytes that are there already, and where some have been consumed. */
static void writes_behind_what_is_there(void)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, WIDE);
        size_t at = 0;

        put_raw(&w, "consumed", 8);
        put_raw(&w, "kept", 4);
        buf_consume(&out, 8);
        for (size_t i = 0; i < WHOLE; i++)
                whole[i].write(&w);
        UNIT_ASSERT(!w.failed && memcmp(buf_data(&out), "kept", 4) == 0);
        at = 4;
        for (size_t i = 0; i < WHOLE; at += whole[i++].n) {
                unit_row("%s", whole[i].name);
                UNIT_ASSERT(memcmp(buf_data(&out) + at, whole[i].bytes, whole[i].n) == 0);
        }
        UNIT_ASSERT(buf_len(&out) == at);
        buf_release(&out);
}

/* With every limit that is too small: it fails, says so at the end, and ignores what follows. */
static void failure_latches(void)
{
        for (size_t i = 0; i < WHOLE; i++) {
                for (size_t limit = 0; limit <= whole[i].n; limit++) {
                        struct buf out = {0};
                        struct writer w = writer_to(&out, limit);
                        size_t left;

                        unit_row("%s within %zu", whole[i].name, limit);
                        whole[i].write(&w);
                        UNIT_ASSERT(w.failed == (limit < whole[i].n));
                        UNIT_ASSERT(buf_len(&out) <= limit);
                        left = buf_len(&out);
                        if (w.failed) {
                                put_byte(&w, 1);
                                put_raw(&w, "", 0);
                                msg_begin(&w, 'Q');
                                msg_end(&w);
                                UNIT_ASSERT(w.failed && buf_len(&out) == left);
                        }
                        buf_release(&out);
                }
        }
}

UNIT_SUITE(wire_writer, UNIT_CASE(writes_what_the_manual_says), UNIT_CASE(writes_behind_what_is_there),
           UNIT_CASE(failure_latches))
