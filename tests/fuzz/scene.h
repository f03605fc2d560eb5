/* scene: the console of the unit tests with a configuration as pgsteer has it. */
#pragma once

#include "admin/bench.h"
#include "conf/files.h"

static inline struct bench *scene_new(void)
{
        static struct conf *conf; /* which is never given back */
        struct bench *b = bench_new(true);

        conf =
            files_load_good("[databases]\napp = host=127.0.0.1,127.0.0.2 user=bob\nother = host=127.0.0.1\n"
                            "[pgsteer]\nauth_type = any\nadmin_users = ann\n");
        b->conf = *conf;
        return b;
}
