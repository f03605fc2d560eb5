#include "http/past.h"

#include "base/check.h"
#include "base/memory.h"
#include "http/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { UNKNOWN = -1, WORD_SIZE = 16 };

struct moment {
        float reads, writes; /* a second; UNKNOWN */
        int32_t lag_ms;      /* UNKNOWN */
};

/* A node: who it is, what it was when last seen, and its ring. */
struct place {
        char *cluster, *node; /* NULL: a free place */
        char role[WORD_SIZE], state[WORD_SIZE];
        uint64_t reads, writes; /* counters */
        int64_t seen_ms;
        struct moment ring[PAST_MOMENTS]; /* beside past.times */
};

struct change {
        int64_t at_ms;
        char *cluster, *node, *why;
        char was[2 * WORD_SIZE + 2], is[2 * WORD_SIZE + 2];
};

struct past {
        uint64_t taken; /* moments, ever; the newest is at (taken - 1) % PAST_MOMENTS */
        int64_t times[PAST_MOMENTS];
        int32_t waiting[PAST_MOMENTS];
        struct place *places[PAST_NODES_MAX]; /* NULL: not needed yet */
        uint64_t changed;                     /* changes, ever */
        struct change changes[PAST_CHANGES];
};

struct past *past_new(void)
{
        return xcalloc(1, sizeof(struct past));
}

static void clear_place(struct place *p)
{
        free(p->cluster);
        free(p->node);
        *p = (struct place){0};
}

static void clear_change(struct change *c)
{
        free(c->cluster);
        free(c->node);
        free(c->why);
        *c = (struct change){0};
}

void past_free(struct past *past)
{
        for (int i = 0; i < PAST_NODES_MAX && past->places[i] != NULL; i++) {
                clear_place(past->places[i]);
                free(past->places[i]);
        }
        for (int i = 0; i < PAST_CHANGES; i++)
                clear_change(&past->changes[i]);
        free(past);
}

/* ---- taking ---- */

void past_want(struct reading *r)
{
        reading_want(r, show_find(SV("nodes")));
        reading_want(r, show_find(SV("pools")));
}

static const struct cell *cell_of(const struct table *t, size_t row, const char *column)
{
        int at = table_column(t, column);

        CHECK(at >= 0);
        return table_cell(t, row, at);
}

static int32_t count_waiting(const struct table *pools)
{
        int64_t waiting = 0;

        for (size_t row = 0; row < table_rows(pools); row++)
                waiting += cell_of(pools, row, "cl_waiting")->number;
        return (int32_t)waiting;
}

static bool is_of(const struct place *p, const char *cluster, const char *node)
{
        return p->node != NULL && strcmp(p->node, node) == 0 && strcmp(p->cluster, cluster) == 0;
}

/* A new node has the first free place, else that of the node which was seen longest ago. */
static struct place *place_for(struct past *past, const char *cluster, const char *node)
{
        struct place *oldest = past->places[0];

        for (int i = 0; i < PAST_NODES_MAX; i++) {
                struct place *p = past->places[i];

                if (p == NULL) {
                        oldest = past->places[i] = xcalloc(1, sizeof(*p));
                        break;
                }
                if (is_of(p, cluster, node))
                        return p;
                if (p->seen_ms < oldest->seen_ms)
                        oldest = p;
        }
        clear_place(oldest);
        oldest->cluster = xstrdup(cluster);
        oldest->node = xstrdup(node);
        for (int i = 0; i < PAST_MOMENTS; i++)
                oldest->ring[i] = (struct moment){UNKNOWN, UNKNOWN, UNKNOWN};
        return oldest;
}

static void note_change(struct past *past, const struct place *p, const char *role, const char *state,
                        const char *why, int64_t at_ms)
{
        struct change *c = &past->changes[past->changed++ % PAST_CHANGES];

        clear_change(c);
        c->at_ms = at_ms;
        c->cluster = xstrdup(p->cluster);
        c->node = xstrdup(p->node);
        c->why = xstrdup(why != NULL ? why : "");
        snprintf(c->was, sizeof(c->was), "%s, %s", p->role, p->state);
        snprintf(c->is, sizeof(c->is), "%s, %s", role, state);
}

static float rate(uint64_t now, uint64_t before, double seconds)
{
        return now < before ? 0 : (float)((double)(now - before) / seconds);
}

static void take_node(struct past *past, const struct table *nodes, size_t row, int64_t at_ms)
{
        const char *role = cell_of(nodes, row, "role")->text, *state = cell_of(nodes, row, "state")->text;
        const struct cell *lag = cell_of(nodes, row, "lag_ms");
        uint64_t reads = cell_of(nodes, row, "reads")->counter;
        uint64_t writes = cell_of(nodes, row, "writes")->counter;
        struct place *p =
            place_for(past, cell_of(nodes, row, "cluster")->text, cell_of(nodes, row, "node")->text);
        struct moment *m = &p->ring[past->taken % PAST_MOMENTS];
        double seconds = (double)(at_ms - p->seen_ms) / 1000;

        *m = (struct moment){UNKNOWN, UNKNOWN, UNKNOWN};
        if (!lag->null)
                m->lag_ms = lag->number < INT32_MAX ? (int32_t)lag->number : INT32_MAX;
        if (p->seen_ms != 0) {
                m->reads = rate(reads, p->reads, seconds);
                m->writes = rate(writes, p->writes, seconds);
                if (strcmp(p->role, role) != 0 || strcmp(p->state, state) != 0)
                        note_change(past, p, role, state, cell_of(nodes, row, "why")->text, at_ms);
        }
        p->reads = reads;
        p->writes = writes;
        p->seen_ms = at_ms;
        snprintf(p->role, sizeof(p->role), "%s", role);
        snprintf(p->state, sizeof(p->state), "%s", state);
}

/* The clock has been set back: what was later than now is no past. */
static void forget_moments(struct past *past)
{
        past->taken = 0;
        for (int i = 0; i < PAST_NODES_MAX && past->places[i] != NULL; i++)
                past->places[i]->seen_ms = 0;
}

void past_take(struct past *past, const struct reading *r, int64_t at_ms)
{
        const struct table *nodes = reading_table(r, "nodes"), *pools = reading_table(r, "pools");
        uint64_t at;

        if (past->taken > 0 && at_ms <= past->times[(past->taken - 1) % PAST_MOMENTS])
                forget_moments(past);
        at = past->taken % PAST_MOMENTS;
        past->times[at] = at_ms;
        past->waiting[at] = count_waiting(pools);
        for (int i = 0; i < PAST_NODES_MAX && past->places[i] != NULL; i++)
                past->places[i]->ring[at] = (struct moment){UNKNOWN, UNKNOWN, UNKNOWN};
        for (size_t row = 0; row < table_rows(nodes); row++)
                take_node(past, nodes, row, at_ms);
        past->taken++;
}

/* ---- telling ---- */

static uint64_t first_of(uint64_t ever, uint64_t most)
{
        return ever > most ? ever - most : 0;
}

static void put_number(struct writer *w, bool first, double value)
{
        if (!first)
                put_text(w, ",");
        if (value == UNKNOWN)
                put_text(w, "null");
        else
                put_format(w, value < 1000 && value != (double)(int)value ? "%.1f" : "%.0f", value);
}

/* A value of a moment, of a node or of all. */
typedef double value_of(const struct past *past, const struct place *p, size_t at);

static double time_of(const struct past *past, const struct place *p, size_t at)
{
        (void)p;
        return (double)past->times[at];
}

static double waiting_of(const struct past *past, const struct place *p, size_t at)
{
        (void)p;
        return past->waiting[at];
}

static double reads_of(const struct past *past, const struct place *p, size_t at)
{
        (void)past;
        return p->ring[at].reads;
}

static double writes_of(const struct past *past, const struct place *p, size_t at)
{
        (void)past;
        return p->ring[at].writes;
}

static double lag_of(const struct past *past, const struct place *p, size_t at)
{
        (void)past;
        return p->ring[at].lag_ms;
}

/* Of all moments, the oldest first. */
static void put_values(struct writer *w, const char *name, value_of *value, const struct past *past,
                       const struct place *p)
{
        uint64_t first = first_of(past->taken, PAST_MOMENTS);

        put_format(w, ",\n\"%s\":[", name);
        for (uint64_t n = first; n < past->taken; n++)
                put_number(w, n == first, value(past, p, n % PAST_MOMENTS));
        put_text(w, "]");
}

static void put_member(struct writer *w, const char *name, const char *text)
{
        put_format(w, ",\"%s\":", name);
        put_json_text(w, text);
}

static void put_place(struct writer *w, const struct past *past, const struct place *p)
{
        put_text(w, "{\"cluster\":");
        put_json_text(w, p->cluster);
        put_member(w, "node", p->node);
        put_values(w, "reads", reads_of, past, p);
        put_values(w, "writes", writes_of, past, p);
        put_values(w, "lag_ms", lag_of, past, p);
        put_text(w, "}");
}

static void put_change(struct writer *w, const struct change *c)
{
        put_format(w, "{\"at_ms\":%" PRId64, c->at_ms);
        put_member(w, "cluster", c->cluster);
        put_member(w, "node", c->node);
        put_member(w, "was", c->was);
        put_member(w, "is", c->is);
        put_member(w, "why", c->why);
        put_text(w, "}");
}

void past_put(struct writer *w, const struct past *past)
{
        uint64_t first = first_of(past->taken, PAST_MOMENTS), oldest = first_of(past->changed, PAST_CHANGES);
        bool any = false;

        put_format(w, "{\"every_ms\":%d", PAST_EVERY_MS);
        put_values(w, "times", time_of, past, NULL);
        put_values(w, "waiting", waiting_of, past, NULL);
        put_text(w, ",\n\"nodes\":[");
        for (int i = 0; i < PAST_NODES_MAX && past->places[i] != NULL; i++) {
                const struct place *p = past->places[i];

                if (past->taken == 0 || p->seen_ms < past->times[first % PAST_MOMENTS])
                        continue; /* it has gone */
                put_text(w, any ? ",\n" : "\n");
                put_place(w, past, p);
                any = true;
        }
        put_text(w, "],\n\"changes\":[");
        for (uint64_t n = oldest; n < past->changed; n++) {
                put_text(w, n > oldest ? ",\n" : "\n");
                put_change(w, &past->changes[n % PAST_CHANGES]);
        }
        put_text(w, "]}\n");
}
