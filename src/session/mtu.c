/* SPDX-License-Identifier: ISC */
#include "session/mtu.h"

/*
 * IP packet sizes: what IPv4 hosts must accept, steps up to IPv6's minimum, what tunnels, PPPoE and
 * Ethernet leave, and some up to jumbo frames.
 */
static const uint32_t common_ip_bytes[] = { 576,  640,  704,  768,  832,  900,  960,  1024, 1100,
                                            1152, 1200, 1240, 1280, 1320, 1360, 1400, 1420, 1452,
                                            1460, 1472, 1480, 1492, 1500, 2000, 4000, 8000, 9000 };

enum { COMMON = sizeof common_ip_bytes / sizeof common_ip_bytes[0] };
_Static_assert(COMMON + 1 < MTU_SIZES_MAX, "common sizes, the interface's own, and a wider one");

static void try_size(struct mtu *m, struct tstamp now, size_t index)
{
    m->trying = true;
    m->tried = index;
    m->probes = 0;
    m->sent = 0;
    m->losses = 0;
    m->next = now;
}

static bool is_largest(const struct mtu *m)
{
    return m->low + 1 == m->count;
}

/* Nothing is in question. */
static void rest(struct mtu *m, struct tstamp now)
{
    if (m->settled_bytes != m->sizes[m->low]) {
        m->settled_bytes = m->sizes[m->low];
        m->ended = now;
        m->again_ns = MTU_AGAIN_FIRST_NS;
    }
    m->trying = false;
    m->next = is_largest(m) ? TSTAMP_NEVER : tstamp_add(m->ended, m->again_ns);
}

/* The largest first, as it mostly passes; then what is assumed to pass; then halves. */
static void next_size(struct mtu *m, struct tstamp now)
{
    if (m->high == m->count && !is_largest(m))
        try_size(m, now, m->count - 1);
    else if (m->doubted)
        try_size(m, now, m->low);
    else if (m->low + 1 < m->high)
        try_size(m, now, (m->low + m->high) / 2);
    else
        rest(m, now);
}

/* Candidates above those there are, up to a limit. */
static void add_sizes(struct mtu *m, uint32_t ip_bytes, uint32_t overhead_bytes)
{
    uint32_t last = m->count > 0 ? m->sizes[m->count - 1] + overhead_bytes : 0;
    for (size_t i = 0; i < COMMON && m->count < MTU_SIZES_MAX - 1; i++)
        if (common_ip_bytes[i] > last && common_ip_bytes[i] < ip_bytes)
            m->sizes[m->count++] = common_ip_bytes[i] - overhead_bytes;
    m->sizes[m->count++] = ip_bytes - overhead_bytes;
}

void mtu_start(struct mtu *m, struct tstamp now, uint32_t ip_bytes, uint32_t overhead_bytes)
{
    *m = (struct mtu){ .serial = m->serial, .ended = now, .checked = now };
    add_sizes(m, ip_bytes > MTU_IP_MIN ? ip_bytes : MTU_IP_MIN, overhead_bytes);
    for (size_t i = 0; i < m->count; i++)
        if (m->sizes[i] + overhead_bytes <= MTU_IP_BASE)
            m->base = i;
    m->low = m->base;
    m->doubted = m->base > 0;
    m->high = m->count;
    m->confirmed_bytes = m->sizes[m->base];
    next_size(m, now);
}

void mtu_widen(struct mtu *m, struct tstamp now, uint32_t bytes, uint32_t overhead_bytes)
{
    bool all_pass = m->high == m->count;
    if (bytes <= m->sizes[m->count - 1] || m->count >= MTU_SIZES_MAX - 1)
        return;
    add_sizes(m, bytes + overhead_bytes, overhead_bytes);
    if (all_pass)
        m->high = m->count;
    if (!m->trying)
        next_size(m, now);
}

/* What is above the size in use may pass by now. */
static void grow(struct mtu *m, struct tstamp now)
{
    m->growing = true;
    try_size(m, now, m->low + 1);
}

static unsigned tries(const struct mtu *m)
{
    return m->growing ? MTU_TRIES_GROWING : MTU_TRIES;
}

void mtu_tick(struct mtu *m, struct tstamp now)
{
    if (!tstamp_reached(m->next, now))
        return;
    if (!m->trying && !is_largest(m))
        grow(m, now);
    else if (m->trying && m->sent >= tries(m))
        m->sent = m->losses; /* nothing came back of the others, which says nothing of the size */
}

uint32_t mtu_due(const struct mtu *m, struct tstamp now)
{
    bool wanted = m->trying && m->sent < tries(m) && tstamp_reached(m->next, now);
    return wanted ? m->sizes[m->tried] : 0;
}

uint16_t mtu_sent(struct mtu *m, struct tstamp now)
{
    m->probes++;
    m->sent++;
    m->next = tstamp_add(now, m->sent < tries(m) ? MTU_SPACING_NS : MTU_PATIENCE_NS);
    return ++m->serial;
}

/* A probe of the size that is being tried. */
static bool is_asked(const struct mtu *m, uint16_t serial)
{
    return m->trying && (uint16_t)(m->serial - serial) < m->probes;
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
    if (!is_asked(m, serial))
        return false;
    m->low = m->tried;
    m->doubted = false;
    m->checked = now;
    if (m->growing)
        m->high = m->count;
    m->growing = false;
    return narrow_down(m, now);
}

static bool too_big(struct mtu *m, struct tstamp now, size_t index)
{
    m->high = index;
    if (m->growing) {
        m->again_ns = 2 * m->again_ns < MTU_AGAIN_MOST_NS ? 2 * m->again_ns : MTU_AGAIN_MOST_NS;
        m->ended = now;
    }
    m->growing = false;
    if (m->low >= index) {
        m->low = m->base < index ? m->base : 0;
        m->doubted = m->low > 0;
    }
    return narrow_down(m, now);
}

bool mtu_lost(struct mtu *m, struct tstamp now, uint16_t serial, bool alone)
{
    if (!is_asked(m, serial))
        return false;
    if (alone && ++m->losses >= tries(m))
        return too_big(m, now, m->tried);
    if (!alone && m->sent > m->losses) {
        m->sent--;
        m->next = tstamp_min(m->next, tstamp_add(now, MTU_SPACING_NS));
    }
    return false;
}

bool mtu_refused(struct mtu *m, struct tstamp now, uint32_t bytes)
{
    size_t index = 0;
    while (index < m->count && m->sizes[index] < bytes)
        index++;
    bool known = index >= m->high && !(m->trying && index == m->tried);
    if (index == 0 || known)
        return false; /* of the floor nothing smaller is left to fall to */
    return too_big(m, now, index);
}

void mtu_check(struct mtu *m, struct tstamp now)
{
    if (m->trying || m->low == 0 || tstamp_sub(now, m->checked) < MTU_CHECK_NS)
        return;
    m->doubted = true;
    try_size(m, now, m->low);
}

void mtu_renew(struct mtu *m, struct tstamp now)
{
    m->again_ns = MTU_AGAIN_FIRST_NS;
    mtu_check(m, now);
    if (!m->trying)
        rest(m, now);
}
