/* SPDX-License-Identifier: ISC */
/* Filters and policies: which packets match, by what they are and where their fragments belong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/ip.h"
#include "engine/policy.h"

enum { UDP = 17, TCP = 6, FRAGMENT = 44, MORE = 0x2000 };

static struct pkt_pool *pool;
static struct policy_set set;

static int begin(void **state)
{
    (void)state;
    pool = pkt_pool_new(16, 1);
    memset(&set, 0, sizeof set);
    return pool == NULL ? -1 : 0;
}

static int end(void **state)
{
    (void)state;
    bool clean = pkt_pool_used(pool) == 0;
    policy_set_clear(&set);
    pkt_pool_free(pool);
    return clean ? 0 : -1;
}

/* A policy of a set in the making; match NULL: everything. */
static void add(struct policy_set *s, const char *name, const char *match, uint64_t dscps)
{
    struct msg_policy m = { .dscps = dscps };
    char error[FILTER_ERROR_BYTES];
    struct filter f = { 0 };
    strcpy(m.name, name);
    if (match != NULL)
        assert_int_equal(filter_compile(&f, match, error), 0);
    m.step_count = f.count;
    if (f.count > 0)
        memcpy(m.steps, f.steps, f.count * sizeof f.steps[0]);
    filter_free(&f);
    assert_int_equal(policy_set_add(s, &m), 0);
}

struct packet {
    uint8_t family;
    uint8_t protocol;
    uint8_t dscp;
    uint16_t port;     /* the destination's */
    uint16_t fragment; /* as in IPv4's header */
    uint16_t id;
};

static struct pkt *make(const struct packet *p)
{
    struct pkt *pkt = pkt_new(pool, 100);
    assert_non_null(pkt);
    uint8_t *d = pkt->data;
    uint8_t *l4 = d + (p->family == 4 ? 20 : 40);
    memset(d, 0, 100);
    pkt->len_bytes = 100;
    if (p->family == 4) {
        d[0] = 0x45;
        d[1] = (uint8_t)(p->dscp << 2);
        be16_put(d + 2, 100);
        be16_put(d + 4, p->id);
        be16_put(d + 6, p->fragment);
        d[9] = p->protocol;
        memcpy(d + 12, (uint8_t[]){ 10, 0, 0, 1, 10, 0, 0, 2 }, 8);
    } else {
        d[0] = (uint8_t)(0x60 | p->dscp >> 2);
        d[1] = (uint8_t)(p->dscp << 6);
        be16_put(d + 4, 60);
        d[6] = p->protocol;
        d[8] = d[24] = 0xfd;
        if (p->fragment != 0 || p->id != 0) {
            d[6] = FRAGMENT;
            l4[0] = p->protocol;
            be16_put(l4 + 2, (uint16_t)(p->fragment << 3 | (p->fragment & MORE) >> 13));
            be16_put(l4 + 6, p->id);
            l4 += 8;
        }
    }
    be16_put(l4 + 2, p->port);
    be16_put(l4 + 4, 8);
    if (p->protocol == TCP)
        l4[12] = 0x50;
    ip_parse(pkt);
    return pkt;
}

static unsigned match(struct packet p)
{
    struct pkt *pkt = make(&p);
    policy_set_match(&set, pkt);
    unsigned number = pkt->policy;
    pkt_put(pkt);
    return number;
}

static void use(void)
{
    static const struct policy_set none;
    assert_true(policy_set_complete(&set));
    policy_set_follow(&set, &none);
}

static void the_first_that_matches_counts(void **state)
{
    (void)state;
    assert_int_equal(policy_set_begin(&set, 3), 0);
    add(&set, "sip", "udp port 5060", 0);
    add(&set, "ef", NULL, UINT64_C(1) << 46);
    add(&set, "udp", "udp", 0);
    use();
    for (uint8_t family = 4; family <= 6; family += 2) {
        assert_int_equal(match((struct packet){ family, UDP, 0, 5060, 0, 0 }), 1);
        assert_int_equal(match((struct packet){ family, UDP, 46, 5060, 0, 0 }), 1);
        assert_int_equal(match((struct packet){ family, UDP, 46, 53, 0, 0 }), 2);
        assert_int_equal(match((struct packet){ family, TCP, 46, 5060, 0, 0 }), 2);
        assert_int_equal(match((struct packet){ family, UDP, 45, 53, 0, 0 }), 3);
        assert_int_equal(match((struct packet){ family, TCP, 47, 53, 0, 0 }), 0);
    }
    assert_int_equal(set.list[0].packets, 4);
    assert_int_equal(set.list[0].bytes, 400);
    assert_int_equal(set.list[1].packets, 4);
    assert_int_equal(set.list[2].packets, 2);
}

static void filters_and_dscp_must_both_match(void **state)
{
    (void)state;
    assert_int_equal(policy_set_begin(&set, 1), 0);
    add(&set, "both", "tcp", UINT64_C(1) << 8 | 1);
    use();
    assert_int_equal(match((struct packet){ 4, TCP, 0, 80, 0, 0 }), 1);
    assert_int_equal(match((struct packet){ 6, TCP, 8, 80, 0, 0 }), 1);
    assert_int_equal(match((struct packet){ 6, TCP, 9, 80, 0, 0 }), 0);
    assert_int_equal(match((struct packet){ 4, UDP, 8, 80, 0, 0 }), 0);
}

static void fragments_follow_their_first(void **state)
{
    (void)state;
    assert_int_equal(policy_set_begin(&set, 2), 0);
    add(&set, "sip", "udp port 5060", 0);
    add(&set, "rest", NULL, 0);
    use();
    assert_int_equal(match((struct packet){ 4, UDP, 0, 5060, MORE, 7 }), 1);
    assert_int_equal(match((struct packet){ 4, UDP, 0, 0, MORE | 10, 7 }), 1);
    assert_int_equal(match((struct packet){ 4, UDP, 0, 0, 20, 7 }), 1);
    assert_int_equal(match((struct packet){ 4, UDP, 0, 0, 20, 8 }), 2); /* of another datagram */
    assert_int_equal(match((struct packet){ 4, UDP, 0, 53, MORE, 7 }), 2);
    assert_int_equal(match((struct packet){ 4, UDP, 0, 0, 10, 7 }), 2);
}

static void ipv6_fragments_follow_too(void **state)
{
    (void)state;
    assert_int_equal(policy_set_begin(&set, 2), 0);
    add(&set, "first", "ip6[42:2] & 0xfff8 = 0", 0);
    add(&set, "rest", NULL, 0);
    use();
    assert_int_equal(match((struct packet){ 6, UDP, 0, 5060, MORE, 7 }), 1);
    assert_int_equal(match((struct packet){ 6, UDP, 0, 0, 10, 7 }), 1);
    assert_int_equal(match((struct packet){ 6, UDP, 0, 0, 10, 9 }), 2);
}

static void no_ip_is_nobodys(void **state)
{
    (void)state;
    assert_int_equal(policy_set_begin(&set, 1), 0);
    add(&set, "rest", NULL, 0);
    use();
    struct pkt *pkt = pkt_new(pool, 100);
    assert_non_null(pkt);
    memset(pkt->data, 0x45, 100);
    for (pkt->len_bytes = 0; pkt->len_bytes < 20; pkt->len_bytes++) {
        ip_parse(pkt);
        policy_set_match(&set, pkt);
        assert_int_equal(pkt->policy, 0);
    }
    pkt->data[0] = 0x75;
    pkt->len_bytes = 100;
    ip_parse(pkt);
    policy_set_match(&set, pkt);
    assert_int_equal(pkt->policy, 0);
    pkt_put(pkt);
}

static void names_keep_numbers_and_counters(void **state)
{
    (void)state;
    static struct policy_set next;
    struct core_policy actions[CORE_POLICIES_MAX];
    assert_int_equal(policy_set_begin(&set, 2), 0);
    add(&set, "a", "udp", 0);
    add(&set, "b", "tcp", 0);
    use();
    assert_int_equal(match((struct packet){ 4, TCP, 0, 80, 0, 0 }), 2);
    assert_int_equal(policy_set_begin(&next, 2), 0);
    add(&next, "c", "icmp", 0);
    add(&next, "b", "tcp", 0);
    policy_set_follow(&next, &set);
    assert_int_equal(next.list[0].number, 3); /* of a packets may wait still */
    assert_int_equal(next.list[1].number, 2);
    assert_int_equal(next.list[1].packets, 1);
    next.list[0].action.used = next.list[1].action.used = true;
    policy_set_actions(&next, actions);
    assert_false(actions[0].used);
    assert_true(actions[1].used && actions[2].used);
    policy_set_clear(&next);
}

static void refuses_what_must_not_run(void **state)
{
    (void)state;
    static struct msg_policy m = { .step_count = 1 };
    assert_int_equal(policy_set_begin(&set, CONFIG_POLICIES_MAX + 1), -EINVAL);
    assert_int_equal(policy_set_begin(&set, 1), 0);
    m.steps[0] = (struct filter_step){ .code = 0x05, .k = 1000 }; /* a jump out of the program */
    assert_int_equal(policy_set_add(&set, &m), -EBADMSG);
    m.steps[0] = (struct filter_step){ .code = 0x06, .k = 1 }; /* return 1 */
    assert_int_equal(policy_set_add(&set, &m), 0);
    assert_int_equal(policy_set_add(&set, &m), -EBADMSG); /* one too many */
}

static void filters_say_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } filters[] = {
        { "udp port 5060", true },
        { "host 10.0.0.1 and not tcp", true },
        { "net fd77::/64 or net 192.168.0.0/16", true },
        { "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", true },
        { "udp port sip", true },
        { "ip[8] - 1 > 4 && greater 100", true },
        { "udp portrange 5060-5070", true },
        { "host example.net", false },
        { "example", false },
        { "src host a or b", false },
        { "vlan 3", false },
        { "udp port", false },
        { "", false },
        { " ", false },
        { "(", false },
    };
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        struct filter f;
        char error[FILTER_ERROR_BYTES] = "";
        int rc = filter_compile(&f, filters[i].text, error);
        if ((rc == 0) != filters[i].good || (rc == 0) != (error[0] == '\0'))
            fail_msg("%s: %d %s", filters[i].text, rc, error);
        assert_true(filter_is_valid(&f));
        filter_free(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_that_matches_counts, begin, end),
        cmocka_unit_test_setup_teardown(filters_and_dscp_must_both_match, begin, end),
        cmocka_unit_test_setup_teardown(fragments_follow_their_first, begin, end),
        cmocka_unit_test_setup_teardown(ipv6_fragments_follow_too, begin, end),
        cmocka_unit_test_setup_teardown(no_ip_is_nobodys, begin, end),
        cmocka_unit_test_setup_teardown(names_keep_numbers_and_counters, begin, end),
        cmocka_unit_test_setup_teardown(refuses_what_must_not_run, begin, end),
        cmocka_unit_test(filters_say_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
