#include "admin/takeover.h"

#include "admin/pass.h"
#include "admin/version.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/listener.h"
#include "session/handover.h"
#include "wire/bundle.h"

enum { ROW_BYTES_MAX = 256 << 20, DECISION_PATIENCE_US = 30000000 };

/* ---- the command ---- */

static void on_frozen(struct letter *letter, void *owner)
{
        void *arg;
        struct handover *h = handover_of(letter, &arg);
        struct job *job = arg;
        struct admin *a = admin_ref(job->admin);

        (void)owner;
        if (job_letter_back(job)) {
                if (h == NULL)
                        job_fail(job, "shutting down");
                job_end(job);
        } else if (h != NULL) {
                admin_end_takeover(a);
        }
        admin_unref(a);
}

static void hush(struct job *job);

static void on_hush_timer(void *arg)
{
        hush(arg);
}

static void on_hushed(void *arg, int proving)
{
        struct job *job = arg;
        struct admin *a = job->admin;
        int64_t limit = a->ops->conf(a->arg)->opt.suspend_timeout_us;

        if (!job_letter_back(job))
                return;
        if (proving > 0 && (limit == 0 || clock_us() - a->takeover_since_us < limit)) {
                if (job->timer == NULL)
                        job->timer = timer_new(a->loop, on_hush_timer, job);
                timer_once(job->timer, ADMIN_POLL_US);
                return;
        }
        job->letters++;
        a->handover = handover_begin(a->crowd, &a->loop->mailbox, job, on_frozen);
}

static void hush(struct job *job)
{
        struct admin *a = job->admin;

        job->letters++;
        a->workers->order(a->crowd, ORDER_HUSH, "", &a->loop->mailbox, on_hushed, job);
}

bool job_takeover(struct job *job)
{
        struct admin *a = job->admin;

        log_info("TAKEOVER command issued");
        if (a->taker != NULL || a->paused.suspended)
                return job_fail(job, "already suspended/paused");
        a->taker = job->arg;
        a->takeover_since_us = clock_us();
        hush(job);
        return false;
}

/* ---- sending ---- */

static bool send_row(int to, const char *task, struct sv bundle, int fd, int64_t deadline_us)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, ROW_BYTES_MAX);
        bool good;

        msg_begin(&w, BE_DATA_ROW);
        put_i16(&w, 2);
        put_i32(&w, (uint32_t)strlen(task));
        put_raw(&w, task, strlen(task));
        put_i32(&w, (uint32_t)bundle.n);
        put_raw(&w, bundle.p, bundle.n);
        msg_end(&w);
        good = !w.failed && pass_bytes(to, &out, fd, deadline_us);
        if (buf_len(&out) > 0)
                explicit_bzero(out.bytes, out.cap);
        buf_release(&out);
        return good;
}

static bool send_head(const struct admin *a, int to, int64_t deadline_us)
{
        static const struct column columns[] = {{"task", CELL_TEXT}, {"bundle", CELL_TEXT}};
        struct buf out = {0}, bundle = {0};
        struct writer w = writer_to(&out, ROW_BYTES_MAX), b = writer_to(&bundle, ROW_BYTES_MAX);
        bool good;

        write_row_description(&w, columns, 2, 0);
        bundle_put_int(&b, "format", HANDOVER_FORMAT);
        bundle_put_text(&b, "version", CONSOLE_VERSION);
        bundle_put(&b, "statement_key", a->crowd->statement_key, sizeof(a->crowd->statement_key));
        bundle_put(&b, "mock_key", a->crowd->mock_key, sizeof(a->crowd->mock_key));
        good = !w.failed && !b.failed && pass_bytes(to, &out, -1, deadline_us) &&
               send_row(to, "process", sv_from(buf_data(&bundle), buf_len(&bundle)), -1, deadline_us);
        explicit_bzero(bundle.bytes, bundle.cap);
        buf_release(&out);
        buf_release(&bundle);
        return good;
}

static bool send_everything(struct admin *a, int to)
{
        int64_t deadline_us = clock_us() + PASS_PATIENCE_US;
        const struct listeners *all[] = {a->crowd->listeners, a->crowd->http_listeners};
        const struct keepsake *k = NULL;

        if (!send_head(a, to, deadline_us))
                return false;
        for (size_t n = 0; n < sizeof(all) / sizeof(all[0]); n++)
                for (int i = 0; i < all[n]->count; i++)
                        if (!send_row(to, "pooler", SV(""), all[n]->fds[i], deadline_us))
                                return false;
        while ((k = handover_next(a->handover, k)) != NULL)
                if (!send_row(to, k->client ? "client" : "server",
                              sv_from(buf_data(&k->bundle), buf_len(&k->bundle)), k->stream->fd, deadline_us))
                        return false;
        return true;
}

static void on_no_decision(void *arg)
{
        struct admin *a = arg;

        log_warning("the process that was to take over does not say that it has; going on");
        admin_end_takeover(a);
}

bool takeover_send(struct console *c, struct refusal *r)
{
        struct admin *a = c->admin;
        bool own = pass_allowed(c->stream.fd) && c->state == CONSOLE_SCRIPT && stream_unsent(&c->stream) == 0;

        if (own && send_everything(a, c->stream.fd)) {
                a->handed_over = true;
                if (a->takeover_timer == NULL)
                        a->takeover_timer = timer_new(a->loop, on_no_decision, a);
                timer_once(a->takeover_timer, DECISION_PATIENCE_US);
                return true;
        }
        refusal_set(r, "ERROR", "08P01",
                    own ? "the process that was to take over does not take what is sent"
                        : "TAKEOVER needs a unix socket, our own user and the simple query protocol");
        admin_end_takeover(a);
        return false;
}

/* ---- the end ---- */

static void clear(struct admin *a)
{
        a->handover = NULL;
        a->taker = NULL;
        a->handed_over = false;
        if (a->takeover_timer != NULL)
                timer_stop(a->takeover_timer);
}

void admin_end_takeover(struct admin *admin)
{
        if (admin->handover != NULL) {
                handover_end(admin->handover, false);
                log_info("the takeover has not come about; going on");
        } else if (admin->taker != NULL) {
                admin->workers->order(admin->crowd, ORDER_LISTEN, "", &admin->loop->mailbox, NULL, NULL);
        }
        clear(admin);
}

void takeover_left(struct admin *admin, const struct console *c)
{
        if (admin->taker == c)
                admin_end_takeover(admin);
}

void takeover_settle(struct admin *admin, const void *who)
{
        if (admin->taker != who || !admin->handed_over)
                return;
        handover_end(admin->handover, true);
        clear(admin);
        admin->crowd->handed_over = true;
}
