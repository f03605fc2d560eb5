#include "http/evhttp_errors.h"

#include "base/check.h"
#include "http/answer.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>

/* No answer of ours ends so; one of evhttp's own is no longer than that. */
static const char page_end[] = "</BODY></HTML>\n";
enum { END_SIZE = sizeof(page_end) - 1, REPLY_MAX = 1024 };

static bool ends_with_page(struct evbuffer *out, size_t size)
{
        char end[END_SIZE];
        struct evbuffer_ptr at;

        return size >= END_SIZE && evbuffer_ptr_set(out, &at, size - END_SIZE, EVBUFFER_PTR_SET) == 0 &&
               evbuffer_copyout_from(out, &at, end, END_SIZE) == END_SIZE &&
               memcmp(end, page_end, END_SIZE) == 0;
}

static const char *text_for(int status)
{
        switch (status) {
        case 413: return "the body is too large; none is needed";
        case 417: return "nothing is to be expected here but answers";
        case 501: return "only GET and HEAD are known here";
        default: return "this is no request of HTTP/1.1, or its headers are too large";
        }
}

/* `reply` begins with "HTTP/1.1 400 Bad Request\r\n". */
static void put_reply(struct evbuffer *out, const char *reply, size_t size)
{
        struct sv line = sv_from(reply, (size_t)((const char *)memchr(reply, '\r', size) - reply));
        int status = (int)strtol(line.p + sizeof("HTTP/1.1"), NULL, 10);
        struct answer a = {0};

        answer_error(&a, status, "%s", text_for(status));
        evbuffer_add_printf(out,
                            "%.*s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
                            "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
                            SV_ARG(line), a.type, buf_len(&a.body));
        evbuffer_add(out, buf_data(&a.body), buf_len(&a.body));
        answer_fini(&a);
}

/* Where the last status line begins in the last REPLY_MAX of `size` bytes; `size`: nowhere. */
static size_t find_reply(const unsigned char *bytes, size_t size)
{
        static const char head[] = "HTTP/1.";
        size_t first = size > REPLY_MAX ? size - REPLY_MAX : 0;

        for (size_t at = size - END_SIZE; at-- > first;)
                if (memcmp(bytes + at, head, sizeof(head) - 1) == 0)
                        return at;
        return size;
}

static void translate(struct evbuffer *out)
{
        size_t size = evbuffer_get_length(out), at;
        struct evbuffer *before;
        char reply[REPLY_MAX];

        if (!ends_with_page(out, size))
                return;
        at = find_reply(evbuffer_pullup(out, -1), size);
        if (at == size)
                return;
        before = evbuffer_new();
        CHECK(before != NULL);
        CHECK(evbuffer_remove_buffer(out, before, at) == (int)at);
        CHECK(evbuffer_remove(out, reply, size - at) == (int)(size - at));
        evbuffer_add_buffer(out, before);
        put_reply(out, reply, size - at);
        evbuffer_free(before);
}

/* evhttp writes an answer in pieces, its body last, and nothing leaves before the loop's next turn. The start
 * of a bufferevent's output is frozen for all but the socket; changing it calls us again, who find nothing.
 */
static void on_output(struct evbuffer *out, const struct evbuffer_cb_info *info, void *arg)
{
        (void)arg;
        if (info->n_added == 0)
                return;
        evbuffer_unfreeze(out, 1);
        translate(out);
        evbuffer_freeze(out, 1);
}

void evhttp_errors_translate(struct bufferevent *stream)
{
        CHECK(evbuffer_add_cb(bufferevent_get_output(stream), on_output, NULL) != NULL);
}
