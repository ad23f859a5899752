/* SPDX-License-Identifier: ISC */
/*
 * What the packet filters of others drop, by rule sets as nft -j list ruleset and iptables-save
 * print them of Docker, ufw, firewalld, a plain nftables.conf and the older iptables.
 *
 * usage: test_daemon_firewall DIRECTORY with these files
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "guard/firewall/firewall_explain.h"
#include "guard/firewall/firewall_rules.h"
#include "guard/firewall/firewall_save.h"
#include "guard/firewall/firewall_walk.h"

static const char *folder;

struct file {
    char bytes[65536];
    size_t len;
};

static struct file *file(const char *name)
{
    char path[512];
    struct file *f = malloc(sizeof *f);
    assert_non_null(f);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    f->len = fread(f->bytes, 1, sizeof f->bytes, in);
    assert_true(f->len > 0 && f->len < sizeof f->bytes);
    fclose(in);
    return f;
}

/* Rules of files: .json from nft, .save of IPv4, 6.save of IPv6, legacy.save of the older kind. */
static struct firewall_rules *rules_of(const char *first, const char *second, const char *third)
{
    const char *const names[] = { first, second, third };
    struct firewall_rules *r = firewall_rules_new();
    assert_non_null(r);
    for (size_t i = 0; i < 3 && names[i] != NULL; i++) {
        struct file *f = file(names[i]);
        bool is_json = strstr(names[i], ".json") != NULL;
        assert_int_equal(is_json
                             ? firewall_rules_add_nft(r, f->bytes, f->len, false)
                             : firewall_rules_add_save(r, f->bytes, f->len,
                                                       strstr(names[i], "6.save") != NULL ? 6 : 4,
                                                       strcmp(names[i], "legacy.save") == 0),
                         0);
        free(f);
    }
    return r;
}

static struct firewall_question question(enum firewall_hook hook, const char *other)
{
    struct firewall_question q = { .hook = hook, .tunnel = "hawser0", .port = 4297 };
    snprintf(q.other, sizeof q.other, "%s", other);
    q.asked[FIREWALL_IPV4] = true;
    netaddr_parse(&q.inside[FIREWALL_IPV4], "10.77.0.2");
    netaddr_parse(&q.inside[FIREWALL_IPV6], "fd77::2");
    netaddr_parse(&q.outside[FIREWALL_IPV4], "9.9.9.9");
    netaddr_parse(&q.outside[FIREWALL_IPV6], "2620:fe::9");
    return q;
}

/* What is told of the rules, which are freed; the problems stand one a line. */
static const char *told(struct firewall_rules *r, const struct firewall_question *q)
{
    static char text[PROBLEMS_MAX * (PROBLEM_CODE_MAX + PROBLEM_TEXT_MAX + 4)];
    struct firewall_verdict v;
    struct problem_list l = { 0 };
    firewall_judge(r, q, &v);
    firewall_explain(q, &v, &l);
    firewall_rules_free(r);
    text[0] = '\0';
    for (size_t i = 0; i < l.count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s: %s", i > 0 ? "\n" : "",
                 l.list[i].code, l.list[i].text);
    return text;
}

static struct firewall_rules *rules_of_text(const char *json)
{
    struct firewall_rules *r = firewall_rules_new();
    assert_non_null(r);
    assert_int_equal(firewall_rules_add_nft(r, json, strlen(json), false), 0);
    return r;
}

static struct firewall_rules *rules_of_save(const char *text)
{
    struct firewall_rules *r = firewall_rules_new();
    assert_non_null(r);
    assert_int_equal(firewall_rules_add_save(r, text, strlen(text), 4, false), 0);
    return r;
}

static void docker_drops_both_ways(void **state)
{
    static const char want[] =
        "forward-dropped: IPv4 forwarded between hawser0 and eth0 is dropped by Docker (table ip "
        "filter, chain FORWARD); to open it: iptables -I DOCKER-USER -i hawser0 -j ACCEPT; "
        "iptables -I DOCKER-USER -o hawser0 -j ACCEPT";
    struct firewall_question q = question(FIREWALL_FORWARD, "eth0");
    (void)state;
    assert_string_equal(told(rules_of("docker.json", NULL, NULL), &q), want);
    assert_string_equal(told(rules_of("docker.json", "docker.save", NULL), &q), want);
    snprintf(q.other, sizeof q.other, "docker0"); /* where it lets replies pass */
    assert_string_equal(told(rules_of("docker.json", "docker.save", NULL), &q),
                        "forward-dropped: IPv4 forwarded from hawser0 to docker0 is dropped by "
                        "Docker (table ip filter, chain FORWARD); to open it: iptables -I "
                        "DOCKER-USER -i hawser0 -j ACCEPT");
}

static void a_port_among_many_is_open(void **state)
{
    struct firewall_question q = question(FIREWALL_INPUT, "eth0");
    (void)state;
    assert_string_equal(told(rules_of("docker.save", NULL, NULL), &q), "");
    q.port = 4298;
    assert_string_equal(told(rules_of("docker.save", NULL, NULL), &q),
                        "port-dropped: IPv4 to UDP port 4298 (listen) is dropped by iptables "
                        "(table ip filter, chain INPUT); to open it: iptables -I INPUT -p udp "
                        "--dport 4298 -j ACCEPT");
    /* nft alone does not see what state and multiport match. */
    assert_string_equal(told(rules_of("docker.json", NULL, NULL), &q),
                        "port-dropped: IPv4 to UDP port 4298 (listen) is probably dropped by "
                        "nftables (table ip filter, chain INPUT); to open it: nft insert rule ip "
                        "filter INPUT udp dport 4298 accept");
}

static void ufw_drops_both_families(void **state)
{
    struct firewall_question q = question(FIREWALL_FORWARD, "eth0");
    (void)state;
    q.asked[FIREWALL_IPV6] = true;
    assert_string_equal(told(rules_of("ufw.json", "ufw.save", "ufw6.save"), &q),
                        "forward-dropped: IPv4 and IPv6 forwarded from hawser0 to eth0 is dropped "
                        "by ufw (table ip filter, chain FORWARD); to open it: ufw route allow in "
                        "on hawser0");
    q.inward = true;
    assert_string_equal(told(rules_of("ufw.json", "ufw.save", "ufw6.save"), &q),
                        "forward-dropped: IPv4 and IPv6 forwarded from eth0 to hawser0 is dropped "
                        "by ufw (table ip filter, chain FORWARD); to open it: ufw route allow out "
                        "on hawser0");
    q = question(FIREWALL_INPUT, "eth0");
    assert_string_equal(told(rules_of("ufw.save", NULL, NULL), &q),
                        "port-dropped: IPv4 to UDP port 4297 (listen) is dropped by ufw (table ip "
                        "filter, chain INPUT); to open it: ufw allow 4297/udp");
}

static void nothing_is_told_of_what_was_opened(void **state)
{
    struct firewall_question q = question(FIREWALL_FORWARD, "eth0");
    (void)state;
    assert_string_equal(told(rules_of("ufw-open.save", NULL, NULL), &q), "");
    q.inward = true;
    assert_string_equal(told(rules_of("ufw-open.save", NULL, NULL), &q), "");
    q = question(FIREWALL_INPUT, "eth0");
    assert_string_equal(told(rules_of("ufw-open.save", NULL, NULL), &q), "");
    q = question(FIREWALL_FORWARD, "wan0");
    assert_string_equal(told(rules_of("firewalld-open.json", NULL, NULL), &q), "");
}

/* Without iptables nobody knows what its own matches are: a drop is likely, of a reply it is not.
 */
static void undecided_rules_make_it_likely(void **state)
{
    struct firewall_question q = question(FIREWALL_FORWARD, "eth0");
    struct firewall_verdict v;
    struct firewall_rules *r = rules_of("ufw.json", NULL, NULL);
    (void)state;
    firewall_judge(r, &q, &v);
    assert_true(v.first[FIREWALL_IPV4].dropped);
    assert_true(v.first[FIREWALL_IPV4].likely);
    assert_int_equal(v.first[FIREWALL_IPV4].owner, FIREWALL_UFW);
    assert_false(v.reply[FIREWALL_IPV4].dropped);
    assert_false(v.first[FIREWALL_IPV6].dropped);
    firewall_rules_free(r);
}

static void firewalld_goes_by_zones(void **state)
{
    struct firewall_question q = question(FIREWALL_FORWARD, "wan0");
    (void)state;
    q.asked[FIREWALL_IPV6] = true;
    assert_string_equal(told(rules_of("firewalld.json", NULL, NULL), &q),
                        "forward-dropped: IPv4 and IPv6 forwarded from hawser0 to wan0 is dropped "
                        "by firewalld (table inet firewalld, chain filter_FORWARD); to open it: "
                        "firewall-cmd --permanent --zone=trusted --add-interface=hawser0 && "
                        "firewall-cmd --reload");
    q = question(FIREWALL_FORWARD, "eth0"); /* in the zone of hawser0, which may forward */
    assert_string_equal(told(rules_of("firewalld.json", NULL, NULL), &q), "");
    q = question(FIREWALL_FORWARD, "lan0");
    q.inward = true;
    static const char lan[] =
        "forward-dropped: IPv4 forwarded from lan0 to hawser0 is dropped by firewalld (table inet "
        "firewalld, chain filter_FORWARD); to open it: firewall-cmd --permanent --zone=trusted "
        "--add-interface=hawser0 --add-interface=lan0 && firewall-cmd --reload";
    assert_string_equal(told(rules_of("firewalld.json", NULL, NULL), &q), lan);
    assert_string_equal(told(rules_of("firewalld-open.json", NULL, NULL), &q), lan);
    assert_string_equal(told(rules_of("firewalld-lan.json", NULL, NULL), &q), "");
    q = question(FIREWALL_INPUT, "eth0");
    assert_string_equal(told(rules_of("firewalld.json", NULL, NULL), &q),
                        "port-dropped: IPv4 to UDP port 4297 (listen) is dropped by firewalld "
                        "(table inet firewalld, chain filter_INPUT); to open it: firewall-cmd "
                        "--permanent --add-port=4297/udp && firewall-cmd --reload");
}

static void a_policy_of_nftables_conf(void **state)
{
    struct firewall_question q = question(FIREWALL_FORWARD, "");
    (void)state;
    q.asked[FIREWALL_IPV6] = true;
    assert_string_equal(told(rules_of("debian.json", NULL, NULL), &q),
                        "forward-dropped: IPv4 and IPv6 forwarded between hawser0 and other "
                        "interfaces is dropped by nftables (table inet filter, chain forward); to "
                        "open it: nft insert rule inet filter forward iifname hawser0 accept; nft "
                        "insert rule inet filter forward oifname hawser0 accept");
    q = question(FIREWALL_INPUT, "eth0");
    assert_string_equal(told(rules_of("debian.json", NULL, NULL), &q),
                        "port-dropped: IPv4 to UDP port 4297 (listen) is dropped by nftables "
                        "(table inet filter, chain input); to open it: nft insert rule inet filter "
                        "input udp dport 4297 accept");
}

static void sets_and_maps_are_looked_up(void **state)
{
    struct firewall_question q = question(FIREWALL_FORWARD, "eth0");
    (void)state;
    assert_string_equal(told(rules_of("zones.json", NULL, NULL), &q), ""); /* a pair; ct state */
    q = question(FIREWALL_FORWARD, "wan9");
    assert_non_null(strstr(told(rules_of("zones.json", NULL, NULL), &q), "between hawser0 and"));
    q = question(FIREWALL_FORWARD, "lan0");
    q.inward = true; /* by the map, and "hawser*"; a reply has no pair */
    assert_non_null(strstr(told(rules_of("zones.json", NULL, NULL), &q),
                           "IPv4 forwarded from hawser0 to lan0 is dropped"));
    q = question(FIREWALL_FORWARD, "eth0");
    netaddr_parse(&q.inside[FIREWALL_IPV4], "198.51.100.7"); /* banned */
    assert_non_null(strstr(told(rules_of("zones.json", NULL, NULL), &q), "from hawser0 to eth0"));
    q = question(FIREWALL_INPUT, "eth0");
    assert_string_equal(told(rules_of("zones.json", NULL, NULL), &q), ""); /* 4000-4999 */
    q.port = 53;
    assert_non_null(strstr(told(rules_of("zones.json", NULL, NULL), &q), "port 53 (listen) is dr"));
}

/* Without its elements a set may hold anything. */
static void a_set_without_elements_is_undecided(void **state)
{
    struct firewall_question q = question(FIREWALL_INPUT, "eth0");
    struct firewall_rules *r = firewall_rules_new();
    static const char json[] =
        "{\"nftables\":[{\"set\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"s\"}},"
        "{\"chain\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"in\",\"hook\":\"input\","
        "\"prio\":0,\"policy\":\"drop\"}},"
        "{\"rule\":{\"family\":\"inet\",\"table\":\"t\",\"chain\":\"in\",\"expr\":["
        "{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"udp\",\"field\":\"dport\"}"
        "}"
        ",\"right\":\"@s\"}},{\"accept\":null}]}}]}";
    (void)state;
    assert_int_equal(firewall_rules_add_nft(r, json, sizeof json - 1, true), 0);
    assert_non_null(strstr(told(r, &q), "is probably dropped"));
    assert_non_null(strstr(told(rules_of_text(json), &q), "is dropped")); /* it is empty */
}

static void the_older_iptables(void **state)
{
    struct firewall_question q = question(FIREWALL_FORWARD, "eth0");
    (void)state;
    assert_string_equal(told(rules_of("legacy.save", NULL, NULL), &q),
                        "forward-dropped: IPv4 forwarded from hawser0 to eth0 is dropped by "
                        "iptables (table ip filter, chain FORWARD); to open it: iptables-legacy -I "
                        "FORWARD -i hawser0 -j ACCEPT");
    snprintf(q.tunnel, sizeof q.tunnel, "wg0"); /* its name and address are let through */
    assert_string_equal(told(rules_of("legacy.save", NULL, NULL), &q), "");
    netaddr_parse(&q.inside[FIREWALL_IPV4], "10.78.0.2");
    assert_non_null(strstr(told(rules_of("legacy.save", NULL, NULL), &q), "-i wg0"));
    q = question(FIREWALL_INPUT, "eth0");
    struct firewall_rules *r = rules_of("legacy.save", NULL, NULL);
    firewall_rules_legacy_default(r, true);
    assert_string_equal(told(r, &q), "port-dropped: IPv4 to UDP port 4297 (listen) is dropped by "
                                     "iptables (table ip filter, chain INPUT); to open it: "
                                     "iptables -I INPUT -p udp --dport 4297 -j ACCEPT");
    r = rules_of("docker.json", "docker.save", NULL);
    firewall_rules_legacy_default(r, true);
    q = question(FIREWALL_FORWARD, "eth0");
    assert_non_null(strstr(told(r, &q), "iptables-nft -I DOCKER-USER -i"));
}

/* To accept is the end of one base chain only. */
static void every_base_chain_must_accept(void **state)
{
    struct firewall_question q = question(FIREWALL_FORWARD, "eth0");
    struct firewall_rules *r = rules_of("ufw-open.save", "debian.json", NULL);
    (void)state;
    assert_non_null(strstr(told(r, &q), "by nftables (table inet filter, chain forward)"));
    r = rules_of("firewalld-open.json", "debian.json", NULL); /* of a lower priority */
    assert_non_null(strstr(told(r, &q), "by nftables (table inet filter, chain forward)"));
    r = rules_of("firewalld.json", "debian.json", NULL);
    assert_non_null(strstr(told(r, &q), "by nftables (table inet filter, chain forward)"));
}

static void our_own_tables_are_left_out(void **state)
{
    struct firewall_question q = question(FIREWALL_FORWARD, "eth0");
    static const char format[] =
        "{\"nftables\":[{\"chain\":{\"family\":\"inet\",\"table\":\"%s\",\"name\":\"f\","
        "\"hook\":\"forward\",\"prio\":0,\"policy\":\"drop\"}}]}";
    char json[256];
    (void)state;
    snprintf(json, sizeof json, format, "hawser_hawser0");
    assert_string_equal(told(rules_of_text(json), &q), "");
    snprintf(json, sizeof json, format, "hawser");
    assert_string_not_equal(told(rules_of_text(json), &q), "");
}

static void names_that_no_command_can_hold(void **state)
{
    struct firewall_question q = question(FIREWALL_FORWARD, "eth0");
    char json[1024];
    char name[300];
    (void)state;
    snprintf(
        json, sizeof json,
        "{\"nftables\":[{\"chain\":{\"family\":\"ip\",\"table\":\"a;reboot\",\"name\":\"\\u001b"
        "x\",\"hook\":\"forward\",\"prio\":0,\"policy\":\"drop\"}}]}");
    assert_non_null(strstr(told(rules_of_text(json), &q),
                           "(table ip a;reboot, chain ?x); to open it: accept it before that"));
    memset(name, 'n', 255);
    name[255] = '\0';
    snprintf(json, sizeof json,
             "{\"nftables\":[{\"chain\":{\"family\":\"ip\",\"table\":\"%s\",\"name\":\"%s\","
             "\"hook\":\"forward\",\"prio\":0,\"policy\":\"drop\"}}]}",
             name, name);
    assert_non_null(strstr(told(rules_of_text(json), &q), "to open it: accept it before that"));
}

/* A rule of iptables-save in chain FORWARD, whose policy drops; replies pass. */
static const char *told_of_rule(const char *rule, const struct firewall_question *q)
{
    char text[8192];
    snprintf(text, sizeof text,
             "*nat\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j ACCEPT\nCOMMIT\n*filter\n"
             ":FORWARD DROP [1:2]\n:own - [0:0]\n-A FORWARD -o hawser0 -j ACCEPT\n%s\nCOMMIT\n",
             rule);
    return told(rules_of_save(text), q);
}

static void rules_of_iptables_save(void **state)
{
    static const struct {
        const char *rule;
        char told; /* "-" nothing, "p" probably, "d" dropped */
    } cases[] = {
        { "-A FORWARD -j ACCEPT", '-' },
        { "-A FORWARD -i hawser+ -j ACCEPT", '-' },
        { "-A FORWARD ! -i eth0 -j ACCEPT", '-' },
        { "-A FORWARD ! -i hawser0 -j ACCEPT", 'd' },
        { "-A FORWARD -s 10.77.0.0/16 -d 0.0.0.0/0 -j ACCEPT", '-' },
        { "-A FORWARD ! -s 10.77.0.0/16 -j ACCEPT", 'd' },
        { "-A FORWARD -s 10.0.0.0/255.0.255.0 -j ACCEPT", 'p' },
        { "-A FORWARD -p udp -j ACCEPT", 'd' },
        { "-A FORWARD -p 6 -j ACCEPT", '-' },
        { "-A FORWARD -p all -j ACCEPT", '-' },
        { "-A FORWARD -p tcp -m tcp --dport 400:500 -j ACCEPT", '-' },
        { "-A FORWARD -p tcp -m tcp --dport :500 -j ACCEPT", '-' },
        { "-A FORWARD -p tcp -m tcp --dport 500: -j ACCEPT", 'd' },
        { "-A FORWARD -p tcp -m multiport ! --dports 25,465 -j ACCEPT", '-' },
        { "-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j ACCEPT", 'p' },
        { "-A FORWARD -m conntrack ! --ctstate INVALID -j ACCEPT", '-' },
        { "-A FORWARD -m comment --comment \"let \\\"it\\\" -j DROP\" -j ACCEPT", '-' },
        { "-A FORWARD -m socket -j ACCEPT", 'p' },
        { "-A FORWARD -m set --match-set good src -j ACCEPT", 'p' },
        { "-A FORWARD -m mark --mark 0x1/0xff -j ACCEPT", 'p' },
        { "-A FORWARD -m addrtype --dst-type LOCAL -j ACCEPT", 'd' },
        { "-A FORWARD -m addrtype ! --dst-type LOCAL -j ACCEPT", '-' },
        { "-A FORWARD -j own\n-A own -i eth0 -j RETURN\n-A own -j ACCEPT", '-' },
        { "-A FORWARD -j own\n-A own -i hawser0 -j RETURN\n-A own -j ACCEPT", 'd' },
        { "-A FORWARD -g own\n-A FORWARD -j ACCEPT", 'd' },
        { "-A FORWARD -j own\n-A own -m mark --mark 1 -j RETURN\n-A own -j DROP\n"
          "-A FORWARD -j ACCEPT",
          '-' },
        { "-A FORWARD -m mark --mark 1 -j own\n-A own -j ACCEPT", 'p' },
        { "-A FORWARD -m mark --mark 1 -j own\n-A own -j DROP\n-A FORWARD -j ACCEPT", '-' },
        { "-A FORWARD -j LOG --log-prefix \"a -j ACCEPT\"", 'd' },
        { "-A FORWARD -j MARK --set-xmark 0x1/0xffffffff\n-A FORWARD -j ACCEPT", '-' },
        { "-A FORWARD -j NFQUEUE --queue-num 1", '-' },
        { "-A FORWARD -j REJECT\n-A FORWARD -j ACCEPT", 'd' },
        { "-A FORWARD", 'd' },
        { "-A", 'd' },
        { "-A FORWARD -j", 'd' },
        { "-A FORWARD \"", 'd' },
        { "-A FORWARD -m comment --comment \xff\xfe -j ACCEPT", '-' },
    };
    struct firewall_question q = question(FIREWALL_FORWARD, "eth0");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text = told_of_rule(cases[i].rule, &q);
        char is = text[0] == '\0' ? '-' : strstr(text, "probably") != NULL ? 'p' : 'd';
        if (is != cases[i].told)
            fail_msg("%s: %s", cases[i].rule, text);
    }
}

static void a_rule_too_long_is_undecided(void **state)
{
    struct firewall_question q = question(FIREWALL_FORWARD, "eth0");
    char rule[6000];
    (void)state;
    memset(rule, 'x', sizeof rule);
    memcpy(rule, "-A FORWARD -i ", 14);
    rule[sizeof rule - 1] = '\0';
    assert_non_null(strstr(told_of_rule(rule, &q), "probably"));
    for (size_t i = 11; i + 2 < sizeof rule; i += 2)
        memcpy(rule + i, "a ", 2); /* as many words */
    rule[3000] = '\0';
    assert_non_null(strstr(told_of_rule(rule, &q), "probably"));
}

/* Each stands before accept in a chain that drops the rest. Told: d a drop, p perhaps one, - none.
 */
static const struct {
    const char *statement;
    char told;
} conditions[] = {
    { "{\"counter\":null}", '-' },
    { "{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"nfproto\"}},\"right\":\"ipv4\"}"
      "}",
      '-' },
    { "{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"l4proto\"}},\"right\":{\"set\":["
      "6,17]}}}",
      '-' },
    { "{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"ip6\",\"field\":"
      "\"saddr\"}},\"right\":\"fd77::2\"}}",
      'd' },
    { "{\"match\":{\"op\":\"!=\",\"left\":{\"payload\":{\"protocol\":\"ip6\",\"field\":"
      "\"saddr\"}},\"right\":\"fd77::2\"}}",
      'd' },
    { "{\"match\":{\"op\":\"!=\",\"left\":{\"payload\":{\"protocol\":\"udp\",\"field\":"
      "\"dport\"}},\"right\":53}}",
      'd' },
    { "{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"ip\",\"field\":"
      "\"saddr\"}},\"right\":{\"range\":[\"10.77.0.1\",\"10.77.0.9\"]}}}",
      '-' },
    { "{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"ip\",\"field\":"
      "\"saddr\"}},\"right\":{\"set\":[{\"elem\":{\"val\":\"10.77.0.2\",\"timeout\":9}}]}}}",
      '-' },
    { "{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"ip\",\"field\":"
      "\"ttl\"}},\"right\":64}}",
      'p' },
    { "{\"match\":{\"op\":\">=\",\"left\":{\"payload\":{\"protocol\":\"tcp\",\"field\":"
      "\"dport\"}},\"right\":443}}",
      '-' },
    { "{\"match\":{\"op\":\">\",\"left\":{\"payload\":{\"protocol\":\"tcp\",\"field\":"
      "\"dport\"}},\"right\":443}}",
      'd' },
    { "{\"match\":{\"op\":\"<\",\"left\":{\"payload\":{\"protocol\":\"tcp\",\"field\":"
      "\"dport\"}},\"right\":1024}}",
      '-' },
    { "{\"match\":{\"op\":\"==\",\"left\":{\"&\":[{\"meta\":{\"key\":\"mark\"}},255]},"
      "\"right\":"
      "1}}",
      'p' },
    { "{\"match\":{\"op\":\"in\",\"left\":{\"ct\":{\"key\":\"status\"}},\"right\":\"dnat\"}}",
      'd' },
    { "{\"match\":{\"op\":\"==\",\"left\":{\"ct\":{\"key\":\"direction\"}},\"right\":"
      "\"original\"}}",
      '-' },
    { "{\"match\":{\"op\":\"==\",\"left\":{\"fib\":{\"result\":\"type\",\"flags\":[\"daddr\"]}}"
      ","
      "\"right\":\"local\"}}",
      'd' },
    { "{\"match\":{\"op\":\"==\",\"left\":{\"concat\":[{\"meta\":{\"key\":\"iifname\"}},{"
      "\"meta\""
      ":{\"key\":\"mark\"}}]},\"right\":{\"set\":[{\"concat\":[\"hawser0\",1]}]}}}",
      'p' },
    { "{\"limit\":{\"rate\":1,\"per\":\"second\"}}", 'p' },
    { "{\"xt\":null}", 'p' },
    { "{\"xt\":{\"type\":\"match\",\"name\":\"comment\"}}", '-' },
    { "{\"xt\":{\"type\":\"target\",\"name\":\"REJECT\"}}", 'd' },
    { "{\"something new\":{}}", 'p' },
    { "{\"match\":{\"op\":\"==\",\"left\":null,\"right\":null}}", 'p' },
    { "{\"match\":5}", 'p' },
    { "7", '-' },
    { "{\"vmap\":{\"key\":{\"meta\":{\"key\":\"iifname\"}},\"data\":{\"set\":[[\"hawser*\",{"
      "\"drop\":null}]]}}}",
      'd' },
    { "{\"vmap\":{\"key\":{\"meta\":{\"key\":\"mark\"}},\"data\":{\"set\":[[1,{\"accept\":null"
      "}]]}}},{\"drop\":null}",
      'p' },
    { "{\"vmap\":{\"key\":{\"meta\":{\"key\":\"iifname\"}},\"data\":{\"set\":[[\"*\",{"
      "\"accept\""
      ":null}],[\"eth0\",{\"drop\":null}]]}}}",
      '-' },
};

/* Conditions of nft: the rule accepts, and the policy drops. */
static void conditions_of_nft(void **state)
{
    struct firewall_question q = question(FIREWALL_FORWARD, "eth0");
    char json[2048];
    (void)state;
    q.inside[FIREWALL_IPV4].port = 0;
    for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
        struct firewall_verdict v;
        snprintf(json, sizeof json,
                 "{\"nftables\":[{\"chain\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"f\","
                 "\"hook\":\"forward\",\"prio\":0,\"policy\":\"drop\"}},{\"rule\":{\"family\":"
                 "\"inet\",\"table\":\"t\",\"chain\":\"f\",\"expr\":[%s,{\"accept\":null}]}}]}",
                 conditions[i].statement);
        assert_int_equal(firewall_parse(json, strlen(json), &q, &v), 0);
        const struct firewall_drop *d = &v.first[FIREWALL_IPV4];
        char is = !d->dropped ? '-' : d->likely ? 'p' : 'd';
        if (is != conditions[i].told)
            fail_msg("%s: %c", conditions[i].statement, is);
    }
}

static void what_is_no_rule_set(void **state)
{
    static const char *const texts[] = {
        "", "{", "[]", "{}", "null", "{\"nftables\":{}}", "{\"nftables\":[]", "Error: no"
    };
    static const char *const odd[] = {
        "{\"nftables\":[]}",
        "{\"nftables\":[1,null,\"x\",[],{}]}",
        "{\"nftables\":[{\"chain\":null},{\"rule\":[]},{\"set\":7},{\"map\":{\"family\":\"ip\"}}]}",
        "{\"nftables\":[{\"chain\":{\"family\":\"ip\",\"table\":\"t\",\"name\":5}}]}",
        "{\"nftables\":[{\"chain\":{\"family\":\"ip\",\"table\":\"t\",\"name\":\"f\",\"hook\":[],"
        "\"policy\":{},\"prio\":\"x\"}},{\"rule\":{\"family\":\"ip\",\"table\":\"t\",\"chain\":"
        "\"f\",\"expr\":\"accept\"}}]}",
    };
    struct firewall_question q = question(FIREWALL_FORWARD, "eth0");
    struct firewall_verdict v;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(firewall_parse(texts[i], strlen(texts[i]), &q, &v), -EINVAL);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        assert_int_equal(firewall_parse(odd[i], strlen(odd[i]), &q, &v), 0);
        assert_false(v.first[FIREWALL_IPV4].dropped);
    }
}

/*
 * Each chain jumps to the next one three times, and the last to the first. Nobody follows all ways:
 * without a limit this would not end.
 */
static void ways_without_end_are_given_up(void **state)
{
    enum { CHAINS = 40 };
    struct firewall_question q = question(FIREWALL_FORWARD, "eth0");
    struct firewall_verdict v;
    static char json[65536];
    size_t at =
        (size_t)sprintf(json, "{\"nftables\":[{\"chain\":{\"family\":\"ip\",\"table\":\"t\","
                              "\"name\":\"c0\",\"hook\":\"forward\",\"policy\":\"drop\"}}");
    (void)state;
    for (int i = 0; i < CHAINS; i++)
        for (int j = 0; j < 3; j++)
            at += (size_t)sprintf(json + at,
                                  ",{\"rule\":{\"family\":\"ip\",\"table\":\"t\",\"chain\":\"c%d\","
                                  "\"expr\":[{\"jump\":{\"target\":\"c%d\"}}]}}",
                                  i, (i + 1) % CHAINS);
    at += (size_t)sprintf(json + at, "]}");
    assert_int_equal(firewall_parse(json, at, &q, &v), 0);
    assert_false(v.first[FIREWALL_IPV4].dropped);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(docker_drops_both_ways),
        cmocka_unit_test(a_port_among_many_is_open),
        cmocka_unit_test(ufw_drops_both_families),
        cmocka_unit_test(nothing_is_told_of_what_was_opened),
        cmocka_unit_test(undecided_rules_make_it_likely),
        cmocka_unit_test(firewalld_goes_by_zones),
        cmocka_unit_test(a_policy_of_nftables_conf),
        cmocka_unit_test(sets_and_maps_are_looked_up),
        cmocka_unit_test(a_set_without_elements_is_undecided),
        cmocka_unit_test(the_older_iptables),
        cmocka_unit_test(every_base_chain_must_accept),
        cmocka_unit_test(our_own_tables_are_left_out),
        cmocka_unit_test(names_that_no_command_can_hold),
        cmocka_unit_test(rules_of_iptables_save),
        cmocka_unit_test(a_rule_too_long_is_undecided),
        cmocka_unit_test(conditions_of_nft),
        cmocka_unit_test(what_is_no_rule_set),
        cmocka_unit_test(ways_without_end_are_given_up),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return 2;
    }
    folder = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
