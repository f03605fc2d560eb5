#include "takeover.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "cluster/cluster.h"
#include "pool/bequest.h"
#include "session/handover.h"
#include "session/heir.h"
#include "session/proxied.h"
#include "wire/bundle.h"
#include "wire/fields.h"
#include "wire/proxy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { ANSWER_BYTES_MAX = 256 << 20, DESCRIPTORS_AT_ONCE = 64, PATIENCE_SECONDS = 60, READ_BYTES = 65536 };

enum task { TASK_PROCESS, TASK_POOLER, TASK_CLIENT, TASK_SERVER };

struct row {
        enum task task;
        int fd; /* -1: none, or given away */
        struct buf bundle;
};

struct inheritance {
        int console; /* the connection to the old process */
        struct buf in;
        int *fds; /* come, and not yet given to a row */
        size_t fd_count, fd_cap;
        struct row *rows;
        size_t count, cap;
        uint8_t statement_key[KEYED_HASH_KEY_SIZE], mock_key[32];
        bool known; /* the process row has been read */
};

/* ---- bytes and descriptors ---- */

static void keep_descriptors(struct inheritance *in, struct msghdr *m)
{
        for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
                size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                if (in->fd_count + n > in->fd_cap) {
                        in->fd_cap = (in->fd_count + n) * 2;
                        in->fds = xrealloc(in->fds, in->fd_cap * sizeof(int));
                }
                memcpy(in->fds + in->fd_count, CMSG_DATA(c), n * sizeof(int));
                in->fd_count += n;
        }
}

static enum status receive(struct inheritance *in, struct process_why *why)
{
        static uint8_t bytes[READ_BYTES];
        union {
                char bytes[CMSG_SPACE(DESCRIPTORS_AT_ONCE * sizeof(int))];
                struct cmsghdr align;
        } control;
        struct iovec part = {bytes, sizeof(bytes)};
        struct msghdr m = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof(control.bytes)};
        ssize_t n;

        do
                n = recvmsg(in->console, &m, MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n <= 0)
                return process_fail(why, "takeover: the old process does not answer: %s",
                                    n == 0 ? "it has closed the connection" : strerrordesc_np(errno));
        keep_descriptors(in, &m);
        if ((m.msg_flags & MSG_CTRUNC) != 0)
                return process_fail(why,
                                    "takeover: not all descriptors could be received: is the limit too low?");
        if (buf_append(&in->in, bytes, (size_t)n, ANSWER_BYTES_MAX) != STATUS_OK)
                return process_fail(why, "takeover: the old process sends too much");
        explicit_bzero(bytes, (size_t)n);
        return STATUS_OK;
}

/* The next message, whole, in front of in->in. */
static enum status next_message(struct inheritance *in, struct msg *m, struct process_why *why)
{
        while (msg_peek(buf_data(&in->in), buf_len(&in->in), m) != STATUS_OK || m->have < m->size)
                if (receive(in, why) != STATUS_OK)
                        return STATUS_DENIED;
        return STATUS_OK;
}

static enum status say(struct inheritance *in, struct buf *out, struct process_why *why)
{
        ssize_t n = send(in->console, buf_data(out), buf_len(out), MSG_NOSIGNAL);
        bool whole = n == (ssize_t)buf_len(out);

        buf_release(out);
        return whole ? STATUS_OK
                     : process_fail(why, "takeover: the old process does not listen: %s",
                                    strerrordesc_np(errno));
}

static enum status command(struct inheritance *in, const char *text, struct process_why *why)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, 1024);

        write_query(&w, text);
        return say(in, &out, why);
}

/* ---- rows ---- */

static enum status read_process(struct inheritance *in, struct sv bundle, struct process_why *why)
{
        int64_t format = bundle_find_int(bundle, "format");

        in->known = true;
        if (format != HANDOVER_FORMAT)
                return process_fail(why,
                                    "takeover: the old process hands over in format %" PRId64
                                    ", this one takes %d: use "
                                    "so_reuseport instead",
                                    format, HANDOVER_FORMAT);
        if (!bundle_take(bundle, "statement_key", in->statement_key, sizeof(in->statement_key)) ||
            !bundle_take(bundle, "mock_key", in->mock_key, sizeof(in->mock_key)))
                return process_fail(why, "takeover: the old process sends nonsense");
        return STATUS_OK;
}

static int next_descriptor(struct inheritance *in)
{
        int fd;

        if (in->fd_count == 0)
                return -1;
        fd = in->fds[0];
        memmove(in->fds, in->fds + 1, --in->fd_count * sizeof(int));
        return fd;
}

static bool task_of(struct sv word, enum task *task)
{
        static const char *const words[] = {"process", "pooler", "client", "server"};

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (sv_eq(word, sv_cstr(words[i]))) {
                        *task = (enum task)i;
                        return true;
                }
        return false;
}

static struct sv take_value(struct reader *r)
{
        uint32_t n = take_u32(r);
        struct sv value;

        if (r->failed || n > r->n) {
                r->failed = true;
                return SV("");
        }
        value = sv_from(r->p, n);
        r->p += n;
        r->n -= n;
        return value;
}

static enum status read_row(struct inheritance *in, const struct msg *m, struct process_why *why)
{
        struct reader r = reader_of(m);
        bool two = take_u16(&r) == 2;
        struct sv word = take_value(&r), bundle = take_value(&r);
        struct row row = {.fd = -1};

        if (!two || r.failed || !task_of(word, &row.task))
                return process_fail(why, "takeover: the old process sends nonsense");
        if (row.task == TASK_PROCESS)
                return read_process(in, bundle, why);
        row.fd = next_descriptor(in);
        if (!in->known || row.fd < 0 ||
            buf_append(&row.bundle, bundle.p, bundle.n, ANSWER_BYTES_MAX) != STATUS_OK) {
                if (row.fd >= 0)
                        close(row.fd);
                return process_fail(why, "takeover: the old process sends a row without a descriptor");
        }
        if (in->count == in->cap) {
                in->cap = in->cap == 0 ? 64 : in->cap * 2;
                in->rows = xrealloc(in->rows, in->cap * sizeof(*in->rows));
        }
        in->rows[in->count++] = row;
        return STATUS_OK;
}

/* Everything up to ReadyForQuery. */
static enum status read_answer(struct inheritance *in, struct process_why *why)
{
        struct error_fields e;
        struct msg m;

        while (next_message(in, &m, why) == STATUS_OK) {
                char type = m.type;
                enum status status = STATUS_OK;

                if (type == BE_ERROR) {
                        error_fields_read(&m, &e);
                        status = process_fail(why, "takeover: the old process says: %.*s",
                                              (int)(e.text.n < 300 ? e.text.n : 300), e.text.p);
                } else if (type == BE_AUTH && (m.body_size < 4 || get_u32(m.body) != AUTH_REQ_OK)) {
                        status = process_fail(
                            why, "takeover: the old process asks for a password: is it another user's?");
                } else if (type == BE_DATA_ROW) {
                        status = read_row(in, &m, why);
                }
                buf_consume(&in->in, m.size);
                if (status != STATUS_OK)
                        return status;
                if (type == BE_READY)
                        return STATUS_OK;
        }
        return STATUS_DENIED;
}

/* ---- the conversation ---- */

static int call(const struct conf *conf, struct process_why *why)
{
        const char *dir = conf->opt.unix_socket_dir;
        struct timeval patience = {PATIENCE_SECONDS, 0};
        struct address address;
        int fd;

        if (dir[0] == '\0') {
                process_fail(why, "cannot reboot if unix dir not configured");
                return -1;
        }
        if (address_parse(dir, conf->opt.listen_port, &address) != STATUS_OK) {
                process_fail(why, "cannot reboot: unix_socket_dir is no path");
                return -1;
        }
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, &address.u.any, address.size) != 0) {
                why->text[0] = '\0'; /* nobody is there */
                if (fd >= 0)
                        close(fd);
                return -1;
        }
        if (conf->opt.suspend_timeout_us == 0)
                patience.tv_sec = 0; /* for ever */
        else
                patience.tv_sec += (time_t)(conf->opt.suspend_timeout_us / US_PER_SEC);
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        return fd;
}

/* `proxied`: the old process has our kind of connection among those that must send a PROXY header. */
static enum status log_in(struct inheritance *in, bool proxied, struct process_why *why)
{
        struct buf out = {0};
        struct writer w = writer_to(&out, 1024);

        if (proxied)
                put_raw(&w, proxy_local_header, sizeof(proxy_local_header));
        write_startup_begin(&w);
        write_startup_param(&w, "user", "pgbouncer");
        write_startup_param(&w, "database", "pgbouncer");
        put_byte(&w, 0);
        msg_end(&w);
        if (say(in, &out, why) != STATUS_OK)
                return STATUS_DENIED;
        return read_answer(in, why);
}

/* NULL: `why` says so; nothing when nobody is there. */
static struct inheritance *enter(const struct conf *conf, bool proxied, struct process_why *why)
{
        struct inheritance *in;
        int fd = call(conf, why);

        if (fd < 0)
                return NULL;
        in = xcalloc(1, sizeof(*in));
        in->console = fd;
        if (log_in(in, proxied, why) == STATUS_OK)
                return in;
        takeover_free(in);
        return NULL;
}

enum status takeover_begin(const struct conf *conf, struct inheritance **out, struct process_why *why)
{
        struct inheritance *in = enter(conf, false, why);

        *out = NULL;
        if (in == NULL && strstr(why->text, PROXIED_EXPECTED) != NULL)
                in = enter(conf, true, why);
        if (in == NULL)
                return why->text[0] == '\0' ? STATUS_ABSENT : STATUS_DENIED;
        if (command(in, "TAKEOVER", why) != STATUS_OK || read_answer(in, why) != STATUS_OK) {
                takeover_free(in);
                return STATUS_DENIED;
        }
        log_info("takeover: got %zu descriptors from the old process", in->count);
        *out = in;
        return STATUS_OK;
}

void takeover_offer_sockets(struct inheritance *in, struct listeners *l)
{
        for (size_t i = 0; i < in->count; i++)
                if (in->rows[i].task == TASK_POOLER) {
                        listeners_offer(l, in->rows[i].fd);
                        in->rows[i].fd = -1;
                }
}

enum status takeover_finish(struct inheritance *in, const char *pidfile, struct process_why *why)
{
        struct process_why end;

        log_info("sending SHUTDOWN;");
        if (command(in, "SHUTDOWN;", why) != STATUS_OK)
                return STATUS_DENIED;
        while (receive(in, &end) == STATUS_OK)
                buf_consume(&in->in, buf_len(&in->in));
        close(in->console);
        in->console = -1;
        /* From its end on nothing is a reason to end. */
        if (pidfile_await_gone(pidfile, &end) != STATUS_OK || pidfile_write(pidfile, &end) != STATUS_OK)
                log_error("%s", end.text);
        log_info("old process killed, resuming work");
        return STATUS_OK;
}

/* ---- dealing ---- */

void takeover_share(const struct inheritance *in, struct crowd *crowd)
{
        memcpy(crowd->statement_key, in->statement_key, sizeof(crowd->statement_key));
        memcpy(crowd->mock_key, in->mock_key, sizeof(crowd->mock_key));
}

static struct heirloom heirloom_of(struct row *row)
{
        struct heirloom h = {row->fd, sv_from(buf_data(&row->bundle), buf_len(&row->bundle))};

        row->fd = -1;
        return h;
}

/* A client's server is the next row. Returns how many rows were used. */
static size_t deal_client(struct inheritance *in, size_t i, struct room *room)
{
        struct heirloom client = heirloom_of(&in->rows[i]), server;
        bool linked = bundle_find_int(client.bundle, "linked") != 0 && i + 1 < in->count &&
                      in->rows[i + 1].task == TASK_SERVER;

        if (linked)
                server = heirloom_of(&in->rows[i + 1]);
        heir_take(room, &client, linked ? &server : NULL);
        return linked ? 2 : 1;
}

static bool deal_server(struct inheritance *in, size_t i, struct room *room)
{
        struct heirloom server = heirloom_of(&in->rows[i]);
        struct server *s = bequest_take_server(&room->pools, server.bundle, server.fd, false);

        if (s != NULL && s->close_needed)
                server_close(s, "obsolete connection");
        return s != NULL;
}

void takeover_deal(struct inheritance *in, struct crowd *crowd)
{
        size_t clients = 0, servers = 0, i = 0;

        while (i < in->count) {
                switch (in->rows[i].task) {
                case TASK_CLIENT:
                        i += deal_client(in, i, crowd->rooms[clients++ % (size_t)crowd->workers]);
                        continue;
                case TASK_SERVER:
                        servers += deal_server(in, i, crowd->rooms[servers % (size_t)crowd->workers]);
                        break;
                case TASK_PROCESS:
                case TASK_POOLER: break;
                }
                i++;
        }
        /* What was committed through the old process is not older than this. */
        for (struct cluster *c = cluster_first(); c != NULL; c = atomic_load(&c->next))
                atomic_store(&c->last_commit_us, clock_us());
        log_info("takeover: %zu clients, %zu idle servers", clients, servers);
}

void takeover_free(struct inheritance *in)
{
        if (in == NULL)
                return;
        for (size_t i = 0; i < in->count; i++) {
                if (in->rows[i].fd >= 0)
                        close(in->rows[i].fd);
                if (in->rows[i].bundle.cap > 0)
                        explicit_bzero(in->rows[i].bundle.bytes, in->rows[i].bundle.cap);
                buf_release(&in->rows[i].bundle);
        }
        for (size_t i = 0; i < in->fd_count; i++)
                close(in->fds[i]);
        if (in->console >= 0)
                close(in->console);
        buf_release(&in->in);
        explicit_bzero(in->statement_key, sizeof(in->statement_key));
        explicit_bzero(in->mock_key, sizeof(in->mock_key));
        free(in->fds);
        free(in->rows);
        free(in);
}
