#include "net/helpers.h"

#include "net/loop.h"
#include "unit.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

struct scene {
        struct loop loop;
        struct helpers *helpers;
        int wanted, opened;
        pthread_t owner;
};

struct task {
        struct helper_job job;
        sem_t *gate; /* the work waits for it; NULL: it is done at once */
        pthread_t worked_on, opened_on;
        bool worked, opened;
};

static void work(struct helper_job *job)
{
        struct task *task = list_item(job, struct task, job);

        if (task->gate != NULL)
                sem_wait(task->gate);
        task->worked_on = pthread_self();
        task->worked = true;
}

static void open_task(struct letter *letter, void *owner)
{
        struct task *task = list_item(letter, struct task, job.letter);
        struct scene *scene = owner;

        task->opened = true;
        task->opened_on = pthread_self();
        if (++scene->opened == scene->wanted)
                loop_stop(&scene->loop);
}

static void begin(struct scene *scene)
{
        loop_init(&scene->loop, scene);
        scene->helpers = helpers_new();
        scene->opened = scene->wanted = 0;
}

static bool give(struct scene *scene, struct task *task, const char *lane, sem_t *gate)
{
        *task = (struct task){
            .job = {.letter = {.open = open_task}, .home = &scene->loop.mailbox, .work = work, .lane = lane},
            .gate = gate};
        return helpers_give(scene->helpers, &task->job);
}

/* Until this many letters have been opened in all. */
static void run_until(struct scene *scene, int wanted)
{
        scene->wanted = wanted;
        if (scene->opened < wanted) {
                scene->loop.stop = false;
                loop_run(&scene->loop);
        }
}

static void end(struct scene *scene)
{
        UNIT_ASSERT(helpers_stop(scene->helpers, 10000));
        helpers_free(scene->helpers);
        loop_fini(&scene->loop);
}

static void works_elsewhere_and_tells_here(void)
{
        struct scene scene;
        struct task tasks[100];

        begin(&scene);
        for (int i = 0; i < 100; i++)
                UNIT_ASSERT(give(&scene, &tasks[i], "one", NULL));
        run_until(&scene, 100);
        for (int i = 0; i < 100; i++) {
                unit_row("task %d", i);
                UNIT_ASSERT(tasks[i].worked && tasks[i].opened);
                UNIT_ASSERT(!pthread_equal(tasks[i].worked_on, pthread_self()));
                UNIT_ASSERT(pthread_equal(tasks[i].opened_on, pthread_self()));
        }
        end(&scene);
}

static void hangs_in_one_lane_only(void)
{
        struct scene scene;
        struct task stuck[HELPERS_MAX], other;
        sem_t gate;

        sem_init(&gate, 0, 0);
        begin(&scene);
        for (int i = 0; i < HELPERS_MAX; i++)
                UNIT_ASSERT(give(&scene, &stuck[i], "dead", &gate));
        UNIT_ASSERT(give(&scene, &other, "alive", NULL));
        run_until(&scene, 1);
        UNIT_ASSERT(other.opened);
        for (int i = 0; i < HELPERS_MAX; i++)
                sem_post(&gate);
        run_until(&scene, 1 + HELPERS_MAX);
        end(&scene);
        sem_destroy(&gate);
}

static void gives_back_what_nobody_has_begun(void)
{
        struct scene scene;
        struct task stuck[HELPERS_LANE_MAX], last;
        sem_t gate;

        sem_init(&gate, 0, 0);
        begin(&scene);
        for (int i = 0; i < HELPERS_LANE_MAX; i++)
                UNIT_ASSERT(give(&scene, &stuck[i], "slow", &gate));
        UNIT_ASSERT(give(&scene, &last, "slow", &gate));
        UNIT_ASSERT(helpers_take_back(scene.helpers, &last.job));
        UNIT_ASSERT(!helpers_take_back(scene.helpers, &last.job));
        for (int i = 0; i < HELPERS_LANE_MAX; i++)
                sem_post(&gate);
        run_until(&scene, HELPERS_LANE_MAX);
        UNIT_ASSERT(!last.worked && !last.opened);
        UNIT_ASSERT(!helpers_take_back(scene.helpers, &stuck[0].job));
        end(&scene);
        sem_destroy(&gate);
}

static void refuses_too_many(void)
{
        struct scene scene;
        struct task stuck[HELPERS_LANE_MAX], *waiting = calloc(HELPERS_QUEUE_MAX + 1, sizeof(*waiting));
        sem_t gate;
        int taken = 0;

        sem_init(&gate, 0, 0);
        begin(&scene);
        for (int i = 0; i < HELPERS_LANE_MAX; i++)
                UNIT_ASSERT(give(&scene, &stuck[i], "slow", &gate));
        /* Until the helpers have begun those, there may be fewer places. */
        while (taken <= HELPERS_QUEUE_MAX && give(&scene, &waiting[taken], "slow", NULL))
                taken++;
        UNIT_ASSERT(taken <= HELPERS_QUEUE_MAX && taken >= HELPERS_QUEUE_MAX - HELPERS_LANE_MAX);
        for (int i = 0; i < HELPERS_LANE_MAX; i++)
                sem_post(&gate);
        run_until(&scene, HELPERS_LANE_MAX + taken);
        end(&scene);
        sem_destroy(&gate);
        free(waiting);
}

static void ends_although_one_hangs(void)
{
        struct scene scene;
        struct task stuck;
        sem_t gate;

        sem_init(&gate, 0, 0);
        begin(&scene);
        UNIT_ASSERT(give(&scene, &stuck, "dead", &gate));
        while (helpers_take_back(scene.helpers, &stuck.job)) /* until a helper has it */
                UNIT_ASSERT(give(&scene, &stuck, "dead", &gate));
        UNIT_ASSERT(!helpers_stop(scene.helpers, 1));
        loop_drain(&scene.loop);
        UNIT_ASSERT(!stuck.opened);
        sem_post(&gate);
        UNIT_ASSERT(helpers_stop(scene.helpers, 10000));
        loop_drain(&scene.loop);
        UNIT_ASSERT(stuck.worked && !stuck.opened);
        helpers_free(scene.helpers);
        loop_fini(&scene.loop);
        sem_destroy(&gate);
}

UNIT_SUITE(net_helpers, UNIT_CASE(works_elsewhere_and_tells_here), UNIT_CASE(hangs_in_one_lane_only),
           UNIT_CASE(gives_back_what_nobody_has_begun), UNIT_CASE(refuses_too_many),
           UNIT_CASE(ends_although_one_hangs))
