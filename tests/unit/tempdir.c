#include "tempdir.h"

#include "base/check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[256];

static void clean_up(void)
{
        DIR *d = opendir(dir);
        const struct dirent *entry;
        char path[1024];

        while (d != NULL && (entry = readdir(d)) != NULL) {
                snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
                if (entry->d_name[0] != '.')
                        unlink(path);
        }
        if (d != NULL)
                closedir(d);
        rmdir(dir);
}

const char *tempdir(void)
{
        if (dir[0] == '\0') {
                const char *tmp = getenv("TMPDIR");

                snprintf(dir, sizeof(dir), "%s/pgsteer-unit-XXXXXX", tmp != NULL ? tmp : "/tmp");
                CHECK(mkdtemp(dir) != NULL);
                atexit(clean_up);
        }
        return dir;
}
