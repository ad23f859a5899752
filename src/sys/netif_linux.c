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

static int take_address(const struct nlmsghdr *h, void *arg)
{
    const struct netif_table *t = arg;
    const struct ifaddrmsg *body = mnl_nlmsg_get_payload(h);
    const uint32_t unusable = IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED;
    uint8_t family = netlink_family_back(body->ifa_family);
    struct netlink_attributes a;
    if (h->nlmsg_type != RTM_NEWADDR || family == 0)
        return MNL_CB_OK;
    netlink_parse(h, sizeof *body, &a);
    const struct nlattr *local = a.by_type[IFA_LOCAL];
    uint32_t flags =
        a.by_type[IFA_FLAGS] != NULL ? netlink_get_u32(a.by_type[IFA_FLAGS], 0) : body->ifa_flags;
    struct netif_info *n = netif_find_index(t, body->ifa_index);
    struct netaddr addr =
        netlink_get_address(local != NULL ? local : a.by_type[IFA_ADDRESS], family);
    if (n == NULL || addr.family == 0 || body->ifa_scope >= RT_SCOPE_LINK ||
        (flags & unusable) != 0 || n->address_count == NETIF_ADDRESSES_MAX)
        return MNL_CB_OK;
    n->addresses[n->address_count++] = addr;
    return MNL_CB_OK;
}

/* A default route of the main table; of several through one interface the first counts. */
static void note_default(struct netif_info *n, uint8_t family, const struct nlattr *gateway)
{
    bool *known = family == 6 ? &n->default_ipv6 : &n->default_ipv4;
    struct netaddr *to = family == 6 ? &n->gateway_ipv6 : &n->gateway_ipv4;
    if (*known)
        return;
    *known = true;
    *to = netlink_get_address(gateway, family);
}

static void take_nexthops(const struct netif_table *t, uint8_t family, const struct nlattr *list)
{
    const struct rtnexthop *hop = mnl_attr_get_payload(list);
    size_t left = mnl_attr_get_payload_len(list);
    while (left >= sizeof *hop && hop->rtnh_len >= sizeof *hop && hop->rtnh_len <= left) {
        struct netif_info *n = netif_find_index(t, (uint32_t)hop->rtnh_ifindex);
        if (n != NULL)
            note_default(n, family, NULL);
        size_t step = RTNH_ALIGN(hop->rtnh_len);
        if (step > left)
            break;
        left -= step;
        hop = (const struct rtnexthop *)(const void *)((const uint8_t *)hop + step);
    }
}

static int take_route(const struct nlmsghdr *h, void *arg)
{
    const struct netif_table *t = arg;
    const struct rtmsg *body = mnl_nlmsg_get_payload(h);
    uint8_t family = netlink_family_back(body->rtm_family);
    struct netlink_attributes a;
    if (h->nlmsg_type != RTM_NEWROUTE || family == 0 || body->rtm_dst_len != 0 ||
        body->rtm_type != RTN_UNICAST || (body->rtm_flags & RTM_F_CLONED) != 0)
        return MNL_CB_OK;
    netlink_parse(h, sizeof *body, &a);
    uint32_t table =
        a.by_type[RTA_TABLE] != NULL ? netlink_get_u32(a.by_type[RTA_TABLE], 0) : body->rtm_table;
    if (table != RT_TABLE_MAIN)
        return MNL_CB_OK;
    if (a.by_type[RTA_MULTIPATH] != NULL)
        take_nexthops(t, family, a.by_type[RTA_MULTIPATH]);
    struct netif_info *n = netif_find_index(t, netlink_get_u32(a.by_type[RTA_OIF], 0));
    if (n != NULL)
        note_default(n, family, a.by_type[RTA_GATEWAY]);
    return MNL_CB_OK;
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

void netif_table_free(struct netif_table *t)
{
    free(t->list);
    *t = (struct netif_table){ 0 };
}

struct netif_info *netif_find(const struct netif_table *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->list[i].name, name) == 0)
            return &t->list[i];
    return NULL;
}

struct netif_info *netif_find_index(const struct netif_table *t, uint32_t index)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->list[i].index == index)
            return &t->list[i];
    return NULL;
}

struct netaddr netif_address(const struct netif_info *n, uint8_t family)
{
    for (size_t i = 0; i < n->address_count; i++)
        if (n->addresses[i].family == family)
            return n->addresses[i];
    return (struct netaddr){ 0 };
}

bool netif_has_address(const struct netif_info *n, const struct netaddr *addr)
{
    for (size_t i = 0; i < n->address_count; i++)
        if (n->addresses[i].family == addr->family &&
            memcmp(n->addresses[i].addr, addr->addr, sizeof addr->addr) == 0)
            return true;
    return false;
}

/* Watch */

int netif_watch_open(void)
{
    struct sockaddr_nl local = { .nl_family = AF_NETLINK,
                                 .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
                                              RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
                                              RTMGRP_IPV6_ROUTE };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0)
        return -errno;
    if (bind(fd, (const struct sockaddr *)&local, sizeof local) < 0) {
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
    return err == -EEXIST ? 0 : err;
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
