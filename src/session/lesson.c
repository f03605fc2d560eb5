#include "session/lesson.h"

#include "base/log.h"
#include "router/fingerprint.h"
#include "session/bound.h"
#include "session/learned.h"
#include "wire/proto.h"

/* A use is where it decides about a route for the first time. */
static bool is_learned(const struct client *c, uint64_t fingerprint)
{
        return learned_has(fingerprint_within(fingerprint, sv_cstr(c->endpoint->database)),
                           c->server == NULL && !c->force_primary);
}

static void make_write(struct facts *facts)
{
        facts->class = CLASS_WRITE;
        facts->reason = REASON_LEARNED;
        facts->writes = true;
}

void lesson_classify(struct client *c, struct sv text, struct sv types, struct facts *out)
{
        classify(text, endpoint_rules(c->endpoint), c->lexing, out);
        if (types.n > 0)
                classify_parameters(types, endpoint_rules(c->endpoint), out);
        if (out->class == CLASS_READ && learned_any() && is_learned(c, fingerprint_hash(text, c->lexing)))
                make_write(out);
}

const struct facts *lesson_facts(struct client *c, struct statement *s, struct facts *space)
{
        const struct facts *own = statement_facts(s, endpoint_rules(c->endpoint));

        if (own->class != CLASS_READ || !learned_any())
                return own;
        if (!is_learned(c, statement_fingerprint(s)))
                return own;
        *space = *own;
        make_write(space);
        return space;
}

/* ---- learning ---- */

/* The text of the statement behind `done` others; empty: nobody knows. Of a Query it is all of it. */
static struct sv text_refused(struct client *c, const uint8_t *p, size_t n, unsigned done)
{
        struct sv unnamed = SV(""), bound = SV("");
        struct msg m;

        while (msg_peek(p, n, &m) == STATUS_OK && m.have == m.size) {
                struct reader r = reader_of(&m);

                if (m.type == FE_QUERY)
                        return take_cstr(&r);
                if (m.type == FE_PARSE && take_cstr(&r).n == 0)
                        unnamed = take_cstr(&r);
                else if (m.type == FE_BIND)
                        bound = bound_statement(c, &m, unnamed);
                else if (m.type == FE_EXECUTE && done-- == 0)
                        return bound;
                p += m.size;
                n -= m.size;
        }
        return bound;
}

void lesson_learn(struct client *c, const uint8_t *p, size_t n, unsigned done, struct sv sqlstate)
{
        struct sv text = text_refused(c, p, n, done);
        char words[LEARNED_TEXT_SIZE], name[400];
        uint64_t fingerprint = fingerprint_hash(text, c->lexing);

        if (text.n == 0 || fingerprint == 0)
                return;
        fingerprint_text(text, c->lexing, words, sizeof(words));
        log_info("C-%p: %s a standby refuses it (%.*s), from now on it is a write: %s", (const void *)c,
                 client_name(c, name, sizeof(name)), SV_ARG(sqlstate), words);
        learned_add(fingerprint_within(fingerprint, sv_cstr(c->endpoint->database)),
                    &(struct lesson){.database = c->endpoint->database,
                                     .catalog = c->endpoint->catalog != NULL ? c->endpoint->catalog->id : 0,
                                     .text = words,
                                     .sqlstate = sqlstate});
}
