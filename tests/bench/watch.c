#include "watch.h"

#include "channel.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct watch watch_parse(const char *list)
{
        struct watch w = {.count = 0};
        char *end;

        for (const char *p = list; *p != '\0'; p = *end == ',' ? end + 1 : end) {
                long pid = strtol(p, &end, 10);

                if (end == p || (*end != ',' && *end != '\0') || w.count == WATCHED_MAX)
                        die("not a list of processes: %s", list);
                w.pids[w.count++] = (int)pid;
        }
        return w;
}

static uint64_t threads_cpu_ns(int pid)
{
        char path[64];
        uint64_t sum = 0;
        struct dirent *entry;
        DIR *tasks;

        snprintf(path, sizeof path, "/proc/%d/task", pid);
        tasks = opendir(path);
        if (tasks == NULL)
                die("process %d, which was to be watched, is gone", pid);
        while ((entry = readdir(tasks)) != NULL) {
                uint64_t ns = 0;
                FILE *file;

                if (entry->d_name[0] == '.')
                        continue;
                snprintf(path, sizeof path, "/proc/%d/task/%.16s/schedstat", pid, entry->d_name);
                file = fopen(path, "re");
                if (file == NULL || fscanf(file, "%" SCNu64, &ns) != 1)
                        die("%s cannot be read: does this kernel have no CONFIG_SCHED_INFO?", path);
                fclose(file);
                sum += ns;
        }
        closedir(tasks);
        return sum;
}

uint64_t watch_cpu_ns(const struct watch *w)
{
        uint64_t sum = 0;

        for (int i = 0; i < w->count; i++)
                sum += threads_cpu_ns(w->pids[i]);
        return sum;
}

uint64_t watch_memory(const struct watch *w)
{
        uint64_t sum = 0;

        for (int i = 0; i < w->count; i++) {
                char path[64], line[256];
                uint64_t kib;
                FILE *file;

                snprintf(path, sizeof path, "/proc/%d/status", w->pids[i]);
                file = fopen(path, "re");
                if (file == NULL)
                        die("process %d, which was to be watched, is gone", w->pids[i]);
                while (fgets(line, sizeof line, file) != NULL)
                        if (sscanf(line, "RssAnon: %" SCNu64, &kib) == 1)
                                sum += kib * 1024;
                fclose(file);
        }
        return sum;
}
