/* SPDX-License-Identifier: ISC */
#include "session/strangers.h"

#include <string.h>

/* That key's place, or the one whose caller was silent for longest. */
static size_t place_of(const struct strangers *s, const uint8_t public_key[32])
{
    size_t oldest = 0;
    for (size_t i = 0; i < CORE_STRANGERS_MAX; i++) {
        if (s->list[i].calls == 0 || memcmp(s->list[i].public_key, public_key, 32) == 0)
            return i;
        if (tstamp_before(s->called_at[i], s->called_at[oldest]))
            oldest = i;
    }
    return oldest;
}

void strangers_call(struct strangers *s, struct tstamp now, const uint8_t public_key[32],
                    const struct netaddr *from)
{
    size_t at = place_of(s, public_key);
    struct core_stranger *one = &s->list[at];
    bool is_new = one->calls == 0 || memcmp(one->public_key, public_key, 32) != 0;
    if (is_new) {
        *one = (struct core_stranger){ 0 };
        s->untold[at] = false;
        memcpy(one->public_key, public_key, sizeof one->public_key);
    }
    one->calls++;
    one->from = *from;
    s->called_at[at] = now;
    s->told.interval_ns = STRANGERS_TOLD_NS;
    s->told.burst = STRANGERS_TOLD_BURST;
    if (!is_new && tstamp_sub(now, s->told_at[at]) < STRANGERS_AGAIN_NS)
        return;
    s->untold[at] = bucket_take(&s->told, now);
    /* Else with its next call. */
    s->told_at[at] = s->untold[at] ? now : (struct tstamp){ .ns = now.ns - STRANGERS_AGAIN_NS };
}

const struct core_stranger *strangers_untold(struct strangers *s)
{
    for (size_t i = 0; i < CORE_STRANGERS_MAX; i++) {
        if (!s->untold[i])
            continue;
        s->untold[i] = false;
        return &s->list[i];
    }
    return NULL;
}
