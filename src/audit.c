#include "audit.h"

#include "base/clock.h"
#include "base/log.h"
#include "cluster/catalog_home.h"
#include "health/health.h"
#include "net/timer.h"
#include "router/explain.h"
#include "router/judge.h"
#include "router/lists.h"
#include "session/supposed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* For its servers to say what they are, and for the catalog to be read. */
static const int64_t WAIT_US = 10 * US_PER_SEC, LOOK_US = 20 * US_PER_MS;

/* A database's servers, watched for a moment. */
struct watch {
        struct loop loop;
        struct conf *conf;
        const struct conf_database *line;
        struct cluster *cluster;
        struct catalog_home *home; /* NULL: a plain line, which has nothing to choose */
        struct catalog *catalog;
        struct topology view;
        struct route_lists lists;
        struct classify_rules rules;
        struct timer *timer;
        int64_t until_us;
};

/* ---- watching ---- */

static bool is_seen(const struct topology *view)
{
        for (int i = 0; i < view->count; i++)
                if (view->nodes[i].state == NODE_NEW)
                        return false;
        return view->count > 0;
}

static void on_look(void *arg)
{
        struct watch *w = arg;

        health_snapshot(w->cluster, &w->view);
        if (w->home != NULL)
                catalog_home_refresh(w->home, &w->catalog);
        if (clock_us() >= w->until_us ||
            (is_seen(&w->view) && (w->home == NULL || w->catalog->state != CATALOG_WAITING)))
                loop_stop(&w->loop);
        else
                timer_once(w->timer, LOOK_US);
}

static void on_news(struct cluster *cluster, enum cluster_news news, void *arg)
{
        (void)cluster;
        (void)news;
        (void)arg;
}

static void look_around(struct watch *w)
{
        int wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        struct health *health;

        loop_init(&w->loop, w);
        cluster_hooks(on_news, w, wake);
        w->cluster = cluster_for(w->line);
        if (w->cluster->probed && w->conf->opt.routing)
                w->home =
                    catalog_home_join(w->cluster, w->line->dbname != NULL ? w->line->dbname : w->line->name);
        w->until_us = clock_us() + WAIT_US;
        health = health_new(&w->loop, w->conf, wake, &judge_maker);
        w->timer = timer_new(&w->loop, on_look, w);
        on_look(w);
        loop_run(&w->loop);
        timer_free(w->timer);
        health_free(health);
        loop_drain(&w->loop);
        loop_fini(&w->loop);
        cluster_hooks(NULL, NULL, -1);
        close(wake);
}

/* False: there is no such database. */
static bool watch(struct watch *w, struct conf *conf, const char *database)
{
        *w = (struct watch){.conf = conf, .line = conf_find_database(conf, database)};
        if (w->line == NULL) {
                fprintf(stderr, "pgsteer: %s has no database \"%s\"\n", conf->path, database);
                return false;
        }
        log_set_level(LOG_ERROR_);
        look_around(w);
        if (w->home != NULL && w->catalog->state != CATALOG_LOADED)
                fprintf(stderr,
                        "pgsteer: the catalog of \"%s\" could not be read: only what is built in is known\n",
                        database);
        lists_read(&w->lists, &conf->opt);
        w->rules = lists_rules(&w->lists, w->catalog);
        return true;
}

static void unwatch(struct watch *w)
{
        lists_free(&w->lists);
        catalog_unref(w->catalog);
        catalog_home_leave(w->home);
}

/* ---- words ---- */

static void put_field(struct sv v)
{
        for (size_t i = 0; i < v.n; i++)
                switch (v.p[i]) {
                case '\t': fputs("\\t", stdout); break;
                case '\n': fputs("\\n", stdout); break;
                case '\r': fputs("\\r", stdout); break;
                case '\\': fputs("\\\\", stdout); break;
                default: putchar(v.p[i]);
                }
}

static int finish(void)
{
        if (fflush(stdout) == 0 && ferror(stdout) == 0 && ferror(stdin) == 0)
                return 0;
        fprintf(stderr, "pgsteer: cannot read or write\n");
        return 1;
}

/* ---- the commands ---- */

static void classify_all(const struct classify_rules *rules, int end)
{
        const struct explain_by by = {.rules = rules};
        struct explanation e;
        char *text = NULL;
        size_t size = 0;
        ssize_t n;

        while ((n = getdelim(&text, &size, end, stdin)) > 0) {
                if (text[n - 1] == end)
                        n--;
                explain(sv_from(text, (size_t)n), &by, &e);
                printf("%c\t%s\t", e.route.target == ROUTE_STANDBY ? 'R' : 'W', reason_name(e.route.reason));
                put_field(e.token);
                putchar('\n');
        }
        free(text);
}

int audit_classify(struct conf *conf, const char *database, bool lines)
{
        struct watch w;
        int end = lines ? '\n' : '\0';

        if (database == NULL) {
                classify_all(NULL, end);
                return finish();
        }
        if (!watch(&w, conf, database))
                return 1;
        classify_all(&w.rules, end);
        unwatch(&w);
        return finish();
}

int audit_explain(struct conf *conf, const char *database, const struct supposed *session, const char *sql)
{
        struct explanation e;
        struct explain_by by;
        struct watch w;

        if (!watch(&w, conf, database))
                return 1;
        by = supposed_by(session, conf, w.line, w.cluster);
        by.topology = &w.view;
        by.rules = &w.rules;
        explain(sv_cstr(sql), &by, &e);
        printf("target: %s\nnode:   %s\nclass:  %s\nreason: %s (%s)\ntoken:  ",
               explain_target_name(e.route.target), e.node != NULL ? e.node : "(none now)",
               explain_class_name(e.class), reason_name(e.route.reason), reason_text(e.route.reason));
        put_field(e.token);
        putchar('\n');
        unwatch(&w);
        return finish();
}
