/* SPDX-License-Identifier: ISC */
#include "sim/lte.h"

#include <math.h>
#include <stdlib.h>

enum {
    SLOTS_PER_MS = 12, /* Poisson as a binomial: the largest rate fills 8.3 of them */
    STEP_MS = 20,      /* of the Brownian motion */
    FADE_MS = 200,
};

#define NOISE 0.2                /* of the largest rate, a square root of a second */
#define STEP_ROOT 0.141421356237 /* square root of 20 ms in seconds */
#define ESCAPE (3.0 * STEP_MS / 1000.0)
#define FADE_MOST 0.4
#define FIRST_LEAST 0.1
#define FIRST_MOST 0.7
#define DRIVE_NOISE 0.7 /* of the logarithm of the rate, a square root of a second */
#define DRIVE_LEAST 0.1
#define DRIVE_SILENCES_PER_MS 0.0005
#define SILENCE_LEAST_MS 100
#define SILENCE_TIMES 8

struct lte {
    struct rng random;
    double level; /* 0..1 of the largest rate */
    double fade;
};

/* Mean 0, deviation 1: twelve uniform values less their mean. */
static double draw_normal(struct rng *r)
{
    double sum = -6.0;
    for (int i = 0; i < 12; i++)
        sum += rng_unit(r);
    return sum;
}

/* Of the first cell, and of the next one after an outage. */
static double draw_first(struct rng *r)
{
    return FIRST_LEAST + (FIRST_MOST - FIRST_LEAST) * rng_unit(r);
}

static void step_level(struct lte *l)
{
    if (l->level <= 0.0) {
        if (rng_unit(&l->random) < ESCAPE)
            l->level = draw_first(&l->random);
        return;
    }
    l->level += NOISE * STEP_ROOT * draw_normal(&l->random);
    if (l->level < 0.0)
        l->level = 0.0;
    if (l->level > 1.0)
        l->level = 2.0 - l->level;
}

/* Full frames that leave within the next millisecond. */
static unsigned draw_frames(struct lte *l, double most_per_ms)
{
    double chance = l->level * l->fade * most_per_ms / SLOTS_PER_MS;
    unsigned frames = 0;
    for (int i = 0; i < SLOTS_PER_MS; i++)
        frames += rng_unit(&l->random) < chance;
    return frames;
}

static void fill(struct lte *l, struct link_trace *trace, double most_per_ms)
{
    for (uint32_t ms = 1; ms < LTE_SECONDS * 1000; ms++) {
        if (ms % STEP_MS == 0)
            step_level(l);
        if (ms % FADE_MS == 0)
            l->fade = 1.0 - FADE_MOST * rng_unit(&l->random);
        for (unsigned n = draw_frames(l, most_per_ms); n > 0; n--)
            trace->at_ms[trace->count++] = ms;
    }
    trace->at_ms[trace->count++] = LTE_SECONDS * 1000;
}

/* The rate of the recordings' kind; a silence that begins is drawn with its length. */
static void fill_drive(struct lte *l, struct link_trace *trace, double most_per_ms)
{
    uint32_t silent_until_ms = 0;
    for (uint32_t ms = 1; ms < LTE_SECONDS * 1000; ms++) {
        if (ms % STEP_MS == 0) {
            double step = exp(DRIVE_NOISE * STEP_ROOT * draw_normal(&l->random));
            l->level = fmin(fmax(l->level * step, DRIVE_LEAST), 1);
        }
        if (rng_unit(&l->random) < DRIVE_SILENCES_PER_MS)
            silent_until_ms =
                ms + (uint32_t)(SILENCE_LEAST_MS * pow(SILENCE_TIMES, rng_unit(&l->random)));
        unsigned frames = draw_frames(l, most_per_ms);
        for (unsigned n = ms < silent_until_ms ? 0 : frames; n > 0; n--)
            trace->at_ms[trace->count++] = ms;
    }
    trace->at_ms[trace->count++] = LTE_SECONDS * 1000;
}

typedef void fill_fn(struct lte *l, struct link_trace *trace, double most_per_ms);

static struct link_trace *make_trace(uint64_t seed, double most_mbps, fill_fn *fill_by)
{
    if (!(most_mbps >= 0.1 && most_mbps <= 100.0))
        return NULL;
    struct link_trace *trace = calloc(1, sizeof(*trace));
    if (trace == NULL)
        return NULL;
    trace->at_ms = calloc(LTE_SECONDS * 1000 * SLOTS_PER_MS, sizeof(*trace->at_ms));
    if (trace->at_ms == NULL) {
        free(trace);
        return NULL;
    }
    struct lte l = { .random = { seed }, .fade = 1.0 };
    l.level = draw_first(&l.random);
    fill_by(&l, trace, most_mbps * 1e3 / (LINK_FRAME_BYTES * 8));
    return trace;
}

struct link_trace *lte_trace(uint64_t seed, double most_mbps)
{
    return make_trace(seed, most_mbps, fill);
}

struct link_trace *lte_drive_trace(uint64_t seed, double most_mbps)
{
    return make_trace(seed, most_mbps, fill_drive);
}
