/* classify: what a text of SQL is, as far as routing and pooling must know: read or write, what it does to
 * the transaction, what it leaves behind in the session.
 *
 * Linear in the text, allocates nothing, keeps no pointer into the text past the call (the views in
 * `facts` point into it). It errs only towards CLASS_WRITE: what it does not know, does not lex or does not
 * understand is a write. Not a parser: a text it calls a read may still be a syntax error. Pure; any thread.
 */
#pragma once

#include "base/sv.h"

struct catalog;
struct patterns;

enum stmt_class {
        CLASS_NONE,  /* nothing to run: empty text, comments */
        CLASS_READ,  /* may run on a standby */
        CLASS_WRITE, /* primary only */
};

/* Why. One name each (reason_name), counted in SHOW ROUTES. Statement reasons first, then routing's. */
enum reason {
#define REASON(symbol, name, text) REASON_##symbol,
#include "router/reasons.def"
#undef REASON
        REASON_COUNT
};

const char *reason_name(enum reason reason); /* e.g. "read", "dml", "locking clause" */
const char *reason_text(enum reason reason); /* one sentence for people */

/* Whether what is a write for this reason changes data, or may. */
bool reason_writes(enum reason reason);

/* What a statement does to the transaction. */
enum tx_effect {
        TX_KEEP = 0,
        TX_BEGIN, /* BEGIN, START TRANSACTION */
        TX_END,   /* COMMIT, END, ROLLBACK, ABORT (not ROLLBACK TO), PREPARE TRANSACTION; AND CHAIN: chain */
        TX_SET_MODE, /* SET TRANSACTION, SET transaction_read_only = ...: of the running transaction */
};

enum tx_access { ACCESS_UNSAID = 0, ACCESS_READ_ONLY, ACCESS_READ_WRITE };
enum tx_isolation {
        ISOLATION_UNSAID = 0,
        ISOLATION_READ_COMMITTED, /* and read uncommitted, which PostgreSQL treats alike */
        ISOLATION_REPEATABLE_READ,
        ISOLATION_SERIALIZABLE,
};

/* What a statement does to the savepoints of the transaction. */
enum savepoint_effect {
        SAVEPOINT_KEEP = 0,
        SAVEPOINT_DEFINE,      /* SAVEPOINT name */
        SAVEPOINT_RELEASE,     /* RELEASE [SAVEPOINT] name */
        SAVEPOINT_ROLLBACK_TO, /* ROLLBACK TO [SAVEPOINT] name */
};

/* What a statement does to the session's settings. */
enum setting_effect {
        SETTING_NONE = 0,
        SETTING_SET,       /* SET [SESSION] name = value; SELECT set_config('name','value',false) alone */
        SETTING_SET_LOCAL, /* ends with the transaction by itself */
        SETTING_RESET,     /* RESET name; SET name TO DEFAULT; SELECT set_config('name',NULL,false) alone */
        SETTING_RESET_ALL, /* RESET ALL */
        SETTING_DISCARD_ALL,
        SETTING_CHARACTERISTICS, /* SET SESSION CHARACTERISTICS AS TRANSACTION: see access, isolation.
                                    SET default_transaction_read_only or _isolation is SETTING_SET, and tells
                                    them as well */
        SETTING_BOUND, /* SELECT set_config('name', $1, false) alone: classify_set_config and its Bind tell */
        SETTING_UNKNOWN, /* it changes settings in a way we cannot follow (set_config with expressions, ...)
                          */
};

/* What a statement leaves in the server's session that cannot be carried to another server. Bits. */
enum pin {
        PIN_LISTEN = 1 << 0,
        PIN_TEMP = 1 << 1,     /* CREATE TEMP ..., SELECT INTO TEMP, names in pg_temp */
        PIN_PREPARE = 1 << 2,  /* SQL PREPARE */
        PIN_HOLD = 1 << 3,     /* DECLARE ... WITH HOLD */
        PIN_ADVISORY = 1 << 4, /* pg_advisory_lock and the other session-level lock functions */
        PIN_LOAD = 1 << 5,     /* LOAD */
        PIN_SETTING = 1 << 6,  /* settings we cannot follow */
};

/* One statement, or all of a text together: the strongest class; its gravest reason; all pins, and of
 * those what is ended behind them. BEGIN, COMMIT and their like are writes of the lightest kind:
 * REASON_TRANSACTION_CONTROL stays only when all other statements are reads. */
struct facts {
        enum stmt_class class;
        enum reason reason;  /* of the strongest statement */
        struct sv token;     /* the token that decided, or the pattern, which the rules own; may be empty */
        unsigned statements; /* how many non-empty statements */
        enum tx_effect tx;   /* of the last statement that has one */
        enum tx_access access;
        enum tx_isolation isolation;
        bool chain;     /* COMMIT AND CHAIN */
        bool commits;   /* ends a transaction, and not with ROLLBACK, or may: any of the statements */
        bool exact;     /* BEGIN, COMMIT, SET TRANSACTION, a savepoint: understood to its last word, so
                           that PostgreSQL would find no fault in the text. Of one statement alone */
        bool writes;    /* changes data, or may */
        bool piecewise; /* outside of a transaction block it may commit before it ends: VACUUM, CALL, DO,
                           CREATE INDEX CONCURRENTLY, what we do not know */
        bool lacks;     /* names what a loaded catalog does not have */
        bool defines;   /* may change what the names of the database mean: CREATE, ALTER, DROP, ... */
        enum savepoint_effect savepoint;
        struct sv savepoint_name; /* as written */
        bool copy_from_stdin;     /* the client will send CopyData */
        enum setting_effect setting;
        struct sv setting_name;  /* as written, quotes included: "TimeZone", search_path; SET TIME ZONE gives
                                    TimeZone, SET NAMES gives client_encoding, SET ROLE gives role,
                                    SET SESSION AUTHORIZATION gives session_authorization */
        struct sv setting_value; /* as written, up to the statement's end: 'a', "b", 1, on, a,b; for
                                    set_config the literal with its quotes */
        bool setting_by_call; /* by set_config: to be repeated with set_config, which takes a list as one text
                               */
        unsigned pins;        /* enum pin bits */
        unsigned unpins;      /* enum pin bits that end here (DISCARD ALL: all; UNLISTEN *; CLOSE ALL...), if
                                 the transaction commits. Behind a COMMIT of the same text nothing ends */
        struct sv pin_name;   /* of one statement: LISTEN, UNLISTEN, DECLARE ... WITH HOLD, CLOSE: the name as
                                 written. With it `unpins` is of this one alone */
        struct sv deallocate; /* DEALLOCATE name: the name as written; "ALL" for DEALLOCATE ALL */
        struct sv execute;    /* EXECUTE name: the name as written */
        struct sv show;       /* SHOW name: the name as written */
        enum hint { HINT_NONE = 0, HINT_AUTO, HINT_PRIMARY, HINT_STANDBY } hint; /* leading comment */
        struct sv hint_token;                                                    /* that comment's inside */
};

/* What the configuration and the database's catalog add to the built-in tables. */
struct classify_rules {
        const char *const *primary_functions; /* NULL-terminated; lower case; always writes */
        const char *const *standby_functions; /* NULL-terminated; lower case; read although unknown */
        const struct patterns *patterns;      /* of texts, which have the last word; NULL: none */
        /* Of the database; borrowed. NULL, as one that is CATALOG_ABSENT: unknown functions, operators are
         * writes, all relations are taken for tables. CATALOG_WAITING: relations are unknown too. Loaded:
         * what it says, and a name that it does not have is a write. */
        const struct catalog *catalog;
        uint64_t stamp; /* facts kept from a call with another stamp are worthless */
};

/* How the texts are to be read. `true` in their place is CLASSIFY_BACKSLASH_UNSAFE. */
enum classify_options {
        /* the client's encoding can have a backslash as second byte of a character (SJIS, BIG5, GBK, GB18030,
         * UHC, JOHAB): a backslash in E'' then does not lex, nor does a word that might end in half a
         * character */
        CLASSIFY_BACKSLASH_UNSAFE = 1 << 0,
        /* standard_conforming_strings is off: a backslash takes away the next byte's meaning in '' as well */
        CLASSIFY_ESCAPE_STRINGS = 1 << 1,
};

/* Everything in `text`, together. `rules` may be NULL; `options`: enum classify_options bits. When more than
 * one statement stands there and any changes a setting, `setting` is SETTING_UNKNOWN without PIN_SETTING:
 * take them one by one with classify_next. */
void classify(struct sv text, const struct classify_rules *rules, unsigned options, struct facts *out);

/* Adds what `one` does to the transaction, and to its modes, to what `all` before it do. READ ONLY remains
 * where all that writes is in transactions that are; the modes that settings speak of are the session's. */
void classify_add_modes(struct facts *all, const struct facts *one);

/* Adds what the types of a Parse's parameters mean, which stand behind its text: `types` begins with their
 * number. A value that is bound goes through its domain's checks. */
void classify_parameters(struct sv types, const struct classify_rules *rules, struct facts *out);

/* Whether the only statement of a text that begins with `head` queries or changes rows, whatever follows:
 * then it commits nothing before it ends. */
bool classify_head_is_rows(struct sv head, unsigned options);

/* Statement by statement: *rest starts as the text, and is what is left after each call. Returns false when
 * there is no further statement. */
bool classify_next(struct sv *rest, const struct classify_rules *rules, unsigned options, struct facts *out);

/* The arguments of a text that is SETTING_BOUND, as written: name and value a plain literal or $n, the value
 * or NULL, the third TRUE, FALSE or $n. False: it is another text. */
bool classify_set_config(struct sv text, unsigned options, struct sv arguments[3]);
