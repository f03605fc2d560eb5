#include "session/startup.h"

#include "base/check.h"
#include "session/entry.h"
#include "wire/writer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_MAX_BYTES = 128 };

static enum status refuse(struct refusal *r, const char *sqlstate, const char *format, struct sv what)
{
        char text[160];

        snprintf(text, sizeof(text), "%.*s", (int)(what.n < 100 ? what.n : 100), what.p);
        r->severity = "FATAL";
        r->sqlstate = sqlstate;
        r->hint = NULL;
        snprintf(r->text, sizeof(r->text), "%s%s", format, text);
        return STATUS_DENIED;
}

static bool in_list(const char *list, struct sv name)
{
        while (*list != '\0') {
                size_t n = strcspn(list, ",");

                if (sv_ieq(sv_trim(sv_from(list, n)), name))
                        return true;
                list += n + (list[n] == ',');
        }
        return false;
}

bool startup_tracks(const struct options *opt, struct sv name)
{
        return in_list("client_encoding,datestyle,timezone,standard_conforming_strings,application_name",
                       name) ||
               in_list(opt->track_extra_parameters, name);
}

static enum status add_setting(struct client *c, struct sv name, struct sv value, struct refusal *r)
{
        const struct options *opt = &c->room->conf->opt;
        char lower[NAME_MAX_BYTES];
        struct setting s = {.value = value, .kind = SETTING_KIND_STRING};
        struct settings *next;

        if (in_list(opt->ignore_startup_parameters, name))
                return STATUS_OK;
        if (name.n >= sizeof(lower) || (!opt->session_state && !startup_tracks(opt, name)))
                return refuse(r, "08P01", "unsupported startup parameter: ", name);
        for (size_t i = 0; i < name.n; i++)
                lower[i] = (char)tolower((unsigned char)name.p[i]);
        s.name = sv_from(lower, name.n);
        if (settings_with(&c->room->pools.settings, c->startup, &s, &next) != STATUS_OK)
                return refuse(r, "08P01", "startup parameters are too large: ", name);
        settings_unref(&c->room->pools.settings, c->startup);
        c->startup = next;
        return STATUS_OK;
}

/* One word of `options`; a backslash takes the next character as it is. */
static bool next_word(struct sv *at, char *word, size_t size)
{
        size_t n = 0;

        while (at->n > 0 && isspace((unsigned char)*at->p)) {
                at->p++;
                at->n--;
        }
        if (at->n == 0)
                return false;
        while (at->n > 0 && !isspace((unsigned char)*at->p) && n + 1 < size) {
                if (*at->p == '\\' && at->n > 1) {
                        at->p++;
                        at->n--;
                }
                word[n++] = *at->p++;
                at->n--;
        }
        word[n] = '\0';
        return true;
}

/* "-c name=value", "-cname=value", "--name=value" (dashes in a name mean underscores). */
static enum status apply_options(struct client *c, struct sv options, struct refusal *r)
{
        struct sv at = options;
        char word[1024];

        if (in_list(c->room->conf->opt.ignore_startup_parameters, SV("options")))
                return STATUS_OK;
        while (next_word(&at, word, sizeof(word))) {
                char *text = word, *equals;

                if (strcmp(word, "-c") == 0) {
                        if (!next_word(&at, word, sizeof(word)))
                                return refuse(r, "08P01", "unsupported options startup parameter: ", options);
                } else if (strncmp(word, "-c", 2) == 0 || strncmp(word, "--", 2) == 0) {
                        text = word + 2;
                } else {
                        return refuse(r, "08P01",
                                      "unsupported options startup parameter: only '-c config=val' and "
                                      "'--config=val' are allowed: ",
                                      options);
                }
                equals = strchr(text, '=');
                if (equals == NULL || equals == text)
                        return refuse(r, "08P01", "unsupported options startup parameter: ", options);
                for (char *p = text; p < equals; p++)
                        if (*p == '-')
                                *p = '_';
                if (add_setting(c, sv_from(text, (size_t)(equals - text)), sv_cstr(equals + 1), r) !=
                    STATUS_OK)
                        return STATUS_DENIED;
        }
        return STATUS_OK;
}

static bool means_no(struct sv value)
{
        return sv_ieq(value, SV("off")) || sv_ieq(value, SV("false")) || sv_ieq(value, SV("no")) ||
               sv_is(value, "0");
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
        if (sv_is(name, "options"))
                return apply_options(c, value, r);
        if (sv_is(name, "replication")) {
                if (means_no(value))
                        return STATUS_OK;
                refusal_set(r, "FATAL", "0A000",
                            "replication connections are not supported yet: connect to the server itself");
                return STATUS_DENIED;
        }
        if (name.n > 5 && memcmp(name.p, "_pq_.", 5) == 0)
                return STATUS_OK; /* declined in NegotiateProtocolVersion */
        return add_setting(c, name, value, r);
}

enum status startup_apply(struct client *c, const struct startup *s, struct refusal *r)
{
        struct reader params = s->params;
        struct sv name, value;

        while (startup_param(&params, &name, &value))
                if (apply_param(c, name, value, r) != STATUS_OK)
                        return STATUS_DENIED;
        if (c->entry->user == NULL || c->entry->user[0] == '\0') {
                refusal_set(r, "FATAL", "08P01", "no username supplied");
                return STATUS_DENIED;
        }
        if (c->entry->database == NULL || c->entry->database[0] == '\0') {
                free(c->entry->database);
                c->entry->database = xstrdup(c->entry->user);
        }
        return STATUS_OK;
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
                if (name.n >= 5 && memcmp(name.p, "_pq_.", 5) == 0)
                        put_sv(&w, name);
        msg_end(&w);
        return client_send(c, &w);
}
