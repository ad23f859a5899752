/* SPDX-License-Identifier: ISC */
#include "sim/random.h"

#include <math.h>

#include "base/rng.h"

enum { RANDOM_LINKS_MAX = 5, RANDOM_FLOWS_MAX = 4, RANDOM_ACTIONS_MAX = 4 };

static double between(struct rng *r, double low, double high)
{
    return low + (high - low) * rng_unit(r);
}

/* Small values as often as large ones. */
static double log_between(struct rng *r, double low, double high)
{
    return low * pow(high / low, rng_unit(r));
}

static bool chance(struct rng *r, double probability)
{
    return rng_unit(r) < probability;
}

static size_t put_link(struct rng *r, size_t number, char *text, size_t text_bytes)
{
    static const unsigned mtus[] = { 1500, 1500, 1500, 1492, 1420, 1280 };
    double down = log_between(r, 1.0, 100.0);
    double up = down * between(r, 0.2, 1.0);
    int used = snprintf(text, text_bytes, "%sname=l%zu up=%.2f down=%.2f delay=%.1f queue=%.0f",
                        number > 0 ? "; " : "", number + 1, up, down, log_between(r, 2.0, 150.0),
                        log_between(r, 40.0, 600.0));
    size_t at = (size_t)used;
    if (chance(r, 0.5))
        at += (size_t)snprintf(text + at, text_bytes - at, " jitter=%.1f", between(r, 0.5, 10.0));
    if (chance(r, 0.4))
        at += (size_t)snprintf(text + at, text_bytes - at, " loss=%.2f burst=%.0f",
                               log_between(r, 0.05, 2.0), between(r, 1.0, 6.0));
    if (chance(r, 0.15))
        at += (size_t)snprintf(text + at, text_bytes - at, " duplicate=1 corrupt=0.5");
    at += (size_t)snprintf(text + at, text_bytes - at, " mtu=%u",
                           mtus[rng_below(r, sizeof(mtus) / sizeof(mtus[0]))]);
    return at;
}

static void put_actions(struct rng *r, struct sim_config *config)
{
    config->action_count = (size_t)rng_below(r, RANDOM_ACTIONS_MAX + 1);
    for (size_t i = 0; i < config->action_count; i++) {
        struct sim_action *a = &config->actions[i];
        a->kind = (enum sim_action_kind)rng_below(r, SIM_REBIND + 1);
        a->link = (size_t)rng_below(r, config->links->count);
        a->at_ns = (int64_t)between(r, 0.2, (double)config->run_ns);
        a->duration_ns = (int64_t)(log_between(r, 0.02, 3.0) * 1e9);
    }
}

bool random_scenario(uint64_t seed, struct sim_config *config, struct linkspecs *specs, char *text,
                     size_t text_bytes)
{
    struct rng r = { seed ^ UINT64_C(0x68617773657200) };
    char error[LINKSPEC_ERROR_BYTES];
    size_t count = 1 + (size_t)rng_below(&r, RANDOM_LINKS_MAX);
    size_t at = 0;
    for (size_t i = 0; i < count; i++)
        at += put_link(&r, i, text + at, text_bytes - at);
    if (!linkspecs_parse(specs, text, error)) {
        fprintf(stderr, "random links: %s\n", error);
        return false;
    }
    config->links = specs;
    config->seed = seed;
    config->flows = (unsigned)rng_below(&r, RANDOM_FLOWS_MAX + 1);
    config->transport = (enum sim_transport)rng_below(&r, SIM_QUIC + 1);
    config->direction = (enum sim_direction)rng_below(&r, SIM_BOTH + 1);
    config->hystart = (enum cc_hystart)rng_below(&r, CC_HYSTART_PLUS + 1);
    config->ecn = chance(&r, 0.3);
    config->call = chance(&r, 0.5);
    config->super_segments = chance(&r, 0.5) ? 40 : 1;
    config->rekey_after_ns = chance(&r, 0.3) ? NS_PER_S : 0;
    put_actions(&r, config);
    return true;
}
