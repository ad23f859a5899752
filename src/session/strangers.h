/* SPDX-License-Identifier: ISC */
/*
 * Who calls with a key that is no peer's: the last few, so that an operator sees whose key is
 * missing. A caller must know our public key to come so far. Each is told once in a while, and all
 * together rarely, whatever they do.
 */
#ifndef HAWSER_SESSION_STRANGERS_H
#define HAWSER_SESSION_STRANGERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "base/tstamp.h"
#include "session/bucket.h"
#include "session/types.h"

#define STRANGERS_AGAIN_NS (600 * NS_PER_S) /* the same key is told again */
#define STRANGERS_TOLD_NS (10 * NS_PER_S)   /* and any, in bursts of: */
enum { STRANGERS_TOLD_BURST = 4 };

struct strangers {
    struct core_stranger list[CORE_STRANGERS_MAX];
    struct tstamp told_at[CORE_STRANGERS_MAX];
    struct tstamp called_at[CORE_STRANGERS_MAX];
    bool untold[CORE_STRANGERS_MAX];
    struct bucket told;
};

/* One calls: it may have to be told. */
void strangers_call(struct strangers *s, struct tstamp now, const uint8_t public_key[32],
                    const struct netaddr *from);
/* One that is to be told, and now is; NULL: there is none. */
const struct core_stranger *strangers_untold(struct strangers *s);

#endif
