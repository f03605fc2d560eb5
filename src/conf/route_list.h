/* route_list: what stands in route_primary and route_standby: names of functions, and patterns between
 * slashes, which are POSIX extended regular expressions for the text of a statement.
 *
 * A pattern must cost little on any text, whoever sent it: the C library makes an automaton of it, whose
 * states are made as texts need them. So a pattern begins where the text does (ours go on with ".*" when they
 * are not anchored, or the library would try every place of the text, which is quadratic), has no
 * back-references, which are exponential, and is not so ambiguous that there are many states. Pure. */
#pragma once

#include "base/sv.h"

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

enum {
        ROUTE_PATTERNS_MAX = 16, /* in one list */
        ROUTE_PATTERN_BYTES_MAX = 512,
        ROUTE_PATTERN_CHOICES_MAX = 8 /* 2 to their number bounds the automaton's states, nearly */
};

struct route_item {
        struct sv text;  /* a function's name; or a pattern, without its slashes, "\/" as it stands there */
        bool is_pattern; /* its last slash, where there is one, is behind `text` */
        bool is_whole;   /* false: a pattern without its second slash, or with something behind it */
};

/* The next item: *list is the value at first, and what is left after each call. Commas and blanks separate;
 * in a pattern they are its own. False when there is none left. */
bool route_list_next(const char **list, struct route_item *item);

/* Compiles a pattern (regfree) without regard to case, for regexec without matches. False, with the reason in
 * `why`: it is none, or might cost too much. */
bool route_pattern_compile(struct sv pattern, regex_t *out, char *why, size_t size);

/* Whether the value is good. False, with the reason in `why`: a pattern is not. */
bool route_list_check(const char *list, char *why, size_t size);
