#include "wire/writer.h"

#include "wire/proto.h"

struct writer writer_to(struct buf *out, size_t limit)
{
        return (struct writer){.out = out, .limit = limit};
}

void put_raw(struct writer *w, const void *bytes, size_t n)
{
        if (!w->failed && buf_append(w->out, bytes, n, w->limit) != STATUS_OK)
                w->failed = true;
}

void put_byte(struct writer *w, uint8_t v)
{
        put_raw(w, &v, 1);
}

void put_i16(struct writer *w, uint16_t v)
{
        uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};

        put_raw(w, b, sizeof(b));
}

void put_i32(struct writer *w, uint32_t v)
{
        uint8_t b[4];

        put_u32(b, v);
        put_raw(w, b, sizeof(b));
}

void put_cstr(struct writer *w, const char *text)
{
        put_raw(w, text, strlen(text) + 1);
}

void put_sv(struct writer *w, struct sv text)
{
        put_raw(w, text.p, text.n);
        put_byte(w, 0);
}

void msg_begin(struct writer *w, char type)
{
        w->start = buf_len(w->out);
        if (type != 0)
                put_byte(w, (uint8_t)type);
        else
                w->start--; /* the length field stands where it does behind a type */
        put_i32(w, 0);
}

void msg_end(struct writer *w)
{
        uint8_t *length;

        if (w->failed)
                return;
        length = w->out->bytes + (w->out->head + w->start + 1);
        put_u32(length, (uint32_t)(w->out->bytes + w->out->tail - length));
}

void write_auth(struct writer *w, uint32_t request, const void *data, size_t n)
{
        msg_begin(w, BE_AUTH);
        put_i32(w, request);
        put_raw(w, data, n);
        msg_end(w);
}

void write_param_status(struct writer *w, struct sv name, struct sv value)
{
        msg_begin(w, BE_PARAM_STATUS);
        put_sv(w, name);
        put_sv(w, value);
        msg_end(w);
}

void write_key_data(struct writer *w, const struct cancel_key *key)
{
        msg_begin(w, BE_KEY_DATA);
        put_i32(w, key->pid);
        put_raw(w, key->secret, key->size);
        msg_end(w);
}

void write_ready(struct writer *w, char status)
{
        msg_begin(w, BE_READY);
        put_byte(w, (uint8_t)status);
        msg_end(w);
}

void write_query(struct writer *w, const char *sql)
{
        msg_begin(w, FE_QUERY);
        put_cstr(w, sql);
        msg_end(w);
}

void write_command_complete(struct writer *w, const char *tag)
{
        msg_begin(w, BE_COMMAND_COMPLETE);
        put_cstr(w, tag);
        msg_end(w);
}

static void put_field(struct writer *w, char code, const char *text)
{
        put_byte(w, (uint8_t)code);
        put_cstr(w, text);
}

void write_refusal(struct writer *w, const struct refusal *r)
{
        msg_begin(w, BE_ERROR);
        put_field(w, 'S', r->severity);
        put_field(w, 'V', r->severity);
        put_field(w, 'C', r->sqlstate);
        put_field(w, 'M', r->text);
        if (r->hint != NULL)
                put_field(w, 'H', r->hint);
        put_byte(w, 0);
        msg_end(w);
}

void write_notice(struct writer *w, const char *severity, const char *sqlstate, const char *text)
{
        msg_begin(w, BE_NOTICE);
        put_field(w, 'S', severity);
        put_field(w, 'V', severity);
        put_field(w, 'C', sqlstate);
        put_field(w, 'M', text);
        put_byte(w, 0);
        msg_end(w);
}

void write_startup_begin(struct writer *w)
{
        msg_begin(w, 0);
        put_i32(w, PROTO_3_0);
}

void write_startup_param(struct writer *w, const char *name, const char *value)
{
        put_cstr(w, name);
        put_cstr(w, value);
}

void write_cancel(struct writer *w, const struct cancel_key *key)
{
        msg_begin(w, 0);
        put_i32(w, PROTO_CANCEL);
        put_i32(w, key->pid);
        put_raw(w, key->secret, key->size);
        msg_end(w);
}

void write_empty(struct writer *w, char type)
{
        msg_begin(w, type);
        msg_end(w);
}
