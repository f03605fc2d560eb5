#include "base/clock.h"

#include <stdio.h>
#include <time.h>

int64_t clock_us(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * US_PER_SEC + now.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t)now.tv_sec * US_PER_SEC + now.tv_nsec / 1000;
}

void clock_format_log(int64_t wall_us, char *out, unsigned long size)
{
        time_t seconds = (time_t)(wall_us / US_PER_SEC);
        struct tm tm;
        char date[24], zone[12];

        localtime_r(&seconds, &tm);
        strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
        strftime(zone, sizeof(zone), "%Z", &tm);
        snprintf(out, size, "%s.%03d %s", date, (int)(wall_us / US_PER_MS % 1000), zone);
}

void clock_format_iso(int64_t wall_us, char *out, unsigned long size)
{
        time_t seconds = (time_t)(wall_us / US_PER_SEC);
        struct tm tm;
        char date[24];

        gmtime_r(&seconds, &tm);
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(out, size, "%s.%03dZ", date, (int)(wall_us / US_PER_MS % 1000));
}

void clock_format(int64_t wall_us, char *out, unsigned long size)
{
        time_t seconds = (time_t)(wall_us / US_PER_SEC);
        struct tm tm;

        localtime_r(&seconds, &tm);
        if (strftime(out, size, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
                out[0] = '\0';
}
