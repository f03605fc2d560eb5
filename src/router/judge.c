#include "router/judge.h"

#include "base/check.h"
#include "base/memory.h"
#include "router/things.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { STEP_THINGS = 256 };

/* An operator, or a cast between two built-in types: what becomes of them is known when all else is. */
struct pending {
        uint32_t function;
        uint32_t left,
            right; /* types: an operator's operands, 0 where there is none; a cast's source, target */
        uint32_t schema, name; /* of an operator: the index of a thing that has its name */
        bool cast;
};

struct judge {
        struct things things;
        struct pending *pending;
        uint32_t pending_count, pending_room;
        struct catalog *catalog;
        uint32_t next; /* thing to look at next, in this stage */
        enum stage { STAGE_UNDEFINED, STAGE_SPREAD, STAGE_NAMES, STAGE_PENDING, STAGE_DONE } stage;
};

static void *begin(void)
{
        struct judge *judge = xcalloc(1, sizeof(*judge));

        things_init(&judge->things);
        judge->catalog = catalog_new(CATALOG_LOADED);
        return judge;
}

static void drop(void *making)
{
        struct judge *judge = making;

        if (judge == NULL)
                return;
        things_fini(&judge->things);
        free(judge->pending);
        catalog_unref(judge->catalog);
        free(judge);
}

static uint32_t oid_of(const char *text)
{
        return (uint32_t)strtoul(text, NULL, 10);
}

/* ---- what is known of one thing by itself ---- */

/* What the overlay says about a name. */
static enum known overlay_of(bool built_in, struct sv name)
{
        if (built_in && name.n > 4 && memcmp(name.p, "_pg_", 4) == 0)
                return known_function(SV("information_schema"), name);
        return known_function(SV("pg_catalog"), name);
}

/* Volatile functions of PostgreSQL's extensions that are as harmless as random(): that the name is an
 * extension's own, and not somebody else's, is known here. */
static bool is_harmless(const char *extension, struct sv name)
{
        static const struct {
                const char *extension, *name;
        } harmless[] = {
#define EXTENSION_FUNCTION(extension, name) {extension, #name},
#include "router/extensions.def"
#undef EXTENSION_FUNCTION
        };

        for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
                if (sv_is(name, harmless[i].name) && strcmp(extension, harmless[i].extension) == 0)
                        return true;
        return false;
}

static enum known judge_function(uint32_t oid, struct sv name, bool is_volatile, const char *extension)
{
        bool built_in = oid < FIRST_USER_OID;
        enum known overlay = overlay_of(built_in, name);

        if (overlay == KNOWN_CURRENT_SETTING)
                return KNOWN_READ; /* inside an expression nobody asks it what the node is */
        if (overlay != KNOWN_NOT && (built_in || overlay != KNOWN_READ))
                return overlay;
        return is_volatile && !is_harmless(extension, name) ? KNOWN_WRITE : KNOWN_READ;
}

static enum known judge_relation(struct sv name, char kind, char persistence)
{
        enum known known = known_relation(name);

        if (kind == 'f' || kind == 'S' || persistence == 'u')
                return KNOWN_UNREADABLE;
        return known == KNOWN_NOT ? KNOWN_READ : known;
}

/* ---- rows ---- */

static void on_function(struct judge *judge, const char *const columns[])
{
        struct things *things = &judge->things;
        uint32_t oid = oid_of(columns[0]), index = things_index(things, 'f', oid);
        struct sv name = sv_cstr(columns[2]);

        things_define(things, index, oid_of(columns[1]), name);
        things->list[index].field = *columns[4] == 't';
        things_raise(things, index, judge_function(oid, name, *columns[3] == 't', columns[5]));
        judge->catalog->functions++;
}

static void on_relation(struct judge *judge, const char *const columns[])
{
        struct things *things = &judge->things;
        uint32_t index = things_index(things, 'r', oid_of(columns[0]));
        struct sv name = sv_cstr(columns[2]);

        things_define(things, index, oid_of(columns[1]), name);
        things_raise(things, index, judge_relation(name, *columns[3], *columns[4]));
        judge->catalog->relations++;
}

static void add_pending(struct judge *judge, struct pending pending)
{
        if (judge->pending_count == judge->pending_room) {
                judge->pending_room = 2 * judge->pending_room + 64;
                judge->pending = xrealloc(judge->pending, judge->pending_room * sizeof(pending));
        }
        judge->pending[judge->pending_count++] = pending;
}

/* A user's type is as grave as a function that serves it. */
static void serves(struct judge *judge, uint32_t type, uint32_t function)
{
        if (type >= FIRST_USER_OID)
                things_use(&judge->things, things_index(&judge->things, 't', type),
                           things_index(&judge->things, 'f', function));
}

static void on_operator(struct judge *judge, const char *const columns[])
{
        struct things *things = &judge->things;
        uint32_t index = things_index(things, 'o', oid_of(columns[0]));
        struct pending pending = {.function = oid_of(columns[3]),
                                  .left = oid_of(columns[4]),
                                  .right = oid_of(columns[5]),
                                  .schema = oid_of(columns[1]),
                                  .name = index};

        things_define(things, index, pending.schema, sv_cstr(columns[2]));
        things_use(things, index, things_index(things, 'f', pending.function));
        serves(judge, pending.left, pending.function);
        serves(judge, pending.right, pending.function);
        add_pending(judge, pending);
}

static void on_cast(struct judge *judge, const char *const columns[])
{
        struct pending pending = {.left = oid_of(columns[0]),
                                  .right = oid_of(columns[1]),
                                  .function = oid_of(columns[2]),
                                  .cast = true};

        serves(judge, pending.left, pending.function);
        serves(judge, pending.right, pending.function);
        add_pending(judge, pending);
}

struct tree_owner {
        struct things *things;
        uint32_t index;
};

static void on_tree_found(void *arg, char class, uint32_t oid)
{
        struct tree_owner *owner = arg;
        uint32_t used;

        if (oid < FIRST_USER_OID && class != 'f' && class != 'r')
                return; /* built-in types and operators are what their functions are */
        used = things_index(owner->things, class, oid);
        if (used != owner->index)
                things_use(owner->things, owner->index, used);
}

static void on_tree_alarm(void *arg)
{
        struct tree_owner *owner = arg;

        things_raise(owner->things, owner->index, KNOWN_WRITE);
}

static void on_tree(struct judge *judge, const char *const columns[])
{
        struct tree_owner owner = {&judge->things,
                                   things_index(&judge->things, *columns[0], oid_of(columns[1]))};
        struct tree_finds finds = {on_tree_found, on_tree_alarm, &owner};

        judge_read_tree(columns[2], &finds);
}

static void row(void *making, enum catalog_row kind, const char *const columns[])
{
        struct judge *judge = making;
        struct things *things = &judge->things;

        switch (kind) {
        case ROW_SCHEMA:
                things_define(things, things_index(things, 's', oid_of(columns[0])), 0, sv_cstr(columns[1]));
                return;
        case ROW_TYPE:
                things_define(things, things_index(things, 't', oid_of(columns[0])), 0, sv_cstr(columns[1]));
                return;
        case ROW_FUNCTION: on_function(judge, columns); return;
        case ROW_RELATION: on_relation(judge, columns); return;
        case ROW_OPERATOR: on_operator(judge, columns); return;
        case ROW_CAST: on_cast(judge, columns); return;
        case ROW_USE:
                things_use(things, things_index(things, *columns[0], oid_of(columns[1])),
                           things_index(things, *columns[2], oid_of(columns[3])));
                return;
        case ROW_TREE: on_tree(judge, columns); return;
        case ROW_BODY:
                judge_read_body(things, things_index(things, 'f', oid_of(columns[0])), sv_cstr(columns[1]));
                return;
        case ROW_KINDS: return;
        }
}

/* ---- what becomes of it ---- */

/* What a view uses and no row has told of: somebody's temporary relation, a function that is gone. */
static void doubt_undefined(struct judge *judge, uint32_t index)
{
        const struct thing *thing = &judge->things.list[index];

        if (!thing->defined && (thing->class == 'f' || thing->class == 'r'))
                things_raise(&judge->things, index, KNOWN_WRITE);
}

static void put(struct judge *judge, enum catalog_kind kind, struct sv schema, const struct thing *thing)
{
        uint8_t *meaning = catalog_put(judge->catalog, kind, schema, things_name(&judge->things, thing));

        *meaning = (uint8_t)known_graver((enum known) * meaning, (enum known)thing->known);
}

static void put_type(struct judge *judge, const struct thing *thing)
{
        uint32_t oid = htonl(thing->oid);

        put(judge, CATALOG_TYPE, SV(""), thing);
        *catalog_put(judge->catalog, CATALOG_TYPE_OID, SV(""), sv_from(&oid, CATALOG_OID_BYTES)) =
            thing->known;
}

static struct sv schema_of(const struct judge *judge, const struct thing *thing)
{
        const struct thing *schema = things_find(&judge->things, 's', thing->schema);

        return schema == NULL || !schema->defined ? SV("") : things_name(&judge->things, schema);
}

static void put_everywhere(struct judge *judge, enum catalog_kind kind, const struct thing *thing)
{
        struct sv schema = schema_of(judge, thing);

        put(judge, kind, SV(""), thing);
        if (schema.n > 0)
                put(judge, kind, schema, thing);
}

static void name_thing(struct judge *judge, uint32_t index)
{
        const struct thing *thing = &judge->things.list[index];
        bool grave = thing->known != KNOWN_READ;

        if (!thing->defined)
                return;
        switch (thing->class) {
        case 'f':
                put_everywhere(judge, CATALOG_FUNCTION, thing);
                if (grave && thing->field)
                        put(judge, CATALOG_FIELD, SV(""), thing);
                return;
        case 'r': put_everywhere(judge, CATALOG_RELATION, thing); return;
        case 'o': put_everywhere(judge, CATALOG_OPERATOR, thing); return;
        case 't':
                if (grave)
                        put_type(judge, thing);
                return;
        default: return;
        }
}

/* A grave operator or cast of built-in types alone, which nothing gives away: an operator under a built-in
 * name, or a cast, may be at work in any statement. */
static void settle_pending(struct judge *judge, const struct pending *pending)
{
        const struct things *things = &judge->things;
        const struct thing *function = things_find(things, 'f', pending->function);

        if (function == NULL || function->known == KNOWN_READ || pending->left >= FIRST_USER_OID ||
            pending->right >= FIRST_USER_OID)
                return;
        if (pending->cast || known_operator(things_name(things, &things->list[pending->name])))
                judge->catalog->meaning = KNOWN_WRITE;
}

/* Each name is put once with its schema and once without. */
static void make_room(struct catalog *catalog)
{
        catalog_reserve(catalog, CATALOG_FUNCTION, 2 * catalog->functions);
        catalog_reserve(catalog, CATALOG_RELATION, 2 * catalog->relations);
}

static bool step(void *making)
{
        struct judge *judge = making;
        struct things *things = &judge->things;
        uint32_t until =
            judge->next + STEP_THINGS < things->count ? judge->next + STEP_THINGS : things->count;

        switch (judge->stage) {
        case STAGE_UNDEFINED:
                for (; judge->next < until; judge->next++)
                        doubt_undefined(judge, judge->next);
                break;
        case STAGE_SPREAD:
                if (things_spread(things, STEP_THINGS))
                        return true;
                judge->next = things->count;
                break;
        case STAGE_NAMES:
                for (; judge->next < until; judge->next++)
                        name_thing(judge, judge->next);
                break;
        case STAGE_PENDING:
                for (uint32_t i = 0; i < judge->pending_count; i++)
                        settle_pending(judge, &judge->pending[i]);
                judge->next = things->count;
                break;
        case STAGE_DONE: return false;
        }
        if (judge->next == things->count) {
                judge->stage++;
                judge->next = 0;
                if (judge->stage == STAGE_NAMES)
                        make_room(judge->catalog);
        }
        return judge->stage != STAGE_DONE;
}

static struct catalog *finish(void *making)
{
        struct judge *judge = making;
        struct catalog *catalog;

        while (step(judge))
                ;
        catalog = catalog_ref(judge->catalog);
        drop(judge);
        return catalog;
}

const struct catalog_maker judge_maker = {begin, row, step, finish, drop};
