/* timer: something that happens on a loop after a while, once or again and again. One thread. */
#pragma once

#include "net/loop.h"

struct timer;

/* A stopped timer. `fire` may stop, restart or free it. */
struct timer *timer_new(struct loop *loop, void (*fire)(void *arg), void *arg);

/* Fires every `interval_us`, or once after `delay_us`; replaces what was set before. */
void timer_every(struct timer *timer, int64_t interval_us);
void timer_once(struct timer *timer, int64_t delay_us);
void timer_stop(struct timer *timer);

/* NULL is allowed. */
void timer_free(struct timer *timer);
