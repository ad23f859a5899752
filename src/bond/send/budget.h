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
#ifndef HAWSER_BOND_SEND_BUDGET_H
#define HAWSER_BOND_SEND_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/path/path.h"
#include "bond/tuning.h"

enum budget_kind {
    BUDGET_SPARSE,       /* of less than SPARSE_LARGE_BYTES */
    BUDGET_SPARSE_LARGE, /* more likely a piece of many uploads */
    BUDGET_ACK,          /* pure acknowledgements of the inner TCP */
    BUDGET_REPEAT,       /* what was lost */
    BUDGET_CARE,         /* repeats beside packets that must not wait */
    BUDGET_REALTIME,     /* of a policy */
    BUDGET_COPY,
};

/* The kind of a sparse packet of so many bytes. */
enum budget_kind budget_sparse_kind(uint32_t bytes);

bool budget_allows(const struct path *p, struct tstamp now, enum budget_kind kind);

/* The same of another debt than a path's, where a full packet takes packet_ns. */
bool budget_bears(enum budget_kind kind, double debt_ns, double packet_ns);

/* Whether the path takes a copy of a packet of so many bytes on the wire, which is then counted. */
bool budget_take_copy(struct path *p, struct tstamp now, uint32_t wire_bytes);

#endif
