#include "conf/suggest.h"

#include "unit.h"

#include <string.h>

static void the_nearest_word_is_meant(void)
{
        static const char *const words[] = {
            "pool_mode", "max_client_conn", "listen_addr", "listen_port", "min_pool_size", "user", "host"};
        static const struct {
                const char *word, *text;
        } rows[] = {
            {"pool_mod", ", did you mean pool_mode?"},
            {"pool-mode", ", did you mean pool_mode?"},
            {"POOL_MODE", ", did you mean pool_mode?"},
            {"opol_mode", ", did you mean pool_mode?"},
            {"listen_address", ", did you mean listen_addr?"},
            {"listen_prot", ", did you mean listen_port?"},
            {"max_client_connections", ", did you mean max_client_conn?"},
            {"listen_adress", ", did you mean listen_addr?"},
            {"max_clients_conn", ", did you mean max_client_conn?"},
            {"hots", ", did you mean host?"},
            {"xyz", ""},
            {"", ""},
            {"a_word_that_is_longer_than_any_word_that_this_program_will_ever_know_of", ""},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct suggest near = {.word = sv_cstr(rows[i].word)};
                char text[96];

                unit_row("%s", rows[i].word);
                for (size_t j = 0; j < sizeof(words) / sizeof(words[0]); j++)
                        suggest_offer(&near, sv_cstr(words[j]));
                UNIT_ASSERT(strcmp(suggest_text(&near, text, sizeof(text)), rows[i].text) == 0);
        }
}

UNIT_SUITE(conf_suggest, UNIT_CASE(the_nearest_word_is_meant))
