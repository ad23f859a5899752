/* SPDX-License-Identifier: ISC */
/* Messages between guard and engine: what is encoded comes back, and nothing else is accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/be.h"
#include "base/log.h"
#include "base/rng.h"
#include "ipc/channel.h"
#include "ipc/msg.h"

static const struct netaddr addr4 = { .family = 4, .port = 4297, .addr = { 192, 0, 2, 7 } };
static const struct netaddr addr6 = { .family = 6, .scope = 3, .addr = { 0xfe, 0x80, [15] = 1 } };

static void fill_setup(struct msg *msg)
{
    struct msg_setup *m = &msg->setup;
    strcpy(m->interface, "hawser0");
    strcpy(m->root, "/run/hawser/hawser0.sock.root");
    memset(m->private_key, 0x5a, sizeof m->private_key);
    m->cipher = WIRE_CIPHER_AES256_GCM;
    m->rekey_s = 120;
    m->memory_max_bytes = UINT64_C(5000000000);
    m->mtu_bytes = 1420;
    m->log_level = LOG_LEVEL_INFO;
    m->journal = true;
    m->tun_offload = 3;
    m->udp_gso = true;
    m->uid = 998;
    m->gid = 65534;
}

static void fill_peer(struct msg *msg)
{
    struct msg_peer *m = &msg->peer;
    strcpy(m->name, "home");
    memset(m->public_key, 1, sizeof m->public_key);
    memset(m->preshared_key, 2, sizeof m->preshared_key);
    m->initiate = true;
    m->send_limit_bps = UINT64_C(1) << 40;
    m->receive_limit_bps = 64000;
    m->allowed_count = CONFIG_ALLOWED_MAX;
    for (size_t i = 0; i < CONFIG_ALLOWED_MAX; i++)
        m->allowed[i] = (struct netprefix){ .family = i % 2 == 0 ? 4 : 6, .len = 32 };
}

static void fill_link(struct msg *msg)
{
    struct msg_link *m = &msg->link;
    strcpy(m->link.name, "abcdefghijklmno");
    strcpy(m->why, "interface wwan0 does not exist");
    m->why_code = MSG_LINK_NO_INTERFACE;
    m->link.link = WIRE_PATHS_MAX - 1;
    m->link.carrier = true;
    m->link.has_ipv6 = true;
    m->link.local_ipv4 = addr4;
    m->link.local_ipv6 = addr6;
    m->link.gateway_ipv4 = addr4;
    m->link.gateway_ipv6 = addr6;
    m->link.mtu_bytes = 1500;
    m->link.use = WIRE_PATH_STANDBY;
    m->link.flags = WIRE_PATH_BUSY;
    m->link.cost = WIRE_COST_MAX;
    m->link.limit_up_bps = UINT64_MAX;
}

static void fill_policy(struct msg *msg)
{
    struct msg_policy *m = &msg->policy;
    strcpy(m->name, "calls");
    m->dscps = UINT64_C(1) << 63 | 1;
    m->action.mode = BOND_MODE_SINGLE;
    m->action.class = BOND_CLASS_BULK;
    m->action.fallback = true;
    m->action.link_count = CORE_POLICY_LINKS_MAX;
    for (size_t i = 0; i < CORE_POLICY_LINKS_MAX; i++)
        strcpy(m->action.links[i], "abcdefghijklmno");
    m->step_count = FILTER_STEPS_MAX;
    for (size_t i = 0; i < FILTER_STEPS_MAX; i++)
        m->steps[i] = (struct filter_step){ .code = 6, .jump_true = 1, .k = UINT32_MAX };
}

static void fill_peer_gone(struct msg *m)
{
    memset(m->peer_gone, 8, sizeof m->peer_gone);
}

static void fill_listen(struct msg *m)
{
    m->listen = 7;
}

static void fill_endpoints(struct msg *m)
{
    m->endpoints.count = CORE_ENDPOINTS_MAX;
    for (size_t i = 0; i < CORE_ENDPOINTS_MAX; i++)
        m->endpoints.addrs[i] = i % 2 == 0 ? addr4 : addr6;
}

static void fill_policies(struct msg *m)
{
    m->policy_count = CONFIG_POLICIES_MAX;
}

static void fill_reloaded(struct msg *m)
{
    memset(m->reloaded.text, 'x', MSG_TEXT_MAX);
}

static void fill_resolve(struct msg *m)
{
    memset(m->resolve, 9, sizeof m->resolve);
}

static void fill_mtu(struct msg *m)
{
    m->mtu_bytes = 1436;
}

static void fill_peer_mtu(struct msg *m)
{
    memset(m->peer_mtu.public_key, 9, sizeof m->peer_mtu.public_key);
    m->peer_mtu.mtu_bytes = 1280;
    m->peer_mtu.fit_bytes = 1196;
}

static void fill_state(struct msg *m)
{
    m->state.up = true;
    strcpy(m->state.link, "dsl");
    strcpy(m->state.reason, "answers");
    m->state.remote = addr4;
}

static void fill_tun(struct msg *m)
{
    m->tun_offload = 3;
}

static void fill_restored(struct msg *m)
{
    m->restored.count[RESTORED_ROUTES] = 7;
    m->restored.count[RESTORED_COUNT - 1] = UINT32_MAX;
}

static void fill_quota(struct msg *m)
{
    m->quota = (struct msg_quota){ .link = 3, .bytes = 1, .used_bytes = UINT64_MAX };
}

static void fill_problems(struct msg *m)
{
    m->problems.count = PROBLEMS_MAX;
    for (size_t i = 0; i < PROBLEMS_MAX; i++) {
        memset(m->problems.list[i].code, 'c', PROBLEM_CODE_MAX);
        memset(m->problems.list[i].text, 't', PROBLEM_TEXT_MAX);
    }
}

static void fill_lookup(struct msg *m)
{
    memset(m->lookup.public_key, 4, sizeof m->lookup.public_key);
    strcpy(m->lookup.text, "vps.test cannot be looked up over dsl: no answer");
}

static void fill_choose(struct msg *m)
{
    memset(m->choose.public_key, 3, sizeof m->choose.public_key);
    strcpy(m->choose.link, "lte");
    m->choose.choice = MSG_CHOICE_DOWN;
}

static void fill_usage(struct msg *m)
{
    m->usage = (struct msg_usage){ .link = WIRE_PATHS_MAX - 1, .bytes = MSG_USAGE_BYTES_MAX };
}

static void fill_settings(struct msg *m)
{
    m->settings = (struct msg_settings){ .log_level = LOG_LEVEL_DEBUG,
                                         .mtu_bytes = 9000,
                                         .uplink_bps = 50000000 };
}

static void fill_wish(struct msg *m)
{
    memset(m->wish.public_key, 4, sizeof m->wish.public_key);
    strcpy(m->wish.link, "abcdefghijklmno");
    m->wish.use = WIRE_PATH_DOWN;
}

static void fill_accepted(struct msg *m)
{
    memset(m->accepted.public_key, 6, sizeof m->accepted.public_key);
    m->accepted.count = CORE_ACCEPTED_MAX;
    for (size_t i = 0; i < CORE_ACCEPTED_MAX; i++)
        m->accepted.list[i] = (struct netprefix){ .family = 4, .len = 24, .addr = { 10, 7 } };
}

/* One of every type, with every field in use. */
static struct msg sample(enum msg_type type)
{
    static void (*const fill[MSG_TYPE_END])(struct msg *) = {
        [MSG_SETUP] = fill_setup,       [MSG_PEER_GONE] = fill_peer_gone,
        [MSG_PEER] = fill_peer,         [MSG_LISTEN] = fill_listen,
        [MSG_LINK] = fill_link,         [MSG_ENDPOINTS] = fill_endpoints,
        [MSG_POLICIES] = fill_policies, [MSG_POLICY] = fill_policy,
        [MSG_RELOADED] = fill_reloaded, [MSG_RESOLVE] = fill_resolve,
        [MSG_MTU] = fill_mtu,           [MSG_PEER_MTU] = fill_peer_mtu,
        [MSG_PEER_STATE] = fill_state,  [MSG_PATH_STATE] = fill_state,
        [MSG_SAME_KEY] = fill_state,    [MSG_PATH_SLOW] = fill_state,
        [MSG_TUN] = fill_tun,           [MSG_RESTORED] = fill_restored,
        [MSG_QUOTA] = fill_quota,       [MSG_PROBLEMS] = fill_problems,
        [MSG_LOOKUP] = fill_lookup,     [MSG_CHOOSE] = fill_choose,
        [MSG_USAGE] = fill_usage,       [MSG_SETTINGS] = fill_settings,
        [MSG_WISH] = fill_wish,         [MSG_ACCEPTED] = fill_accepted,
    };
    struct msg m = { .type = type };
    if (fill[type] != NULL)
        fill[type](&m);
    return m;
}

static void comes_back(void **state)
{
    (void)state;
    for (int type = MSG_SETUP; type < MSG_TYPE_END; type++) {
        uint8_t first[MSG_BYTES_MAX];
        uint8_t second[MSG_BYTES_MAX];
        struct msg in = sample((enum msg_type)type);
        struct msg out;
        size_t len = msg_encode(&in, first);
        assert_true(len > 0);
        assert_true(msg_decode(&out, first, len));
        assert_int_equal(out.type, type);
        assert_int_equal(msg_encode(&out, second), len);
        assert_memory_equal(first, second, len);
    }
}

static void refuses_other_lengths(void **state)
{
    (void)state;
    for (int type = MSG_SETUP; type < MSG_TYPE_END; type++) {
        uint8_t data[MSG_BYTES_MAX];
        struct msg in = sample((enum msg_type)type);
        struct msg out;
        size_t len = msg_encode(&in, data);
        for (size_t cut = 0; cut < len; cut += cut < 200 ? 1 : 61)
            assert_false(msg_decode(&out, data, cut));
        data[len] = 0;
        assert_false(msg_decode(&out, data, len + 1));
    }
}

/* As no encoder of ours makes it: the count is the last thing before the prefixes. */
static void one_prefix_too_many(void)
{
    enum { PREFIX_BYTES = 18 };
    static uint8_t data[MSG_BYTES_MAX];
    struct msg m = sample(MSG_PEER);
    struct msg out;
    m.peer.allowed_count = 1;
    size_t one = msg_encode(&m, data);
    uint8_t *prefix = data + one - PREFIX_BYTES;
    for (size_t i = 1; i <= CONFIG_ALLOWED_MAX; i++)
        memcpy(prefix + i * PREFIX_BYTES, prefix, PREFIX_BYTES);
    uint8_t *count = prefix - 2;
    be16_put(count, CONFIG_ALLOWED_MAX);
    assert_true(msg_decode(&out, data, one + (CONFIG_ALLOWED_MAX - 1) * PREFIX_BYTES));
    be16_put(count, CONFIG_ALLOWED_MAX + 1);
    assert_false(msg_decode(&out, data, one + CONFIG_ALLOWED_MAX * PREFIX_BYTES));
}

static void refuses_values_out_of_range(void **state)
{
    (void)state;
    uint8_t data[MSG_BYTES_MAX];
    struct msg m = sample(MSG_LINK);
    struct msg out;
    m.link.link.link = WIRE_PATHS_MAX;
    assert_false(msg_decode(&out, data, msg_encode(&m, data)));
    m = sample(MSG_LINK);
    m.link.link.use = WIRE_PATH_DOWN + 1;
    assert_false(msg_decode(&out, data, msg_encode(&m, data)));
    m = sample(MSG_LINK);
    m.link.link.local_ipv4.family = 5;
    assert_false(msg_decode(&out, data, msg_encode(&m, data)));
    m = sample(MSG_PEER);
    m.peer.allowed[5].len = 129;
    assert_false(msg_decode(&out, data, msg_encode(&m, data)));
    m.peer.allowed_count = CONFIG_ALLOWED_MAX + 1;
    assert_int_equal(msg_encode(&m, data), 0);
    one_prefix_too_many();
    m = sample(MSG_PEER);
    memset(m.peer.name, 'n', sizeof m.peer.name); /* without an end */
    assert_int_equal(msg_encode(&m, data), 0);
    m = sample(MSG_POLICY);
    m.policy.action.class = BOND_CLASS_BULK + 1;
    assert_false(msg_decode(&out, data, msg_encode(&m, data)));
    m = sample(MSG_POLICY);
    m.policy.step_count = FILTER_STEPS_MAX + 1;
    assert_int_equal(msg_encode(&m, data), 0);
    m = sample(MSG_WISH);
    m.wish.use = WIRE_PATH_DOWN + 1;
    assert_false(msg_decode(&out, data, msg_encode(&m, data)));
    m = sample(MSG_SETTINGS);
    m.settings.log_level = LOG_LEVEL_DEBUG + 1;
    assert_false(msg_decode(&out, data, msg_encode(&m, data)));
    m = sample(MSG_USAGE);
    m.usage.bytes = MSG_USAGE_BYTES_MAX + 1; /* more than any link carries */
    assert_false(msg_decode(&out, data, msg_encode(&m, data)));
    m = sample(MSG_ACCEPTED);
    m.accepted.list[31].addr[3] = 1; /* behind the length */
    assert_false(msg_decode(&out, data, msg_encode(&m, data)));
    m.accepted.list[31] = (struct netprefix){ .family = 4, .len = 33 };
    assert_false(msg_decode(&out, data, msg_encode(&m, data)));
    m.accepted.count = CORE_ACCEPTED_MAX + 1;
    assert_int_equal(msg_encode(&m, data), 0);
    data[0] = MSG_TYPE_END;
    assert_false(msg_decode(&out, data, 1));
    data[0] = 0;
    assert_false(msg_decode(&out, data, 1));
}

/* What could end a line, move a cursor or colour a screen: of every message with text. */
static void makes_the_texts_of_a_hostile_engine_plain(void **state)
{
    (void)state;
    static const enum msg_type with_state[] = { MSG_PEER_STATE, MSG_PATH_STATE, MSG_SAME_KEY,
                                                MSG_PATH_SLOW };
    static const char hostile[] = "a\n\33[2J\7\r\x7f\x9b";
    static const char plain[] = "a??[2J????";
    uint8_t data[MSG_BYTES_MAX];
    struct msg m;
    struct msg out;
    for (size_t i = 0; i < sizeof with_state / sizeof with_state[0]; i++) {
        m = sample(with_state[i]);
        strcpy(m.state.link, hostile);
        strcpy(m.state.reason, hostile);
        assert_true(msg_decode(&out, data, msg_encode(&m, data)));
        msg_make_plain(&out);
        assert_string_equal(out.state.link, plain);
        assert_string_equal(out.state.reason, plain);
    }
    m = sample(MSG_CHOOSE);
    strcpy(m.choose.link, hostile);
    assert_true(msg_decode(&out, data, msg_encode(&m, data)));
    msg_make_plain(&out);
    assert_string_equal(out.choose.link, plain);
}

/* Whatever is accepted encodes to the same bytes: nothing has two spellings. */
static void garbage(void **state)
{
    (void)state;
    struct rng rng = { .state = 1 };
    uint8_t data[MSG_BYTES_MAX];
    uint8_t again[MSG_BYTES_MAX];
    struct msg out;
    for (unsigned i = 0; i < 20000; i++) {
        struct msg m = sample((enum msg_type)(MSG_SETUP + rng_below(&rng, MSG_TYPE_END - 1)));
        size_t len = msg_encode(&m, data);
        for (unsigned flips = 0; flips < 3; flips++)
            data[rng_below(&rng, len < 400 ? len : 400)] = (uint8_t)rng_next(&rng);
        if (msg_decode(&out, data, len)) {
            assert_int_equal(msg_encode(&out, again), len);
            assert_memory_equal(data, again, len);
        }
    }
}

static void channel_carries_descriptors(void **state)
{
    (void)state;
    static struct channel_input in;
    struct msg m = sample(MSG_LINK);
    int pair[2];
    int ends[2];
    char byte = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(channel_send(pair[0], &m, &ends[1], 1), 0);
    assert_int_equal(channel_receive(pair[1], &in), 1);
    assert_int_equal(in.msg.type, MSG_LINK);
    assert_int_equal(in.fd_count, 1);
    assert_true(fcntl(in.fds[0], F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(in.fds[0], "x", 1), 1);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    channel_close_fds(&in);
    assert_int_equal(in.fd_count, 0);

    m = sample(MSG_PEER); /* the longest there is */
    assert_int_equal(channel_send(pair[0], &m, NULL, 0), 0);
    assert_int_equal(channel_receive(pair[1], &in), 1);
    assert_int_equal(in.msg.peer.allowed_count, CONFIG_ALLOWED_MAX);

    assert_int_equal(send(pair[0], "garbage", 7, 0), 7);
    assert_int_equal(channel_receive(pair[1], &in), -EBADMSG);
    close(pair[0]);
    assert_int_equal(channel_receive(pair[1], &in), 0);
    close(pair[1]);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(refuses_other_lengths),
        cmocka_unit_test(refuses_values_out_of_range),
        cmocka_unit_test(makes_the_texts_of_a_hostile_engine_plain),
        cmocka_unit_test(garbage),
        cmocka_unit_test(channel_carries_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
