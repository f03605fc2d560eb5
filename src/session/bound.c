#include "session/bound.h"

#include "session/effects.h"

#include <stdlib.h>
#include <string.h>

struct sv bound_statement(struct client *c, const struct msg *bind, struct sv unnamed)
{
        struct reader r = reader_of(bind);
        struct sv name = (take_cstr(&r), take_cstr(&r));
        const struct statement *s;

        if (name.n > 0) {
                s = names_find(&c->names, name);
                return s != NULL ? sv_cstr(s->parse) : SV("");
        }
        if (unnamed.n > 0 || buf_len(&c->unnamed) == 0)
                return unnamed;
        return sv_cstr((const char *)buf_data(&c->unnamed));
}

/* ---- a Bind's values ---- */

struct value {
        struct sv bytes;
        bool binary, null;
};

/* Value `number`, counted from 1. False: it is not there. */
static bool value_of(const struct msg *bind, long number, struct value *out)
{
        struct reader r = reader_of(bind);
        int formats, format = 0;

        (void)take_cstr(&r);
        (void)take_cstr(&r);
        formats = take_u16(&r);
        for (int i = 1; i <= formats; i++) {
                int one = take_u16(&r);

                if (i == number || formats == 1)
                        format = one;
        }
        if (bind->have < bind->size || number < 1 || number > take_u16(&r))
                return false;
        for (int i = 1; i <= number && !r.failed; i++) {
                uint32_t size = take_u32(&r);

                out->null = size == UINT32_MAX;
                out->binary = format == 1;
                out->bytes = sv_from(r.p, out->null ? 0 : size);
                if (!out->null)
                        (void)take_bytes(&r, size);
        }
        return !r.failed;
}

/* As the server reads a boolean. -1: it is none. */
static int boolean(const struct value *v)
{
        static const char *const words[2][6] = {{"false", "f", "no", "n", "off", "0"},
                                                {"true", "t", "yes", "y", "on", "1"}};

        if (v->binary)
                return v->bytes.n == 1 ? *v->bytes.p != 0 : -1;
        for (int yes = 0; yes < 2; yes++)
                for (size_t i = 0; i < 6; i++)
                        if (sv_ieq(v->bytes, sv_cstr(words[yes][i])))
                                return yes;
        return -1;
}

/* ---- the text ---- */

struct text {
        char *out;
        size_t n;
        bool failed;
};

static void put(struct text *t, struct sv v)
{
        if (t->n + v.n >= BOUND_TEXT_MAX || memchr(v.p, '\0', v.n) != NULL) {
                t->failed = true;
                return;
        }
        memcpy(t->out + t->n, v.p, v.n);
        t->n += v.n;
        t->out[t->n] = '\0';
}

static void put_literal(struct text *t, struct sv v)
{
        put(t, SV("'"));
        for (size_t i = 0; i < v.n; i++) {
                put(t, sv_from(v.p + i, 1));
                if (v.p[i] == '\'')
                        put(t, SV("'"));
        }
        put(t, SV("'"));
}

/* Argument 0 is the name, 1 the value, 2 whether it is for the transaction. */
static void put_argument(struct text *t, struct sv argument, const struct msg *bind, int number)
{
        struct value v;
        int yes;

        if (*argument.p != '$') {
                put(t, argument);
        } else if (!value_of(bind, strtol(argument.p + 1, NULL, 10), &v) || (v.null && number != 1)) {
                t->failed = true;
        } else if (v.null) {
                put(t, SV("NULL"));
        } else if (number < 2) {
                put_literal(t, v.bytes);
        } else {
                yes = boolean(&v);
                t->failed = t->failed || yes < 0;
                put(t, yes > 0 ? SV("true") : SV("false"));
        }
}

struct sv bound_text(struct sv text, unsigned lexing, const struct msg *bind, char out[BOUND_TEXT_MAX])
{
        struct text t = {.out = out};
        struct sv arguments[3], nothing = SV("");

        if (!classify_set_config(text, lexing, arguments))
                return nothing;
        put(&t, SV("SELECT set_config("));
        for (int i = 0; i < 3; i++) {
                put_argument(&t, arguments[i], bind, i);
                put(&t, i < 2 ? SV(", ") : SV(")"));
        }
        return t.failed ? nothing : sv_from(out, t.n);
}

void bound_note(struct client *c, struct sv text, const struct msg *bind)
{
        char space[BOUND_TEXT_MAX];
        struct facts f;

        text = bound_text(text, c->lexing, bind, space);
        if (text.n == 0) {
                f = (struct facts){.setting = SETTING_BOUND};
        } else {
                classify(text, endpoint_rules(c->endpoint), c->lexing, &f);
        }
        effects_note(c, text, &f);
}

bool bound_facts(struct client *c, const uint8_t *p, size_t n, char space[BOUND_TEXT_MAX], struct facts *out)
{
        struct sv unnamed = SV(""), text;
        struct msg m;

        for (; msg_peek(p, n, &m) == STATUS_OK && m.have == m.size; p += m.size, n -= m.size) {
                struct reader r = reader_of(&m);

                if (m.type == FE_PARSE && take_cstr(&r).n == 0)
                        unnamed = take_cstr(&r);
                if (m.type != FE_BIND)
                        continue;
                text = bound_text(bound_statement(c, &m, unnamed), c->lexing, &m, space);
                if (text.n == 0)
                        continue;
                classify(text, endpoint_rules(c->endpoint), c->lexing, out);
                return true;
        }
        return false;
}
