#include "http/site.h"

#include "admin/reading.h"
#include "auth/secret.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "http/guests.h"
#include "http/json.h"
#include "http/past.h"
#include "http/paths.h"
#include "net/acceptor.h"
#include "net/timer.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOOK_EVERY_US = 250000, PARAMETERS_MAX = 16 };

/* A caller that waits for an answer. */
struct request {
        struct list in_errand; /* or in no list */
        struct list in_site;
        struct evhttp_request *http;
        int64_t since_us;
};

/* A reading under way, and who waits for what becomes of it. */
struct errand {
        struct site *site;
        const struct path *path;
        struct question question;
        struct list requests;
};

/* An answer that serves many. */
struct kept {
        struct answer answer;
        int64_t made_us;
        struct errand *errand; /* that will bring a newer one; NULL: none is under way */
};

struct site {
        struct loop *loop;
        struct admin *admin;
        struct evhttp *http;
        struct guests *guests;
        struct timer *look, *sample;
        bool sampling; /* a reading for the past is under way */
        struct past *past;
        struct list requests;
        struct kept kept[PATHS_MAX];
        bool locked; /* there is a token */
        uint8_t key[KEYED_HASH_KEY_SIZE];
        uint64_t token[2]; /* its keyed_hash */
};

/* ---- answers out ---- */

static const char *reason_of(int status)
{
        switch (status) {
        case 200: return "OK";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 503: return "Service Unavailable";
        default: return "Internal Server Error";
        }
}

/* The page takes nothing from elsewhere, and is shown in no other page. */
static void add_headers(struct evkeyvalq *headers, const struct answer *a)
{
        char length[32];

        snprintf(length, sizeof(length), "%zu", buf_len(&a->body));
        evhttp_add_header(headers, "Content-Type", a->type);
        evhttp_add_header(headers, "Content-Length", length);
        evhttp_add_header(headers, "Cache-Control", "no-store");
        evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
        evhttp_add_header(headers, "Referrer-Policy", "no-referrer");
        evhttp_add_header(headers, "Content-Security-Policy",
                          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                          "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
        if (a->status == 401)
                evhttp_add_header(headers, "WWW-Authenticate", "Bearer");
        if (a->status == 405)
                evhttp_add_header(headers, "Allow", "GET, HEAD");
}

static void note(struct site *site, struct evhttp_request *http)
{
        struct evhttp_connection *connection = evhttp_request_get_connection(http);

        if (connection != NULL)
                guests_note(site->guests, evhttp_connection_get_bufferevent(connection));
}

static void send_answer(struct site *site, struct evhttp_request *http, const struct answer *a)
{
        struct evbuffer *body = evbuffer_new();

        CHECK(body != NULL);
        note(site, http);
        add_headers(evhttp_request_get_output_headers(http), a);
        if (evhttp_request_get_command(http) != EVHTTP_REQ_HEAD)
                evbuffer_add(body, buf_data(&a->body), buf_len(&a->body));
        evhttp_send_reply(http, a->status, reason_of(a->status), body);
        evbuffer_free(body);
}

static void send_error(struct site *site, struct evhttp_request *http, int status, const char *text)
{
        struct answer a = {0};

        answer_error(&a, status, "%s", text);
        send_answer(site, http, &a);
        answer_fini(&a);
}

/* ---- readings ---- */

static void request_free(struct request *r)
{
        list_unlink(&r->in_errand);
        list_unlink(&r->in_site);
        free(r);
}

static void errand_free(struct errand *e)
{
        question_fini(&e->question);
        free(e);
}

/* Of paths that keep none it is never filled. */
static struct kept *kept_of(struct site *site, const struct path *path)
{
        return &site->kept[path - path_at(0)];
}

static void finish(struct errand *e, const struct reading *r)
{
        struct site *site = e->site;
        struct kept *kept = kept_of(site, e->path);
        struct answer a = {0};
        struct list *it;

        if (r->conf == NULL)
                answer_error(&a, 503, "pgsteer is shutting down");
        else
                e->path->write(&a, r, &e->question);
        while ((it = list_first(&e->requests)) != NULL) {
                struct request *request = list_item(it, struct request, in_errand);

                send_answer(site, request->http, &a);
                request_free(request);
        }
        if (e->path->keep_ms == 0) {
                answer_fini(&a);
                return;
        }
        answer_fini(&kept->answer);
        *kept = (struct kept){a, clock_us(), NULL};
}

static void on_reading(struct letter *letter, void *owner)
{
        struct reading *r = (struct reading *)(void *)letter;
        struct errand *e = r->arg;

        (void)owner;
        finish(e, r);
        errand_free(e);
        reading_free(r);
}

static void join(struct errand *e, struct evhttp_request *http)
{
        struct request *request = xcalloc(1, sizeof(*request));

        request->http = http;
        request->since_us = loop_now(e->site->loop);
        list_append(&e->requests, &request->in_errand);
        list_append(&e->site->requests, &request->in_site);
}

/* ---- requests in ---- */

static void read_parameters(struct question *q, const char *query)
{
        struct evkeyvalq pairs = {0};

        if (query == NULL || evhttp_parse_query_str(query, &pairs) != 0)
                return;
        q->list = arena_alloc(&q->arena, PARAMETERS_MAX * sizeof(*q->list));
        for (const struct evkeyval *p = pairs.tqh_first; p != NULL && q->count < PARAMETERS_MAX;
             p = p->next.tqe_next)
                q->list[q->count++] = (struct parameter_pair){arena_strdup(&q->arena, p->key),
                                                              arena_strdup(&q->arena, p->value)};
        evhttp_clear_headers(&pairs);
}

/* Equal hashes, whatever the lengths: neither what is wrong nor how much of it is right shows in the time. */
static bool may_pass(const struct site *site, struct evhttp_request *http)
{
        static const char scheme[] = "Bearer ";
        const char *shown = evhttp_find_header(evhttp_request_get_input_headers(http), "Authorization");
        uint64_t hash[2];

        if (!site->locked)
                return true;
        if (shown == NULL || strncasecmp(shown, scheme, sizeof(scheme) - 1) != 0)
                return false;
        shown += sizeof(scheme) - 1;
        keyed_hash(site->key, shown, strlen(shown), hash);
        return secret_equal(hash, site->token, sizeof(hash));
}

/* Asks for what the path wants, or answers at once. */
static void begin(struct site *site, struct evhttp_request *http, const struct path *path,
                  struct question *question)
{
        struct errand *e = xcalloc(1, sizeof(*e));
        struct reading *reading = reading_new(e);
        struct answer a = {0};

        *e = (struct errand){.site = site, .path = path, .question = *question};
        list_init(&e->requests);
        path->want(reading, question, &a);
        if (a.status != 0) {
                send_answer(site, http, &a);
                answer_fini(&a);
                reading_free(reading);
                errand_free(e);
                return;
        }
        if (path->keep_ms > 0)
                kept_of(site, path)->errand = e;
        join(e, http);
        admin_read(site->admin, reading, &site->loop->mailbox, on_reading);
}

static void serve(struct site *site, struct evhttp_request *http, const struct path *path,
                  const struct evhttp_uri *uri)
{
        struct kept *kept = kept_of(site, path);
        struct question question = {.past = site->past};

        if (kept->errand != NULL) {
                join(kept->errand, http);
                return;
        }
        if (kept->made_us != 0 && clock_us() - kept->made_us < path->keep_ms * US_PER_MS) {
                send_answer(site, http, &kept->answer);
                return;
        }
        question.rest = arena_strdup(&question.arena, evhttp_uri_get_path(uri) + strlen(path->name));
        read_parameters(&question, evhttp_uri_get_query(uri));
        begin(site, http, path, &question);
}

static void on_request(struct evhttp_request *http, void *arg)
{
        const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(http);
        const char *text = uri == NULL ? NULL : evhttp_uri_get_path(uri);
        const struct path *path = text == NULL ? NULL : path_find(sv_cstr(text));
        enum evhttp_cmd_type method = evhttp_request_get_command(http);
        struct site *site = arg;

        note(site, http);
        if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD)
                send_error(site, http, 405, "nothing can be changed here: only GET and HEAD");
        else if (path == NULL)
                send_error(site, http, 404, "there is nothing here; /api/v1 says what there is");
        else if (!path->open && !may_pass(site, http))
                send_error(site, http, 401, "needs Authorization: Bearer, with http_token");
        else
                serve(site, http, path, uri);
}

/* ---- time ---- */

static void on_look(void *arg)
{
        struct site *site = arg;
        int64_t now = loop_now(site->loop);

        list_for_each_safe (it, &site->requests) {
                struct request *request = list_item(it, struct request, in_site);

                if (now - request->since_us < SITE_PATIENCE_US)
                        continue;
                send_error(site, request->http, 503, "the pooler does not answer");
                request_free(request);
        }
        guests_look(site->guests);
}

/* ---- the past ---- */

static void on_sample(struct letter *letter, void *owner)
{
        struct reading *r = (struct reading *)(void *)letter;
        struct site *site = r->arg;

        (void)owner;
        site->sampling = false;
        if (r->conf != NULL)
                past_take(site->past, r, clock_wall_us() / US_PER_MS);
        reading_free(r);
}

/* Whether anybody looks or not: who opens the page wants to know how it came to this. */
static void on_sample_time(void *arg)
{
        struct site *site = arg;
        struct reading *r;

        if (site->sampling)
                return; /* the control thread is behind */
        r = reading_new(site);
        site->sampling = true;
        past_want(r);
        admin_read(site->admin, r, &site->loop->mailbox, on_sample);
}

/* ---- life ---- */

static void on_accept_again(evutil_socket_t fd, short what, void *arg);

static bool accept_later(struct evconnlistener *listener)
{
        struct timeval pause = {.tv_usec = ACCEPT_PAUSE_US};

        return event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, on_accept_again, listener,
                               &pause) == 0;
}

/* What the kernel cannot watch now it may watch later. */
static void watch_listener(struct evconnlistener *listener)
{
        if (evconnlistener_enable(listener) != 0)
                (void)accept_later(listener);
}

static void on_accept_again(evutil_socket_t fd, short what, void *arg)
{
        (void)fd;
        (void)what;
        watch_listener(arg);
}

/* As net/acceptor.h does. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
        (void)arg;
        if (accept_must_wait(errno) && accept_later(listener))
                evconnlistener_disable(listener);
}

static void accept_from(struct site *site, const struct listeners *listeners)
{
        for (int i = 0; i < listeners->count; i++) {
                int fd = fcntl(listeners->fds[i], F_DUPFD_CLOEXEC, 0); /* evhttp closes its own */
                struct evhttp_bound_socket *bound =
                    fd < 0 ? NULL : evhttp_accept_socket_with_handle(site->http, fd);

                if (bound == NULL) {
                        log_error("cannot listen for HTTP: %s", strerrordesc_np(errno));
                        continue;
                }
                evconnlistener_set_error_cb(evhttp_bound_socket_get_listener(bound), on_accept_error);
                watch_listener(evhttp_bound_socket_get_listener(bound)); /* evhttp does not look */
        }
}

struct site *site_new(struct loop *loop, const struct listeners *listeners, struct admin *admin)
{
        struct site *site = xcalloc(1, sizeof(*site));

        CHECK(path_at(PATHS_MAX) == NULL);
        site->loop = loop;
        site->admin = admin;
        list_init(&site->requests);
        secret_random(site->key, sizeof(site->key));
        json_prepare();
        site->http = evhttp_new(loop->base);
        CHECK(site->http != NULL);
        evhttp_set_max_headers_size(site->http, SITE_HEADERS_MAX);
        evhttp_set_max_body_size(site->http, SITE_BODY_MAX);
        evhttp_set_timeout(site->http, GUEST_PATIENCE_US / US_PER_SEC);
        /* All of them, so that it is us who refuse, with an answer like others. */
        evhttp_set_allowed_methods(site->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
                                                   EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS |
                                                   EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH);
        evhttp_set_gencb(site->http, on_request, site);
        site->guests = guests_new(loop, site->http);
        site->look = timer_new(loop, on_look, site);
        timer_every(site->look, LOOK_EVERY_US);
        site->past = past_new();
        site->sample = timer_new(loop, on_sample_time, site);
        timer_every(site->sample, PAST_EVERY_MS * US_PER_MS);
        accept_from(site, listeners);
        return site;
}

void site_set_token(struct site *site, const char *token)
{
        site->locked = token[0] != '\0';
        keyed_hash(site->key, token, strlen(token), site->token);
}

void site_free(struct site *site)
{
        if (site == NULL)
                return;
        CHECK(list_first(&site->requests) == NULL);
        timer_free(site->look);
        timer_free(site->sample);
        past_free(site->past);
        evhttp_free(site->http);
        guests_free(site->guests);
        for (int i = 0; i < PATHS_MAX; i++)
                answer_fini(&site->kept[i].answer);
        free(site);
}
