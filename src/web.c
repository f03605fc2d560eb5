#include "web.h"

#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "conf/conf.h"
#include "conf/listen.h"

#include <stdio.h>
#include <stdlib.h>

bool web_listen(const struct options *opt, struct listeners *spares, struct listeners *out,
                struct process_why *why)
{
        const struct listen_how how = {.backlog = opt->listen_backlog, .reuseport = opt->so_reuseport};
        const char *rest = opt->http_listen;
        struct listen_item item;
        struct listen_why refused;
        struct sv text;

        listeners_pass_spares(spares, out);
        while (option_list_next(&rest, &text)) {
                if (!listen_item_parse(text, &item, why->text, sizeof(why->text)))
                        return false;
                if (listeners_add(out, item.host, item.port, &how, &refused) != STATUS_OK) {
                        snprintf(why->text, sizeof(why->text), "http_listen: %s", refused.text);
                        return false;
                }
        }
        listeners_close_spares(out);
        return true;
}

void web_init(struct web *web, const struct listeners *listeners, struct admin *admin,
              const struct conf *conf)
{
        if (listeners->count == 0)
                return;
        loop_init(&web->loop, web);
        web->site = site_new(&web->loop, listeners, admin);
        site_set_token(web->site, conf->opt.http_token);
        log_info("HTTP on %d socket%s", listeners->count, listeners->count == 1 ? "" : "s");
}

static void *run(void *arg)
{
        struct web *web = arg;

        thread_enter();
        loop_run(&web->loop);
        return NULL;
}

void web_start(struct web *web)
{
        if (web->site == NULL)
                return;
        thread_start(&web->thread, run, web, "http");
        web->started = true;
}

struct notice {
        struct letter letter;
        struct conf *conf; /* NULL: the end */
};

static void on_notice(struct letter *letter, void *owner)
{
        struct notice *notice = (struct notice *)(void *)letter;
        struct web *web = owner;

        if (notice->conf != NULL)
                site_set_token(web->site, notice->conf->opt.http_token);
        else
                loop_stop(&web->loop);
        conf_unref(notice->conf);
        free(notice);
}

static void tell(struct web *web, struct conf *conf)
{
        struct notice *notice = xcalloc(1, sizeof(*notice));

        *notice = (struct notice){.letter.open = on_notice, .conf = conf};
        mailbox_post(&web->loop.mailbox, &notice->letter);
}

void web_configure(struct web *web, struct conf *conf)
{
        if (web->site != NULL)
                tell(web, conf_ref(conf));
}

void web_stop(struct web *web)
{
        if (!web->started)
                return;
        tell(web, NULL);
        CHECK(pthread_join(web->thread, NULL) == 0);
        web->started = false;
}

void web_drain(struct web *web)
{
        if (web->site != NULL)
                loop_drain(&web->loop);
}

void web_fini(struct web *web)
{
        if (web->site == NULL)
                return;
        site_free(web->site);
        web->site = NULL;
        loop_fini(&web->loop);
}
