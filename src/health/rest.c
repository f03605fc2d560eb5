#include "health/rest.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/memory.h"
#include "net/lookout.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct rest {
        struct event_base *base;
        rest_done_fn *done;
        void *arg;
        CURLM *multi;
        CURL *easy;
        struct event *timer;
        bool asking;
        struct buf body;
        char error[CURL_ERROR_SIZE];
};

static size_t on_body(char *bytes, size_t one, size_t n, void *arg)
{
        struct rest *rest = arg;

        (void)one;
        return buf_append(&rest->body, bytes, n, REST_BODY_MAX) == STATUS_OK ? n : 0;
}

static void finish(struct rest *rest, CURLcode code)
{
        long status = 0;
        char why[CURL_ERROR_SIZE + 64] = "";

        curl_easy_getinfo(rest->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_multi_remove_handle(rest->multi, rest->easy);
        rest->asking = false;
        if (code == CURLE_WRITE_ERROR)
                snprintf(why, sizeof(why), "its answer has more than %d bytes", REST_BODY_MAX);
        else if (code != CURLE_OK)
                snprintf(why, sizeof(why), "%s",
                         *rest->error != '\0' ? rest->error : curl_easy_strerror(code));
        else if (status != 200)
                snprintf(why, sizeof(why), "it answers with status %ld", status);
        if (*why != '\0')
                rest->done(rest->arg, NULL, 0, why);
        else
                rest->done(rest->arg, (const char *)buf_data(&rest->body), buf_len(&rest->body), NULL);
}

/* `done` may free the whole of it: nothing is touched afterwards. */
static void advance(struct rest *rest, curl_socket_t fd, int what)
{
        const CURLMsg *message;
        int left;

        (void)curl_multi_socket_action(rest->multi, fd, what, &left);
        message = curl_multi_info_read(rest->multi, &left);
        if (message != NULL && message->msg == CURLMSG_DONE)
                finish(rest, message->data.result);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
        (void)fd;
        (void)what;
        advance(arg, CURL_SOCKET_TIMEOUT, 0);
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
        advance(arg, fd,
                ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
                    ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0));
}

/* libcurl says what it waits for; `own` is what it keeps for us beside the socket. */
static int on_wait(CURL *easy, curl_socket_t fd, int what, void *arg, void *own)
{
        struct rest *rest = arg;
        struct lookout *lookout = own;
        short wish = (short)(EV_PERSIST | ((what & CURL_POLL_IN) != 0 ? EV_READ : 0) |
                             ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0));

        (void)easy;
        if (what == CURL_POLL_REMOVE) {
                if (lookout != NULL)
                        lookout_stop(lookout);
                free(lookout);
                return 0;
        }
        if (lookout == NULL)
                lookout = xcalloc(1, sizeof(*lookout));
        lookout_start(lookout, rest->base, fd, wish, on_io, rest);
        curl_multi_assign(rest->multi, fd, lookout);
        return 0;
}

static int on_delay(CURLM *multi, long ms, void *arg)
{
        struct rest *rest = arg;
        struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

        (void)multi;
        if (ms < 0)
                event_del(rest->timer);
        else
                CHECK(event_add(rest->timer, &tv) == 0);
        return 0;
}

/* Everything anew: an option that is not set has its default, whatever it was for the last question. */
static void set_up(struct rest *rest, const struct rest_terms *terms)
{
        CURL *easy = rest->easy;

        curl_easy_reset(easy);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, rest);
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, rest->error);
        curl_easy_setopt(easy, CURLOPT_USERAGENT, "pgsteer");
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* whatever the environment says */
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        if (*terms->ca_file != '\0')
                curl_easy_setopt(easy, CURLOPT_CAINFO, terms->ca_file);
        if (*terms->cert_file != '\0')
                curl_easy_setopt(easy, CURLOPT_SSLCERT, terms->cert_file);
        if (*terms->key_file != '\0')
                curl_easy_setopt(easy, CURLOPT_SSLKEY, terms->key_file);
        if (*terms->user != '\0') {
                curl_easy_setopt(easy, CURLOPT_USERNAME, terms->user);
                curl_easy_setopt(easy, CURLOPT_PASSWORD, terms->password);
        }
}

struct rest *rest_new(struct event_base *base, rest_done_fn *done, void *arg)
{
        struct rest *rest = xcalloc(1, sizeof(*rest));

        CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == 0); /* counted: one for each of us */
        rest->base = base;
        rest->done = done;
        rest->arg = arg;
        rest->multi = curl_multi_init();
        rest->easy = curl_easy_init();
        rest->timer = evtimer_new(base, on_timer, rest);
        CHECK(rest->multi != NULL && rest->easy != NULL && rest->timer != NULL);
        curl_multi_setopt(rest->multi, CURLMOPT_SOCKETFUNCTION, on_wait);
        curl_multi_setopt(rest->multi, CURLMOPT_SOCKETDATA, rest);
        curl_multi_setopt(rest->multi, CURLMOPT_TIMERFUNCTION, on_delay);
        curl_multi_setopt(rest->multi, CURLMOPT_TIMERDATA, rest);
        return rest;
}

void rest_get(struct rest *rest, const char *url, const struct rest_terms *terms, int64_t timeout_us)
{
        CHECK(!rest->asking);
        rest->asking = true;
        buf_release(&rest->body);
        *rest->error = '\0';
        set_up(rest, terms);
        curl_easy_setopt(rest->easy, CURLOPT_URL, url);
        curl_easy_setopt(rest->easy, CURLOPT_TIMEOUT_MS, (long)(timeout_us / US_PER_MS));
        CHECK(curl_multi_add_handle(rest->multi, rest->easy) == CURLM_OK);
}

void rest_free(struct rest *rest)
{
        if (rest == NULL)
                return;
        if (rest->asking)
                curl_multi_remove_handle(rest->multi, rest->easy);
        curl_easy_cleanup(rest->easy);
        curl_multi_cleanup(rest->multi);
        event_free(rest->timer);
        buf_release(&rest->body);
        curl_global_cleanup();
        free(rest);
}
