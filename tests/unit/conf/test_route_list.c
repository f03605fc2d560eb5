#include "conf/route_list.h"
#include "unit.h"

static void items_are_taken_apart(void)
{
        static const struct {
                const char *list, *items; /* f: function, p: pattern, b: a broken one */
        } rows[] = {
            {"", ""},
            {"a, b c", "f:a;f:b;f:c;"},
            {"a,/^select a, b/ , c", "f:a;p:^select a, b;f:c;"},
            {"/a\\/b/,/c/", "p:a\\/b;p:c;"},
            {"/a", "b:a;"},
            {"/a/b", "b:a;f:b;"},
            {"/a\\", "b:a\\;"},
            {"//", "p:;"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const char *rest = rows[i].list;
                struct route_item item;
                char items[128] = "";

                unit_row("\"%s\"", rows[i].list);
                while (route_list_next(&rest, &item)) {
                        strcat(items, !item.is_pattern ? "f:" : item.is_whole ? "p:" : "b:");
                        strncat(items, item.text.p, item.text.n);
                        strcat(items, ";");
                }
                UNIT_ASSERT(strcmp(items, rows[i].items) == 0);
        }
}

static void mistakes_are_told(void)
{
        static const struct {
                const char *list, *says; /* NULL: it is good */
        } rows[] = {
            {"f, s.g", NULL},
            {"/^select .* from audit_/, f, /a|b/", NULL},
            {"/[[:space:]]+(a|b|c|d|e|f|g|h|i|j)[]\\/]x*/", NULL},
            {"/a.{20}/", "is too ambiguous"},
            {"/ab{2}[0-9]{3}/", NULL},
            {"/a.........b/", "is too ambiguous"},
            {"/(a|b)*a(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)/", "is too ambiguous"},
            {"/(a)\\1/", "has a back-reference"},
            {"/a)(b/", "has a ) without its ("},
            {"/a)|b/", "has a ) without its ("},
            {"f, /(a/", "the pattern /(a/ is no regular expression: "},
            {"/[a/", "is no regular expression: "},
            {"/a/b", "the pattern /a needs a / behind it"},
            {"/a, b", "needs a / behind it"},
            {"//", "has 0 bytes"},
            {"/a/ /a/ /a/ /a/ /a/ /a/ /a/ /a/ /a/ /a/ /a/ /a/ /a/ /a/ /a/ /a/ /a/", "is one too many"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char why[512] = "";
                bool good = route_list_check(rows[i].list, why, sizeof(why));

                unit_row("%s: %s", rows[i].list, why);
                UNIT_ASSERT(good == (rows[i].says == NULL));
                UNIT_ASSERT(rows[i].says == NULL || strstr(why, rows[i].says) != NULL);
        }
}

UNIT_SUITE(conf_route_list, UNIT_CASE(items_are_taken_apart), UNIT_CASE(mistakes_are_told))
