#include "admin/fill.h"
#include "base/clock.h"
#include "cluster/cluster.h"
#include "health/health.h"
#include "health/history.h"

#include <stdio.h>

/* What of a client's cluster keeps it waiting. */
struct cause {
        bool lost; /* a primary: `failover` is about it */
        struct failover failover;
        const char *why;
};

static bool last_failover(struct cluster *cluster, struct failover *out)
{
        size_t i = 0;

        while (health_failover(cluster, i, out))
                i++;
        return i > 0;
}

/* A failover that is over explains nothing but the order in which clients go on. */
static void find_cause(struct cause *out, const struct conf *conf, const struct census_hold *hold)
{
        const struct conf_database *line = conf_find_database(conf, hold->database);
        struct topology view;

        *out = (struct cause){.why = "its database is not configured any more"};
        if (line == NULL || line->host_count == 0)
                return;
        health_snapshot(cluster_for(line), &view);
        if (!hold->for_primary) {
                out->why = "no node serves reads";
                return;
        }
        out->lost = last_failover(cluster_for(line), &out->failover);
        if (view.primary >= 0) {
                out->why = "there is a primary: its turn comes (failover_drain_rate)";
                return;
        }
        out->lost = out->lost && out->failover.to[0] == 0;
        out->why = out->lost ? out->failover.why : "no primary has been found yet";
}

static void hold_row(struct table *t, const struct conf *conf, const struct census_hold *h)
{
        int64_t left_us = conf->opt.failover_timeout_us - h->held_us;
        struct cause cause;
        char at[64] = "";

        find_cause(&cause, conf, h);
        if (cause.lost)
                clock_format(cause.failover.lost_wall_us, at, sizeof(at));
        table_int(t, (int64_t)h->id);
        table_text(t, h->database);
        table_text(t, h->user);
        table_text(t, h->addr);
        table_int(t, h->port);
        table_text(t, h->for_primary ? "primary" : "standby");
        table_int(t, h->held_us / US_PER_MS);
        table_int(t, left_us > 0 ? left_us / US_PER_MS : 0);
        table_text(t, cause.lost ? cause.failover.from : NULL);
        table_text(t, cause.lost ? at : NULL);
        table_text(t, cause.why);
        table_text(t, h->application_name);
}

void fill_holds(struct table *t, const struct scene *s)
{
        for (int w = 0; w < s->census->workers; w++)
                for (size_t i = 0; i < s->census->worker[w].hold_count; i++)
                        hold_row(t, s->conf, &s->census->worker[w].holds[i]);
}
