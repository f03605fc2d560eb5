/* What AddressSanitizer's stand-in for regexec() does not know: with REG_STARTEND the text ends where that
 * says. It looks for a NUL all the same, so it is given a copy that has one; the copying itself is looked at.
 */
#include <dlfcn.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"

typedef int regexec_function(const regex_t *, const char *, size_t, regmatch_t *, int);

/* Under that name it comes before the sanitizer's. */
regexec_function regexec_of_copy __asm__("regexec");

int regexec_of_copy(const regex_t *regex, const char *text, size_t count, regmatch_t *matches, int flags)
{
        size_t n = (flags & REG_STARTEND) != 0 ? (size_t)matches[0].rm_eo : strlen(text);
        regexec_function *sanitized = NULL;
        char *copy = xmalloc(n + 1);
        int result;

        *(void **)&sanitized = dlsym(RTLD_NEXT, "regexec");
        CHECK(sanitized != NULL);
        memcpy(copy, text, n);
        copy[n] = '\0';
        result = sanitized(regex, copy, count, matches, flags);
        free(copy);
        return result;
}
