/* hba: who may come in from where, and how they show who they are: auth_hba_file, in the format of
 * PostgreSQL's pg_hba.conf (manual, "The pg_hba.conf File"), and the maps of names in auth_ident_file ("User
 * Name Maps").
 *
 *     files --hba_load--> rules, immutable, counted --hba_match(client)--> the first rule that fits
 *
 * Refuses what it would have to guess at: +role and samerole (nobody here knows a server's roles), methods we
 * do not have. Beyond PostgreSQL it takes what
 * PgBouncer takes: blanks around the commas of a list, "cert" and "peer" on lines where they can never be
 * right. Matching is pure, so that whoever matches looks host names up; loading reads files and the addresses
 * of this machine. */
#pragma once

#include "base/ip.h"

enum hba_method {
        HBA_TRUST,
        HBA_REJECT,
        HBA_MD5,
        HBA_PASSWORD,
        HBA_SCRAM,
        HBA_CERT,
        HBA_PEER,
        HBA_LDAP,
        HBA_PAM
};

/* How an LDAP directory is asked (manual, "LDAP Authentication"): with a name made of prefix, user and
 * suffix; or, where there is a base, with the one that a search finds. Texts are NULL where nothing was said.
 */
struct hba_directory {
        const char *scheme;  /* ldap or ldaps */
        const char *servers; /* separated by blanks; NULL: DNS knows those of the base's domain */
        int port;
        bool start_tls;
        const char *prefix, *suffix;
        const char *base, *bind_name, *bind_password, *attribute, *filter;
        int scope;        /* LDAP_SCOPE_... */
        const char *lane; /* who is asked: the same for all that wait for the same servers */
};

/* clientcert=: what its certificate must be, whatever the method asks for as well. */
enum hba_clientcert {
        HBA_CERT_UNSAID, /* method cert needs one with the user's name all the same */
        HBA_CERT_CA,     /* one that was verified */
        HBA_CERT_FULL,   /* and has the user's name, by the map or as it is */
};

/* What is known of a client before it has shown anything. */
struct hba_client {
        bool local; /* through a Unix socket; else `address` counts */
        bool tls;
        bool replication; /* physical: no database, only the word `replication` matches */
        struct ip address;
        const char *host; /* the name at the address, which leads back to it; "": none; NULL: not looked up */
        const char *database, *user;
};

struct hba_rule {
        enum hba_method method;
        enum hba_clientcert clientcert;
        bool distinguished; /* clientname=DN: the whole subject counts (RFC 2253), not its common name */
        const char *map;    /* for certificates' names and peer; NULL: the names must be the same */
        const struct hba_directory *directory; /* for ldap */
        const char *pam_service;               /* for pam; NULL: the usual one */
        bool pam_use_hostname;                 /* it is told the client's host name, not the address */
        const char *file;
        int line;
};

struct hba;

/* One finding about a file; `line` 0: the whole file. `fatal`: hba_load fails; else a warning. */
typedef void hba_complain(void *arg, bool fatal, const char *file, int line, const char *text);

/* Reads the rules and, where `idents` is not "", the maps, with all that they include; relative names of
 * included files begin beside the file that includes them. Every mistake in them is told. NULL: there was
 * one; else one reference. */
struct hba *hba_load(const char *rules, const char *idents, hba_complain *complain, void *arg);

/* The one rule that auth_type=ldap stands for: whoever comes, from anywhere, for anything, is shown to the
 * directory that `options` (auth_ldap_options) describe. NULL: they are wrong, and it has been told how. */
struct hba *hba_of_ldap(const char *options, hba_complain *complain, void *arg);

/* Thread-safe; NULL is allowed. */
struct hba *hba_ref(struct hba *hba);
void hba_unref(struct hba *hba);

/* The first rule that fits, or NULL. Borrowed from `hba`. With *wants_host (and NULL) it cannot be said: a
 * rule has a host name, all else in it fits, and client->host is not looked up. */
const struct hba_rule *hba_match(const struct hba *hba, const struct hba_client *client, bool *wants_host);

/* Whether somebody whom the system, or a certificate, calls `system_user` may be `user`, by the rule's map or
 * because both are the same. */
bool hba_allows(const struct hba *hba, const struct hba_rule *rule, const char *system_user,
                const char *user);
