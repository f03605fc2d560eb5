/* probe: the monitoring connection to one node: asks one question at a time and hands out one answer for
 * each.
 *
 *     CLOSED -> OPENING -> ASKING <-> IDLE        (any -> CLOSED when something fails)
 *
 * Never blocks; one deadline bounds a question with everything it needs. It judges nothing. Owner and thread:
 * the control thread. */
#pragma once

#include "health/contact.h"
#include "health/dossier.h"

struct probe;

typedef void probe_answer_fn(const struct answer *answer, void *arg);

/* A probe that is closed; *target is copied. `names` may be NULL when no host is a name. on_answer is called
 * from the loop, never from within these functions; it may free the probe. Besides the answer to each
 * question it gets ANSWER_LOST (sent_us 0) when an idle connection breaks: nobody asked, and it is news. */
struct probe *probe_new(struct event_base *base, struct names *names, const struct probe_target *target,
                        probe_answer_fn *on_answer, void *arg);

/* Asks; connects first when there is no connection. Not while a question is open. The answer comes within
 * `timeout_us`, if need be as ANSWER_TIMEOUT, which closes the connection. */
void probe_ask(struct probe *probe, int64_t timeout_us);

/* Asks something else in place of the question, at the same terms: a statement that gives a row of text. A
 * good answer has its result, until on_answer returns, and no facts. An answer that is not good was given
 * after the server may have begun with it when sent_us is not 0. */
void probe_say(struct probe *probe, const char *sql, int64_t timeout_us);
/* Where it asks. */
const struct probe_target *probe_target(const struct probe *probe);

/* Whether a question is open. */
bool probe_is_asking(const struct probe *probe);

/* Closes and frees without an answer. NULL is allowed. */
void probe_free(struct probe *probe);
