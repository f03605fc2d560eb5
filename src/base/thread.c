#include "base/thread.h"

#include "base/log.h"

#include <string.h>
#include <unistd.h>

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

void threads_hold(void)
{
        pthread_mutex_lock(&gate);
}

void threads_go(void)
{
        pthread_mutex_unlock(&gate);
}

void thread_enter(void)
{
        threads_hold();
        threads_go();
}

void thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg, const char *name)
{
        int error = pthread_create(thread, NULL, run, arg);

        if (error != 0) {
                log_write(LOG_FATAL_,
                          "cannot start thread '%s': %s; allow pgsteer more tasks (TasksMax=, ulimit -u)",
                          name, strerrordesc_np(error));
                _exit(1);
        }
        pthread_setname_np(*thread, name);
}
