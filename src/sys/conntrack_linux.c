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
    struct mnl_socket *remover; /* owned; beside the listing's, which is being read */
    size_t count;
    int err; /* the first of a removal */
};

static struct nlmsghdr *begin(void *buf, uint16_t message, uint16_t flags, uint8_t family)
{
    struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
    h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | message);
    h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    h->nlmsg_seq = 1;
    struct nfgenmsg *body = mnl_nlmsg_put_extra_header(h, sizeof *body);
    body->nfgen_family = netlink_family(family);
    body->version = NFNETLINK_V0;
    return h;
}

static struct mnl_socket *open_socket(void)
{
    struct mnl_socket *s = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    if (s == NULL || mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) == 0)
        return s;
    int saved = errno;
    mnl_socket_close(s);
    errno = saved;
    return NULL;
}

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
static int forget(struct forgetting *f, uint8_t family, const struct netlink_attributes *a)
{
    char buf[NETLINK_REQUEST_BYTES];
    char answer[NETLINK_REQUEST_BYTES];
    struct nlmsghdr *h = begin(buf, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, family);
    copy(h, a, CTA_TUPLE_ORIG);
    copy(h, a, CTA_ZONE);
    copy(h, a, CTA_ID);
    if (mnl_socket_sendto(f->remover, h, h->nlmsg_len) < 0)
        return -errno;
    ssize_t n = mnl_socket_recvfrom(f->remover, answer, sizeof answer);
    if (n < 0)
        return -errno;
    if (mnl_cb_run(answer, (size_t)n, h->nlmsg_seq, mnl_socket_get_portid(f->remover), NULL,
                   NULL) == MNL_CB_ERROR)
        return errno == ENOENT ? 0 : -errno;
    f->count++;
    return 0;
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
    int err = forget(f, family, &a);
    if (f->err == 0)
        f->err = err;
    return MNL_CB_OK;
}

static int list(struct mnl_socket *s, uint8_t family, struct forgetting *f)
{
    char buf[NETLINK_BYTES];
    struct nlmsghdr *h = begin(buf, IPCTNL_MSG_CT_GET, NLM_F_DUMP, family);
    uint32_t seq = h->nlmsg_seq;
    int more = MNL_CB_OK;
    if (mnl_socket_sendto(s, h, h->nlmsg_len) < 0)
        return -errno;
    while (more == MNL_CB_OK) {
        ssize_t n = mnl_socket_recvfrom(s, buf, sizeof buf);
        if (n < 0)
            return -errno;
        more = mnl_cb_run(buf, (size_t)n, seq, mnl_socket_get_portid(s), take_flow, f);
    }
    return more == MNL_CB_ERROR ? -errno : 0;
}

int conntrack_forget(bool (*is_to_be)(void *arg, const struct conntrack_flow *flow), void *arg,
                     size_t *count)
{
    struct forgetting f = { .is_to_be = is_to_be, .arg = arg };
    struct mnl_socket *s = open_socket();
    f.remover = s != NULL ? open_socket() : NULL;
    int err = f.remover == NULL ? -errno : 0;
    for (uint8_t family = 4; err == 0 && family <= 6; family += 2)
        err = list(s, family, &f);
    if (f.remover != NULL)
        mnl_socket_close(f.remover);
    if (s != NULL)
        mnl_socket_close(s);
    *count = f.count;
    return err < 0 ? err : f.err;
}
