/* writer: builds messages into a buf. Errors latch: a writer that has failed ignores what follows, and is
 * asked once, at the end. Knows no socket. */
#pragma once

#include "base/buf.h"
#include "base/refusal.h"
#include "base/sv.h"
#include "wire/cancel_key.h"

#include <stdbool.h>

struct writer {
        struct buf *out;
        size_t limit; /* of the buf, bytes */
        size_t start; /* offset of the open message's type byte from out->head */
        bool failed;
};

/* Writes to the end of `out`, which grows to at most `limit` bytes. */
struct writer writer_to(struct buf *out, size_t limit);

/* A message: begin, put..., end (which fills in the length). `type` 0: a startup-like packet without type. */
void msg_begin(struct writer *w, char type);
void msg_end(struct writer *w);

void put_byte(struct writer *w, uint8_t v);
void put_i16(struct writer *w, uint16_t v);
void put_i32(struct writer *w, uint32_t v);
void put_raw(struct writer *w, const void *bytes, size_t n);
void put_cstr(struct writer *w, const char *text); /* with its NUL */
void put_sv(struct writer *w, struct sv text);     /* with a NUL behind it */

/* Whole messages. */
void write_auth(struct writer *w, uint32_t request, const void *data, size_t n);
void write_param_status(struct writer *w, struct sv name, struct sv value);
void write_key_data(struct writer *w, const struct cancel_key *key);
void write_ready(struct writer *w, char status);
void write_query(struct writer *w, const char *sql);
void write_command_complete(struct writer *w, const char *tag);
/* ErrorResponse with S, V, C, M and, when there is one, H. */
void write_refusal(struct writer *w, const struct refusal *r);
/* NoticeResponse, severity as given ("NOTICE", "WARNING"). */
void write_notice(struct writer *w, const char *severity, const char *sqlstate, const char *text);
/* StartupMessage up to and excluding the closing NUL: msg_begin(w, 0) and the version; then
 * write_startup_param, then put_byte(0), msg_end. */
void write_startup_begin(struct writer *w);
void write_startup_param(struct writer *w, const char *name, const char *value);
void write_cancel(struct writer *w, const struct cancel_key *key);
void write_empty(struct writer *w, char type); /* a message without a body: '1', '3', 'n', 'S', ... */
