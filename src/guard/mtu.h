/* SPDX-License-Identifier: ISC */
/* The MTU of the device and of the routes to each peer, as the engine measured them. */
#ifndef HAWSER_GUARD_MTU_H
#define HAWSER_GUARD_MTU_H

#include "guard/state.h"

void guard_mtu_device(struct guard *g, struct tstamp now, uint32_t mtu_bytes);
void guard_mtu_peer(struct guard *g, struct tstamp now, size_t peer, uint32_t mtu_bytes,
                    uint32_t fit_bytes);
/* Another configuration is in use; network_update() follows. */
void guard_mtu_reload(struct guard *g);

#endif
