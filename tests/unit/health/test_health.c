/* Health as a whole, on real sockets, against servers that play their parts. */
#include "base/clock.h"
#include "base/log.h"
#include "cluster/cluster.h"
#include "conf/conf.h"
#include "health/health.h"
#include "net/loop.h"

#include "fake_server.h"
#include "unit.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { NODES = 3 };

struct stage {
        struct loop loop;
        struct fake_server *servers[NODES];
        struct conf *conf;
        struct cluster *cluster;
        struct health *health;
        struct topology *view;
        int bell;
        int published;
};

static void on_news(struct cluster *cluster, enum cluster_news news, void *arg)
{
        struct stage *stage = arg;

        if (cluster == stage->cluster && news == CLUSTER_TOPOLOGY)
                stage->published++;
}

/* The configuration that a file with this text is. */
static struct conf *conf_load_text(const char *text)
{
        char path[] = "/tmp/test_health.XXXXXX";
        int fd = mkstemp(path);
        struct conf *conf = NULL;

        CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
        close(fd);
        UNIT_ASSERT(conf_load(path, &conf, NULL) == STATUS_OK);
        unlink(path);
        CHECK(conf != NULL);
        return conf;
}

/* One with the three servers and these settings (lines of [pgsteer]). */
static struct conf *conf_of(const struct stage *stage, const char *settings)
{
        char text[512];

        snprintf(text, sizeof(text),
                 "[databases]\napp = host=127.0.0.1,127.0.0.1,127.0.0.1 port=%d,%d,%d user=u\n"
                 "[pgsteer]\nauth_type = trust\nhealth_check_timeout = 300ms\n%s",
                 fake_server_port(stage->servers[0]), fake_server_port(stage->servers[1]),
                 fake_server_port(stage->servers[2]), settings);
        return conf_load_text(text);
}

/* New settings while it runs. */
static void stage_configure(struct stage *stage, const char *settings)
{
        struct conf *old = stage->conf;

        stage->conf = conf_of(stage, settings);
        health_configure(stage->health, stage->conf);
        conf_unref(old);
}

/* A primary and two standbys, healthy, calm: the interval is long, so that what happens soon happens for a
 * reason. */
static void stage_open(struct stage *stage)
{
        memset(stage, 0, sizeof(*stage));
        loop_init(&stage->loop, NULL);
        stage->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        for (int i = 0; i < NODES; i++) {
                stage->servers[i] = fake_server_new();
                fake_server_play(stage->servers[i], i > 0, 1, "0/5000");
        }
        stage->conf = conf_of(stage, "health_check_interval = 60s\n");
        log_set_level(LOG_ERROR_);
        cluster_hooks(on_news, stage, stage->bell);
        stage->cluster = cluster_for(&stage->conf->databases[0]);
        stage->health = health_new(&stage->loop, stage->conf, stage->bell, NULL);
}

static void stage_close(struct stage *stage)
{
        health_free(stage->health);
        topology_unref(stage->view);
        for (int i = 0; i < NODES; i++)
                fake_server_free(stage->servers[i]);
        cluster_hooks(NULL, NULL, -1);
        log_set_level(LOG_INFO_);
        close(stage->bell);
        loop_fini(&stage->loop);
        conf_unref(stage->conf);
}

static const char *standing(const struct stage *stage, int i)
{
        const struct topology_node *node = &stage->view->nodes[i];

        return node->state == NODE_UP ? node_role_name(node->role) : node_state_name(node->state);
}

/* Runs the loop until the published view reads so ("primary standby standby"); how long it took, or -1 after
 * 10 s. */
static int64_t wait_for(struct stage *stage, const char *expected)
{
        int64_t start = clock_us();
        char got[64] = "";

        while (clock_us() - start < 10 * US_PER_SEC) {
                struct timeval slice = {.tv_usec = 2000};

                event_base_loopexit(stage->loop.base, &slice);
                event_base_dispatch(stage->loop.base);
                cluster_refresh(stage->cluster, &stage->view);
                snprintf(got, sizeof(got), "%s %s %s", standing(stage, 0), standing(stage, 1),
                         standing(stage, 2));
                if (strcmp(got, expected) == 0)
                        return clock_us() - start;
        }
        unit_row("wanted %s, got %s", expected, got);
        return -1;
}

/* Runs the loop for a while. */
static void idle(struct stage *stage, int64_t us)
{
        struct timeval slice = {.tv_sec = us / US_PER_SEC, .tv_usec = us % US_PER_SEC};

        event_base_loopexit(stage->loop.base, &slice);
        event_base_dispatch(stage->loop.base);
        cluster_refresh(stage->cluster, &stage->view);
}

static int64_t freshness(const struct stage *stage, int i)
{
        return atomic_load(&stage->cluster->nodes[i]->fresh_us);
}

static void finds_the_primary(void)
{
        struct stage stage;
        int64_t start = clock_us();

        stage_open(&stage);
        UNIT_ASSERT(wait_for(&stage, "primary standby standby") >= 0);
        UNIT_ASSERT(stage.view->primary == 0 && stage.view->nodes[1].system_id == 771);
        UNIT_ASSERT(freshness(&stage, 0) == INT64_MAX);
        idle(&stage, 200 * US_PER_MS);
        for (int i = 1; i < NODES; i++)
                UNIT_ASSERT(freshness(&stage, i) > start && freshness(&stage, i) < clock_us());
        stage_close(&stage);
        UNIT_ASSERT(freshness(&stage, 0) == 0 && freshness(&stage, 1) == 0); /* nobody watches any more */
}

static void notices_a_death_by_the_broken_connection(void)
{
        struct stage stage;

        stage_open(&stage);
        UNIT_ASSERT(wait_for(&stage, "primary standby standby") >= 0);
        idle(&stage, 100 * US_PER_MS);
        fake_server_stop(stage.servers[0]);
        UNIT_ASSERT(wait_for(&stage, "down standby standby") >= 0);
        UNIT_ASSERT(stage.view->primary == -1 && freshness(&stage, 0) == 0);
        fake_server_play(stage.servers[2], false, 2, "0/5100");
        UNIT_ASSERT(wait_for(&stage, "down ejected primary") >=
                    0); /* promoted; the other has not followed yet */
        UNIT_ASSERT(freshness(&stage, 2) == INT64_MAX && freshness(&stage, 1) == 0);
        fake_server_play(stage.servers[1], true, 2, "0/5100");
        UNIT_ASSERT(wait_for(&stage, "down standby primary") >= 0);
        fake_server_start(stage.servers[0]); /* the old one comes back as it was */
        UNIT_ASSERT(wait_for(&stage, "fenced standby primary") >= 0);
        stage_close(&stage);
}

static void notices_a_freeze_by_silence(void)
{
        struct stage stage;
        int64_t took;

        stage_open(&stage);
        stage_configure(&stage, "health_check_interval = 100ms\n");
        UNIT_ASSERT(wait_for(&stage, "primary standby standby") >= 0);
        fake_server_be(stage.servers[0], FAKE_SILENT, NULL);
        took = wait_for(&stage, "down standby standby");
        UNIT_ASSERT(took >= 0 && took <= 3 * US_PER_SEC);
        fake_server_play(stage.servers[1], false, 2, "0/5100");
        UNIT_ASSERT(wait_for(&stage, "down primary ejected") >= 0);
        fake_server_be(stage.servers[0], FAKE_ANSWERS, NULL); /* thaws */
        UNIT_ASSERT(wait_for(&stage, "fenced primary ejected") >= 0);
        stage_close(&stage);
}

static void evidence_makes_it_look_at_once(void)
{
        struct stage stage;
        int64_t took;

        stage_open(&stage);
        UNIT_ASSERT(wait_for(&stage, "primary standby standby") >= 0);
        idle(&stage, 3500 * US_PER_MS); /* calm by now: the next question is a minute away */
        fake_server_play(stage.servers[1], false, 2, "0/5100");
        idle(&stage, 200 * US_PER_MS);
        UNIT_ASSERT(stage.view->primary == 0);
        node_report(stage.cluster->nodes[0], EVIDENCE_READ_ONLY);
        took = wait_for(&stage, "fenced primary ejected");
        UNIT_ASSERT(took >= 0 && took < 5 * US_PER_SEC);
        stage_close(&stage);
}

static void a_failing_login_takes_nothing_away(void)
{
        struct stage stage;
        int published;

        stage_open(&stage);
        UNIT_ASSERT(wait_for(&stage, "primary standby standby") >= 0);
        for (int i = 0; i < NODES; i++) {
                fake_server_be(stage.servers[i], FAKE_REJECTS, "28P01");
                fake_server_drop_all(stage.servers[i]);
        }
        for (int i = 0; i < 50 && (i < 4 || strstr(stage.view->nodes[0].why, "28P01") == NULL); i++)
                idle(&stage, 200 * US_PER_MS);
        UNIT_ASSERT(wait_for(&stage, "primary standby standby") >= 0);
        UNIT_ASSERT(strstr(stage.view->nodes[0].why, "28P01") != NULL);
        UNIT_ASSERT(freshness(&stage, 0) == INT64_MAX && freshness(&stage, 1) == 0);
        published = stage.published;
        idle(&stage, 700 * US_PER_MS);
        UNIT_ASSERT(stage.published == published); /* said once */
        stage_close(&stage);
}

static void a_cut_stream_is_ejected_and_returns(void)
{
        struct stage stage;
        struct topology numbers;
        char lsn[32];

        stage_open(&stage);
        stage_configure(&stage, "health_check_interval = 20ms\nmax_standby_lag = 300ms\n");
        UNIT_ASSERT(wait_for(&stage, "primary standby standby") >= 0);
        for (int i = 0; i < 40; i++) { /* node 2 has replayed all it received, and receives nothing */
                snprintf(lsn, sizeof(lsn), "0/%X", 0x5000 + i * 0x108);
                fake_server_play(stage.servers[0], false, 1, lsn);
                fake_server_play(stage.servers[1], true, 1, lsn);
                idle(&stage, 20 * US_PER_MS);
        }
        UNIT_ASSERT(wait_for(&stage, "primary standby ejected") >= 0);
        UNIT_ASSERT(strstr(stage.view->nodes[2].why, "behind") != NULL && freshness(&stage, 2) == 0);
        health_snapshot(stage.cluster, &numbers);
        UNIT_ASSERT(numbers.nodes[2].lag_us > 300 * US_PER_MS && numbers.nodes[2].lag_bytes > 0x108);
        UNIT_ASSERT(numbers.nodes[1].lag_us < 300 * US_PER_MS && numbers.nodes[0].lag_us == -1);
        fake_server_play(stage.servers[2], true, 1, lsn);
        UNIT_ASSERT(wait_for(&stage, "primary standby standby") >= 0);
        stage_close(&stage);
}

static void samples_fast_while_freshness_is_wanted(void)
{
        struct stage stage;
        int before, after;

        stage_open(&stage);
        UNIT_ASSERT(wait_for(&stage, "primary standby standby") >= 0);
        idle(&stage, 3500 * US_PER_MS);
        before = fake_server_queries(stage.servers[0]);
        idle(&stage, 300 * US_PER_MS);
        UNIT_ASSERT(fake_server_queries(stage.servers[0]) == before);
        cluster_want_fresh(stage.cluster, clock_us());
        idle(&stage, 500 * US_PER_MS);
        after = fake_server_queries(stage.servers[0]);
        unit_row("%d samples in half a second", after - before);
        UNIT_ASSERT(after - before >= 3 && after - before <= 26);
        UNIT_ASSERT(clock_us() - freshness(&stage, 1) < 2 * US_PER_SEC);
        stage_close(&stage);
}

static void follows_the_configuration(void)
{
        struct stage stage;
        struct conf *mine;

        stage_open(&stage);
        UNIT_ASSERT(wait_for(&stage, "primary standby standby") >= 0);
        mine = stage.conf;
        stage.conf = conf_load_text("[databases]\nother = host=127.0.0.1\n[pgsteer]\nauth_type = trust\n");
        health_configure(stage.health, stage.conf);
        UNIT_ASSERT(stage.cluster->monitor == NULL && freshness(&stage, 0) == 0);
        health_configure(stage.health, mine);
        UNIT_ASSERT(stage.cluster->monitor != NULL);
        UNIT_ASSERT(wait_for(&stage, "primary standby standby") >= 0);
        conf_unref(mine);
        stage_close(&stage);
}

UNIT_SUITE(health_health, UNIT_CASE(finds_the_primary), UNIT_CASE(notices_a_death_by_the_broken_connection),
           UNIT_CASE(notices_a_freeze_by_silence), UNIT_CASE(evidence_makes_it_look_at_once),
           UNIT_CASE(a_failing_login_takes_nothing_away), UNIT_CASE(a_cut_stream_is_ejected_and_returns),
           UNIT_CASE(samples_fast_while_freshness_is_wanted), UNIT_CASE(follows_the_configuration))
