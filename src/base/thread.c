#include "base/thread.h"

#include "base/log.h"

#include <string.h>
#include <unistd.h>

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
