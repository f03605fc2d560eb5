#include "admin/chatter.h"

#include "admin/version.h"

static const struct fake_param params[] = {
    {"client_encoding", "UTF-8"},
    {"default_transaction_isolation", "read committed"},
    {"transaction_isolation", "read committed"},
    {"transaction_isolation_level", "read committed"},
    {"default_transaction_read_only", "off"},
    {"transaction_read_only", "off"},
    {"in_hot_standby", "off"},
    {"standard_conforming_strings", "on"},
    {"datestyle", "ISO"},
    {"timezone", "GMT"},
    {"time_zone", "GMT"},
    {"extra_float_digits", "2"},
    {"server_version", CONSOLE_SERVER_VERSION},
    {"server_encoding", "UTF8"},
};

/* Those that are set and not shown. */
static const char *const settable[] = {
    "application_name", "bytea_output", "client_min_messages", "idle_in_transaction_session_timeout",
    "intervalstyle",    "jit",          "lock_timeout",        "names",
    "search_path",      "session",      "statement_timeout",   "time",
    "transaction",
};

static const struct fake_param functions[] = {
    {"pg_advisory_unlock_all", ""},
    {"pg_is_in_recovery", "f"},
    {"version", CONSOLE_VERSION},
};

static const struct fake_param *find(const struct fake_param *rows, size_t count, struct sv name)
{
        for (size_t i = 0; i < count; i++)
                if (sv_ieq(name, sv_cstr(rows[i].name)))
                        return &rows[i];
        return NULL;
}

const struct fake_param *fake_param_find(struct sv name)
{
        return find(params, sizeof(params) / sizeof(params[0]), name);
}

bool fake_set_accepts(struct sv name)
{
        for (size_t i = 0; i < sizeof(settable) / sizeof(settable[0]); i++)
                if (sv_ieq(name, sv_cstr(settable[i])))
                        return true;
        return fake_param_find(name) != NULL;
}

const struct fake_param *fake_function_find(struct sv name)
{
        return find(functions, sizeof(functions) / sizeof(functions[0]), name);
}
