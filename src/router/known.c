#include "router/known.h"

#include "base/check.h"
#include "base/hash.h"

enum { SLOT_BITS = 13, TABLE_MAX = 1 << (SLOT_BITS - 1) };

struct entry {
        const char *name;
        uint8_t length;
        uint8_t known; /* enum known */
};

/* Open addressing; slots hold index + 1. */
struct table {
        struct entry entries[TABLE_MAX];
        uint16_t count;
        uint16_t slots[1 << SLOT_BITS];
};

static struct table functions, relations;

static unsigned slot_of(struct sv name)
{
        return (unsigned)hash_bytes(0, name) & ((1u << SLOT_BITS) - 1);
}

static enum known find(const struct table *table, struct sv name)
{
        for (unsigned slot = slot_of(name); table->slots[slot] != 0;
             slot = (slot + 1) & ((1u << SLOT_BITS) - 1)) {
                const struct entry *entry = &table->entries[table->slots[slot] - 1];

                if (entry->length == name.n && memcmp(entry->name, name.p, name.n) == 0)
                        return (enum known)entry->known;
        }
        return KNOWN_NOT;
}

/* The first decision about a name stays: overlay.def is read before functions.def. */
static void add(struct table *table, const char *name, enum known known)
{
        struct sv text = sv_cstr(name);
        unsigned slot = slot_of(text);

        if (find(table, text) != KNOWN_NOT)
                return;
        CHECK(table->count < TABLE_MAX);
        while (table->slots[slot] != 0)
                slot = (slot + 1) & ((1u << SLOT_BITS) - 1);
        table->entries[table->count] = (struct entry){name, (uint8_t)text.n, (uint8_t)known};
        table->slots[slot] = ++table->count;
}

__attribute__((constructor)) static void build(void)
{
#define OVERLAY(name, kind) add(&functions, #name, KNOWN_##kind);
#include "router/overlay.def"
#undef OVERLAY
#define FUNCTION(name) add(&functions, #name, KNOWN_READ);
#include "router/functions.def"
#undef FUNCTION
#define TYPE(name) add(&functions, #name, KNOWN_READ);
#include "router/types.def"
#undef TYPE
#define RELATION(name, kind) add(&relations, #name, KNOWN_##kind);
#include "router/relations.def"
#undef RELATION
}

/* Eight bytes with ASCII's capitals made small. */
static uint64_t small_letters(uint64_t bytes)
{
        const uint64_t ones = UINT64_C(0x0101010101010101), tops = 0x80 * ones;
        uint64_t seven = bytes & ~tops;
        /* in each byte's top bit: it is at least 'A'; it is behind 'Z' */
        uint64_t from_a = seven + (0x80 - 'A') * ones, behind_z = seven + (0x80 - 'Z' - 1) * ones;
        uint64_t capitals = from_a & ~behind_z & ~bytes & tops;

        return bytes | capitals >> 2;
}

struct sv known_fold(struct sv written, char space[KNOWN_NAME_BYTES])
{
        size_t n = written.n;
        uint64_t bytes = 0;

        if (n >= 2 && written.p[0] == '"') {
                written.p++;
                n -= 2;
                if (n >= KNOWN_NAME_BYTES || memchr(written.p, '"', n) != NULL)
                        n = 0;
                memcpy(space, written.p, n);
                return (struct sv){space, n};
        }
        if (n >= KNOWN_NAME_BYTES)
                return (struct sv){space, 0};
        for (size_t i = 0; n >= 8 && i < n; i += 8) {
                size_t at = i < n - 8 ? i : n - 8;

                memcpy(&bytes, written.p + at, 8);
                bytes = small_letters(bytes);
                memcpy(space + at, &bytes, 8);
        }
        for (size_t i = 0; n < 8 && i < n; i++)
                space[i] = (char)small_letters((unsigned char)written.p[i]);
        return (struct sv){space, n};
}

static bool begins(struct sv name, const char *prefix)
{
        size_t n = strlen(prefix);

        return name.n >= n && memcmp(name.p, prefix, n) == 0;
}

static bool is_statistics(struct sv name)
{
        return begins(name, "pg_stat_") || begins(name, "pg_statio_");
}

enum known known_function(struct sv schema, struct sv name)
{
        enum known known = find(&functions, name);
        bool of_information_schema = begins(name, "_pg_");

        if (schema.n == 0 && of_information_schema)
                return KNOWN_NOT;
        if (schema.n > 0 && (known == KNOWN_READ || known == KNOWN_CURRENT_SETTING) &&
            !sv_is(schema, of_information_schema ? "information_schema" : "pg_catalog"))
                return KNOWN_NOT;
        if (known != KNOWN_NOT)
                return known;
        if (is_statistics(name))
                return !begins(name, "pg_stat_get_") && memmem(name.p, name.n, "reset", 5) != NULL
                           ? KNOWN_EFFECT
                           : KNOWN_NODE;
        if (begins(name, "dblink") || begins(name, "binary_upgrade_"))
                return KNOWN_EFFECT;
        return KNOWN_NOT;
}

enum known known_relation(struct sv name)
{
        char space[KNOWN_NAME_BYTES];
        struct sv folded = known_fold(name, space);

        return is_statistics(folded) ? KNOWN_NODE : find(&relations, folded);
}

/* Up to four bytes as a number. */
#define OP1(a)          (uint32_t)(a)
#define OP2(a, b)       (OP1(a) | (uint32_t)(b) << 8)
#define OP3(a, b, c)    (OP2(a, b) | (uint32_t)(c) << 16)
#define OP4(a, b, c, d) (OP3(a, b, c) | (uint32_t)(d) << 24)

/* pg_operator of PostgreSQL 13 to 18; "!=" is "<>" to the grammar. */
static bool known_long_operator(uint32_t op)
{
        switch (op) {
        case OP2('!', '!'):
        case OP2('!', '='):
        case OP2('!', '~'):
        case OP2('#', '#'):
        case OP2('#', '-'):
        case OP2('#', '>'):
        case OP2('&', '&'):
        case OP2('&', '<'):
        case OP2('&', '>'):
        case OP2('*', '<'):
        case OP2('*', '='):
        case OP2('*', '>'):
        case OP2('-', '>'):
        case OP2('<', '<'):
        case OP2('<', '='):
        case OP2('<', '>'):
        case OP2('<', '@'):
        case OP2('<', '^'):
        case OP2('>', '='):
        case OP2('>', '>'):
        case OP2('>', '^'):
        case OP2('?', '#'):
        case OP2('?', '&'):
        case OP2('?', '-'):
        case OP2('?', '|'):
        case OP2('@', '>'):
        case OP2('@', '?'):
        case OP2('@', '@'):
        case OP2('^', '@'):
        case OP2('|', '/'):
        case OP2('|', '|'):
        case OP2('~', '*'):
        case OP2('~', '='):
        case OP2('~', '~'):
        case OP3('!', '~', '*'):
        case OP3('!', '~', '~'):
        case OP3('#', '>', '>'):
        case OP3('&', '<', '|'):
        case OP3('*', '<', '='):
        case OP3('*', '<', '>'):
        case OP3('*', '>', '='):
        case OP3('-', '>', '>'):
        case OP3('-', '|', '-'):
        case OP3('<', '-', '>'):
        case OP3('<', '<', '='):
        case OP3('<', '<', '|'):
        case OP3('>', '>', '='):
        case OP3('?', '-', '|'):
        case OP3('?', '|', '|'):
        case OP3('@', '-', '@'):
        case OP3('@', '@', '@'):
        case OP3('|', '&', '>'):
        case OP3('|', '>', '>'):
        case OP3('|', '|', '/'):
        case OP3('~', '<', '~'):
        case OP3('~', '>', '~'):
        case OP3('~', '~', '*'):
        case OP4('!', '~', '~', '*'):
        case OP4('~', '<', '=', '~'):
        case OP4('~', '>', '=', '~'): return true;
        }
        return false;
}

/* Whether an operator of these bytes keeps a sign at its end. */
static bool keeps_signs(struct sv name)
{
        for (size_t i = 0; i < name.n; i++)
                if (strchr("~!@#%^&|`?", name.p[i]) != NULL)
                        return true;
        return false;
}

struct sv known_operator_name(struct sv name)
{
        if (name.n > 1 && !keeps_signs(name))
                while (name.n > 1 && (name.p[name.n - 1] == '-' || name.p[name.n - 1] == '+'))
                        name.n--;
        return name;
}

/* Whether pg_operator has the name as it is. */
static bool is_operator(struct sv name)
{
        uint32_t op = 0;

        if (name.n == 1)
                return *name.p != '`';
        if (name.n > 4)
                return false;
        for (size_t i = name.n; i-- > 0;)
                op = op << 8 | (unsigned char)name.p[i];
        return known_long_operator(op);
}

bool known_operator(struct sv name)
{
        return is_operator(name) || is_operator(known_operator_name(name));
}

enum known known_graver(enum known a, enum known b)
{
        static const uint8_t graveness[] = {
            [KNOWN_NOT] = 0,        [KNOWN_READ] = 1,       [KNOWN_CURRENT_SETTING] = 2,
            [KNOWN_SESSION] = 3,    [KNOWN_SET_CONFIG] = 4, [KNOWN_WRITE] = 5,
            [KNOWN_NODE] = 6,       [KNOWN_EFFECT] = 7,     [KNOWN_UNREADABLE] = 8,
            [KNOWN_UNLOCK_ALL] = 9, [KNOWN_LOCK] = 10,
        };

        return graveness[a] >= graveness[b] ? a : b;
}

bool known_node_setting(struct sv name)
{
        static const char *const names[] = {
            "all",
            "archive_cleanup_command",
            "archive_command",
            "archive_library",
            "archive_mode",
            "bonjour_name",
            "cluster_name",
            "config_file",
            "data_directory",
            "default_transaction_read_only",
            "event_source",
            "external_pid_file",
            "hba_file",
            "hot_standby",
            "hot_standby_feedback",
            "ident_file",
            "idle_replication_slot_timeout",
            "in_hot_standby",
            "krb_server_keyfile",
            "listen_addresses",
            "log_directory",
            "log_filename",
            "max_standby_archive_delay",
            "max_standby_streaming_delay",
            "pgsteer.lsn",
            "port",
            "primary_conninfo",
            "primary_slot_name",
            "promote_trigger_file",
            "recovery_end_command",
            "recovery_min_apply_delay",
            "recovery_prefetch",
            "recovery_target",
            "recovery_target_action",
            "recovery_target_inclusive",
            "recovery_target_lsn",
            "recovery_target_name",
            "recovery_target_time",
            "recovery_target_timeline",
            "recovery_target_xid",
            "restore_command",
            "ssl_ca_file",
            "ssl_cert_file",
            "ssl_crl_dir",
            "ssl_crl_file",
            "ssl_dh_params_file",
            "ssl_key_file",
            "stats_temp_directory",
            "sync_replication_slots",
            "synchronized_standby_slots",
            "synchronous_standby_names",
            "transaction_read_only",
            "unix_socket_directories",
            "unix_socket_group",
            "unix_socket_permissions",
            "wal_receiver_create_temp_slot",
            "wal_receiver_status_interval",
            "wal_receiver_timeout",
            "wal_retrieve_retry_interval",
        };

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (sv_ieq(name, sv_cstr(names[i])))
                        return true;
        return false;
}
