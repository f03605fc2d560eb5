/* bundle: an object's fields as named values, for another process of pgsteer on the same machine. What has a
 * zero value is left out, and is zero again at the other end.
 *
 *     name NUL  size (4 bytes)  bytes      integers are 8 bytes in the machine's own order
 *
 * Reading checks sizes and believes nothing else; what the values mean is the reader's to check. */
#pragma once

#include "wire/proto.h"
#include "wire/writer.h"

/* A number, boolean or enum of a struct: where it is, and how many bytes it has (1, 4 or 8). */
struct bundle_field {
        const char *name;
        size_t offset, size;
};
/* What is no number does not compile. */
#define BUNDLE_SIZE(size)                                                                                    \
        ((size) + 0 * sizeof(struct {                                                                        \
                          _Static_assert((size) == 1 || (size) == 4 || (size) == 8,                          \
                                         "a field that is no number");                                       \
                          int nothing;                                                                       \
                  }))
#define BUNDLE_FIELD(type, field)                                                                            \
        {                                                                                                    \
#field, offsetof(type, field), BUNDLE_SIZE(sizeof(((type *)0)->field))                       \
        }

void bundle_put(struct writer *w, const char *name, const void *bytes, size_t n);
void bundle_put_text(struct writer *w, const char *name, const char *text); /* NULL: left out */
void bundle_put_int(struct writer *w, const char *name, int64_t value);
void bundle_put_fields(struct writer *w, const struct bundle_field *fields, size_t count, const void *object);

/* The next value. False at the end, and when the bundle is broken (r->failed). */
bool bundle_next(struct reader *r, struct sv *name, struct sv *value);

/* The value of `name`, which is empty when the bundle does not have it. */
struct sv bundle_find(struct sv bundle, const char *name);
int64_t bundle_find_int(struct sv bundle, const char *name);

/* Sets every field, those that the bundle does not have to zero. */
void bundle_take_fields(struct sv bundle, const struct bundle_field *fields, size_t count, void *object);

/* Copies a value of exactly `n` bytes; false when it has another size. */
bool bundle_take(struct sv bundle, const char *name, void *out, size_t n);
