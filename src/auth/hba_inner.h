/* hba_inner: what a struct hba is, for hba.c (its life, and matching) and those who make it: hba_rules.c,
 * hba_options.c, hba_ident.c, hba_names.c, hba_pattern.c. Room-internal. */
#pragma once

#include "auth/hba_text.h"
#include "base/sv.h"

#include <regex.h>
#include <stdatomic.h>

/* A pattern that begins with a slash in the file. */
struct hba_pattern {
        struct hba_pattern *next; /* of one list of names */
        struct hba_pattern *all;  /* of the struct hba, for regfree */
        regex_t regex;
};

/* The database or user column. */
struct hba_names {
        bool all, sameuser, replication;
        const char **names; /* sorted */
        size_t count;
        struct hba_pattern *patterns;
};

enum hba_kind { HBA_LOCAL, HBA_HOST, HBA_HOSTSSL, HBA_HOSTNOSSL };

struct hba_entry {
        struct hba_rule rule; /* first: what hba_match gives away */
        enum hba_kind kind;
        struct hba_names databases, users;
        bool any_address;
        const char *host; /* a name; with a dot in front all that end in it; NULL: addresses count */
        const struct ip_net *nets;
        size_t net_count;
};

struct hba_mapping {
        const char *map;
        const char *system_user; /* NULL: a pattern */
        struct hba_pattern *system_pattern;
        bool all;
        const char *user; /* may have \1 in it when the system's user is a pattern; NULL: all, or a pattern */
        struct hba_pattern *user_pattern;
};

struct hba {
        atomic_int refs;
        struct arena arena;
        struct hba_entry *entries;
        size_t count;
        struct hba_mapping *mappings;
        size_t mapping_count;
        struct hba_pattern *patterns;
};

/* What they all work on. */
struct hba_maker {
        struct hba *hba;
        struct hba_text text;
};

/* hba_pattern.c: the regular expression behind the slash. NULL: it has been told why. */
struct hba_pattern *hba_pattern_new(struct hba_maker *m, const struct hba_line *line, const char *pattern);

/* hba_names.c. False: it has been told why. */
bool hba_names_read(struct hba_maker *m, const struct hba_line *line, const struct hba_field *field,
                    bool databases, struct hba_names *out);
bool hba_names_have(const struct hba_names *names, const char *name);

/* hba_options.c: what stands behind the method, words first to last of these fields. False: it has been told
 * why. */
bool hba_options_read(struct hba_maker *m, const struct hba_line *line, const struct hba_field *fields,
                      size_t count, struct hba_entry *e);

/* hba_ident.c, hba_rules.c: make the mappings and the entries from the lines in m->text; the rules come last,
 * as they look for their maps. */
void hba_read_mappings(struct hba_maker *m);
void hba_read_rules(struct hba_maker *m);

/* hba_rules.c: the rules that auth_ldap_options stand for. */
void hba_make_ldap_rules(struct hba_maker *m, const char *options);
