#include "router/known.h"

#include "base/check.h"

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

/* From the first eight bytes, the last eight and the length. */
static unsigned slot_of(const char *name, size_t n)
{
        uint64_t head = 0, tail = n, mixed;

        if (n >= 8) {
                memcpy(&head, name, 8);
                memcpy(&tail, &name[n - 8], 8);
        } else {
                for (size_t i = 0; i < n; i++)
                        head = head << 8 | (unsigned char)name[i];
        }
        mixed = (head ^ (tail << 9 | tail >> 55) ^ n << 32) * UINT64_C(0x9E3779B97F4A7C15);
        return (unsigned)(mixed >> (64 - SLOT_BITS));
}

static enum known find(const struct table *table, struct sv name)
{
        for (unsigned slot = slot_of(name.p, name.n); table->slots[slot] != 0;
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
        size_t n = strlen(name);
        unsigned slot = slot_of(name, n);

        if (find(table, (struct sv){name, n}) != KNOWN_NOT)
                return;
        CHECK(table->count < TABLE_MAX);
        while (table->slots[slot] != 0)
                slot = (slot + 1) & ((1u << SLOT_BITS) - 1);
        table->entries[table->count] = (struct entry){name, (uint8_t)n, (uint8_t)known};
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
#define RELATION(name, kind) add(&relations, #name, KNOWN_##kind);
#include "router/relations.def"
#undef RELATION
}

struct sv known_fold(struct sv written, char space[KNOWN_NAME_BYTES])
{
        bool quoted = written.n >= 2 && written.p[0] == '"';

        if (quoted) {
                written.p++;
                written.n -= 2;
        }
        if (written.n >= KNOWN_NAME_BYTES)
                return (struct sv){space, 0};
        for (size_t i = 0; i < written.n; i++) {
                char c = written.p[i];

                if (c == '"')
                        return (struct sv){space, 0};
                space[i] = !quoted && c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
        }
        return (struct sv){space, written.n};
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
        char schema_space[KNOWN_NAME_BYTES], name_space[KNOWN_NAME_BYTES];
        struct sv folded = known_fold(name, name_space);
        enum known known = find(&functions, folded);

        if (schema.n > 0) {
                struct sv in = known_fold(schema, schema_space);

                if (!sv_is(in, begins(folded, "_pg_") ? "information_schema" : "pg_catalog") &&
                    (known == KNOWN_READ || known == KNOWN_CURRENT_SETTING))
                        return KNOWN_NOT;
        } else if (begins(folded, "_pg_")) {
                return KNOWN_NOT;
        }
        if (known != KNOWN_NOT)
                return known;
        if (is_statistics(folded))
                return !begins(folded, "pg_stat_get_") && memmem(folded.p, folded.n, "reset", 5) != NULL
                           ? KNOWN_EFFECT
                           : KNOWN_NODE;
        if (begins(folded, "dblink") || begins(folded, "binary_upgrade_"))
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

bool known_operator(struct sv name)
{
        uint32_t op = 0;

        name = known_operator_name(name);
        if (name.n == 1)
                return *name.p != '`';
        if (name.n > 4)
                return false;
        for (size_t i = name.n; i-- > 0;)
                op = op << 8 | (unsigned char)name.p[i];
        return known_long_operator(op);
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
            "archive_mode",
            "cluster_name",
            "config_file",
            "data_directory",
            "default_transaction_read_only",
            "external_pid_file",
            "hba_file",
            "hot_standby",
            "ident_file",
            "in_hot_standby",
            "listen_addresses",
            "pgsteer.lsn",
            "port",
            "primary_conninfo",
            "primary_slot_name",
            "recovery_min_apply_delay",
            "recovery_target_timeline",
            "restore_command",
            "synchronous_standby_names",
            "transaction_read_only",
            "unix_socket_directories",
        };

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (sv_ieq(name, sv_cstr(names[i])))
                        return true;
        return false;
}
