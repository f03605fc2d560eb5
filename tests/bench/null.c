/* A backend that answers at once and does nothing: any Query, any Execute is answered with one row of one
 * integer, so that a pooler in front of it is what limits the throughput. One thread, epoll.
 *
 *     null PORT */
#include "channel.h"

#include "wire/proto.h"
#include "wire/writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 256, ROOM = 1 << 16, OUT_MAX = 1 << 24 };

struct client {
        int fd;
        bool greeted;
        struct frames frames;
};

/* Answers, written once. */
static struct buf columns, row, ready;

static struct buf out; /* what goes to the client at hand; empty in between */

static void write_answers(void)
{
        struct writer w = writer_to(&columns, OUT_MAX);

        msg_begin(&w, 'T');
        put_i16(&w, 1);
        put_cstr(&w, "abalance");
        put_i32(&w, 16384); /* of the table, the column, the type (integer), its size and modifier */
        put_i16(&w, 3);
        put_i32(&w, 23);
        put_i16(&w, 4);
        put_i32(&w, (uint32_t)-1);
        put_i16(&w, 0);
        msg_end(&w);
        w = writer_to(&row, OUT_MAX);
        msg_begin(&w, 'D');
        put_i16(&w, 1);
        put_i32(&w, 5);
        put_raw(&w, "-1234", 5);
        msg_end(&w);
        write_command_complete(&w, "SELECT 1");
        w = writer_to(&ready, OUT_MAX);
        write_ready(&w, 'I');
}

static void put_answer(struct writer *w, const struct buf *answer)
{
        put_raw(w, buf_data(answer), buf_len(answer));
}

/* SET name='value', as poolers say it, maybe several in one Query: a server reports what has changed. What
 * they set is short and has no quotes in it. */
static void answer_set(struct writer *w, const char *text)
{
        char name[64], value[256];

        for (; text != NULL; text = strchr(text, ';')) {
                text += *text == ';';
                if (sscanf(text, " SET %63[^=]='%255[^']'", name, value) == 2)
                        write_param_status(w, sv_cstr(name), sv_cstr(value));
        }
        write_command_complete(w, "SET");
}

/* `text`: where a Query's text begins, with its NUL; NULL when that has come earlier. */
static void answer(struct writer *w, char type, const char *text)
{
        switch (type) {
        case 'Q':
                if (text != NULL && strncmp(text, "SET", 3) == 0) {
                        answer_set(w, text);
                } else {
                        put_answer(w, &columns);
                        put_answer(w, &row);
                }
                put_answer(w, &ready);
                break;
        case 'P': write_empty(w, '1'); break;
        case 'B': write_empty(w, '2'); break;
        case 'C': write_empty(w, '3'); break;
        case 'D': put_answer(w, &columns); break;
        case 'E': put_answer(w, &row); break;
        case 'S': put_answer(w, &ready); break;
        default: break; /* Flush; Terminate is followed by the end */
        }
}

/* What a startup packet says of a setting, "" when nothing. */
static const char *startup_value(const uint8_t *bytes, size_t n, const char *name)
{
        const char *p = (const char *)bytes + STARTUP_MIN, *end = (const char *)bytes + n;

        while (p < end && *p != '\0') {
                const char *value = p + strlen(p) + 1;

                if (value >= end)
                        break;
                if (strcmp(p, name) == 0)
                        return value;
                p = value + strlen(value) + 1;
        }
        return "";
}

static void greet(struct writer *w, const char *application_name)
{
        static const char *const settings[][2] = {{"client_encoding", "UTF8"},
                                                  {"DateStyle", "ISO, MDY"},
                                                  {"default_transaction_read_only", "off"},
                                                  {"in_hot_standby", "off"},
                                                  {"integer_datetimes", "on"},
                                                  {"IntervalStyle", "postgres"},
                                                  {"is_superuser", "off"},
                                                  {"server_encoding", "UTF8"},
                                                  {"server_version", "15.0"},
                                                  {"session_authorization", "app"},
                                                  {"standard_conforming_strings", "on"},
                                                  {"TimeZone", "Etc/UTC"}};
        struct cancel_key key = {.pid = 1, .size = CANCEL_SECRET_SHORT};

        write_auth(w, 0, NULL, 0);
        write_param_status(w, sv_cstr("application_name"), sv_cstr(application_name));
        for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
                write_param_status(w, sv_cstr(settings[i][0]), sv_cstr(settings[i][1]));
        write_key_data(w, &key);
        write_ready(w, 'I');
}

/* A startup packet comes whole: it is short, and nothing else has been sent yet. */
static void on_startup(struct client *client, const uint8_t *bytes, size_t n, struct writer *w)
{
        uint32_t version = n >= 8 ? big_endian(bytes + 4) : 0;

        if (version == PROTO_SSL || version == PROTO_GSSENC) {
                put_byte(w, 'N');
                return;
        }
        if (bytes[n - 1] != '\0')
                die("a startup packet came in pieces");
        client->greeted = true;
        greet(w, startup_value(bytes, n, "application_name"));
}

static void on_messages(struct client *client, const uint8_t *bytes, size_t n, struct writer *w)
{
        const uint8_t *at = bytes, *end = bytes + n, *begin = client->frames.have == 0 ? at : NULL;
        char type;

        while ((type = frames_step(&client->frames, &at, end)) != 0) {
                answer(w, type,
                       begin != NULL && at - begin > MSG_HEAD + 3 ? (const char *)begin + MSG_HEAD : NULL);
                begin = at;
        }
}

static bool send_out(int fd)
{
        ssize_t n = send(fd, buf_data(&out), buf_len(&out), MSG_NOSIGNAL);
        bool whole = n == (ssize_t)buf_len(&out);

        buf_consume(&out, buf_len(&out));
        return whole;
}

/* Returns whether the client is still there. */
static bool on_readable(struct client *client)
{
        static uint8_t bytes[ROOM];
        ssize_t n = recv(client->fd, bytes, sizeof bytes, 0);
        struct writer w = writer_to(&out, OUT_MAX);

        if (n < 0 && errno == EAGAIN)
                return true;
        if (n <= 0)
                return false;
        if (client->greeted)
                on_messages(client, bytes, (size_t)n, &w);
        else
                on_startup(client, bytes, (size_t)n, &w);
        return buf_len(&out) == 0 || send_out(client->fd);
}

static void accept_client(int loop, int listener)
{
        struct client *client = calloc(1, sizeof *client);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};

        if (client == NULL || (client->fd = accept_from(listener)) < 0) {
                free(client);
                return;
        }
        epoll_ctl(loop, EPOLL_CTL_ADD, client->fd, &event);
}

int main(int argc, char **argv)
{
        struct epoll_event events[EVENTS] = {{.events = EPOLLIN}};
        int loop = epoll_create1(EPOLL_CLOEXEC), listener;

        if (argc != 2)
                die("usage: null PORT");
        listener = listen_at((uint16_t)atoi(argv[1]));
        files_allow(0);
        write_answers();
        epoll_ctl(loop, EPOLL_CTL_ADD, listener, events);
        puts("ready");
        fflush(stdout);
        for (;;) {
                int n = epoll_wait(loop, events, EVENTS, -1);

                for (int i = 0; i < n; i++) {
                        struct client *client = events[i].data.ptr;

                        if (client == NULL) {
                                accept_client(loop, listener);
                        } else if (!on_readable(client)) {
                                close(client->fd);
                                free(client);
                        }
                }
        }
}
