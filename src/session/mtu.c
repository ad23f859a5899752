/* SPDX-License-Identifier: ISC */
#include "session/mtu.h"

/* IP packet sizes met in practice: IPv6's minimum, tunnels, PPPoE, Ethernet. */
static const uint32_t common_ip_bytes[] = { 1400, 1420, 1452, 1460, 1472, 1480, 1492, 1500 };

enum { COMMON = sizeof common_ip_bytes / sizeof common_ip_bytes[0] };
_Static_assert(COMMON + 2 <= MTU_SIZES_MAX, "floor, common sizes and the interface's own");

static void try_size(struct mtu *m, struct tstamp now, size_t index)
{
    m->trying = index;
    m->losses = 0;
    m->in_flight = false;
    m->next = now;
}

static void end_search(struct mtu *m, struct tstamp now)
{
    m->settled_bytes = m->sizes[m->low];
    m->in_flight = false;
    m->next = tstamp_add(now, MTU_AGAIN_NS);
}

static bool searching(const struct mtu *m)
{
    return m->low + 1 < m->high;
}

/* The largest first, as it mostly passes; then halves. */
static void next_size(struct mtu *m, struct tstamp now)
{
    m->checking = false;
    if (!searching(m))
        end_search(m, now);
    else if (m->high == m->count)
        try_size(m, now, m->count - 1);
    else
        try_size(m, now, (m->low + m->high) / 2);
}

void mtu_start(struct mtu *m, struct tstamp now, uint32_t ip_bytes, uint32_t overhead_bytes)
{
    uint32_t floor = ip_bytes < MTU_IP_MIN ? ip_bytes : MTU_IP_MIN;
    *m = (struct mtu){ .count = 1, .serial = m->serial };
    m->sizes[0] = floor - overhead_bytes;
    for (size_t i = 0; i < COMMON && common_ip_bytes[i] < ip_bytes; i++)
        m->sizes[m->count++] = common_ip_bytes[i] - overhead_bytes;
    if (ip_bytes > floor)
        m->sizes[m->count++] = ip_bytes - overhead_bytes;
    m->high = m->count;
    m->confirmed_bytes = m->sizes[0];
    next_size(m, now);
}

/* Ten minutes later: what is above the size in use may pass by now. */
static void search_again(struct mtu *m, struct tstamp now)
{
    m->high = m->count;
    next_size(m, now);
}

void mtu_widen(struct mtu *m, struct tstamp now, uint32_t bytes)
{
    if (bytes <= m->sizes[m->count - 1] || m->count == MTU_SIZES_MAX)
        return;
    m->sizes[m->count++] = bytes;
    search_again(m, now);
}

bool mtu_tick(struct mtu *m, struct tstamp now)
{
    if (!tstamp_reached(m->next, now))
        return false;
    if (m->in_flight)
        return mtu_lost(m, now, m->serial);
    if (!m->checking && !searching(m))
        search_again(m, now);
    return false;
}

uint32_t mtu_due(const struct mtu *m, struct tstamp now)
{
    bool wanted = (m->checking || searching(m)) && !m->in_flight && tstamp_reached(m->next, now);
    return wanted ? m->sizes[m->trying] : 0;
}

uint16_t mtu_sent(struct mtu *m, struct tstamp now)
{
    m->in_flight = true;
    m->next = tstamp_add(now, MTU_PATIENCE_NS);
    return ++m->serial;
}

/* What is known to pass or not to has changed. */
static bool narrow_down(struct mtu *m, struct tstamp now)
{
    uint32_t confirmed = m->confirmed_bytes;
    uint32_t settled = m->settled_bytes;
    next_size(m, now);
    m->confirmed_bytes = m->sizes[m->low];
    return m->confirmed_bytes != confirmed || m->settled_bytes != settled;
}

bool mtu_acked(struct mtu *m, struct tstamp now, uint16_t serial)
{
    if (!m->in_flight || serial != m->serial)
        return false;
    m->low = m->trying;
    return narrow_down(m, now);
}

static bool too_big(struct mtu *m, struct tstamp now, size_t index)
{
    m->high = index;
    if (m->low >= index)
        m->low = 0;
    return narrow_down(m, now);
}

bool mtu_lost(struct mtu *m, struct tstamp now, uint16_t serial)
{
    if (!m->in_flight || serial != m->serial)
        return false;
    m->in_flight = false;
    m->next = tstamp_add(now, MTU_SPACING_NS);
    if (++m->losses < MTU_TRIES)
        return false;
    return too_big(m, now, m->trying);
}

bool mtu_refused(struct mtu *m, struct tstamp now, uint32_t bytes)
{
    size_t index = 1;
    while (index < m->count && m->sizes[index] < bytes)
        index++;
    if (index >= m->high)
        return false; /* known already, or a refusal of the floor: nothing smaller to fall to */
    return too_big(m, now, index);
}

void mtu_check(struct mtu *m, struct tstamp now)
{
    if (m->low == 0 || m->checking || searching(m))
        return;
    m->checking = true;
    try_size(m, now, m->low);
}
