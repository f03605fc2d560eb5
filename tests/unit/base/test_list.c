#include "base/list.h"

#include "unit.h"

#include <string.h>

struct item {
        char name;
        struct list node;
};

/* The names in the list, walked forwards; checks that backwards gives the same. */
static const char *names(const struct list *head)
{
        static char out[16];
        size_t n = 0, back;

        for (const struct list *at = head->next; at != head && n < sizeof(out) - 1; at = at->next)
                out[n++] = list_item(at, const struct item, node)->name;
        out[n] = '\0';
        back = n;
        for (const struct list *at = head->prev; at != head && back > 0; at = at->prev)
                UNIT_ASSERT(list_item(at, const struct item, node)->name == out[--back]);
        UNIT_ASSERT(back == 0);
        return out;
}

static void items_init(struct item *items, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                items[i].name = (char)('a' + (int)i);
                list_init(&items[i].node);
        }
}

static void keeps_order_at_both_ends(void)
{
        struct list head;
        struct item items[4];

        list_init(&head);
        items_init(items, 4);
        UNIT_ASSERT(list_empty(&head) && list_first(&head) == NULL && list_last(&head) == NULL);
        UNIT_ASSERT(list_shift(&head) == NULL);
        list_append(&head, &items[0].node);
        list_append(&head, &items[1].node);
        list_prepend(&head, &items[2].node);
        list_append(&head, &items[3].node);
        UNIT_ASSERT(strcmp(names(&head), "cabd") == 0);
        UNIT_ASSERT(list_first(&head) == &items[2].node && list_last(&head) == &items[3].node);
        UNIT_ASSERT(!list_empty(&head));
}

static void unlinks_any_and_twice(void)
{
        static const struct {
                const char *name;
                int out;
                const char *left;
        } rows[] = {{"first", 0, "bc"}, {"middle", 1, "ac"}, {"last", 2, "ab"}};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct list head;
                struct item items[3];

                unit_row("%s", rows[i].name);
                list_init(&head);
                items_init(items, 3);
                for (int k = 0; k < 3; k++) {
                        UNIT_ASSERT(!list_linked(&items[k].node));
                        list_append(&head, &items[k].node);
                        UNIT_ASSERT(list_linked(&items[k].node));
                }
                list_unlink(&items[rows[i].out].node);
                UNIT_ASSERT(!list_linked(&items[rows[i].out].node));
                list_unlink(&items[rows[i].out].node);
                UNIT_ASSERT(strcmp(names(&head), rows[i].left) == 0);
        }
}

static void shifts_oldest_first(void)
{
        struct list head, *node;
        struct item items[3];
        char seen[4] = {0};

        list_init(&head);
        items_init(items, 3);
        for (int k = 0; k < 3; k++)
                list_append(&head, &items[k].node);
        for (int k = 0; (node = list_shift(&head)) != NULL && k < 3; k++) {
                seen[k] = list_item(node, struct item, node)->name;
                UNIT_ASSERT(!list_linked(node));
        }
        UNIT_ASSERT(strcmp(seen, "abc") == 0 && list_empty(&head));
}

static void walks_while_it_unlinks(void)
{
        struct list head;
        struct item items[4];
        int met = 0;

        list_init(&head);
        items_init(items, 4);
        for (int k = 0; k < 4; k++)
                list_append(&head, &items[k].node);
        list_for_each_safe (node, &head) {
                if (met++ % 2 == 0)
                        list_unlink(node);
        }
        UNIT_ASSERT(met == 4 && strcmp(names(&head), "bd") == 0);
}

UNIT_SUITE(base_list, UNIT_CASE(keeps_order_at_both_ends), UNIT_CASE(unlinks_any_and_twice),
           UNIT_CASE(shifts_oldest_first), UNIT_CASE(walks_while_it_unlinks))
