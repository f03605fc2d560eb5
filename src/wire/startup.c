#include "wire/startup.h"

bool startup_param(struct reader *params, struct sv *name, struct sv *value)
{
        *name = take_cstr(params);
        if (params->failed || name->n == 0)
                return false;
        *value = take_cstr(params);
        return !params->failed;
}

static bool starts_with(struct sv v, struct sv prefix)
{
        return v.n >= prefix.n && memcmp(v.p, prefix.p, prefix.n) == 0;
}

static enum status read_session(struct startup *out)
{
        struct reader r = out->params;
        struct sv name, value;

        while (startup_param(&r, &name, &value))
                if (starts_with(name, SV("_pq_.")))
                        out->unknown_options++;
        return r.failed || r.n != 0 ? STATUS_INVALID : STATUS_OK;
}

enum status startup_read(const uint8_t *p, size_t n, struct startup *out)
{
        uint32_t size, code;
        struct reader body;

        *out = (struct startup){0};
        if (n < 4)
                return STATUS_AGAIN;
        size = get_u32(p);
        if (size < STARTUP_MIN || size > STARTUP_MAX)
                return STATUS_INVALID;
        if (n < STARTUP_MIN)
                return STATUS_AGAIN;
        code = get_u32(p + 4);
        out->version = code;
        out->size = size;
        if (code == PROTO_SSL || code == PROTO_GSSENC) {
                out->kind = code == PROTO_SSL ? STARTUP_SSL : STARTUP_GSSENC;
                return size == STARTUP_MIN ? STATUS_OK : STATUS_INVALID;
        }
        if (n < size)
                return STATUS_AGAIN;
        body = (struct reader){p + STARTUP_MIN, size - STARTUP_MIN, false};
        if (code == PROTO_CANCEL) {
                out->kind = STARTUP_CANCEL;
                return take_cancel_key(&body, &out->key);
        }
        out->params = body;
        if (code >> 16 == 3) {
                out->kind = STARTUP_SESSION;
                return read_session(out);
        }
        out->kind = code >> 16 == 2 ? STARTUP_OLD : STARTUP_UNKNOWN;
        return STATUS_OK;
}

/* PostgreSQL takes any beginning of these words. */
static bool means_yes(struct sv value)
{
        static const char *const words[] = {"true", "yes"};

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (value.n > 0 && value.n <= strlen(words[i]) && sv_ieq(value, sv_from(words[i], value.n)))
                        return true;
        return sv_ieq(value, SV("on")) || sv_is(value, "1");
}

enum replication replication_of(struct sv value)
{
        if (sv_is(value, "database"))
                return REPLICATION_LOGICAL;
        return means_yes(value) ? REPLICATION_PHYSICAL : REPLICATION_NONE;
}

const char *replication_value(enum replication kind)
{
        static const char *const values[] = {"no", "database", "yes"};

        return values[kind];
}

const char *replication_word(enum replication kind)
{
        static const char *const words[] = {"none", "logical", "physical"};

        return words[kind];
}
