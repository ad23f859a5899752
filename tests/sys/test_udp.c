/* SPDX-License-Identifier: ISC */
/* UDP sockets on the loopback device of a network namespace of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/udp.h"

enum { SKIPPED = 77, SEGMENTS = 40, SEGMENT = 1200, LAST = 77 };

static struct udp_reader *reader;

static void loopback_up(int mtu_bytes)
{
    struct ifreq request = { .ifr_name = "lo" };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    request.ifr_mtu = mtu_bytes;
    assert_int_equal(ioctl(fd, SIOCSIFMTU, &request), 0);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    close(fd);
}

static struct netaddr address(const char *text)
{
    struct netaddr a;
    assert_true(netaddr_parse(&a, text));
    return a;
}

static struct udp open_socket(const char *local, struct udp_options o)
{
    struct udp u;
    if (local != NULL)
        o.local = address(local);
    assert_int_equal(udp_open(&u, &o), 0);
    return u;
}

/* Datagrams until count of them came or none does. */
static size_t receive(struct udp *u, uint8_t *out, size_t count, struct netaddr *from,
                      struct netaddr *to)
{
    size_t got = 0;
    struct pollfd p = { .fd = u->fd, .events = POLLIN };
    while (got < count && poll(&p, 1, 200) > 0) {
        const struct udp_datagram *d;
        int n = udp_read(u, reader, &d);
        assert_true(n >= 0);
        for (int i = 0; i < n; i++, got++) {
            memcpy(out + got * SEGMENT, d[i].data, d[i].len_bytes);
            assert_int_equal(d[i].len_bytes, got + 1 < count ? SEGMENT : LAST);
            *from = d[i].from;
            *to = d[i].to;
        }
    }
    return got;
}

/* A group crosses unchanged, whatever either side can do. */
static void exchange(const char *here, const char *there, struct udp_options a_options,
                     struct udp_options b_options)
{
    static uint8_t sent[SEGMENTS * SEGMENT];
    static uint8_t got[SEGMENTS * SEGMENT];
    size_t len = (SEGMENTS - 1) * SEGMENT + LAST;
    struct udp a = open_socket(NULL, a_options);
    struct udp b = open_socket(here, b_options);
    struct netaddr to = address(there);
    struct netaddr from;
    struct netaddr at;

    for (size_t i = 0; i < len; i++)
        sent[i] = (uint8_t)(i * 13 + i / 251);
    memset(got, 0, sizeof got);
    assert_int_equal(udp_send(&a, &to, NULL, sent, len, SEGMENT), 0);
    assert_int_equal(receive(&b, got, SEGMENTS, &from, &at), SEGMENTS);
    assert_memory_equal(sent, got, len);
    assert_int_equal(from.family, to.family);
    if (b_options.listening) {
        assert_int_equal(at.family, to.family);
        assert_memory_equal(at.addr, to.addr, 16);
        /* The answer leaves from the address that was called. */
        struct netaddr unused;
        struct netaddr source;
        assert_int_equal(udp_send(&b, &from, &at, sent, LAST, LAST), 0);
        assert_int_equal(receive(&a, got, 1, &source, &unused), 1);
        assert_true(netaddr_equal(&source, &to));
    }
    udp_close(&a);
    udp_close(&b);
}

static void groups_cross_with_every_offload(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct udp_options a = { .no_gso = (i & 1) != 0 };
        struct udp_options b = { .no_gro = (i & 2) != 0 };
        exchange("127.0.0.1:5000", "127.0.0.1:5000", a, b);
        exchange("[::1]:5000", "[::1]:5000", a, b);
    }
}

/* The kernel segments nothing without checksums: to us a refusal that comes only when sending. */
static void a_refused_group_goes_out_singly(void **state)
{
    (void)state;
    static uint8_t sent[SEGMENTS * SEGMENT];
    static uint8_t got[SEGMENTS * SEGMENT];
    size_t len = (SEGMENTS - 1) * SEGMENT + LAST;
    struct udp a = open_socket("127.0.0.1:5001", (struct udp_options){ 0 });
    struct udp b = open_socket("127.0.0.1:5000", (struct udp_options){ 0 });
    struct netaddr to = address("127.0.0.1:5000");
    struct netaddr from;
    struct netaddr at;
    int on = 1;
    if (!a.gso)
        skip();
    assert_int_equal(setsockopt(a.fd, SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
    for (size_t i = 0; i < len; i++)
        sent[i] = (uint8_t)(i * 7 + i / 251);
    assert_int_equal(udp_send(&a, &to, NULL, sent, len, SEGMENT), 0);
    assert_false(a.gso); /* and is not tried again */
    assert_int_equal(receive(&b, got, SEGMENTS, &from, &at), SEGMENTS);
    assert_memory_equal(sent, got, len);
    udp_close(&a);
    udp_close(&b);
}

static void a_listening_socket_knows_both_families(void **state)
{
    (void)state;
    struct udp_options listening = { .listening = true, .local = { .port = 5000 } };
    exchange(NULL, "127.0.0.7:5000", (struct udp_options){ 0 }, listening);
    exchange(NULL, "[::1]:5000", (struct udp_options){ 0 }, listening);
    exchange("0.0.0.0:5000", "127.0.0.9:5000", (struct udp_options){ 0 }, listening);
}

static void bound_to_an_interface(void **state)
{
    (void)state;
    struct udp_options lo = { .interface = "lo", .mark = 7 };
    struct udp_options missing = { .interface = "missing0" };
    struct udp u;
    exchange("127.0.0.1:5000", "127.0.0.1:5000", lo, lo);
    exchange("[::1]:5000", "[::1]:5000", lo, lo);
    assert_int_equal(udp_open(&u, &missing), -ENODEV);
}

static void errors_are_told(void **state)
{
    (void)state;
    static const uint8_t data[9000];
    struct udp_options taken = { .listening = true, .local = { .port = 5000 } };
    struct udp a = open_socket(NULL, taken);
    struct udp four = open_socket("127.0.0.1", (struct udp_options){ 0 });
    struct udp b;
    struct netaddr v4 = address("127.0.0.1:5001");
    struct netaddr v6 = address("[::1]:5001");
    struct netaddr far = address("192.0.2.1:5001");
    assert_int_equal(udp_open(&b, &taken), -EADDRINUSE);
    assert_int_equal(udp_send(&a, &v4, NULL, data, 1473, 1473), -EMSGSIZE);
    assert_int_equal(udp_send(&a, &v6, NULL, data, 1453, 1453), -EMSGSIZE);
    assert_int_equal(udp_send(&a, &v4, NULL, data, 9000, 1473), -EMSGSIZE);
    assert_int_equal(udp_send(&a, &v4, NULL, data, 1472, 1472), 0);
    assert_int_equal(udp_send(&a, &v4, NULL, data, 8832, 1472), 0);
    assert_int_equal(udp_send(&a, &v6, NULL, data, 8712, 1452), 0);
    assert_true(a.gso); /* segments that are too long are not its fault */
    assert_int_equal(udp_send(&four, &v6, NULL, data, 100, 100), -EAFNOSUPPORT);
    assert_int_equal(udp_send(&a, &far, NULL, data, 100, 100), -ENETUNREACH);
    assert_int_equal(udp_send(&a, &v4, NULL, data, 0, 0), -EINVAL);
    udp_close(&a);
    udp_close(&four);
}

/* Nobody has the port: that is told once, it stops no further datagram, and only while wanted. */
static void icmp_is_told_while_wanted(void **state)
{
    (void)state;
    static const char *const targets[] = { "127.0.0.1:5009", "[::1]:5009" };
    static const uint8_t data[4000];
    for (size_t i = 0; i < 2; i++) {
        struct netaddr to = address(targets[i]);
        struct udp u = open_socket(NULL, (struct udp_options){ 0 });
        struct pollfd p = { .fd = u.fd, .events = POLLIN };
        struct udp_error e;
        const struct udp_datagram *d;
        assert_int_equal(udp_send(&u, &to, NULL, data, 100, 100), 0);
        assert_int_equal(poll(&p, 1, 50), 0);
        assert_int_equal(udp_watch_errors(&u, true), 0);
        assert_false(udp_read_error(&u, &e));
        assert_int_equal(udp_send(&u, &to, NULL, data, 100, 100), 0);
        assert_int_equal(poll(&p, 1, 1000), 1);
        assert_true((p.revents & POLLERR) != 0);
        assert_int_equal(udp_send(&u, &to, NULL, data, 4000, 1000), 0); /* not stopped by it */
        assert_true(udp_read_error(&u, &e));
        assert_int_equal(e.error, ECONNREFUSED);
        assert_true(netaddr_equal(&e.to, &to));
        while (udp_read_error(&u, &e))
            assert_int_equal(e.error, ECONNREFUSED);
        udp_read(&u, reader, &d); /* takes what is left of it */
        assert_int_equal(udp_watch_errors(&u, false), 0);
        assert_int_equal(udp_send(&u, &to, NULL, data, 100, 100), 0);
        assert_int_equal(poll(&p, 1, 50), 0);
        udp_close(&u);
    }
}

static void features_survive_a_hand_over(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct udp_options o = { .no_gro = i == 1 };
        struct udp a = open_socket(i == 0 ? NULL : "127.0.0.1", o);
        struct udp b;
        assert_int_equal(udp_adopt(&b, a.fd), 0);
        assert_int_equal(b.ipv6, i == 0);
        assert_int_equal(b.gro, a.gro);
        assert_int_equal(b.gso, a.gso);
        udp_close(&b);
    }
}

static void empty_datagrams_are_datagrams(void **state)
{
    (void)state;
    struct udp a = open_socket("127.0.0.1:5000", (struct udp_options){ 0 });
    struct udp b = open_socket("127.0.0.1:5001", (struct udp_options){ 0 });
    struct sockaddr_storage name;
    socklen_t len = sizeof name;
    const struct udp_datagram *d;
    assert_int_equal(getsockname(a.fd, (struct sockaddr *)&name, &len), 0);
    assert_int_equal(udp_read(&a, reader, &d), 0);
    assert_int_equal(sendto(b.fd, "", 0, 0, (struct sockaddr *)&name, len), 0);
    assert_int_equal(udp_read(&a, reader, &d), 1);
    assert_int_equal(d[0].len_bytes, 0);
    assert_int_equal(d[0].from.port, 5001);
    udp_close(&a);
    udp_close(&b);
}

/* The kernel tells datagrams apart by their length, in both families; the port stays ours. */
static void datagrams_of_one_length_come_apart(void **state)
{
    (void)state;
    const struct udp_options listening = { .listening = true, .local = { .port = 5000 } };
    struct udp all = open_socket(NULL, listening);
    struct udp apart;
    int err = udp_open_apart(&apart, &all, &listening, 28);
    if (err == -ENOPROTOOPT)
        skip();
    assert_int_equal(err, 0);
    const char *const there[] = { "127.0.0.1:5000", "[::1]:5000" };
    for (unsigned i = 0; i < 2; i++) {
        struct netaddr to = address(there[i]);
        struct udp sender =
            open_socket(i == 0 ? "127.0.0.1:5001" : "[::1]:5001", (struct udp_options){ 0 });
        for (size_t len = 27; len < 30; len++)
            assert_int_equal(udp_send(&sender, &to, NULL, (const uint8_t[30]){ 0 }, len, len), 0);
        const struct udp_datagram *d;
        assert_int_equal(udp_read(&apart, reader, &d), 1);
        assert_int_equal(d[0].len_bytes, 28);
        assert_int_equal(d[0].to.family, to.family);
        int n = udp_read(&all, reader, &d);
        assert_int_equal(d[0].len_bytes, 27);
        assert_int_equal(n, 2);
        assert_int_equal(d[1].len_bytes, 29);
        udp_close(&sender);
    }
    struct udp other;
    assert_int_equal(udp_open(&other, &listening), -EADDRINUSE);
    udp_close(&apart);
    udp_close(&all);
}

/* Last, as it stays: a machine where IPv6 was switched off still has its IPv4. */
static void without_ipv6(void **state)
{
    (void)state;
    struct udp_options listening = { .listening = true, .local = { .port = 5000 } };
    FILE *f = fopen("/proc/sys/net/ipv6/conf/all/disable_ipv6", "w");
    if (f == NULL || fputs("1", f) < 0 || fclose(f) != 0)
        skip();
    exchange(NULL, "127.0.0.1:5000", (struct udp_options){ .interface = "lo" }, listening);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_cross_with_every_offload),
        cmocka_unit_test(a_refused_group_goes_out_singly),
        cmocka_unit_test(a_listening_socket_knows_both_families),
        cmocka_unit_test(bound_to_an_interface),
        cmocka_unit_test(errors_are_told),
        cmocka_unit_test(icmp_is_told_while_wanted),
        cmocka_unit_test(features_survive_a_hand_over),
        cmocka_unit_test(empty_datagrams_are_datagrams),
        cmocka_unit_test(datagrams_of_one_length_come_apart),
        cmocka_unit_test(without_ipv6),
    };
    if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0) {
        puts("needs root");
        return SKIPPED;
    }
    loopback_up(1500);
    reader = udp_reader_new();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    udp_reader_free(reader);
    return failed;
}
