/* SPDX-License-Identifier: ISC */
/*
 * The text for nft(8), and that nft takes it: in a network namespace of the test's own, where there
 * is nft and root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/network/ruleset.h"
#include "sys/nft.h"

static const struct numbers numbers = {
    .table = 0x68770040, .priority = 10008, .mark = 0x01000000, .mask = 0x0f00003f
};

static struct netprefix prefix(const char *text)
{
    struct netprefix p;
    assert_true(netprefix_parse(&p, text));
    return p;
}

static struct netaddr address(const char *text)
{
    struct netaddr a;
    assert_true(netaddr_parse(&a, text));
    return a;
}

/* The text, which nft must take. Valid until the next call. */
static const char *text_of(const struct ruleset *r)
{
    static char *text;
    char error[256] = "";
    free(text);
    text = ruleset_text(r);
    assert_non_null(text);
    if (text[0] != '\0' && geteuid() == 0 && system("command -v nft >/dev/null") == 0) {
        if (nft_run(text, error, sizeof error, NULL) < 0)
            fail_msg("nft: %s\n%s", error, text);
    }
    return text;
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in\n%s", part, text);
}

static void has_not(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("\"%s\" is in\n%s", part, text);
}

static void is_empty_without_wishes(void **state)
{
    (void)state;
    const struct ruleset r = { .interface = "hawser0", .numbers = &numbers };
    assert_string_equal(text_of(&r), "");
}

static void translates_a_lan(void **state)
{
    (void)state;
    static const char lans[2][16] = { "eth0", "br-lan" };
    struct netprefix accepted[] = { prefix("192.168.1.0/24"), prefix("fd00:1::/64"),
                                    prefix("10.77.0.2/32") };
    struct ruleset r = {
        .interface = "hawser0", .numbers = &numbers, .lans = lans, .lan_count = 2
    };
    const char *text = text_of(&r);
    has(text, "iifname { \"eth0\", \"br-lan\" } oifname \"hawser0\" meta nfproto ipv4 masquerade");
    has_not(text, "ipv6");
    has_not(text, "chain leave {");
    r.lan_ipv6 = true;
    r.accepted = accepted;
    r.accepted_count = 3;
    text = text_of(&r);
    has(text, "ipv4 ip saddr != { 192.168.1.0/24, 10.77.0.2/32 } masquerade");
    has(text, "ipv6 ip6 saddr != { fd00:1::/64 } masquerade");
}

/* From the tunnel itself, where the peers are, and the LANs that were named; else answers. */
static void masquerading_closes_the_tunnel_to_others(void **state)
{
    (void)state;
    static const char lans[1][16] = { "eth0" };
    struct ruleset r = { .interface = "hawser0", .numbers = &numbers, .masquerade = true };
    const char *text = text_of(&r);
    has(text, "chain into {\n  type filter hook forward priority filter;\n"
              "  oifname != \"hawser0\" accept\n"
              "  iifname \"hawser0\" accept\n"
              "  ct state established,related accept\n"
              "  ct status dnat accept\n"
              "  counter drop\n");
    r.lans = lans;
    r.lan_count = 1;
    has(text_of(&r), "  iifname \"hawser0\" accept\n  iifname \"eth0\" accept\n");
    r.masquerade = false;
    has_not(text_of(&r), "chain into"); /* routed: nothing is closed */
}

static struct ruleset blocking(void)
{
    static struct ruleset_link links[3];
    static struct ruleset_near near[2];
    static struct netprefix held[3];
    links[0] = (struct ruleset_link){ .interface = "eth1", .slot = 1 };
    links[1] = (struct ruleset_link){
        .interface = "eth0", .slot = 2, .addresses = { address("10.0.1.2"), address("2001:db8::2") }
    };
    links[2] = (struct ruleset_link){ .interface = "eth0",
                                      .slot = 32,
                                      .addresses = { address("10.0.2.2") } };
    near[0] = (struct ruleset_near){ .interface = "eth1", .prefix = prefix("192.0.2.0/30") };
    near[1] = (struct ruleset_near){ .interface = "eth0", .prefix = prefix("2001:db8::/64") };
    held[0] = prefix("0.0.0.0/0");
    held[1] = prefix("10.1.0.0/16");
    held[2] = prefix("::/0");
    return (struct ruleset){ .interface = "hawser0",
                             .numbers = &numbers,
                             .links = links,
                             .link_count = 3,
                             .answers = true,
                             .block = true,
                             .held = held,
                             .held_count = 3,
                             .near = near,
                             .near_count = 2 };
}

static void holds_back_what_belongs_into_the_tunnel(void **state)
{
    (void)state;
    struct ruleset r = blocking();
    const char *text = text_of(&r);
    has(text, "oifname \"eth1\" goto held");
    has(text, "oifname \"eth0\" goto held");
    has(text, "meta mark & 0x0f000000 == 0x01000000 accept");
    has_not(text, "0x02000000");
    const struct ruleset_mark others[] = { { 0x02000000, 0x0f000000 }, { 0x1000, 0xffffffc0 } };
    r.others = others;
    r.other_count = 2;
    text = text_of(&r);
    has(text, "meta mark & 0x0f000000 == 0x02000000 accept");
    has(text, "meta mark & 0xffffffc0 == 0x00001000 accept");
    r.other_count = 0;
    text = text_of(&r);
    has(text, "oifname \"eth1\" ip daddr 192.0.2.0/30 accept");
    has(text, "oifname \"eth0\" ip6 daddr 2001:db8::/64 accept");
    has(text, "meta nfproto ipv4 counter drop");
    has(text, "meta nfproto ipv6 counter drop");
    struct netprefix halves[] = { prefix("10.1.0.0/16"), prefix("0.0.0.0/1"),
                                  prefix("128.0.0.0/1") };
    r.held = halves;
    r.held_count = 3;
    text = text_of(&r);
    has(text, "ip daddr 0.0.0.0/1 counter drop");
    has(text, "ip daddr 128.0.0.0/1 counter drop");
    has_not(text, "10.1.0.0");
    has_not(text, "nfproto ipv6");
    static struct netprefix many[40];
    for (uint8_t i = 0; i < 40; i++)
        many[i] = (struct netprefix){ .family = 4, .len = 16, .addr = { 10, i } };
    r.held = many;
    r.held_count = 40;
    text = text_of(&r);
    has(text, "ip daddr { 10.0.0.0/16, 10.1.0.0/16, ");
}

/* In the place of the tunnel, masqueraded; what cannot be any more does not leave. */
static void lets_a_lan_out_by_the_links(void **state)
{
    (void)state;
    static const char lans[1][16] = { "br-lan" };
    struct netprefix own[] = { prefix("10.77.0.2/24"), prefix("fd77::2/64") };
    struct ruleset r = blocking();
    r.block = false;
    r.direct = true;
    r.own = own;
    r.own_count = 2;
    const char *text = text_of(&r);
    has(text, "oifname { \"eth1\", \"eth0\" } ip saddr 10.77.0.2 masquerade");
    has(text, "oifname { \"eth1\", \"eth0\" } ip6 saddr fd77::2 masquerade");
    has_not(text, "br-lan");
    r.lans = lans;
    r.lan_count = 1;
    text = text_of(&r);
    has(text, "iifname { \"br-lan\" } oifname { \"eth1\", \"eth0\" } masquerade");
    has(text, "oifname \"eth1\" goto held");
    has(text, "meta mark & 0x0f000000 == 0x01000000 accept\n"
              "  oifname \"eth1\" ip daddr 192.0.2.0/30 accept\n");
    has(text, "  ip saddr 10.77.0.2 counter drop\n  ip6 saddr fd77::2 counter drop\n");
    has(text, "  iifname \"br-lan\" ct direction original ct status & snat == 0 counter drop\n");
    has(text, "  iifname \"br-lan\" ct direction reply ct status & dnat == 0 counter drop\n");
    has(text, "  iifname \"br-lan\" ct state invalid,untracked counter drop\n");
    has_not(text, "nfproto ipv4 counter drop");
    r.link_count = 0;
    has_not(text_of(&r), "eth1");
}

static void answers_over_the_link_of_the_question(void **state)
{
    (void)state;
    struct ruleset r = blocking();
    const char *text = text_of(&r);
    has(text,
        "iifname \"eth1\" ct state new meta l4proto != tcp ct mark set ct mark & 0xf0ffffc0 | "
        "0x01000001");
    has(text, "iifname \"eth0\" ip daddr 10.0.1.2 ct state new");
    has(text, "iifname \"eth0\" ip6 daddr 2001:db8::2 ct state new");
    has(text,
        "iifname \"eth0\" ip daddr 10.0.2.2 ct state new tcp flags & (fin|syn|rst|ack) == syn "
        "ct mark set ct mark & 0xf0ffffc0 | 0x01000020");
    has(text, "ct direction reply ct mark & 0x0f00003f == 0x01000020 meta mark set meta mark & "
              "0xf0ffffc0 | 0x01000020");
}

/* In any case of letters, and the domains above it; a name that is none is left out. */
static void lets_questions_for_names_out(void **state)
{
    (void)state;
    char longest[256];
    const char *names[] = { "vps.test", "a..b", longest };
    struct ruleset r = blocking();
    memset(longest, 'x', sizeof longest);
    for (size_t i = 63; i < sizeof longest; i += 64)
        longest[i] = '.';
    longest[253] = '\0';
    r.names = names;
    r.name_count = 3;
    const char *text = text_of(&r);
    has(text, "udp dport 53 @th,160,80 & 0xffdfdfdfffdfdfdfdfff == 0x03565053045445535400");
    has(text, "udp dport 53 @th,160,48 & 0xffdfdfdfdfff == 0x045445535400");
    has(text, "udp dport 53 @th,160,8 & 0xff == 0x00");
    has(text, "meta mark set meta mark & 0xf0ffffc0 | 0x01000021");
    has(text, "meta mark & 0x0f000000 == 0x01000000 return\n  udp dport 53");
    has_not(text, "0x0141");
    /* Where the low bits are somebody else's, others number the links. */
    const struct numbers above = { .mark = 0x005a0000, .mask = 0x00ff3f00 };
    r.numbers = &above;
    text = text_of(&r);
    has(text, "meta mark set meta mark & 0xff00c0ff | 0x005a2100");
    has(text, "meta mark & 0x00ff0000 == 0x005a0000 return\n");
}

/* By the longest of the prefixes that an address is in. */
static void clamps_tcp_to_what_is_not_cut(void **state)
{
    (void)state;
    struct ruleset_fit fits[] = { { prefix("0.0.0.0/0"), 1156 },
                                  { prefix("10.1.0.0/16"), 0 },
                                  { prefix("10.1.2.0/24"), 900 },
                                  { prefix("10.2.0.0/16"), 0 },
                                  { prefix("fd77::2/128"), 1136 } };
    struct ruleset r = { .interface = "hawser0", .numbers = &numbers, .mss_clamp = true };
    const char *text = text_of(&r);
    has(text, "  iifname \"hawser0\" tcp flags & (syn|rst) == syn"
              " tcp option maxseg size set rt mtu\n");
    has_not(text, "maxseg size >");
    r.fits = fits;
    r.fit_count = 5;
    text = text_of(&r);
    has(text, "  oifname \"hawser0\" tcp flags & (syn|rst) == syn"
              " tcp option maxseg size set rt mtu\n");
    has(text, "  iifname \"hawser0\" meta nfproto ipv4 ip saddr != { 10.1.0.0/16, 10.2.0.0/16 }"
              " tcp flags & (syn|rst) == syn"
              " tcp option maxseg size > 1156 tcp option maxseg size set 1156\n");
    has(text, "  oifname \"hawser0\" meta nfproto ipv4 ip daddr != { 10.1.0.0/16, 10.2.0.0/16 }"
              " tcp flags");
    has(text, "  oifname \"hawser0\" meta nfproto ipv4 ip daddr 10.1.2.0/24"
              " tcp flags & (syn|rst) == syn"
              " tcp option maxseg size > 900 tcp option maxseg size set 900\n");
    has(text, "  iifname \"hawser0\" meta nfproto ipv6 ip6 saddr fd77::2/128 tcp flags");
    has(text, "set 1136\n");
    has_not(text, "size set 0");
    r.mss_clamp = false;
    assert_string_equal(text_of(&r), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_empty_without_wishes),
        cmocka_unit_test(translates_a_lan),
        cmocka_unit_test(masquerading_closes_the_tunnel_to_others),
        cmocka_unit_test(holds_back_what_belongs_into_the_tunnel),
        cmocka_unit_test(lets_a_lan_out_by_the_links),
        cmocka_unit_test(answers_over_the_link_of_the_question),
        cmocka_unit_test(lets_questions_for_names_out),
        cmocka_unit_test(clamps_tcp_to_what_is_not_cut),
    };
    if (geteuid() == 0 && unshare(CLONE_NEWNET) < 0)
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
