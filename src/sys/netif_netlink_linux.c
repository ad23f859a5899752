/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/netif_internal.h"

struct nlmsghdr *netlink_begin(void *buf, uint16_t type, uint16_t flags, size_t extra_bytes,
                               void **extra)
{
    struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
    h->nlmsg_type = type;
    h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    h->nlmsg_seq = 1; /* one request a socket */
    *extra = mnl_nlmsg_put_extra_header(h, extra_bytes);
    return h;
}

static int receive(struct mnl_socket *s, uint32_t seq, mnl_cb_t each, void *arg)
{
    char buf[NETLINK_BYTES];
    for (;;) {
        ssize_t n = mnl_socket_recvfrom(s, buf, sizeof buf);
        if (n < 0)
            return -errno;
        int rc = mnl_cb_run(buf, (size_t)n, seq, mnl_socket_get_portid(s), each, arg);
        if (rc == MNL_CB_ERROR)
            return errno != 0 ? -errno : -EPROTO;
        if (rc == MNL_CB_STOP)
            return 0;
    }
}

static int ask(int bus, struct nlmsghdr *request, mnl_cb_t each, void *arg)
{
    struct mnl_socket *s = mnl_socket_open2(bus, SOCK_CLOEXEC);
    if (s == NULL)
        return -errno;
    if ((request->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
        request->nlmsg_flags |= NLM_F_ACK;
    /* Then a dump is narrowed to what its request names, on kernels that can. */
    int on = 1;
    mnl_socket_setsockopt(s, NETLINK_GET_STRICT_CHK, &on, sizeof on);
    int err = 0;
    if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ||
        mnl_socket_sendto(s, request, request->nlmsg_len) < 0)
        err = -errno;
    else
        err = receive(s, request->nlmsg_seq, each, arg);
    mnl_socket_close(s);
    return err;
}

int netlink_ask(struct nlmsghdr *request, mnl_cb_t each, void *arg)
{
    return ask(NETLINK_ROUTE, request, each, arg);
}

struct nlmsghdr *netfilter_begin(void *buf, uint8_t subsystem, uint8_t message, uint16_t flags,
                                 uint8_t family)
{
    void *extra;
    struct nlmsghdr *h = netlink_begin(buf, (uint16_t)(subsystem << 8 | message), flags,
                                       sizeof(struct nfgenmsg), &extra);
    struct nfgenmsg *body = extra;
    body->nfgen_family = family;
    body->version = NFNETLINK_V0;
    return h;
}

int netfilter_ask(struct nlmsghdr *request, mnl_cb_t each, void *arg)
{
    return ask(NETLINK_NETFILTER, request, each, arg);
}

static int keep_attribute(const struct nlattr *attr, void *arg)
{
    struct netlink_attributes *a = arg;
    uint16_t type = mnl_attr_get_type(attr);
    if (type < sizeof a->by_type / sizeof a->by_type[0])
        a->by_type[type] = attr;
    return MNL_CB_OK;
}

void netlink_parse(const struct nlmsghdr *h, size_t body_bytes, struct netlink_attributes *out)
{
    *out = (struct netlink_attributes){ 0 };
    mnl_attr_parse(h, (unsigned)body_bytes, keep_attribute, out);
}

void netlink_parse_list(const void *list, size_t bytes, struct netlink_attributes *out)
{
    *out = (struct netlink_attributes){ 0 };
    mnl_attr_parse_payload(list, bytes, keep_attribute, out);
}

uint32_t netlink_get_u32(const struct nlattr *attr, uint32_t otherwise)
{
    if (attr == NULL || mnl_attr_get_payload_len(attr) < sizeof(uint32_t))
        return otherwise;
    return mnl_attr_get_u32(attr);
}

uint8_t netlink_family(uint8_t family)
{
    return family == 6 ? AF_INET6 : AF_INET;
}

uint8_t netlink_family_back(uint8_t af)
{
    return af == AF_INET ? 4 : af == AF_INET6 ? 6 : 0;
}

size_t netlink_address_bytes(uint8_t family)
{
    return family == 6 ? 16 : 4;
}

void netlink_put_address(struct nlmsghdr *h, uint16_t type, uint8_t family, const uint8_t *addr)
{
    mnl_attr_put(h, type, netlink_address_bytes(family), addr);
}

struct netaddr netlink_get_address(const struct nlattr *attr, uint8_t family)
{
    struct netaddr a = { 0 };
    size_t bytes = netlink_address_bytes(family);
    if (attr == NULL || mnl_attr_get_payload_len(attr) != bytes)
        return a;
    a.family = family;
    memcpy(a.addr, mnl_attr_get_payload(attr), bytes);
    return a;
}

struct netaddr netlink_get_gateway(const struct nlattr *gateway, const struct nlattr *via,
                                   uint8_t family)
{
    struct netaddr a = netlink_get_address(gateway, family);
    const struct rtvia *v = via != NULL ? mnl_attr_get_payload(via) : NULL;
    if (a.family != 0 || v == NULL || mnl_attr_get_payload_len(via) != sizeof *v + 16 ||
        v->rtvia_family != AF_INET6)
        return a;
    a.family = 6;
    memcpy(a.addr, v->rtvia_addr, 16);
    return a;
}
