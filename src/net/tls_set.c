#include "net/tls_set.h"

#include "base/check.h"
#include "base/list.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct counted {
        struct tls_set set;
        atomic_int refs;
        struct tls_context **lines, **peers; /* as the configuration has them; borrowed from `all` */
        struct tls_context **all;            /* each once, with a reference */
        size_t lines_count, peers_count, count;
};

/* What has been made so far, by the settings it was made of. */
struct made {
        struct tls_settings settings;
        struct tls_context *context;
};

struct making {
        const struct conf *conf;
        const struct counted *old;
        struct counted *now;
        struct made *made;
        size_t count;
        tls_tell *tell;
        void *arg;
        bool failed;
};

static struct counted *counted_of(const struct tls_set *set)
{
        return (struct counted *)(uintptr_t)list_item(set, struct counted, set);
}

static void say(struct making *m, const char *where, const char *name, const char *what)
{
        char text[800];

        snprintf(text, sizeof(text), "%s%.200s%s%s", where, name, *where != '\0' ? ": " : "", what);
        m->tell(m->arg, true, text);
        m->failed = true;
}

/* One that is as it was stays what it was. */
static struct tls_context *rather_old(const struct counted *old, struct tls_context *fresh)
{
        for (size_t i = 0; old != NULL && i < old->count; i++)
                if (tls_context_same(old->all[i], fresh)) {
                        tls_context_unref(fresh);
                        return tls_context_ref(old->all[i]);
                }
        return fresh;
}

/* The context for these settings; NULL: none is wanted, or it has been told why there is none. */
static struct tls_context *context_for(struct making *m, const struct tls_settings *settings,
                                       const char *where, const char *name)
{
        struct tls_context *context = NULL;
        char why[500];

        for (size_t i = 0; i < m->count; i++)
                if (tls_settings_same(&m->made[i].settings, settings))
                        return m->made[i].context;
        if (settings->mode == SSLMODE_DISABLE && !settings->direct)
                return NULL;
        context = tls_context_new(settings, why, sizeof(why));
        if (context == NULL) {
                say(m, where, name, why);
                return NULL;
        }
        context = rather_old(m->old, context);
        m->made = xrealloc(m->made, (m->count + 1) * sizeof(*m->made));
        m->made[m->count] = (struct made){*settings, context};
        m->now->all = xrealloc(m->now->all, (m->count + 1) * sizeof(struct tls_context *));
        m->now->all[m->count++] = context;
        m->now->count = m->count;
        return context;
}

static void make_all(struct making *m)
{
        const struct conf *conf = m->conf;
        struct counted *now = m->now;
        struct tls_settings clients = tls_settings_for_clients(&conf->opt);
        struct tls_settings servers = tls_settings_for_servers(&conf->opt);

        now->set.clients = context_for(m, &clients, "", "");
        now->set.servers = context_for(m, &servers, "", "");
        now->lines_count = conf->database_count;
        now->lines = xcalloc(conf->database_count + 1, sizeof(struct tls_context *));
        for (size_t i = 0; i < conf->database_count; i++) {
                const struct conf_database *line = &conf->databases[i];
                struct tls_settings s = tls_settings_for_line(&conf->opt, &line->tls);

                now->lines[i] = tls_settings_same(&s, &servers) /* its mistakes have been told */
                                    ? now->set.servers
                                    : context_for(m, &s, "[databases] ", line->name);
        }
        now->peers_count = conf->peer_count;
        now->peers = xcalloc(conf->peer_count + 1, sizeof(struct tls_context *));
        for (size_t i = 0; i < conf->peer_count; i++) {
                const struct conf_peer *peer = &conf->peers[i];
                struct tls_settings s = tls_settings_for_line(&conf->opt, &peer->tls);
                char id[16];

                snprintf(id, sizeof(id), "%d", peer->peer_id);
                if (peer->tls.sslmode >= 0)
                        now->peers[i] = context_for(m, &s, "[peers] ", id);
        }
}

enum status tls_set_new(const struct conf *conf, const struct tls_set *old, struct tls_set **out,
                        tls_tell *tell, void *arg)
{
        struct making m = {.conf = conf,
                           .old = old != NULL ? counted_of(old) : NULL,
                           .now = xcalloc(1, sizeof(struct counted)),
                           .tell = tell,
                           .arg = arg};

        atomic_init(&m.now->refs, 1);
        make_all(&m);
        free(m.made);
        *out = &m.now->set;
        if (!m.failed)
                return STATUS_OK;
        tls_set_unref(*out);
        *out = NULL;
        return STATUS_INVALID;
}

bool tls_set_settings_same(const struct options *a, const struct options *b)
{
        struct tls_settings clients[] = {tls_settings_for_clients(a), tls_settings_for_clients(b)};
        struct tls_settings servers[] = {tls_settings_for_servers(a), tls_settings_for_servers(b)};

        return tls_settings_same(&clients[0], &clients[1]) && tls_settings_same(&servers[0], &servers[1]);
}

struct tls_context *tls_set_for_line(const struct tls_set *set, const struct conf *conf,
                                     const struct conf_database *line)
{
        if (set == NULL)
                return NULL;
        CHECK(line >= conf->databases && (size_t)(line - conf->databases) < counted_of(set)->lines_count);
        return counted_of(set)->lines[line - conf->databases];
}

struct tls_context *tls_set_for_peer(const struct tls_set *set, const struct conf *conf,
                                     const struct conf_peer *peer)
{
        if (set == NULL)
                return NULL;
        CHECK(peer >= conf->peers && (size_t)(peer - conf->peers) < counted_of(set)->peers_count);
        return counted_of(set)->peers[peer - conf->peers];
}

/* As OpenSSL asks for it on a connection; one that is not connected the kernel refuses, if it has TLS at all.
 */
static bool kernel_has_tls(void)
{
        static const char name[] = "tls";
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool has;

        if (fd < 0)
                return true; /* nothing is known */
        has = setsockopt(fd, IPPROTO_TCP, TCP_ULP, name, sizeof(name)) == 0 || errno == ENOTCONN;
        close(fd);
        return has;
}

void tls_set_note_kernel(const struct tls_set *set, const struct options *opt)
{
        if (opt->kernel_tls && set != NULL && counted_of(set)->count > 0 && !kernel_has_tls())
                log_debug(
                    "kernel_tls: this kernel has no TLS, or its module tls is not loaded: OpenSSL encrypts");
}

struct tls_set *tls_set_ref(struct tls_set *set)
{
        if (set != NULL)
                atomic_fetch_add(&counted_of(set)->refs, 1);
        return set;
}

void tls_set_unref(struct tls_set *set)
{
        struct counted *c = set != NULL ? counted_of(set) : NULL;

        if (c == NULL || atomic_fetch_sub(&c->refs, 1) > 1)
                return;
        for (size_t i = 0; i < c->count; i++)
                tls_context_unref(c->all[i]);
        free(c->all);
        free(c->lines);
        free(c->peers);
        free(c);
}
