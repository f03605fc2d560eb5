#include "session/greeting.h"

#include "pool/tracked.h"
#include "wire/writer.h"

/* The server has been given all that the client asked for, but for the name of who asks. */
static struct sv own_name(const struct client *c, struct sv name, struct sv value)
{
        struct setting own;

        if (!sv_ieq(name, SV("application_name")))
                return value;
        return settings_get(c->startup, SV("application_name"), &own) ? own.value : SV("");
}

/* The server has been given nothing: what the client asked for is said as it was written, and what it did not
 * ask for is the server's. */
static struct sv own_value(struct client *c, struct sv name, struct sv value, struct writer *w)
{
        const struct options *opt = &c->room->conf->opt;
        struct sv known, own;

        if (!tracked_name(opt, name, &known))
                return value;
        if (tracked_get(c->startup, known, &own))
                return own;
        if (tracked_put(&c->room->pools.settings, opt, &c->settings, known, value) != STATUS_OK)
                w->failed = true;
        return value;
}

static bool is_reported(const struct buf *params, struct sv name)
{
        const uint8_t *p = buf_data(params);
        size_t n = buf_len(params);

        for (struct msg m; msg_peek(p, n, &m) == STATUS_OK; p += m.size, n -= m.size) {
                struct reader r = reader_of(&m);

                if (sv_ieq(take_cstr(&r), name))
                        return true;
        }
        return false;
}

static void write_params(struct client *c, const struct buf *params, struct writer *w)
{
        const struct options *opt = &c->room->conf->opt;
        const uint8_t *p = buf_data(params);
        size_t n = buf_len(params);
        struct sv name, value;

        for (struct msg m; msg_peek(p, n, &m) == STATUS_OK; p += m.size, n -= m.size) {
                struct reader r = reader_of(&m);

                name = take_cstr(&r);
                value = take_cstr(&r);
                value = opt->session_state ? own_name(c, name, value) : own_value(c, name, value, w);
                client_lexes(c, name, value);
                write_param_status(w, name, value);
        }
        if (opt->session_state) {
                if (!is_reported(params, SV("application_name")))
                        write_param_status(w, SV("application_name"),
                                           own_name(c, SV("application_name"), SV("")));
                return;
        }
        for (unsigned at = 0; tracked_next(opt, &at, &name);)
                if (tracked_get(c->startup, name, &value) && !is_reported(params, name))
                        write_param_status(w, name, value);
}

void greeting_send(struct client *c, const struct buf *params)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, CLIENT_OUT_MAX);

        write_auth(&w, AUTH_REQ_OK, "", 0);
        write_params(c, params, &w);
        c->lexing_base = c->lexing;
        write_key_data(&w, &c->key);
        if (c->room->conf->opt.login_notify_message[0] != '\0')
                write_notice(&w, "NOTICE", "00000", c->room->conf->opt.login_notify_message);
        write_ready(&w, 'I');
        settings_unref(&c->room->pools.settings, c->settings_now);
        c->settings_now = settings_ref(c->settings);
        client_settings_changed(c);
        client_send(c, &w);
}

void greeting_pass_on(struct client *c, const struct params *params)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, CLIENT_OUT_MAX);
        struct sv at = params_all(params), name, value;

        write_auth(&w, AUTH_REQ_OK, "", 0);
        while (params_next(&at, &name, &value))
                write_param_status(&w, name, value);
        write_key_data(&w, &c->key);
        write_ready(&w, 'I');
        client_send(c, &w);
}
