/* SPDX-License-Identifier: ISC */
#include "sys/udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

enum {
    RECEIVE_BUFFER_BYTES = 8 << 20,
    SEND_BUFFER_BYTES = 4 << 20,
    SEND_ONE_BY_ONE = 64, /* messages of one sendmmsg() */
    CONTROL_BYTES = 128,  /* ancillary data of one message: packet info and segment size */
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* An IPv6 socket speaks of IPv4 addresses as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). */
static void map_ipv4(struct in6_addr *out, const uint8_t addr[4])
{
    memset(out, 0, sizeof *out);
    out->s6_addr[10] = 0xff;
    out->s6_addr[11] = 0xff;
    memcpy(out->s6_addr + 12, addr, 4);
}

/* 0: the socket cannot speak this family. */
static socklen_t put_address(union address *out, const struct netaddr *a, bool ipv6)
{
    memset(out, 0, sizeof *out);
    if (!ipv6) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(a->port);
        memcpy(&out->v4.sin_addr, a->addr, 4);
        return a->family == 6 ? 0 : sizeof out->v4;
    }
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons(a->port);
    out->v6.sin6_scope_id = a->scope;
    if (a->family == 4)
        map_ipv4(&out->v6.sin6_addr, a->addr);
    else
        memcpy(&out->v6.sin6_addr, a->addr, 16);
    return sizeof out->v6;
}

static void get_ipv6(struct netaddr *out, const struct in6_addr *a, uint32_t scope)
{
    if (IN6_IS_ADDR_V4MAPPED(a)) {
        out->family = 4;
        memcpy(out->addr, a->s6_addr + 12, 4);
        return;
    }
    out->family = 6;
    out->scope = IN6_IS_ADDR_LINKLOCAL(a) ? scope : 0;
    memcpy(out->addr, a->s6_addr, 16);
}

static void get_address(struct netaddr *out, const union address *from)
{
    memset(out, 0, sizeof *out);
    if (from->any.sa_family == AF_INET6) {
        out->port = ntohs(from->v6.sin6_port);
        get_ipv6(out, &from->v6.sin6_addr, from->v6.sin6_scope_id);
    } else if (from->any.sa_family == AF_INET) {
        out->family = 4;
        out->port = ntohs(from->v4.sin_port);
        memcpy(out->addr, &from->v4.sin_addr, 4);
    }
}

static int set_int(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) < 0 ? -errno : 0;
}

/* Beyond the system's limit where we may; less than asked for is no failure. */
static void set_buffers(int fd)
{
    if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES) < 0)
        set_int(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
    if (set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER_BYTES) < 0)
        set_int(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
}

/*
 * Datagrams never are fragmented, and the kernel's own idea of the path's MTU, which anyone's ICMP
 * could lower, does not count: the session searches for it.
 */
static int set_no_fragments(int fd, bool ipv6)
{
    int err = set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    if (ipv6 && err == 0)
        err = set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    if (ipv6 && err == 0)
        err = set_int(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
    return err;
}

static int set_options(int fd, bool ipv6, const struct udp_options *o)
{
    /* A socket that was asked for one family leaves the other's port to others. */
    int err = ipv6 ? set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, o->local.family == 6) : 0;
    if (err == 0 && o->interface != NULL &&
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, o->interface, (socklen_t)strlen(o->interface)) <
            0)
        err = -errno;
    if (err == 0 && o->mark != 0 &&
        setsockopt(fd, SOL_SOCKET, SO_MARK, &o->mark, sizeof o->mark) < 0)
        err = -errno;
    if (err == 0)
        err = set_no_fragments(fd, ipv6);
    if (err == 0 && o->listening)
        err = ipv6 ? set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
                   : set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
    if (err == 0)
        set_buffers(fd);
    return err;
}

/* shared: with sockets that are marked to share. */
static int open_family(struct udp *u, bool ipv6, const struct udp_options *o, bool shared)
{
    union address local;
    socklen_t len = put_address(&local, &o->local, ipv6);
    int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int err = set_options(fd, ipv6, o);
    if (err == 0 && shared)
        err = set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (err == 0 && bind(fd, &local.any, len) < 0)
        err = -errno;
    if (err < 0) {
        close(fd);
        return err;
    }
    bool gro = !o->no_gro && set_int(fd, SOL_UDP, UDP_GRO, 1) == 0;
    *u = (struct udp){ .fd = fd, .ipv6 = ipv6, .gro = gro };
    u->gso = !o->no_gso && set_int(fd, SOL_UDP, UDP_SEGMENT, 0) == 0;
    return 0;
}

int udp_open(struct udp *u, const struct udp_options *options)
{
    if (options->local.family == 4)
        return open_family(u, false, options, false);
    int err = open_family(u, true, options, false);
    /* A kernel without IPv6, or where it was switched off. */
    if (options->local.family == 0 && (err == -EAFNOSUPPORT || err == -EADDRNOTAVAIL))
        err = open_family(u, false, options, false);
    return err;
}

/* The kernel counts the sockets of a port in the order in which they came. */
static int set_apart(int fd, uint16_t len_bytes)
{
    enum { OTHERS, APART };
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), /* of the payload */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, len_bytes, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, APART),
        BPF_STMT(BPF_RET | BPF_K, OTHERS),
    };
    const struct sock_fprog program = { .len = sizeof code / sizeof code[0], .filter = code };
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) < 0
               ? -errno
               : 0;
}

int udp_open_apart(struct udp *apart, struct udp *u, const struct udp_options *options,
                   uint16_t len_bytes)
{
    int err = set_int(u->fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (err < 0)
        return err;
    err = open_family(apart, u->ipv6, options, true);
    if (err < 0)
        return err;
    err = set_apart(apart->fd, len_bytes);
    if (err < 0)
        udp_close(apart);
    return err;
}

void udp_close(struct udp *u)
{
    close(u->fd);
    u->fd = -1;
}

int udp_adopt(struct udp *u, int fd)
{
    int domain = 0;
    int value = 0;
    socklen_t len = sizeof domain;
    *u = (struct udp){ .fd = fd };
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
        return -errno;
    if (domain != AF_INET && domain != AF_INET6)
        return -EAFNOSUPPORT;
    u->ipv6 = domain == AF_INET6;
    len = sizeof value;
    u->gro = getsockopt(fd, SOL_UDP, UDP_GRO, &value, &len) == 0 && value != 0;
    len = sizeof value;
    u->gso = getsockopt(fd, SOL_UDP, UDP_SEGMENT, &value, &len) == 0;
    return 0;
}

/* Appends one item of ancillary data. */
static void put_control(struct msghdr *m, int level, int type, const void *data, size_t len_bytes)
{
    struct cmsghdr *c = (struct cmsghdr *)(void *)((uint8_t *)m->msg_control + m->msg_controllen);
    memset(c, 0, CMSG_SPACE(len_bytes));
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(len_bytes);
    memcpy(CMSG_DATA(c), data, len_bytes);
    m->msg_controllen += CMSG_SPACE(len_bytes);
}

static void put_source(struct msghdr *m, const struct udp *u, const struct netaddr *from)
{
    if (from == NULL || from->family == 0)
        return;
    if (!u->ipv6) {
        struct in_pktinfo info = { 0 };
        memcpy(&info.ipi_spec_dst, from->addr, 4);
        put_control(m, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
        return;
    }
    struct in6_pktinfo info = { .ipi6_ifindex = from->scope };
    if (from->family == 4)
        map_ipv4(&info.ipi6_addr, from->addr);
    else
        memcpy(&info.ipi6_addr, from->addr, 16);
    put_control(m, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
}

/* One call for the whole group. */
static int send_group(const struct udp *u, struct msghdr m, const uint8_t *data, size_t len_bytes,
                      size_t segment_bytes)
{
    struct iovec piece = { .iov_base = (void *)(uintptr_t)data, .iov_len = len_bytes };
    m.msg_iov = &piece;
    m.msg_iovlen = 1;
    if (segment_bytes < len_bytes) {
        uint16_t size = (uint16_t)segment_bytes;
        put_control(&m, SOL_UDP, UDP_SEGMENT, &size, sizeof size);
    }
    ssize_t n;
    do
        n = sendmsg(u->fd, &m, 0);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

static int send_singly(const struct udp *u, const struct msghdr *m, const uint8_t *data,
                       size_t len_bytes, size_t segment_bytes)
{
    struct mmsghdr messages[SEND_ONE_BY_ONE];
    struct iovec pieces[SEND_ONE_BY_ONE];
    for (size_t at = 0; at < len_bytes;) {
        unsigned count = 0;
        for (size_t next = at; next < len_bytes && count < SEND_ONE_BY_ONE; count++) {
            size_t n = len_bytes - next < segment_bytes ? len_bytes - next : segment_bytes;
            pieces[count] = (struct iovec){ (void *)(uintptr_t)(data + next), n };
            messages[count].msg_hdr = *m;
            messages[count].msg_hdr.msg_iov = &pieces[count];
            messages[count].msg_hdr.msg_iovlen = 1;
            next += n;
        }
        int sent = sendmmsg(u->fd, messages, count, 0);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return -errno;
        /* After a partial success the next call says why the rest was refused. */
        for (int i = 0; i < sent; i++)
            at += pieces[i].iov_len;
    }
    return 0;
}

static int send_once(struct udp *u, const struct netaddr *to, const struct netaddr *from,
                     const uint8_t *data, size_t len_bytes, size_t segment_bytes)
{
    union address address;
    _Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES];
    struct msghdr m = { .msg_name = &address, .msg_control = control };
    if (segment_bytes == 0 || len_bytes == 0)
        return -EINVAL;
    m.msg_namelen = put_address(&address, to, u->ipv6);
    if (m.msg_namelen == 0)
        return -EAFNOSUPPORT;
    put_source(&m, u, from);
    if (len_bytes <= segment_bytes)
        return send_group(u, m, data, len_bytes, len_bytes);
    if (!u->gso)
        return send_singly(u, &m, data, len_bytes, segment_bytes);
    int err = send_group(u, m, data, len_bytes, segment_bytes);
    /*
     * EIO: the device cannot do checksums. EINVAL: a kernel without segmentation, but also one that
     * finds the segments too long for the device, which sending singly tells apart.
     */
    if (err == -EIO || err == -EINVAL) {
        err = send_singly(u, &m, data, len_bytes, segment_bytes);
        u->gso = err != 0;
    }
    return err;
}

int udp_send(struct udp *u, const struct netaddr *to, const struct netaddr *from,
             const uint8_t *data, size_t len_bytes, size_t segment_bytes)
{
    int err = send_once(u, to, from, data, len_bytes, segment_bytes);
    /* News of an earlier datagram stops the next one; it is told only once. */
    if (err < 0 && u->errors && err != -EAGAIN && err != -EMSGSIZE)
        err = send_once(u, to, from, data, len_bytes, segment_bytes);
    return err;
}

uint32_t udp_unsent_bytes(const struct udp *u)
{
    uint32_t info[SK_MEMINFO_VARS] = { 0 };
    socklen_t len = sizeof info;
    if (getsockopt(u->fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0)
        return 0;
    return info[SK_MEMINFO_WMEM_ALLOC];
}

int udp_watch_errors(struct udp *u, bool on)
{
    int err = set_int(u->fd, IPPROTO_IP, IP_RECVERR, on);
    if (err == 0 && u->ipv6)
        err = set_int(u->fd, IPPROTO_IPV6, IPV6_RECVERR, on);
    u->errors = on && err == 0;
    return err;
}

/* What an item of the error queue is: 0 for what is no news from the network. */
static int icmp_error(struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        struct sock_extended_err e;
        bool is_error = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
                        (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
        if (!is_error || c->cmsg_len < CMSG_LEN(sizeof e))
            continue;
        memcpy(&e, CMSG_DATA(c), sizeof e);
        bool is_icmp = e.ee_origin == SO_EE_ORIGIN_ICMP || e.ee_origin == SO_EE_ORIGIN_ICMP6;
        /* The kernel's idea of the path's MTU does not count: see set_no_fragments(). */
        return is_icmp && e.ee_errno != EMSGSIZE ? (int)e.ee_errno : 0;
    }
    return 0;
}

bool udp_read_error(struct udp *u, struct udp_error *out)
{
    enum { ERROR_CONTROL_BYTES = 256 };
    _Alignas(struct cmsghdr) uint8_t control[ERROR_CONTROL_BYTES];
    uint8_t datagram[1]; /* what was sent does not matter */
    struct iovec piece = { .iov_base = datagram, .iov_len = sizeof datagram };
    for (;;) {
        union address to = { 0 };
        struct msghdr m = { .msg_name = &to,
                            .msg_namelen = sizeof to,
                            .msg_iov = &piece,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof control };
        ssize_t n = recvmsg(u->fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        get_address(&out->to, &to);
        out->error = icmp_error(&m);
        if (out->error != 0 && out->to.family != 0)
            return true;
    }
}

struct udp_reader {
    struct mmsghdr messages[UDP_BATCH];
    struct iovec pieces[UDP_BATCH];
    union address from[UDP_BATCH];
    _Alignas(struct cmsghdr) uint8_t control[UDP_BATCH][CONTROL_BYTES];
    struct udp_datagram datagrams[UDP_DATAGRAMS_MAX];
    uint8_t data[UDP_BATCH][UDP_READ_BYTES]; /* touched as far as datagrams are long */
};

struct udp_reader *udp_reader_new(void)
{
    return calloc(1, sizeof(struct udp_reader));
}

void udp_reader_free(struct udp_reader *r)
{
    free(r);
}

/* What the kernel says beside the data: our address, and how it was coalesced. */
static size_t read_control(struct msghdr *m, struct netaddr *to)
{
    size_t segment_bytes = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
            int size;
            memcpy(&size, CMSG_DATA(c), sizeof size);
            segment_bytes = size > 0 ? (size_t)size : 0;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            to->family = 4;
            memcpy(to->addr, &info.ipi_addr, 4);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            get_ipv6(to, &info.ipi6_addr, info.ipi6_ifindex);
        }
    }
    return segment_bytes;
}

/* Cuts message i into its datagrams, behind the count there are. */
static size_t split_message(struct udp_reader *r, unsigned i, size_t count)
{
    struct msghdr *m = &r->messages[i].msg_hdr;
    size_t len = r->messages[i].msg_len;
    struct netaddr from;
    struct netaddr to = { 0 };
    get_address(&from, &r->from[i]);
    size_t segment_bytes = read_control(m, &to);
    if ((m->msg_flags & MSG_TRUNC) != 0)
        return count;
    if (segment_bytes == 0)
        segment_bytes = len;
    size_t at = 0;
    do {
        size_t n = len - at < segment_bytes ? len - at : segment_bytes;
        r->datagrams[count++] = (struct udp_datagram){
            .data = r->data[i] + at, .len_bytes = n, .from = from, .to = to
        };
        at += n;
    } while (at < len && count < UDP_DATAGRAMS_MAX);
    return count;
}

int udp_read(struct udp *u, struct udp_reader *r, const struct udp_datagram **out)
{
    const unsigned batch = u->gro ? UDP_BATCH_COALESCED : UDP_BATCH;
    for (unsigned i = 0; i < batch; i++) {
        r->pieces[i] = (struct iovec){ .iov_base = r->data[i], .iov_len = UDP_READ_BYTES };
        r->messages[i].msg_hdr = (struct msghdr){ .msg_name = &r->from[i],
                                                  .msg_namelen = sizeof r->from[i],
                                                  .msg_iov = &r->pieces[i],
                                                  .msg_iovlen = 1,
                                                  .msg_control = r->control[i],
                                                  .msg_controllen = CONTROL_BYTES };
    }
    int n;
    do
        n = recvmmsg(u->fd, r->messages, batch, MSG_DONTWAIT, NULL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? 0 : -errno;
    size_t count = 0;
    for (int i = 0; i < n && count < UDP_DATAGRAMS_MAX; i++)
        count = split_message(r, (unsigned)i, count);
    *out = r->datagrams;
    return (int)count;
}
