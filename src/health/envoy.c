#include "health/envoy.h"

#include "base/check.h"
#include "base/memory.h"
#include "cluster/cluster.h"
#include "health/monitor.h"
#include "health/probe.h"

#include <stdlib.h>

struct envoy {
        struct probe *probe;
        envoy_heard_fn *heard;
        void *arg;
        bool awaits; /* an answer */
};

static void on_answer(const struct answer *answer, void *arg)
{
        struct envoy *envoy = arg;
        struct message message = {.good = answer->kind == ANSWER_GOOD, .why = answer->text};

        if (!envoy->awaits) /* the connection broke between two statements: the next one makes another */
                return;
        envoy->awaits = false;
        message.unsure = answer->sent_us != 0 && !message.good && answer->kind != ANSWER_LOGIN;
        for (int i = 0; i < ENVOY_COLUMNS; i++)
                message.columns[i] =
                    message.good && PQntuples(answer->result) > 0 && i < PQnfields(answer->result)
                        ? PQgetvalue(answer->result, 0, i)
                        : "";
        envoy->heard(envoy->arg, &message);
}

struct envoy *envoy_new(const struct cluster *cluster, int i, envoy_heard_fn *heard, void *arg)
{
        struct envoy *envoy;

        if (cluster->monitor == NULL)
                return NULL;
        envoy = xcalloc(1, sizeof(*envoy));
        envoy->heard = heard;
        envoy->arg = arg;
        envoy->probe = monitor_probe(cluster->monitor, i, on_answer, envoy);
        return envoy;
}

void envoy_say(struct envoy *envoy, const char *sql, int64_t timeout_us)
{
        envoy->awaits = true;
        probe_say(envoy->probe, sql, timeout_us);
}

void envoy_free(struct envoy *envoy)
{
        if (envoy == NULL)
                return;
        probe_free(envoy->probe);
        free(envoy);
}
