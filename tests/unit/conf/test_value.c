#include "conf/value.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* A value that is accepted, what it comes to, and how it is shown. */
static const struct {
        const char *option, *text;
        bool loose;
        int64_t number;
        const char *shown;
} rows[] = {
    {"log_connections", "1", false, 1, "1"},
    {"log_connections", "0", false, 0, "0"},
    {"log_connections", "yes", true, 1, "1"},
    {"log_connections", "ON", true, 1, "1"},
    {"log_connections", "true", true, 1, "1"},
    {"log_connections", "no", true, 0, "0"},
    {"log_connections", "off", true, 0, "0"},
    {"log_connections", "False", true, 0, "0"},
    {"listen_port", "5433", false, 5433, "5433"},
    {"default_pool_size", "0x10", false, 16, "16"},
    {"default_pool_size", "020", false, 16, "16"},
    {"server_idle_timeout", "600", false, 600000000, "600"},
    {"server_idle_timeout", "1.5", false, 1500000, "1.5"},
    {"server_idle_timeout", "1e3", false, 1000000000, "1000"},
    {"server_idle_timeout", "0", false, 0, "0"},
    {"server_idle_timeout", "0.25", true, 250000, "0.25"},
    {"server_idle_timeout", "7", true, 7000000, "7"},
    {"server_idle_timeout", "500ms", true, 500000, "0.5"},
    {"server_idle_timeout", "10s", true, 10000000, "10"},
    {"server_idle_timeout", "10min", true, 600000000, "600"},
    {"server_idle_timeout", "1.5h", true, 5400000000, "5400"},
    {"server_idle_timeout", "1 d", true, 86400000000, "86400"},
    {"server_idle_timeout", "1us", true, 1, "0.000001"},
    {"server_idle_timeout", "2147483647", false, INT64_C(2147483647000000), "2147483647"},
    {"health_check_interval", "10ms", true, 10000, "0.01"},
    {"tcp_keepidle", "60", false, 60, "60"},
    {"tcp_keepidle", "2min", true, 120, "120"},
    {"tcp_user_timeout", "1500", false, 1500, "1500"},
    {"tcp_user_timeout", "30s", true, 30000, "30000"},
    {"scan_limit", "65536", false, 65536, "65536"},
    {"scan_limit", "64kB", true, 65536, "65536"},
    {"scan_limit", "1MB", true, 1048576, "1048576"},
    {"pool_mode", "session", false, POOL_SESSION, "session"},
    {"pool_mode", "TRANSACTION", false, POOL_TRANSACTION, "transaction"},
    {"auth_type", "scram-sha-256", false, AUTH_SCRAM, "scram-sha-256"},
    {"unix_socket_mode", "0770", false, 0770, "0770"},
    {"unix_socket_mode", "0", true, 0, "00"},
    {"unix_socket_mode", "511", false, 0777, "0777"},
};

static void values_are_read_and_shown(void)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct option_info *info = option_find(rows[i].option);
                struct options opt = {0};
                int64_t number = -7;
                char why[256], shown[64];

                unit_row("%s = %s", rows[i].option, rows[i].text);
                UNIT_ASSERT(value_parse(info, rows[i].text, rows[i].loose, &number, why, sizeof(why)) ==
                            STATUS_OK);
                UNIT_ASSERT(number == rows[i].number);
                value_store(info, &opt, number);
                UNIT_ASSERT(value_load(info, &opt) == number);
                value_format(info, number, shown, sizeof(shown));
                UNIT_ASSERT(strcmp(shown, rows[i].shown) == 0);
        }
}

/* What only the loose manner takes, the strict one refuses. (That it says why is conf_load's test.) */
static void strict_is_strict(void)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                int64_t number;
                char why[256];
                bool plain = strspn(rows[i].text, "0123456789.") == strlen(rows[i].text);

                unit_row("%s = %s", rows[i].option, rows[i].text);
                if (!rows[i].loose || plain)
                        continue;
                UNIT_ASSERT(value_parse(option_find(rows[i].option), rows[i].text, false, &number, why,
                                        sizeof(why)) == STATUS_INVALID);
                UNIT_ASSERT(why[0] != '\0');
        }
}

static void fields_do_not_overlap(void)
{
        struct options opt;
        int64_t number;
        char why[256];

        memset(&opt, 0, sizeof(opt));
        for (size_t i = 0; i < OPTION_COUNT; i++) {
                const struct option_info *info = option_at(i);

                if (info->type == OPTION_STRING)
                        value_store_text(info, &opt, info->name);
                else
                        value_store(info, &opt, info->type == OPTION_BOOL ? 1 : (int64_t)i + 1);
        }
        for (size_t i = 0; i < OPTION_COUNT; i++) {
                const struct option_info *info = option_at(i);

                unit_row("%s", info->name);
                if (info->type == OPTION_STRING)
                        UNIT_ASSERT(value_load_text(info, &opt) == info->name);
                else
                        UNIT_ASSERT(value_load(info, &opt) ==
                                    (info->type == OPTION_BOOL ? 1 : (int64_t)i + 1));
        }
        UNIT_ASSERT(opt.listen_port == (int)OPTION_ID_listen_port + 1);
        UNIT_ASSERT(opt.server_lifetime_us == (int64_t)OPTION_ID_server_lifetime + 1);
        UNIT_ASSERT(value_parse(option_find("listen_port"), "65536", true, &number, why, sizeof(why)) ==
                    STATUS_INVALID);
}

static void texts_are_looked_at(void)
{
        static const struct {
                const char *option, *text;
                enum status status;
        } texts[] = {
            {"logfile", "/var/log/x.log", STATUS_OK},
            {"logfile", "", STATUS_OK},
            {"logfile", "/tmp/a#b", STATUS_OK},
            {"logfile", "/tmp/a # b", STATUS_INVALID},
            {"logfile", "\"/tmp/a\"", STATUS_DENIED},
            {"admin_users", "a, b ; the two", STATUS_INVALID},
            {"server_reset_query", "RESET ALL; SET SESSION AUTHORIZATION DEFAULT", STATUS_OK},
            {"server_reset_query", "SELECT 1 ; SELECT 2", STATUS_OK},
            {"server_reset_query", "DISCARD ALL # clean", STATUS_DENIED},
            {"health_check_password", "a # b", STATUS_OK},
            {"login_notify_message", "see ticket #5", STATUS_OK},
        };

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                char why[256];

                unit_row("%s = %s", texts[i].option, texts[i].text);
                UNIT_ASSERT(value_check_text(option_find(texts[i].option), texts[i].text, why, sizeof(why)) ==
                            texts[i].status);
        }
}

static void any_number_is_a_truth_to_pgbouncer(void)
{
        static const struct {
                const char *text;
                int64_t number;
                enum status status;
        } numbers[] = {{"2", 2, STATUS_DENIED},     {"-1", -1, STATUS_DENIED},
                       {"0x10", 16, STATUS_DENIED}, {"yes", 0, STATUS_INVALID},
                       {"1 ", 0, STATUS_INVALID},   {"99999999999", INT32_MAX, STATUS_DENIED}};
        const struct option_info *info = option_find("log_connections");

        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
                struct options opt;
                char why[256], shown[64];
                int64_t number = 0;

                unit_row("%s", numbers[i].text);
                UNIT_ASSERT(value_tolerate(info, numbers[i].text, false, &number, why, sizeof(why)) ==
                            numbers[i].status);
                if (numbers[i].status != STATUS_DENIED)
                        continue;
                value_store(info, &opt, number);
                value_format(info, value_load(info, &opt), shown, sizeof(shown));
                UNIT_ASSERT(number == numbers[i].number && strtoll(shown, NULL, 10) == number);
        }
}

UNIT_SUITE(conf_value, UNIT_CASE(any_number_is_a_truth_to_pgbouncer), UNIT_CASE(values_are_read_and_shown),
           UNIT_CASE(strict_is_strict), UNIT_CASE(fields_do_not_overlap), UNIT_CASE(texts_are_looked_at))
