#include "session/supposed.h"

#include "base/refusal.h"
#include "unit.h"

#include <string.h>

static void what_is_set_is_said(void)
{
        struct supposed s;
        struct refusal r;

        supposed_init(&s);
        UNIT_ASSERT(s.said.consistency == -1 && s.said.hint == HINT_NONE && s.user[0] == '\0');
        UNIT_ASSERT(supposed_set(&s, "user", "alice", &r) && strcmp(s.user, "alice") == 0);
        UNIT_ASSERT(supposed_set(&s, "PgSteer.Route", "Standby", &r) && s.said.hint == HINT_STANDBY);
        UNIT_ASSERT(supposed_set(&s, "pgsteer.route", "primary", &r) && s.said.hint == HINT_PRIMARY);
        UNIT_ASSERT(supposed_set(&s, "pgsteer.consistency", "eventual", &r) &&
                    s.said.consistency == CONSISTENCY_EVENTUAL);
        UNIT_ASSERT(supposed_set(&s, "pgsteer.min_lsn", "1/2@3", &r) && s.said.min.timeline == 3);
        UNIT_ASSERT(supposed_set(&s, "default_transaction_read_only", "on", &r) &&
                    s.said.access == ACCESS_READ_ONLY);
        UNIT_ASSERT(supposed_set(&s, "default_transaction_isolation", "serializable", &r) &&
                    s.said.isolation == ISOLATION_SERIALIZABLE);
        UNIT_ASSERT(s.lexing == 0);
        UNIT_ASSERT(supposed_set(&s, "standard_conforming_strings", "off", &r) &&
                    s.lexing == CLASSIFY_ESCAPE_STRINGS);
        UNIT_ASSERT(supposed_set(&s, "client_encoding", "SJIS", &r) &&
                    s.lexing == (CLASSIFY_ESCAPE_STRINGS | CLASSIFY_BACKSLASH_UNSAFE));
        UNIT_ASSERT(s.said.hint == HINT_PRIMARY); /* all hold together */
        supposed_fini(&s);
}

static void what_cannot_be_is_refused(void)
{
        static const struct {
                const char *name, *value, *sqlstate, *text;
        } rows[] = {
            {"pgsteer.route", "nowhere", "22023",
             "invalid value for parameter \"pgsteer.route\": \"nowhere\""},
            {"pgsteer.consistency", "", "22023", "invalid value for parameter \"pgsteer.consistency\": \"\""},
            {"pgsteer.min_lsn", "1/2", "22023", "invalid value for parameter \"pgsteer.min_lsn\": 1/2"},
            {"work_mem", "4MB", "42704", "\"work_mem\" has no say in routes"},
            {"", "x", "42704", "\"\" has no say in routes"},
        };
        struct supposed s;

        supposed_init(&s);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct refusal r = {0};

                unit_row("%s=%s", rows[i].name, rows[i].value);
                UNIT_ASSERT(!supposed_set(&s, rows[i].name, rows[i].value, &r));
                UNIT_ASSERT(strcmp(r.text, rows[i].text) == 0 && strcmp(r.sqlstate, rows[i].sqlstate) == 0);
                UNIT_ASSERT(strcmp(r.severity, "ERROR") == 0 && r.hint != NULL);
        }
        UNIT_ASSERT(s.said.hint == HINT_NONE && s.said.min.lsn == 0);
        supposed_fini(&s);
}

UNIT_SUITE(session_supposed, UNIT_CASE(what_is_set_is_said), UNIT_CASE(what_cannot_be_is_refused))
