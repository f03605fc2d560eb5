#include "conf/options.h"

#include "unit.h"

#include <string.h>

static void rows_are_in_order(void)
{
        for (size_t i = 0; i < OPTION_COUNT; i++) {
                const struct option_info *info = option_at(i);

                unit_row("%s", info->name);
                UNIT_ASSERT(option_id(info) == i && option_find(info->name) == info);
                if (i > 0 && option_at(i - 1)->own == info->own)
                        UNIT_ASSERT(strcmp(option_at(i - 1)->name, info->name) < 0);
                else
                        UNIT_ASSERT(i == 0 || info->own);
        }
        UNIT_ASSERT(!option_at(OPTION_ID_verbose)->own && option_at(OPTION_ID_workers)->own);
        UNIT_ASSERT(option_find("nonsense") == NULL && option_find("") == NULL);
}

static void rows_are_complete(void)
{
        for (size_t i = 0; i < OPTION_COUNT; i++) {
                const struct option_info *info = option_at(i);

                unit_row("%s", info->name);
                UNIT_ASSERT(info->text != NULL && info->text[0] != '\0' &&
                            info->text[strlen(info->text) - 1] == '.');
                UNIT_ASSERT(info->pgbouncer_default != NULL);
                UNIT_ASSERT((info->type == OPTION_ENUM) == (info->words != NULL));
                UNIT_ASSERT(info->offset < sizeof(struct options));
                UNIT_ASSERT(info->type != OPTION_TIME || info->unit == UNIT_SECONDS);
                UNIT_ASSERT(info->type != OPTION_SIZE || info->unit == UNIT_BYTES);
                UNIT_ASSERT(info->kind == KIND_PLAIN || info->type == OPTION_STRING);
        }
}

/* PgBouncer 1.25.2's defaults, from its documentation: a file without the option must mean the same to us. */
static const struct {
        const char *name, *text;
} defaults[] = {
    {"auth_type", "md5"},
    {"autodb_idle_timeout", "3600"},
    {"cancel_wait_timeout", "10"},
    {"client_login_timeout", "60"},
    {"client_tls_sslmode", "disable"},
    {"default_pool_size", "20"},
    {"dns_max_ttl", "15"},
    {"idle_transaction_timeout", "0"},
    {"listen_addr", ""},
    {"listen_backlog", "128"},
    {"listen_port", "6432"},
    {"log_stats", "1"},
    {"max_client_conn", "100"},
    {"max_packet_size", "2147483647"},
    {"max_prepared_statements", "200"},
    {"pkt_buf", "4096"},
    {"pool_mode", "session"},
    {"query_wait_notify", "5"},
    {"query_wait_timeout", "120"},
    {"reserve_pool_timeout", "5"},
    {"scram_iterations", "4096"},
    {"server_check_query", "<empty>"},
    {"server_connect_timeout", "15"},
    {"server_idle_timeout", "600"},
    {"server_lifetime", "3600"},
    {"server_login_retry", "15"},
    {"server_reset_query", "DISCARD ALL"},
    {"server_tls_sslmode", "prefer"},
    {"stats_period", "60"},
    {"tcp_keepalive", "1"},
    {"tcp_keepidle", "0"},
    {"track_extra_parameters", "IntervalStyle"},
    {"unix_socket_dir", "/tmp"},
    {"unix_socket_mode", "0777"},
    {"workers", "1"},
    {"session_state", "0"},
};

static void defaults_are_pgbouncers(void)
{
        for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
                const struct option_info *info = option_find(defaults[i].name);

                unit_row("%s", defaults[i].name);
                UNIT_ASSERT(info != NULL && strcmp(option_default(info, false), defaults[i].text) == 0);
        }
        UNIT_ASSERT(strcmp(option_default(option_find("pool_mode"), true), "transaction") == 0);
        UNIT_ASSERT(strcmp(option_default(option_find("auth_type"), true), "scram-sha-256") == 0);
        UNIT_ASSERT(strcmp(option_default(option_find("workers"), true), "0") == 0);
        UNIT_ASSERT(strcmp(option_default(option_find("session_state"), true), "1") == 0);
        UNIT_ASSERT(strcmp(option_default(option_find("server_lifetime"), true), "3600") == 0);
}

static void only_these_need_a_restart(void)
{
        static const char *const restart[] = {"disable_pqexec",   "job_name",
                                              "listen_addr",      "listen_backlog",
                                              "listen_port",      "pidfile",
                                              "pkt_buf",          "resolv_conf",
                                              "so_reuseport",     "track_extra_parameters",
                                              "unix_socket_dir",  "unix_socket_group",
                                              "unix_socket_mode", "user",
                                              "http_listen",      "session_state",
                                              "workers",          "passfile"};
        size_t count = 0;

        for (size_t i = 0; i < OPTION_COUNT; i++)
                count += !option_at(i)->reloadable;
        UNIT_ASSERT(count == sizeof(restart) / sizeof(restart[0]));
        for (size_t i = 0; i < sizeof(restart) / sizeof(restart[0]); i++) {
                unit_row("%s", restart[i]);
                UNIT_ASSERT(option_find(restart[i]) != NULL && !option_find(restart[i])->reloadable);
        }
}

static void words_have_the_values_of_their_enums(void)
{
        static const struct {
                const char *option;
                int value;
                const char *word;
        } rows[] = {
            {"pool_mode", POOL_SESSION, "session"},
            {"pool_mode", POOL_TRANSACTION, "transaction"},
            {"pool_mode", POOL_STATEMENT, "statement"},
            {"auth_type", AUTH_ANY, "any"},
            {"auth_type", AUTH_TRUST, "trust"},
            {"auth_type", AUTH_PLAIN, "plain"},
            {"auth_type", AUTH_MD5, "md5"},
            {"auth_type", AUTH_SCRAM, "scram-sha-256"},
            {"auth_type", AUTH_CERT, "cert"},
            {"auth_type", AUTH_HBA, "hba"},
            {"auth_type", AUTH_LDAP, "ldap"},
            {"auth_type", AUTH_PAM, "pam"},
            {"consistency", CONSISTENCY_EVENTUAL, "eventual"},
            {"consistency", CONSISTENCY_SESSION, "session"},
            {"consistency", CONSISTENCY_STRONG, "strong"},
            {"server_tls_sslmode", SSLMODE_PREFER, "prefer"},
            {"server_tls_sslmode", SSLMODE_VERIFY_FULL, "verify-full"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct option_info *info = option_find(rows[i].option);

                unit_row("%s %s", rows[i].option, rows[i].word);
                UNIT_ASSERT(sv_is(option_word(info, rows[i].value), rows[i].word));
        }
        UNIT_ASSERT(option_word(option_find("pool_mode"), 3).n == 0);
        UNIT_ASSERT(option_word(option_find("pool_mode"), -1).n == 0);
        UNIT_ASSERT(option_word(option_find("listen_port"), 0).n == 0);
}

static void lists_are_taken_apart(void)
{
        static const struct {
                const char *list, *items;
        } rows[] = {
            {"", ""}, {",", ""}, {"a", "a;"}, {"a,b", "a;b;"}, {" a , b ,", "a;b;"}, {",,a,,b c", "a;b c;"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const char *rest = rows[i].list;
                char items[64] = "";
                struct sv item;

                unit_row("\"%s\"", rows[i].list);
                while (option_list_next(&rest, &item)) {
                        strncat(items, item.p, item.n);
                        strcat(items, ";");
                }
                UNIT_ASSERT(strcmp(items, rows[i].items) == 0);
        }
}

UNIT_SUITE(conf_options, UNIT_CASE(rows_are_in_order), UNIT_CASE(rows_are_complete),
           UNIT_CASE(defaults_are_pgbouncers), UNIT_CASE(only_these_need_a_restart),
           UNIT_CASE(words_have_the_values_of_their_enums), UNIT_CASE(lists_are_taken_apart))
