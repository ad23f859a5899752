/* SPDX-License-Identifier: ISC */
/*
 * Links described in text.
 *
 *   10/20,12ms
 *   name=dsl up=2 down=16 delay=15 queue=150; name=lte up=12 down=40 delay=25 jitter=4 queue=300
 *
 * Links are divided by ';' or '+', the items of a link by commas or blanks. UP/DOWN alone is the
 * rates in Mbit/s, a number ending in "ms" the one-way delay. Keys:
 *
 *   name     letters, digits, '-', '_'; default link1, link2, ...
 *   rate     Mbit/s, 0: unlimited (up= and down= are short for rate-up= and rate-down=)
 *   trace    a file of delivery opportunities as mahimahi's, instead of a rate; lte:SEED:MBIT or
 *            drive:SEED:MBIT for one made by sim/lte.h
 *   behind   an earlier link whose queue and rate it shares
 *   delay    one way, ms
 *   jitter   largest extra delay, ms; "jitter=4 bell" for the bell-shaped distribution
 *   reorder  (no value) jitter may reorder
 *   loss     percent
 *   burst    mean number of frames lost together
 *   corrupt, duplicate  percent of frames with one bit changed, or delivered twice
 *   queue    ms at the rate, or with the suffix kB
 *   police   MBIT:KB, a token bucket: what goes beyond is dropped, but for so much at once
 *   steps    AT:DELAY[:OUTAGE[:RATE]]/..., seconds, extra ms, ms of outage, percent of the rate
 *   period   seconds after which the steps begin again
 *   mtu      bytes of an IP packet; default 1500
 *
 * Each key but name, behind and mtu applies to both directions, with -up or -down to one:
 * loss-up=1. Up is from the client to its provider.
 */
#ifndef HAWSER_SIM_LINKSPEC_H
#define HAWSER_SIM_LINKSPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/link.h"

enum {
    LINKSPEC_LINKS_MAX = 8,
    LINKSPEC_NAME_BYTES = 12, /* with the final 0; leaves room for a suffix in an interface name */
    LINKSPEC_ERROR_BYTES = 160,
};

enum link_direction { LINK_UP, LINK_DOWN, LINK_DIRECTIONS };

struct linkspec {
    char name[LINKSPEC_NAME_BYTES];
    unsigned mtu_bytes;
    size_t behind; /* number, from 1 on, of the link that has its bottleneck; 0: it is its own */
    struct link_config config[LINK_DIRECTIONS];
    struct link_trace *trace[LINK_DIRECTIONS]; /* owned; config refers to it */
};

struct linkspecs {
    size_t count;
    struct linkspec link[LINKSPEC_LINKS_MAX];
};

/* False: error says what is wrong, and there is nothing to free. */
bool linkspecs_parse(struct linkspecs *specs, const char *text, char error[LINKSPEC_ERROR_BYTES]);
void linkspecs_free(struct linkspecs *specs);

/*
 * Changes items of a running link: "rate-down=5 delay=40", anything but name, behind, mtu and
 * trace. On failure the link is as before.
 */
bool linkspec_change(struct linkspec *spec, const char *items, char error[LINKSPEC_ERROR_BYTES]);

/* The link of that name, or with that number from 1 on; NULL: none. */
struct linkspec *linkspecs_find(struct linkspecs *specs, const char *name);

/* Only that link is left, with a bottleneck of its own. */
void linkspecs_only(struct linkspecs *specs, size_t index);

/* Sum of the mean rates of all bottlenecks in that direction. */
uint64_t linkspecs_sum_bps(const struct linkspecs *specs, enum link_direction direction);

/* Mahimahi's format: one time in ms a line, not falling, the last one above 0. */
struct link_trace *link_trace_load(const char *path, char error[LINKSPEC_ERROR_BYTES]);
void link_trace_free(struct link_trace *trace);

#endif
