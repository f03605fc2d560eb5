#include "router/balance.h"

#include "base/check.h"

#include "base/clock.h"

enum {
        LATENCY_MIN_US = 50 /* below it all nodes are equally fast */,
        HALVING_US = US_PER_SEC / 4,
        WARM = 1000,
        COLD = 100
};

static uint64_t latency_of(const struct node *node, int64_t now_us)
{
        uint64_t latency = atomic_load_explicit(&node->latency_us, memory_order_relaxed);
        int64_t silence_us = now_us - atomic_load_explicit(&node->measured_us, memory_order_relaxed);
        int64_t halvings = silence_us > 0 ? silence_us / (HALVING_US + 8 * (int64_t)latency) : 0;

        latency = halvings < 32 ? latency >> halvings : 0;
        return latency > LATENCY_MIN_US ? latency : LATENCY_MIN_US;
}

static uint64_t warmth_of(const struct balance *b, const struct topology_node *entry)
{
        int64_t age_us = b->now_us - entry->returned_us;

        if (entry->returned_us == 0 || b->slow_start_us <= 0 || age_us >= b->slow_start_us)
                return WARM;
        return age_us <= 0 ? COLD : COLD + (uint64_t)((WARM - COLD) * age_us / b->slow_start_us);
}

static uint64_t share_of(const struct balance *b, const struct topology *topology, int i)
{
        return (b->terms != NULL ? b->terms->weight[i] : 1) * warmth_of(b, &topology->nodes[i]);
}

static double work_at(const struct node *node, uint64_t share)
{
        double work = atomic_load_explicit(&node->in_flight, memory_order_relaxed);

        return (work + atomic_load_explicit(&node->waiting, memory_order_relaxed)) / (double)share;
}

/* Whether the second's answer is likely to come sooner. */
static bool is_sooner(const struct balance *b, const struct topology *topology, int first, int second)
{
        const struct node *one = topology->nodes[first].node, *other = topology->nodes[second].node;
        uint64_t share = share_of(b, topology, first), other_share = share_of(b, topology, second);
        uint64_t latency = latency_of(one, b->now_us), other_latency = latency_of(other, b->now_us);
        double most = (double)(share > other_share ? share : other_share);

        if (latency < other_latency + other_latency / 2 && other_latency < latency + latency / 2)
                latency = other_latency = 1;
        return (double)other_latency * (work_at(other, other_share) * most + 1) <
               (double)latency * (work_at(one, share) * most + 1);
}

/* Takes one out of `fit`, each as often as its share says. */
static int draw(const struct balance *b, const struct topology *topology, int *fit, uint32_t count,
                uint32_t random)
{
        uint64_t total = 0, at;
        uint32_t i = 0;
        int drawn;

        for (uint32_t j = 0; j < count; j++)
                total += share_of(b, topology, fit[j]);
        CHECK(total > 0); /* no weight is 0 */
        at = random % total;
        while (i + 1 < count && at >= share_of(b, topology, fit[i]))
                at -= share_of(b, topology, fit[i++]);
        drawn = fit[i];
        fit[i] = fit[count - 1];
        return drawn;
}

int balance_pick(const struct balance *b, const struct topology *topology, const int *fit, uint32_t count)
{
        int left[TOPOLOGY_NODES_MAX], first, second;
        uint32_t n = 0;

        for (uint32_t i = 0; b->terms != NULL && i < count; i++)
                if ((b->terms->near >> fit[i] & 1) != 0)
                        left[n++] = fit[i];
        for (uint32_t i = 0; n == 0 && i < count; i++)
                left[i] = fit[i];
        n = n > 0 ? n : count;
        if (n == 1)
                return left[0];
        first = draw(b, topology, left, n, (uint32_t)b->random);
        second = n == 2 ? left[0] : draw(b, topology, left, n - 1, (uint32_t)(b->random >> 32));
        return is_sooner(b, topology, first, second) ? second : first;
}
