#include "router/things.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/memory.h"

#include <stdlib.h>

enum { FIRST_ROOM = 16384, NAME_SIZE_MAX = 63 };

void things_init(struct things *things)
{
        *things = (struct things){.room = FIRST_ROOM, .mask = 2 * FIRST_ROOM - 1};
        things->list = xmalloc(FIRST_ROOM * sizeof(*things->list));
        things->slots = xcalloc(2UL * FIRST_ROOM, sizeof(*things->slots));
        things->names = xcalloc(2UL * FIRST_ROOM, sizeof(*things->names));
}

void things_fini(struct things *things)
{
        free(things->list);
        free(things->uses);
        free(things->slots);
        free(things->names);
        free(things->queue);
        free(things->text);
}

static uint32_t first_slot(const struct things *things, char class, uint32_t oid)
{
        uint64_t mixed = ((uint64_t)(unsigned char)class << 32 | oid) * UINT64_C(0x9E3779B97F4A7C15);

        return (uint32_t)(mixed >> 32) & things->mask;
}

/* The slot of the thing, or the empty one where it belongs. */
static uint32_t slot_of(const struct things *things, char class, uint32_t oid)
{
        uint32_t slot = first_slot(things, class, oid);

        while (things->slots[slot] != 0) {
                const struct thing *thing = &things->list[things->slots[slot] - 1];

                if (thing->oid == oid && thing->class == class)
                        break;
                slot = (slot + 1) & things->mask;
        }
        return slot;
}

/* The slot of those of class and name, or the empty one where they belong. */
static uint32_t slot_of_name(const struct things *things, char class, struct sv name)
{
        uint32_t slot = (uint32_t)hash_bytes((uint64_t)(unsigned char)class, name) & things->mask;

        while (things->names[slot] != 0) {
                const struct thing *thing = &things->list[things->names[slot] - 1];

                if (thing->class == class && sv_eq(things_name(things, thing), name))
                        break;
                slot = (slot + 1) & things->mask;
        }
        return slot;
}

static void link_name(struct things *things, uint32_t index)
{
        struct thing *thing = &things->list[index];
        uint32_t slot = slot_of_name(things, thing->class, things_name(things, thing));

        thing->namesake = things->names[slot];
        things->names[slot] = index + 1;
}

static bool is_findable(const struct thing *thing)
{
        return thing->defined && thing->oid >= FIRST_USER_OID && (thing->class == 'f' || thing->class == 'r');
}

uint32_t things_first(const struct things *things, char class, struct sv name)
{
        return things->names[slot_of_name(things, class, name)];
}

static void grow(struct things *things)
{
        things->room *= 2;
        things->mask = 2 * things->room - 1;
        things->list = xrealloc(things->list, things->room * sizeof(*things->list));
        free(things->slots);
        free(things->names);
        things->slots = xcalloc(2UL * things->room, sizeof(*things->slots));
        things->names = xcalloc(2UL * things->room, sizeof(*things->names));
        for (uint32_t i = 0; i < things->count; i++) {
                things->slots[slot_of(things, things->list[i].class, things->list[i].oid)] = i + 1;
                if (is_findable(&things->list[i]))
                        link_name(things, i);
        }
}

uint32_t things_index(struct things *things, char class, uint32_t oid)
{
        uint32_t slot = slot_of(things, class, oid);

        if (things->slots[slot] != 0)
                return things->slots[slot] - 1;
        if (things->count == things->room) {
                grow(things);
                slot = slot_of(things, class, oid);
        }
        things->list[things->count] = (struct thing){.oid = oid, .class = class, .known = KNOWN_READ};
        things->slots[slot] = ++things->count;
        return things->count - 1;
}

const struct thing *things_find(const struct things *things, char class, uint32_t oid)
{
        uint32_t slot = slot_of(things, class, oid);

        return things->slots[slot] == 0 ? NULL : &things->list[things->slots[slot] - 1];
}

void things_define(struct things *things, uint32_t index, uint32_t schema, struct sv name)
{
        struct thing *thing = &things->list[index];
        bool again = thing->defined;

        if (name.n > NAME_SIZE_MAX)
                name.n = NAME_SIZE_MAX;
        if (things->text_size + name.n > things->text_room) {
                things->text_room = 2 * things->text_room + 65536;
                things->text = xrealloc(things->text, things->text_room);
        }
        memcpy(things->text + things->text_size, name.p, name.n);
        thing->name_at = things->text_size;
        thing->name_size = (uint8_t)name.n;
        thing->schema = schema;
        thing->defined = true;
        things->text_size += (uint32_t)name.n;
        if (!again && is_findable(thing))
                link_name(things, index);
}

struct sv things_name(const struct things *things, const struct thing *thing)
{
        return sv_from(things->text + thing->name_at, thing->name_size);
}

static void enqueue(struct things *things, uint32_t index)
{
        if (things->list[index].queued)
                return;
        if (things->queue_count == things->queue_room) {
                things->queue_room = 2 * things->queue_room + FIRST_ROOM;
                things->queue = xrealloc(things->queue, things->queue_room * sizeof(*things->queue));
        }
        things->list[index].queued = true;
        things->queue[things->queue_count++] = index;
}

void things_use(struct things *things, uint32_t user, uint32_t used)
{
        if (things->use_count == things->use_room) {
                things->use_room = 2 * things->use_room + FIRST_ROOM;
                things->uses = xrealloc(things->uses, things->use_room * sizeof(*things->uses));
        }
        things->uses[things->use_count] = (struct use){user, things->list[used].users};
        things->list[used].users = ++things->use_count;
        if (things->list[used].known != KNOWN_READ)
                enqueue(things, used);
}

void things_raise(struct things *things, uint32_t index, enum known known)
{
        struct thing *thing = &things->list[index];
        enum known graver = known_graver((enum known)thing->known, known);

        if (graver == (enum known)thing->known)
                return;
        thing->known = (uint8_t)graver;
        enqueue(things, index);
}

/* Things never get less grave, and there are few degrees, so that this ends. */
bool things_spread(struct things *things, unsigned limit)
{
        while (things->queue_count > 0 && limit > 0) {
                uint32_t index = things->queue[--things->queue_count];
                struct thing *thing = &things->list[index];

                thing->queued = false;
                for (uint32_t use = thing->users; use != 0; use = things->uses[use - 1].next) {
                        things_raise(things, things->uses[use - 1].user,
                                     (enum known)things->list[index].known);
                        limit -= limit > 0;
                }
                limit -= limit > 0;
        }
        return things->queue_count > 0;
}
