/* SPDX-License-Identifier: ISC */
/* Which flows are to be decided anew when the way to the Internet changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard/network/stale.h"

enum { LINK_A, LINK_B };

static struct netaddr address(const char *text)
{
    struct netaddr a;
    if (!netaddr_parse(&a, text))
        fail_msg("%s", text);
    return a;
}

static struct netprefix prefix(const char *text)
{
    struct netprefix p;
    if (!netprefix_parse(&p, text))
        fail_msg("%s", text);
    return p;
}

/*
 * A LAN 192.168.1.0/24 (as the peer takes it) whose router also is on link a's network with an
 * address in it; 10.77.0.2 in the tunnel; 10.8.0.0/16 is reached over link b in any case.
 */
static bool is_stale(int way, const char *from, const char *to, const char *reply_from,
                     const char *reply_to)
{
    const struct netprefix wide[] = { prefix("0.0.0.0/0"), prefix("::/1"), prefix("8000::/1") };
    const struct netprefix near[] = { prefix("192.168.1.0/24"), prefix("10.8.0.0/16"),
                                      prefix("10.77.0.0/24"),   prefix("fd00:1::/64"),
                                      prefix("192.168.1.2/32"), prefix("10.0.2.2/32") };
    const struct netprefix inside[] = { prefix("10.77.0.2/32"), prefix("192.168.1.0/24"),
                                        prefix("fd77::2/128"), prefix("fd00:1::/64") };
    const struct stale_address outside[] = {
        { address("192.168.1.2"), LINK_A },   { address("10.0.2.2"), LINK_B },
        { address("2001:db8:1::2"), LINK_A }, { address("2001:db8:2::2"), LINK_B },
        { address("192.168.8.100"), LINK_A }, { address("192.168.8.100"), LINK_B }
    };
    const struct stale_view v = { .way = { way, way },
                                  .wide = wide,
                                  .wide_count = 3,
                                  .near = near,
                                  .near_count = 6,
                                  .inside = inside,
                                  .inside_count = 4,
                                  .outside = outside,
                                  .outside_count = 6 };
    const struct conntrack_flow flow = { address(from), address(to), address(reply_from),
                                         address(reply_to) };
    return stale_is(&v, &flow);
}

static const struct {
    const char *what;
    const char *from, *to, *reply_from, *reply_to;
    bool in_tunnel, on_a, on_b; /* whether it is stale there */
} flows[] = {
    { "as it is", "192.168.1.7", "8.8.8.8", "8.8.8.8", "192.168.1.7", false, true, true },
    { "as it is", "fd00:1::7", "2a00::8", "2a00::8", "fd00:1::7", false, true, true },
    { "in the tunnel", "172.17.0.3", "8.8.8.8", "8.8.8.8", "10.77.0.2", false, true, true },
    { "in the tunnel", "fd00:9::3", "9999::8", "9999::8", "fd77::2", false, true, true },
    { "the router's", "10.77.0.2", "8.8.8.8", "8.8.8.8", "10.77.0.2", false, true, true },
    { "by link a", "192.168.1.7", "8.8.8.8", "8.8.8.8", "192.168.1.2", true, false, true },
    { "by link a", "fd00:1::7", "2a00::8", "2a00::8", "2001:db8:1::2", true, false, true },
    { "by link b", "172.17.0.3", "8.8.8.8", "8.8.8.8", "10.0.2.2", true, true, false },
    { "by either", "172.17.0.3", "8.8.8.8", "8.8.8.8", "192.168.8.100", true, false, false },
    { "another is asked", "192.168.1.7", "9.9.9.9", "8.8.8.8", "192.168.1.2", true, false, true },
    { "the router's, a", "192.168.1.2", "8.8.8.8", "8.8.8.8", "192.168.1.2", false, false, false },
    { "the router's, b", "10.0.2.2", "8.8.8.8", "8.8.8.8", "10.0.2.2", false, false, false },
    { "asked by link b", "8.8.8.8", "10.0.2.2", "192.168.1.7", "8.8.8.8", false, false, false },
    { "asked by tunnel", "8.8.8.8", "192.168.1.7", "192.168.1.7", "8.8.8.8", false, true, true },
    { "asked by tunnel", "8.8.8.8", "10.77.0.2", "192.168.1.7", "8.8.8.8", false, true, true },
    { "near", "192.168.1.7", "10.8.1.1", "10.8.1.1", "10.0.2.2", false, false, false },
    { "near", "192.168.1.7", "192.168.1.2", "192.168.1.2", "192.168.1.7", false, false, false },
    { "a peer", "192.168.1.7", "10.77.0.1", "10.77.0.1", "192.168.1.7", false, false, false },
    { "not ours", "172.17.0.3", "8.8.8.8", "8.8.8.8", "172.17.0.3", false, false, false },
    { "not ours", "172.17.0.3", "8.8.8.8", "8.8.8.8", "198.51.100.1", false, false, false },
};

static void flows_of_another_way_are_stale(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof flows / sizeof flows[0]; i++) {
        static const int ways[] = { STALE_TUNNEL, LINK_A, LINK_B };
        const bool expected[] = { flows[i].in_tunnel, flows[i].on_a, flows[i].on_b };
        for (size_t k = 0; k < 3; k++)
            if (is_stale(ways[k], flows[i].from, flows[i].to, flows[i].reply_from,
                         flows[i].reply_to) != expected[k])
                fail_msg("%s, %s to %s as %s: way %d", flows[i].what, flows[i].from, flows[i].to,
                         flows[i].reply_to, ways[k]);
    }
}

/* Where only a part of the Internet is led into the tunnel, the rest is left alone. */
static void what_is_not_led_into_the_tunnel_is_left_alone(void **state)
{
    (void)state;
    const struct netprefix wide = prefix("128.0.0.0/1");
    const struct stale_address outside = { address("10.0.2.2"), LINK_B };
    const struct stale_view v = { .way = { STALE_TUNNEL, STALE_TUNNEL },
                                  .wide = &wide,
                                  .wide_count = 1,
                                  .outside = &outside,
                                  .outside_count = 1 };
    struct conntrack_flow flow = { address("192.168.1.7"), address("8.8.8.8"), address("8.8.8.8"),
                                   address("10.0.2.2") };
    assert_false(stale_is(&v, &flow));
    flow.to = flow.reply_from = address("198.51.100.1");
    assert_true(stale_is(&v, &flow));
    flow.to = flow.reply_from = address("2a00::8");
    flow.from = address("fd00::1");
    flow.reply_to = address("2001:db8::1");
    assert_false(stale_is(&v, &flow));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flows_of_another_way_are_stale),
        cmocka_unit_test(what_is_not_led_into_the_tunnel_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
