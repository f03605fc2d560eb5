#include "pool/params.h"

#include "base/check.h"

struct sv params_all(const struct params *p)
{
        return sv_from(buf_data(&p->pairs), buf_len(&p->pairs));
}

bool params_next(struct sv *at, struct sv *name, struct sv *value)
{
        size_t n;

        if (at->n == 0)
                return false;
        *name = sv_cstr(at->p);
        *value = sv_cstr(at->p + name->n + 1);
        n = name->n + value->n + 2;
        at->p += n;
        at->n -= n;
        return true;
}

bool params_get(const struct params *p, struct sv name, struct sv *value)
{
        struct sv at = params_all(p), found;

        while (params_next(&at, &found, value))
                if (sv_ieq(found, name))
                        return true;
        return false;
}

enum status params_set(struct params *p, struct sv name, struct sv value)
{
        struct sv at = params_all(p), found, old;
        struct buf fresh = {0};
        enum status status = STATUS_OK;

        while (params_next(&at, &found, &old) && status == STATUS_OK)
                if (!sv_ieq(found, name))
                        status = buf_append(&fresh, found.p, found.n + old.n + 2, PARAMS_BYTES_MAX);
        if (status == STATUS_OK)
                status = buf_append(&fresh, name.p, name.n + 1, PARAMS_BYTES_MAX);
        if (status == STATUS_OK)
                status = buf_append(&fresh, value.p, value.n + 1, PARAMS_BYTES_MAX);
        if (status != STATUS_OK) {
                buf_release(&fresh);
                return status;
        }
        buf_release(&p->pairs);
        p->pairs = fresh;
        return STATUS_OK;
}

void params_copy(struct params *to, const struct params *from)
{
        buf_need(&to->pairs, buf_len(&from->pairs));
        CHECK(buf_append(&to->pairs, buf_data(&from->pairs), buf_len(&from->pairs), PARAMS_BYTES_MAX) ==
              STATUS_OK);
}

void params_fini(struct params *p)
{
        buf_release(&p->pairs);
}
