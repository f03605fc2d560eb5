#include "session/pin_names.h"

#include "base/hash.h"
#include "router/known.h"

/* Two names with one hash would be one, whose CLOSE ends both: the names are the client's own, and so is the
 * harm. 0: it is no name that PostgreSQL keeps as it stands. */
static uint32_t hash_of(unsigned pin, struct sv written)
{
        char space[KNOWN_NAME_BYTES];
        struct sv name = known_fold(written, space);
        uint64_t hash = hash_bytes(pin, name);

        return name.n == 0 ? 0 : (uint32_t)(hash ^ hash >> 32) | 1;
}

static unsigned bit(size_t place)
{
        return 1U << place;
}

void pin_names_begin(struct pin_names *names, unsigned pin, struct sv written)
{
        uint32_t hash = hash_of(pin, written);
        size_t place = PIN_NAMES_MAX;

        for (size_t i = 0; i < PIN_NAMES_MAX; i++) {
                if (names->pins[i] == pin && names->hashes[i] == hash) {
                        place = i;
                        break;
                }
                if (names->pins[i] == 0)
                        place = i;
        }
        if (hash == 0 || place == PIN_NAMES_MAX) {
                names->uncounted |= (uint8_t)pin;
                return;
        }
        names->hashes[place] = hash;
        names->pins[place] = (uint8_t)pin;
        names->ending &= (uint8_t)~bit(place);
}

void pin_names_end(struct pin_names *names, unsigned pins, struct sv written)
{
        uint32_t hash = written.n > 0 ? hash_of(pins, written) : 0;

        for (size_t i = 0; i < PIN_NAMES_MAX; i++)
                if ((names->pins[i] & pins) != 0 && (written.n == 0 || names->hashes[i] == hash))
                        names->ending |= (uint8_t)bit(i);
}

void pin_names_forget(struct pin_names *names, unsigned pins)
{
        for (size_t i = 0; i < PIN_NAMES_MAX; i++)
                if ((names->pins[i] & pins) != 0) {
                        names->pins[i] = 0;
                        names->ending &= (uint8_t)~bit(i);
                }
        names->uncounted &= (uint8_t)~pins;
}

unsigned pin_names_settle(struct pin_names *names, bool committed)
{
        unsigned ended = 0, left = names->uncounted;

        for (size_t i = 0; i < PIN_NAMES_MAX; i++) {
                if (committed && (names->ending & bit(i)) != 0) {
                        ended |= names->pins[i];
                        names->pins[i] = 0;
                }
                left |= names->pins[i];
        }
        names->ending = 0;
        return ended & ~left;
}
