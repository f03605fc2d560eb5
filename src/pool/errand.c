#include "pool/errand.h"

#include "base/check.h"
#include "base/memory.h"
#include "pool/demand.h"
#include "pool/pool.h"
#include "pool/server.h"
#include "wire/fields.h"
#include "wire/writer.h"

#include <stdlib.h>
#include <string.h>

enum { ERRAND_OUT_MAX = 4 * SETTINGS_BYTES_MAX + 65536 };

static void ask(struct server *s, struct writer *w, const char *sql)
{
        write_query(w, sql);
        replies_push(&s->replies, (struct reply){.kind = REPLY_QUERY, .flags = REPLY_SWALLOW});
}

static void send_out(struct server *s, struct writer *w)
{
        if (!w->failed && stream_send_buf(&s->stream, w->out) == STATUS_OK)
                return;
        buf_release(w->out);
        node_report(s->pool->node, EVIDENCE_LOST);
        server_close(s, "server conn crashed?");
}

/* Only with session_state are settings ours; else they are what the server has reported, resets included. */
static bool has_settings(const struct server *s)
{
        return s->pool->home->conf->opt.session_state && s->applied != NULL;
}

static void forget_settings(struct server *s)
{
        settings_unref(&s->pool->home->settings, s->applied);
        s->applied = NULL;
}

/* Any query may stand in server_reset_query: only when it is one that discards everything are the settings
 * sure to go with it. */
static void undo_settings(struct server *s, struct writer *w)
{
        struct buf sql = {0};

        if (settings_difference(s->applied, NULL, &sql, ERRAND_OUT_MAX) != STATUS_OK ||
            buf_append(&sql, "", 1, ERRAND_OUT_MAX) != STATUS_OK)
                w->failed = true;
        else
                ask(s, w, (const char *)buf_data(&sql));
        buf_release(&sql);
        forget_settings(s);
}

void errand_reset(struct server *s, const char *sql)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, ERRAND_OUT_MAX);

        if (s->cancels > 0) {
                s->reset_due = xstrdup(sql);
                server_move(s, SERVER_PARKED);
                return;
        }
        server_move(s, SERVER_RESETTING);
        s->checking = false;
        if (has_settings(s) && strcasecmp(sql, "DISCARD ALL") != 0)
                undo_settings(s, &w);
        ask(s, &w, sql);
        send_out(s, &w);
}

void errand_check(struct server *s)
{
        const char *sql = s->pool->home->conf->opt.server_check_query;
        struct buf out = {0};
        struct writer w = writer_to(&out, ERRAND_OUT_MAX);

        server_move(s, SERVER_RESETTING);
        s->checking = true;
        s->unchecked = false;
        ask(s, &w, strcmp(sql, "<empty>") == 0 ? "" : sql);
        send_out(s, &w);
}

/* A command is done: what of the session went with it. */
static void on_tag(struct server *s, const struct msg *m)
{
        struct reader r = reader_of(m);
        struct sv tag = take_cstr(&r);
        bool all = sv_is(tag, "DISCARD ALL");

        if (!all && !sv_is(tag, "DEALLOCATE ALL"))
                return;
        prepared_fini(&s->prepared);
        prepared_init(&s->prepared);
        if (all) {
                s->dirty = false;
                if (has_settings(s))
                        forget_settings(s);
        }
}

static bool on_ready(struct server *s, const struct msg *m)
{
        struct pool *pool = s->pool;

        if (m->body_size != 1 || m->body[0] != 'I') {
                server_close(s, s->checking ? "check query left a transaction open"
                                            : "reset query left a transaction open");
                return false;
        }
        replies_pop(&s->replies);
        if (s->replies.count > 0)
                return true;
        buf_consume(&s->in, m->size);
        buf_trim(&s->in); /* the message is gone */
        if (!s->checking && (s->dirty || has_settings(s)))
                server_close(s, "reset query failed");
        else
                pool_give_back(s);
        if (pool->queue_count > 0)
                demand_serve(pool); /* it may have gone to another worker */
        return false;
}

static bool on_error(struct server *s, const struct msg *m)
{
        struct error_fields e;

        error_fields_read(m, &e);
        if (s->checking && !sv_is(e.severity, "FATAL") && !sv_is(e.severity, "PANIC"))
                return true; /* it answers */
        server_close(s, s->checking ? "test query failed" : "reset query failed");
        return false;
}

bool errand_message(struct server *s, const struct msg *m)
{
        switch (m->type) {
        case BE_READY: return on_ready(s, m);
        case BE_ERROR: return on_error(s, m);
        case BE_COMMAND_COMPLETE: on_tag(s, m); return true;
        case BE_PARAM_STATUS: return server_heed(s, m);
        default: return true;
        }
}
