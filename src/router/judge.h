/* judge: from rows of the system catalogs to what each name of the database means for routing. Pure.
 *
 * A function is what overlay.def decides, if it is built in, else a write when it is volatile. Whatever uses
 * something grave is as grave: an aggregate its support functions; a function its arguments' defaults and
 * types, and what its text names; a view, a policy, a domain's checks whatever is in their expressions; a
 * view that locks rows is a write; a table its policies, its partitions, its columns' types; a type the
 * functions behind its checks, casts, operators, operator classes, input and output. Unlogged and foreign
 * tables are KNOWN_UNREADABLE, and so are sequences, of which WAL tells standbys what comes up to 32 values
 * later. */
#pragma once

#include "cluster/catalog_maker.h"

extern const struct catalog_maker judge_maker;

/* What `tree` (pg_node_tree in text form) uses: calls found(arg, class, oid) for each of it, which may be
 * more than once, and alarm(arg) when it locks rows or counts a sequence on. */
struct tree_finds {
        void (*found)(void *arg, char class, uint32_t oid);
        void (*alarm)(void *arg);
        void *arg;
};
void judge_read_tree(const char *tree, const struct tree_finds *finds);

/* What the function `owner` of `things` names in its text: what it calls, what it reads. Those it may mean
 * have been defined before. */
struct things;
void judge_read_body(struct things *things, uint32_t owner, struct sv text);
