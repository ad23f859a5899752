/* SPDX-License-Identifier: ISC */
#include "bond/types.h"

const char *bond_drop_name(enum bond_drop reason)
{
    static const char *const names[BOND_DROP_COUNT] = {
        [BOND_DROP_PEER_MEMORY] = "peer-memory",
        [BOND_DROP_QUEUE_FULL] = "queue_full",
        [BOND_DROP_CODEL] = "codel",
        [BOND_DROP_NO_PATH] = "no_path",
        [BOND_DROP_NO_BUFFER] = "no_buffer",
        [BOND_DROP_REPEAT_LATE] = "repeat_late",
        [BOND_DROP_DUPLICATE] = "duplicate",
        [BOND_DROP_REORDER_FULL] = "reorder_full",
        [BOND_DROP_FRAGMENT] = "fragment",
        [BOND_DROP_BAD_PACKET] = "bad_packet",
        [BOND_DROP_ACK_THINNED] = "ack_thinned",
        [BOND_DROP_FORGOTTEN] = "forgotten",
    };
    return names[reason];
}

const char *bond_mode_name(enum bond_mode mode)
{
    switch (mode) {
    case BOND_MODE_LOWEST_LATENCY:
        return "lowest-latency";
    case BOND_MODE_REDUNDANT:
        return "redundant";
    case BOND_MODE_SINGLE:
        return "single";
    case BOND_MODE_BOND:
        break;
    }
    return "bond";
}

const char *bond_class_name(enum bond_class class)
{
    switch (class) {
    case BOND_CLASS_REALTIME:
        return "realtime";
    case BOND_CLASS_BULK:
        return "bulk";
    case BOND_CLASS_NORMAL:
        break;
    }
    return "normal";
}
