#include "session/savepoints.h"

#include "base/check.h"
#include "base/memory.h"
#include "wire/writer.h"

#include <stdlib.h>
#include <string.h>

static bool is_same(const struct savepoint *level, struct sv name, const struct settings *client,
                    const struct settings *server)
{
        return sv_is(name, level->name) && level->client == client && level->server == server;
}

void savepoints_define(struct savepoints *all, struct sv name, struct settings *client,
                       struct settings *server)
{
        struct savepoint *level = all->count > 0 ? &all->levels[all->count - 1] : NULL;

        if (level != NULL && is_same(level, name, client, server)) {
                level->times++;
                return;
        }
        if (name.n == 0 || name.n >= sizeof(level->name) || all->count == SAVEPOINTS_MAX) {
                all->lost = true;
                return;
        }
        if (all->count == all->cap) {
                all->cap = all->cap == 0 ? 4 : all->cap * 2;
                all->levels = xrealloc(all->levels, all->cap * sizeof(*all->levels));
        }
        CHECK(all->levels != NULL);
        level = &all->levels[all->count++];
        *level =
            (struct savepoint){.times = 1, .client = settings_ref(client), .server = settings_ref(server)};
        memcpy(level->name, name.p, name.n);
}

static void drop_newest(struct savepoints *all, struct settings_table *table)
{
        struct savepoint *level = &all->levels[--all->count];

        settings_unref(table, level->client);
        settings_unref(table, level->server);
}

/* Drops what is above the newest level of that name. NULL, and drops nothing: there is none. */
static struct savepoint *go_down_to(struct savepoints *all, struct settings_table *table, struct sv name)
{
        unsigned n = all->count;

        while (n > 0 && !sv_is(name, all->levels[n - 1].name))
                n--;
        if (n == 0 || name.n == 0)
                return NULL;
        while (all->count > n)
                drop_newest(all, table);
        return &all->levels[n - 1];
}

bool savepoints_release(struct savepoints *all, struct settings_table *table, struct sv name)
{
        struct savepoint *level = go_down_to(all, table, name);

        if (level != NULL && --level->times == 0)
                drop_newest(all, table);
        return level != NULL;
}

const struct savepoint *savepoints_rollback_to(struct savepoints *all, struct settings_table *table,
                                               struct sv name)
{
        return go_down_to(all, table, name);
}

void savepoints_clear(struct savepoints *all, struct settings_table *table)
{
        while (all->count > 0)
                drop_newest(all, table);
        free(all->levels);
        *all = (struct savepoints){0};
}

static void put_settings(struct writer *w, const struct settings *set)
{
        struct sv blob = settings_blob(set);

        put_i32(w, (uint32_t)blob.n);
        put_raw(w, blob.p, blob.n);
}

enum status savepoints_save(const struct savepoints *all, struct buf *out, size_t limit)
{
        struct writer w = writer_to(out, limit);

        if (all->count == 0 && !all->lost)
                return STATUS_OK;
        put_byte(&w, all->lost);
        for (unsigned i = 0; i < all->count; i++) {
                const struct savepoint *level = &all->levels[i];

                put_cstr(&w, level->name);
                put_i32(&w, level->times);
                put_settings(&w, level->client);
                put_settings(&w, level->server);
        }
        return w.failed ? STATUS_LIMIT : STATUS_OK;
}

static struct settings *take_settings(struct reader *r, struct settings_table *table)
{
        uint32_t size = take_u32(r);
        struct settings *set;

        if (r->failed || size > r->n) {
                r->failed = true;
                return NULL;
        }
        set = settings_from_blob(table, sv_from(r->p, size));
        r->p += size;
        r->n -= size;
        return set;
}

bool savepoints_load(struct savepoints *all, struct settings_table *table, struct sv saved)
{
        struct reader r = {(const uint8_t *)saved.p, saved.n, false};
        bool lost = saved.n > 0 && take_u8(&r) != 0;

        while (r.n > 0) {
                struct sv name = take_cstr(&r);
                uint32_t times = take_u32(&r);
                struct settings *client = take_settings(&r, table), *server = take_settings(&r, table);

                if (!r.failed) {
                        savepoints_define(all, name, client, server);
                        if (all->count > 0)
                                all->levels[all->count - 1].times = times;
                }
                settings_unref(table, client);
                settings_unref(table, server);
                if (r.failed)
                        return false;
        }
        all->lost = all->lost || lost;
        return true;
}
