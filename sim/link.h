/* SPDX-License-Identifier: ISC */
/*
 * One direction of an emulated link, as a pure function of time and seed.
 *
 * A frame passes, in this order, the cut, the queue with its tail drop, the bottleneck (a constant
 * rate, or the delivery opportunities of a recorded trace), a policer, the loss on the wire, and
 * the delay with its jitter. link_send() decides all of it when the frame enters and returns when
 * it will come out; the driver keeps the frame until then and calls link_arrive(). No system calls,
 * no allocation, no clock; the same calls with the same seed give the same results. O(1) a frame (a
 * binary search in the trace after an idle time).
 *
 * Frames are counted as Ethernet frames without preamble and checksum: 14 bytes + the IP packet, so
 * 1514 for a full one. A lost frame has used its share of the rate, as on a radio.
 */
#ifndef HAWSER_SIM_LINK_H
#define HAWSER_SIM_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "base/tstamp.h"

enum {
    LINK_FRAME_BYTES = 1514, /* a full frame, and what one delivery opportunity carries */
    LINK_HEADER_BYTES = 14,  /* of the Ethernet header */
    LINK_STEPS_MAX = 8,
    LINK_QUEUE_DEFAULT_MS = 100,
};

/*
 * A trace in mahimahi's sense: at each time one full frame may leave. Times do not fall; the trace
 * is repeated with the last time as its period, which is not 0.
 */
struct link_trace {
    uint32_t *at_ms; /* owned by the trace */
    size_t count;    /* not 0 */
};

enum link_jitter {
    LINK_JITTER_UNIFORM, /* uniform in 0..J */
    LINK_JITTER_BELL,    /* mean of four such: like a normal of mean J/2 and deviation J/7 */
};

/* From at_ns on (since link_init()), until the next step. */
struct link_step {
    int64_t at_ns;
    int64_t extra_delay_ns; /* added to the link's delay */
    int64_t outage_ns;      /* frames that reach the wire this long after the step are lost */
    double rate_factor;     /* of the link's rate (traces are not changed); > 0 */
};

struct link_config {
    uint64_t rate_bps;              /* 0: unlimited */
    const struct link_trace *trace; /* instead of a rate; not owned; NULL: none */
    int64_t delay_ns;               /* one way */
    int64_t jitter_ns;              /* J */
    enum link_jitter jitter_kind;
    bool reorder;          /* jitter may reorder frames */
    uint64_t police_bps;   /* beyond this rate frames are dropped; 0: they are not */
    uint64_t police_bytes; /* but for so much at once: the bucket of tokens */
    double loss;           /* share of lost frames, 0..1 */
    double burst_frames;   /* mean length of a burst of losses; <= 1: independent losses */
    double corrupt;        /* share of frames that arrive with one bit changed, 0..1 */
    double duplicate;      /* share of frames that arrive twice, 0..1 */
    int64_t queue_ns;      /* queue limit as time at the rate (of a trace: at its mean rate) */
    uint64_t queue_bytes;  /* the limit in bytes instead, where not 0 */
    struct link_step steps[LINK_STEPS_MAX]; /* sorted by time */
    size_t step_count;
    int64_t step_period_ns; /* the schedule repeats with this period; 0: it does not */
};

struct link_counters {
    uint64_t sent_frames; /* handed to link_send() */
    uint64_t sent_bytes;
    uint64_t delivered_frames; /* out of link_arrive() */
    uint64_t delivered_bytes;
    uint64_t dropped_queue; /* the queue was full */
    uint64_t dropped_police;
    uint64_t dropped_loss; /* lost on the wire, by chance */
    uint64_t dropped_step; /* lost in the outage of a step */
    uint64_t dropped_cut;  /* the link was cut at the entrance or at the exit */
    uint64_t corrupted;
    uint64_t duplicated;
};

struct link_model {
    struct link_config config;
    struct tstamp start;
    struct rng loss_rng;
    struct rng jitter_rng;
    struct rng mangle_rng;
    bool cut;
    bool bad;                   /* Gilbert state: in a burst of losses */
    struct tstamp free_at;      /* when the bottleneck has sent all it was given */
    uint64_t tx_remainder;      /* carried fraction of a nanosecond, in units of 1 / rate */
    uint64_t opportunity;       /* trace: the next one with room, counted from the start */
    uint32_t opportunity_bytes; /* and the room left in it */
    double tokens;              /* of the policer, bytes, at tokens_at */
    struct tstamp tokens_at;
    struct tstamp last_exit;   /* latest exit so far, so that jitter does not reorder */
    struct link_model *behind; /* whose queue and bottleneck it uses; not owned; NULL: its own */
    struct link_counters counters;
};

/* config is copied, the trace in it is not. start: time 0 of trace and steps. */
void link_init(struct link_model *link, const struct link_config *config, struct tstamp start,
               uint64_t seed);

/*
 * From now on frames pass through the queue and the bottleneck of the other link, together with
 * that one's; cut, loss and delay stay their own. The other one must not be behind a third and must
 * live as long.
 */
void link_set_behind(struct link_model *link, struct link_model *other);

/* False: the frame is gone. True: it comes out at *exit; ask link_arrive() then. */
bool link_send(struct link_model *link, struct tstamp now, uint32_t frame_bytes,
               struct tstamp *exit);

/* At the exit time: false if the link was cut while the frame was under way. */
bool link_arrive(struct link_model *link, uint32_t frame_bytes);

/* What to do with a frame that has arrived; *bit is the bit to change, within the frame's payload.
 */
enum link_mangle { LINK_INTACT, LINK_CORRUPT, LINK_DUPLICATE };
enum link_mangle link_mangle(struct link_model *link, uint32_t frame_bytes, uint32_t *bit);

/* A cut link swallows everything, without any signal. */
void link_set_cut(struct link_model *link, bool cut);

/*
 * A new rate, delay or anything else for the frames that enter from now on; those in the queue keep
 * their times. The time base of trace and steps stays.
 */
void link_set_config(struct link_model *link, const struct link_config *config);

/* Of a trace: how long until the next frame may leave, whatever waits; of a rate: 0. */
int64_t link_outage_ns(const struct link_model *link, struct tstamp now);

/* How long a frame that enters now waits before it is sent. */
int64_t link_queue_ns(const struct link_model *link, struct tstamp now);

/*
 * What the bottleneck could have carried between two times, since link_init(): of a trace its
 * opportunities, else the present rate with the factors of its steps; 0: unlimited, or the
 * bottleneck is another link's.
 */
uint64_t link_offered_bytes(const struct link_model *link, struct tstamp from, struct tstamp to);

/* Bits per second of full frames that the trace offers on average. */
uint64_t link_trace_rate_bps(const struct link_trace *trace);

/* The rate, or the mean rate of the trace, or the policer's if that is less; 0: unlimited. */
uint64_t link_mean_rate_bps(const struct link_config *config);

#endif
