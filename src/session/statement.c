#include "session/statement.h"

#include "base/check.h"
#include "base/memory.h"
#include "router/fingerprint.h"
#include "wire/writer.h"

#include <stdio.h>
#include <stdlib.h>

struct named {
        UT_hash_handle hh;
        struct list in_leaving, in_fresh;
        struct statement *statement;
        uint64_t uses;
        bool doubtful;
        char name[];
};

void statements_init(struct statements *all, const uint8_t key[KEYED_HASH_KEY_SIZE])
{
        all->by_key = NULL;
        memcpy(all->key, key, sizeof(all->key));
}

void statements_fini(struct statements *all)
{
        struct statement *s, *next;

        HASH_ITER (hh, all->by_key, s, next) {
                HASH_DEL(all->by_key, s);
                free(s);
        }
}

size_t statements_memory(const struct statements *all, size_t *count)
{
        size_t bytes = 0;

        *count = HASH_COUNT(all->by_key);
        for (const struct statement *s = all->by_key; s != NULL; s = s->hh.next)
                bytes += sizeof(*s) + s->size;
        return bytes;
}

void statement_name(const uint64_t key[2], char out[STATEMENT_NAME_SIZE])
{
        snprintf(out, STATEMENT_NAME_SIZE, "PGSTEER_%016llx%016llx", (unsigned long long)key[0],
                 (unsigned long long)key[1]);
}

static struct statement *make(const uint64_t key[2], struct sv parse)
{
        struct statement *s = calloc(1, sizeof(*s) + parse.n + 1);

        if (s == NULL)
                return NULL;
        memcpy(s->key, key, sizeof(s->key));
        statement_name(key, s->name);
        s->size = parse.n;
        memcpy(s->parse, parse.p, parse.n);
        return s;
}

static void find_facts(struct statement *s, const struct classify_rules *rules)
{
        struct sv text = sv_cstr(s->parse);

        classify(text, rules, s->options, &s->facts);
        if (text.n < s->size)
                classify_parameters(sv_from(text.p + text.n + 1, s->size - text.n - 1), rules, &s->facts);
        s->stamp = rules->stamp;
}

const struct facts *statement_facts(struct statement *s, const struct classify_rules *rules)
{
        if (s->stamp != rules->stamp)
                find_facts(s, rules);
        return &s->facts;
}

struct statement *statement_get(struct statements *all, struct sv parse, const struct classify_rules *rules,
                                unsigned options)
{
        uint64_t key[2];
        struct statement *s;

        keyed_hash(all->key, parse.p, parse.n, key);
        key[1] ^= options; /* the same text may lex otherwise */
        HASH_FIND(hh, all->by_key, key, sizeof(key), s);
        if (s != NULL && (s->size != parse.n || memcmp(s->parse, parse.p, parse.n) != 0))
                check_failed(__FILE__, __LINE__, "two statements with one 128-bit hash");
        if (s == NULL) {
                s = make(key, parse);
                if (s == NULL)
                        return NULL;
                s->options = options;
                find_facts(s, rules);
                HASH_ADD(hh, all->by_key, key, sizeof(s->key), s);
        }
        s->refs++;
        return s;
}

struct statement *statement_ref(struct statement *s)
{
        if (s != NULL)
                s->refs++;
        return s;
}

uint64_t statement_fingerprint(struct statement *s)
{
        if (s->fingerprint == 0)
                s->fingerprint = fingerprint_hash(sv_cstr(s->parse), s->options);
        return s->fingerprint;
}

void statement_unref(struct statements *all, struct statement *s)
{
        if (s == NULL)
                return;
        CHECK(s->refs > 0);
        if (--s->refs == 0) {
                HASH_DEL(all->by_key, s);
                free(s);
        }
}

void names_init(struct names *names)
{
        names->by_name = NULL;
        list_init(&names->leaving);
        list_init(&names->fresh);
}

static struct named *find(struct names *names, struct sv name)
{
        struct named *n;

        HASH_FIND(hh, names->by_name, name.p, (unsigned)name.n, n);
        return n;
}

struct statement *names_find(struct names *names, struct sv name)
{
        struct named *n = names->by_name == NULL ? NULL : find(names, name);

        return n == NULL ? NULL : n->statement;
}

struct statement *names_use(struct names *names, struct sv name)
{
        struct named *n = names->by_name == NULL ? NULL : find(names, name);

        if (n == NULL)
                return NULL;
        n->uses++;
        return n->statement;
}

bool names_put(struct names *names, struct statements *all, struct sv name, struct statement *s)
{
        struct named *n = find(names, name);

        if (s == NULL)
                return false;
        if (n != NULL) {
                statement_unref(all, n->statement);
                n->statement = s;
                n->uses = 0;
                n->doubtful = false;
                list_unlink(&n->in_fresh);
                list_append(&names->fresh, &n->in_fresh);
                return true;
        }
        n = calloc(1, sizeof(*n) + name.n + 1);
        if (n == NULL) {
                statement_unref(all, s);
                return false;
        }
        memcpy(n->name, name.p, name.n);
        n->statement = s;
        list_init(&n->in_leaving);
        list_append(&names->fresh, &n->in_fresh);
        HASH_ADD_KEYPTR(hh, names->by_name, n->name, (unsigned)name.n, n);
        return true;
}

static void forget(struct statements *all, struct named *n)
{
        statement_unref(all, n->statement);
        list_unlink(&n->in_fresh);
        free(n);
}

static void drop(struct names *names, struct statements *all, struct named *n)
{
        HASH_DEL(names->by_name, n);
        forget(all, n);
}

void names_drop(struct names *names, struct statements *all, struct sv name)
{
        struct named *n = find(names, name);

        if (n != NULL)
                drop(names, all, n);
}

bool names_close(struct names *names, struct sv name)
{
        struct named *n = find(names, name);

        if (n == NULL)
                return false;
        HASH_DEL(names->by_name, n);
        list_append(&names->leaving, &n->in_leaving);
        return true;
}

void names_closed(struct names *names, struct statements *all)
{
        struct list *oldest = list_shift(&names->leaving);

        if (oldest != NULL) /* else DISCARD ALL has taken it */
                forget(all, list_item(oldest, struct named, in_leaving));
}

void names_reopen(struct names *names, struct statements *all)
{
        struct list *newest = list_last(&names->leaving);
        struct named *n;

        if (newest == NULL)
                return;
        list_unlink(newest);
        n = list_item(newest, struct named, in_leaving);
        if (list_linked(&n->in_fresh) || find(names, sv_cstr(n->name)) != NULL)
                forget(all, n);
        else
                HASH_ADD_KEYPTR(hh, names->by_name, n->name, (unsigned)strlen(n->name), n);
}

/* The oldest fresh name, which is as a rule the oldest of all, that stands for the statement `key`. */
static struct named *find_fresh(struct names *names, const uint64_t key[2], bool may_be_closed)
{
        list_for_each (it, &names->fresh) {
                struct named *n = list_item(it, struct named, in_fresh);

                if (memcmp(n->statement->key, key, sizeof(n->statement->key)) == 0 &&
                    (may_be_closed || !list_linked(&n->in_leaving)))
                        return n;
        }
        return NULL;
}

void names_settle(struct names *names, struct statements *all, const uint64_t key[2], bool holds)
{
        struct named *n = find_fresh(names, key, holds);

        if (n != NULL && holds)
                list_unlink(&n->in_fresh);
        else if (n != NULL)
                drop(names, all, n);
}

void names_rewind(struct names *names, struct statements *all)
{
        list_for_each_safe (it, &names->fresh) {
                struct named *n = list_item(it, struct named, in_fresh);

                if (!list_linked(&n->in_leaving))
                        drop(names, all, n);
        }
        while (!list_empty(&names->leaving))
                names_reopen(names, all);
}

void names_doubt(struct names *names, const uint64_t key[2])
{
        struct named *n = find_fresh(names, key, false);

        if (n == NULL)
                return;
        list_unlink(&n->in_fresh);
        n->doubtful = true;
}

bool names_doubtful(struct names *names, struct sv name)
{
        struct named *n = find(names, name);

        return n != NULL && n->doubtful;
}

void names_clear(struct names *names, struct statements *all)
{
        struct named *n, *next;

        HASH_ITER (hh, names->by_name, n, next)
                drop(names, all, n);
        while (!list_empty(&names->leaving))
                names_closed(names, all);
}

unsigned names_count(const struct names *names)
{
        return HASH_COUNT(names->by_name);
}

void names_visit(const struct names *names,
                 bool (*visit)(void *arg, const char *name, const struct statement *s, uint64_t uses),
                 void *arg)
{
        for (const struct named *n = names->by_name; n != NULL; n = n->hh.next)
                if (!visit(arg, n->name, n->statement, n->uses))
                        return;
}

/* What is saved of a name beside it. */
enum { MARK_FRESH = 1, MARK_DOUBTFUL = 2, MARK_LEAVING = 4 };

static void put_named(struct writer *w, const struct named *n, int leaving)
{
        put_cstr(w, n->name);
        put_byte(w, (uint8_t)((list_linked(&n->in_fresh) ? MARK_FRESH : 0) |
                              (n->doubtful ? MARK_DOUBTFUL : 0) | leaving));
        put_raw(w, n->statement->key, sizeof(n->statement->key));
        put_i32(w, (uint32_t)n->statement->size);
        put_raw(w, n->statement->parse, n->statement->size);
}

enum status names_save(const struct names *names, struct buf *out, size_t limit)
{
        struct writer w = writer_to(out, limit);

        list_for_each (it, &names->leaving) /* before those that have their names now */
                put_named(&w, list_item(it, struct named, in_leaving), MARK_LEAVING);
        for (const struct named *n = names->by_name; n != NULL; n = n->hh.next)
                put_named(&w, n, 0);
        return w.failed ? STATUS_LIMIT : STATUS_OK;
}

/* The key tells how the text was to be lexed; a newer classification of it may differ. */
static struct statement *statement_of_key(struct statements *all, struct sv parse,
                                          const struct classify_rules *rules, const uint64_t key[2])
{
        static const unsigned all_options = CLASSIFY_BACKSLASH_UNSAFE | CLASSIFY_ESCAPE_STRINGS;

        for (unsigned options = 0; options <= all_options; options++) {
                struct statement *s = statement_get(all, parse, rules, options);

                if (s == NULL || memcmp(s->key, key, sizeof(s->key)) == 0)
                        return s;
                statement_unref(all, s);
        }
        return NULL;
}

bool names_load(struct names *names, struct statements *all, const struct classify_rules *rules,
                struct sv saved)
{
        struct reader r = {(const uint8_t *)saved.p, saved.n, false};

        while (r.n > 0) {
                struct sv name = take_cstr(&r), parse;
                uint8_t marks = take_u8(&r);
                struct statement *s;
                uint64_t key[2];
                uint32_t size;

                if (r.failed || r.n < sizeof(key))
                        return false;
                memcpy(key, r.p, sizeof(key));
                r.p += sizeof(key);
                r.n -= sizeof(key);
                size = take_u32(&r);
                if (r.failed || size > r.n)
                        return false;
                parse = sv_from(r.p, size);
                s = statement_of_key(all, parse, rules, key);
                if (!names_put(names, all, name, s))
                        return false;
                if (!(marks & MARK_FRESH))
                        list_unlink(&find(names, name)->in_fresh);
                find(names, name)->doubtful = (marks & MARK_DOUBTFUL) != 0;
                if (marks & MARK_LEAVING)
                        names_close(names, name);
                r.p += size;
                r.n -= size;
        }
        return true;
}
