/* check: our own bugs end the process, in release builds too, with the place and the condition.
 *
 * CHECK is for what only a mistake in this program can make false. What a peer, a file or the kernel can
 * cause is never checked here: it is an `enum status` (base/status.h) or a `struct refusal`
 * (base/refusal.h). */
#pragma once

#define CHECK(condition)                                                                                     \
        do {                                                                                                 \
                if (__builtin_expect(!(condition), 0))                                                       \
                        check_failed(__FILE__, __LINE__, #condition);                                        \
        } while (0)

#define MUST_USE __attribute__((warn_unused_result))

/* Prints "file:line: check failed: what" to standard error and aborts. */
_Noreturn void check_failed(const char *file, int line, const char *what);
