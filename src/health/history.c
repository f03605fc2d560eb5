#include "health/history.h"

#include <stdio.h>
#include <string.h>

static struct failover *slot(const struct history *history, size_t number)
{
        return (struct failover *)&history->list[number % HISTORY_MAX];
}

void history_lost(struct history *history, const char *from, const char *why, int64_t now_us,
                  int64_t now_wall_us, const uint64_t toll[TOLL_KINDS])
{
        struct failover *f = slot(history, history->count++);

        *f = (struct failover){.lost_wall_us = now_wall_us};
        snprintf(f->from, sizeof(f->from), "%s", from);
        snprintf(f->why, sizeof(f->why), "%s", why);
        memcpy(f->toll, toll, sizeof(f->toll));
        history->lost_us = now_us;
}

void history_elected(struct history *history, const char *to, uint32_t timeline, int64_t now_us,
                     int64_t now_wall_us)
{
        struct failover *f;

        if (history->count == 0)
                return;
        f = slot(history, history->count - 1);
        if (f->elected_wall_us != 0)
                return;
        f->elected_wall_us = now_wall_us;
        f->gap_us = now_us - history->lost_us;
        f->timeline = timeline;
        snprintf(f->to, sizeof(f->to), "%s", to);
}

bool history_at(const struct history *history, size_t i, int64_t now_us, const uint64_t toll[TOLL_KINDS],
                struct failover *out)
{
        size_t first = history->count > HISTORY_MAX ? history->count - HISTORY_MAX : 0;
        const uint64_t *until = toll;

        if (first + i >= history->count)
                return false;
        *out = *slot(history, first + i);
        if (out->elected_wall_us == 0)
                out->gap_us = now_us - history->lost_us;
        if (first + i + 1 < history->count)
                until = slot(history, first + i + 1)->toll;
        for (int kind = 0; kind < TOLL_KINDS; kind++)
                out->toll[kind] = until[kind] - out->toll[kind];
        return true;
}

bool history_last(const struct history *history, int64_t now_us, const uint64_t toll[TOLL_KINDS],
                  struct failover *out)
{
        size_t kept = history->count > HISTORY_MAX ? HISTORY_MAX : history->count;

        return kept > 0 && history_at(history, kept - 1, now_us, toll, out);
}
