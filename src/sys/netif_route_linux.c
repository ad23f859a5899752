/* SPDX-License-Identifier: ISC */
#include "sys/netif_route.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "sys/netif_internal.h"

static int change_route(uint16_t type, uint16_t flags, const struct netif_route *r)
{
    static const uint8_t any[16];
    char buf[NETLINK_REQUEST_BYTES];
    void *extra;
    struct nlmsghdr *h = netlink_begin(buf, type, flags, sizeof(struct rtmsg), &extra);
    struct rtmsg *body = extra;
    body->rtm_family = netlink_family(r->to.family);
    body->rtm_dst_len = r->to.len;
    body->rtm_table = RT_TABLE_UNSPEC; /* RTA_TABLE has it */
    body->rtm_protocol = NETIF_PROTOCOL;
    body->rtm_type = RTN_UNICAST;
    body->rtm_scope =
        r->gateway.family != 0 || r->to.family == 6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
    mnl_attr_put_u32(h, RTA_TABLE, r->table);
    mnl_attr_put_u32(h, RTA_OIF, r->index);
    if (memcmp(r->to.addr, any, sizeof any) != 0 || r->to.len != 0)
        netlink_put_address(h, RTA_DST, r->to.family, r->to.addr);
    if (r->gateway.family != 0) {
        netlink_put_address(h, RTA_GATEWAY, r->gateway.family, r->gateway.addr);
        /* The provider's router may lie outside the address's own prefix. */
        body->rtm_flags = RTNH_F_ONLINK;
    }
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

/* A dump of routes or rules, whose messages have no body but family, lengths and attributes. */
static int dump(uint16_t type, size_t body_bytes, uint8_t family, mnl_cb_t each, void *arg)
{
    char buf[NETLINK_REQUEST_BYTES];
    void *body;
    struct nlmsghdr *h = netlink_begin(buf, type, NLM_F_DUMP, body_bytes, &body);
    *(uint8_t *)body = netlink_family(family);
    return netlink_ask(h, each, arg);
}

/* Messages of a dump that are to be sent back as removals; more than these take another dump. */
struct purge {
    uint32_t first, last;
    char (*found)[512]; /* owned */
    size_t count;
    size_t max;
    bool more;
};

/* Keeps a message, to be sent back as a request of another type. */
static void keep(struct purge *p, const struct nlmsghdr *h)
{
    if (p->count == p->max || h->nlmsg_len > sizeof p->found[0]) {
        p->more = p->count == p->max;
        return;
    }
    memcpy(p->found[p->count++], h, h->nlmsg_len);
}

static int find_route(const struct nlmsghdr *h, void *arg)
{
    struct purge *p = arg;
    const struct rtmsg *body = mnl_nlmsg_get_payload(h);
    struct netlink_attributes a;
    netlink_parse(h, sizeof *body, &a);
    uint32_t table = netlink_get_u32(a.by_type[RTA_TABLE], body->rtm_table);
    if (h->nlmsg_type == RTM_NEWROUTE && body->rtm_protocol == NETIF_PROTOCOL &&
        table >= p->first && table <= p->last)
        keep(p, h);
    return MNL_CB_OK;
}

static int find_rule(const struct nlmsghdr *h, void *arg)
{
    struct purge *p = arg;
    const struct fib_rule_hdr *body = mnl_nlmsg_get_payload(h);
    struct netlink_attributes a;
    netlink_parse(h, sizeof *body, &a);
    const struct nlattr *protocol = a.by_type[FRA_PROTOCOL];
    uint32_t priority = netlink_get_u32(a.by_type[FRA_PRIORITY], 0);
    bool ours = protocol != NULL && mnl_attr_get_payload_len(protocol) >= 1 &&
                mnl_attr_get_u8(protocol) == NETIF_PROTOCOL;
    if (h->nlmsg_type == RTM_NEWRULE && ours && priority >= p->first && priority <= p->last)
        keep(p, h);
    return MNL_CB_OK;
}

static int remove_found(const struct purge *p, uint16_t type)
{
    int first_err = 0;
    for (size_t i = 0; i < p->count; i++) {
        struct nlmsghdr *h = (struct nlmsghdr *)(void *)p->found[i];
        h->nlmsg_type = type;
        h->nlmsg_flags = NLM_F_REQUEST;
        h->nlmsg_seq = 1;
        h->nlmsg_pid = 0;
        int err = netlink_ask(h, NULL, NULL);
        if (err < 0 && err != -ESRCH && err != -ENOENT && first_err == 0)
            first_err = err;
    }
    return first_err;
}

static int purge(uint8_t family, bool rules, uint32_t first, uint32_t last)
{
    enum { AT_ONCE = 256 };
    struct purge p = { .first = first, .last = last, .max = AT_ONCE };
    int err;
    p.found = calloc(p.max, sizeof p.found[0]);
    if (p.found == NULL)
        return -ENOMEM;
    do {
        p.count = 0;
        p.more = false;
        err = rules ? dump(RTM_GETRULE, sizeof(struct fib_rule_hdr), family, find_rule, &p)
                    : dump(RTM_GETROUTE, sizeof(struct rtmsg), family, find_route, &p);
        if (err == 0)
            err = remove_found(&p, rules ? RTM_DELRULE : RTM_DELROUTE);
    } while (err == 0 && p.more);
    free(p.found);
    return err == -EAFNOSUPPORT || err == -EOPNOTSUPP ? 0 : err;
}

int netif_routes_purge(uint32_t first, uint32_t last)
{
    int err = purge(4, false, first, last);
    int err6 = purge(6, false, first, last);
    return err < 0 ? err : err6;
}

int netif_rules_purge(uint32_t first, uint32_t last)
{
    int err = purge(4, true, first, last);
    int err6 = purge(6, true, first, last);
    return err < 0 ? err : err6;
}

struct taken {
    uint32_t first, last, own_index;
    bool answer;
};

static int look_for_foreign(const struct nlmsghdr *h, void *arg)
{
    struct taken *t = arg;
    const struct rtmsg *body = mnl_nlmsg_get_payload(h);
    struct netlink_attributes a;
    netlink_parse(h, sizeof *body, &a);
    uint32_t table = netlink_get_u32(a.by_type[RTA_TABLE], body->rtm_table);
    if (table < t->first || table > t->last)
        return MNL_CB_OK;
    if (body->rtm_protocol != NETIF_PROTOCOL ||
        (table == t->first && netlink_get_u32(a.by_type[RTA_OIF], 0) != t->own_index))
        t->answer = true;
    return MNL_CB_OK;
}

bool netif_tables_taken(uint32_t first, uint32_t last, const char *own_interface)
{
    struct taken t = { .first = first, .last = last, .own_index = if_nametoindex(own_interface) };
    dump(RTM_GETROUTE, sizeof(struct rtmsg), 4, look_for_foreign, &t);
    dump(RTM_GETROUTE, sizeof(struct rtmsg), 6, look_for_foreign, &t);
    return t.answer;
}

int netif_rule_add(const struct netif_rule *rule)
{
    char buf[NETLINK_REQUEST_BYTES];
    void *extra;
    struct nlmsghdr *h = netlink_begin(buf, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL,
                                       sizeof(struct fib_rule_hdr), &extra);
    struct fib_rule_hdr *body = extra;
    body->family = netlink_family(rule->family);
    body->action = FR_ACT_TO_TBL;
    body->table = RT_TABLE_UNSPEC;
    body->flags = rule->not_mark ? FIB_RULE_INVERT : 0;
    mnl_attr_put_u32(h, FRA_PRIORITY, rule->priority);
    mnl_attr_put_u32(h, FRA_TABLE, rule->table);
    mnl_attr_put_u8(h, FRA_PROTOCOL, NETIF_PROTOCOL);
    if (rule->mark != 0) {
        mnl_attr_put_u32(h, FRA_FWMARK, rule->mark);
        mnl_attr_put_u32(h, FRA_FWMASK, UINT32_MAX);
    }
    if (rule->interface != NULL)
        mnl_attr_put_strz(h, FRA_OIFNAME, rule->interface);
    if (rule->uid != 0) {
        struct fib_rule_uid_range range = { .start = rule->uid, .end = rule->uid };
        mnl_attr_put(h, FRA_UID_RANGE, sizeof range, &range);
    }
    if (rule->no_default)
        mnl_attr_put_u32(h, FRA_SUPPRESS_PREFIXLEN, 0);
    int err = netlink_ask(h, NULL, NULL);
    return err == -EEXIST ? 0 : err;
}
