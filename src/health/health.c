#include "health/health.h"

#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"
#include "cluster/cluster.h"
#include "conf/conf.h"
#include "health/catalogs.h"
#include "health/libpq.h"
#include "health/monitor.h"
#include "health/patroni.h"
#include "net/names.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct health {
        struct loop *loop;
        struct event *bell;
        int wake_fd;
        struct conf *conf;
        struct catalogs *catalogs; /* NULL: none are read */
        struct patroni *patroni;   /* NULL: members are nobody's business */
};

/* Takes the bell's count first: what is reported from now on rings again. */
static void on_bell(evutil_socket_t fd, short what, void *arg)
{
        struct health *health = arg;
        uint64_t rings;

        (void)what;
        if (read(fd, &rings, sizeof(rings)) < 0 && errno != EAGAIN)
                log_error("health: cannot read the eventfd of traffic evidence: %m");
        for (struct cluster *cluster = cluster_first(); cluster != NULL; cluster = cluster->next)
                if (cluster->monitor != NULL)
                        monitor_wake(cluster->monitor);
        if (health->catalogs != NULL)
                catalogs_wake(health->catalogs);
}

static const struct conf_database *first_line(const struct conf *conf, const struct cluster *cluster)
{
        for (size_t i = 0; i < conf->database_count; i++)
                if (conf->databases[i].cluster && cluster_for(&conf->databases[i]) == cluster)
                        return &conf->databases[i];
        return NULL;
}

static void follow_conf(struct health *health)
{
        const struct conf *conf = health->conf;

        names_configure(names_of(health->loop), &conf->opt);
        for (size_t i = 0; i < conf->database_count; i++)
                if (conf->databases[i].cluster)
                        cluster_for(&conf->databases[i]); /* makes it, if it is new */
        for (struct cluster *cluster = cluster_first(); cluster != NULL; cluster = cluster->next) {
                const struct conf_database *line = first_line(conf, cluster);

                if (line == NULL) {
                        monitor_free(cluster->monitor);
                        cluster->monitor = NULL;
                        continue;
                }
                if (cluster->monitor == NULL)
                        cluster->monitor = monitor_new(health->loop->base, names_of(health->loop), cluster);
                monitor_configure(cluster->monitor, conf, line);
        }
        if (health->catalogs != NULL)
                catalogs_configure(health->catalogs, health->conf);
        if (health->patroni != NULL)
                patroni_configure(health->patroni, health->conf);
}

void health_watch_members(struct health *health, void (*changed)(void *arg), void *arg)
{
        health->patroni = patroni_new(health->loop, changed, arg);
        patroni_configure(health->patroni, health->conf);
}

int health_members(void *health, const char *patroni, struct conf_host *hosts)
{
        return patroni_members(((struct health *)health)->patroni, patroni, hosts);
}

void health_prepare(void)
{
        libpq_forget_environment();
}

struct health *health_new(struct loop *loop, struct conf *conf, int wake_fd,
                          const struct catalog_maker *maker)
{
        struct health *health = xcalloc(1, sizeof(*health));

        health->loop = loop;
        health->wake_fd = wake_fd;
        health->conf = conf_ref(conf);
        if (maker != NULL)
                health->catalogs = catalogs_new(loop, maker);
        if (wake_fd >= 0) {
                health->bell = event_new(loop->base, wake_fd, EV_READ | EV_PERSIST, on_bell, health);
                CHECK(health->bell != NULL && event_add(health->bell, NULL) == 0);
        }
        follow_conf(health);
        return health;
}

void health_configure(struct health *health, struct conf *conf)
{
        struct conf *old = health->conf;

        health->conf = conf_ref(conf);
        conf_unref(old);
        follow_conf(health);
}

void health_snapshot(struct cluster *cluster, struct topology *out)
{
        struct topology *published = NULL;

        if (cluster->monitor != NULL) {
                memcpy(out, monitor_view(cluster->monitor), sizeof(*out));
                return;
        }
        cluster_refresh(cluster, &published);
        memcpy(out, published, sizeof(*out));
        topology_unref(published);
}

bool health_failover(struct cluster *cluster, size_t i, struct failover *out)
{
        return cluster->monitor != NULL && monitor_failover(cluster->monitor, i, out);
}

size_t health_failovers(const struct cluster *cluster)
{
        return cluster->monitor != NULL ? monitor_failovers(cluster->monitor) : 0;
}

void health_free(struct health *health)
{
        if (health == NULL)
                return;
        for (struct cluster *cluster = cluster_first(); cluster != NULL; cluster = cluster->next) {
                monitor_free(cluster->monitor);
                cluster->monitor = NULL;
        }
        patroni_free(health->patroni);
        catalogs_free(health->catalogs);
        if (health->bell != NULL)
                event_free(health->bell);
        conf_unref(health->conf);
        free(health);
}
