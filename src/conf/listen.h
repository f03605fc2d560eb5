/* listen: an item of http_listen: "9187" (of this machine alone), "10.0.0.1:9187", "[::1]:9187", "*:9187" or
 * "name:9187". Pure. */
#pragma once

#include "base/sv.h"

struct listen_item {
        char host[256]; /* without brackets */
        int port;
};

/* False: `why` (size bytes) says what is wrong with it and what would be right. */
bool listen_item_parse(struct sv text, struct listen_item *out, char *why, size_t size);

/* Only this machine can connect there, as far as the text tells. */
bool listen_item_is_local(const struct listen_item *item);
