/* options: every setting is one row of conf/options.def; parser, SHOW CONFIG, --help-config, the manual and
 * the sample file come from that table. Here are its types; nothing in this file names an option.
 *
 * `struct options` has one field for each row, named as the option:
 *     BOOL, INT, OCTAL int NAME                    ENUM int NAME (a value of the enum below of that name)
 *     STRING const char *NAME ("" when unset, never NULL)
 *     TIME int64_t NAME_us (microseconds)          SIZE int64_t NAME (bytes) */
#pragma once

#include "base/sv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pool_mode { POOL_SESSION, POOL_TRANSACTION, POOL_STATEMENT };
enum auth_type {
        AUTH_ANY,
        AUTH_TRUST,
        AUTH_PLAIN,
        AUTH_MD5,
        AUTH_SCRAM,
        AUTH_CERT,
        AUTH_HBA,
        AUTH_LDAP,
        AUTH_PAM,
};
enum cleartext { CLEARTEXT_ALWAYS, CLEARTEXT_TLS, CLEARTEXT_NEVER };
enum channel_binding { CHANNEL_BINDING_DISABLE, CHANNEL_BINDING_PREFER, CHANNEL_BINDING_REQUIRE };
enum routes_text { ROUTES_TEXT_NONE, ROUTES_TEXT_SHAPE, ROUTES_TEXT_FULL };
enum consistency { CONSISTENCY_EVENTUAL, CONSISTENCY_SESSION, CONSISTENCY_STRONG };
enum sslmode {
        SSLMODE_DISABLE,
        SSLMODE_ALLOW,
        SSLMODE_PREFER,
        SSLMODE_REQUIRE,
        SSLMODE_VERIFY_CA,
        SSLMODE_VERIFY_FULL,
};

/* libpq's words for target_session_attrs; TARGET_AUTO (the default) routes by statement. */
enum target_attrs {
        TARGET_AUTO = 0, /* key absent */
        TARGET_ANY,
        TARGET_READ_WRITE,
        TARGET_READ_ONLY,
        TARGET_PRIMARY,
        TARGET_STANDBY,
        TARGET_PREFER_STANDBY,
};

#define OPTION_FIELD_BOOL(name)   int name;
#define OPTION_FIELD_INT(name)    int name;
#define OPTION_FIELD_OCTAL(name)  int name;
#define OPTION_FIELD_ENUM(name)   int name;
#define OPTION_FIELD_STRING(name) const char *name;
#define OPTION_FIELD_TIME(name)   int64_t name##_us;
#define OPTION_FIELD_SIZE(name)   int64_t name;

struct options {
#define OPTION(name, type, ...) OPTION_FIELD_##type(name)
#define PGSTEER_OPTIONS
#include "conf/options.def"
#undef PGSTEER_OPTIONS
#undef OPTION
};

enum option_type {
        OPTION_BOOL,
        OPTION_INT,
        OPTION_OCTAL,
        OPTION_ENUM,
        OPTION_STRING,
        OPTION_TIME,
        OPTION_SIZE,
};

/* What a bare number means. */
enum option_unit { UNIT_NONE, UNIT_SECONDS, UNIT_MILLISECONDS, UNIT_BYTES };

/* What a STRING is: decides what in it is taken for a mistake, and whether it may be shown. */
enum option_kind { KIND_PLAIN, KIND_LIST, KIND_QUERY, KIND_FREE, KIND_SECRET };

/* A row of the table. */
struct option_info {
        const char *name;
        enum option_type type;
        enum option_unit unit;
        int64_t min, max;              /* of numbers; times in microseconds */
        enum option_kind kind;         /* of a STRING */
        const char *words;             /* of an ENUM, as in the table ("a|b|c"); else NULL */
        const char *pgbouncer_default; /* as it would stand in the file */
        const char *pgsteer_default;   /* NULL: the same (option_default asks both) */
        bool reloadable;               /* RELOAD and SET may change it; else a restart is needed */
        bool own;                      /* pgsteer's; PgBouncer does not have it */
        bool cluster;                  /* of a line's key: makes the line a cluster */
        const char *text;              /* one sentence for people */
        size_t offset;                 /* of the field in struct options */
};

/* One for each row, in the table's order; option_at(OPTION_ID_listen_port). */
enum option_id {
#define OPTION(name, ...) OPTION_ID_##name,
#define PGSTEER_OPTIONS
#include "conf/options.def"
#undef PGSTEER_OPTIONS
#undef OPTION
        OPTION_COUNT
};

/* The row with this number, 0 <= id < OPTION_COUNT, in the order of SHOW CONFIG. Static storage. */
const struct option_info *option_at(size_t id);

/* The number of a row, as it is in enum option_id. */
size_t option_id(const struct option_info *info);

/* The next item of a LIST: *list is the value at first, and what is left after each call. White space around
 * an item is taken off, empty items are passed over. False when there is none left. */
bool option_list_next(const char **list, struct sv *item);

/* The row of this name (exact), or NULL. */
const struct option_info *option_find(const char *name);

/* The default, as it would stand in the file, under [pgsteer] or [pgbouncer]. Static storage. */
const char *option_default(const struct option_info *info, bool pgsteer);

/* The word for a value of an ENUM; empty when there is none. */
struct sv option_word(const struct option_info *info, int value);
