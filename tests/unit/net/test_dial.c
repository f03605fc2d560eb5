#include "net/dial.h"

#include "net/listener.h"
#include "net/turns.h"
#include "tempdir.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct call {
        bool done;
        int times, fd;
        char why[200];
};

static void on_done(void *arg, int fd, const char *why)
{
        struct call *call = arg;

        call->done = true;
        call->times++;
        call->fd = fd;
        snprintf(call->why, sizeof(call->why), "%s", why != NULL ? why : "");
}

static bool is_done(void *arg)
{
        return ((struct call *)arg)->done;
}

static int listen_somewhere(struct listeners *l, const char *host, int port)
{
        struct address a = {.size = sizeof(a.u)};
        struct listen_how how = {.backlog = 8, .mode = 0777};
        struct listen_why why;
        char text[64];

        *l = (struct listeners){0};
        UNIT_ASSERT(listeners_add(l, host, port, &how, &why) == STATUS_OK);
        if (l->count > 0 && getsockname(l->fds[0], &a.u.any, &a.size) == 0)
                address_text(&a, text, sizeof(text), &port);
        return port;
}

static int accept_one(const struct listeners *l)
{
        int fd = accept(l->fds[0], NULL, NULL);

        if (fd >= 0)
                close(fd);
        return fd;
}

static void reaches_who_listens(void)
{
        static const struct {
                const char *name, *listen, *dial;
        } rows[] = {{"IPv4", "127.0.0.1", "127.0.0.1"},
                    {"unix", NULL, NULL},
                    /* Both ::1 and 127.0.0.1 where the machine has both; only one of them answers. */
                    {"a name of /etc/hosts", "127.0.0.1", "localhost"}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const char *dir = tempdir(), *host = rows[i].dial != NULL ? rows[i].dial : dir;
                struct listeners l;
                struct loop loop;
                struct call call = {.fd = -1};
                int port = listen_somewhere(&l, rows[i].listen != NULL ? rows[i].listen : dir,
                                            rows[i].listen != NULL ? 0 : 7010);

                unit_row("%s", rows[i].name);
                loop_init(&loop, NULL);
                dial_start(&loop, host, port, on_done, &call);
                UNIT_ASSERT(call.times == 0); /* never from within */
                UNIT_ASSERT(turns_till(&loop, is_done, &call));
                UNIT_ASSERT(call.fd >= 0 && call.why[0] == '\0');
                UNIT_ASSERT((fcntl(call.fd, F_GETFL) & O_NONBLOCK) != 0);
                UNIT_ASSERT((fcntl(call.fd, F_GETFD) & FD_CLOEXEC) != 0);
                UNIT_ASSERT(accept_one(&l) >= 0);
                turns_for(&loop, 10);
                UNIT_ASSERT(call.times == 1);
                if (call.fd >= 0)
                        close(call.fd);
                listeners_close(&l);
                loop_fini(&loop);
        }
}

static void says_why_it_failed(void)
{
        static const struct {
                const char *name, *host;
                const char *why;
        } rows[] = {
            {"nobody listens", "127.0.0.1", "connect failed: Connection refused"},
            {"nobody listens there by name", "localhost", "connect failed: Connection refused"},
            {"no such file", "/nowhere/at/all", "connect failed: No such file or directory"},
            {"nobody in the abstract", "@pgsteer-nobody", "connect failed: Connection refused"},
            {"a path too long",
             "/dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
             "ddd"
             "dddddddddddd",
             "cannot connect: bad address \"/ddddddddd"},
        };
        struct listeners l;
        int port = listen_somewhere(&l, "127.0.0.1", 0);

        listeners_close(&l); /* a port that was free a moment ago */
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct call call = {.fd = 99};
                struct loop loop;

                unit_row("%s", rows[i].name);
                loop_init(&loop, NULL);
                dial_start(&loop, rows[i].host, port, on_done, &call);
                UNIT_ASSERT(call.times == 0);
                UNIT_ASSERT(turns_till(&loop, is_done, &call));
                UNIT_ASSERT(call.fd == -1 && call.times == 1);
                UNIT_ASSERT(strncmp(call.why, rows[i].why, strlen(rows[i].why)) == 0);
                loop_fini(&loop);
        }
}

static void a_cancelled_one_says_nothing_more(void)
{
        static const char *const hosts[] = {"127.0.0.1", "localhost", "/nowhere/at/all",
                                            "pgsteer-has-no-such-host.invalid"};
        struct listeners l;
        int port = listen_somewhere(&l, "127.0.0.1", 0);

        for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
                for (int turned = 0; turned < 2; turned++) {
                        struct call call = {.fd = 99};
                        struct loop loop;
                        struct dial *dial;

                        unit_row("%s%s", hosts[i], turned ? ", after a turn" : "");
                        loop_init(&loop, NULL);
                        dial = dial_start(&loop, hosts[i], port, on_done, &call);
                        if (turned)
                                turns_for(&loop, 2);
                        if (!call.done) {
                                dial_cancel(dial);
                                turns_for(&loop, 20);
                                UNIT_ASSERT(call.times == 0);
                        } else if (call.fd >= 0) {
                                close(call.fd);
                        }
                        loop_fini(&loop);
                }
        listeners_close(&l);
}

UNIT_SUITE(net_dial, UNIT_CASE(reaches_who_listens), UNIT_CASE(says_why_it_failed),
           UNIT_CASE(a_cancelled_one_says_nothing_more))
