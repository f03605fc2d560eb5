/* The scanner on hostile text: it stays in the text, comes to an end, and takes no write for a read that
 * PostgreSQL's own grammar shows to be one. */
#include "../oracle/judge.h"
#include "input.h"

#include "cluster/catalog.h"
#include "router/classify.h"
#include "router/fingerprint.h"
#include "router/known.h"

#include <stdlib.h>

/* A loaded catalog that has something of every kind. */
static const struct catalog *some_catalog(void)
{
        static struct catalog *catalog;

        if (catalog == NULL) {
                catalog = catalog_new(CATALOG_LOADED);
                *catalog_put(catalog, CATALOG_RELATION, SV(""), SV("t")) = KNOWN_READ;
                *catalog_put(catalog, CATALOG_FUNCTION, SV(""), SV("f")) = KNOWN_WRITE;
                *catalog_put(catalog, CATALOG_OPERATOR, SV(""), SV("@@@@")) = KNOWN_WRITE;
                *catalog_put(catalog, CATALOG_TYPE, SV(""), SV("d")) = KNOWN_WRITE;
                *catalog_put(catalog, CATALOG_FIELD, SV(""), SV("g")) = KNOWN_WRITE;
        }
        return catalog;
}

/* All of the text one by one: each call goes on behind the last one. */
static void one_by_one(struct sv text, const struct classify_rules *rules, unsigned options)
{
        struct facts facts;
        struct sv rest = text;

        while (classify_next(&rest, rules, options, &facts)) {
                CHECK(rest.p + rest.n == text.p + text.n);
                CHECK(facts.statements == 1);
        }
        CHECK(rest.n == 0);
}

static void beside_grammar(struct sv text)
{
        char *sql = calloc(1, text.n + 1);
        struct facts facts;

        CHECK(sql != NULL);
        if (text.n > 0)
                memcpy(sql, text.p, text.n);
        classify(sv_cstr(sql), NULL, 0, &facts);
        CHECK(facts.class != CLASS_READ || oracle_judge(sql) != VERDICT_WRITE);
        free(sql);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct classify_rules rules = {.catalog = some_catalog()};
        struct sv text = sv_from(data, size);
        struct facts facts;
        char shown[200];

        for (unsigned options = 0; options < 4; options++) {
                classify(text, &rules, options, &facts);
                one_by_one(text, NULL, options);
                (void)fingerprint_hash(text, options);
                fingerprint_text(text, options, shown, sizeof(shown));
        }
        beside_grammar(text);
        return 0;
}
