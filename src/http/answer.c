#include "http/answer.h"

#include "http/json.h"

#include <stdarg.h>
#include <stdio.h>

struct writer answer_writer(struct answer *a)
{
        return writer_to(&a->body, ANSWER_MAX);
}

void put_text(struct writer *w, const char *text)
{
        put_raw(w, text, strlen(text));
}

void put_format(struct writer *w, const char *format, ...)
{
        char text[1024];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        put_text(w, text);
}

void answer_error(struct answer *a, int status, const char *format, ...)
{
        char text[1024];
        struct writer w;
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        answer_fini(a);
        a->status = status;
        a->type = TYPE_JSON;
        w = answer_writer(a);
        put_text(&w, "{\"error\":");
        put_json_text(&w, text);
        put_text(&w, "}\n");
}

void answer_fini(struct answer *a)
{
        buf_release(&a->body);
        *a = (struct answer){0};
}
