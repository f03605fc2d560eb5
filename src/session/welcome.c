#include "session/welcome.h"

#include "base/check.h"
#include "base/hash_table.h"

#include <pthread.h>
#include <stdlib.h>

enum { WELCOMES_KEPT = 256, WELCOME_BYTES_MAX = 65536 };

struct note {
        UT_hash_handle hh;
        struct buf params;
        char key[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct note *notes; /* in the order they came */

static void drop(struct note *note)
{
        HASH_DEL(notes, note);
        buf_release(&note->params);
        free(note);
}

bool welcome_find(struct sv key, struct buf *params)
{
        struct note *note;
        bool found;

        pthread_mutex_lock(&lock);
        HASH_FIND(hh, notes, key.p, (unsigned)key.n, note);
        found = note != NULL && buf_append(params, buf_data(&note->params), buf_len(&note->params),
                                           WELCOME_BYTES_MAX) == STATUS_OK;
        pthread_mutex_unlock(&lock);
        return found;
}

void welcome_keep(struct sv key, const struct buf *params)
{
        struct note *note = xcalloc(1, sizeof(*note) + key.n), *old;

        memcpy(note->key, key.p, key.n);
        if (buf_append(&note->params, buf_data(params), buf_len(params), WELCOME_BYTES_MAX) != STATUS_OK) {
                free(note);
                return;
        }
        pthread_mutex_lock(&lock);
        HASH_FIND(hh, notes, key.p, (unsigned)key.n, old);
        if (old != NULL)
                drop(old);
        else if (HASH_COUNT(notes) >= WELCOMES_KEPT)
                drop(notes);
        HASH_ADD_KEYPTR(hh, notes, note->key, (unsigned)key.n, note);
        pthread_mutex_unlock(&lock);
}

void welcome_forget_all(void)
{
        struct note *note, *next;

        pthread_mutex_lock(&lock);
        HASH_ITER (hh, notes, note, next) {
                drop(note);
        }
        pthread_mutex_unlock(&lock);
}
