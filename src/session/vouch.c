#include "session/vouch.h"

#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"
#include "net/host_name.h"
#include "net/secure.h"
#include "session/entry.h"
#include "session/room.h"

#include <pwd.h>
#include <unistd.h>

enum { SYSTEM_NAME_MAX = 1024 };

static struct demand demand_of(const struct hba_rule *rule)
{
        struct demand demand = {.type = AUTH_TRUST, .rule = rule};

        switch (rule->method) {
        case HBA_TRUST: break;
        case HBA_REJECT: demand.beyond = VOUCH_REJECT; break;
        case HBA_MD5: demand.type = AUTH_MD5; break;
        case HBA_PASSWORD: demand.type = AUTH_PLAIN; break;
        case HBA_SCRAM: demand.type = AUTH_SCRAM; break;
        case HBA_CERT: demand.type = AUTH_CERT; break;
        case HBA_PEER: demand.beyond = VOUCH_PEER; break;
        case HBA_LDAP: demand.type = AUTH_LDAP; break;
        case HBA_PAM: demand.type = AUTH_PAM; break;
        }
        return demand;
}

static bool say(const struct client *c, const char *text, const char *map, const char *rest)
{
        char name[400];

        log_error("C-%p: %s %s%s%s", (const void *)c, client_name(c, name, sizeof(name)), text, map, rest);
        return false;
}

bool vouch_certificate(const struct client *c, const struct hba_rule *rule)
{
        char name[SYSTEM_NAME_MAX];
        bool named;

        if (c->stream.session == NULL)
                return say(c, "TLS connection required", "", "");
        named = rule != NULL && rule->distinguished ? secure_peer_subject(&c->stream, name, sizeof(name))
                                                    : secure_peer_name(&c->stream, name, sizeof(name));
        if (!named)
                return say(c, "TLS client certificate required", "", "");
        if (hba_allows(c->room->hba, rule, name, c->entry->user))
                return true;
        if (rule != NULL && rule->map != NULL)
                return say(c, "ident map: ", rule->map, " does not have a match");
        return say(c, "TLS certificate name mismatch", "", "");
}

struct demand vouch_demand(const struct client *c)
{
        const struct room *room = c->room;
        struct hba_client client = {
            .local = !client_via_tcp(c),
            .tls = c->stream.session != NULL,
            .replication = c->replication == REPLICATION_PHYSICAL,
            .address = ip_unmapped(c->ip),
            .host = c->entry->host,
            .database = c->entry->database,
            .user = c->entry->user,
        };
        const struct hba_rule *rule;
        struct demand demand;
        bool wants_host = false;

        if (room->conf->opt.auth_type != AUTH_HBA &&
            (room->conf->opt.auth_type != AUTH_LDAP || room->hba == NULL))
                return (struct demand){.type = (enum auth_type)room->conf->opt.auth_type};
        rule = room->hba != NULL ? hba_match(room->hba, &client, &wants_host) : NULL;
        if (wants_host)
                return (struct demand){.beyond = VOUCH_HOST};
        if (rule == NULL)
                return (struct demand){.beyond = VOUCH_NO_RULE};
        demand = demand_of(rule);
        if (demand.beyond != VOUCH_NONE || rule->clientcert == HBA_CERT_UNSAID)
                return demand;
        if (!secure_peer_verified(&c->stream))
                demand.beyond = VOUCH_NO_CERTIFICATE;
        else if (rule->clientcert == HBA_CERT_FULL && !vouch_certificate(c, rule))
                demand.beyond = VOUCH_OTHER_CERTIFICATE;
        return demand;
}

/* ---- the name of its host ---- */

static void on_host(void *arg, const char *host, const char *why)
{
        struct client *c = arg;
        char name[400];

        c->entry->naming = NULL;
        if (host == NULL)
                log_info("C-%p: %s no host name to match in auth_hba_file: %s", (const void *)c,
                         client_name(c, name, sizeof(name)), why);
        c->entry->host = xstrdup(host != NULL ? host : "");
        entry_named(c);
        client_go_on(c);
}

void vouch_find_host(struct client *c)
{
        struct ip ip = ip_unmapped(c->ip);

        client_move(c, CLIENT_RESOLVE);
        c->entry->naming = host_name_ask(c->room->loop, &ip, on_host, c);
}

/* ---- a Unix socket ---- */

/* The name that the system has for the process at the other end. Where names do not come from a file of this
 * machine, this waits for who has them, as it does in PostgreSQL and PgBouncer. */
static bool system_name(const struct client *c, char out[SYSTEM_NAME_MAX])
{
        struct ucred peer;
        socklen_t size = sizeof(peer);
        struct passwd entry, *found = NULL;
        char texts[4096];

        if (client_via_tcp(c) || c->origin != ORIGIN_DIRECT ||
            getsockopt(c->stream.fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
            getpwuid_r(peer.uid, &entry, texts, sizeof(texts), &found) != 0 || found == NULL ||
            strlen(entry.pw_name) >= SYSTEM_NAME_MAX)
                return false;
        memcpy(out, entry.pw_name, strlen(entry.pw_name) + 1);
        return true;
}

bool vouch_peer(const struct client *c, const struct hba_rule *rule)
{
        char name[SYSTEM_NAME_MAX];

        if (!system_name(c, name))
                return say(c, "no system user is known for the other end", "", "");
        if (hba_allows(c->room->hba, rule, name, c->entry->user))
                return true;
        if (rule->map != NULL)
                return say(c, "ident map ", rule->map, " cannot be matched");
        return say(c, "the system user is another: ", name, "");
}
