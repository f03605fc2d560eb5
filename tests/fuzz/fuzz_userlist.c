/* auth_file: names and secrets, and what a secret is. */
#include "input.h"

#include "auth/scram.h"
#include "conf/report.h"
#include "conf/users.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct report *report = report_new();
        struct arena arena = {0};
        struct user_parts parts = {0};
        struct scram_verifier verifier;

        userlist_read(&parts, input_file(data, size), true, &arena, report);
        for (size_t i = 0; i < parts.count; i++)
                if (parts.items[i].user.secret != NULL)
                        (void)!scram_verifier_parse(parts.items[i].user.secret, &verifier);
        user_parts_wipe(&parts);
        user_parts_release(&parts);
        arena_release(&arena);
        conf_report_free(report_finish(report));
        return 0;
}
