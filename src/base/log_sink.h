/* log_sink: where lines of the log go: a file, standard error, syslog. A line is written whole or is lost,
 * and nobody waits: neither for a full disk, nor for the reader of a pipe or a socket who does not read. What
 * is lost is counted. Any thread; no lock. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct sink {
        atomic_int fd;    /* -1: none */
        atomic_bool sock; /* it is a socket */
        atomic_bool torn; /* the last thing there is half a line */
        atomic_ullong lost;
        atomic_int error; /* why the last one was */
};

/* Lines go to `fd` from now on, or, where that is a pipe or a terminal, to a description of it that never
 * blocks: others who have it are not told to put up with that. The number stays the caller's. */
void sink_to_fd(struct sink *s, int fd);

/* To the file of this name, at its end; opened anew when called again. NULL or "": nowhere. False with errno:
 * it cannot be opened; the old one then stays. One thread. */
bool sink_to_file(struct sink *s, const char *path);

/* A line with its newline. False: it is lost. */
bool sink_write(struct sink *s, const char *line, size_t n);

/* The same to the datagram socket at `path`, the system's log: one datagram. */
bool sink_send(struct sink *s, const char *path, const char *line, size_t n);

/* One that was not written for another reason. */
void sink_lose(struct sink *s, int error);

/* How many have been lost since this was asked last, and why; 0: none. */
unsigned long long sink_take_lost(struct sink *s, int *error);
/* They could not be told of: as many are lost still. */
void sink_return_lost(struct sink *s, unsigned long long lost);
