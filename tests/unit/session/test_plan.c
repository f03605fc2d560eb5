#include "session/plan.h"

#include "base/check.h"
#include "unit.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int writes; /* sendings, that is system calls */
static struct buf sent;

static enum status count_writev(struct stream *s, const struct iovec *parts, int count, size_t *done)
{
        (void)s;
        writes++;
        *done = 0;
        for (int i = 0; i < count; i++) {
                CHECK(buf_append(&sent, parts[i].iov_base, parts[i].iov_len, 1 << 20) == STATUS_OK);
                *done += parts[i].iov_len;
        }
        return STATUS_OK;
}

static enum status fail_writev(struct stream *s, const struct iovec *parts, int count, size_t *done)
{
        (void)s;
        (void)parts;
        (void)count;
        *done = 0;
        writes++;
        return STATUS_IO;
}

static const struct transport counts = {.writev = count_writev}, fails = {.writev = fail_writev};

static struct stream stream_on(const struct transport *transport)
{
        writes = 0;
        return (struct stream){.fd = 0, .transport = transport};
}

static void neighbours_become_one_part(void)
{
        struct stream s = stream_on(&counts);
        struct plan p;
        char bytes[] = "abcdef";

        plan_begin(&p, &s);
        plan_pass(&p, bytes, 2);
        plan_pass(&p, bytes + 2, 0);
        plan_pass(&p, bytes + 2, 2);
        UNIT_ASSERT(p.count == 1 && p.total == 4);
        plan_put(&p, "12", 2);
        plan_put(&p, "3", 1);
        UNIT_ASSERT(p.count == 2);
        plan_pass(&p, bytes + 4, 2);
        UNIT_ASSERT(p.count == 3 && p.total == 9 && writes == 0);
        UNIT_ASSERT(plan_send(&p) == STATUS_OK && writes == 1);
        UNIT_ASSERT(plan_send(&p) == STATUS_OK && writes == 1); /* nothing more to send */
        UNIT_ASSERT(buf_len(&sent) == 9 && memcmp(buf_data(&sent), "abcd123ef", 9) == 0);
        buf_release(&sent);
}

static void what_is_planned_can_be_forgotten(void)
{
        static const struct {
                const char *name;
                size_t early, total;
                const char *expected;
        } rows[] = {{"nothing of it", 0, 9, "abcd123ef"},
                    {"a part's end", 0, 8, "abcd123e"},
                    {"a part", 0, 7, "abcd123"},
                    {"a part and a half", 0, 5, "abcd1"},
                    {"all", 0, 0, ""},
                    {"what has been sent stays", 1, 2, "abcd"},
                    {"behind what has been sent", 1, 6, "abcd12"}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct stream s = stream_on(&counts);
                struct plan p;
                char bytes[] = "abcdef";

                unit_row("%s", rows[i].name);
                plan_begin(&p, &s);
                plan_pass(&p, bytes, 4);
                if (rows[i].early)
                        UNIT_ASSERT(plan_send(&p) == STATUS_OK);
                plan_put(&p, "123", 3);
                plan_pass(&p, bytes + 4, 2);
                plan_keep(&p, rows[i].total);
                UNIT_ASSERT(plan_send(&p) == STATUS_OK && p.total == strlen(rows[i].expected));
                UNIT_ASSERT(buf_len(&sent) == p.total);
                UNIT_ASSERT(p.total == 0 || memcmp(buf_data(&sent), rows[i].expected, p.total) == 0);
                buf_release(&sent);
        }
}

/* Pieces of many sizes, passed and put in turns: more than a plan holds, and all of it arrives in order. */
static void more_than_it_holds_leaves_early_and_in_order(void)
{
        static const struct {
                const char *name;
                size_t piece;
                int pieces;
        } rows[] = {{"more parts than there are", 3, 500},
                    {"more own bytes than there are", 1000, 60},
                    {"just the own bytes", PLAN_OWN_BYTES, 2},
                    {"one above the own bytes", PLAN_OWN_BYTES + 1, 2},
                    {"far above", 3 * PLAN_OWN_BYTES + 7, 3}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                size_t total = rows[i].piece * (size_t)rows[i].pieces;
                uint8_t *all = malloc(total), *copy = malloc(rows[i].piece);
                struct stream s = stream_on(&counts);
                struct plan p;

                unit_row("%s", rows[i].name);
                for (size_t k = 0; k < total; k++)
                        all[k] = (uint8_t)(k * 7 + (k >> 8));
                plan_begin(&p, &s);
                for (int k = 0; k < rows[i].pieces; k++) {
                        const uint8_t *at = all + (size_t)k * rows[i].piece;

                        if (k % 2 == 0) {
                                plan_pass(&p, at, rows[i].piece);
                                continue;
                        }
                        memcpy(copy, at, rows[i].piece);
                        plan_put(&p, copy, rows[i].piece);
                        memset(copy, 0xee, rows[i].piece); /* it was a copy */
                }
                UNIT_ASSERT(plan_send(&p) == STATUS_OK && p.total == total);
                UNIT_ASSERT(buf_len(&sent) == total && memcmp(buf_data(&sent), all, total) == 0);
                buf_release(&sent);
                free(all);
                free(copy);
        }
}

static void a_failure_latches(void)
{
        struct stream s = stream_on(&fails);
        static char bytes[2 * PLAN_OWN_BYTES];
        struct plan p;

        s.loop = NULL;
        plan_begin(&p, &s);
        plan_put(&p, bytes, sizeof(bytes)); /* leaves early, and fails */
        UNIT_ASSERT(writes == 1);
        plan_put(&p, bytes, 10);
        UNIT_ASSERT(plan_send(&p) == STATUS_IO && writes == 1);
        plan_begin(&p, &s);
        UNIT_ASSERT(plan_send(&p) == STATUS_OK);
}

UNIT_SUITE(session_plan, UNIT_CASE(neighbours_become_one_part), UNIT_CASE(what_is_planned_can_be_forgotten),
           UNIT_CASE(more_than_it_holds_leaves_early_and_in_order), UNIT_CASE(a_failure_latches))
