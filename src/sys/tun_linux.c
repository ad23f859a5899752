/* SPDX-License-Identifier: ISC */
#include "sys/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/ip.h"

/* Newer than the kernel headers of Debian 12. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

enum {
    SEGMENTS_MAX = 4096, /* of one super-packet: nobody's honest traffic has more */
};

const char *tun_offload_name(enum tun_offload offload)
{
    switch (offload) {
    case TUN_OFFLOAD_NONE:
        return "none";
    case TUN_OFFLOAD_CSUM:
        return "checksum";
    case TUN_OFFLOAD_TSO:
        return "tso";
    case TUN_OFFLOAD_USO:
        return "tso+uso";
    }
    return "?";
}

static unsigned offload_bits(enum tun_offload offload)
{
    switch (offload) {
    case TUN_OFFLOAD_NONE:
        return 0;
    case TUN_OFFLOAD_CSUM:
        return TUN_F_CSUM;
    case TUN_OFFLOAD_TSO:
        return TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    case TUN_OFFLOAD_USO:
        return TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_USO4 | TUN_F_USO6;
    }
    return 0;
}

int tun_open(const char *name, enum tun_offload most, enum tun_offload *in_use)
{
    struct ifreq request = { .ifr_flags =
                                 (short)(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL) };
    if (strlen(name) > TUN_NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(request.ifr_name, name, strlen(name) + 1);
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (ioctl(fd, TUNSETIFF, &request) < 0)
        goto fail;
    enum tun_offload offload = most;
    while (ioctl(fd, TUNSETOFFLOAD, (unsigned long)offload_bits(offload)) < 0) {
        if (errno != EINVAL || offload == TUN_OFFLOAD_NONE)
            goto fail;
        offload = (enum tun_offload)(offload - 1);
    }
    *in_use = offload;
    return fd;

fail:;
    int error = errno;
    close(fd);
    return -error;
}

bool tun_is_held(const char *name)
{
    struct ifreq request = { .ifr_flags = (short)(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR) };
    if (strlen(name) > TUN_NAME_MAX || if_nametoindex(name) == 0)
        return false; /* or it would be made */
    memcpy(request.ifr_name, name, strlen(name) + 1);
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool held = ioctl(fd, TUNSETIFF, &request) < 0 && errno == EBUSY;
    close(fd);
    return held;
}

void tun_init(struct tun *t, int fd, enum tun_offload offload, struct pkt_pool *pool)
{
    *t = (struct tun){ .fd = fd, .offload = offload, .pool = pool };
}

void tun_clear(struct tun *t)
{
    pkt_put(t->read_ahead);
    t->read_ahead = NULL;
}

/* RFC 1071 over [start, len), stored at start + offset. */
static void finish_checksum(uint8_t *data, size_t len, size_t start, size_t offset)
{
    uint16_t folded = (uint16_t)~checksum_fold(checksum_add(data + start, len - start, 0));
    if (folded == 0)
        folded = 0xffff; /* both are zero in ones' complement, and UDP's 0 means none (RFC 768) */
    be16_put(data + start + offset, folded);
}

static bool describe_super(struct pkt *p, const struct tun_vnet *v)
{
    bool ipv4 = p->ip.family == 4;
    size_t header = p->ip.payload_offset;

    switch (v->gso_type) {
    case VIRTIO_NET_HDR_GSO_TCPV4:
    case VIRTIO_NET_HDR_GSO_TCPV6:
        if (p->ip.protocol != IP_PROTO_TCP || ipv4 != (v->gso_type == VIRTIO_NET_HDR_GSO_TCPV4))
            return false;
        p->gso = ipv4 ? PKT_GSO_TCP4 : PKT_GSO_TCP6;
        break;
    case VIRTIO_NET_HDR_GSO_UDP_L4:
        if (p->ip.protocol != IP_PROTO_UDP)
            return false;
        p->gso = ipv4 ? PKT_GSO_UDP4 : PKT_GSO_UDP6;
        break;
    default:
        return false;
    }
    if (!v->needs_csum || v->gso_size == 0 || header > TUN_HEADER_MAX || p->len_bytes <= header)
        return false;
    size_t segments = (p->len_bytes - header + v->gso_size - 1) / v->gso_size;
    if (segments > SEGMENTS_MAX)
        return false;
    p->gso_size = v->gso_size;
    p->header_bytes = (uint16_t)header;
    p->seg_count = (uint16_t)segments;
    if (segments == 1)
        p->gso = PKT_GSO_NONE;
    return true;
}

/* Its transport checksum is the one that is partial. */
static bool is_usual(const struct pkt *p, const struct tun_vnet *v)
{
    size_t at = p->ip.protocol == IP_PROTO_TCP ? IP_TCP_CHECKSUM_AT : IP_UDP_CHECKSUM_AT;
    return ip_is(p, IP_PORTS) && v->csum_start == p->ip.l4_offset && v->csum_offset == at;
}

bool tun_describe(struct pkt *p, const struct tun_vnet *v)
{
    ip_parse(p);
    if (v->gso_type == VIRTIO_NET_HDR_GSO_NONE && !v->needs_csum)
        return true;
    if (v->needs_csum && (size_t)v->csum_start + v->csum_offset + 2 > p->len_bytes)
        return false;
    bool usual = is_usual(p, v);
    if (v->gso_type == VIRTIO_NET_HDR_GSO_NONE && !usual) {
        finish_checksum(p->data, p->len_bytes, v->csum_start, v->csum_offset);
        return true;
    }
    if (!usual)
        return false;
    p->csum_partial = true;
    return v->gso_type == VIRTIO_NET_HDR_GSO_NONE || describe_super(p, v);
}

/* A packet in a small buffer if it fits, so that large ones are not kept for small packets. */
static struct pkt *take_packet(struct tun *t, size_t len)
{
    struct pkt *p = t->read_ahead;
    if (len <= PKT_SMALL_BYTES && p->cap_bytes > PKT_SMALL_BYTES) {
        struct pkt *small = pkt_new(t->pool, PKT_SMALL_BYTES);
        if (small != NULL) {
            memcpy(small->data, p->data, len);
            small->len_bytes = (uint32_t)len;
            return small;
        }
    }
    t->read_ahead = NULL;
    p->len_bytes = (uint32_t)len;
    return p;
}

/* A large buffer; while there is none, a small one lets small packets through. */
static void find_buffer(struct tun *t)
{
    if (t->read_ahead != NULL && t->read_ahead->cap_bytes >= PKT_LARGE_BYTES)
        return;
    struct pkt *large = pkt_new(t->pool, PKT_LARGE_BYTES);
    if (large != NULL) {
        pkt_put(t->read_ahead);
        t->read_ahead = large;
    } else if (t->read_ahead == NULL) {
        t->read_ahead = pkt_new(t->pool, PKT_SMALL_BYTES);
    }
}

/*
 * A packet that finds no buffer must still leave the device's ring: the kernel cuts off what has no
 * room, which shows as more bytes than *room.
 */
static ssize_t read_raw(struct tun *t, struct virtio_net_hdr *header, size_t *room)
{
    uint8_t spill[1];
    find_buffer(t);
    struct pkt *p = t->read_ahead;
    *room = p != NULL ? p->cap_bytes : 0;
    struct iovec pieces[3] = {
        { .iov_base = header, .iov_len = sizeof *header },
        { .iov_base = p != NULL ? p->data : NULL, .iov_len = *room },
        { .iov_base = spill, .iov_len = sizeof spill },
    };
    ssize_t n;
    do
        n = readv(t->fd, pieces, 3);
    while (n < 0 && errno == EINTR);
    return n;
}

struct pkt *tun_read(struct tun *t, int *error)
{
    *error = 0;
    for (;;) {
        struct virtio_net_hdr header;
        size_t room;
        ssize_t n = read_raw(t, &header, &room);
        if (n <= 0) {
            *error = n < 0 && errno != EAGAIN ? -errno : 0;
            return NULL;
        }
        if ((size_t)n <= sizeof header) {
            t->malformed++;
            continue;
        }
        size_t len = (size_t)n - sizeof header;
        struct pkt *p = room >= len ? take_packet(t, len) : NULL;
        if (p == NULL) {
            t->no_buffer++;
            continue;
        }
        struct tun_vnet v = {
            .needs_csum = (header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0,
            .gso_type = header.gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN,
            .gso_size = header.gso_size,
            .csum_start = header.csum_start,
            .csum_offset = header.csum_offset,
        };
        if (tun_describe(p, &v)) {
            t->read_packets++;
            return p;
        }
        t->malformed++;
        pkt_put(p);
    }
}

static uint8_t vnet_gso_type(uint8_t gso)
{
    switch ((enum pkt_gso)gso) {
    case PKT_GSO_NONE:
        return VIRTIO_NET_HDR_GSO_NONE;
    case PKT_GSO_TCP4:
        return VIRTIO_NET_HDR_GSO_TCPV4;
    case PKT_GSO_TCP6:
        return VIRTIO_NET_HDR_GSO_TCPV6;
    case PKT_GSO_UDP4:
    case PKT_GSO_UDP6:
        return VIRTIO_NET_HDR_GSO_UDP_L4;
    }
    return VIRTIO_NET_HDR_GSO_NONE;
}

int tun_write(struct tun *t, const struct tun_packet *p)
{
    struct virtio_net_hdr header = {
        .flags = p->csum_partial ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0,
        .gso_type = vnet_gso_type(p->gso),
        .hdr_len = p->gso != PKT_GSO_NONE ? p->header_bytes : 0,
        .gso_size = p->gso != PKT_GSO_NONE ? p->gso_size : 0,
        .csum_start = p->csum_partial ? p->csum_start : 0,
        .csum_offset = p->csum_partial ? p->csum_offset : 0,
    };
    struct iovec pieces[TUN_PIECES_MAX + 1];
    if (p->piece_count > TUN_PIECES_MAX)
        return -EINVAL;
    pieces[0] = (struct iovec){ .iov_base = &header, .iov_len = sizeof header };
    memcpy(pieces + 1, p->pieces, p->piece_count * sizeof *pieces);
    ssize_t n;
    do
        n = writev(t->fd, pieces, (int)p->piece_count + 1);
    while (n < 0 && errno == EINTR);
    if (n >= 0) {
        t->written_packets++;
        return 0;
    }
    t->write_errors++;
    return -errno;
}
