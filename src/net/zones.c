#include "net/zones.h"

#include "base/check.h"
#include "base/log.h"
#include "base/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void zones_init(struct zones *zones, void (*changed)(void *arg, struct zone *zone), void *arg)
{
        *zones = (struct zones){.changed = changed, .arg = arg};
        list_init(&zones->zones);
}

/* NULL: it is new. */
static struct zone *find(struct zones *zones, const char *text)
{
        list_for_each (node, &zones->zones) {
                struct zone *zone = list_item(node, struct zone, in_zones);

                if (strcasecmp(zone->text, text) == 0)
                        return zone;
        }
        return NULL;
}

struct zone *zones_join(struct zones *zones, const char *name)
{
        const char *dot = strchr(name, '.');
        struct zone *zone;

        if (dot == NULL || dot[1] == '\0')
                return NULL;
        zone = find(zones, dot + 1);
        if (zone == NULL) {
                size_t size = strlen(dot + 1) + 1;

                zone = xcalloc(1, sizeof(*zone) + size);
                memcpy(zone->text, dot + 1, size);
                zone->zones = zones;
                list_append(&zones->zones, &zone->in_zones);
        }
        zone->names++;
        return zone;
}

static void drop(struct zone *zone)
{
        if (zone->names > 0 || zone->asking)
                return;
        list_unlink(&zone->in_zones);
        free(zone);
}

void zones_leave(struct zone *zone)
{
        if (zone == NULL)
                return;
        zone->names--;
        drop(zone);
}

/* Serials go round: the difference says which is newer (RFC 1982). */
static bool is_newer(const struct zone *zone, uint32_t serial)
{
        return !zone->known || (int32_t)(serial - zone->serial) > 0;
}

static void on_serial(void *arg, int error, uint32_t serial)
{
        struct zone *zone = arg;

        zone->asking = false;
        zone->zones->asking--;
        if (error != 0) {
                log_debug("failure to get zone '%s' serial: %s", zone->text, dns_error_text(error));
        } else if (!is_newer(zone, serial)) {
                log_debug("zone '%s' unchanged: serial=%" PRIu32, zone->text, serial);
        } else {
                log_info("zone '%s' serial changed: old=%" PRIu32 " new=%" PRIu32, zone->text, zone->serial,
                         serial);
                zone->known = true;
                zone->serial = serial;
                zone->zones->changed(zone->zones->arg, zone);
        }
        drop(zone);
}

void zones_look(struct zones *zones, struct dns *dns)
{
        list_for_each_safe (node, &zones->zones) {
                struct zone *zone = list_item(node, struct zone, in_zones);

                if (zone->asking)
                        continue;
                zone->asking = true;
                zones->asking++;
                dns_ask_serial(dns, zone->text, on_serial, zone);
        }
}
