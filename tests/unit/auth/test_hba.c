#include "auth/hba.h"

#include "conf/files.h"
#include "tempdir.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char findings[4096];

/* "file:line: text", one a line, "!" in front of a warning; of the file only what is behind its last slash.
 */
static void note(void *arg, bool fatal, const char *file, int line, const char *text)
{
        const char *slash = strrchr(file, '/');
        size_t n = strlen(findings);

        (void)arg;
        snprintf(findings + n, sizeof(findings) - n, "%s%s:%d: %s\n", fatal ? "" : "!",
                 slash != NULL ? slash + 1 : file, line, text);
}

static struct hba *load(const char *rules, const char *idents)
{
        const char *ident_path = idents != NULL ? files_write("ident.conf", idents) : "";

        findings[0] = '\0';
        return hba_load(files_write("hba.conf", rules), ident_path, note, NULL);
}

static struct hba *load_good(const char *rules, const char *idents)
{
        struct hba *hba = load(rules, idents);

        if (hba == NULL)
                unit_row("%s", findings);
        UNIT_ASSERT(hba != NULL);
        return hba;
}

/* Where nobody looks names up. */
static const struct hba_rule *match(const struct hba *hba, const struct hba_client *client)
{
        bool wants_host = true;
        const struct hba_rule *rule = hba_match(hba, client, &wants_host);

        UNIT_ASSERT(!wants_host);
        return rule;
}

/* "db user address [tls] [replication]"; the address of a Unix socket is "unix". */
static const struct hba_rule *rule_for(const struct hba *hba, const char *who)
{
        char database[64], user[64], address[64], rest[64] = "";
        struct hba_client client = {.database = database, .user = user};

        UNIT_ASSERT(sscanf(who, "%63s %63s %63s %63[^\n]", database, user, address, rest) >= 3);
        client.local = strcmp(address, "unix") == 0;
        client.tls = strstr(rest, "tls") != NULL;
        client.replication = strstr(rest, "replication") != NULL;
        (void)ip_parse(address, &client.address);
        client.address = ip_unmapped(client.address);
        return match(hba, &client);
}

static int line_for(const struct hba *hba, const char *who)
{
        const struct hba_rule *rule = rule_for(hba, who);

        return rule != NULL ? rule->line : 0;
}

static const char rules[] = "# nobody\n"
                            "local dbp all peer\n"                                            /* 2 */
                            "local all userp,userq password\n"                                /* 3 */
                            "hostssl all all 10.0.0.0/8 cert\n"                               /* 4 */
                            "hostnossl all all 11.0.0.0/8 md5 # comment\n"                    /* 5 */
                            "host all all 127.0.0.0  255.255.255.0 password\n"                /* 6 */
                            "host sameuser all 12.0.0.0/8 trust\n"                            /* 7 */
                            "host one,two , three\tann, bob ,\tcec 13.0.0.0/8 md5#here\n"     /* 8 */
                            "host \"all\" \"all\" 14.0.0.0/8 trust\n"                         /* 9 */
                            "host \"q\"\"uote\" \"a,b\"c 14.0.0.0/8 trust\n"                  /* 10 */
                            "host replication rep 15.0.0.0/8 trust\n"                         /* 11 */
                            "host two,replication rep 16.0.0.0/8 trust\n"                     /* 12 */
                            "host all all ff11::0/16 md5\n"                                   /* 13 */
                            "host all all ff20::/12 md5\n"                                    /* 14 */
                            "host all all ::1/128 trust\n"                                    /* 15 */
                            "host m all 128.0.0.0/9 trust\n"                                  /* 16 */
                            "host m all 128.0.0.0/1 trust\n"                                  /* 17 */
                            "host /^app[0-9]+$,plain /_ro$ 17.0.0.0/8 trust\n"                /* 18 */
                            "host sameuser,replication replication,sameuser 18.0.0.0/8 md5\n" /* 19 */
                            "host \\\n"                                                       /* 20 */
                            "  all all \\\n"
                            "19.0.0.0/8 md5\n"
                            "host many @names.txt 20.0.0.0/8 md5\n"   /* 23 */
                            "host anywhere all all scram-sha-256\r\n" /* 24 */
                            "host here all samehost trust\n"          /* 25 */
                            "host here all samenet md5\n"             /* 26 */
                            "host stray all 192.168.1.1/0 md5\n"      /* 27 */
                            "host all exact 21.1.1.1/32 reject\n";

static void chooses_the_first_rule_that_fits(void)
{
        static const struct {
                const char *who;
                int line;
        } rows[] = {
            {"dbp ann unix", 2},
            {"dbq ann unix", 0},
            {"dbq userp unix", 3},
            {"dbq userq unix", 3},
            {"dbp userp unix tls", 2},
            {"db ann 10.1.2.3 tls", 4},
            {"db ann 10.1.2.3", 0},
            {"db ann 11.0.0.1", 5},
            {"db ann 11.0.0.1 tls", 0},
            {"db ann 127.0.0.255", 6},
            {"db ann 127.0.1.1", 0},
            {"db ann ::ffff:127.0.0.1", 6},
            {"ann ann 12.3.4.5", 7},
            {"ann bob 12.3.4.5", 0},
            {"two bob 13.0.0.1", 8},
            {"three cec 13.0.0.1", 8},
            {"two dan 13.0.0.1", 0},
            {"four ann 13.0.0.1", 0},
            {"all all 14.0.0.1", 9},
            {"db all 14.0.0.1", 0},
            {"q\"uote a,bc 14.0.0.1", 10},
            {"db rep 15.0.0.1 replication", 11},
            {"replication rep 15.0.0.1", 0},
            {"two rep 16.0.0.1", 12},
            {"one rep 16.0.0.1 replication", 12},
            {"one rep 16.0.0.1", 0},
            {"two rep 127.0.0.1 replication", 0},
            {"db ann ff11:2::1", 13},
            {"db ann ff2f::1", 14},
            {"db ann ff30::1", 0},
            {"db ann ::1", 15},
            {"db ann ::2", 0},
            {"m ann 128.127.1.1", 16},
            {"m ann 254.1.1.1", 17},
            {"m ann 127.255.255.255", 0},
            {"app12 x_ro 17.0.0.1", 18},
            {"plain x_ro 17.0.0.1", 18},
            {"app x_ro 17.0.0.1", 0},
            {"app12 x_rw 17.0.0.1", 0},
            {"sameuser sameuser 18.0.0.1", 19},
            {"replication replication 18.0.0.1", 19},
            {"x x 18.0.0.1", 0},
            {"db ann 19.9.9.9", 20},
            {"many first 20.0.0.1", 23},
            {"many second 20.0.0.1", 23},
            {"many third 20.0.0.1", 23},
            {"many inner 20.0.0.1", 23},
            {"many other 20.0.0.1", 0},
            {"many #comment 20.0.0.1", 0},
            {"anywhere x 99.1.2.3", 24},
            {"anywhere x face::1", 24},
            {"anywhere x unix", 0},
            {"here x 127.0.0.1", 6},
            {"here x 127.9.9.9", 26},
            {"stray x 1.2.3.4", 0},
            {"db exact 21.1.1.1", 28},
            {"db exact 21.1.1.2", 0},
        };
        struct hba *hba;

        files_write("names.txt", "first,second\n\nthird # ,comment\n @more.txt\n");
        files_write("more.txt", "\"inner\"");
        hba = load_good(rules, NULL);
        UNIT_ASSERT(strcmp(findings,
                           "!hba.conf:27: 192.168.1.1/0 has bits outside its mask, so that no client "
                           "fits, as in PgBouncer\n") == 0);
        for (size_t i = 0; hba != NULL && i < sizeof(rows) / sizeof(rows[0]); i++) {
                int line = line_for(hba, rows[i].who);

                unit_row("%s: line %d, not %d", rows[i].who, line, rows[i].line);
                UNIT_ASSERT(line == rows[i].line);
        }
        hba_unref(hba);
}

/* A rule with a name needs it only when all else fits; who looks it up asks again. */
static void host_names_are_asked_for_and_compared(void)
{
        static const char text[] = "host one all db.example.com trust\n" /* 1 */
                                   "hostssl two all .example.com trust\n"
                                   "host two ann db.example.com reject\n"
                                   "host all,two bob 10.0.0.0/8 md5\n"
                                   "host two bob \"samehost\" trust\n" /* 5 */
                                   "local two all trust\n"
                                   "host all eve all md5\n";
        static const struct {
                const char *database, *user;
                bool local, tls;
                const char *host;
                int line; /* -1: a name is wanted */
        } rows[] = {
            {"one", "ann", false, false, NULL, -1},
            {"one", "ann", false, false, "db.example.com", 1},
            {"one", "ann", false, false, "DB.Example.COM", 1},
            {"one", "ann", false, false, "xdb.example.com", 0},
            {"one", "ann", false, false, "db.example.com.", 0},
            {"one", "ann", false, false, "", 0},
            {"one", "ann", true, false, NULL, 0},
            {"two", "ann", false, true, NULL, -1},
            {"two", "ann", false, true, "x.example.com", 2},
            {"two", "ann", false, true, "x.y.EXAMPLE.com", 2},
            {"two", "ann", false, true, "example.com", 0},
            {"two", "ann", false, true, "xexample.com", 0},
            {"two", "ann", false, true, "", 0},
            {"two", "ann", false, false, "db.example.com", 3},
            {"two", "ann", true, false, NULL, 6},
            {"two", "bob", false, false, NULL, 4}, /* before the rule that would need it */
            {"two", "bob", false, true, NULL, -1},
            {"two", "bob", false, true, "none.example", 4},
            {"two", "eve", false, false, NULL, 7},
        };
        struct hba *hba = load_good(text, NULL);

        for (size_t i = 0; hba != NULL && i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct hba_client client = {.database = rows[i].database,
                                            .user = rows[i].user,
                                            .local = rows[i].local,
                                            .tls = rows[i].tls,
                                            .host = rows[i].host};
                const struct hba_rule *rule;
                bool wants_host = false;
                int line;

                (void)ip_parse("10.1.1.1", &client.address);
                rule = hba_match(hba, &client, &wants_host);
                line = wants_host ? -1 : rule != NULL ? rule->line : 0;
                unit_row("%zu: %s %s: line %d, not %d", i, rows[i].database, rows[i].user, line,
                         rows[i].line);
                UNIT_ASSERT(line == rows[i].line && (rule == NULL || !wants_host));
        }
        hba_unref(hba);
        hba = load_good("host all all \"samehost\" trust\n", NULL);
        if (hba != NULL) {
                bool wants_host = false;

                UNIT_ASSERT(hba_match(hba, &(struct hba_client){.database = "d", .user = "u"}, &wants_host) ==
                            NULL);
                UNIT_ASSERT(wants_host); /* in quotes it is a name */
        }
        hba_unref(hba);
}

/* PostgreSQL's escapes, which regcomp knows less of. */
static void patterns_are_postgresqls(void)
{
        static const struct {
                const char *pattern, *fits, *other;
        } rows[] = {
            {"^app\\d+$", "app12", "appd"},
            {"^app\\D$", "app_", "app1"},
            {"^[\\d_]+$", "1_2", "1a"},
            {"^[^\\d]+$", "ab", "a1"},
            {"^[\\w.]+$", "a_1.b", "a-b"},
            {"^[[:alpha:]\\.]+$", "a.b", "a\\b"},
            {"^[\\\\]$", "\\", "a"},
            {"^a\\.b$", "a.b", "axb"},
            {"\\mro\\M", "app ro", "approx"},
            {"\\Aapp\\Z", "app", "xapp"},
            {"^a\\<b$", "a<b", "ab"},
            {"^[]x]+$", "]x", "y"},
            {"^[^]x]$", "y", "]"},
            {"^\\w+\\s\\w+$", "a b", "ab"},
            {"^(a|b)\\1$", "bb", "ab"},
            {"^[[:digit:]]{2}$", "12", "123"},
            {"^[\\s\\d]$", " ", "s"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct hba_client client = {.database = "d", .local = true};
                char text[100];
                struct hba *hba;

                unit_row("/%s", rows[i].pattern);
                snprintf(text, sizeof(text), "local all \"/%s\" trust\n", rows[i].pattern);
                hba = load(text, NULL);
                UNIT_ASSERT(hba != NULL);
                client.user = rows[i].fits;
                UNIT_ASSERT(hba != NULL && match(hba, &client) != NULL);
                client.user = rows[i].other;
                UNIT_ASSERT(hba != NULL && match(hba, &client) == NULL);
                hba_unref(hba);
        }
}

static void knows_the_methods(void)
{
        static const struct {
                const char *word;
                enum hba_method method;
        } rows[] = {{"trust", HBA_TRUST},
                    {"reject", HBA_REJECT},
                    {"md5", HBA_MD5},
                    {"password", HBA_PASSWORD},
                    {"scram-sha-256", HBA_SCRAM},
                    {"cert", HBA_CERT},
                    {"peer", HBA_PEER},
                    {"pam", HBA_PAM}};
        struct hba_client client = {.database = "d", .user = "u", .local = true};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char text[64];
                struct hba *hba;
                const struct hba_rule *rule;

                unit_row("%s", rows[i].word);
                snprintf(text, sizeof(text), "local all all %s", rows[i].word);
                hba = load_good(text, NULL);
                rule = hba != NULL ? match(hba, &client) : NULL;
                UNIT_ASSERT(rule != NULL && rule->method == rows[i].method && rule->map == NULL);
                hba_unref(hba);
        }
}

static void tells_every_mistake(void)
{
        static const struct {
                const char *line, *part;
        } rows[] = {
            {"hosts all all all trust", "\"hosts\" is no type of line"},
            {"\"host\" all all all trust", "no type of line"},
            {"host,local all all all trust", "the type is one word"},
            {"hostgssenc all all all trust", "no GSSAPI encryption"},
            {"local", "ends before its databases"},
            {"local all", "ends before its users"},
            {"local all all", "ends before its method"},
            {"host all all", "ends before its address"},
            {"host all all 10.0.0.0", "neither a /prefix nor a mask"},
            {"host all all 10.0.0.0 md5", "\"md5\" is no mask"},
            {"host all all 10.0.0.0 ffff:: md5", "not of the same kind"},
            {"host all all 10.0.0.0/33 md5", "prefix out of range"},
            {"host all all ::1/129 md5", "prefix out of range"},
            {"host all all 10.0.0.0/x md5", "prefix out of range"},
            {"host all all 10.0.0.0/ md5", "prefix out of range"},
            {"host all all 10.0.0/8 md5", "\"10.0.0/8\" is no address"},
            {"host all all 10.0.0.1.5 md5", "\"10.0.0.1.5\" is no address"},
            {"host all all face::g md5", "\"face::g\" is no address"},
            {"host all all \"\" md5", "\"\" is no address"},
            {"host all all 10.0.0.0-8! md5", "\"10.0.0.0-8!\" is no address"},
            {"host all all db.example.com/24 md5",
             "\"db.example.com/24\" is a host name, and those have no mask"},
            {"host all all one.example,two.example md5", "the address is one word"},
            {"host all all all ldap", "method \"ldap\" requires argument \"ldapbasedn\", \"ldapprefix\""},
            {"host all all all ldap ldapprefix=a ldapbasedn=b", "cannot mix options"},
            {"host all all all ldap ldapbasedn=b ldapsearchattribute=a ldapsearchfilter=f",
             "cannot use ldapsearch"},
            {"host all all all ldap ldapprefix=a", "LDAP server not specified, and no ldapbasedn"},
            {"host all all all ldap ldapbasedn=b ldapport=0", "invalid LDAP port number: \"0\""},
            {"host all all all ldap ldapbasedn=b ldapport=65536", "invalid LDAP port number"},
            {"host all all all ldap ldapbasedn=b ldapport=12a", "invalid LDAP port number"},
            {"host all all all ldap ldapbasedn=b ldapscheme=ldapi", "invalid ldapscheme value: \"ldapi\""},
            {"host all all all ldap ldapbasedn=b ldapwhat=1", "invalid LDAP option: \"ldapwhat\""},
            {"host all all all ldap ldapbasedn", "they are NAME=VALUE"},
            {"host all all all ldap ldapurl=nonsense", "could not parse LDAP URL \"nonsense\""},
            {"host all all all ldap ldapurl=ldapi://%2ftmp/", "unsupported LDAP URL scheme: ldapi"},
            {"host all all all pam ldapserver=a", "\"ldapserver=a\" is not supported"},
            {"host all all all md5 pamservice=a", "\"pamservice=a\" is not supported"},
            {"host all all all gss", "method gss is not supported"},
            {"local all all ident", "method ident is not supported"},
            {"local all all scram", "\"scram\" is no method"},
            {"local all all md5 clientcert=verify-full", "can only stand on a hostssl line"},
            {"host all all all md5 clientcert=verify-ca", "can only stand on a hostssl line"},
            {"host all all all md5 clientname=DN", "can only stand on a hostssl line"},
            {"hostssl all all all md5 clientcert=1", "there are verify-ca and verify-full"},
            {"hostssl all all all cert clientcert=verify-ca", "is verify-full already"},
            {"hostssl all all all cert clientname=dn", "there are CN and DN"},
            {"hostssl all all all cert clientcert", "they are NAME=VALUE"},
            {"local all all peer map=none", "has no map of that name"},
            {"local samerole all md5", "samerole is not supported"},
            {"local samegroup all md5", "samegroup is not supported"},
            {"local all +staff md5", "+staff is not supported"},
            {"local all \"open md5", "a \" has no other one"},
            {"local all a, md5,", "no name behind it"},
            {",local all all md5", "no name before it"},
            {"local all /( md5", "/( is no regular expression"},
            {"local all /\\e+ md5", "\"\\e\" is not known here"},
            {"local all /a\\ md5", "\"\\\" is not known here"},
            {"local all /[\\]] md5", "\"\\]\" is not known here"},
            {"local all /(?:a) md5", "/(?:a) is no regular expression"},
            {"local all @nowhere md5", "cannot read "},
            {"include nowhere", "cannot read "},
            {"include_dir nowhere", "cannot read "},
            {"include a b", "write one name behind it"},
            {"include hba.conf", "more than 10 deep"},
            {"local all @loop md5", "more than 10 deep"},
        };

        files_write("loop", "a @loop");
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char text[256];

                snprintf(text, sizeof(text), "local all all trust\n%s\n", rows[i].line);
                UNIT_ASSERT(load(text, NULL) == NULL);
                unit_row("%s: %s", rows[i].line, findings);
                UNIT_ASSERT(strstr(findings, rows[i].part) != NULL);
                UNIT_ASSERT(strstr(findings, "hba.conf:2: ") == findings ||
                            strstr(findings, "loop:1: ") != NULL);
        }
        unit_row("all at once");
        UNIT_ASSERT(load("nonsense\nlocal all all md5\nlocal all all nonsense\n\nlocal\n", "two words\n") ==
                    NULL);
        UNIT_ASSERT(strstr(findings, "ident.conf:1: ") != NULL && strstr(findings, "hba.conf:1: ") != NULL &&
                    strstr(findings, "hba.conf:3: ") != NULL && strstr(findings, "hba.conf:5: ") != NULL &&
                    strstr(findings, "hba.conf:2: ") == NULL);
        findings[0] = '\0';
        UNIT_ASSERT(hba_load("/nowhere/hba.conf", "/nowhere/ident.conf", note, NULL) == NULL);
        UNIT_ASSERT(strcmp(findings, "ident.conf:0: cannot read it: No such file or directory\n"
                                     "hba.conf:0: cannot read it: No such file or directory\n") == 0);
}

static void reads_what_a_certificate_must_be(void)
{
        static const struct {
                const char *options;
                enum hba_clientcert clientcert;
                bool distinguished;
        } rows[] = {
            {"cert", HBA_CERT_UNSAID, false},
            {"cert clientname=CN", HBA_CERT_UNSAID, false},
            {"cert clientcert=verify-full clientname=DN", HBA_CERT_FULL, true},
            {"scram-sha-256 clientcert=verify-ca", HBA_CERT_CA, false},
            {"trust clientname=DN clientcert=verify-full", HBA_CERT_FULL, true},
        };
        const struct hba_client client = {
            .tls = true, .address = {.family = AF_INET}, .database = "d", .user = "u"};

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                char text[128];
                const struct hba_rule *rule;
                struct hba *hba;

                snprintf(text, sizeof(text), "hostssl all all all %s", rows[i].options);
                hba = load_good(text, NULL);
                rule = hba != NULL ? match(hba, &client) : NULL;
                unit_row("%s", rows[i].options);
                UNIT_ASSERT(rule != NULL && rule->clientcert == rows[i].clientcert &&
                            rule->distinguished == rows[i].distinguished);
                hba_unref(hba);
        }
}

/* All that is said of a directory, in one line. */
static const char *describe(const struct hba_directory *d)
{
        static char text[512];
        const char *parts[] = {d->servers,   d->prefix,        d->suffix,    d->base,
                               d->bind_name, d->bind_password, d->attribute, d->filter};
        size_t n = (size_t)snprintf(text, sizeof(text), "%s %d %s %d", d->scheme, d->port,
                                    d->start_tls ? "tls" : "-", d->scope);

        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "|%s", parts[i] != NULL ? parts[i] : "-");
        return text;
}

static void reads_how_a_directory_is_asked(void)
{
        static const struct {
                const char *options, *result;
        } rows[] = {
            {"ldapserver=one ldapprefix=\"uid=\" ldapsuffix=\",dc=a b,dc=net\"",
             "ldap 389 - 2|one|uid=|,dc=a b,dc=net|-|-|-|-|-"},
            {"ldapserver=\"one two\",ldapport=12, ldapbasedn=\"dc=x,dc=y\" ldaptls=1",
             "ldap 12 tls 2|one two|-|-|dc=x,dc=y|-|-|-|-"},
            {"ldapscheme=ldaps ldapbasedn=b ldapbinddn=cn=n ldapbindpasswd=\"p #\"\"w\" "
             "ldapsearchattribute=mail "
             "ldaptls=0",
             "ldaps 636 - 2|-|-|-|b|cn=n|p #\"w|mail|-"},
            {"ldapserver=s ldapbasedn=b ldapsearchfilter=\"(|(uid=$username)(mail=$username))\"",
             "ldap 389 - 2|s|-|-|b|-|-|-|(|(uid=$username)(mail=$username))"},
            {"ldapurl=\"ldap://h:77/dc=a,dc=b?cn,sn?one?(x=y)\" ldapsearchattribute=\"\"", NULL},
            {"ldapurl=\"ldap://h:77/dc=a,dc=b?cn,sn?one\"", "ldap 77 - 1|h|-|-|dc=a,dc=b|-|-|cn|-"},
            {"ldapurl=\"ldaps://h/dc=a%20b??sub?(|(uid=$username)(mail=$username))\"",
             "ldaps 636 - 2|h|-|-|dc=a b|-|-|-|(|(uid=$username)(mail=$username))"},
            {"ldapurl=ldap:///dc=a ldapbinddn=me", "ldap 389 - 0|-|-|-|dc=a|me|-|-|-"},
        };
        struct hba_client client = {.database = "d", .user = "u", .replication = true};
        char line[512];

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct hba *hbas[2];

                unit_row("%s", rows[i].options);
                findings[0] = '\0';
                snprintf(line, sizeof(line), "host all,replication all all ldap %s", rows[i].options);
                hbas[0] = load(line, NULL);
                hbas[1] = hba_of_ldap(rows[i].options, note, NULL);
                for (int j = 0; j < 2; j++) {
                        const struct hba_rule *rule = hbas[j] != NULL ? match(hbas[j], &client) : NULL;
                        const char *result = rule != NULL ? describe(rule->directory) : NULL;

                        unit_row("%s: %s %s", rows[i].options, result != NULL ? result : "nothing", findings);
                        UNIT_ASSERT((result == NULL) == (rows[i].result == NULL));
                        UNIT_ASSERT(result == NULL || strcmp(result, rows[i].result) == 0);
                        hba_unref(hbas[j]);
                }
        }
        unit_row("a comment sign");
        findings[0] = '\0';
        UNIT_ASSERT(hba_of_ldap("ldapserver=a ldapbindpasswd=b#c", note, NULL) == NULL);
        UNIT_ASSERT(strcmp(findings, "auth_ldap_options:0: a # must stand inside double quotes\n") == 0);
}

static void lets_the_directory_alone_decide(void)
{
        static const char *const all[] = {"d u unix", "d u 10.0.0.1", "d u ::1 tls",
                                          "d u 10.0.0.1 replication", "d u unix replication"};
        struct hba *hba = hba_of_ldap("ldapserver=a ldapprefix=b", note, NULL);

        UNIT_ASSERT(hba != NULL);
        for (size_t i = 0; hba != NULL && i < sizeof(all) / sizeof(all[0]); i++) {
                unit_row("%s", all[i]);
                UNIT_ASSERT(rule_for(hba, all[i]) != NULL && rule_for(hba, all[i])->method == HBA_LDAP);
        }
        hba_unref(hba);
}

static void reads_which_modules_are_asked(void)
{
        struct hba *hba = load_good("local a all pam pamservice=\"other one\" pam_use_hostname=1\n"
                                    "local b all pam pam_use_hostname=0\n",
                                    NULL);
        const struct hba_rule *a = hba != NULL ? rule_for(hba, "a u unix") : NULL;
        const struct hba_rule *b = hba != NULL ? rule_for(hba, "b u unix") : NULL;

        UNIT_ASSERT(a != NULL && strcmp(a->pam_service, "other one") == 0 && a->pam_use_hostname);
        UNIT_ASSERT(b != NULL && b->pam_service == NULL && !b->pam_use_hostname);
        hba_unref(hba);
}

static void warns_of_what_lets_nobody_in(void)
{
        static const struct {
                const char *line, *part;
        } rows[] = {
            {"host all all all peer", "peer lets nobody in here"},
            {"local all all cert", "cert lets nobody in here"},
            {"hostnossl all all all cert", "cert lets nobody in here"},
            {"host all all all cert", NULL},
            {"local all all md5 map=m", "map=m has no effect"},
            {"hostssl all all all md5 map=m clientcert=verify-ca", "map=m has no effect"},
            {"hostssl all all all md5 map=m clientcert=verify-full", NULL},
            {"hostssl all all all md5 clientname=DN", "clientname=DN has no effect"},
            {"hostssl all all all cert clientname=DN clientcert=verify-full", NULL},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct hba *hba = load(rows[i].line, "m a b");

                unit_row("%s: %s", rows[i].line, findings);
                UNIT_ASSERT(hba != NULL);
                UNIT_ASSERT(rows[i].part != NULL ? strstr(findings, rows[i].part) != NULL
                                                 : findings[0] == '\0');
                hba_unref(hba);
        }
}

static void includes_other_files(void)
{
        struct hba_client client = {.local = true, .user = "u"};
        const struct hba_rule *rule;
        struct hba *hba;
        char path[512];

        snprintf(path, sizeof(path), "%s/rules.d", tempdir());
        UNIT_ASSERT(mkdir(path, 0700) == 0);
        files_write("rules.d/20.conf", "local b all md5\nlocal c all md5");
        files_write("rules.d/10.conf", "local b all trust");
        files_write("rules.d/15.txt", "nonsense");
        files_write("rules.d/.conf", "nonsense");
        files_write("one.conf", "\xef\xbb\xbf# first\nlocal a all reject\n");
        hba =
            load_good("include \"one.conf\"\ninclude_if_exists nowhere.conf\ninclude_if_exists DIR/one.conf\n"
                      "include_dir rules.d\nlocal d all peer\n",
                      NULL);
        for (size_t i = 0; hba != NULL && i < 4; i++) {
                static const struct {
                        const char *database, *file;
                        int line;
                } rows[] = {
                    {"a", "/one.conf", 2}, {"b", "/10.conf", 1}, {"c", "/20.conf", 2}, {"d", "/hba.conf", 5}};

                client.database = rows[i].database;
                rule = match(hba, &client);
                unit_row("%s", rows[i].database);
                UNIT_ASSERT(rule != NULL && rule->line == rows[i].line &&
                            strstr(rule->file, rows[i].file) != NULL);
        }
        hba_unref(hba);
        for (const char *const *name = (const char *const[]){"20.conf", "10.conf", "15.txt", ".conf", NULL};
             *name != NULL; name++) {
                char file[1024];

                snprintf(file, sizeof(file), "%s/%s", path, *name);
                (void)unlink(file);
        }
        (void)rmdir(path);
}

static void maps_names(void)
{
        static const char idents[] = "# MAP SYSTEM DATABASE\n"
                                     "m robert bob\n"
                                     "m robert \"rob\"\n"
                                     "m \"root of all\" all\n"
                                     "m quoted \"all\"\n"
                                     "other ann postgres\n"
                                     "r /^(.*)@example\\.com$ \\1\n"
                                     "r /^(.*)@example\\.org$ \"org_\\1_x\"\n"
                                     "r /^guest /^(anon|nobody)$\n"
                                     "r literal \\1\n"
                                     "dn \"/^CN=([^,]*),O=Example$\" \\1\n";
        static const struct {
                const char *map, *system, *user;
                bool allowed;
        } rows[] = {
            {"m", "robert", "bob", true},
            {"m", "robert", "rob", true},
            {"m", "robert", "robert", false},
            {"m", "bob", "bob", false},
            {"m", "ann", "postgres", false},
            {"other", "ann", "postgres", true},
            {"m", "root of all", "anybody", true},
            {"m", "quoted", "anybody", false},
            {"m", "quoted", "all", true},
            {"r", "ann@example.com", "ann", true},
            {"r", "ann@example.com", "bob", false},
            {"r", "ann@example.com", "", false},
            {"r", "ann@exampleXcom", "ann", false},
            {"r", "ann@example.org", "org_ann_x", true},
            {"r", "ann@example.org", "org_ann_y", false},
            {"r", "ann@example.org", "org__x", false},
            {"r", "guest17", "nobody", true},
            {"r", "guest17", "somebody", false},
            {"r", "literal", "\\1", true},
            {"r", "literal", "literal", false},
            {"dn", "CN=ann,O=Example", "ann", true},
            {"dn", "CN=ann,O=Example,C=DE", "ann", false},
            {NULL, "ann", "ann", true},
            {NULL, "ann", "bob", false},
        };
        struct hba *hba = load_good(
            "local all all peer map=m\nlocal all all peer map=r\nlocal all all peer map=dn", idents);

        for (size_t i = 0; hba != NULL && i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct hba_rule rule = {.method = HBA_PEER, .map = rows[i].map};

                unit_row("%s: %s as %s", rows[i].map != NULL ? rows[i].map : "no map", rows[i].system,
                         rows[i].user);
                UNIT_ASSERT(hba_allows(hba, &rule, rows[i].system, rows[i].user) == rows[i].allowed);
        }
        hba_unref(hba);
        for (const char *const *bad =
                 (const char *const[]){"m a", "m a b c", "m a,b c", "m a +b", "m /( b", "m /abc \\1", NULL};
             *bad != NULL; bad++) {
                unit_row("%s", *bad);
                UNIT_ASSERT(load("local all all peer", *bad) == NULL &&
                            strstr(findings, "ident.conf:1: ") == findings);
        }
}

static void long_lists_stay_quick(void)
{
        enum { NAMES = 50000 };
        struct hba_client client = {.local = true, .database = "d", .user = "name4321"};
        char *text = malloc(NAMES * 12 + 16);
        struct hba *hba;
        size_t n = 0;

        for (int i = 0; i < NAMES; i++)
                n += (size_t)sprintf(text + n, "%sname%d", i > 0 ? "," : "", i);
        files_write("long.txt", text);
        free(text);
        hba = load_good("local all @long.txt trust", NULL);
        for (int i = 0; hba != NULL && i < 100000; i++)
                UNIT_ASSERT(match(hba, &client) != NULL);
        client.user = "name50000";
        UNIT_ASSERT(hba != NULL && match(hba, &client) == NULL);
        hba_unref(hba);
}

UNIT_SUITE(auth_hba, UNIT_CASE(chooses_the_first_rule_that_fits),
           UNIT_CASE(host_names_are_asked_for_and_compared), UNIT_CASE(patterns_are_postgresqls),
           UNIT_CASE(knows_the_methods), UNIT_CASE(tells_every_mistake),
           UNIT_CASE(reads_what_a_certificate_must_be), UNIT_CASE(reads_how_a_directory_is_asked),
           UNIT_CASE(lets_the_directory_alone_decide), UNIT_CASE(reads_which_modules_are_asked),
           UNIT_CASE(warns_of_what_lets_nobody_in), UNIT_CASE(includes_other_files), UNIT_CASE(maps_names),
           UNIT_CASE(long_lists_stay_quick))
