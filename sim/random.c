/* SPDX-License-Identifier: ISC */
#include "sim/random.h"

#include <math.h>

#include "base/rng.h"

enum { RANDOM_LINKS_MAX = 5, RANDOM_FLOWS_MAX = 4, RANDOM_ACTIONS_MAX = 4, FAULT_FLAPS = 5 };

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
        a->at_ns = (int64_t)between(r, 0.2, (double)config->times.run_ns);
        a->duration_ns = (int64_t)(log_between(r, 0.02, 3.0) * 1e9);
    }
}

/* Everything but what happens to the links. */
static bool draw_scenario(struct rng *r, size_t links, struct sim_config *config,
                          struct linkspecs *specs, char *text, size_t text_bytes)
{
    char error[LINKSPEC_ERROR_BYTES];
    size_t at = 0;
    for (size_t i = 0; i < links; i++)
        at += put_link(r, i, text + at, text_bytes - at);
    if (!linkspecs_parse(specs, text, error)) {
        fprintf(stderr, "random links: %s\n", error);
        return false;
    }
    config->links = specs;
    config->tcp.flows = (unsigned)rng_below(r, RANDOM_FLOWS_MAX + 1);
    config->tcp.transport = (enum sim_transport)rng_below(r, SIM_QUIC + 1);
    config->direction = (enum sim_direction)rng_below(r, SIM_BOTH + 1);
    config->tcp.hystart = (enum cc_hystart)rng_below(r, CC_HYSTART_PLUS + 1);
    config->tcp.ecn = chance(r, 0.3);
    config->call = chance(r, 0.5);
    config->tcp.super_segments = chance(r, 0.5) ? 40 : 1;
    config->times.rekey_after_ns = chance(r, 0.3) ? NS_PER_S : 0;
    return true;
}

bool random_scenario(uint64_t seed, struct sim_config *config, struct linkspecs *specs, char *text,
                     size_t text_bytes)
{
    struct rng r = { seed ^ UINT64_C(0x68617773657200) };
    size_t count = 1 + (size_t)rng_below(&r, RANDOM_LINKS_MAX);
    config->seed = seed;
    if (!draw_scenario(&r, count, config, specs, text, text_bytes))
        return false;
    put_actions(&r, config);
    return true;
}

static struct sim_action *add_fault(struct sim_config *config, enum sim_action_kind kind,
                                    size_t link, int64_t at_ns, int64_t duration_ns)
{
    struct sim_action *a = &config->actions[config->action_count++];
    *a = (struct sim_action){
        .kind = kind, .link = link, .at_ns = at_ns, .duration_ns = duration_ns
    };
    return a;
}

/* Cut and there for the same time, several times; the end. */
static int64_t flap(struct rng *r, struct sim_config *config, size_t link, int64_t at_ns)
{
    int64_t half_ns = (int64_t)(log_between(r, 0.05, 0.8) * 1e9);
    for (unsigned i = 0; i < FAULT_FLAPS && config->action_count < SIM_ACTIONS_MAX; i++) {
        add_fault(config, SIM_CUT, link, at_ns, half_ns);
        at_ns += 2 * half_ns;
    }
    return at_ns;
}

/* One link's faults, one after the other. */
static void put_faults(struct rng *r, struct sim_config *config, size_t link)
{
    static const char *const spoilt[] = { "rate-up=0.05,rate-down=0.05", "rate-down=0.1", "loss=30",
                                          "loss-up=30", "delay=2000" };
    static const enum sim_action_kind kinds[] = { SIM_CUT,   SIM_CUT_UP, SIM_CUT_DOWN, SIM_UNPLUG,
                                                  SIM_SPOIL, SIM_SPOIL,  SIM_REBIND };
    enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };
    int64_t at_ns = (int64_t)(log_between(r, 0.3, 4.0) * 1e9);
    while (at_ns < config->times.run_ns && config->action_count < SIM_ACTIONS_MAX) {
        int64_t duration_ns = (int64_t)(log_between(r, 0.1, 3.0) * 1e9);
        uint64_t kind = rng_below(r, KINDS + 1);
        if (kind == KINDS) {
            at_ns = flap(r, config, link, at_ns);
        } else {
            struct sim_action *a = add_fault(config, kinds[kind], link, at_ns, duration_ns);
            a->items = spoilt[rng_below(r, sizeof(spoilt) / sizeof(spoilt[0]))];
            at_ns += duration_ns;
        }
        at_ns += (int64_t)(log_between(r, 0.3, 4.0) * 1e9);
    }
}

bool random_faults(uint64_t seed, struct sim_config *config, struct linkspecs *specs, char *text,
                   size_t text_bytes)
{
    struct rng r = { seed ^ UINT64_C(0x6661756c7473) };
    size_t count = 2 + (size_t)rng_below(&r, RANDOM_LINKS_MAX - 1);
    config->seed = seed;
    if (!draw_scenario(&r, count, config, specs, text, text_bytes))
        return false;
    config->action_count = 0;
    for (size_t i = 0; i < count; i++)
        put_faults(&r, config, i);
    return true;
}
