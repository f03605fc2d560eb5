/* As far as a search in the JSON text of the parse tree tells. */
#include "judge.h"

#include "router/known.h"

#include <pg_query.h>
#include <stdlib.h>

/* What a JSON string holds, from behind its quote; *end is behind the closing one. Valid until the third next
 * call. */
static struct sv json_string(const char *p, const char **end)
{
        static char spaces[3][256];
        static unsigned turn;
        char *out = spaces[turn++ % 3];
        size_t n = 0;

        for (; *p != '"' && n < sizeof(spaces[0]); p++) {
                if (*p != '\\') {
                        out[n++] = *p;
                } else if (*++p == 'u') {
                        out[n++] = (char)strtol((char[]){p[3], p[4], '\0'}, NULL, 16);
                        p += 4;
                } else {
                        out[n++] = *p;
                }
        }
        *end = p + 1;
        return sv_from(out, n);
}

/* The strings of the list that begins at `p`: [{"String":{"sval":"a"}},...]. Returns how many, at most three.
 */
static int names_at(const char *p, struct sv names[3])
{
        int n = 0;

        for (; n < 3 && strncmp(p, "{\"String\":{\"sval\":\"", 19) == 0; n++) {
                names[n] = json_string(p + 19, &p);
                p += 2;
                if (*p == ',')
                        p++;
        }
        return n;
}

static bool needs_quotes(struct sv name)
{
        for (size_t i = 0; i < name.n; i++)
                if (name.p[i] >= 'A' && name.p[i] <= 'Z')
                        return true;
        return false;
}

/* Whether some call in the tree is not of a harmless built-in function. */
static bool calls_unknown(const char *tree)
{
        static const char key[] = "\"FuncCall\":{\"funcname\":[";

        for (const char *p = tree; (p = strstr(p, key)) != NULL;) {
                struct sv names[3];
                int n = names_at(p += sizeof(key) - 1, names);
                enum known known;

                if (n == 0 || n == 3 || needs_quotes(names[n - 1]))
                        return true;
                known = known_function(n == 2 ? names[0] : SV(""), names[n - 1]);
                if (known != KNOWN_READ && known != KNOWN_CURRENT_SETTING)
                        return true;
        }
        return false;
}

static bool unknown_operator(const char *tree)
{
        static const char key[] = "\"name\":[";

        for (const char *p = tree; (p = strstr(p, key)) != NULL;) {
                struct sv names[3];
                int n = names_at(p += sizeof(key) - 1, names);

                if (n == 1 && strchr("+-*/<>=~!@#%^&|`?", *names[0].p) != NULL && !known_operator(names[0]))
                        return true;
                if (n == 2 && strchr("+-*/<>=~!@#%^&|`?", *names[1].p) != NULL &&
                    (!sv_is(names[0], "pg_catalog") || !known_operator(names[1])))
                        return true;
        }
        return false;
}

/* Whether the tree of some query holds what writes. */
static bool query_writes(const char *tree)
{
        static const char *const writes[] = {
            "\"InsertStmt\":", "\"UpdateStmt\":",    "\"DeleteStmt\":",           "\"MergeStmt\":",
            "\"intoClause\":", "\"lockingClause\":", "\"schemaname\":\"pg_temp\""};

        for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
                if (strstr(tree, writes[i]) != NULL)
                        return true;
        return calls_unknown(tree) || unknown_operator(tree);
}

static bool is_node(const char *tree, const char *name)
{
        size_t n = strlen(name);

        return strncmp(tree, name, n) == 0 && tree[n] == '"';
}

/* What the grammar shows of one statement; `tree` begins with the name of its node. EXPLAIN without ANALYZE
 * runs nothing; with ANALYZE FALSE and the like it counts as a write here, and as no lost read. */
static enum verdict judge_statement(const char *tree)
{
        if (is_node(tree, "VariableShowStmt"))
                return VERDICT_READ;
        if (is_node(tree, "ExplainStmt"))
                return strstr(tree, "\"defname\":\"analyze\"") != NULL ? VERDICT_WRITE : VERDICT_READ;
        if (is_node(tree, "SelectStmt") ||
            (is_node(tree, "CopyStmt") && strstr(tree, "\"is_from\":true") == NULL &&
             strstr(tree, "\"filename\":") == NULL))
                return query_writes(tree) ? VERDICT_WRITE : VERDICT_READ;
        return VERDICT_WRITE;
}

enum verdict oracle_judge(const char *sql)
{
        static const char start[] = "{\"stmt\":{\"";
        PgQueryParseResult result = pg_query_parse(sql);
        enum verdict verdict = VERDICT_NONE;
        char *next = result.error == NULL ? strstr(result.parse_tree, start) : NULL;

        while (next != NULL && verdict != VERDICT_WRITE) {
                char *tree = next + sizeof(start) - 1;

                next = strstr(tree, start);
                if (next != NULL)
                        *next = '\0';
                verdict = judge_statement(tree);
                if (next != NULL)
                        *next = '{';
        }
        pg_query_free_parse_result(result);
        return verdict;
}
