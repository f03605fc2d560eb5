#include "base/utf8.h"

#include <stddef.h>

/* Bytes of the valid UTF-8 character at `p`, 0 when there is none (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *p)
{
        size_t n = *p < 0x80 ? 1 : *p >= 0xc2 && *p <= 0xdf ? 2 : (*p & 0xf0) == 0xe0 ? 3 : 4;
        unsigned char low = 0x80, high = 0xbf;

        if (n == 1)
                return 1;
        if (n == 4 && (*p < 0xf0 || *p > 0xf4))
                return 0;
        if (*p == 0xe0)
                low = 0xa0;
        else if (*p == 0xed)
                high = 0x9f;
        else if (*p == 0xf0)
                low = 0x90;
        else if (*p == 0xf4)
                high = 0x8f;
        if (p[1] < low || p[1] > high)
                return 0;
        for (size_t i = 2; i < n; i++)
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
        return n;
}

void utf8_clean(char *text)
{
        unsigned char *p = (unsigned char *)text;

        while (*p != 0) {
                size_t n = utf8_length(p);

                if (n == 0)
                        *p = '?';
                p += n == 0 ? 1 : n;
        }
}
