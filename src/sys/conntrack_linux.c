/* SPDX-License-Identifier: ISC */
#include "sys/conntrack.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/netif_internal.h"

struct forgetting {
    bool (*is_to_be)(void *arg, const struct conntrack_flow *flow);
    void *arg;
    size_t count;
    int err; /* the first of a removal */
};

static void parse_nested(const struct nlattr *nest, struct netlink_attributes *out)
{
    netlink_parse_list(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest), out);
}

/* Sender and receiver of a tuple. */
static bool take_tuple(const struct nlattr *tuple, uint8_t family, struct netaddr *from,
                       struct netaddr *to)
{
    struct netlink_attributes parts;
    struct netlink_attributes ip;
    if (tuple == NULL)
        return false;
    parse_nested(tuple, &parts);
    if (parts.by_type[CTA_TUPLE_IP] == NULL)
        return false;
    parse_nested(parts.by_type[CTA_TUPLE_IP], &ip);
    *from = netlink_get_address(ip.by_type[family == 4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC], family);
    *to = netlink_get_address(ip.by_type[family == 4 ? CTA_IP_V4_DST : CTA_IP_V6_DST], family);
    return from->family != 0 && to->family != 0;
}

static void copy(struct nlmsghdr *h, const struct netlink_attributes *a, unsigned type)
{
    const struct nlattr *attr = a->by_type[type];
    if (attr != NULL)
        mnl_attr_put(h, attr->nla_type, mnl_attr_get_payload_len(attr), mnl_attr_get_payload(attr));
}

/* Of that number: another flow may have taken its place meanwhile. */
static int forget(struct forgetting *f, uint8_t af, const struct netlink_attributes *a)
{
    char buf[NETLINK_REQUEST_BYTES];
    struct nlmsghdr *h = netfilter_begin(buf, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE, 0, af);
    copy(h, a, CTA_TUPLE_ORIG);
    copy(h, a, CTA_ZONE);
    copy(h, a, CTA_ID);
    int err = netfilter_ask(h, NULL, NULL);
    if (err == 0)
        f->count++;
    return err == -ENOENT ? 0 : err;
}

static int take_flow(const struct nlmsghdr *h, void *arg)
{
    struct forgetting *f = arg;
    const struct nfgenmsg *body = mnl_nlmsg_get_payload(h);
    struct netlink_attributes a;
    struct conntrack_flow flow;
    if (mnl_nlmsg_get_payload_len(h) < sizeof *body)
        return MNL_CB_OK;
    uint8_t family = netlink_family_back(body->nfgen_family);
    if (family == 0)
        return MNL_CB_OK;
    netlink_parse(h, sizeof *body, &a);
    if (!take_tuple(a.by_type[CTA_TUPLE_ORIG], family, &flow.from, &flow.to) ||
        !take_tuple(a.by_type[CTA_TUPLE_REPLY], family, &flow.reply_from, &flow.reply_to) ||
        !f->is_to_be(f->arg, &flow))
        return MNL_CB_OK;
    int err = forget(f, body->nfgen_family, &a);
    if (f->err == 0)
        f->err = err;
    return MNL_CB_OK;
}

int conntrack_forget(bool (*is_to_be)(void *arg, const struct conntrack_flow *flow), void *arg,
                     size_t *count)
{
    struct forgetting f = { .is_to_be = is_to_be, .arg = arg };
    int err = 0;
    for (uint8_t family = 4; err == 0 && family <= 6; family += 2) {
        char buf[NETLINK_REQUEST_BYTES];
        struct nlmsghdr *h = netfilter_begin(buf, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET,
                                             NLM_F_DUMP, netlink_family(family));
        err = netfilter_ask(h, take_flow, &f);
    }
    *count = f.count;
    return err < 0 ? err : f.err;
}
