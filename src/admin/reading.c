#include "admin/reading.h"

#include "admin/inner.h"
#include "admin/scene.h"
#include "base/check.h"
#include "base/memory.h"

#include <stdlib.h>

struct reading *reading_new(void *arg)
{
        struct reading *r = xcalloc(1, sizeof(*r));

        r->arg = arg;
        return r;
}

void reading_want(struct reading *r, const struct show *show)
{
        for (int i = 0; i < r->count; i++)
                if (r->shows[i] == show)
                        return;
        CHECK(r->count < READING_TABLES_MAX);
        r->shows[r->count++] = show;
}

const struct table *reading_table(const struct reading *r, const char *name)
{
        for (int i = 0; i < r->count; i++)
                if (strcmp(r->shows[i]->name, name) == 0)
                        return &r->tables[i];
        return NULL;
}

void reading_free(struct reading *r)
{
        for (int i = 0; i < r->count; i++)
                table_fini(&r->tables[i]);
        conf_unref(r->conf);
        free(r);
}

static void send_back(struct reading *r)
{
        struct mailbox *home = r->home;

        r->letter.open = r->done;
        mailbox_post(home, &r->letter);
}

static void fill(struct reading *r, const struct census *census)
{
        struct scene scene;

        scene_make(&scene, r->admin, census);
        r->conf = conf_ref(r->admin->ops->conf(r->admin->arg));
        for (int i = 0; i < r->count; i++)
                show_fill(r->shows[i], &r->tables[i], &scene);
        scene_end(&scene);
}

static void on_census(struct letter *letter, void *owner)
{
        struct census *census = (struct census *)(void *)letter;
        struct reading *r = census->arg;
        struct admin *a = r->admin;

        (void)owner;
        if (!a->closed)
                fill(r, census);
        a->workers->census_free(census);
        send_back(r);
        admin_unref(a);
}

static void on_wish(struct letter *letter, void *owner)
{
        struct reading *r = (struct reading *)(void *)letter;
        struct admin *a = r->admin;
        unsigned parts = 0;

        (void)owner;
        if (a->closed) {
                send_back(r);
                admin_unref(a);
                return;
        }
        for (int i = 0; i < r->count; i++)
                parts |= r->shows[i]->parts;
        (void)a->workers->census(a->crowd, parts, &a->loop->mailbox, r, on_census);
}

void admin_read(struct admin *admin, struct reading *r, struct mailbox *home,
                void (*done)(struct letter *letter, void *owner))
{
        r->admin = admin_ref(admin);
        r->home = home;
        r->done = done;
        r->letter.open = on_wish;
        mailbox_post(&admin->loop->mailbox, &r->letter);
}
