/* servers: where a directory is: its servers' addresses as libldap wants them, those that have not answered
 * lately at the end. Room-internal; any thread. */
#pragma once

#include "authority/authority.h"

enum { SERVERS_MAX = 16 };

struct authority_servers {
        char *uris[SERVERS_MAX];
        size_t count;     /* at least one */
        const char *text; /* what people call them */
        char *found;      /* by DNS; NULL */
};

/* Finds those of `directory`; asks DNS where it names none. False: `why` says why not. */
bool servers_find(const struct hba_directory *directory, struct authority_servers *out,
                  char why[AUTHORITY_WHY_SIZE]);
void servers_free(struct authority_servers *servers);

/* Remembers whether this one has answered. */
void servers_note(const char *uri, bool answered);
