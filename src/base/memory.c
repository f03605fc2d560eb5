#include "base/memory.h"

#include "base/check.h"
#include "base/log.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PIECES = 16, PIECE_BYTES = 256 << 10, TRIM_BYTES = 256 << 10 };

/* Up to here malloc, other than calloc, gives what the thread has freed before without a look at its lists.
 */
enum { CACHED_MAX = 1032 };

static _Atomic(void *) pieces[PIECES];
static atomic_int missing; /* as counted by memory_refill, and those given up since */

/* Left alone glibc keeps twice the largest piece that was ever freed, in each thread's memory: what one peer
 * has made us need for a moment would be kept for ever. A bound that was set stays.
 */
void memory_tune(void)
{
        (void)mallopt(M_TRIM_THRESHOLD, TRIM_BYTES); /* NOLINT(concurrency-mt-unsafe): no thread exists */
}

/* That bound is about the end. In front of it one small piece that lives on would keep all the rest. */
void memory_give_back(void)
{
        (void)malloc_trim(TRIM_BYTES);
}

bool memory_refill(void)
{
        int none = 0;

        for (int i = 0; i < PIECES; i++) {
                void *piece;

                if (atomic_load(&pieces[i]) != NULL)
                        continue;
                piece = mmap(NULL, PIECE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                if (piece == MAP_FAILED)
                        none++;
                else
                        atomic_store(&pieces[i], piece);
        }
        if (atomic_exchange(&missing, none) > 0 && none == 0)
                log_info("memory is there again");
        return none == 0;
}

bool memory_short(void)
{
        return atomic_load_explicit(&missing, memory_order_relaxed) >= PIECES / 2;
}

/* How many are missing now; 0: nothing was left to give up. */
static int give_up_piece(void)
{
        for (int i = 0; i < PIECES; i++) {
                void *piece = atomic_exchange(&pieces[i], NULL);

                if (piece != NULL) {
                        munmap(piece, PIECE_BYTES);
                        return atomic_fetch_add(&missing, 1) + 1;
                }
        }
        return 0;
}

void memory_make_room(size_t size, const char *file, int line)
{
        int now = give_up_piece();

        if (now == 0)
                check_failed(file, line, "out of memory, and the reserve is gone");
        if (now == 1)
                log_error("out of memory (%zu bytes, %s:%d): living on a reserve; give the machine or the "
                          "service's "
                          "control group more, or lower max_client_conn",
                          size, file, line);
        if (now == PIECES / 2)
                log_error("memory is short: nobody new is let in");
}

void *memory_get(size_t size, const char *file, int line)
{
        void *p;

        while ((p = malloc(size != 0 ? size : 1)) == NULL)
                memory_make_room(size, file, line);
        return p;
}

void *memory_get_zeroed(size_t count, size_t size, const char *file, int line)
{
        void *p;

        CHECK(size == 0 || count <= SIZE_MAX / size);
        if (count * size <= CACHED_MAX)
                return memset(memory_get(count * size, file, line), 0, count * size);
        while ((p = calloc(count != 0 ? count : 1, size != 0 ? size : 1)) == NULL)
                memory_make_room(count * size, file, line);
        return p;
}

void *memory_resize(void *old, size_t size, const char *file, int line)
{
        void *p;

        while ((p = realloc(old, size != 0 ? size : 1)) == NULL)
                memory_make_room(size, file, line);
        return p;
}

char *memory_copy(const char *text, const char *file, int line)
{
        size_t n = strlen(text) + 1;

        return memcpy(memory_get(n, file, line), text, n);
}
