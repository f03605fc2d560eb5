#include "health/roster.h"

#include "base/clock.h"

#include <cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DEPTH_MAX = 16, PORT_MAX = 65535 };

/* cJSON recurses: what is nested deeper than Patroni ever nests is not given to it. */
static bool is_shallow(const char *body, size_t size)
{
        int depth = 0, deepest = 0;
        bool quoted = false;

        for (size_t i = 0; i < size; i++) {
                if (quoted && body[i] == '\\')
                        i++;
                else if (body[i] == '"')
                        quoted = !quoted;
                else if (!quoted && (body[i] == '{' || body[i] == '['))
                        deepest = ++depth > deepest ? depth : deepest;
                else if (!quoted && (body[i] == '}' || body[i] == ']'))
                        depth--;
        }
        return deepest <= DEPTH_MAX;
}

/* A name or an address, as it can stand behind host=. */
static bool is_host(const char *host)
{
        size_t n = strlen(host);

        for (size_t i = 0; i < n; i++)
                if (!isalnum((unsigned char)host[i]) && strchr(".-_:%", host[i]) == NULL)
                        return false;
        return n > 0 && n < ROSTER_HOST_SIZE;
}

/* Patroni writes a port as a number, or as the text of one. */
static int read_port(const cJSON *port)
{
        double number = cJSON_IsNumber(port) ? port->valuedouble : 0;
        char *end;

        if (cJSON_IsString(port)) {
                number = (double)strtol(port->valuestring, &end, 10);
                if (*end != '\0')
                        return 0;
        }
        return number >= 1 && number <= PORT_MAX ? (int)number : 0;
}

static int find(const struct roster *roster, const char *host, int port)
{
        for (int i = 0; i < roster->count; i++)
                if (roster->members[i].port == port && strcmp(roster->members[i].host, host) == 0)
                        return i;
        return -1;
}

static void add(struct roster *roster, const char *host, int port, int64_t seen_us)
{
        struct roster_member *member;

        if (roster->count == CONF_NODES_MAX)
                return;
        member = &roster->members[roster->count++];
        snprintf(member->host, sizeof(member->host), "%s", host);
        member->port = port;
        member->seen_us = seen_us;
}

/* "+01:30", in seconds. */
static bool read_offset(const char *at, int64_t *seconds)
{
        char *colon, *end;
        long hours = strtol(at + 1, &colon, 10), minutes;

        if (colon != at + 3 || *colon != ':')
                return false;
        minutes = strtol(colon + 1, &end, 10);
        *seconds = (hours * 60 + minutes) * 60 * (*at == '-' ? -1 : 1);
        return end == colon + 3;
}

/* "2026-11-21T20:00:00.5+01:00", without a zone it is UTC; 0: it is no moment. */
static int64_t read_moment(const char *text)
{
        struct tm tm = {0};
        const char *at = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
        int64_t offset = 0;

        if (at == NULL)
                return 0;
        if (*at == '.')
                at += 1 + strspn(at + 1, "0123456789");
        if ((*at == '+' || *at == '-') && !read_offset(at, &offset))
                return 0;
        return ((int64_t)timegm(&tm) - offset) * US_PER_SEC;
}

/* A member that has not said yet where it is, is not one. */
static void read_member(struct roster *out, const cJSON *item, int64_t now_us)
{
        const char *host = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "host"));
        int port = read_port(cJSON_GetObjectItemCaseSensitive(item, "port"));

        if (host != NULL && is_host(host) && port != 0 && find(out, host, port) < 0)
                add(out, host, port, now_us);
}

enum status roster_read(struct roster *out, const char *body, size_t size, int64_t now_us, const char **why)
{
        cJSON *root = is_shallow(body, size) ? cJSON_ParseWithLength(body, size) : NULL;
        const cJSON *members = cJSON_GetObjectItemCaseSensitive(root, "members"), *item;
        const cJSON *planned = cJSON_GetObjectItemCaseSensitive(root, "scheduled_switchover");
        const char *at = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(planned, "at"));

        *out = (struct roster){0};
        *why = root == NULL ? "it is not JSON" : !cJSON_IsArray(members) ? "it has no list of members" : NULL;
        if (*why == NULL) {
                cJSON_ArrayForEach(item, members) read_member(out, item, now_us);
                out->switchover_wall_us = at != NULL ? read_moment(at) : 0;
                if (out->count == 0)
                        *why = "no member has a host and a port";
        }
        cJSON_Delete(root);
        return *why == NULL ? STATUS_OK : STATUS_INVALID;
}

bool roster_take(struct roster *roster, const struct roster *news, int64_t now_us)
{
        bool changed = false;
        int kept = 0;

        roster->switchover_wall_us = news->switchover_wall_us;
        for (int i = 0; i < roster->count; i++) {
                struct roster_member *member = &roster->members[i];

                if (find(news, member->host, member->port) >= 0)
                        member->seen_us = now_us;
                if (now_us - member->seen_us < ROSTER_KEEPS_US)
                        roster->members[kept++] = *member;
                else
                        changed = true;
        }
        roster->count = kept;
        for (int i = 0; i < news->count; i++) {
                const struct roster_member *member = &news->members[i];

                if (find(roster, member->host, member->port) >= 0)
                        continue;
                changed = changed || roster->count < CONF_NODES_MAX;
                add(roster, member->host, member->port, now_us);
        }
        return changed;
}
