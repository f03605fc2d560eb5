#include "conf/terms.h"

#include "files.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

/* What file, line and user say, and what is agreed: "pool_mode consistency target split". */
static const struct {
        const char *file, *line, *user, *forced, *agreed;
} rows[] = {
    {"", "", "", "", "transaction session auto 0"},
    {"pool_mode = session\nconsistency = strong\ntransaction_split = on", "", "", "",
     "session strong auto 1"},
    {"pool_mode = session\nconsistency = strong\ntransaction_split = on",
     "pool_mode=statement consistency=eventual transaction_split=off", "", "", "statement eventual auto 0"},
    {"", "pool_mode=statement consistency=eventual target_session_attrs=primary",
     "pool_mode=session consistency=strong target_session_attrs=standby", "", "session strong standby 0"},
    {"transaction_split = on", "target_session_attrs=standby", "", "", "transaction session standby 0"},
    {"transaction_split = on", "", "target_session_attrs=any", "", "transaction session any 0"},
    /* The pool is the server's user's; what is seen is the client's. */
    {"", "user=other", "pool_mode=session consistency=strong", "", "transaction strong auto 0"},
    {"", "user=other", "", "pool_mode=session consistency=strong target_session_attrs=standby",
     "session session auto 0"},
};

static const char *words(const struct conf_terms *terms)
{
        static const char *const modes[] = {
            [POOL_SESSION] = "session", [POOL_TRANSACTION] = "transaction", [POOL_STATEMENT] = "statement"};
        static const char *const levels[] = {[CONSISTENCY_EVENTUAL] = "eventual",
                                             [CONSISTENCY_SESSION] = "session",
                                             [CONSISTENCY_STRONG] = "strong"};
        static char text[100];
        const char *target = terms->target == TARGET_AUTO      ? "auto"
                             : terms->target == TARGET_STANDBY ? "standby"
                             : terms->target == TARGET_ANY     ? "any"
                                                               : "another";

        snprintf(text, sizeof(text), "%s %s %s %d", modes[terms->pool_mode], levels[terms->consistency],
                 target, terms->split);
        return text;
}

static void the_user_goes_before_the_line(void)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct conf *conf;
                struct conf_terms terms;
                char text[1000];

                snprintf(
                    text, sizeof(text),
                    "[databases]\napp = host=a,b %s\n[pgsteer]\nauth_type = any\n%s\n[users]\nclient = %s\n"
                    "other = %s\n",
                    rows[i].line, rows[i].file, rows[i].user[0] != '\0' ? rows[i].user : "pool_size=1",
                    rows[i].forced[0] != '\0' ? rows[i].forced : "pool_size=1");
                unit_row("%s", text);
                conf = files_load_good(text);
                if (conf == NULL)
                        continue;
                conf_terms(conf, conf_find_database(conf, "app"), "client", &terms);
                UNIT_ASSERT(strcmp(words(&terms), rows[i].agreed) == 0);
                conf_terms(conf, conf_find_database(conf, "app"), "a stranger", &terms);
                UNIT_ASSERT(terms.consistency == CONSISTENCY_SESSION || rows[i].line[0] != '\0' ||
                            rows[i].file[0] != '\0');
                conf_unref(conf);
        }
}

UNIT_SUITE(conf_terms, UNIT_CASE(the_user_goes_before_the_line))
