/* SPDX-License-Identifier: ISC */
#include "guard/network/stale.h"

enum { NO_LINK = -1 };

static bool is_in(const struct netprefix *list, size_t count, const struct netaddr *addr)
{
    for (size_t i = 0; i < count; i++)
        if (netprefix_contains(&list[i], addr->family, addr->addr))
            return true;
    return false;
}

/* Links may share an address; then the one that is in use counts. */
static int link_of(const struct stale_view *v, const struct netaddr *addr, int way)
{
    int link = NO_LINK;
    for (size_t i = 0; i < v->outside_count; i++)
        if (netaddr_equal(&v->outside[i].addr, addr) && (link == NO_LINK || link != way))
            link = v->outside[i].link;
    return link;
}

/* Between somebody beyond and the address that this one knows us by; given: by translation. */
static bool is_wrong(const struct stale_view *v, const struct netaddr *beyond,
                     const struct netaddr *known_as, bool is_given)
{
    int way = v->way[beyond->family == 6];
    int link = link_of(v, known_as, way);
    bool is_of_another_way =
        link != NO_LINK ? is_given && link != way
                        : way != STALE_TUNNEL && is_in(v->inside, v->inside_count, known_as);
    return is_of_another_way && is_in(v->wide, v->wide_count, beyond) &&
           !is_in(v->near, v->near_count, beyond);
}

bool stale_is(const struct stale_view *v, const struct conntrack_flow *flow)
{
    /* One that began on this side, or beyond; what comes in over a link goes back over it. */
    return is_wrong(v, &flow->reply_from, &flow->reply_to,
                    !netaddr_equal(&flow->from, &flow->reply_to)) ||
           is_wrong(v, &flow->from, &flow->to, false);
}
