/* patterns: what the configuration says of statements by their text (route_primary, route_standby; their form
 * is conf/route_list.h's). Of one thread: the automata grow while they match. */
#pragma once

#include "conf/options.h"
#include "router/classify.h"

enum { PATTERNS_TEXT_MAX = 65536 /* what is behind in a text is not looked at */ };

/* Of good options. NULL: there are none. */
struct patterns *patterns_new(const struct options *opt);
void patterns_free(struct patterns *patterns);

/* The last word on a text that has `facts`: a read that a pattern of route_primary fits is a write; what is a
 * write only for a function or another name in it, and fits one of route_standby and none of route_primary,
 * is a read. What certainly writes, locks or leaves something in the session stays what it is. Looks from the
 * first byte that is not white space, at PATTERNS_TEXT_MAX bytes. */
void patterns_judge(const struct patterns *patterns, struct sv text, struct facts *facts);
