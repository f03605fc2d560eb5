/* What a server reports of its session's parameters. */
#include "pool/pool.h"
#include "pool/tracked.h"

enum status server_report(struct server *s, const struct msg *m, struct sv *name, struct sv *value)
{
        struct pools *pools = s->pool->home;
        struct reader r = reader_of(m);
        enum status status;

        *name = take_cstr(&r);
        *value = take_cstr(&r);
        if (m->have < m->size || r.failed)
                return STATUS_INVALID;
        status = params_set(&s->params, *name, *value);
        if (status != STATUS_OK || pools->conf->opt.session_state)
                return status;
        return tracked_put(&pools->settings, &pools->conf->opt, &s->applied, *name, *value);
}

bool server_heed(struct server *s, const struct msg *m)
{
        struct sv name, value;

        if (server_report(s, m, &name, &value) != STATUS_OK) {
                server_close(s, "malformed ParameterStatus");
                return false;
        }
        if (sv_is(name, "in_hot_standby"))
                node_report(s->pool->node, EVIDENCE_RECOVERY);
        return true;
}

void server_greeted(struct server *s)
{
        if (!s->pool->home->conf->opt.session_state && buf_len(&s->greeting.pairs) == 0)
                params_copy(&s->greeting, &s->params);
}
