#include "pool/pool.h"

#include "auth/secret.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "pool/demand.h"
#include "pool/errand.h"
#include "pool/solo.h"

#include <stdlib.h>

enum {
        LOOK_FOR_SETTINGS = 8, /* idle servers looked at for one with the right settings */
};

/* Another worker's client must have waited this much longer before a server leaves its warm caches. */
static const int64_t HAND_OVER_AFTER_US = 2 * US_PER_MS;

/* Another pool's client must have waited this much longer before a server is closed to make room for it: a
 * new connection costs much more than a hand-over. More than what a place in the queue for room may be out of
 * date (a tick). */
static const int64_t EVICT_AFTER_US = 250 * US_PER_MS;

/* How long a cluster's node that cannot be reached is left alone, at first and at most. */
static const int64_t BACKOFF_FIRST_US = 50 * US_PER_MS, BACKOFF_LAST_US = US_PER_SEC;

struct list *pool_list_of(struct pool *pool, enum server_state state, int **count)
{
        switch (state) {
        case SERVER_CONNECTING:
        case SERVER_LOGIN: *count = &pool->login_count; return &pool->login;
        case SERVER_IDLE: *count = &pool->idle_count; return &pool->idle;
        case SERVER_LEASED: *count = &pool->leased_count; return &pool->leased;
        case SERVER_RESETTING: *count = &pool->resetting_count; return &pool->resetting;
        case SERVER_PARKED: *count = &pool->parked_count; return &pool->parked;
        case SERVER_MOVING:
        case SERVER_CLOSED:
        case SERVER_STATES: break;
        }
        *count = NULL;
        return NULL;
}

/* ---- masks: telling the other workers ---- */

static void publish_waiting(struct pool *pool)
{
        struct list *head = list_first(&pool->queue);

        if (pool_alone(pool))
                return;
        if (head == NULL) {
                atomic_fetch_and(&pool->quota->waiting, ~pool_bit(pool));
                return;
        }
        atomic_store_explicit(&pool->quota->oldest_us[pool->home->self],
                              list_item(head, struct waiter, in_queue)->since_us, memory_order_relaxed);
        if ((atomic_load_explicit(&pool->quota->waiting, memory_order_relaxed) & pool_bit(pool)) == 0)
                atomic_fetch_or(&pool->quota->waiting, pool_bit(pool));
}

/* The server that has been idle longest: with server_round_robin it is the next to be lent. */
static struct server *longest_idle(struct pool *pool)
{
        struct list *first = list_first(&pool->idle), *last = list_last(&pool->idle);
        struct server *a, *b;

        if (first == NULL)
                return NULL;
        a = list_item(first, struct server, in_pool);
        b = list_item(last, struct server, in_pool);
        return a->since_us < b->since_us ? a : b;
}

void pool_publish_idle(struct pool *pool)
{
        const struct server *s = longest_idle(pool);
        int64_t since = s != NULL ? s->since_us : 0, before = pool->idle_said_us;

        if (since == before)
                return;
        pool->idle_said_us = since;
        atomic_store_explicit(&pool->quota->idle_us[pool->home->self], since, memory_order_relaxed);
        if (pool_alone(pool))
                atomic_store_explicit(&pool->quota->idle, since != 0 ? pool_bit(pool) : 0,
                                      memory_order_relaxed);
        else if (before == 0)
                atomic_fetch_or(&pool->quota->idle, pool_bit(pool));
        else if (since == 0)
                atomic_fetch_and(&pool->quota->idle, ~pool_bit(pool));
}

void pool_evict(struct pool *pool)
{
        struct server *s = longest_idle(pool);

        if (s != NULL)
                server_close(s, "evicted");
}

/* ---- lease and give back ---- */

static int64_t now_of(const struct pool *pool)
{
        return loop_now(pool->home->loop);
}

/* Logged in, in any worker and state. */
static int connected(const struct pool *pool)
{
        return atomic_load_explicit(&pool->quota->ready, memory_order_relaxed);
}

bool pool_must_check(const struct pool *pool, const struct server *s)
{
        const struct options *opt = &pool->home->conf->opt;

        return opt->server_check_query[0] != '\0' &&
               (s->unchecked || now_of(pool) - s->since_us >= opt->server_check_delay_us);
}

/* An idle server that needs no check, at best one with the settings `like`; NULL: there is none. */
static struct server *choose(struct pool *pool, const struct settings *like)
{
        bool in_turn = pool->home->conf->opt.server_round_robin;
        struct server *first = NULL;
        int looked = 0;

        list_for_each (node, &pool->idle) {
                struct server *s = list_item(node, struct server, in_pool);

                if (pool_must_check(pool, s))
                        continue;
                if (in_turn || s->applied == like)
                        return s;
                if (first == NULL)
                        first = s;
                if (++looked == LOOK_FOR_SETTINGS)
                        break;
        }
        return first;
}

void pool_check_one(struct pool *pool)
{
        errand_check(list_item(pool->idle.next, struct server, in_pool));
        pool_publish_idle(pool);
}

struct server *pool_lease(struct pool *pool, struct waiter *w, const struct settings *like)
{
        struct server *s;

        CHECK(w->pool == NULL);
        if (!pool->paused && pool->idle_count > 0 && pool->queue_count == 0 &&
            (s = choose(pool, like)) != NULL) {
                server_move(s, SERVER_LEASED);
                pool_publish_idle(pool);
                return s;
        }
        w->pool = pool;
        w->since_us = now_of(pool);
        list_append(&pool->queue, &w->in_queue);
        pool->queue_count++;
        publish_waiting(pool);
        demand_serve(pool);
        return NULL;
}

static void leave_queue(struct waiter *w)
{
        struct pool *pool = w->pool;

        list_unlink(&w->in_queue);
        w->pool = NULL;
        pool->queue_count--;
        publish_waiting(pool);
        if (pool->queue_count == 0)
                demand_drop(pool);
}

void pool_cancel_wait(struct waiter *w)
{
        if (w->pool != NULL && w->replication != REPLICATION_NONE)
                solo_cancel(w);
        else if (w->pool != NULL)
                leave_queue(w);
}

int64_t pool_lifetime(const struct pool *pool)
{
        return pool->line != NULL && pool->line->server_lifetime_us >= 0
                   ? pool->line->server_lifetime_us
                   : pool->home->conf->opt.server_lifetime_us;
}

bool pool_end_lifetime(struct pool *pool, const struct server *s)
{
        int64_t lifetime = pool_lifetime(pool), now = now_of(pool), last;
        int limit = atomic_load_explicit(&pool->quota->limit, memory_order_relaxed);

        if (now - s->connected_us < lifetime)
                return false;
        last = atomic_load_explicit(&pool->quota->lifetime_end_us, memory_order_relaxed);
        if (last != 0 && limit > 0 && now - last < lifetime / limit)
                return false;
        /* Another worker may have ended one this moment. */
        return atomic_compare_exchange_strong_explicit(&pool->quota->lifetime_end_us, &last, now,
                                                       memory_order_relaxed, memory_order_relaxed) ||
               lifetime == 0;
}

static const char *reason_to_close(struct pool *pool, const struct server *s)
{
        if (pool->line == NULL)
                return "database configuration changed";
        if (s->close_needed)
                return "close_needed";
        if (s->generation != atomic_load_explicit(&pool->quota->generation, memory_order_relaxed))
                return "obsolete connection";
        if (s->stream.broken)
                return "server conn crashed?";
        if (pool->paused)
                return "pause mode";
        if (buf_len(&s->in) > 0) /* who gets it next must not begin in the middle of a message */
                return "server spoke out of turn";
        if (s->lent && pool_end_lifetime(pool, s)) /* one never used is not too old, whatever is said */
                return "server lifetime over";
        if (quota_exceeded(pool->quota))
                return "too many servers in the pool";
        return NULL;
}

/* The first who waits gets `s`. */
static void grant(struct pool *pool, struct server *s)
{
        struct waiter *w = list_item(pool->queue.next, struct waiter, in_queue);

        leave_queue(w);
        server_move(s, SERVER_LEASED);
        pool->home->ops->granted(w, s);
}

void pool_give_back(struct server *s)
{
        struct pool *pool = s->pool;
        struct list *head = list_first(&pool->queue);
        const char *why = reason_to_close(pool, s);
        const struct options *opt = &pool->home->conf->opt;
        int64_t since = 0;
        int other;

        CHECK(s->client == NULL && s->replies.count == 0);
        if (why != NULL) {
                server_close(s, why);
                return;
        }
        if (s->state == SERVER_LEASED) /* else the reset or check query has just been answered */
                s->unchecked = opt->server_check_delay_us == 0 && opt->server_check_query[0] != '\0';
        if (s->cancels > 0) {
                server_move(s, SERVER_PARKED);
                return;
        }
        if (!pool_alone(pool) &&
            (other = quota_longest_waiting(pool->quota, pool->home->self, &since)) >= 0 &&
            (head == NULL ||
             since + HAND_OVER_AFTER_US < list_item(head, struct waiter, in_queue)->since_us)) {
                demand_send(pool, s, other);
                return;
        }
        if (head != NULL && solo_is_first(pool)) {
                server_close(s, "evicted");
                return;
        }
        if (head != NULL) {
                since = list_item(head, struct waiter, in_queue)->since_us - EVICT_AFTER_US;
                if (budgets_wanted() && demand_elsewhere(pool, since))
                        server_close(s, "evicted");
                else if (s->unchecked)
                        errand_check(s);
                else
                        grant(pool, s);
                return;
        }
        server_move(s, SERVER_IDLE);
        pool_publish_idle(pool);
        /* Somebody may have begun to wait before our bit was to be seen. */
        if (!pool_alone(pool) && (other = quota_longest_waiting(pool->quota, pool->home->self, &since)) >= 0)
                demand_send(pool, s, other);
        else if (budgets_wanted() && demand_elsewhere(pool, INT64_MAX))
                server_close(s, "evicted");
        else
                solo_serve(pool);
}

bool pool_refuses(struct pool *pool, struct refusal *r)
{
        if (pool->last.severity == NULL || connected(pool) > 0 || pool->paused || pool->line == NULL ||
            (!pool_is_plain(pool) && pool->last_trouble != POOL_REJECTED))
                return false;
        refusal_set(r, "FATAL", "08P01",
                    "server login has been failing, cached error: %.150s (server_login_retry)",
                    pool->last.text);
        /* Nobody may be waiting, and then the tick would never find out that the server is back. */
        if (pool->login_count == 0 && now_of(pool) >= pool->retry_us &&
            quota_take(pool->quota, atomic_load(&pool->quota->limit), NULL, INT64_MAX) == QUOTA_TAKEN)
                server_open(pool);
        return true;
}

void pool_retry(struct pool *pool)
{
        struct server *s;

        while (!pool->paused && pool->queue_count > 0 && (s = choose(pool, NULL)) != NULL)
                grant(pool, s);
        pool_publish_idle(pool);
        demand_serve(pool);
}

/* ---- what server.c reports ---- */

void pool_server_ready(struct server *s)
{
        struct pool *pool = s->pool;
        bool first = !pool->proven;

        s->ready = true;
        atomic_fetch_add(&pool->quota->ready, 1);
        pool->proven = true;
        pool->retry_us = pool->backoff_us = 0;
        pool->last.severity = NULL;
        if (s->replication != REPLICATION_NONE) {
                solo_ready(s);
        } else {
                server_greeted(s);
                pool_give_back(s);
        }
        if (first)
                demand_serve(pool); /* the others have waited for this one */
}

/* Everybody who waits gets the news; who asks again waits again, but not in this round. */
void pool_fail_all(struct pool *pool, enum pool_trouble trouble, const struct refusal *r)
{
        struct refusal copy = *r;
        int n = pool->queue_count;

        while (n-- > 0) {
                struct list *head = list_first(&pool->queue);
                struct waiter *w;

                if (head == NULL)
                        return;
                w = list_item(head, struct waiter, in_queue);
                leave_queue(w);
                pool->home->ops->failed(w, trouble, &copy);
        }
        solo_fail_all(pool, trouble, &copy);
}

static struct waiter *first_login(const struct pool *pool)
{
        list_for_each (node, &pool->queue) {
                struct waiter *w = list_item(node, struct waiter, in_queue);

                if (w->login)
                        return w;
        }
        return NULL;
}

/* As in PgBouncer: who logs in is told at once; who is in waits for the servers that there are. */
static void fail_logins(struct pool *pool, const struct refusal *r)
{
        struct refusal copy = *r;
        struct waiter *w;

        while ((w = first_login(pool)) != NULL) {
                leave_queue(w);
                pool->home->ops->failed(w, POOL_REJECTED, &copy);
        }
}

/* A cluster's health says when a node is back; until then, and when it sees nothing wrong, it is tried again
 * after a short while, and longer each time. Several that fail at a time are one attempt. */
static int64_t back_off(struct pool *pool)
{
        int64_t now = now_of(pool);

        if (now < pool->retry_us)
                return pool->retry_us;
        pool->backoff_us = pool->backoff_us == 0 ? BACKOFF_FIRST_US : pool->backoff_us * 2;
        if (pool->backoff_us > BACKOFF_LAST_US)
                pool->backoff_us = BACKOFF_LAST_US;
        return now + pool->backoff_us;
}

void pool_server_failed(struct server *s, enum pool_trouble trouble, const struct refusal *r)
{
        struct pool *pool = s->pool;
        int64_t retry = s->connected_us + pool->home->conf->opt.server_login_retry_us;
        unsigned turn = s->host_turn;

        if (s->replication != REPLICATION_NONE && trouble == POOL_REJECTED) {
                solo_refused(s, r); /* others may well be let in */
                return;
        }
        pool->proven = false;
        pool->last = *r;
        pool->last_trouble = trouble;
        /* A plain line is tried again after a while, counted from the start of this try. */
        if (!pool_is_plain(pool) && trouble == POOL_UNREACHABLE)
                retry = back_off(pool);
        pool->retry_us = retry;
        /* load_balance_hosts=disable: on to the next host, once for any number of tries that fail here. */
        if (pool_is_plain(pool) && pool->line != NULL && pool->line->load_balance_hosts == 0)
                atomic_compare_exchange_strong(&pool->quota->next_host, &turn, turn + 1);
        if (trouble == POOL_UNREACHABLE ? !pool_is_plain(pool) : connected(pool) == 0)
                pool_fail_all(pool, trouble, r);
        else if (trouble == POOL_REJECTED)
                fail_logins(pool, r);
}

void pool_server_gone(struct server *s)
{
        struct pool *pool = s->pool;

        pool_publish_idle(pool);
        if (s->ready)
                atomic_fetch_sub(&pool->quota->ready, 1);
        s->ready = false;
        quota_return(pool->quota);
        pool_quota_freed(pool);
}

void pool_quota_freed(struct pool *pool)
{
        int64_t since = 0;
        int other;

        demand_tell(pool);
        if (pool->queue_count > 0)
                demand_serve(pool);
        else if (!pool_alone(pool) &&
                 (other = quota_longest_waiting(pool->quota, pool->home->self, &since)) >= 0)
                demand_wake(pool, other);
}

/* ---- credentials ---- */

const char *pool_password(const struct pool *pool)
{
        const struct conf_user *user;

        if (pool->line != NULL && pool->line->password != NULL)
                return pool->line->password;
        if (pool->secret != NULL)
                return pool->secret;
        user = conf_find_user(pool->home->conf, pool->quota->user);
        return user != NULL ? user->secret : NULL;
}

void pool_offer_secret(struct pool *pool, const char *secret)
{
        secret_free(pool->secret);
        pool->secret = secret != NULL ? xstrdup(secret) : NULL;
}

bool pool_secret_configured(const struct conf *conf, const char *user)
{
        const struct conf_user *known = conf_find_user(conf, user);

        return conf->opt.auth_type != AUTH_PAM && known != NULL && known->secret != NULL;
}

void pool_offer_keys(struct pool *pool, const struct scram_keys *keys)
{
        const char *password = pool_password(pool);

        /* With a password we derive our own, for whatever salt the server has. */
        if (password != NULL && secret_kind(password) == SECRET_PLAIN)
                return;
        pool->keys = *keys;
        pool->have_keys = true;
        pool->derived_keys = false;
}
