/* traces: whether a secret is anywhere in this process's memory that can be written, freed memory included.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRACE_SIZE = 32, TRACE_MASK = 0x5a };

/* A random secret, kept masked so that it is not found where it is known. */
struct trace {
        uint8_t masked[TRACE_SIZE];
};

struct trace trace_new(void);

/* The secret itself; the caller overwrites it. */
void trace_open(const struct trace *t, uint8_t out[TRACE_SIZE]);

bool trace_is_left(const struct trace *t);
