/* input: what the fuzzers share: their door, and their input as a file for what reads files. */
#pragma once

#include "base/check.h"
#include "base/sv.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* Called by libFuzzer for each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The path of a file that holds the input; the next call writes over it. */
static inline const char *input_file(const uint8_t *data, size_t size)
{
        static char path[40];
        static int fd = -1;

        if (fd < 0) {
                fd = memfd_create("input", MFD_CLOEXEC);
                snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        }
        CHECK(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
        return path;
}

/* The part of the input up to the next line feed, which is taken from it. */
static inline struct sv input_line(struct sv *input)
{
        const char *stop = input->n > 0 ? memchr(input->p, '\n', input->n) : NULL;
        struct sv line = stop != NULL ? sv_from(input->p, (size_t)(stop - input->p)) : *input;

        *input = sv_from(line.p + line.n, input->n - line.n);
        if (input->n > 0)
                *input = sv_from(input->p + 1, input->n - 1);
        return line;
}
