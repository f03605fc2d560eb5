/* A caller over HTTP, and what the site answers him. */
#include "input.h"
#include "scene.h"

#include "base/clock.h"
#include "http/site.h"
#include "net/turns.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static struct bench *bench;
static struct listeners listeners;
static struct address at = {.size = sizeof(at.u)};

static void begin(void)
{
        struct listen_how how = {.backlog = 64};
        struct listen_why why;

        bench = scene_new();
        CHECK(listeners_add(&listeners, "127.0.0.1", 0, &how, &why) == STATUS_OK);
        CHECK(getsockname(listeners.fds[0], &at.u.any, &at.size) == 0);
        CHECK(site_new(&bench->loop, &listeners, bench->admin) != NULL);
}

/* What has come up to the end of the connection, or in 2 s: a client of ours would wait no longer. */
static size_t answer(int fd, char *out, size_t size)
{
        int64_t end = clock_us() + 2 * US_PER_SEC;
        size_t n = 0;

        while (clock_us() < end) {
                ssize_t r = recv(fd, out + n, size - n, MSG_DONTWAIT);

                if (r == 0 || (r < 0 && errno != EAGAIN) || n == size)
                        return n;
                if (r > 0)
                        n += (size_t)r;
                else
                        turns_for(&bench->loop, 1);
        }
        return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static char out[1 << 16];
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        size_t n;

        if (bench == NULL)
                begin();
        CHECK(fd >= 0 && connect(fd, &at.u.any, at.size) == 0);
        CHECK(send(fd, data, size, MSG_NOSIGNAL) == (ssize_t)size);
        shutdown(fd, SHUT_WR);
        n = answer(fd, out, sizeof(out));
        close(fd);
        turns_for(&bench->loop, 1);
        CHECK(n == 0 || (n > 12 && memcmp(out, "HTTP/", 5) == 0)); /* evhttp repeats the caller's version */
        return 0;
}
