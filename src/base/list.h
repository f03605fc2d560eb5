/* list: doubly linked, intrusive, circular with a head. A node that is in no list points to itself, so
 * list_unlink may be called twice, and list_linked answers whether it is in one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
        struct list *prev, *next;
};

#define list_item(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void list_init(struct list *l)
{
        l->prev = l->next = l;
}

static inline bool list_empty(const struct list *l)
{
        return l->next == l;
}

static inline bool list_linked(const struct list *node)
{
        return node->next != node;
}

static inline void list_insert_between(struct list *node, struct list *prev, struct list *next)
{
        node->prev = prev;
        node->next = next;
        prev->next = node;
        next->prev = node;
}

static inline void list_append(struct list *head, struct list *node)
{
        list_insert_between(node, head->prev, head);
}

static inline void list_prepend(struct list *head, struct list *node)
{
        list_insert_between(node, head, head->next);
}

static inline void list_unlink(struct list *node)
{
        node->prev->next = node->next;
        node->next->prev = node->prev;
        list_init(node);
}

/* First or last node, NULL when the list is empty. */
static inline struct list *list_first(const struct list *l)
{
        return l->next == l ? NULL : l->next;
}

static inline struct list *list_last(const struct list *l)
{
        return l->prev == l ? NULL : l->prev;
}

/* Takes and returns the first node, NULL when the list is empty. */
static inline struct list *list_shift(struct list *l)
{
        struct list *first = list_first(l);

        if (first != NULL)
                list_unlink(first);
        return first;
}

#define list_for_each(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)

/* The body may unlink `it`, but no other node. */
#define list_for_each_safe(it, head)                                                                         \
        for (struct list *it = (head)->next, *it##_next = it->next; it != (head);                            \
             it = it##_next, it##_next = it->next)
