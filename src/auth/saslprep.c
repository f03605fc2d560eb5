#include "auth/saslprep.h"

#include "auth/secret.h"
#include "base/check.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <stringprep.h>

enum {
        STEPS_MAX = 32,
        GROWTH_MAX = 18, /* no character becomes more of them under NFKC than U+FDFA does */
};

static bool is_ascii(const char *text)
{
        for (; *text != '\0'; text++)
                if ((unsigned char)*text > 127)
                        return false;
        return true;
}

/* What Unicode has changed about normalisation since 3.2, whose tables the library has (Corrigendum #4). */
static const Stringprep_table_element corrected[] = {
    {0x2f868, 0x2f868, {0x36fc}}, {0x2f874, 0x2f874, {0x5f53}}, {0x2f91f, 0x2f91f, {0x243ab}},
    {0x2f95f, 0x2f95f, {0x7aee}}, {0x2f9bf, 0x2f9bf, {0x45d7}}, {0},
};

/* The library's steps, but the normalisation last: PostgreSQL looks for what is prohibited in the text that
 * it is going to normalise, not in what comes of that. */
static void order_steps(Stringprep_profile steps[STEPS_MAX])
{
        Stringprep_profile normalise = {0};
        size_t n = 0;

        for (const Stringprep_profile *step = stringprep_saslprep; step->operation != 0; step++) {
                CHECK(n < STEPS_MAX - 3);
                if (step->operation == STRINGPREP_NFKC)
                        normalise = *step;
                else
                        steps[n++] = *step;
        }
        steps[n++] = (Stringprep_profile){STRINGPREP_MAP_TABLE, 0, corrected,
                                          sizeof(corrected) / sizeof(corrected[0]) - 1};
        steps[n++] = normalise;
        memset(&steps[n], 0, sizeof(steps[n]));
}

/* NULL: cannot be prepared. */
static char *prepare(const char *password)
{
        Stringprep_profile steps[STEPS_MAX];
        size_t n, size, wide_max, wide_size;
        uint32_t *given, *wide;
        char *out = NULL;

        given = stringprep_utf8_to_ucs4(password, -1, &n);
        if (given == NULL)
                return NULL; /* not UTF-8 */
        wide_max = n * GROWTH_MAX + 1;
        wide_size = wide_max * sizeof(*wide);
        wide = xcalloc(1, wide_size);
        memcpy(wide, given, n * sizeof(*wide));
        secret_wipe(given, n * sizeof(*given));
        free(given);
        order_steps(steps);
        if (stringprep_4i(wide, &n, wide_max, STRINGPREP_NO_UNASSIGNED, steps) == STRINGPREP_OK && n > 0)
                out = stringprep_ucs4_to_utf8(wide, (ssize_t)n, NULL, &size);
        secret_wipe(wide, wide_size);
        free(wide);
        return out;
}

char *saslprep(const char *password)
{
        char *prepared = is_ascii(password) ? NULL : prepare(password);

        return prepared != NULL ? prepared : xstrdup(password);
}
