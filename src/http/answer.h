/* answer: what a caller over HTTP gets: status, type, bytes. A value; knows no library. */
#pragma once

#include "wire/writer.h"

enum { ANSWER_MAX = 64 << 20 }; /* bytes */

struct answer {
        int status; /* RFC 9110; 0: there is none yet */
        const char *type;
        struct buf body;
};

#define TYPE_JSON "application/json; charset=utf-8"

/* At the end of the body; what would be longer than ANSWER_MAX fails. */
struct writer answer_writer(struct answer *a);
void put_text(struct writer *w, const char *text);
void put_format(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes it {"error": text}, whatever it was. */
void answer_error(struct answer *a, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void answer_fini(struct answer *a);
