/* thread: a thread that the program cannot do without. */
#pragma once

#include <pthread.h>

/* Starts `run(arg)` in a thread called `name` (at most 15 bytes). When the system has no more threads the
 * process ends with status 1 and says so in the log: for its start. */
void thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg, const char *name);

/* Between these two, made by one thread, who calls thread_enter waits: threads can be there before they
 * begin. */
void threads_hold(void);
void threads_go(void);
void thread_enter(void);
