#include "net/helpers.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct helper {
        struct helpers *helpers;
        pthread_t thread;
        const char *lane; /* of the job it works on; NULL: none */
        bool ended, joined;
};

struct helpers {
        pthread_mutex_t lock; /* over all below */
        pthread_cond_t news;  /* for helpers: a job, or the end */
        pthread_cond_t left;  /* for helpers_stop(): one has nothing to do any more */
        struct list queue;    /* oldest first */
        int queued, started, idle, ended;
        bool stopping;
        struct helper all[HELPERS_MAX];
};

struct helpers *helpers_new(void)
{
        struct helpers *h = xcalloc(1, sizeof(*h));

        CHECK(pthread_mutex_init(&h->lock, NULL) == 0);
        CHECK(pthread_cond_init(&h->news, NULL) == 0);
        CHECK(pthread_cond_init(&h->left, NULL) == 0);
        list_init(&h->queue);
        return h;
}

static bool is_full(const struct helpers *h, const struct helper_job *job)
{
        int most = job->most > 0 ? job->most : HELPERS_LANE_MAX;
        int at_work = 0;

        for (int i = 0; i < h->started; i++)
                at_work += h->all[i].lane != NULL && strcmp(h->all[i].lane, job->lane) == 0;
        return at_work >= most;
}

/* The oldest job that may begin. */
static struct helper_job *next_job(struct helpers *h)
{
        list_for_each (node, &h->queue) {
                struct helper_job *job = list_item(node, struct helper_job, in_queue);

                if (!is_full(h, job)) {
                        list_unlink(&job->in_queue);
                        h->queued--;
                        return job;
                }
        }
        return NULL;
}

static void *run(void *arg)
{
        struct helper *self = arg;
        struct helpers *h = self->helpers;

        pthread_mutex_lock(&h->lock);
        while (!h->stopping) {
                struct helper_job *job = next_job(h);

                if (job == NULL) {
                        h->idle++;
                        pthread_cond_wait(&h->news, &h->lock);
                        h->idle--;
                        continue;
                }
                self->lane = job->lane;
                pthread_mutex_unlock(&h->lock);
                job->work(job);
                pthread_mutex_lock(&h->lock);
                self->lane = NULL;
                /* When the program ends the mailbox may be gone: such a job is left where it is. */
                if (!h->stopping)
                        mailbox_post(job->home, &job->letter);
        }
        self->ended = true;
        h->ended++;
        pthread_cond_signal(&h->left);
        pthread_mutex_unlock(&h->lock);
        return NULL;
}

/* Signals are the control thread's. */
static void start_one(struct helpers *h)
{
        struct helper *helper = &h->all[h->started];
        sigset_t all, before;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        helper->helpers = h;
        if (pthread_create(&helper->thread, NULL, run, helper) == 0) {
                pthread_setname_np(helper->thread, "helper");
                h->started++;
        }
        pthread_sigmask(SIG_SETMASK, &before, NULL);
}

bool helpers_give(struct helpers *h, struct helper_job *job)
{
        bool taken;

        list_init(&job->in_queue);
        pthread_mutex_lock(&h->lock);
        if (h->idle <= h->queued && h->started < HELPERS_MAX && !h->stopping && !is_full(h, job))
                start_one(h);
        taken = h->started > 0 && h->queued < HELPERS_QUEUE_MAX && !h->stopping;
        if (taken) {
                list_append(&h->queue, &job->in_queue);
                h->queued++;
                pthread_cond_signal(&h->news);
        }
        pthread_mutex_unlock(&h->lock);
        return taken;
}

bool helpers_take_back(struct helpers *h, struct helper_job *job)
{
        bool waits;

        pthread_mutex_lock(&h->lock);
        waits = list_linked(&job->in_queue);
        if (waits) {
                list_unlink(&job->in_queue);
                h->queued--;
        }
        pthread_mutex_unlock(&h->lock);
        return waits;
}

bool helpers_stop(struct helpers *h, int ms)
{
        int64_t end = clock_us() + ms * US_PER_MS;
        struct timespec until = {.tv_sec = end / US_PER_SEC, .tv_nsec = end % US_PER_SEC * 1000};
        int waited = 0;

        pthread_mutex_lock(&h->lock);
        h->stopping = true;
        pthread_cond_broadcast(&h->news);
        while (h->ended < h->started && waited == 0)
                waited = pthread_cond_clockwait(&h->left, &h->lock, CLOCK_MONOTONIC, &until);
        for (int i = 0; i < h->started; i++) {
                struct helper *helper = &h->all[i];

                /* That it has ended is the last thing it does under the lock. */
                if (helper->ended && !helper->joined)
                        helper->joined = pthread_join(helper->thread, NULL) == 0;
        }
        pthread_mutex_unlock(&h->lock);
        return waited == 0;
}

void helpers_leave(struct helpers *h)
{
        pthread_mutex_lock(&h->lock);
        for (int i = 0; i < h->started; i++)
                if (!h->all[i].joined)
                        (void)pthread_detach(h->all[i].thread);
        pthread_mutex_unlock(&h->lock);
}

void helpers_free(struct helpers *h)
{
        CHECK(list_empty(&h->queue));
        pthread_mutex_destroy(&h->lock);
        pthread_cond_destroy(&h->news);
        pthread_cond_destroy(&h->left);
        free(h);
}
