/* Messages in both directions through a room with its pools: what two clients and their servers say, in any
 * order. The input is a row of steps: a byte that says who does what, a byte with a size, and so many bytes.
 * Behind it all clients leave, and a new one is served as if nothing had happened. */
#include "input.h"

#include "base/clock.h"
#include "session/parlour.h"

enum { CLIENTS = 2, STEP_HEAD = 2, RUNS_OF_A_ROOM = 100 };

static bool skipping[FAKES_MAX];

/* A server that keeps to the protocol. */
static void answer(struct fakes *fakes, struct fake *fake, const struct msg *m)
{
        bool *skips = &skipping[fake - fakes->fake];

        if (m->type == FE_SYNC) {
                *skips = false;
                FAKE_SAY(fake, "Z\0\0\0\5I");
                return;
        }
        if (*skips)
                return;
        if (memmem(m->body, m->body_size, "bad", 3) != NULL) {
                FAKE_SAY(fake, "E\0\0\0\23SERROR\0C42601\0\0");
                *skips = m->type != FE_QUERY;
                if (m->type == FE_QUERY)
                        FAKE_SAY(fake, "Z\0\0\0\5I");
                return;
        }
        switch (m->type) {
        case FE_QUERY: FAKE_SAY(fake, FAKE_ANSWER); break;
        case FE_PARSE: FAKE_SAY(fake, "1\0\0\0\4"); break;
        case FE_BIND: FAKE_SAY(fake, "2\0\0\0\4"); break;
        case FE_CLOSE: FAKE_SAY(fake, "3\0\0\0\4"); break;
        case FE_DESCRIBE: FAKE_SAY(fake, "n\0\0\0\4"); break;
        case FE_EXECUTE: FAKE_SAY(fake, "C\0\0\0\15SELECT 1\0"); break;
        default: break;
        }
}

static struct fake *open_fake(unsigned which)
{
        struct fakes *fakes = &parlour.fakes;

        for (int i = 0; i < fakes->count; i++) {
                struct fake *fake = &fakes->fake[((unsigned)i + which) % (unsigned)fakes->count];

                if (fake->fd >= 0)
                        return fake;
        }
        return NULL;
}

static void step(uint8_t what, const uint8_t *bytes, size_t n)
{
        struct caller *caller = &parlour.caller[what / 8 % CLIENTS];
        struct fake *fake;

        switch (what % 8) {
        case 0:
        case 1:
        case 2:
                if (caller->fd < 0 && !caller_log_in(caller))
                        return;
                caller_say(caller, bytes, n);
                break;
        case 3: /* it says so before it has logged in */
                if (caller->fd < 0)
                        caller_call(caller);
                caller_say(caller, bytes, n);
                break;
        case 4:
                fake = open_fake(what / 8);
                if (fake != NULL)
                        fake_say(fake, bytes, n);
                break;
        case 5: parlour.fakes.on_message = what / 8 % 2 == 0 ? answer : NULL; break;
        case 6: caller_hang_up(caller); break;
        default:
                fake = open_fake(what / 8);
                if (fake != NULL)
                        fake_close(fake);
        }
        parlour_turn();
        buf_release(&caller->got);
}

static void is_served(void)
{
        struct caller *last = &parlour.caller[CALLERS - 1];
        int64_t end = clock_us() + 20 * US_PER_SEC;
        bool served;

        for (int i = 0; i < CLIENTS; i++)
                caller_hang_up(&parlour.caller[i]);
        for (int i = 0; i < parlour.fakes.count; i++)
                fake_close(&parlour.fakes.fake[i]);
        memset(skipping, 0, sizeof(skipping));
        parlour.fakes.on_message = answer;
        while (parlour.room.clients_slab.live > 0 && clock_us() < end)
                parlour_turn();
        CHECK(parlour.room.clients_slab.live == 0);
        do { /* not before what it knows of its server's logins is of now */
                served = caller_log_in(last);
                buf_release(&last->got);
                if (served)
                        CALLER_SAY(last, "Q\0\0\0\15SELECT 2\0");
                served = served && CALLER_HEARS(last, FAKE_ANSWER);
        } while (!served && clock_us() < end);
        CHECK(served);
        caller_hang_up(last);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static unsigned runs;

        if (runs++ % RUNS_OF_A_ROOM == 0)
                parlour_init(
                    "server_login_retry = 0\nquery_wait_timeout = 1\nmax_client_conn = 10\nauth_delay = 0");
        while (size >= STEP_HEAD) {
                size_t n = data[1] < size - STEP_HEAD ? data[1] : size - STEP_HEAD;

                step(data[0], data + STEP_HEAD, n);
                data += STEP_HEAD + n;
                size -= STEP_HEAD + n;
        }
        is_served();
        if (runs % RUNS_OF_A_ROOM == 0)
                parlour_fini();
        return 0;
}
