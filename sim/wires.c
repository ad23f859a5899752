/* SPDX-License-Identifier: ISC */
#include "sim/wires.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct wires_frame {
    struct wires_frame *next;      /* spare */
    struct wires_frame *allocated; /* before this one */
    struct wires *wires;
    enum wires_user user;
    size_t link;
    enum link_direction direction;
    uint32_t frame_bytes;
    size_t len_bytes;
    uint8_t data[WIRES_FRAME_BYTES_MAX];
};

void wires_init(struct wires *w, struct events *events, const struct linkspecs *specs,
                uint64_t seed)
{
    *w = (struct wires){ .events = events, .count = specs->count };
    struct rng seeder = { seed };
    for (size_t i = 0; i < specs->count; i++) {
        for (int d = 0; d < LINK_DIRECTIONS; d++)
            link_init(&w->link[i][d], &specs->link[i].config[d], events->now, rng_next(&seeder));
        w->usable_since[i] = events->now;
        size_t behind = specs->link[i].behind;
        for (int d = 0; d < LINK_DIRECTIONS && behind != 0; d++)
            link_set_behind(&w->link[i][d], &w->link[behind - 1][d]);
    }
}

void wires_attach(struct wires *w, enum wires_user user, wires_receive *receive, void *owner)
{
    w->receive[user] = receive;
    w->owner[user] = owner;
}

void wires_free(struct wires *w)
{
    while (w->all != NULL) {
        struct wires_frame *f = w->all;
        w->all = f->allocated;
        free(f);
    }
}

static struct wires_frame *frame_take(struct wires *w)
{
    struct wires_frame *f = w->spare;
    if (f != NULL) {
        w->spare = f->next;
    } else {
        f = sim_alloc(1, sizeof(*f));
        f->wires = w;
        f->allocated = w->all;
        w->all = f;
    }
    w->under_way++;
    return f;
}

static void frame_release(struct wires_frame *f)
{
    f->next = f->wires->spare;
    f->wires->spare = f;
    f->wires->under_way--;
}

/* The frame's headers are not in the data. */
static void flip_bit(struct wires_frame *f, uint32_t bit)
{
    size_t at = bit / 8 - (f->frame_bytes - f->len_bytes);
    if (at < f->len_bytes)
        f->data[at] ^= (uint8_t)(1U << bit % 8);
}

static void frame_arrive(void *owner, uint64_t value)
{
    struct wires_frame *f = owner;
    struct wires *w = f->wires;
    struct link_model *link = &w->link[f->link][f->direction];
    (void)value;
    if (link_arrive(link, f->frame_bytes)) {
        uint32_t bit;
        enum link_mangle mangle = link_mangle(link, f->frame_bytes, &bit);
        if (mangle == LINK_CORRUPT)
            flip_bit(f, bit);
        w->receive[f->user](w->owner[f->user], f->link, f->direction, f->data, f->len_bytes);
        if (mangle == LINK_DUPLICATE)
            w->receive[f->user](w->owner[f->user], f->link, f->direction, f->data, f->len_bytes);
    }
    frame_release(f);
}

void wires_send(struct wires *w, enum wires_user user, size_t link, enum link_direction direction,
                const uint8_t *data, size_t len_bytes, uint32_t frame_bytes)
{
    assert(len_bytes <= WIRES_FRAME_BYTES_MAX);
    struct tstamp exit;
    if (!link_send(&w->link[link][direction], w->events->now, frame_bytes, &exit))
        return;
    struct wires_frame *f = frame_take(w);
    f->user = user;
    f->link = link;
    f->direction = direction;
    f->frame_bytes = frame_bytes;
    f->len_bytes = len_bytes;
    memcpy(f->data, data, len_bytes);
    events_add(w->events, exit, frame_arrive, f, 0);
}

void wires_cut(struct wires *w, size_t link, enum link_direction direction, bool cut)
{
    link_set_cut(&w->link[link][direction], cut);
}

void wires_count_on(struct wires *w, size_t link, bool usable)
{
    struct tstamp since = w->events->now;
    for (int d = 0; d < LINK_DIRECTIONS; d++)
        since = tstamp_max(since, w->link[link][d].last_exit);
    w->usable_since[link] = usable ? since : TSTAMP_NEVER;
}

int64_t wires_idle_rtt_ns(const struct wires *w, size_t link)
{
    return w->link[link][LINK_UP].config.delay_ns + w->link[link][LINK_DOWN].config.delay_ns;
}

int64_t wires_queue_limit_ns(const struct wires *w, size_t link)
{
    int64_t sum_ns = 0;
    for (int d = 0; d < LINK_DIRECTIONS; d++) {
        const struct link_config *c = &w->link[link][d].config;
        uint64_t rate_bps = link_mean_rate_bps(c);
        if (c->queue_bytes == 0)
            sum_ns += c->queue_ns;
        else if (rate_bps > 0)
            sum_ns += (int64_t)((double)c->queue_bytes * 8e9 / (double)rate_bps);
        sum_ns += c->jitter_ns;
    }
    return sum_ns;
}
