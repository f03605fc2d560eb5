#include "wire/bundle.h"

#include "base/check.h"

#include <string.h>

void bundle_put(struct writer *w, const char *name, const void *bytes, size_t n)
{
        if (n == 0)
                return;
        put_cstr(w, name);
        put_i32(w, (uint32_t)n);
        put_raw(w, bytes, n);
}

void bundle_put_text(struct writer *w, const char *name, const char *text)
{
        if (text != NULL)
                bundle_put(w, name, text, strlen(text) + 1);
}

void bundle_put_int(struct writer *w, const char *name, int64_t value)
{
        if (value != 0)
                bundle_put(w, name, &value, sizeof(value));
}

static int64_t load(const void *at, size_t size)
{
        int64_t wide;
        int32_t half;

        switch (size) {
        case 1: return *(const uint8_t *)at;
        case 4: memcpy(&half, at, sizeof(half)); return half;
        case 8: memcpy(&wide, at, sizeof(wide)); return wide;
        default: check_failed(__FILE__, __LINE__, "a field that is no number");
        }
        return 0;
}

static void store(void *at, size_t size, int64_t value)
{
        uint8_t byte = (uint8_t)value;
        int32_t half = (int32_t)value;

        memcpy(at, size == 1 ? (void *)&byte : size == 4 ? (void *)&half : (void *)&value, size);
}

void bundle_put_fields(struct writer *w, const struct bundle_field *fields, size_t count, const void *object)
{
        for (size_t i = 0; i < count; i++)
                bundle_put_int(w, fields[i].name,
                               load((const char *)object + fields[i].offset, fields[i].size));
}

bool bundle_next(struct reader *r, struct sv *name, struct sv *value)
{
        size_t n;

        if (r->n == 0)
                return false;
        *name = take_cstr(r);
        n = take_u32(r);
        if (r->failed || n > r->n) {
                r->failed = true;
                return false;
        }
        *value = sv_from(r->p, n);
        r->p += n;
        r->n -= n;
        return true;
}

struct sv bundle_find(struct sv bundle, const char *name)
{
        struct reader r = {(const uint8_t *)bundle.p, bundle.n, false};
        struct sv key, value;

        while (bundle_next(&r, &key, &value))
                if (sv_eq(key, sv_cstr(name)))
                        return value;
        return (struct sv){"", 0};
}

int64_t bundle_find_int(struct sv bundle, const char *name)
{
        struct sv value = bundle_find(bundle, name);
        int64_t number = 0;

        if (value.n == sizeof(number))
                memcpy(&number, value.p, sizeof(number));
        return number;
}

void bundle_take_fields(struct sv bundle, const struct bundle_field *fields, size_t count, void *object)
{
        for (size_t i = 0; i < count; i++)
                store((char *)object + fields[i].offset, fields[i].size,
                      bundle_find_int(bundle, fields[i].name));
}

bool bundle_take(struct sv bundle, const char *name, void *out, size_t n)
{
        struct sv value = bundle_find(bundle, name);

        if (value.n != n)
                return false;
        memcpy(out, value.p, n);
        return true;
}
