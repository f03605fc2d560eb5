#include "base/clock.h"
#include "base/log.h"
#include "health/probe.h"
#include "net/fake_dns.h"
#include "net/names.h"

#include "fake_server.h"
#include "unit.h"

#include <event2/event.h>
#include <string.h>

struct asker {
        struct event_base *base;
        struct answer answer;
        int answers;
};

static void on_answer(const struct answer *answer, void *arg)
{
        struct asker *asker = arg;

        asker->answer = *answer;
        asker->answers++;
        event_base_loopbreak(asker->base);
}

/* Runs the loop until an answer came, at most 5 s. */
static void wait_for_answer(struct asker *asker)
{
        int before = asker->answers;
        struct timeval most = {.tv_sec = 5};

        event_base_loopexit(asker->base, &most);
        event_base_dispatch(asker->base);
        UNIT_ASSERT(asker->answers == before + 1);
}

static struct probe *probe_of(struct asker *asker, const char *host, int port)
{
        struct probe_target target = {
            .host = host, .port = port, .user = "u", .password = "p", .dbname = "d"};

        return probe_new(asker->base, NULL, &target, on_answer, asker);
}

static void says_what_it_saw(void)
{
        static const struct {
                const char *row;
                enum fake_mode mode;
                const char *sqlstate;
                enum answer_kind kind;
                const char *text;
        } rows[] = {
            {"a good answer", FAKE_ANSWERS, NULL, ANSWER_GOOD, ""},
            {"control functions not allowed", FAKE_REJECTS_CONTROL, NULL, ANSWER_GOOD, ""},
            {"login fails", FAKE_REJECTS, "28P01", ANSWER_LOGIN, "28P01 fake words"},
            {"too many connections", FAKE_REJECTS, "53300", ANSWER_LOGIN, "53300 fake words"},
            {"starting", FAKE_REJECTS, "57P03", ANSWER_SHUTDOWN, "57P03 fake words"},
            {"frozen", FAKE_SILENT, NULL, ANSWER_TIMEOUT, "no answer within 300 ms"},
            {"drops connections", FAKE_DROPS, NULL, ANSWER_LOST, "server closed the connection unexpectedly"},
        };

        log_set_level(LOG_ERROR_);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct asker asker = {.base = event_base_new()};
                struct fake_server *server = fake_server_new();
                struct probe *probe = probe_of(&asker, "127.0.0.1", fake_server_port(server));
                int64_t start = clock_us();

                fake_server_play(server, false, 2, "0/5000");
                fake_server_be(server, rows[i].mode, rows[i].sqlstate);
                unit_row("%s", rows[i].row);
                for (int round = 0; round < 2; round++) {
                        UNIT_ASSERT(!probe_is_asking(probe));
                        probe_ask(probe, 300 * US_PER_MS);
                        UNIT_ASSERT(probe_is_asking(probe) && asker.answers == round);
                        wait_for_answer(&asker);
                        UNIT_ASSERT(asker.answer.kind == rows[i].kind);
                        UNIT_ASSERT(strstr(asker.answer.text, rows[i].text) != NULL);
                        if (rows[i].kind == ANSWER_GOOD)
                                UNIT_ASSERT(asker.answer.facts.timeline == 2 &&
                                            asker.answer.facts.lsn == 0x5000 &&
                                            asker.answer.sent_us >= start);
                }
                probe_free(probe);
                fake_server_free(server);
                event_base_free(asker.base);
        }
        log_set_level(LOG_INFO_);
}

static void one_question_is_one_query(void)
{
        struct asker asker = {.base = event_base_new()};
        struct fake_server *server = fake_server_new();
        struct probe *probe = probe_of(&asker, "127.0.0.1", fake_server_port(server));

        log_set_level(LOG_ERROR_);
        fake_server_play(server, true, 1, "0/5000");
        fake_server_be(server, FAKE_REJECTS_CONTROL, NULL);
        for (int i = 0; i < 3; i++) {
                probe_ask(probe, US_PER_SEC);
                wait_for_answer(&asker);
        }
        log_set_level(LOG_INFO_);
        UNIT_ASSERT(fake_server_queries(server) == 4); /* the long form is tried once in its life */
        probe_free(probe);
        fake_server_free(server);
        event_base_free(asker.base);
}

static void refused_at_once_and_well_again(void)
{
        struct asker asker = {.base = event_base_new()};
        struct fake_server *server = fake_server_new();
        struct probe *probe = probe_of(&asker, "127.0.0.1", fake_server_port(server));
        int64_t start = clock_us();

        fake_server_stop(server);
        probe_ask(probe, 3 * US_PER_SEC);
        wait_for_answer(&asker);
        UNIT_ASSERT(asker.answer.kind == ANSWER_REFUSED && strstr(asker.answer.text, "refused") != NULL);
        UNIT_ASSERT(clock_us() - start < US_PER_SEC);
        fake_server_play(server, true, 1, "0/5000");
        fake_server_start(server);
        probe_ask(probe, 3 * US_PER_SEC);
        wait_for_answer(&asker);
        UNIT_ASSERT(asker.answer.kind == ANSWER_GOOD && asker.answer.facts.in_recovery);
        probe_free(probe);
        fake_server_free(server);
        event_base_free(asker.base);
}

static void a_broken_idle_connection_is_news(void)
{
        struct asker asker = {.base = event_base_new()};
        struct fake_server *server = fake_server_new();
        struct probe *probe = probe_of(&asker, "127.0.0.1", fake_server_port(server));

        fake_server_play(server, true, 1, "0/5000");
        probe_ask(probe, US_PER_SEC);
        wait_for_answer(&asker);
        fake_server_drop_all(server);
        wait_for_answer(&asker);
        UNIT_ASSERT(asker.answer.kind == ANSWER_LOST && asker.answer.sent_us == 0 && !probe_is_asking(probe));
        probe_ask(probe, US_PER_SEC);
        wait_for_answer(&asker);
        UNIT_ASSERT(asker.answer.kind == ANSWER_GOOD);
        probe_free(probe);
        fake_server_free(server);
        event_base_free(asker.base);
}

static void a_frozen_server_is_let_go(void)
{
        struct asker asker = {.base = event_base_new()};
        struct fake_server *server = fake_server_new();
        struct probe *probe = probe_of(&asker, "127.0.0.1", fake_server_port(server));

        fake_server_play(server, true, 1, "0/5000");
        probe_ask(probe, US_PER_SEC);
        wait_for_answer(&asker);
        fake_server_be(server, FAKE_SILENT, NULL);
        probe_ask(probe, 100 * US_PER_MS); /* on the connection that worked */
        wait_for_answer(&asker);
        UNIT_ASSERT(asker.answer.kind == ANSWER_TIMEOUT && asker.answer.facts.timeline == 0);
        fake_server_be(server, FAKE_ANSWERS, NULL);
        probe_ask(probe, US_PER_SEC); /* a new one */
        wait_for_answer(&asker);
        UNIT_ASSERT(asker.answer.kind == ANSWER_GOOD);
        probe_ask(probe, US_PER_SEC); /* freed with a question open */
        probe_free(probe);
        fake_server_free(server);
        event_base_free(asker.base);
}

static void names_are_resolved_on_the_loop(void)
{
        struct loop loop;
        struct asker asker;
        struct fake_dns dns;
        struct fake_server *server = fake_server_new();
        struct probe_target target = {
            .host = "db.example", .port = fake_server_port(server), .user = "u", .dbname = "d"};
        struct probe *probe, *lost;

        loop_init(&loop, NULL);
        asker = (struct asker){.base = loop.base};
        fake_dns_open(&dns, &loop);
        dns.addresses[0] = "127.0.0.1";
        names_configure(names_of(&loop), &(struct options){.resolv_conf = fake_dns_file(&dns)});
        probe = probe_new(loop.base, names_of(&loop), &target, on_answer, &asker);
        fake_server_play(server, true, 1, "0/5000");
        probe_ask(probe, US_PER_SEC);
        wait_for_answer(&asker);
        UNIT_ASSERT(asker.answer.kind == ANSWER_GOOD);
        dns.addresses[0] = NULL;
        target.host = "none.example";
        lost = probe_new(loop.base, names_of(&loop), &target, on_answer, &asker);
        probe_ask(lost, US_PER_SEC);
        wait_for_answer(&asker);
        UNIT_ASSERT(asker.answer.kind == ANSWER_TIMEOUT); /* says nothing of the server */
        UNIT_ASSERT(strncmp(asker.answer.text, "cannot resolve the name: ", 25) == 0);
        dns.silent = true;
        probe_ask(lost, 100 * US_PER_MS);
        wait_for_answer(&asker);
        UNIT_ASSERT(strcmp(asker.answer.text, "no answer within 100 ms from the name server") == 0);
        probe_free(probe);
        probe_free(lost);
        fake_server_free(server);
        fake_dns_close(&dns);
        loop_fini(&loop);
}

UNIT_SUITE(health_probe, UNIT_CASE(says_what_it_saw), UNIT_CASE(one_question_is_one_query),
           UNIT_CASE(refused_at_once_and_well_again), UNIT_CASE(a_broken_idle_connection_is_news),
           UNIT_CASE(a_frozen_server_is_let_go), UNIT_CASE(names_are_resolved_on_the_loop))
