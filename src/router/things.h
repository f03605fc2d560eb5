/* things: the functions, relations, types and operators of a database, and which of them uses which: what is
 * known of one holds for all that use it, through however many others. The room's own: judge.h is for others.
 */
#pragma once

#include "router/known.h"

enum { FIRST_USER_OID = 16384 /* below it is what initdb makes */ };

struct thing {
        uint32_t oid;
        char class;    /* 'f', 'r', 't', 'o'; 's' a schema */
        uint8_t known; /* enum known; KNOWN_READ at first */
        bool defined;  /* its row has come */
        bool queued;   /* what is known of it is still to be told to its users */
        bool field;    /* of a function: can be called as a column */
        uint8_t name_size;
        uint32_t name_at;  /* in things.text */
        uint32_t schema;   /* oid; 0: none */
        uint32_t users;    /* first of things.uses, + 1 */
        uint32_t namesake; /* the next one of this class and name, + 1 */
};

struct use {
        uint32_t user, next; /* index into things; next of things.uses, + 1 */
};

struct things {
        struct thing *list;
        struct use *uses;
        uint32_t *slots; /* index + 1, 0 where empty */
        uint32_t *names; /* the same, by class and name: the last defined of all namesakes */
        uint32_t *queue;
        char *text;
        uint32_t count, room, mask, use_count, use_room, queue_count, queue_room;
        uint32_t text_size, text_room;
};

void things_init(struct things *things);
void things_fini(struct things *things);

/* The index of a thing, made when it is new. */
uint32_t things_index(struct things *things, char class, uint32_t oid);

/* NULL when there is none. Good until the next thing is made. */
const struct thing *things_find(const struct things *things, char class, uint32_t oid);

/* Gives it its name, cut to what PostgreSQL's names can be, and schema. */
void things_define(struct things *things, uint32_t index, uint32_t schema, struct sv name);
struct sv things_name(const struct things *things, const struct thing *thing);

/* The first of the functions ('f') or relations ('r') of users that have the name, + 1; 0: there is none. The
 * others follow as `namesake`. */
uint32_t things_first(const struct things *things, char class, struct sv name);

void things_use(struct things *things, uint32_t user, uint32_t used);

/* At least this is known of it. */
void things_raise(struct things *things, uint32_t index, enum known known);

/* Tells users what is known of what they use, as many as `limit`; false: there was nobody left to tell. Once
 * it has returned false, things_use and things_raise begin it anew. */
bool things_spread(struct things *things, unsigned limit);
