/* memory: what the program itself needs, which it gets or ends for want of.
 *
 * The system may run out of memory for a moment because of others. So some is put by at the start: address
 * space that nothing is in. When the system gives no more, a piece of the reserve goes back to it, and who
 * asked gets his memory; only when the reserve is gone too the program aborts, with the place that asked.
 * When half of it is gone memory is short: nobody new is let in. memory_refill puts by what is missing.
 *
 * Memory whose amount a peer decides does not come from here: it goes through base/buf.h or malloc, fails,
 * and costs that peer its connection. Any thread; no lock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Never NULL. The caller frees. */
#define xmalloc(size)        memory_get((size), __FILE__, __LINE__)
#define xcalloc(count, size) memory_get_zeroed((count), (size), __FILE__, __LINE__)
#define xrealloc(old, size)  memory_resize((old), (size), __FILE__, __LINE__)
#define xstrdup(text)        memory_copy((text), __FILE__, __LINE__)

/* Has a library do again what it had no memory for: hashes, random numbers. `done` is false until it has. */
#define MEMORY_INSIST(done)                                                                                  \
        do {                                                                                                 \
                while (!(done))                                                                              \
                        memory_make_room(0, __FILE__, __LINE__);                                             \
        } while (0)

void *memory_get(size_t size, const char *file, int line);
void *memory_get_zeroed(size_t count, size_t size, const char *file, int line);
void *memory_resize(void *old, size_t size, const char *file, int line);
char *memory_copy(const char *text, const char *file, int line);
void memory_make_room(size_t size, const char *file, int line);

/* Has the C library give back to the system what has become free at the end of its memory. Once, before any
 * thread starts. */
void memory_tune(void);

/* Gives back to the system the pages in which nothing is any more. One thread, now and then. */
void memory_give_back(void);

/* Puts by what is missing of the reserve; true when all of it is there. One thread, once at the start and now
 * and then. */
bool memory_refill(void);

/* Whether half of the reserve is missing, or was when it was looked at last. */
bool memory_short(void);
