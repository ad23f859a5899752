/* SPDX-License-Identifier: ISC */
/*
 * What may overtake bulk, and how much of it.
 *
 * Sparse packets, acknowledgements, repeats and copies leave a path at once, and bulk pays for
 * them: until then the pacer is in debt, and what it owes stands in the network's queue. So each
 * kind goes ahead only while the debt is small. Beyond that a sparse packet waits in its flow's
 * queue for its turn, acknowledgements and repeats wait for the debt to be paid, and copies are not
 * made. The queue that many of them make is then ours, where round robin shares the path out.
 *
 * Guarantee: nothing of a kind leaves ahead of the pacer while that is in debt by more than the
 * kind's limit; copies take no more than a twentieth of a path.
 */
#ifndef HAWSER_BOND_PATH_BUDGET_H
#define HAWSER_BOND_PATH_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/tuning.h"

struct path;

enum budget_kind {
    BUDGET_SPARSE,       /* of less than SPARSE_LARGE_BYTES */
    BUDGET_SPARSE_LARGE, /* more likely a piece of many uploads */
    BUDGET_ACK,          /* pure acknowledgements of the inner TCP */
    BUDGET_REPEAT,       /* what was lost */
    BUDGET_CARE,         /* repeats beside packets that must not wait */
    BUDGET_REALTIME,     /* of a policy */
    BUDGET_COPY,
};

/* The second copies that a path takes, a token bucket; and what overtook bulk of late. */
struct budget {
    double copy_bytes;
    struct tstamp copy_at;
    double ahead_bytes; /* fades with RECENT_NS */
    struct tstamp ahead_at;
};

/* What the pacer would have to make up for if the path's express packets left now. */
int64_t budget_debt_ns(const struct path *p, struct tstamp now);

/* The kind of a sparse packet of so many bytes. */
enum budget_kind budget_sparse_kind(uint32_t bytes);

bool budget_allows(const struct path *p, struct tstamp now, enum budget_kind kind);

/* Whether the path takes a copy of a packet of so many bytes on the wire, which is then counted. */
bool budget_take_copy(struct path *p, struct tstamp now, uint32_t wire_bytes);

/* So many bytes have left ahead of bulk. */
void budget_ahead(struct path *p, struct tstamp now, uint64_t wire_bytes);
/* How many times longer bulk takes than the pace tells, for what overtakes it. */
double budget_stretch(const struct path *p, struct tstamp now);

/*
 * How much a flow may have sent in the recent past and be sparse. What all sparse flows send
 * together is half of what the paths carry at most: where it is more, the most that one may send
 * falls until it is not, but never below half of its fair share. Where that is less than some small
 * packets in 100 ms, the recent past is longer: a ping among a thousand flows sends less than each
 * of them, which a single packet does not tell.
 *
 * Flows with more than a fair share of what those leave that wait may be sparse, as a call beside
 * many uploads, but get a twentieth of the sum together: else the few that are sparse would stay
 * so, and the many that wait would share the rest.
 */
struct budget_sparse {
    double rate_bps;   /* set by the bond: of all paths; 0: not known */
    double flow_bytes; /* the most of a flow, in RECENT_NS */
    double recent_ns;  /* with which what a flow sent fades */
    double left_bytes; /* that all together may send now: a token bucket */
    struct tstamp left_at;
    struct tstamp changed_at; /* flow_bytes */
    uint32_t turn;            /* in which the flows are counted that send, from 1 on */
    struct tstamp turn_end;
    uint32_t turn_flows;
    uint32_t flows; /* in the last turn, or in this one if it has more */
};

void budget_sparse_init(struct budget_sparse *s);

/* A flow sends; *turn is that in which it did so last, 0 at first. */
void budget_sparse_flow(struct budget_sparse *s, struct tstamp now, uint32_t *turn);

/* A flow that sent so much in the recent past may be sparse. */
bool budget_sparse_is(const struct budget_sparse *s, double recent_bytes);

/* A sparse packet came, of a flow that sent so much in the recent past, while so many flows wait.
 */
void budget_sparse_spend(struct budget_sparse *s, struct tstamp now, uint32_t bytes,
                         double recent_bytes, uint32_t waiting);

/* One had to wait, though small. */
void budget_sparse_refuse(struct budget_sparse *s, struct tstamp now);

#endif
