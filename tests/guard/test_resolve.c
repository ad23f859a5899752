/* SPDX-License-Identifier: ISC */
/*
 * Looking names up, in namespaces of its own: numbers as names, which need no name server; names
 * that nobody knows; name servers behind links, of which one is dead; a forwarder on this machine.
 * This program is also the one that looks up, as hawserd is. Needs root; else exits 77 (skipped).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/lookup/lookup_program.h"
#include "guard/lookup/resolve.h"
#include "ipc/helper.h"

enum { SKIPPED = 77, NOBODY = 65534, PATIENCE_S = 40 };

static struct loop loop;
static char directory[] = "/tmp/hawser-resolve-XXXXXX";

struct result {
    unsigned calls;
    struct netaddr addrs[CORE_ENDPOINTS_MAX];
    size_t count;
    char text[RESOLVER_TEXT_MAX + 1]; /* of the last failure */
    unsigned texts;
    unsigned kept;
    bool online;
    size_t way_count;
    struct lookup_way ways[2];
    int steered[16]; /* the slots in their order */
    size_t steer_count;
    struct addresses *addresses;
};

static void found(void *arg, const struct config_peer *peer, const struct netaddr *addrs,
                  size_t count)
{
    struct result *r = arg;
    assert_string_equal(peer->name, "vps");
    assert_true(count <= CORE_ENDPOINTS_MAX);
    r->calls++;
    r->count = count;
    memcpy(r->addrs, addrs, count * sizeof *addrs);
}

static void failing(void *arg, const struct config_peer *peer, const char *text)
{
    struct result *r = arg;
    assert_string_equal(peer->name, "vps");
    r->texts++;
    snprintf(r->text, sizeof r->text, "%s", text);
}

static void kept(void *arg)
{
    struct result *r = arg;
    r->kept++;
}

static size_t ways(void *arg, struct lookup_way out[LOOKUP_WAYS_MAX])
{
    const struct result *r = arg;
    memcpy(out, r->ways, r->way_count * sizeof out[0]);
    return r->way_count;
}

static bool is_online(void *arg)
{
    const struct result *r = arg;
    return r->online;
}

static struct config_endpoint endpoint(const char *host, uint16_t port)
{
    struct config_endpoint e = { .port = port };
    snprintf(e.host, sizeof e.host, "%s", host);
    return e;
}

static struct resolver_config settings(struct result *r)
{
    if (r->addresses == NULL)
        r->addresses = addresses_new();
    return (struct resolver_config){ .loop = &loop,
                                     .addresses = r->addresses,
                                     .uid = NOBODY,
                                     .gid = NOBODY,
                                     .found = found,
                                     .failing = failing,
                                     .kept = kept,
                                     .ways = ways,
                                     .is_online = is_online,
                                     .arg = r };
}

static struct resolver *resolver(struct result *r)
{
    struct resolver_config config = settings(r);
    return resolver_new(&config);
}

static void end(struct resolver *r, struct result *result)
{
    resolver_free(r);
    addresses_free(result->addresses);
}

/* Turns the loop until there were so many calls, or for that long; true: there were. */
static bool wait_for(struct resolver *r, const struct result *result, unsigned calls,
                     int64_t patience_ns)
{
    struct tstamp now = loop_now();
    struct tstamp limit = tstamp_add(now, patience_ns);
    while (result->calls < calls && tstamp_before(now, limit))
        now = loop_turn(&loop, tstamp_min(resolver_tick(r, now), limit));
    return result->calls >= calls;
}

/* The same until something was said of a failure. */
static bool wait_for_text(struct resolver *r, const struct result *result, unsigned texts,
                          int64_t patience_ns)
{
    struct tstamp now = loop_now();
    struct tstamp limit = tstamp_add(now, patience_ns);
    while (result->texts < texts && tstamp_before(now, limit))
        now = loop_turn(&loop, tstamp_min(resolver_tick(r, now), limit));
    return result->texts >= texts;
}

static void write_file(const char *name, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* The files that look-ups go by: name servers and hosts. */
static void machine(const char *resolv_conf, const char *hosts)
{
    write_file("resolv.conf", resolv_conf);
    write_file("hosts", hosts);
    write_file("nsswitch.conf", "hosts: files dns\n");
}

static void numbers_need_no_process(void **state)
{
    (void)state;
    struct result result = { 0 };
    struct resolver *r = resolver(&result);
    struct config_endpoint e = endpoint("", 4297);
    struct config_peer p = { .name = "vps", .endpoints = &e, .endpoint_count = 1 };
    struct config c = { .peers = &p, .peer_count = 1 };
    assert_true(netaddr_parse(&e.addr, "192.0.2.1:4297"));
    assert_int_equal(resolver_set_peers(r, loop_now(), &c, NULL), 0);
    assert_int_equal(result.calls, 1);
    assert_true(netaddr_equal(&result.addrs[0], &e.addr));
    resolver_repeat(r);
    assert_int_equal(result.calls, 2);
    resolver_refresh(r, loop_now(), p.public_key);
    resolver_retry(r);
    assert_true(tstamp_is_never(resolver_tick(r, loop_now())));
    end(r, &result);
}

/* One of three is not known: the others are used, and it is named. */
static void names_what_fails(void **state)
{
    (void)state;
    struct result result = { 0 };
    struct resolver *r = resolver(&result);
    struct config_endpoint e[] = { endpoint("", 1), endpoint("nobody.invalid", 2),
                                   endpoint("127.0.0.9", 3), endpoint("::9", 4) };
    struct config_peer p = { .name = "vps", .endpoints = e, .endpoint_count = 4 };
    struct config c = { .peers = &p, .peer_count = 1 };
    assert_true(netaddr_parse(&e[0].addr, "192.0.2.1:1"));
    assert_int_equal(resolver_set_peers(r, loop_now(), &c, NULL), 0);
    assert_int_equal(result.calls, 1); /* the number, at once */
    assert_int_equal(result.count, 1);
    assert_true(wait_for_text(r, &result, 1, PATIENCE_S * NS_PER_S));
    assert_int_equal(result.count, 3);
    assert_true(netaddr_equal(&result.addrs[0], &e[0].addr));
    assert_int_equal(result.addrs[1].port, 3);
    assert_int_equal(result.addrs[1].addr[3], 9);
    assert_int_equal(result.addrs[2].family, 6);
    assert_int_equal(result.addrs[2].port, 4);
    assert_string_equal(result.text,
                        "nobody.invalid cannot be looked up (no answer over the system's way)");
    end(r, &result);
}

static void waits_longer_and_longer_but_not_for_a_changed_network(void **state)
{
    (void)state;
    struct result result = { 0 };
    struct resolver *r = resolver(&result);
    struct config_endpoint e = endpoint("nobody.invalid", 1);
    struct config_peer p = { .name = "vps", .endpoints = &e, .endpoint_count = 1 };
    struct config c = { .peers = &p, .peer_count = 1 };
    assert_int_equal(resolver_set_peers(r, loop_now(), &c, NULL), 0);
    int64_t pause_ns = 0;
    for (unsigned i = 0; i < 10 && pause_ns < 3 * NS_PER_S; i++) {
        wait_for(r, &result, 1, 1100 * NS_PER_MS); /* at least one attempt, and its end */
        struct tstamp now = loop_now();
        struct tstamp next = resolver_tick(r, now);
        pause_ns = tstamp_is_never(next) ? 0 : tstamp_sub(next, now);
    }
    assert_true(pause_ns >= 3 * NS_PER_S);
    assert_int_equal(result.calls, 0);
    snprintf(e.host, sizeof e.host, "127.0.0.9");
    resolver_retry(r);
    assert_true(wait_for(r, &result, 1, 20 * NS_PER_S));
    /* An attempt from before may still say that it failed. */
    for (unsigned i = 0; i < 20 && result.text[0] != '\0'; i++)
        wait_for(r, &result, 100, NS_PER_S);
    assert_string_equal(result.text, "");
    end(r, &result);
}

/* As often as the peer does not answer, but not more than every few seconds. */
static void looks_again(void **state)
{
    (void)state;
    struct result result = { 0 };
    struct resolver *r = resolver(&result);
    struct config_endpoint e = endpoint("127.0.0.9", 1);
    struct config_peer p = {
        .name = "vps", .endpoints = &e, .endpoint_count = 1, .public_key = { 1, 2, 3 }
    };
    struct config c = { .peers = &p, .peer_count = 1 };
    const uint8_t other[32] = { 4 };
    assert_int_equal(resolver_set_peers(r, loop_now(), &c, NULL), 0);
    assert_true(wait_for(r, &result, 1, PATIENCE_S * NS_PER_S));
    wait_for(r, &result, 2, NS_PER_S); /* the attempt's end */
    assert_true(tstamp_is_never(resolver_tick(r, loop_now())));
    resolver_refresh(r, loop_now(), other);
    assert_true(tstamp_is_never(resolver_tick(r, loop_now())));
    snprintf(e.host, sizeof e.host, "127.0.0.10");
    struct tstamp now = loop_now();
    resolver_refresh(r, now, p.public_key);
    struct tstamp next = resolver_tick(r, now);
    assert_true(tstamp_before(tstamp_add(now, NS_PER_S), next));
    assert_true(tstamp_before(next, tstamp_add(now, 6 * NS_PER_S)));
    assert_true(wait_for(r, &result, 2, PATIENCE_S * NS_PER_S));
    assert_int_equal(result.addrs[0].addr[3], 10);
    end(r, &result);
}

/* Name servers and links: n is a network, whose name server has 192.0.2.53 and 2001:db8::53 and a
 * forwarder 127.0.0.1; the link dead leads nowhere. Both are here, so live is lo. */

enum { DNS_HEADER = 12, TYPE_A = 1, TYPE_AAAA = 28, STEERED_SILENT = -2 };

/* What the name server does, from now on. */
static struct server {
    atomic_int queries;
    atomic_int forwarder_answers_slot; /* only while this link has its turn; -1: ever */
    atomic_int slot;
    atomic_uchar last_byte; /* of the addresses that it tells */
} * server;

static void answer(int fd, uint8_t *q, size_t len, const struct sockaddr *to, socklen_t to_len)
{
    static const uint8_t v6[] = { 0x20, 0x01, 0x0d, 0xb8 };
    size_t at = DNS_HEADER;
    while (at < len && q[at] != 0)
        at += (size_t)q[at] + 1;
    at += 5;
    if (at > len)
        return;
    uint16_t type = (uint16_t)(q[at - 4] << 8 | q[at - 3]);
    bool known = len > DNS_HEADER + 4 && memcmp(q + DNS_HEADER, "\3vps", 4) == 0;
    q[2] = 0x81; /* a response, RFC 1035, 4.1.1 */
    q[3] = known ? 0x80 : 0x83;
    q[7] = known && (type == TYPE_A || type == TYPE_AAAA) ? 1 : 0;
    memset(q + 8, 0, 4);
    size_t size = type == TYPE_A ? 4 : 16;
    uint8_t *r = q + at;
    if (q[7] == 1) {
        const uint8_t head[] = { 0xc0, DNS_HEADER, 0, (uint8_t)type, 0, 1, 0, 0,
                                 0,    1,          0, (uint8_t)size };
        const uint8_t v4[] = { 192, 0, 2 };
        memcpy(r, head, sizeof head);
        r += sizeof head;
        memset(r, 0, size);
        memcpy(r, type == TYPE_A ? v4 : v6, type == TYPE_A ? sizeof v4 : sizeof v6);
        r[size - 1] = server->last_byte;
        r += size;
    }
    sendto(fd, q, (size_t)(r - q), 0, to, to_len);
}

static void serve(int fd, bool forwards)
{
    uint8_t q[512];
    struct sockaddr_storage from;
    for (;;) {
        socklen_t len = sizeof from;
        ssize_t n = recvfrom(fd, q, sizeof q - 64, 0, (struct sockaddr *)&from, &len);
        if (n < DNS_HEADER)
            continue;
        server->queries++;
        int wanted = server->forwarder_answers_slot;
        if (!forwards || wanted == -1 || wanted == server->slot)
            answer(fd, q, (size_t)n, (const struct sockaddr *)&from, len);
    }
}

static pid_t start_server(int family, const char *addr)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(53) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(53) };
    struct netaddr a;
    int fd = socket(family, SOCK_DGRAM, 0);
    assert_true(fd >= 0 && netaddr_parse(&a, addr));
    memcpy(&v4.sin_addr, a.addr, 4);
    memcpy(&v6.sin6_addr, a.addr, 16);
    assert_int_equal(family == AF_INET6 ? bind(fd, (struct sockaddr *)&v6, sizeof v6)
                                        : bind(fd, (struct sockaddr *)&v4, sizeof v4),
                     0);
    pid_t pid = fork();
    if (pid == 0)
        serve(fd, addr[0] == '1' && addr[1] == '2');
    close(fd);
    return pid;
}

static void links(struct result *r)
{
    r->ways[0] = (struct lookup_way){ .slot = 3, .name = "dead", .interface = "dead" };
    r->ways[1] = (struct lookup_way){ .slot = 5, .name = "live", .interface = "lo", .mark = 7 };
    r->way_count = 2;
}

static const struct config_peer *vps(struct config *c)
{
    static struct config_endpoint e[2];
    static struct config_peer p = {
        .name = "vps", .endpoints = e, .endpoint_count = 2, .public_key = { 1 }
    };
    e[0] = endpoint("vps.test", 4297);
    e[1] = endpoint("vps.test", 443);
    *c = (struct config){ .peers = &p, .peer_count = 1 };
    return &p;
}

/* The one child that looks up; 0: none. The name servers are others. */
static pid_t looking(const pid_t servers[3])
{
    FILE *f = fopen("/proc/thread-self/children", "r");
    int pid = 0;
    int one;
    while (f != NULL && fscanf(f, "%d", &one) == 1)
        if (one != servers[0] && one != servers[1] && one != servers[2])
            pid = one;
    if (f != NULL)
        fclose(f);
    return pid;
}

static pid_t servers[3];

static bool shows_line(pid_t pid, const char *line)
{
    char path[64];
    char text[256];
    bool has = false;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(text, sizeof text, f) != NULL)
        has = has || strncmp(text, line, strlen(line)) == 0;
    fclose(f);
    return has;
}

static void wait_a_little(void)
{
    const struct timespec pause = { .tv_nsec = 10 * NS_PER_MS };
    nanosleep(&pause, NULL);
}

enum { LITTLE_WAITS = 200 }; /* on a busy machine it may still be about to begin */

static void has_line(pid_t pid, const char *line)
{
    for (unsigned i = 0; i < LITTLE_WAITS; i++) {
        if (shows_line(pid, line))
            return;
        wait_a_little();
    }
    fail_msg("process %d has not: %s", (int)pid, line);
}

/* The network of a dead link does not delay what comes over another, of either family. */
static void asks_over_every_link_at_once(void **state)
{
    (void)state;
    static const char *const lists[] = {
        "nameserver 192.0.2.53\n",
        "nameserver 2001:db8::53\n",
        "nameserver 198.51.100.1\nnameserver 127.0.0.1\nnameserver 192.0.2.53\n",
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct result result = { 0 };
        struct resolver *r = resolver(&result);
        struct config c;
        links(&result);
        vps(&c);
        machine(lists[i], "127.0.0.1 localhost\n");
        server->forwarder_answers_slot = STEERED_SILENT;
        server->last_byte = 1;
        struct tstamp begun = loop_now();
        assert_int_equal(resolver_set_peers(r, begun, &c, NULL), 0);
        assert_true(wait_for(r, &result, 1, PATIENCE_S * NS_PER_S));
        assert_true(tstamp_sub(loop_now(), begun) < NS_PER_S);
        wait_for(r, &result, 2, NS_PER_S);
        assert_int_equal(result.count, 4); /* both kinds, for both ports */
        assert_int_equal(result.addrs[0].port, 4297);
        assert_int_equal(result.addrs[1].port, 443);
        assert_int_equal(result.addrs[0].family + result.addrs[2].family, 10);
        wait_for(r, &result, 100, 3 * NS_PER_S); /* until the attempt ends */
        assert_string_equal(result.text, "");
        assert_int_equal(result.kept, 2); /* each kind when it came */
        end(r, &result);
    }
}

/* While it waits for a link that is dead. */
/* The first descriptor that is no socket and not /dev/null, with what it is; negative: none. */
static int file_open(pid_t pid, char *target, size_t size)
{
    for (int fd = 0; fd < 64; fd++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
        ssize_t n = readlink(path, target, size - 1);
        if (n < 0)
            continue;
        target[n] = '\0';
        if (strncmp(target, "socket:", 7) != 0 && strcmp(target, "/dev/null") != 0)
            return fd;
    }
    return -1;
}

/* For a moment it reads the system's configuration. */
static void has_no_files(pid_t pid)
{
    char target[64];
    int fd = file_open(pid, target, sizeof target);
    for (unsigned i = 0; fd >= 0 && i < LITTLE_WAITS; i++) {
        wait_a_little();
        fd = file_open(pid, target, sizeof target);
    }
    if (fd >= 0)
        fail_msg("descriptor %d is %s", fd, target);
}

static void the_program_has_neither_privileges_nor_descriptors(void **state)
{
    (void)state;
    struct result result = { 0 };
    struct resolver *r = resolver(&result);
    struct config c;
    links(&result);
    result.way_count = 1;
    vps(&c);
    machine("nameserver 192.0.2.53\n", "192.0.2.9 vps.other\n");
    write_file("nsswitch.conf", "hosts: files\n"); /* the system's way ends at once */
    server->forwarder_answers_slot = STEERED_SILENT;
    int open_here = dup(STDIN_FILENO); /* without FD_CLOEXEC */
    assert_true(open_here > 3);
    machine("nameserver 192.0.2.53\n", "");
    assert_int_equal(resolver_set_peers(r, loop_now(), &c, NULL), 0);
    wait_for(r, &result, 1, 500 * NS_PER_MS);
    pid_t pid = looking(servers);
    assert_true(pid > 0);
    has_line(pid, "Uid:\t65534\t65534\t65534\t65534");
    has_line(pid, "Gid:\t65534\t65534\t65534\t65534");
    has_line(pid, "Groups:\t \n");
    has_line(pid, "CapPrm:\t0000000000000000");
    has_line(pid, "CapEff:\t0000000000000000");
    has_line(pid, "CapBnd:\t0000000000000000");
    has_line(pid, "NoNewPrivs:\t1");
    has_line(pid, "Seccomp:\t2");
    has_no_files(pid);
    close(open_here);
    end(r, &result);
    assert_int_equal(looking(servers), 0); /* it ends with the resolver */
}

static void hosts_overrides_name_servers(void **state)
{
    (void)state;
    struct result result = { 0 };
    struct resolver *r = resolver(&result);
    struct config c;
    links(&result);
    vps(&c);
    machine("nameserver 192.0.2.53\n", "192.0.2.9 vps.test\n");
    assert_int_equal(resolver_set_peers(r, loop_now(), &c, NULL), 0);
    wait_for(r, &result, 100, 3 * NS_PER_S);
    assert_int_equal(result.count, 2);
    assert_int_equal(result.addrs[0].addr[3], 9);
    end(r, &result);
}

static void what_is_kept_is_told_at_once_and_what_is_found_before_it(void **state)
{
    (void)state;
    struct result result = { 0 };
    struct resolver *r = resolver(&result);
    struct config c;
    struct netaddr old = { .family = 4, .addr = { 192, 0, 2, 77 } };
    struct netaddr list[ADDRESSES_EACH_MAX];
    const struct config_peer *p = vps(&c);
    links(&result);
    addresses_found(result.addresses, "vps.test", &old, 1);
    machine("nameserver 192.0.2.53\n", "");
    assert_int_equal(resolver_set_peers(r, loop_now(), &c, NULL), 0);
    assert_int_equal(result.calls, 1);
    assert_int_equal(result.count, 2);
    assert_int_equal(result.addrs[1].addr[3], 77);
    assert_int_equal(result.addrs[1].port, 443);
    server->last_byte = 2;
    wait_for(r, &result, 100, 3 * NS_PER_S);
    assert_int_equal(result.count, 6);
    assert_int_equal(result.addrs[3].family + result.addrs[0].family, 10);
    assert_int_equal(result.addrs[4].addr[3], 77);
    assert_int_equal(result.addrs[5].addr[3], 77);
    /* It answers at the new address: nobody asks for the old one any more. */
    struct netaddr other = { .family = 4, .addr = { 192, 0, 2, 78 }, .port = 443 };
    struct netaddr answers = { .family = 4, .addr = { 192, 0, 2, 2 }, .port = 443 };
    unsigned before = result.kept;
    resolver_answered(r, p->public_key, &other);
    assert_int_equal(result.kept, before);
    resolver_answered(r, p->public_key, &answers);
    assert_int_equal(result.kept, before + 1);
    assert_int_equal(addresses_get(result.addresses, "vps.test", list), 2);
    assert_int_equal(list[0].addr[3], 2);
    end(r, &result);
}

/* The forwarder's packets are sent over one link after the other until it answers. */
static void steer_to(void *arg, const char *name, int slot)
{
    struct result *r = arg;
    assert_true((name == NULL) == (slot == -1));
    if (r->steer_count < sizeof r->steered / sizeof r->steered[0])
        r->steered[r->steer_count++] = slot;
    server->slot = slot;
}

static void steers_a_forwarder_over_each_link_in_turn(void **state)
{
    (void)state;
    struct result result = { 0 };
    struct config c;
    struct resolver_config config = settings(&result);
    config.steer = steer_to;
    struct resolver *r = resolver_new(&config);
    links(&result);
    vps(&c);
    machine("nameserver 127.0.0.1\n", "");
    server->forwarder_answers_slot = 5;
    struct tstamp begun = loop_now();
    assert_int_equal(resolver_set_peers(r, begun, &c, NULL), 0);
    assert_true(wait_for(r, &result, 1, PATIENCE_S * NS_PER_S));
    int64_t took_ns = tstamp_sub(loop_now(), begun);
    assert_in_range(took_ns, NS_PER_S, 3 * NS_PER_S);
    assert_int_equal(result.steer_count, 2);
    wait_for(r, &result, 100, 3 * NS_PER_S);
    assert_int_equal(result.steer_count, 3);
    assert_int_equal(result.steered[0], 3);
    assert_int_equal(result.steered[1], 5);
    assert_int_equal(result.steered[2], -1);
    /* The link that found it begins the next time. */
    result.steer_count = 0;
    server->last_byte = 3;
    assert_int_equal(resolver_set_peers(r, loop_now(), &c, NULL), 0);
    unsigned before = result.calls;
    assert_true(wait_for(r, &result, before + 1, NS_PER_S));
    assert_int_equal(result.steered[0], 5);
    wait_for(r, &result, 100, 3 * NS_PER_S);
    assert_int_equal(result.steer_count, 2);
    /* Not while a session is up. */
    result.steer_count = 0;
    result.online = true;
    assert_int_equal(resolver_set_peers(r, loop_now(), &c, NULL), 0);
    wait_for(r, &result, 100, 2 * NS_PER_S);
    assert_int_equal(result.steer_count, 0);
    end(r, &result);
}

static void a_failure_is_said_with_its_links(void **state)
{
    (void)state;
    struct result result = { 0 };
    struct resolver *r = resolver(&result);
    struct config_endpoint e = endpoint("nobody.test", 1);
    struct config_peer p = { .name = "vps", .endpoints = &e, .endpoint_count = 1 };
    struct config c = { .peers = &p, .peer_count = 1 };
    links(&result);
    machine("nameserver 192.0.2.53\n", "");
    assert_int_equal(resolver_set_peers(r, loop_now(), &c, NULL), 0);
    assert_true(wait_for_text(r, &result, 1, PATIENCE_S * NS_PER_S));
    assert_string_equal(result.text,
                        "nobody.test cannot be looked up (no answer over dead; no such name over "
                        "live, the system's way)");
    wait_for(r, &result, 1, 10 * NS_PER_S);
    assert_int_equal(result.texts, 1); /* the same is not said again */
    end(r, &result);
}

/* A link that comes while another one's silence is waited for. */
static void a_changed_set_of_links_is_asked_at_once(void **state)
{
    (void)state;
    struct result result = { 0 };
    struct resolver *r = resolver(&result);
    struct config c;
    links(&result);
    result.way_count = 1;
    vps(&c);
    machine("nameserver 192.0.2.53\nnameserver 127.0.0.1\n", "");
    write_file("nsswitch.conf", "hosts: dns\n");
    machine("nameserver 198.51.100.1\n", "");
    assert_int_equal(resolver_set_peers(r, loop_now(), &c, NULL), 0);
    assert_false(wait_for(r, &result, 1, 1500 * NS_PER_MS));
    machine("nameserver 192.0.2.53\n", "");
    result.way_count = 2;
    resolver_retry(r);
    assert_true(wait_for(r, &result, 1, NS_PER_S));
    end(r, &result);
}

/* Files of /etc that are ours, in a mount namespace of its own. */
static bool mount_files(void)
{
    static const char *const names[] = { "resolv.conf", "hosts", "nsswitch.conf" };
    char from[64];
    char to[64];
    machine("", "");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(from, sizeof from, "%s/%s", directory, names[i]);
        snprintf(to, sizeof to, "/etc/%s", names[i]);
        if (mount(from, to, NULL, MS_BIND, NULL) < 0)
            return false;
    }
    return true;
}

static bool make_network(void)
{
    static const char *const commands[] = {
        "ip link set lo up",
        "ip address add 192.0.2.53/32 dev lo",
        "ip -6 address add 2001:db8::53/128 dev lo nodad",
        "ip link add dead type veth peer name end",
        "ip link set dead arp off",
        "ip link set end arp off",
        "ip link set end up",
        "ip address add 10.0.0.2/24 dev dead",
        "ip -6 address add fd00::2/64 dev dead nodad",
        "ip link set dead up",
        "ip route add default dev dead",
        "ip -6 route add default dev dead",
    };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (system(commands[i]) != 0)
            return false;
    server = mmap(NULL, sizeof *server, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (server == MAP_FAILED)
        return false;
    servers[0] = start_server(AF_INET, "192.0.2.53");
    servers[1] = start_server(AF_INET6, "2001:db8::53");
    servers[2] = start_server(AF_INET, "127.0.0.1");
    return true;
}

static void tidy(void)
{
    static const char *const names[] = { "resolv.conf", "hosts", "nsswitch.conf" };
    char path[64];
    for (size_t i = 0; i < 3; i++) {
        if (servers[i] > 0) {
            kill(servers[i], SIGKILL);
            waitpid(servers[i], NULL, 0);
        }
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_need_no_process),
        cmocka_unit_test(names_what_fails),
        cmocka_unit_test(waits_longer_and_longer_but_not_for_a_changed_network),
        cmocka_unit_test(looks_again),
    };
    const struct CMUnitTest with_network[] = {
        cmocka_unit_test(asks_over_every_link_at_once),
        cmocka_unit_test(the_program_has_neither_privileges_nor_descriptors),
        cmocka_unit_test(hosts_overrides_name_servers),
        cmocka_unit_test(what_is_kept_is_told_at_once_and_what_is_found_before_it),
        cmocka_unit_test(steers_a_forwarder_over_each_link_in_turn),
        cmocka_unit_test(a_failure_is_said_with_its_links),
        cmocka_unit_test(a_changed_set_of_links_is_asked_at_once),
    };
    if (argc == 2 && strcmp(argv[1], "--resolve") == 0)
        return lookup_main(HELPER_CHANNEL_FD);
    if (geteuid() != 0 || unshare(CLONE_NEWNET | CLONE_NEWNS) < 0) {
        puts("skipped: needs root");
        return SKIPPED;
    }
    if (mkdtemp(directory) == NULL || chmod(directory, 0755) < 0 || !mount_files() ||
        loop_open(&loop) < 0) {
        perror("setting up");
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (make_network())
        failed += cmocka_run_group_tests(with_network, NULL, NULL);
    else
        failed++;
    loop_close(&loop);
    tidy();
    return failed;
}
