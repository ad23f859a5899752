/* SPDX-License-Identifier: ISC */
/*
 * The links of a simulation in both directions, with the frames under way on them. A frame is any
 * bytes; what carries it decides how many it counts on the link.
 */
#ifndef HAWSER_SIM_WIRES_H
#define HAWSER_SIM_WIRES_H

#include "sim/events.h"
#include "sim/linkspec.h"

enum { WIRES_FRAME_BYTES_MAX = 9216 };

struct wires_frame;

/* The data is valid within the call. */
typedef void wires_receive(void *owner, size_t link, enum link_direction direction,
                           const uint8_t *data, size_t len_bytes);

/* Who has frames on the links. */
enum wires_user { WIRES_CARRIER, WIRES_FOREIGN, WIRES_USERS };

struct wires {
    struct events *events; /* not owned */
    size_t count;
    struct link_model link[LINKSPEC_LINKS_MAX][LINK_DIRECTIONS];
    struct tstamp usable_since[LINKSPEC_LINKS_MAX]; /* NEVER: not now */
    wires_receive *receive[WIRES_USERS];
    void *owner[WIRES_USERS];  /* not owned */
    struct wires_frame *all;   /* owned */
    struct wires_frame *spare; /* those not under way */
    uint64_t under_way;
};

void wires_init(struct wires *w, struct events *events, const struct linkspecs *specs,
                uint64_t seed);
/* Frames of that user go there. */
void wires_attach(struct wires *w, enum wires_user user, wires_receive *receive, void *owner);
void wires_free(struct wires *w);

/* Copies the data. frame_bytes: what the link carries for it. */
void wires_send(struct wires *w, enum wires_user user, size_t link, enum link_direction direction,
                const uint8_t *data, size_t len_bytes, uint32_t frame_bytes);

void wires_cut(struct wires *w, size_t link, enum link_direction direction, bool cut);
/* Whether anything may be expected of the link, from when on what was sent before is out of the
 * way. */
void wires_count_on(struct wires *w, size_t link, bool usable);

/* Round trip of an empty link, without the time of serialization. */
int64_t wires_idle_rtt_ns(const struct wires *w, size_t link);
/* The most that its queues can add. */
int64_t wires_queue_limit_ns(const struct wires *w, size_t link);

#endif
