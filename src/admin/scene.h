/* scene: what the tables of the console are made from: the configuration, the census of the workers, the
 * averages, and what the console knows about itself. A view for the time of one answer. */
#pragma once

#include "admin/averages.h"
#include "admin/paused.h"
#include "conf/conf.h"
#include "session/census.h"

struct admin;
struct latency_history;

struct scene {
        const struct conf *conf;
        const struct census *census; /* with the parts that the table asks for; NULL when it asks for none */
        const struct averages *averages;
        const struct latency_history *latency;
        const struct paused *paused;
        const struct counters *own;     /* of the console itself */
        struct census_socket *consoles; /* its clients; the scene's own */
        size_t console_count;
        int64_t now_us;
};

/* Of now. `census` may be NULL, and outlives it. */
void scene_make(struct scene *scene, struct admin *admin, const struct census *census);
void scene_end(struct scene *scene);
