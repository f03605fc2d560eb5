/* date_style: DateStyle is two values under one name, how dates are written (ISO, SQL, Postgres, German) and
 * the order of their fields (MDY, DMY, YMD). SET of the one leaves the other as it was. Pure. */
#pragma once

#include "base/sv.h"

#include <stdbool.h>

enum { DATE_STYLE_BYTES = 64 };

/* What SET DateStyle TO `added` means where `before` was set earlier: both as written, in quotes or not.
 * True: `out`, as a string. False: the same as without `before`, or not understood. */
bool date_style_join(struct sv before, struct sv added, char out[DATE_STYLE_BYTES]);
