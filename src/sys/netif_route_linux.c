/* SPDX-License-Identifier: ISC */
#include "sys/netif_route.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "sys/netif_internal.h"

enum {
    IPV6_METRIC = 1024, /* what the kernel makes of 0 (IP6_RT_PRIO_USER) */
    DNS_PORT = 53,
    WIDE_IPV4_LEN = 7,
    WIDE_IPV6_LEN = 6,
};

/* Equality */

static uint32_t real_metric(const struct netif_route *r)
{
    return r->metric == 0 && r->to.family == 6 ? IPV6_METRIC : r->metric;
}

static bool same_address(const struct netaddr *a, const struct netaddr *b)
{
    return a->family == b->family && memcmp(a->addr, b->addr, sizeof a->addr) == 0;
}

static int compare_numbers(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

int netif_route_compare(const void *x, const void *y)
{
    const struct netif_route *a = x;
    const struct netif_route *b = y;
    int order = compare_numbers(a->table, b->table);
    if (order == 0)
        order = compare_numbers(a->to.family, b->to.family);
    if (order == 0)
        order = memcmp(a->to.addr, b->to.addr, sizeof a->to.addr);
    if (order == 0)
        order = compare_numbers(a->to.len, b->to.len);
    return order != 0 ? order : compare_numbers(real_metric(a), real_metric(b));
}

bool netif_route_equal(const struct netif_route *a, const struct netif_route *b)
{
    return netif_route_compare(a, b) == 0 && same_address(&a->gateway, &b->gateway) &&
           same_address(&a->source, &b->source) && a->index == b->index &&
           a->mtu_bytes == b->mtu_bytes && a->advmss_bytes == b->advmss_bytes;
}

bool netif_rule_equal(const struct netif_rule *a, const struct netif_rule *b)
{
    return a->family == b->family && a->priority == b->priority &&
           same_address(&a->from, &b->from) && a->mark == b->mark && a->mask == b->mask &&
           a->not_mark == b->not_mark && a->is_question == b->is_question && a->table == b->table &&
           a->suppresses == b->suppresses && a->suppressed_len == b->suppressed_len;
}

/* Routes */

static void put_gateway(struct nlmsghdr *h, const struct netif_route *r)
{
    /* struct rtvia: the family, then the address */
    const uint16_t family = AF_INET6;
    uint8_t via[sizeof family + sizeof r->gateway.addr];
    if (r->gateway.family == r->to.family) {
        netlink_put_address(h, RTA_GATEWAY, r->gateway.family, r->gateway.addr);
        return;
    }
    memcpy(via, &family, sizeof family);
    memcpy(via + sizeof family, r->gateway.addr, sizeof r->gateway.addr);
    mnl_attr_put(h, RTA_VIA, sizeof via, via);
}

static void put_metrics(struct nlmsghdr *h, const struct netif_route *r)
{
    if (r->mtu_bytes == 0 && r->advmss_bytes == 0)
        return;
    struct nlattr *metrics = mnl_attr_nest_start(h, RTA_METRICS);
    if (r->mtu_bytes != 0)
        mnl_attr_put_u32(h, RTAX_MTU, r->mtu_bytes);
    if (r->advmss_bytes != 0)
        mnl_attr_put_u32(h, RTAX_ADVMSS, r->advmss_bytes);
    mnl_attr_nest_end(h, metrics);
}

static int change_route(uint16_t type, uint16_t flags, const struct netif_route *r)
{
    char buf[NETLINK_REQUEST_BYTES];
    void *extra;
    struct nlmsghdr *h = netlink_begin(buf, type, flags, sizeof(struct rtmsg), &extra);
    struct rtmsg *body = extra;
    bool on_link = r->index != 0 && r->gateway.family == 0 && r->to.family == 4;
    body->rtm_family = netlink_family(r->to.family);
    body->rtm_dst_len = r->to.len;
    body->rtm_table = RT_TABLE_UNSPEC; /* RTA_TABLE has it */
    body->rtm_protocol = NETIF_PROTOCOL;
    body->rtm_type = r->index != 0 ? RTN_UNICAST : RTN_UNREACHABLE;
    body->rtm_scope = on_link ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    mnl_attr_put_u32(h, RTA_TABLE, r->table);
    if (r->metric != 0)
        mnl_attr_put_u32(h, RTA_PRIORITY, r->metric);
    if (r->index != 0)
        mnl_attr_put_u32(h, RTA_OIF, r->index);
    if (r->to.len != 0)
        netlink_put_address(h, RTA_DST, r->to.family, r->to.addr);
    if (r->gateway.family != 0) {
        put_gateway(h, r);
        /* The provider's router may lie outside the address's own prefix. */
        body->rtm_flags = RTNH_F_ONLINK;
    }
    if (r->source.family != 0)
        netlink_put_address(h, RTA_PREFSRC, r->source.family, r->source.addr);
    put_metrics(h, r);
    return netlink_ask(h, NULL, NULL);
}

int netif_route_add(const struct netif_route *route)
{
    return change_route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
}

int netif_route_replace(const struct netif_route *route)
{
    return change_route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route);
}

int netif_route_remove(const struct netif_route *route)
{
    int err = change_route(RTM_DELROUTE, 0, route);
    return err == -ESRCH || err == -ENODEV ? 0 : err;
}

/* Rules */

static int change_rule(uint16_t type, uint16_t flags, const struct netif_rule *r)
{
    char buf[NETLINK_REQUEST_BYTES];
    void *extra;
    struct nlmsghdr *h = netlink_begin(buf, type, flags, sizeof(struct fib_rule_hdr), &extra);
    struct fib_rule_hdr *body = extra;
    body->family = netlink_family(r->family);
    body->action = FR_ACT_TO_TBL;
    body->table = RT_TABLE_UNSPEC;
    body->flags = r->not_mark ? FIB_RULE_INVERT : 0;
    body->src_len = (uint8_t)(r->from.family != 0 ? netlink_address_bytes(r->family) * 8 : 0);
    if (r->from.family != 0)
        netlink_put_address(h, FRA_SRC, r->family, r->from.addr);
    mnl_attr_put_u32(h, FRA_PRIORITY, r->priority);
    mnl_attr_put_u32(h, FRA_TABLE, r->table);
    mnl_attr_put_u8(h, FRA_PROTOCOL, NETIF_PROTOCOL);
    if (r->mask != 0) {
        mnl_attr_put_u32(h, FRA_FWMARK, r->mark);
        mnl_attr_put_u32(h, FRA_FWMASK, r->mask);
    }
    if (r->is_question) {
        const struct fib_rule_port_range to = { .start = DNS_PORT, .end = DNS_PORT };
        mnl_attr_put_strz(h, FRA_IIFNAME, "lo");
        mnl_attr_put_u8(h, FRA_IP_PROTO, IPPROTO_UDP);
        mnl_attr_put(h, FRA_DPORT_RANGE, sizeof to, &to);
    }
    if (r->suppresses)
        mnl_attr_put_u32(h, FRA_SUPPRESS_PREFIXLEN, r->suppressed_len);
    return netlink_ask(h, NULL, NULL);
}

int netif_rule_add(const struct netif_rule *rule)
{
    int err = change_rule(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
    return err == -EEXIST ? 0 : err;
}

int netif_rule_remove(const struct netif_rule *rule)
{
    int err = change_rule(RTM_DELRULE, 0, rule);
    return err == -ENOENT || err == -ESRCH ? 0 : err;
}

/* Lists */

/* What a dump is asked for, and what has come of it. */
struct listing {
    uint32_t first, last; /* of tables or priorities */
    void *list;           /* owned by the caller in the end */
    size_t count;
};

/* The next item, cleared; NULL: no memory. */
static void *next_item(struct listing *l, size_t item_bytes)
{
    if ((l->count & (l->count - 1)) == 0) {
        void *wider = realloc(l->list, (l->count == 0 ? 1 : 2 * l->count) * item_bytes);
        if (wider == NULL)
            return NULL;
        l->list = wider;
    }
    void *item = (char *)l->list + l->count++ * item_bytes;
    memset(item, 0, item_bytes);
    return item;
}

/* The next route, with where it leads; NULL: no memory. */
static struct netif_route *add_route(struct listing *l, uint8_t len, uint8_t family,
                                     const struct netlink_attributes *a)
{
    struct netif_route *r = next_item(l, sizeof *r);
    if (r == NULL)
        return NULL;
    r->to = (struct netprefix){ .family = family, .len = len };
    struct netaddr to = netlink_get_address(a->by_type[RTA_DST], family);
    memcpy(r->to.addr, to.addr, sizeof r->to.addr);
    return r;
}

static void take_metrics(const struct nlattr *metrics, struct netif_route *r)
{
    struct netlink_attributes a;
    if (metrics == NULL)
        return;
    netlink_parse_list(mnl_attr_get_payload(metrics), mnl_attr_get_payload_len(metrics), &a);
    r->mtu_bytes = netlink_get_u32(a.by_type[RTAX_MTU], 0);
    r->advmss_bytes = netlink_get_u32(a.by_type[RTAX_ADVMSS], 0);
}

static int take_route(const struct nlmsghdr *h, void *arg)
{
    struct listing *l = arg;
    const struct rtmsg *body = mnl_nlmsg_get_payload(h);
    uint8_t family = netlink_family_back(body->rtm_family);
    struct netlink_attributes a;
    if (h->nlmsg_type != RTM_NEWROUTE || family == 0 || body->rtm_protocol != NETIF_PROTOCOL ||
        (body->rtm_flags & RTM_F_CLONED) != 0)
        return MNL_CB_OK;
    netlink_parse(h, sizeof *body, &a);
    struct netif_route *r = add_route(l, body->rtm_dst_len, family, &a);
    if (r == NULL)
        return MNL_CB_ERROR;
    r->gateway = netlink_get_gateway(a.by_type[RTA_GATEWAY], a.by_type[RTA_VIA], family);
    if (body->rtm_type == RTN_UNICAST)
        r->index = netlink_get_u32(a.by_type[RTA_OIF], 0);
    r->source = netlink_get_address(a.by_type[RTA_PREFSRC], family);
    r->table = netlink_get_u32(a.by_type[RTA_TABLE], body->rtm_table);
    r->metric = netlink_get_u32(a.by_type[RTA_PRIORITY], 0);
    take_metrics(a.by_type[RTA_METRICS], r);
    return MNL_CB_OK;
}

static int take_rule(const struct nlmsghdr *h, void *arg)
{
    struct listing *l = arg;
    const struct fib_rule_hdr *body = mnl_nlmsg_get_payload(h);
    struct netlink_attributes a;
    netlink_parse(h, sizeof *body, &a);
    const struct nlattr *protocol = a.by_type[FRA_PROTOCOL];
    uint32_t priority = netlink_get_u32(a.by_type[FRA_PRIORITY], 0);
    uint32_t suppressed = netlink_get_u32(a.by_type[FRA_SUPPRESS_PREFIXLEN], UINT32_MAX);
    bool ours = protocol != NULL && mnl_attr_get_payload_len(protocol) >= 1 &&
                mnl_attr_get_u8(protocol) == NETIF_PROTOCOL;
    if (h->nlmsg_type != RTM_NEWRULE || !ours || priority < l->first || priority > l->last)
        return MNL_CB_OK;
    struct netif_rule *r = next_item(l, sizeof *r);
    if (r == NULL)
        return MNL_CB_ERROR;
    r->family = netlink_family_back(body->family);
    r->priority = priority;
    if (body->src_len != 0)
        r->from = netlink_get_address(a.by_type[FRA_SRC], r->family);
    r->mark = netlink_get_u32(a.by_type[FRA_FWMARK], 0);
    r->mask = netlink_get_u32(a.by_type[FRA_FWMASK], 0);
    r->not_mark = (body->flags & FIB_RULE_INVERT) != 0;
    r->is_question = a.by_type[FRA_DPORT_RANGE] != NULL;
    r->table = netlink_get_u32(a.by_type[FRA_TABLE], body->table);
    r->suppresses = suppressed != UINT32_MAX;
    r->suppressed_len = (uint8_t)(r->suppresses ? suppressed : 0);
    return MNL_CB_OK;
}

static int dump_rules(uint8_t family, mnl_cb_t each, void *arg)
{
    char buf[NETLINK_REQUEST_BYTES];
    void *body;
    struct nlmsghdr *h =
        netlink_begin(buf, RTM_GETRULE, NLM_F_DUMP, sizeof(struct fib_rule_hdr), &body);
    *(uint8_t *)body = netlink_family(family);
    return netlink_ask(h, each, arg);
}

/* protocol 0: of any; kernels before 4.20 do not look at it. */
static int dump_routes(uint8_t family, uint8_t protocol, mnl_cb_t each, void *arg)
{
    char buf[NETLINK_REQUEST_BYTES];
    void *extra;
    struct nlmsghdr *h = netlink_begin(buf, RTM_GETROUTE, NLM_F_DUMP, sizeof(struct rtmsg), &extra);
    struct rtmsg *body = extra;
    body->rtm_family = netlink_family(family);
    body->rtm_protocol = protocol;
    return netlink_ask(h, each, arg);
}

/* A machine may do without one of the families. */
static int both(int four, int six)
{
    bool is_absent = six == -EAFNOSUPPORT || six == -EOPNOTSUPP;
    return four < 0 || is_absent ? four : six;
}

int netif_routes_list(struct netif_route **list, size_t *count)
{
    struct listing l = { 0 };
    int four = dump_routes(4, NETIF_PROTOCOL, take_route, &l);
    int err = both(four, dump_routes(6, NETIF_PROTOCOL, take_route, &l));
    *list = l.list;
    *count = l.count;
    return err;
}

int netif_rules_list(uint32_t first, uint32_t last, struct netif_rule **list, size_t *count)
{
    struct listing l = { .first = first, .last = last };
    int four = dump_rules(4, take_rule, &l);
    int err = both(four, dump_rules(6, take_rule, &l));
    *list = l.list;
    *count = l.count;
    return err;
}

static int take_near_route(const struct nlmsghdr *h, void *arg)
{
    struct listing *l = arg;
    const struct rtmsg *body = mnl_nlmsg_get_payload(h);
    uint8_t family = netlink_family_back(body->rtm_family);
    struct netlink_attributes a;
    if (h->nlmsg_type != RTM_NEWROUTE || family == 0 || (body->rtm_flags & RTM_F_CLONED) != 0 ||
        body->rtm_dst_len <= (family == 4 ? WIDE_IPV4_LEN : WIDE_IPV6_LEN))
        return MNL_CB_OK;
    netlink_parse(h, sizeof *body, &a);
    uint32_t table = netlink_get_u32(a.by_type[RTA_TABLE], body->rtm_table);
    if (table != RT_TABLE_MAIN && table != RT_TABLE_LOCAL)
        return MNL_CB_OK;
    struct netif_route *r = add_route(l, body->rtm_dst_len, family, &a);
    if (r == NULL)
        return MNL_CB_ERROR;
    r->index = netlink_get_u32(a.by_type[RTA_OIF], 0);
    r->table = table;
    return MNL_CB_OK;
}

int netif_near_routes_list(struct netif_route **list, size_t *count)
{
    struct listing l = { 0 };
    int four = dump_routes(4, 0, take_near_route, &l);
    int err = both(four, dump_routes(6, 0, take_near_route, &l));
    *list = l.list;
    *count = l.count;
    return err;
}

static int look_for_foreign(const struct nlmsghdr *h, void *arg)
{
    struct listing *l = arg;
    const struct rtmsg *body = mnl_nlmsg_get_payload(h);
    struct netlink_attributes a;
    netlink_parse(h, sizeof *body, &a);
    uint32_t table = netlink_get_u32(a.by_type[RTA_TABLE], body->rtm_table);
    if (table >= l->first && table <= l->last && body->rtm_protocol != NETIF_PROTOCOL)
        l->count++;
    return MNL_CB_OK;
}

bool netif_tables_taken(uint32_t first, uint32_t last)
{
    struct listing l = { .first = first, .last = last };
    dump_routes(4, 0, look_for_foreign, &l);
    dump_routes(6, 0, look_for_foreign, &l);
    return l.count > 0;
}
