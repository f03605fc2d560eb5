/* Configuration files. */
#include "input.h"

#include "conf/ini.h"
#include "conf/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct report *report = report_new();
        struct arena arena = {0};
        struct ini ini = {0};

        if (memmem(data, size, "%include", 8) == NULL) /* it could name any file of this machine */
                ini_read(&ini, input_file(data, size), &arena, report);
        for (size_t i = 0; i < ini.count; i++)
                CHECK(ini.entries[i].section != NULL && ini.entries[i].line > 0);
        ini_release(&ini);
        arena_release(&arena);
        conf_report_free(report_finish(report));
        return 0;
}
