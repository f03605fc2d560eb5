#include "conf/terms.h"

/* The last that says something. -1: nothing is said. */
static int last_word(int first, int second, int third)
{
        return third >= 0 ? third : second >= 0 ? second : first;
}

void conf_terms(const struct conf *conf, const struct conf_database *line, const char *user,
                struct conf_terms *out)
{
        static const struct conf_user nobody = {
            .pool_mode = -1, .consistency = -1, .commit_outcome = -1, .target = -1};
        const struct conf_user *here = conf_find_user(conf, user), *there = here;

        if (line->user != NULL)
                there = conf_find_user(conf, line->user);
        here = here != NULL ? here : &nobody;
        there = there != NULL ? there : &nobody;
        out->pool_mode =
            (enum pool_mode)last_word((int)conf->opt.pool_mode, line->pool_mode, there->pool_mode);
        out->consistency =
            (enum consistency)last_word((int)conf->opt.consistency, line->consistency, here->consistency);
        out->target = (enum target_attrs)last_word(-1, (int)line->target, here->target);
        out->commit_outcome =
            last_word(conf->opt.commit_outcome, line->commit_outcome, here->commit_outcome) != 0;
        out->split = out->target == TARGET_AUTO &&
                     last_word(conf->opt.transaction_split, line->transaction_split, -1) != 0;
}
