/* SPDX-License-Identifier: ISC */
#include "sys/netif.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/netif_internal.h"
#include "sys/netif_route.h"

static int take_link(const struct nlmsghdr *h, void *arg)
{
    struct netif_table *t = arg;
    const struct ifinfomsg *body = mnl_nlmsg_get_payload(h);
    struct netlink_attributes a;
    if (h->nlmsg_type != RTM_NEWLINK || t->count == NETIF_MAX)
        return MNL_CB_OK;
    netlink_parse(h, sizeof *body, &a);
    if (a.by_type[IFLA_IFNAME] == NULL)
        return MNL_CB_OK;
    struct netif_info *n = &t->list[t->count++];
    *n = (struct netif_info){ .index = (uint32_t)body->ifi_index,
                              .up = (body->ifi_flags & IFF_UP) != 0,
                              .carrier = (body->ifi_flags & IFF_UP) != 0 &&
                                         (body->ifi_flags & IFF_LOWER_UP) != 0,
                              .mtu_bytes = netlink_get_u32(a.by_type[IFLA_MTU], 0) };
    strncpy(n->name, mnl_attr_get_str(a.by_type[IFLA_IFNAME]), NETIF_NAME_MAX);
    return MNL_CB_OK;
}

/* The list with room for one more; it doubles at powers of two. NULL: no memory. */
static void *grow(void *list, size_t count, size_t item_bytes)
{
    if ((count & (count - 1)) != 0)
        return list;
    return realloc(list, (count == 0 ? 1 : 2 * count) * item_bytes);
}

static int take_address(const struct nlmsghdr *h, void *arg)
{
    struct netif_table *t = arg;
    const struct ifaddrmsg *body = mnl_nlmsg_get_payload(h);
    const uint32_t unusable = IFA_F_TENTATIVE | IFA_F_DADFAILED;
    uint8_t family = netlink_family_back(body->ifa_family);
    struct netlink_attributes a;
    if (h->nlmsg_type != RTM_NEWADDR || family == 0)
        return MNL_CB_OK;
    netlink_parse(h, sizeof *body, &a);
    const struct nlattr *local = a.by_type[IFA_LOCAL];
    uint32_t flags =
        a.by_type[IFA_FLAGS] != NULL ? netlink_get_u32(a.by_type[IFA_FLAGS], 0) : body->ifa_flags;
    struct netaddr addr =
        netlink_get_address(local != NULL ? local : a.by_type[IFA_ADDRESS], family);
    if (addr.family == 0 || body->ifa_scope >= RT_SCOPE_LINK || (flags & unusable) != 0)
        return MNL_CB_OK;
    struct netif_address *list = grow(t->addresses, t->address_count, sizeof *list);
    if (list == NULL)
        return MNL_CB_ERROR;
    t->addresses = list;
    /* On a point-to-point line IFA_ADDRESS is the other end. */
    struct netaddr other = netlink_get_address(a.by_type[IFA_ADDRESS], family);
    struct netif_address *n = &list[t->address_count++];
    *n = (struct netif_address){ .index = body->ifa_index,
                                 .addr = addr,
                                 .near = { .family = family, .len = body->ifa_prefixlen },
                                 .deprecated = (flags & IFA_F_DEPRECATED) != 0 };
    memcpy(n->near.addr, other.family != 0 ? other.addr : addr.addr, sizeof n->near.addr);
    netprefix_mask(&n->near);
    return MNL_CB_OK;
}

/* True: it is kept, or of no interest. */
static bool note_default(struct netif_table *t, const struct netif_default *route)
{
    struct netif_info *n = netif_find_index(t, route->index);
    if (n == NULL)
        return true;
    if (route->table == RT_TABLE_MAIN)
        *(route->family == 6 ? &n->default_ipv6 : &n->default_ipv4) = true;
    struct netif_default *list = grow(t->defaults, t->default_count, sizeof *list);
    if (list == NULL)
        return false;
    t->defaults = list;
    list[t->default_count++] = *route;
    return true;
}

static bool take_nexthops(struct netif_table *t, const struct netif_default *route,
                          const struct nlattr *list)
{
    const struct rtnexthop *hop = mnl_attr_get_payload(list);
    size_t left = mnl_attr_get_payload_len(list);
    while (left >= sizeof *hop && hop->rtnh_len >= sizeof *hop && hop->rtnh_len <= left) {
        struct netif_default one = *route;
        struct netlink_attributes a;
        netlink_parse_list(hop + 1, hop->rtnh_len - sizeof *hop, &a);
        one.index = (uint32_t)hop->rtnh_ifindex;
        one.gateway =
            netlink_get_gateway(a.by_type[RTA_GATEWAY], a.by_type[RTA_VIA], route->family);
        if (!note_default(t, &one))
            return false;
        size_t step = RTNH_ALIGN(hop->rtnh_len);
        if (step > left)
            break;
        left -= step;
        hop = (const struct rtnexthop *)(const void *)((const uint8_t *)hop + step);
    }
    return true;
}

static int take_route(const struct nlmsghdr *h, void *arg)
{
    struct netif_table *t = arg;
    const struct rtmsg *body = mnl_nlmsg_get_payload(h);
    uint8_t family = netlink_family_back(body->rtm_family);
    struct netlink_attributes a;
    if (h->nlmsg_type != RTM_NEWROUTE || family == 0 || body->rtm_dst_len != 0 ||
        body->rtm_type != RTN_UNICAST || (body->rtm_flags & RTM_F_CLONED) != 0 ||
        body->rtm_protocol == NETIF_PROTOCOL)
        return MNL_CB_OK;
    netlink_parse(h, sizeof *body, &a);
    struct netif_default route = { .index = netlink_get_u32(a.by_type[RTA_OIF], 0),
                                   .family = family,
                                   .gateway = netlink_get_gateway(a.by_type[RTA_GATEWAY],
                                                                  a.by_type[RTA_VIA], family),
                                   .source = netlink_get_address(a.by_type[RTA_PREFSRC], family),
                                   .table = netlink_get_u32(a.by_type[RTA_TABLE], body->rtm_table),
                                   .metric = netlink_get_u32(a.by_type[RTA_PRIORITY], 0) };
    bool kept = a.by_type[RTA_MULTIPATH] != NULL
                    ? take_nexthops(t, &route, a.by_type[RTA_MULTIPATH])
                    : note_default(t, &route);
    return kept ? MNL_CB_OK : MNL_CB_ERROR;
}

static int dump(uint16_t type, uint8_t af, size_t body_bytes, mnl_cb_t each, void *arg)
{
    char buf[NETLINK_REQUEST_BYTES];
    void *body;
    struct nlmsghdr *h = netlink_begin(buf, type, NLM_F_DUMP, body_bytes, &body);
    *(uint8_t *)body = af; /* the first member of every rtnetlink body */
    return netlink_ask(h, each, arg);
}

int netif_dump(struct netif_table *out)
{
    *out = (struct netif_table){ .list = calloc(NETIF_MAX, sizeof *out->list) };
    if (out->list == NULL)
        return -ENOMEM;
    int err = dump(RTM_GETLINK, AF_UNSPEC, sizeof(struct ifinfomsg), take_link, out);
    if (err == 0)
        err = dump(RTM_GETADDR, AF_UNSPEC, sizeof(struct ifaddrmsg), take_address, out);
    if (err == 0)
        err = dump(RTM_GETROUTE, AF_INET, sizeof(struct rtmsg), take_route, out);
    if (err == 0)
        err = dump(RTM_GETROUTE, AF_INET6, sizeof(struct rtmsg), take_route, out);
    return err;
}

int netif_watch_open(void)
{
    struct sockaddr_nl local = { .nl_family = AF_NETLINK,
                                 .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
                                              RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
                                              RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_RULE };
    const int ipv6_rules = RTNLGRP_IPV6_RULE; /* has no bit in nl_groups */
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0)
        return -errno;
    if (bind(fd, (const struct sockaddr *)&local, sizeof local) < 0 ||
        setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &ipv6_rules, sizeof ipv6_rules) < 0) {
        int err = -errno;
        close(fd);
        return err;
    }
    return fd;
}

bool netif_watch_drain(int fd)
{
    char buf[NETLINK_BYTES];
    bool changed = false;
    for (;;) {
        ssize_t n = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
        /* ENOBUFS: so much changed that the kernel forgot the rest */
        if (n < 0 && errno != ENOBUFS && errno != EINTR)
            return changed;
        changed = true;
    }
}

/* Our own device */

static int change_address(uint16_t type, uint16_t flags, uint32_t index,
                          const struct netprefix *address)
{
    char buf[NETLINK_REQUEST_BYTES];
    void *extra;
    struct nlmsghdr *h = netlink_begin(buf, type, flags, sizeof(struct ifaddrmsg), &extra);
    struct ifaddrmsg *body = extra;
    body->ifa_family = netlink_family(address->family);
    body->ifa_prefixlen = address->len;
    body->ifa_index = index;
    body->ifa_scope = RT_SCOPE_UNIVERSE;
    if (address->family == 6)
        body->ifa_flags = IFA_F_NODAD; /* nobody else is on a point-to-point line */
    netlink_put_address(h, IFA_LOCAL, address->family, address->addr);
    netlink_put_address(h, IFA_ADDRESS, address->family, address->addr);
    return netlink_ask(h, NULL, NULL);
}

int netif_add_address(uint32_t index, const struct netprefix *address)
{
    int err = change_address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, address);
    return err == -EEXIST ? 0 : err < 0 ? err : 1;
}

int netif_remove_address(uint32_t index, const struct netprefix *address)
{
    int err = change_address(RTM_DELADDR, 0, index, address);
    return err == -EADDRNOTAVAIL ? 0 : err;
}

static struct nlmsghdr *change_link(char *buf, uint32_t index, struct ifinfomsg **body)
{
    void *extra;
    struct nlmsghdr *h = netlink_begin(buf, RTM_NEWLINK, 0, sizeof **body, &extra);
    *body = extra;
    (*body)->ifi_family = AF_UNSPEC;
    (*body)->ifi_index = (int)index;
    return h;
}

int netif_set_up(uint32_t index, bool up)
{
    char buf[NETLINK_REQUEST_BYTES];
    struct ifinfomsg *body;
    struct nlmsghdr *h = change_link(buf, index, &body);
    body->ifi_change = IFF_UP;
    body->ifi_flags = up ? IFF_UP : 0;
    return netlink_ask(h, NULL, NULL);
}

static int set_number(uint32_t index, uint16_t type, uint32_t value)
{
    char buf[NETLINK_REQUEST_BYTES];
    struct ifinfomsg *body;
    struct nlmsghdr *h = change_link(buf, index, &body);
    mnl_attr_put_u32(h, type, value);
    return netlink_ask(h, NULL, NULL);
}

int netif_set_mtu(uint32_t index, uint32_t mtu_bytes)
{
    return set_number(index, IFLA_MTU, mtu_bytes);
}

int netif_set_gso_max(uint32_t index, uint32_t bytes)
{
    return set_number(index, IFLA_GSO_MAX_SIZE, bytes);
}

int netif_set_queue(uint32_t index, uint32_t packets)
{
    return set_number(index, IFLA_TXQLEN, packets);
}
