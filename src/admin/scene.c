#include "admin/scene.h"

#include "admin/inner.h"
#include "base/clock.h"

#include <stdlib.h>

void scene_make(struct scene *scene, struct admin *admin, const struct census *census)
{
        *scene = (struct scene){
            .conf = admin->ops->conf(admin->arg),
            .census = census,
            .averages = &admin->averages,
            .latency = &admin->latency,
            .paused = &admin->paused,
            .own = &admin->own,
            .now_us = clock_us(),
        };
        scene->consoles = admin_consoles(admin, &scene->console_count);
}

void scene_end(struct scene *scene)
{
        free(scene->consoles);
}
