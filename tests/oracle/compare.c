/* The scanner beside PostgreSQL's own grammar (libpg_query, for tests only): statements of a corpus, and
 * random mixtures of their tokens. What the grammar shows to be a write, or to call what is not known to be
 * harmless, must not be a read to classify(); the share of reads it loses is printed. Only texts that the
 * grammar accepts are judged.
 *
 *     build/oracle/compare [-n MUTATIONS] [-s SEED] [-v] FILE...
 * FILE holds statements, each ended by a NUL or, when there is none, by a line's end; one line is printed for
 * each. Exit status 1 when a write was taken for a read. -v prints the reads that were lost. `make oracle`
 * builds it and runs it over all we have. */
#include "judge.h"

#include "router/classify.h"
#include "router/scan.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return (uint32_t)(random_state >> 33) % limit;
}

/* ---- the corpus ---- */

struct pool {
        struct sv *items;
        size_t count, room;
};

static struct pool statements, tokens;

static void pool_add(struct pool *pool, struct sv item)
{
        if (pool->count == pool->room) {
                pool->room = pool->room * 2 + 1024;
                pool->items = realloc(pool->items, pool->room * sizeof(*pool->items));
                if (pool->items == NULL)
                        abort();
        }
        pool->items[pool->count++] = item;
}

static void add_statement(struct sv text)
{
        struct scan scan;
        struct scan_token token;

        pool_add(&statements, text);
        scan_init(&scan, text, 0);
        for (scan_next(&scan, &token); token.kind != SCAN_END && token.kind != SCAN_ERROR;
             scan_next(&scan, &token))
                pool_add(&tokens, token.text);
}

static void add_file(const char *path)
{
        FILE *file = fopen(path, "r");
        char *text = NULL;
        size_t room = 0;
        char separator;

        if (file == NULL || getdelim(&text, &room, EOF, file) < 0) {
                perror(path);
                exit(2);
        }
        fseek(file, 0, SEEK_END);
        size_t n = (size_t)ftell(file);

        fclose(file);
        separator = memchr(text, '\0', n) != NULL ? '\0' : '\n';
        for (size_t at = 0; at < n;) {
                const char *stop = memchr(text + at, separator, n - at);
                size_t length = stop == NULL ? n - at : (size_t)(stop - text) - at;

                if (length > 0)
                        add_statement(sv_from(text + at, length));
                at += length + 1;
        }
}

/* Writes some statement to `out` with some of its tokens exchanged, dropped or doubled, and some bytes of it
 * replaced by others that matter to a scanner. */
static void mix(char *out, size_t room)
{
        struct scan scan;
        struct scan_token token;
        size_t n = 0;
        uint32_t every = 2 + random_below(20);

        scan_init(&scan, statements.items[random_below((uint32_t)statements.count)], 0);
        for (scan_next(&scan, &token); token.kind != SCAN_END && token.kind != SCAN_ERROR;
             scan_next(&scan, &token)) {
                struct sv text = token.text;
                uint32_t doubled = 1;

                if (random_below(every) == 0) {
                        uint32_t what = random_below(6);

                        if (what == 0)
                                continue;
                        if (what == 1)
                                doubled = 2;
                        else
                                text = tokens.items[random_below((uint32_t)tokens.count)];
                }
                for (; doubled > 0; doubled--) {
                        if (n + text.n + 40 > room)
                                break;
                        memcpy(out + n, text.p, text.n);
                        n += text.n;
                        out[n++] = ' ';
                        if (random_below(every) == 0) {
                                text = tokens.items[random_below((uint32_t)tokens.count)];
                                doubled++;
                        }
                }
        }
        out[n] = '\0';
        for (uint32_t left = random_below(3) == 0 ? 1 + random_below(4) : 0; left > 0 && n > 0; left--)
                out[random_below((uint32_t)n)] = "'\"$\\/*-+.;,()eEuU&1 \n\t:@"[random_below(25)];
}

/* ---- the comparison ---- */

static unsigned long judged, reads, lost, wrong;
static bool verbose, failed;

static void compare(const char *sql)
{
        enum verdict verdict = oracle_judge(sql);
        struct facts facts;

        if (verdict == VERDICT_NONE)
                return;
        judged++;
        classify(sv_cstr(sql), NULL, 0, &facts);
        if (verdict == VERDICT_WRITE && facts.class == CLASS_READ) {
                wrong++;
                printf("WRITE TAKEN FOR READ: %s\n", sql);
        }
        if (verdict != VERDICT_READ)
                return;
        reads++;
        if (facts.class == CLASS_READ || facts.reason == REASON_NODE_STATE ||
            facts.reason == REASON_SESSION_STATE)
                return;
        lost++;
        if (verbose)
                printf("lost (%s, %.*s): %s\n", reason_name(facts.reason), SV_ARG(facts.token), sql);
}

static void report(const char *what)
{
        printf("%-28s %8lu judged %8lu reads %6lu lost (%.2f %%) %lu writes taken for reads\n", what, judged,
               reads, lost, reads > 0 ? 100.0 * (double)lost / (double)reads : 0.0, wrong);
        failed = failed || wrong > 0;
        judged = reads = lost = wrong = 0;
}

static const char *base_name(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash != NULL ? slash + 1 : path;
}

int main(int argc, char **argv)
{
        unsigned long mutations = 0;
        static char text[1 << 16];

        for (int i = 1; i < argc; i++) {
                size_t first = statements.count;

                if (strcmp(argv[i], "-n") == 0 && i + 1 < argc) {
                        mutations = strtoul(argv[++i], NULL, 10);
                        continue;
                }
                if (strcmp(argv[i], "-s") == 0 && i + 1 < argc) {
                        random_state = strtoul(argv[++i], NULL, 10) * UINT64_C(0x9E3779B97F4A7C15) | 1;
                        continue;
                }
                if (strcmp(argv[i], "-v") == 0) {
                        verbose = true;
                        continue;
                }
                add_file(argv[i]);
                for (; first < statements.count; first++) {
                        snprintf(text, sizeof(text), "%.*s", SV_ARG(statements.items[first]));
                        compare(text);
                }
                report(base_name(argv[i]));
        }
        if (statements.count == 0) {
                fprintf(stderr, "usage: %s [-n MUTATIONS] [-s SEED] [-v] FILE...\n", argv[0]);
                return 2;
        }
        for (unsigned long i = 0; i < mutations; i++) {
                mix(text, sizeof(text));
                compare(text);
        }
        if (mutations > 0)
                report("mixtures of all these");
        return failed;
}
