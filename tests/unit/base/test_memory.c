#include "base/memory.h"

#include "dies.h"
#include "unit.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* These run in children, whose memory may be limited for good; what they find ends them. */
static void expect(bool good)
{
        if (!good)
                abort();
}

/* The address space that is in use. */
static rlim_t in_use(void)
{
        unsigned long pages = 0;
        FILE *f = fopen("/proc/self/statm", "re");

        expect(f != NULL && fscanf(f, "%lu", &pages) == 1 && fclose(f) == 0);
        return pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void allow(rlim_t more)
{
        struct rlimit limit = {in_use() + more, RLIM_INFINITY};

        expect(setrlimit(RLIMIT_AS, &limit) == 0);
}

/* Takes what malloc gives until it gives no more. */
static void *fill_up(void)
{
        void **kept = NULL, **p;

        for (size_t size = 1 << 20; size >= sizeof(*p); size /= 2)
                while ((p = malloc(size)) != NULL) {
                        *p = kept;
                        kept = p;
                }
        return kept;
}

static void give_all_back(void **kept)
{
        while (kept != NULL) {
                void **next = *kept;

                free(kept);
                kept = next;
        }
}

/* A sanitizer's own memory does not end where the test says. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static void live_on_reserve(void *arg)
{
        void *kept, *mine[12];

        (void)arg;
        expect(memory_refill() && !memory_short());
        allow(8 << 20);
        kept = fill_up();
        expect(malloc(200000) == NULL);
        for (int i = 0; i < 12; i++) {
                mine[i] = xmalloc(200000);
                memset(mine[i], 1, 200000);
        }
        expect(memory_short() && !memory_refill() && memory_short());
        give_all_back(kept);
        for (int i = 0; i < 12; i++)
                free(mine[i]);
        expect(memory_refill() && !memory_short());
}

static void use_up_reserve(void *arg)
{
        (void)arg;
        expect(memory_refill());
        allow(8 << 20);
        (void)fill_up();
        for (int i = 0; i < 1000; i++)
                (void)xcalloc(10, 20000);
}

static void the_reserve_serves_until_memory_is_there_again(void)
{
        if (SANITIZED)
                return;
        UNIT_ASSERT(!dies(live_on_reserve, NULL));
        UNIT_ASSERT(dies(use_up_reserve, NULL));
}

static void take_too_much(void *arg)
{
        (void)arg;
        (void)xcalloc(SIZE_MAX / 2, 3);
}

static void sizes_do_not_overflow(void)
{
        void *p;

        UNIT_ASSERT(dies(take_too_much, NULL));
        p = xcalloc(0, 7);
        UNIT_ASSERT(p != NULL);
        p = xrealloc(p, 0);
        UNIT_ASSERT(p != NULL);
        free(p);
}

static bool third(int *calls)
{
        return ++*calls == 3;
}

static void insist(void *arg)
{
        int calls = 0;

        (void)arg;
        expect(memory_refill());
        MEMORY_INSIST(third(&calls));
        expect(calls == 3);
}

static void insist_in_vain(void *arg)
{
        (void)arg;
        expect(memory_refill());
        MEMORY_INSIST(arg != NULL);
}

static void a_library_tries_again(void)
{
        UNIT_ASSERT(!dies(insist, NULL));
        UNIT_ASSERT(dies(insist_in_vain, NULL));
}

UNIT_SUITE(base_memory, UNIT_CASE(the_reserve_serves_until_memory_is_there_again),
           UNIT_CASE(sizes_do_not_overflow), UNIT_CASE(a_library_tries_again))
