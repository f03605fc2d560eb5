#include "health/catalogs.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/conf.h"
#include "health/login.h"
#include "health/reader.h"
#include "net/loop.h"
#include "net/names.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_US   (60 * US_PER_SEC)
#define TICK_US      (1 * US_PER_SEC)
#define HURRY_US     (20 * US_PER_MS) /* while one that is new waits for a node that is known to serve */
#define NEW_US       (10 * US_PER_SEC)
#define LEAST_GAP_US (100 * US_PER_MS) /* between two readings of one catalog, however often it changes */
#define PATIENCE_US  (30 * US_PER_SEC)
#define RETRY_US     (5 * US_PER_SEC)
enum { READERS_MAX = 4 };

/* What is known of one home; hangs on its `reader`. */
struct keeper {
        struct catalogs *catalogs;
        struct catalog_home *home;
        struct reader *reader; /* NULL: not being read */
        int64_t made_us, due_us, done_us;
        const struct node *node; /* it was last read from; NULL: from none, or not from a primary */
        bool wanted;             /* the configuration has a line for it */
        bool again;              /* a definition has changed while it was being read */
        int64_t took_us;         /* the last reading */
        bool lacking;            /* a statement names what it lacks, which is a reason to look... */
        int64_t lacked_us;       /* ...as it was at this moment... */
        int64_t patience_us;     /* ...and is again after this time */
        char version[sizeof(((struct catalog *)NULL)->version)]; /* of what is published */
        struct catalog_status status;
};

struct catalogs {
        struct loop *loop;
        const struct catalog_maker *maker;
        struct conf *conf;
        struct event *tick;
        int reading; /* keepers with a reader */
};

static void on_done(const struct reading *reading, void *arg);

static struct keeper *keeper_of(const struct catalog_home *home)
{
        return home->reader;
}

/* ---- where from ---- */

/* The line by which to log in: the database's own, else any of its cluster. NULL: the configuration has
 * dropped them. */
static const struct conf_database *line_of(const struct conf *conf, const struct catalog_home *home)
{
        const struct conf_database *any = NULL;

        for (size_t i = 0; i < conf->database_count; i++) {
                const struct conf_database *line = &conf->databases[i];

                if (!line->cluster || cluster_for(line) != home->cluster)
                        continue;
                if (strcmp(line->dbname != NULL ? line->dbname : line->name, home->dbname) == 0)
                        return line;
                any = any != NULL ? any : line;
        }
        return any;
}

/* The primary, else any standby that serves, else NULL. */
static const struct node *node_to_ask(struct catalog_home *home, bool *primary)
{
        struct topology *topology = NULL;
        const struct node *node = NULL;

        cluster_refresh(home->cluster, &topology);
        *primary = topology->primary >= 0;
        if (*primary)
                node = topology->nodes[topology->primary].node;
        for (int i = 0; node == NULL && i < topology->count; i++)
                if (topology->nodes[i].readable)
                        node = topology->nodes[i].node;
        topology_unref(topology);
        return node;
}

static void start(struct keeper *keeper, const struct node *node, bool primary)
{
        struct catalogs *catalogs = keeper->catalogs;
        const struct conf_database *line = line_of(catalogs->conf, keeper->home);
        struct probe_target target = {.host = node->host, .port = node->port, .dbname = keeper->home->dbname};
        struct reader_order order = {.target = &target,
                                     .maker = catalogs->maker,
                                     .known = keeper->version,
                                     .timeout_us = TIMEOUT_US,
                                     .on_done = on_done,
                                     .arg = keeper};

        if (line == NULL)
                return;
        login_choose(catalogs->conf, line, &target);
        keeper->node = primary ? node : NULL;
        snprintf(keeper->status.node, sizeof(keeper->status.node), "%s", node->name);
        keeper->again = false;
        keeper->reader = reader_new(catalogs->loop->base, names_of(catalogs->loop), &order);
        catalogs->reading++;
}

/* ---- when ---- */

/* Whether anybody would miss it. Whoever has an endpoint is a user; the first reading is for those to come.
 */
static bool is_needed(const struct keeper *keeper)
{
        return atomic_load(&keeper->home->users) > 0 ||
               (keeper->wanted && keeper->status.checked_wall_us == 0);
}

/* Another primary may have lost definitions, or have been asked for none yet. */
static bool has_moved(struct keeper *keeper, const struct node *node, bool primary)
{
        return primary && keeper->node != node && keeper->status.checked_wall_us != 0;
}

static void look_at(struct keeper *keeper, int64_t now)
{
        const struct node *node;
        bool primary;

        if (keeper->reader != NULL || !is_needed(keeper) || keeper->catalogs->reading >= READERS_MAX)
                return;
        node = node_to_ask(keeper->home, &primary);
        if (node != NULL && (now >= keeper->due_us || has_moved(keeper, node, primary)))
                start(keeper, node, primary);
}

/* How long until it must be looked at again. */
static int64_t left_us(const struct keeper *keeper, int64_t now)
{
        if (keeper->reader != NULL || !is_needed(keeper))
                return TICK_US;
        if (keeper->due_us > now)
                return keeper->due_us - now;
        return now - keeper->made_us < NEW_US ? HURRY_US : TICK_US / 4; /* there is nobody to ask */
}

/* Starts what is due, and sets the timer. */
static void look(struct catalogs *catalogs)
{
        int64_t now = clock_us(), next = TICK_US;
        struct timeval tv;

        for (struct catalog_home *home = catalog_home_first(); home != NULL; home = home->next) {
                struct keeper *keeper = keeper_of(home);
                int64_t left;

                if (keeper == NULL)
                        continue;
                look_at(keeper, now);
                left = left_us(keeper, now);
                next = left < next ? left : next;
        }
        tv = (struct timeval){.tv_sec = next / US_PER_SEC, .tv_usec = next % US_PER_SEC};
        CHECK(event_add(catalogs->tick, &tv) == 0);
}

/* However often definitions change, half of the time nobody reads. */
static int64_t earliest_us(const struct keeper *keeper)
{
        return keeper->done_us + (keeper->took_us > LEAST_GAP_US ? keeper->took_us : LEAST_GAP_US);
}

static int64_t interval_us(const struct catalogs *catalogs)
{
        int64_t interval = catalogs->conf->opt.catalog_check_interval_us;

        return interval > 0 ? interval : INT64_MAX / 4;
}

/* ---- what comes of it ---- */

static void publish(struct keeper *keeper, struct catalog *catalog)
{
        struct catalog_status *status = &keeper->status;

        snprintf(status->state, sizeof(status->state), "%s", catalog_state_name(catalog->state));
        snprintf(keeper->version, sizeof(keeper->version), "%s", catalog->version);
        status->functions = catalog->functions;
        status->relations = catalog->relations;
        catalog_home_publish(keeper->home, catalog);
}

static void take_catalog(struct keeper *keeper, const struct reading *reading)
{
        struct catalog_status *status = &keeper->status;
        const struct catalog *catalog = reading->catalog;

        CHECK(catalog != NULL); /* the reading went well */
        status->read_us = reading->took_us;
        status->longest_us = reading->longest_us;
        status->slice_us = reading->longest_cpu_us;
        status->read_wall_us = catalog->read_wall_us;
        status->loads++;
        log_info(
            "catalog of %s: %u functions, %u relations, read from %s in %lld ms, at most %lld us at a time",
            keeper->home->dbname, (unsigned)catalog->functions, (unsigned)catalog->relations, status->node,
            (long long)(reading->took_us / US_PER_MS), (long long)reading->longest_cpu_us);
        if (catalog->meaning != 0)
                log_warning(
                    "catalog of %s: a cast or operator of built-in types has a volatile function, which may "
                    "be at work in any statement: no statement is taken for a read",
                    keeper->home->dbname);
        publish(keeper, reading->catalog);
}

/* What was known stays; where nothing was, statements are judged by what is built in from now on. */
static void take_error(struct keeper *keeper, const struct reading *reading)
{
        struct catalog_status *status = &keeper->status;

        if (strcmp(status->error, reading->error) != 0)
                log_warning("catalog of %s cannot be read from %s: %s; %s", keeper->home->dbname,
                            status->node, reading->error,
                            keeper->version[0] == '\0'
                                ? "functions and operators that are not built in count as "
                                  "writes, all relations as tables"
                                : "the old one stays");
        snprintf(status->error, sizeof(status->error), "%s", reading->error);
        if (keeper->version[0] == '\0' && strcmp(status->state, catalog_state_name(CATALOG_ABSENT)) != 0)
                publish(keeper, catalog_new(CATALOG_ABSENT));
        keeper->node = NULL;
}

/* A name that is nowhere is looked for less and less often. */
static void grow_patience(struct keeper *keeper, int64_t now, bool found)
{
        bool first = found || now - keeper->lacked_us > 2 * PATIENCE_US;

        keeper->patience_us = first ? LEAST_GAP_US : 2 * keeper->patience_us;
        if (keeper->patience_us > PATIENCE_US)
                keeper->patience_us = PATIENCE_US;
        keeper->lacked_us = now;
        keeper->lacking = false;
}

static void on_done(const struct reading *reading, void *arg)
{
        struct keeper *keeper = arg;
        int64_t now = clock_us();

        reader_free(keeper->reader);
        keeper->reader = NULL;
        keeper->catalogs->reading--;
        if (keeper->lacking)
                grow_patience(keeper, now, reading->catalog != NULL);
        keeper->took_us = reading->took_us;
        keeper->done_us = now;
        keeper->due_us = now + interval_us(keeper->catalogs);
        if (reading->error[0] != '\0') {
                take_error(keeper, reading);
                keeper->due_us = now + RETRY_US;
        } else {
                keeper->status.error[0] = '\0';
                keeper->status.checked_wall_us = clock_wall_us();
                if (!reading->unchanged)
                        take_catalog(keeper, reading);
        }
        if (keeper->again)
                keeper->due_us = earliest_us(keeper);
        look(keeper->catalogs);
}

/* ---- keepers ---- */

static void keeper_new(struct catalogs *catalogs, struct catalog_home *home)
{
        struct keeper *keeper = xcalloc(1, sizeof(*keeper));

        keeper->catalogs = catalogs;
        keeper->home = home;
        keeper->made_us = clock_us();
        keeper->patience_us = LEAST_GAP_US;
        snprintf(keeper->status.state, sizeof(keeper->status.state), "%s",
                 catalog_state_name(CATALOG_WAITING));
        home->reader = keeper;
}

static void keeper_free(struct keeper *keeper)
{
        if (keeper->reader != NULL)
                keeper->catalogs->reading--;
        reader_free(keeper->reader);
        keeper->home->reader = NULL;
        free(keeper);
}

static void due_by(struct keeper *keeper, int64_t moment_us)
{
        if (keeper->due_us > moment_us)
                keeper->due_us = moment_us;
}

/* While it is being read, nobody knows whether the reading saw the change. */
static void take_doubts(struct keeper *keeper, uint32_t doubts)
{
        if ((doubts & CATALOG_CHANGED) != 0) {
                keeper->again = keeper->reader != NULL;
                due_by(keeper, earliest_us(keeper));
        }
        if ((doubts & CATALOG_LACKS) != 0) {
                keeper->lacking = true;
                due_by(keeper, keeper->lacked_us + keeper->patience_us);
        }
}

void catalogs_wake(struct catalogs *catalogs)
{
        for (struct catalog_home *home = catalog_home_first(); home != NULL; home = home->next) {
                if (home->reader == NULL)
                        keeper_new(catalogs, home);
                take_doubts(keeper_of(home), catalog_home_take_doubts(home));
        }
        look(catalogs);
}

static void sweep(struct catalogs *catalogs)
{
        (void)catalogs;
        for (struct catalog_home *home = catalog_home_first(); home != NULL; home = home->next) {
                struct keeper *keeper = keeper_of(home);

                if (keeper != NULL && !keeper->wanted && atomic_load(&home->users) == 0)
                        keeper_free(keeper);
        }
        catalog_home_sweep();
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
        (void)fd;
        (void)what;
        sweep(arg);
        look(arg);
}

struct catalogs *catalogs_new(struct loop *loop, const struct catalog_maker *maker)
{
        struct catalogs *catalogs = xcalloc(1, sizeof(*catalogs));

        catalogs->loop = loop;
        catalogs->maker = maker;
        catalogs->tick = evtimer_new(loop->base, on_tick, catalogs);
        CHECK(catalogs->tick != NULL);
        return catalogs;
}

void catalogs_configure(struct catalogs *catalogs, struct conf *conf)
{
        struct conf *old = catalogs->conf;
        const char *name;

        catalogs->conf = conf_ref(conf);
        conf_unref(old);
        for (struct catalog_home *home = catalog_home_first(); home != NULL; home = home->next)
                if (home->reader != NULL) {
                        keeper_of(home)->wanted = false;
                        keeper_of(home)->due_us = 0; /* another user may be let in */
                }
        for (size_t i = 0; conf->opt.routing && i < conf->database_count; i++) {
                const struct conf_database *line = &conf->databases[i];
                struct catalog_home *home;

                name = line->dbname != NULL ? line->dbname : line->name;
                if (!line->cluster || strcmp(name, "*") == 0)
                        continue;
                home = catalog_home_join(cluster_for(line), name);
                if (home->reader == NULL)
                        keeper_new(catalogs, home);
                keeper_of(home)->wanted = true;
                catalog_home_leave(home);
        }
        look(catalogs);
}

bool catalogs_status(const struct catalog_home *home, struct catalog_status *out)
{
        if (home->reader == NULL)
                return false;
        *out = keeper_of(home)->status;
        return true;
}

void catalogs_free(struct catalogs *catalogs)
{
        if (catalogs == NULL)
                return;
        for (struct catalog_home *home = catalog_home_first(); home != NULL; home = home->next)
                if (home->reader != NULL)
                        keeper_free(keeper_of(home));
        catalog_home_sweep();
        event_free(catalogs->tick);
        conf_unref(catalogs->conf);
        free(catalogs);
}
