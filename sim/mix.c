/* SPDX-License-Identifier: ISC */
#include "sim/mix.h"

#include <math.h>
#include <string.h>

#include "sim/probe.h"
#include "sim/scenario.h"

#define DSL "name=a 1/16,15ms,queue=500; name=b 1/16,15ms,queue=500"
#define FIVE "name=a 5/20,15ms,queue=200; name=b 5/20,15ms,queue=200"

const struct mix mixes[] = {
    { .name = "cameras",
      .about = "12 flows of 250 kbit/s",
      .links = "name=a 1/20,15ms,queue=200; name=b 1/20,15ms,queue=200",
      .direction = SIM_UP,
      .datagrams = { 12, 1000, 3e6 } },
    { .name = "cameras-tcp",
      .about = "60 flows of 250 kbit/s, a TCP and a call beside them",
      .links = FIVE,
      .direction = SIM_UP,
      .flows = 1,
      .datagrams = { 60, 1000, 15e6 },
      .call = true },
    { .name = "telemetry",
      .about = "300 flows of 50 kbit/s in packets of 200 bytes",
      .links = FIVE,
      .direction = SIM_UP,
      .datagrams = { 300, 200, 15e6 } },
    { .name = "flood",
      .about = "30 000 packets of 68 bytes a second, one flow",
      .links = "name=a 5/20,15ms,queue=500",
      .direction = SIM_UP,
      .datagrams = { 1, 68, 16.32e6 } },
    { .name = "floods",
      .about = "the same of 100 flows",
      .links = "name=a 5/20,15ms,queue=500",
      .direction = SIM_UP,
      .datagrams = { 100, 68, 16.32e6 } },
    { .name = "torrent",
      .about = "50 TCP uploads",
      .links = DSL,
      .direction = SIM_UP,
      .flows = 50 },
    { .name = "torrent-call",
      .about = "100 TCP uploads and a call",
      .links = FIVE,
      .direction = SIM_UP,
      .flows = 100,
      .call = true },
    { .name = "pages",
      .about = "web pages of 8 short flows beside two downloads",
      .links = FIVE,
      .direction = SIM_DOWN,
      .flows = 2,
      .pages = { 8, 40000, NS_PER_S } },
};

const size_t mix_count = sizeof mixes / sizeof mixes[0];

/* More packets a second take too long to simulate. */
static const double most_packets_per_s = 40e3;

#define SLOW_LINK_BPS 2e6
#define PING_P50_NS 10e6
#define PING_P99_NS 40e6
#define PING_BYTES 150 /* with all headers on a link */
/* Not judged at the start. */
enum { STARTUP_RTTS = 5, INITIAL_WINDOW = 10 };
#define STARTUP_NS NS_PER_S
#define MEASURED_NS (7 * NS_PER_S)
#define PING_MOST_NS 1e9
#define FAR_NS (200 * NS_PER_MS)
#define SHARE_PACKETS 20 /* in a flow's fair share, from which on shares are judged */

const struct mix *mix_find(const char *name)
{
    for (size_t i = 0; i < mix_count; i++)
        if (strcmp(mixes[i].name, name) == 0)
            return &mixes[i];
    return NULL;
}

void mix_apply(const struct mix *mix, struct sim_config *config)
{
    config->direction = mix->direction;
    config->tcp.flows = mix->flows;
    config->datagrams = mix->datagrams;
    config->pages = mix->pages;
    config->call = mix->call;
    config->times.run_ns = config->times.warmup_ns = 0; /* mix_fit() */
}

static bool is_used(const struct sim_config *c, enum link_direction d)
{
    return c->direction == SIM_BOTH || (c->direction == SIM_UP) == (d == LINK_UP);
}

/* The least that the links carry in a direction that is used. */
static double least_sum_bps(const struct sim_config *c)
{
    double least = INFINITY;
    for (int d = 0; d < LINK_DIRECTIONS; d++)
        if (is_used(c, (enum link_direction)d))
            least = fmin(least, (double)linkspecs_sum_bps(c->links, (enum link_direction)d));
    return least;
}

static double log_between(struct rng *r, double low, double high)
{
    return low * pow(high / low, rng_unit(r));
}

/* Those whose links stay what they are. By name, so that a seed keeps its meaning. */
static const struct scenario *draw_scenario(struct rng *r)
{
    static const char *const names[] = { "twin",   "dsllte", "wide",  "lossy", "far",      "tenone",
                                         "fiblte", "quad",   "bloat", "thin",  "satellite" };
    return scenario_find(names[rng_below(r, sizeof names / sizeof names[0])]);
}

bool mix_draw(uint64_t seed, struct mix *mix, char text[static MIX_TEXT_BYTES])
{
    struct rng r = { seed ^ UINT64_C(0x6d69786573) };
    const struct scenario *scenario = draw_scenario(&r);
    struct linkspecs specs;
    char error[LINKSPEC_ERROR_BYTES];
    *mix = (struct mix){ .name = scenario->name, .links = scenario->links };
    if (!linkspecs_parse(&specs, mix->links, error)) {
        snprintf(text, MIX_TEXT_BYTES, "%s", error);
        return false;
    }
    mix->direction = (enum sim_direction)rng_below(&r, SIM_BOTH + 1);
    const struct sim_config config = { .links = &specs, .direction = mix->direction };
    double times = log_between(&r, 0.5, 5);
    struct datagrams_config *d = &mix->datagrams;
    d->flows = (unsigned)log_between(&r, 1, DATAGRAMS_FLOWS_MAX + 1);
    d->rate_bps = least_sum_bps(&config) * times;
    double least_bytes = fmax(DATAGRAMS_BYTES_MIN, d->rate_bps / 8 / most_packets_per_s);
    d->packet_bytes = (uint32_t)log_between(&r, fmin(least_bytes, 1250), 1251);
    d->rate_bps = fmin(d->rate_bps, d->packet_bytes * 8 * most_packets_per_s);
    if (rng_unit(&r) < 0.5)
        mix->flows = (unsigned)log_between(&r, 1, SIM_FLOWS_MAX);
    snprintf(text, MIX_TEXT_BYTES, "%s, %u flows of TCP, %u of UDP with %u bytes, %.2f Mbit/s %s",
             mix->name, mix->flows, d->flows, d->packet_bytes, d->rate_bps / 1e6,
             mix->direction == SIM_BOTH ? "both ways"
             : mix->direction == SIM_UP ? "up"
                                        : "down");
    linkspecs_free(&specs);
    return true;
}

/* Until links are known, and what all TCPs send at first (RFC 6928) has passed. */
static int64_t startup_ns(const struct sim_config *c)
{
    int64_t rtt_ns = 0;
    for (size_t i = 0; i < c->links->count; i++) {
        const struct link_config *both = c->links->link[i].config;
        int64_t own_ns = both[LINK_UP].delay_ns + both[LINK_DOWN].delay_ns;
        rtt_ns = own_ns > rtt_ns ? own_ns : rtt_ns;
    }
    double windows_ns = c->tcp.flows * (INITIAL_WINDOW * LINK_FRAME_BYTES * 8e9) / least_sum_bps(c);
    return (int64_t)fmax(STARTUP_NS, fmax((double)(STARTUP_RTTS * rtt_ns), windows_ns));
}

void mix_fit(struct sim_config *c)
{
    if (c->times.warmup_ns == 0)
        c->times.warmup_ns = startup_ns(c);
    if (c->times.run_ns == 0)
        c->times.run_ns = c->times.warmup_ns + MEASURED_NS;
    double share_bps = least_sum_bps(c) / (c->tcp.flows + c->datagrams.flows + 1);
    double ping_ns = fmax(PROBE_INTERVAL_MS * 1e6, 3 * PING_BYTES * 8e9 / share_bps);
    c->times.ping_interval_ns = (int64_t)ping_ns;
    c->no_ping = ping_ns > PING_MOST_NS;
}

/* Of the slowest link in a direction that is used, if it is slow. */
static double slow_packet_ns(const struct sim_config *c)
{
    double slowest_bps = INFINITY;
    for (size_t i = 0; i < c->links->count; i++)
        for (int d = 0; d < LINK_DIRECTIONS; d++)
            if (is_used(c, (enum link_direction)d))
                slowest_bps =
                    fmin(slowest_bps, (double)link_mean_rate_bps(&c->links->link[i].config[d]));
    return slowest_bps < SLOW_LINK_BPS ? LINK_FRAME_BYTES * 8e9 / slowest_bps : 0;
}

static bool pings_hold(const struct sim_config *c, const struct sim_result *r,
                       char text[static MIX_TEXT_BYTES])
{
    double more_ns = 3 * slow_packet_ns(c);
    double p50_ns = (double)r->ping_p50_ns;
    double p99_ns = (double)r->ping_p99_ns;
    if (c->no_ping || (p50_ns <= PING_P50_NS + more_ns && p99_ns <= PING_P99_NS + more_ns))
        return true;
    snprintf(text, MIX_TEXT_BYTES, "pings take %.1f ms more, and %.1f at the 99th percentile",
             p50_ns / 1e6, p99_ns / 1e6);
    return false;
}

static bool is_far(const struct sim_config *c)
{
    for (size_t i = 0; i < c->links->count; i++)
        if (c->links->link[i].config[LINK_UP].delay_ns >= FAR_NS)
            return true;
    return false;
}

/*
 * What datagrams ask for, with headers, of what the links carry; TCP asks for all, but where a
 * round trip is long it needs longer for that than a run takes.
 */
static double asked(const struct sim_config *c, const struct sim_stream_result *s)
{
    if (c->tcp.flows > 0 && !is_far(c))
        return 1;
    return fmin(1, c->datagrams.rate_bps / s->offered_bps);
}

static bool direction_holds(const struct sim_config *c, const struct sim_stream_result *s,
                            char text[static MIX_TEXT_BYTES])
{
    double measured_s = (double)(c->times.run_ns - c->times.warmup_ns) / 1e9;
    double flows = c->tcp.flows + c->datagrams.flows;
    double packet_bytes = c->tcp.flows > 0 ? LINK_FRAME_BYTES : c->datagrams.packet_bytes;
    bool judged = s->offered_bps / flows * measured_s > SHARE_PACKETS * packet_bytes * 8;
    if (s->dropped >= 0.01)
        snprintf(text, MIX_TEXT_BYTES, "the links' queues drop %.2f %%", 100 * s->dropped);
    else if (s->arrived < 0.9 * asked(c, s))
        snprintf(text, MIX_TEXT_BYTES, "%.3f of the links is used, %.3f is asked for", s->arrived,
                 asked(c, s));
    else if (judged && s->fair < 0.9)
        snprintf(text, MIX_TEXT_BYTES, "Jain's index is %.3f", s->fair);
    else
        return true;
    return false;
}

bool mix_holds(const struct sim_config *c, const struct sim_result *r,
               char text[static MIX_TEXT_BYTES])
{
    for (int d = 0; d < LINK_DIRECTIONS; d++)
        if (is_used(c, (enum link_direction)d) && !direction_holds(c, &r->stream[d], text))
            return false;
    return pings_hold(c, r, text);
}
