/* The console: a client's messages as they are, or, behind a first byte of 'Q', SQL in a Query of its own. */
#include "input.h"
#include "scene.h"

#include "base/clock.h"

#include <string.h>

static bool is_over(const struct bench *b)
{
        char byte;

        return strchr(b->types, 'Z') != NULL || recv(b->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct bench *b;
        int64_t end = clock_us() + 8 * US_PER_SEC;
        bool query = size > 0 && data[0] == 'Q' && (size < 2 || data[1] != '\0');

        if (b == NULL)
                b = scene_new();
        else
                bench_connect_client(b, true);
        bench_forget(b);
        if (query) {
                char sql[4097];
                size_t n = size - 1 < sizeof(sql) - 1 ? size - 1 : sizeof(sql) - 1;

                memcpy(sql, data + 1, n);
                sql[n] = '\0';
                bench_send_query(b, sql);
                while (!is_over(b) && clock_us() < end) {
                        usleep(50);
                        bench_pump(b);
                }
                CHECK(is_over(b));
        } else if (size > 0) {
                bench_send_bytes(b, data, size);
        }
        close(b->fd);
        b->fd = -1;
        b->orders[0] = '\0';
        for (int i = 0; i < 3; i++)
                bench_pump(b);
        return 0;
}
