#include "net/zones.h"

#include "base/check.h"
#include "base/log.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct zone *zones_join(struct zones *zones, const char *name)
{
        const char *dot = strchr(name, '.');
        struct zone *zone, *found;
        size_t size;

        if (dot == NULL || dot[1] == '\0')
                return NULL;
        size = strlen(dot + 1);
        zone = xcalloc(1, sizeof(*zone) + size + 1);
        for (size_t i = 0; i < size; i++)
                zone->text[i] = (char)tolower((unsigned char)dot[1 + i]);
        HASH_FIND_STR(zones->zones, zone->text, found);
        if (found != NULL) {
                free(zone);
                zone = found;
        } else {
                zone->zones = zones;
                HASH_ADD_KEYPTR(hh, zones->zones, zone->text, size, zone);
        }
        zone->names++;
        return zone;
}

static void drop(struct zone *zone)
{
        if (zone->names > 0 || zone->asking)
                return;
        HASH_DEL(zone->zones->zones, zone);
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
        struct zone *zone, *next;

        HASH_ITER (hh, zones->zones, zone, next) {
                if (zone->asking)
                        continue;
                zone->asking = true;
                zones->asking++;
                dns_ask_serial(dns, zone->text, on_serial, zone);
        }
}
