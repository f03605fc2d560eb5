#include "session/startup.h"

#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"
#include "pool/tracked.h"
#include "session/entry.h"
#include "session/wishes.h"
#include "wire/writer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 128 };

static enum status refuse(struct refusal *r, const char *text)
{
        refusal_set(r, "FATAL", "08P01", "%s", text);
        return STATUS_DENIED;
}

static enum status refuse_name(struct refusal *r, const char *text, struct sv name)
{
        refusal_set(r, "FATAL", "08P01", "%s: %.*s", text, (int)(name.n < 100 ? name.n : 100), name.p);
        return STATUS_DENIED;
}

/* A list separated by commas; as written. */
static bool is_ignored(const struct options *opt, struct sv name)
{
        const char *list = opt->ignore_startup_parameters;

        while (*list != '\0') {
                size_t n = strcspn(list, ",");

                if (sv_eq(sv_trim(sv_from(list, n)), name))
                        return true;
                list += n + (list[n] == ',');
        }
        return false;
}

/* ---- one parameter ---- */

static enum status put(struct client *c, struct sv name, struct sv value)
{
        char lower[NAME_MAX_BYTES];
        struct setting s = {.value = value, .kind = SETTING_KIND_STRING};
        struct settings *next;
        enum status status;

        for (size_t i = 0; i < name.n; i++)
                lower[i] = (char)tolower((unsigned char)name.p[i]);
        s.name = sv_from(lower, name.n);
        status = settings_with(&c->room->pools.settings, c->startup, &s, &next);
        if (status != STATUS_OK)
                return status;
        settings_unref(&c->room->pools.settings, c->startup);
        c->startup = next;
        return STATUS_OK;
}

/* `unsupported`: what is said of one that cannot be followed. `ignored`: by the list's word "options". */
static enum status add_setting(struct client *c, struct sv name, struct sv value, const char *unsupported,
                               bool ignored, struct refusal *r)
{
        const struct options *opt = &c->room->conf->opt;
        struct sv known;
        char text[400];

        if (!opt->session_state && tracked_name(opt, name, &known))
                name = known;
        else if (ignored || is_ignored(opt, name))
                return STATUS_OK;
        else if (!opt->session_state || name.n == 0 || name.n >= NAME_MAX_BYTES) {
                log_warning("C-%p: %s %s: %.*s=%.*s", (const void *)c, client_name(c, text, sizeof(text)),
                            unsupported, SV_ARG(name), SV_ARG(value));
                return refuse_name(r, unsupported, name);
        }
        if (floor_weigh_at_login(name, value, r) == FLOOR_REFUSED || !wishes_weigh_at_login(name, value, r))
                return STATUS_DENIED;
        if (put(c, name, value) != STATUS_OK)
                return refuse_name(r, "startup parameter is too large", name);
        return STATUS_OK;
}

static enum status add_param(struct client *c, struct sv name, struct sv value, struct refusal *r)
{
        return add_setting(c, name, value, "unsupported startup parameter", false, r);
}

/* "name - address:port", as PgBouncer writes it; of a Unix socket's peer we know the process. */
static enum status add_application_name(struct client *c, struct sv given, struct refusal *r)
{
        char text[NAME_MAX_BYTES * 4], host[65] = "", address[IP_TEXT_SIZE];
        struct ucred peer;
        socklen_t size = sizeof(peer);
        int n = (int)(given.n < 200 ? given.n : 200);

        if (!c->room->conf->opt.application_name_add_host)
                return given.p != NULL ? add_param(c, SV("application_name"), given, r) : STATUS_OK;
        if (given.p == NULL)
                snprintf(text, sizeof(text), "app");
        else
                snprintf(text, sizeof(text), "%.*s", n, given.p);
        n = (int)strlen(text);
        if (client_via_tcp(c))
                snprintf(text + n, sizeof(text) - (size_t)n,
                         c->ip.family == AF_INET6 ? " - [%s]:%d" : " - %s:%d", ip_text(&c->ip, address),
                         c->port);
        else if (gethostname(host, sizeof(host) - 1) == 0 &&
                 getsockopt(c->stream.fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
                snprintf(text + n, sizeof(text) - (size_t)n, " - unix(%ld@%s):%d", (long)peer.pid, host,
                         c->port);
        else
                snprintf(text + n, sizeof(text) - (size_t)n, " - unix:%d", c->port);
        return add_param(c, SV("application_name"), sv_cstr(text), r);
}

/* ---- options ---- */

static void skip_space(struct sv *at)
{
        while (at->n > 0 && isspace((unsigned char)*at->p)) {
                at->p++;
                at->n--;
        }
}

/* Up to white space, into `word` (at->n + 1 bytes); a backslash takes the next character as it is. */
static void take_word(struct sv *at, char *word)
{
        size_t n = 0;

        while (at->n > 0 && !isspace((unsigned char)*at->p)) {
                if (*at->p == '\\') {
                        at->p++;
                        at->n--;
                        if (at->n == 0)
                                break;
                }
                word[n++] = *at->p++;
                at->n--;
        }
        word[n] = '\0';
}

static bool begins_with(struct sv v, const char *text)
{
        return v.n >= strlen(text) && memcmp(v.p, text, strlen(text)) == 0;
}

static enum status apply_option(struct client *c, char *word, bool ignored, struct refusal *r)
{
        char *equals = strchr(word, '=');

        if (equals == NULL)
                return refuse(r, "unsupported options startup parameter: only '-c config=val' and "
                                 "'--config=val' are allowed");
        if (c->room->conf->opt.session_state) /* PostgreSQL takes dashes in a name for underscores */
                for (char *p = word; p < equals; p++)
                        if (*p == '-')
                                *p = '_';
        return add_setting(c, sv_from(word, (size_t)(equals - word)), sv_cstr(equals + 1),
                           "unsupported startup parameter in options", ignored, r);
}

/* "-c name=value", "-cname=value", "--name=value". */
static enum status apply_options(struct client *c, struct sv at, struct refusal *r)
{
        bool ignored = is_ignored(&c->room->conf->opt, SV("options"));
        char *word = xmalloc(at.n + 1);
        enum status status = STATUS_OK;

        for (skip_space(&at); status == STATUS_OK && at.n > 0; skip_space(&at)) {
                bool spaced = begins_with(at, "-c");

                if (!spaced && !begins_with(at, "--")) {
                        status = refuse(r, "unsupported options startup parameter: only '-c config=val' and "
                                           "'--config=val' are allowed");
                        break;
                }
                at.p += 2;
                at.n -= 2;
                if (spaced)
                        skip_space(&at);
                take_word(&at, word);
                status = apply_option(c, word, ignored, r);
        }
        free(word);
        return status;
}

/* ---- the packet ---- */

/* For the startup packet of a server of its own. */
static enum status pass_on(struct entry *e, struct sv name, struct sv value, struct refusal *r)
{
        if (buf_append(&e->own, name.p, name.n, STARTUP_MAX) != STATUS_OK ||
            buf_append(&e->own, "", 1, STARTUP_MAX) != STATUS_OK ||
            buf_append(&e->own, value.p, value.n, STARTUP_MAX) != STATUS_OK ||
            buf_append(&e->own, "", 1, STARTUP_MAX) != STATUS_OK)
                return refuse_name(r, "startup parameter is too large", name);
        return STATUS_OK;
}

static enum status pass_on_all(struct client *c, struct refusal *r)
{
        struct sv at = settings_blob(c->startup);
        struct setting s;

        while (settings_next(&at, &s))
                if (pass_on(c->entry, s.name, s.value, r) != STATUS_OK)
                        return STATUS_DENIED;
        return pass_on(c->entry, SV("replication"), sv_cstr(replication_value(c->replication)), r);
}

static enum status apply_param(struct client *c, struct sv name, struct sv value, struct refusal *r)
{
        struct entry *e = c->entry;

        if (sv_is(name, "user")) {
                free(e->user);
                e->user = xstrdup(value.p);
                return STATUS_OK;
        }
        if (sv_is(name, "database")) {
                free(e->database);
                e->database = xstrdup(value.p);
                return STATUS_OK;
        }
        if (sv_is(name, "options") && c->replication != REPLICATION_NONE)
                return pass_on(e, name, value, r); /* its own server understands them all */
        if (sv_is(name, "options"))
                return apply_options(c, value, r);
        if (sv_is(name, "application_name")) {
                e->named = true;
                return add_application_name(c, value, r);
        }
        if (sv_is(name, "replication"))
                return STATUS_OK; /* looked at before */
        if (begins_with(name, "_pq_."))
                return STATUS_OK; /* declined in NegotiateProtocolVersion */
        return add_param(c, name, value, r);
}

enum status startup_apply(struct client *c, const struct startup *s, struct refusal *r)
{
        struct reader params = s->params;
        struct sv name, value;

        while (startup_param(&params, &name, &value))
                if (sv_is(name, "replication"))
                        c->replication = replication_of(value);
        params = s->params;
        while (startup_param(&params, &name, &value))
                if (apply_param(c, name, value, r) != STATUS_OK)
                        return STATUS_DENIED;
        if (c->entry->user == NULL || c->entry->user[0] == '\0')
                return refuse(r, "no username supplied");
        if (c->entry->database == NULL || c->entry->database[0] == '\0') {
                free(c->entry->database);
                c->entry->database = xstrdup(c->entry->user);
        }
        if (!c->entry->named && add_application_name(c, (struct sv){NULL, 0}, r) != STATUS_OK)
                return STATUS_DENIED;
        return c->replication != REPLICATION_NONE ? pass_on_all(c, r) : STATUS_OK;
}

bool startup_negotiate(struct client *c, const struct startup *s)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, CLIENT_OUT_MAX);
        struct reader params = s->params;
        struct sv name, value;

        if (s->version >= PROTO_3_2)
                c->key.size = CANCEL_SECRET_LONG;
        if (s->version <= PROTO_3_2 && s->unknown_options == 0)
                return true;
        msg_begin(&w, BE_NEGOTIATE);
        put_i32(&w, s->version < PROTO_3_2 ? s->version : PROTO_3_2);
        put_i32(&w, s->unknown_options);
        while (startup_param(&params, &name, &value))
                if (begins_with(name, "_pq_."))
                        put_sv(&w, name);
        msg_end(&w);
        return client_send(c, &w);
}
