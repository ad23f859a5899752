/* SPDX-License-Identifier: ISC */
/*
 * Two TUN devices in two network namespaces of the test's own, with the test as the wire between
 * them: the kernel's TCP on both sides judges what is read and written.
 *
 *     socket -- hw-a 10.99.0.1, fd99::1 -- test -- 10.99.0.2, fd99::2 hw-b -- socket
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/gro.h"
#include "base/gso.h"
#include "base/ip.h"
#include "sys/tun.h"

enum { SKIPPED = 77, STREAM_BYTES = 3 << 20, PORT = 5000, GSO_UDP = 5 };

/* linux/ipv6.h does not go together with the C library's headers. */
struct ipv6_request {
    struct in6_addr address;
    uint32_t prefix_len;
    int interface_index;
};

struct side {
    struct tun tun;
    int listener; /* IPv6, dual stack */
    struct gro group;
};

static struct pkt_pool *pool;

static void configure(const char *name, const char *ipv4, const char *ipv6)
{
    struct ifreq r = { 0 };
    struct ipv6_request r6 = { .prefix_len = 64 };
    struct sockaddr_in *a = (struct sockaddr_in *)(void *)&r.ifr_addr;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    int fd6 = socket(AF_INET6, SOCK_DGRAM, 0);
    snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
    assert_int_equal(ioctl(fd, SIOCGIFINDEX, &r), 0);
    r6.interface_index = r.ifr_ifindex;
    a->sin_family = AF_INET;
    inet_pton(AF_INET, ipv4, &a->sin_addr);
    assert_int_equal(ioctl(fd, SIOCSIFADDR, &r), 0);
    inet_pton(AF_INET, "255.255.255.0", &a->sin_addr);
    assert_int_equal(ioctl(fd, SIOCSIFNETMASK, &r), 0);
    r.ifr_flags = IFF_UP | IFF_RUNNING;
    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &r), 0);
    inet_pton(AF_INET6, ipv6, &r6.address);
    assert_int_equal(ioctl(fd6, SIOCSIFADDR, &r6), 0);
    close(fd);
    close(fd6);
}

/* In a fresh namespace, where the process then stays. */
static void open_side(struct side *s, const char *name, const char *ipv4, const char *ipv6,
                      enum tun_offload most)
{
    enum tun_offload in_use;
    struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
    memset(s, 0, sizeof *s);
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    int fd = tun_open(name, most, &in_use);
    assert_true(fd >= 0);
    assert_true(in_use <= most);
    assert_int_equal(tun_open(name, most, &in_use), -EBUSY);
    tun_init(&s->tun, fd, in_use, pool);
    configure(name, ipv4, ipv6);
    s->listener = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(listen(s->listener, 1), 0);
}

static void close_side(struct side *s)
{
    close(s->listener);
    tun_clear(&s->tun);
    close(s->tun.fd);
}

static void write_group(struct side *to)
{
    struct gro *c = &to->group;
    struct iovec pieces[GRO_PACKETS_MAX];
    if (c->count == 0)
        return;
    struct gro_result r = gro_finish(c);
    for (size_t i = 0; i < c->count; i++) {
        size_t skip = gro_skip(c, i);
        pieces[i] = (struct iovec){ c->packets[i]->data + skip, c->packets[i]->len_bytes - skip };
    }
    struct tun_packet p = { .gso = (uint8_t)r.gso,
                            .gso_size = r.gso_size,
                            .header_bytes = r.header_bytes,
                            .csum_partial = r.csum_partial,
                            .csum_start = r.csum_start,
                            .csum_offset = r.csum_offset,
                            .pieces = pieces,
                            .piece_count = c->count };
    int err = tun_write(&to->tun, &p);
    /* Only the datagrams of a flood on a full queue may be refused, and there is none here. */
    assert_int_equal(err, 0);
    for (size_t i = 0; i < c->count; i++)
        pkt_put(c->packets[i]);
    gro_init(c);
}

static void carry(struct side *to, struct pkt *p)
{
    if (gro_add(&to->group, p))
        return;
    write_group(to);
    assert_true(gro_add(&to->group, p));
}

static void carry_segment(struct side *to, const struct pkt *super, uint16_t seg)
{
    struct pkt *p = pkt_new(pool, PKT_SMALL_BYTES);
    size_t header = gso_header(super, seg, p->data);
    assert_true(header > 0);
    p->len_bytes = pkt_seg_bytes(super, seg);
    memcpy(p->data + header, super->data + header + (size_t)seg * super->gso_size,
           p->len_bytes - header);
    p->csum_partial = super->csum_partial;
    ip_parse(p);
    carry(to, p);
}

/* Moves what waits; returns the most segments that one packet had. */
static unsigned relay(struct side *from, struct side *to, bool cut)
{
    struct pkt *p;
    int error;
    unsigned most = 0;
    while ((p = tun_read(&from->tun, &error)) != NULL) {
        most = p->seg_count > most ? p->seg_count : most;
        if (p->gso == PKT_GSO_NONE || !cut) {
            carry(to, p);
            continue;
        }
        for (uint16_t i = 0; i < p->seg_count; i++)
            carry_segment(to, p, i);
        pkt_put(p);
    }
    assert_int_equal(error, 0);
    write_group(to);
    return most;
}

static uint8_t pattern(size_t at)
{
    return (uint8_t)(at * 31 + at / 977);
}

/* A stream from b to a; returns the most segments that one packet had. */
static unsigned stream(struct side *a, struct side *b, const char *address, bool cut)
{
    static uint8_t buffer[64 << 10];
    struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
    int client = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int server = -1;
    size_t sent = 0;
    size_t got = 0;
    unsigned most = 0;
    inet_pton(AF_INET6, address, &to.sin6_addr);
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof to), -1);
    assert_int_equal(errno, EINPROGRESS);
    for (unsigned idle = 0; got < STREAM_BYTES && idle < 100; idle++) {
        struct pollfd wait[2] = { { .fd = a->tun.fd, .events = POLLIN },
                                  { .fd = b->tun.fd, .events = POLLIN } };
        poll(wait, 2, 20);
        unsigned n = relay(b, a, cut);
        most = n > most ? n : most;
        relay(a, b, cut);
        if (server < 0)
            server = accept(a->listener, NULL, NULL);
        for (size_t i = 0; i < sizeof buffer; i++)
            buffer[i] = pattern(sent + i);
        size_t left = STREAM_BYTES - sent;
        ssize_t w = write(client, buffer, left < sizeof buffer ? left : sizeof buffer);
        sent += w > 0 ? (size_t)w : 0;
        ssize_t r;
        while (server >= 0 && (r = recv(server, buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
            for (size_t i = 0; i < (size_t)r; i++)
                assert_int_equal(buffer[i], pattern(got + i));
            got += (size_t)r;
            idle = 0;
        }
    }
    assert_int_equal(got, STREAM_BYTES);
    close(client);
    close(server);
    return most;
}

static void streams_cross_with_every_offload(void **state)
{
    (void)state;
    for (enum tun_offload most = TUN_OFFLOAD_NONE; most <= TUN_OFFLOAD_USO; most++) {
        struct side a;
        struct side b;
        open_side(&a, "hw-a", "10.99.0.1", "fd99::1", most);
        open_side(&b, "hw-b", "10.99.0.2", "fd99::2", most);
        for (unsigned cut = 0; cut < 2; cut++) {
            unsigned four = stream(&a, &b, "::ffff:10.99.0.1", cut != 0);
            unsigned six = stream(&a, &b, "fd99::1", cut != 0);
            bool super = b.tun.offload >= TUN_OFFLOAD_TSO;
            assert_int_equal(four > 1, super);
            assert_int_equal(six > 1, super);
        }
        assert_int_equal(a.tun.malformed + b.tun.malformed, 0);
        close_side(&a);
        close_side(&b);
        assert_int_equal(pkt_pool_used(pool), 0);
    }
}

/* Datagrams that the sender cut in the kernel, in one UDP super-packet where the device takes it.
 */
static void datagrams_cross(void **state)
{
    (void)state;
    static uint8_t data[10 * 1000];
    struct side a;
    struct side b;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    int size = 1000;
    open_side(&a, "hw-a", "10.99.0.1", "fd99::1", TUN_OFFLOAD_USO);
    int server = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    inet_pton(AF_INET, "10.99.0.1", &to.sin_addr);
    assert_int_equal(bind(server, (struct sockaddr *)&to, sizeof to), 0);
    open_side(&b, "hw-b", "10.99.0.2", "fd99::2", TUN_OFFLOAD_USO);
    int client = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(setsockopt(client, SOL_UDP, UDP_SEGMENT, &size, sizeof size), 0);
    for (unsigned round = 0; round < 2; round++) {
        a.group.udp = round == 1 && a.tun.offload == TUN_OFFLOAD_USO;
        for (size_t i = 0; i < sizeof data; i++)
            data[i] = pattern(i + round);
        assert_int_equal(sendto(client, data, sizeof data, 0, (struct sockaddr *)&to, sizeof to),
                         sizeof data);
        unsigned most = relay(&b, &a, true);
        assert_int_equal(most, b.tun.offload == TUN_OFFLOAD_USO ? 10 : 1);
        for (size_t i = 0; i < 10; i++) {
            uint8_t got[2000];
            struct pollfd wait = { .fd = server, .events = POLLIN };
            assert_int_equal(poll(&wait, 1, 1000), 1);
            assert_int_equal(recv(server, got, sizeof got, 0), 1000);
            assert_memory_equal(got, data + i * 1000, 1000);
        }
    }
    close(client);
    close(server);
    close_side(&a);
    close_side(&b);
}

/* When nothing large is left, small packets still come through and large ones leave the ring. */
static void it_never_blocks_on_buffers(void **state)
{
    (void)state;
    struct side a;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    static uint8_t data[60000];
    int error;
    struct pkt_pool *whole = pool;
    pool = pkt_pool_new(2, 0);
    open_side(&a, "hw-a", "10.99.0.1", "fd99::1", TUN_OFFLOAD_USO);
    int client = socket(AF_INET, SOCK_DGRAM, 0);
    inet_pton(AF_INET, "10.99.0.2", &to.sin_addr);
    struct pkt *p;
    while ((p = tun_read(&a.tun, &error)) != NULL) /* the kernel's own greetings */
        pkt_put(p);
    uint64_t before = a.tun.no_buffer;
    int size = 1000;
    sendto(client, "small", 5, 0, (struct sockaddr *)&to, sizeof to);
    setsockopt(client, SOL_UDP, UDP_SEGMENT, &size, sizeof size);
    sendto(client, data, 40000, 0, (struct sockaddr *)&to, sizeof to);
    size = 0;
    setsockopt(client, SOL_UDP, UDP_SEGMENT, &size, sizeof size);
    sendto(client, "later", 5, 0, (struct sockaddr *)&to, sizeof to);
    size_t count = 0;
    while ((p = tun_read(&a.tun, &error)) != NULL) {
        count += p->len_bytes == 33;
        pkt_put(p);
    }
    assert_int_equal(count, 2);
    assert_int_equal(a.tun.no_buffer - before, a.tun.offload == TUN_OFFLOAD_USO ? 1 : 0);
    close(client);
    close_side(&a);
    assert_int_equal(pkt_pool_used(pool), 0);
    pkt_pool_free(pool);
    pool = whole;
}

/* Held is what a process has open; one that stays without (persistent) is not, nor is none. */
static void it_is_told_whether_somebody_holds_it(void **state)
{
    (void)state;
    enum tun_offload in_use;
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    assert_false(tun_is_held("hw-a"));
    int fd = tun_open("hw-a", TUN_OFFLOAD_NONE, &in_use);
    assert_true(fd >= 0);
    assert_true(tun_is_held("hw-a"));
    assert_int_equal(ioctl(fd, TUNSETPERSIST, 1), 0);
    assert_true(tun_is_held("hw-a"));
    close(fd);
    assert_false(tun_is_held("hw-a"));
    assert_true(if_nametoindex("hw-a") != 0);
    assert_false(tun_is_held("lo"));
    assert_false(tun_is_held("a-name-that-is-too-long"));
}

static void headers_that_do_not_hold_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct tun_vnet v;
        uint32_t len;
        bool good;
    } table[] = {
        { { 0 }, 40, true },
        { { .needs_csum = true, .csum_start = 20, .csum_offset = 16 }, 1040, true },
        { { .needs_csum = true, .csum_start = 20, .csum_offset = 16 }, 37, false },
        { { true, VIRTIO_NET_HDR_GSO_TCPV4, 100, 20, 16 }, 1040, true },
        { { true, VIRTIO_NET_HDR_GSO_TCPV4, 0, 20, 16 }, 1040, false },
        { { true, VIRTIO_NET_HDR_GSO_TCPV4, 100, 20, 16 }, 40, false },
        { { true, VIRTIO_NET_HDR_GSO_TCPV4, 100, 24, 16 }, 1040, false },
        { { true, VIRTIO_NET_HDR_GSO_TCPV4, 100, 20, 6 }, 1040, false },
        { { false, VIRTIO_NET_HDR_GSO_TCPV4, 100, 20, 16 }, 1040, false },
        { { true, VIRTIO_NET_HDR_GSO_TCPV6, 100, 20, 16 }, 1040, false },
        { { true, GSO_UDP, 100, 20, 16 }, 1040, false },
        { { true, 3, 100, 20, 16 }, 1040, false }, /* UFO, which nobody asked for */
        { { true, VIRTIO_NET_HDR_GSO_TCPV4, 1, 20, 16 }, 60000, false },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct pkt *p = pkt_new(pool, PKT_LARGE_BYTES);
        memset(p->data, 0, 64);
        p->data[0] = 0x45;
        be16_put(p->data + 2, (uint16_t)table[i].len);
        p->data[9] = 6;
        p->data[32] = 0x50;
        p->len_bytes = table[i].len;
        assert_int_equal(tun_describe(p, &table[i].v), table[i].good);
        if (table[i].good && table[i].v.gso_type != 0) {
            assert_int_equal(p->seg_count, 10);
            assert_int_equal(p->header_bytes, 40);
            assert_int_equal(p->gso, PKT_GSO_TCP4);
        }
        pkt_put(p);
    }
}

/* A partial checksum at an unusual place is completed instead of being carried on. */
static void odd_checksums_are_finished(void **state)
{
    (void)state;
    struct pkt *p = pkt_new(pool, PKT_SMALL_BYTES);
    struct tun_vnet v = { .needs_csum = true, .csum_start = 24, .csum_offset = 2 };
    memset(p->data, 0, 64);
    p->data[0] = 0x45;
    p->data[9] = 47;
    for (uint8_t i = 28; i < 61; i++)
        p->data[i] = i;
    p->len_bytes = 61;
    assert_true(tun_describe(p, &v));
    assert_false(p->csum_partial);
    assert_int_equal(checksum_fold(checksum_add(p->data + 24, 61 - 24, 0)), 0xffff);
    pkt_put(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_that_do_not_hold_are_refused),
        cmocka_unit_test(odd_checksums_are_finished),
        cmocka_unit_test(streams_cross_with_every_offload),
        cmocka_unit_test(datagrams_cross),
        cmocka_unit_test(it_never_blocks_on_buffers),
        cmocka_unit_test(it_is_told_whether_somebody_holds_it),
    };
    if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0 || access("/dev/net/tun", R_OK | W_OK) < 0) {
        puts("needs root and /dev/net/tun");
        return SKIPPED;
    }
    pool = pkt_pool_new(4096, 256);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pkt_pool_free(pool);
    return failed;
}
