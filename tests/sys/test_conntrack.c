/* SPDX-License-Identifier: ISC */
/*
 * Forgetting flows that the kernel tracks, in a network namespace of the test's own. Needs root and
 * nft; else exits 77 (skipped).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/conntrack.h"

enum { SKIPPED = 77 };

/* What the kernel tells of, and whom it is to forget. */
struct seen {
    struct netaddr to;
    size_t count;
    bool remove;
};

static struct netaddr address(const char *text)
{
    struct netaddr a;
    assert_true(netaddr_parse(&a, text));
    return a;
}

static bool look(void *arg, const struct conntrack_flow *flow)
{
    struct seen *s = arg;
    bool is_it = netaddr_equal(&flow->to, &s->to) && netaddr_equal(&flow->reply_from, &s->to) &&
                 netaddr_equal(&flow->from, &flow->reply_to);
    s->count += is_it ? 1 : 0;
    return is_it && s->remove;
}

/* How many there are to that address. */
static size_t count(const char *to, bool remove)
{
    struct seen s = { .to = address(to), .remove = remove };
    size_t forgotten;
    assert_int_equal(conntrack_forget(look, &s, &forgotten), 0);
    assert_int_equal(forgotten, remove ? s.count : 0);
    return s.count;
}

static void send_to(const char *text, uint16_t port)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    bool ipv4 = inet_pton(AF_INET, text, &in.sin_addr) == 1;
    int fd = socket(ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    if (!ipv4)
        assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    const struct sockaddr *to = ipv4 ? (const struct sockaddr *)&in : (const struct sockaddr *)&in6;
    assert_int_equal(sendto(fd, "", 1, 0, to, ipv4 ? sizeof in : sizeof in6), 1);
    close(fd);
}

static void forgets_those_alone_that_are_named(void **state)
{
    (void)state;
    enum { EACH = 200 }; /* more than one message lists */
    static const char *const addresses[] = { "192.0.2.1", "192.0.2.2", "2001:db8::1",
                                             "2001:db8::2" };
    for (uint16_t port = 1; port <= EACH; port++)
        for (size_t i = 0; i < 4; i++)
            send_to(addresses[i], port);
    /* A listing may miss some while the kernel's table grows. */
    for (size_t i = 0; i < 4; i++)
        for (unsigned n = 0; count(addresses[i], false) != EACH && n < 100; n++)
            usleep(10000);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(count(addresses[i], false), EACH);
    assert_int_equal(count(addresses[0], true), EACH);
    assert_int_equal(count(addresses[3], true), EACH);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(count(addresses[i], false), i == 0 || i == 3 ? 0 : EACH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forgets_those_alone_that_are_named),
    };
    if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0 ||
        system("ip link set lo up && ip address add 192.0.2.1/32 dev lo && "
               "ip address add 192.0.2.2/32 dev lo && ip address add 2001:db8::1/128 dev lo && "
               "ip address add 2001:db8::2/128 dev lo && "
               "nft 'add table inet t; add chain inet t c { type filter hook output priority 0; }; "
               "add rule inet t c ct state new accept'") != 0)
        return SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
