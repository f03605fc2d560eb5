#include "pool/fakes.h"

#include "base/check.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { FAKE_BUF_MAX = 64 << 20 };

void fakes_init(struct fakes *f)
{
        struct address a = {.size = sizeof(a.u)};
        struct listen_how how = {.backlog = 64};
        struct listen_why why;

        *f = (struct fakes){0};
        CHECK(listeners_add(&f->listeners, "127.0.0.1", 0, &how, &why) == STATUS_OK);
        CHECK(getsockname(f->listeners.fds[0], &a.u.any, &a.size) == 0);
        f->port = ntohs(a.u.in4.sin_port);
}

void fake_close(struct fake *fake)
{
        if (fake->fd >= 0)
                close(fake->fd);
        fake->fd = -1;
        buf_release(&fake->in);
        buf_release(&fake->out);
}

void fakes_fini(struct fakes *f)
{
        for (int i = 0; i < f->count; i++)
                fake_close(&f->fake[i]);
        listeners_close(&f->listeners);
}

void fake_say(struct fake *fake, const void *bytes, size_t n)
{
        CHECK(buf_append(&fake->out, bytes, n, FAKE_BUF_MAX) == STATUS_OK);
}

int fakes_open(const struct fakes *f)
{
        int n = 0;

        for (int i = 0; i < f->count; i++)
                n += f->fake[i].fd >= 0;
        return n;
}

static void start(struct fakes *f, struct fake *fake)
{
        size_t size;

        if (buf_len(&fake->in) < 4 || buf_len(&fake->in) < (size = get_u32(buf_data(&fake->in))))
                return;
        fake->startup_n = size < sizeof(fake->startup) ? size : sizeof(fake->startup);
        memcpy(fake->startup, buf_data(&fake->in), fake->startup_n);
        buf_consume(&fake->in, size);
        fake->started = true;
        if (f->login != NULL)
                fake_say(fake, f->login, f->login_n);
        else
                FAKE_SAY(fake, FAKE_LOGIN);
        fake->hang_up = f->hang_up;
}

static void hear(struct fakes *f, struct fake *fake)
{
        struct msg m;

        while (fake->fd >= 0 && msg_peek(buf_data(&fake->in), buf_len(&fake->in), &m) == STATUS_OK &&
               m.have == m.size) {
                if (m.type == FE_QUERY) {
                        fake->queries++;
                        snprintf(fake->query, sizeof(fake->query), "%.*s", (int)m.body_size,
                                 (const char *)m.body);
                } else if (m.type == FE_PARSE) {
                        snprintf(fake->query, sizeof(fake->query), "%.*s", (int)m.body_size,
                                 (const char *)m.body);
                }
                if (m.type == FE_TERMINATE)
                        fake->terminated = true;
                else if (f->on_message != NULL)
                        f->on_message(f, fake, &m);
                else if (m.type == FE_QUERY)
                        FAKE_SAY(fake, FAKE_ANSWER);
                if (fake->fd >= 0)
                        buf_consume(&fake->in, m.size);
        }
}

static void speak(const struct fakes *f, struct fake *fake)
{
        while (fake->fd >= 0 && buf_len(&fake->out) > 0) {
                size_t n = f->drop_by_drop ? 1 : buf_len(&fake->out);
                ssize_t sent = send(fake->fd, buf_data(&fake->out), n, MSG_NOSIGNAL | MSG_DONTWAIT);

                if (sent <= 0)
                        return;
                buf_consume(&fake->out, (size_t)sent);
                if (f->drop_by_drop)
                        return;
        }
        if (fake->hang_up)
                fake_close(fake);
}

static void pump(struct fakes *f, struct fake *fake)
{
        char bytes[65536];
        ssize_t n;

        while (fake->fd >= 0 && (n = recv(fake->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) >= 0) {
                if (n == 0) {
                        hear(f, fake);
                        fake_close(fake);
                        return;
                }
                CHECK(buf_append(&fake->in, bytes, (size_t)n, FAKE_BUF_MAX) == STATUS_OK);
                if (!fake->started)
                        start(f, fake);
                if (fake->started)
                        hear(f, fake);
        }
        if (fake->fd >= 0 && errno != EAGAIN)
                fake_close(fake);
        if (fake->fd >= 0 && fake->started)
                speak(f, fake);
}

/* A new one; when there have been so many already, one that is closed. */
static struct fake *next_free(struct fakes *f)
{
        if (f->count < FAKES_MAX)
                return &f->fake[f->count];
        for (int i = 0; i < f->count; i++)
                if (f->fake[i].fd < 0)
                        return &f->fake[i];
        return NULL;
}

void fakes_pump(struct fakes *f)
{
        struct fake *free_one;
        int fd;

        while ((free_one = next_free(f)) != NULL && (fd = accept(f->listeners.fds[0], NULL, NULL)) >= 0) {
                if (free_one == &f->fake[f->count])
                        f->count++;
                *free_one = (struct fake){.fd = fd};
        }
        for (int i = 0; i < f->count; i++)
                if (f->fake[i].fd >= 0)
                        pump(f, &f->fake[i]);
}
