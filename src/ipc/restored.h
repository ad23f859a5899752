/* SPDX-License-Identifier: ISC */
/* How often something was put back in the network that another program had changed. */
#ifndef HAWSER_IPC_RESTORED_H
#define HAWSER_IPC_RESTORED_H

#include <stdint.h>

enum restored_what {
    RESTORED_DEVICE,
    RESTORED_UP,
    RESTORED_MTU,
    RESTORED_ADDRESS,
    RESTORED_ROUTES,
    RESTORED_RULES,
    RESTORED_FILTER,
    RESTORED_SETTINGS,
    RESTORED_COUNT,
};

struct restored {
    uint32_t count[RESTORED_COUNT];
};

/* As scripts read it. */
static inline const char *restored_name(enum restored_what what)
{
    static const char *const names[RESTORED_COUNT] = {
        [RESTORED_DEVICE] = "device", [RESTORED_UP] = "up",
        [RESTORED_MTU] = "mtu",       [RESTORED_ADDRESS] = "address",
        [RESTORED_ROUTES] = "routes", [RESTORED_RULES] = "rules",
        [RESTORED_FILTER] = "filter", [RESTORED_SETTINGS] = "settings",
    };
    return names[what];
}

#endif
