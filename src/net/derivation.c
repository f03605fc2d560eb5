#include "net/derivation.h"

#include "auth/secret.h"
#include "base/check.h"
#include "base/memory.h"

#include <stdlib.h>

/* It computes, so that more of them at a time would only take the processors from the workers. */
enum { AT_A_TIME = 2 };

struct derivation {
        struct helper_job job;
        struct helpers *helpers;
        char *password;
        struct scram_keys keys;
        derivation_fn *done; /* NULL: nobody wants it. The loop's thread alone */
        void *arg;
};

static void destroy(struct derivation *d)
{
        secret_free(d->password);
        secret_wipe(&d->keys, sizeof(d->keys));
        free(d);
}

static void work(struct helper_job *job)
{
        struct derivation *d = list_item(job, struct derivation, job);

        scram_client_keys(d->password, &d->keys);
}

static void open_keys(struct letter *letter, void *owner)
{
        struct derivation *d = list_item(letter, struct derivation, job.letter);

        (void)owner;
        if (d->done != NULL)
                d->done(d->arg, &d->keys);
        destroy(d);
}

struct derivation *derivation_begin(struct helpers *helpers, struct mailbox *home, const char *password,
                                    const struct scram_keys *salt, derivation_fn *done, void *arg)
{
        struct derivation *d = xcalloc(1, sizeof(*d));

        d->job = (struct helper_job){
            .letter = {.open = open_keys}, .home = home, .work = work, .lane = "SCRAM", .most = AT_A_TIME};
        d->helpers = helpers;
        d->password = xstrdup(password);
        d->keys = *salt;
        d->done = done;
        d->arg = arg;
        if (helpers_give(helpers, &d->job))
                return d;
        destroy(d);
        return NULL;
}

void derivation_forget(struct derivation *d)
{
        if (d == NULL)
                return;
        d->done = NULL;
        if (helpers_take_back(d->helpers, &d->job))
                destroy(d);
}
