#include "cluster/catalog.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/memory.h"

#include <stdlib.h>

enum { NAME_MAX_BYTES = 63, FIRST_ROOM = 64 };

struct catalog *catalog_new(enum catalog_state state)
{
        static _Atomic uint64_t last_id;
        struct catalog *catalog = xcalloc(1, sizeof(*catalog));

        atomic_init(&catalog->refs, 1);
        catalog->id = atomic_fetch_add(&last_id, 1) + 1;
        catalog->state = state;
        return catalog;
}

/* Names come from people who may define objects there anyhow: nothing to defend. */
static uint32_t hash_name(struct sv schema, struct sv name)
{
        uint64_t hash = hash_bytes(0, name);

        return (uint32_t)(schema.n == 0 ? hash : hash_bytes(hash, schema));
}

static bool is_name(const struct catalog *catalog, const struct catalog_name *entry, struct sv schema,
                    struct sv name)
{
        const char *at = catalog->text + entry->at;

        return sv_eq(sv_from(at, entry->schema_size), schema) &&
               sv_eq(sv_from(at + entry->schema_size, entry->size), name);
}

static struct catalog_name *find(const struct catalog *catalog, const struct catalog_table *table,
                                 struct sv schema, struct sv name)
{
        uint32_t hash;

        if (table->count == 0)
                return NULL;
        hash = hash_name(schema, name);
        for (uint32_t slot = hash & table->mask; table->slots[slot] != 0; slot = (slot + 1) & table->mask) {
                struct catalog_name *entry = &table->names[table->slots[slot] - 1];

                if (entry->hash == hash && is_name(catalog, entry, schema, name))
                        return entry;
        }
        return NULL;
}

static void link_slot(struct catalog_table *table, uint32_t index)
{
        uint32_t slot = table->names[index].hash & table->mask;

        while (table->slots[slot] != 0)
                slot = (slot + 1) & table->mask;
        table->slots[slot] = index + 1;
}

/* `room` is a power of two. Four slots for each name, so that one that is not there is found missing at once.
 */
static void make_room(struct catalog_table *table, uint32_t room)
{
        table->room = room;
        table->names = xrealloc(table->names, room * sizeof(*table->names));
        free(table->slots);
        table->slots = xcalloc(4UL * room, sizeof(*table->slots));
        table->mask = 4 * room - 1;
        for (uint32_t i = 0; i < table->count; i++)
                link_slot(table, i);
}

void catalog_reserve(struct catalog *catalog, enum catalog_kind kind, uint32_t count)
{
        struct catalog_table *table = &catalog->tables[kind];
        uint32_t room = table->room == 0 ? FIRST_ROOM : table->room;

        while (room < count)
                room *= 2;
        if (room > table->room)
                make_room(table, room);
}

static uint32_t keep_text(struct catalog *catalog, struct sv schema, struct sv name)
{
        size_t at = catalog->text_size;

        if (at + schema.n + name.n > catalog->text_room) {
                catalog->text_room = 2 * catalog->text_room + 4096;
                catalog->text = xrealloc(catalog->text, catalog->text_room);
        }
        if (schema.n > 0)
                memcpy(catalog->text + at, schema.p, schema.n);
        if (name.n > 0)
                memcpy(catalog->text + at + schema.n, name.p, name.n);
        catalog->text_size += schema.n + name.n;
        CHECK(at < UINT32_MAX);
        return (uint32_t)at;
}

uint8_t *catalog_put(struct catalog *catalog, enum catalog_kind kind, struct sv schema, struct sv name)
{
        struct catalog_table *table = &catalog->tables[kind];
        struct catalog_name *entry = find(catalog, table, schema, name);

        CHECK(schema.n <= NAME_MAX_BYTES && name.n <= NAME_MAX_BYTES);
        if (entry != NULL)
                return &entry->meaning;
        if (table->count == table->room)
                catalog_reserve(catalog, kind, table->room + 1);
        entry = &table->names[table->count];
        *entry = (struct catalog_name){
            .at = keep_text(catalog, schema, name),
            .hash = hash_name(schema, name),
            .schema_size = (uint8_t)schema.n,
            .size = (uint8_t)name.n,
        };
        if (name.n > 0)
                table->lengths[*name.p & 31] |= (uint16_t)(1u << name.n % 16);
        link_slot(table, table->count++);
        return &entry->meaning;
}

uint8_t catalog_find(const struct catalog *catalog, enum catalog_kind kind, struct sv schema, struct sv name)
{
        const struct catalog_name *entry = find(catalog, &catalog->tables[kind], schema, name);

        return entry == NULL ? 0 : entry->meaning;
}

struct catalog *catalog_ref(struct catalog *catalog)
{
        atomic_fetch_add_explicit(&catalog->refs, 1, memory_order_relaxed);
        return catalog;
}

void catalog_unref(struct catalog *catalog)
{
        int before;

        if (catalog == NULL)
                return;
        before = atomic_fetch_sub_explicit(&catalog->refs, 1, memory_order_acq_rel);
        CHECK(before > 0);
        if (before > 1)
                return;
        for (int kind = 0; kind < CATALOG_KINDS; kind++) {
                free(catalog->tables[kind].names);
                free(catalog->tables[kind].slots);
        }
        free(catalog->text);
        free(catalog);
}

const char *catalog_state_name(enum catalog_state state)
{
        static const char *const names[] = {
            [CATALOG_WAITING] = "waiting", [CATALOG_ABSENT] = "absent", [CATALOG_LOADED] = "loaded"};

        return names[state];
}
