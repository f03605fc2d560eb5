/* hash_table: uthash, which would end the process without a word when it gets no memory. */
#pragma once

#include "base/memory.h"

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>
