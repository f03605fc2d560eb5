#include "session/parlour.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/files.h"
#include "net/turns.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct parlour parlour;

void parlour_init(const char *settings)
{
        char text[1024];

        parlour = (struct parlour){.crowd = {.workers = 1}};
        log_set_level(LOG_FATAL_);
        fakes_init(&parlour.fakes);
        snprintf(text, sizeof(text),
                 "[databases]\napp = host=127.0.0.1 port=%d user=bob\n[pgbouncer]\nauth_type = any\n"
                 "pool_mode = transaction\n%s\n",
                 parlour.fakes.port, settings);
        parlour.conf = files_load_good(text);
        loop_init(&parlour.loop, &parlour.room);
        room_init(&parlour.room, &parlour.loop, parlour.conf, &parlour.crowd, 0);
        parlour.peers[0] = &parlour.room.pools;
        parlour.room.pools.peers = parlour.peers;
        parlour.room.pools.count = 1;
        for (int i = 0; i < CALLERS; i++)
                parlour.caller[i].fd = -1;
}

void parlour_fini(void)
{
        for (int i = 0; i < CALLERS; i++)
                caller_hang_up(&parlour.caller[i]);
        room_fini(&parlour.room);
        loop_drain(&parlour.loop);
        UNIT_ASSERT(atomic_load(&parlour.crowd.total) == 0 && atomic_load(&parlour.crowd.clients[0]) == 0);
        UNIT_ASSERT(parlour.room.clients_slab.live == 0 && parlour.room.statements.by_key == NULL);
        room_free(&parlour.room);
        loop_fini(&parlour.loop);
        conf_unref(parlour.conf);
        fakes_fini(&parlour.fakes);
        log_set_level(LOG_INFO_);
}

static void hear(struct caller *c)
{
        char bytes[65536];
        ssize_t n;

        while (c->fd >= 0 && (n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) >= 0) {
                if (n == 0) {
                        close(c->fd);
                        c->fd = -1;
                        return;
                }
                CHECK(buf_append(&c->got, bytes, (size_t)n, 256 << 20) == STATUS_OK);
        }
}

void parlour_turn(void)
{
        fakes_pump(&parlour.fakes);
        turns_for(&parlour.loop, 1);
}

void caller_call(struct caller *c)
{
        struct address peer = {.size = sizeof(sa_family_t), .u.any.sa_family = AF_UNIX};
        int fds[2];

        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
        caller_hang_up(c);
        c->fd = fds[1];
        room_take(&parlour.room, fds[0], &peer);
}

void caller_hang_up(struct caller *c)
{
        if (c->fd >= 0)
                close(c->fd);
        c->fd = -1;
        buf_release(&c->got);
}

void caller_say(struct caller *c, const void *bytes, size_t n)
{
        while (n > 0) {
                ssize_t sent = send(c->fd, bytes, n, MSG_NOSIGNAL);

                if (sent < 0) {
                        hear(c);
                        if (c->fd < 0)
                                return;
                        parlour_turn();
                        continue;
                }
                bytes = (const char *)bytes + sent;
                n -= (size_t)sent;
        }
}

bool caller_hears(struct caller *c, const void *bytes, size_t n)
{
        int64_t end = clock_us() + 5 * US_PER_SEC;
        bool same;

        do {
                parlour_turn();
                hear(c);
        } while (buf_len(&c->got) < n && c->fd >= 0 && clock_us() < end);
        parlour_turn();
        hear(c);
        same = buf_len(&c->got) == n && (n == 0 || memcmp(buf_data(&c->got), bytes, n) == 0);
        if (!same) {
                fprintf(stderr, "heard %zu of %zu bytes: ", buf_len(&c->got), n);
                for (size_t i = 0; i < buf_len(&c->got) && i < 200; i++)
                        fprintf(stderr,
                                buf_data(&c->got)[i] >= ' ' && buf_data(&c->got)[i] < 127 ? "%c" : "\\%o",
                                buf_data(&c->got)[i]);
                fprintf(stderr, "\n");
        }
        buf_release(&c->got);
        return same;
}

bool caller_next(struct caller *c, struct msg *m)
{
        static uint8_t bytes[4096];
        int64_t end = clock_us() + 5 * US_PER_SEC;

        for (;;) {
                if (msg_peek(buf_data(&c->got), buf_len(&c->got), m) == STATUS_OK && m->have == m->size) {
                        CHECK(m->size <= sizeof(bytes));
                        memcpy(bytes, m->head, m->size);
                        buf_consume(&c->got, m->size);
                        return msg_peek(bytes, m->size, m) == STATUS_OK;
                }
                if (c->fd < 0 || clock_us() > end)
                        return false;
                parlour_turn();
                hear(c);
        }
}

bool caller_is_left(struct caller *c)
{
        int64_t end = clock_us() + 5 * US_PER_SEC;

        while (c->fd >= 0 && clock_us() < end) {
                parlour_turn();
                hear(c);
        }
        return c->fd < 0;
}

bool caller_got(const struct caller *c, const char *text)
{
        return buf_len(&c->got) > 0 &&
               memmem(buf_data(&c->got), buf_len(&c->got), text, strlen(text)) != NULL;
}

bool caller_is_let_in(struct caller *c)
{
        int64_t end = clock_us() + 5 * US_PER_SEC;
        bool ready = false;

        while (!ready && c->fd >= 0 && clock_us() < end) {
                parlour_turn();
                hear(c);
                ready = buf_len(&c->got) >= 6 &&
                        memcmp(buf_data(&c->got) + buf_len(&c->got) - 6, "Z\0\0\0\5I", 6) == 0;
        }
        return ready;
}

bool caller_log_in_with(struct caller *c, const void *packet, size_t n)
{
        caller_call(c);
        caller_say(c, packet, n - 1);
        caller_say(c, (const char *)packet + n - 1, 1); /* the packet comes in two pieces */
        return caller_is_let_in(c);
}

bool caller_log_in(struct caller *c)
{
        static const char packet[] = "\0\0\0\37\0\3\0\0user\0bob\0database\0app\0";

        return caller_log_in_with(c, packet, sizeof(packet));
}
