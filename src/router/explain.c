#include "router/explain.h"

#include "router/scan.h"

const char *explain_class_name(enum stmt_class class)
{
        switch (class) {
        case CLASS_NONE: return "empty";
        case CLASS_READ: return "read";
        case CLASS_WRITE: break;
        }
        return "write";
}

const char *explain_target_name(enum route_target target)
{
        return target == ROUTE_PRIMARY ? "primary" : "standby";
}

/* ---- the token ---- */

static bool is_word(const struct scan_token *token, const char *word)
{
        return token->kind == SCAN_WORD && sv_ieq(token->text, sv_cstr(word));
}

/* The last place where these words stand one behind the other, as written; `second` NULL: one word. The scan
 * tells words from what is in literals and comments. */
static struct sv last_words(struct sv text, const char *first, const char *second)
{
        struct scan scan;
        struct scan_token token, before = {.kind = SCAN_END};
        struct sv found = SV("");

        scan_init(&scan, text, 0);
        for (scan_next(&scan, &token); token.kind != SCAN_END && token.kind != SCAN_ERROR;
             scan_next(&scan, &token)) {
                if (second == NULL && is_word(&token, first))
                        found = token.text;
                if (second != NULL && is_word(&token, second) && is_word(&before, first))
                        found = sv_from(before.text.p, (size_t)(token.text.p + token.text.n - before.text.p));
                before = token;
        }
        return found;
}

struct sv explain_token(struct sv text, const struct facts *facts, enum reason reason)
{
        struct sv nothing = SV("");

        if (reason == facts->reason || (reason == REASON_TRANSACTION && facts->tx != TX_KEEP))
                return facts->token;
        if (reason == REASON_HINT_PRIMARY || reason == REASON_HINT_STANDBY)
                return facts->hint_token;
        if (reason == REASON_READ_ONLY && facts->tx != TX_KEEP && facts->access == ACCESS_READ_ONLY)
                return last_words(text, "read", "only");
        if (reason == REASON_SERIALIZABLE && facts->tx != TX_KEEP &&
            facts->isolation == ISOLATION_SERIALIZABLE)
                return last_words(text, "serializable", NULL);
        return nothing;
}

/* ---- the route ---- */

/* Of nobody's: nothing is known of its nodes but what they are. */
static const struct topology ideal = {
    .primary = 0,
    .count = 2,
    .nodes = {{.role = ROLE_PRIMARY, .state = NODE_UP},
              {.role = ROLE_STANDBY, .state = NODE_UP, .readable = true}},
};

static struct route_question question(const struct explain_by *by, const struct facts *facts)
{
        struct route_question q = {.facts = facts,
                                   .session_hint = by->hint,
                                   .session_access = by->access,
                                   .session_isolation = by->isolation,
                                   .consistency = CONSISTENCY_EVENTUAL};

        if (by->topology == NULL)
                return q;
        q.target = by->terms.target;
        q.single = by->single;
        q.session_pool = by->terms.pool_mode == POOL_SESSION;
        q.consistency = by->terms.consistency;
        q.floor_us = by->floor_us;
        q.min = by->min;
        q.reads_need_standby = by->reads_need_standby;
        return q;
}

void explain(struct sv text, const struct explain_by *by, struct explanation *out)
{
        const struct topology *topology = by->topology != NULL ? by->topology : &ideal;
        struct facts facts;
        struct route_question q = question(by, &facts);
        const struct node *node = NULL;

        classify(text, by->rules, by->lexing, &facts);
        if (by->learned && facts.class == CLASS_READ) {
                facts.class = CLASS_WRITE;
                facts.reason = REASON_LEARNED;
        }
        out->class = facts.class;
        out->route = route_decide(&q, topology);
        if (out->route.node >= 0)
                node = topology->nodes[out->route.node].node;
        out->node = node != NULL ? node->name : NULL;
        out->token = explain_token(text, &facts, out->route.reason);
}
