/* SPDX-License-Identifier: ISC */
/*
 * Watches the wires between a client and its providers, and tells what leaves the client:
 *
 *     watch -s ADDRESS... -p PORT [-n NAME] NAMESPACE:DEVICE...
 *
 * The devices are the providers', towards the client. Each packet from the client is of a class:
 *
 *     tunnel     UDP to a server's address and port, and ICMP errors about what it sent
 *     name       a DNS query for NAME
 *     dhcp       DHCP and DHCPv6
 *     neighbour  ARP, neighbour discovery, group membership, and what is not IP at all
 *     near       to the device's own networks, link-local and multicast addresses
 *     answer     of a flow that began on the other side of this wire
 *     astray     the same, but it began on another wire
 *     clear      everything else: a line each, "clear SECONDS what it was"
 *
 * "ready" is the first line. A signal to end prints how many packets of each class were seen, as
 * JSON; "missed" are those that the sockets had no room for.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    SNAP_BYTES = 512,
    PREFIXES_MAX = 16,
    WIRES_MAX = 8,
    SERVERS_MAX = 8,
    FLOWS_MAX = 1 << 17,
    CLEAR_LINES_MAX = 100000,
    HEX_BYTES = 48,
    NAME_BYTES = 256,
    RECEIVE_BYTES = 8 << 20,
};

enum class {
    CLASS_TUNNEL,
    CLASS_NAME,
    CLASS_DHCP,
    CLASS_NEIGHBOUR,
    CLASS_NEAR,
    CLASS_ANSWER,
    CLASS_ASTRAY,
    CLASS_CLEAR,
    CLASSES
};

static const char *const class_names[CLASSES] = { "tunnel", "name",   "dhcp",   "neighbour",
                                                  "near",   "answer", "astray", "clear" };

/* IPv4 addresses are mapped into IPv6. */
struct prefix {
    struct in6_addr address;
    unsigned bits;
};

struct wire {
    const char *name;
    int fd;
    struct prefix near[PREFIXES_MAX];
    size_t near_count;
};

struct packet {
    const struct wire *wire;
    struct in6_addr from;
    struct in6_addr to;
    uint16_t from_port; /* of ICMP, the identifier in both */
    uint16_t to_port;
    uint8_t protocol;
    uint8_t icmp_type;
    bool later_fragment;
    const uint8_t *payload; /* behind the headers of UDP and ICMP, else behind IP's */
    size_t payload_bytes;
};

struct flow {
    struct in6_addr inside;
    struct in6_addr outside;
    uint16_t inside_port;
    uint16_t outside_port;
    uint8_t protocol;
    bool used;
    bool from_outside;       /* who began it */
    const struct wire *wire; /* and on which wire */
};

static struct wire wires[WIRES_MAX];
static size_t wire_count;
static struct in6_addr servers[SERVERS_MAX];
static size_t server_count;
static uint16_t server_port;
static const char *server_name = "";
static struct flow flows[FLOWS_MAX];
static uint64_t seen[CLASSES];
static uint64_t flows_refused;
static volatile sig_atomic_t ended;

static void on_signal(int number)
{
    (void)number;
    ended = 1;
}

static void die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static struct in6_addr mapped(const uint8_t address[4])
{
    struct in6_addr a = { .s6_addr = { [10] = 0xff, [11] = 0xff } };
    memcpy(a.s6_addr + 12, address, 4);
    return a;
}

static bool same_address(const struct in6_addr *a, const struct in6_addr *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static bool within(const struct in6_addr *a, const struct prefix *p)
{
    unsigned whole = p->bits / 8;
    uint8_t mask = (uint8_t)(0xff00 >> (p->bits % 8));
    if (memcmp(a, &p->address, whole) != 0)
        return false;
    return p->bits % 8 == 0 || ((a->s6_addr[whole] ^ p->address.s6_addr[whole]) & mask) == 0;
}

static unsigned bits_of(const uint8_t *mask, size_t len_bytes)
{
    unsigned bits = 0;
    for (size_t i = 0; i < len_bytes * 8 && (mask[i / 8] >> (7 - i % 8) & 1) != 0; i++)
        bits++;
    return bits;
}

static void add_near(struct wire *w, struct in6_addr address, unsigned bits)
{
    if (w->near_count < PREFIXES_MAX)
        w->near[w->near_count++] = (struct prefix){ .address = address, .bits = bits };
}

/* What a packet may reach without a router. */
static void find_near(struct wire *w, const char *device)
{
    static const uint8_t groups[4] = { 224 };
    static const uint8_t everybody[4] = { 255, 255, 255, 255 };
    static const uint8_t link_local[4] = { 169, 254 };
    struct ifaddrs *list;
    if (getifaddrs(&list) < 0)
        die("addresses");
    for (struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
        if (i->ifa_addr == NULL || i->ifa_netmask == NULL || strcmp(i->ifa_name, device) != 0)
            continue;
        if (i->ifa_addr->sa_family == AF_INET) {
            struct sockaddr_in a, m;
            memcpy(&a, i->ifa_addr, sizeof a);
            memcpy(&m, i->ifa_netmask, sizeof m);
            add_near(w, mapped((const uint8_t *)&a.sin_addr),
                     96 + bits_of((const uint8_t *)&m.sin_addr, 4));
        } else if (i->ifa_addr->sa_family == AF_INET6) {
            struct sockaddr_in6 a, m;
            memcpy(&a, i->ifa_addr, sizeof a);
            memcpy(&m, i->ifa_netmask, sizeof m);
            add_near(w, a.sin6_addr, bits_of(m.sin6_addr.s6_addr, 16));
        }
    }
    freeifaddrs(list);
    add_near(w, mapped(groups), 96 + 4);
    add_near(w, mapped(everybody), 128);
    add_near(w, mapped(link_local), 96 + 16);
    add_near(w, (struct in6_addr){ .s6_addr = { 0xff } }, 8);
    add_near(w, (struct in6_addr){ .s6_addr = { 0xfe, 0x80 } }, 10);
}

static bool is_server(const struct in6_addr *a)
{
    for (size_t i = 0; i < server_count; i++)
        if (same_address(a, &servers[i]))
            return true;
    return false;
}

static bool is_icmp(const struct packet *p)
{
    return p->protocol == IPPROTO_ICMP || p->protocol == IPPROTO_ICMPV6;
}

static uint16_t word(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* The ports of TCP and UDP, the identifier of an echo. */
static void parse_transport(struct packet *p, const uint8_t *at, size_t len_bytes)
{
    p->payload = at;
    p->payload_bytes = len_bytes;
    if (p->later_fragment || len_bytes < 8)
        return;
    if (p->protocol == IPPROTO_TCP || p->protocol == IPPROTO_UDP) {
        p->from_port = word(at);
        p->to_port = word(at + 2);
    } else if (is_icmp(p)) {
        p->icmp_type = at[0];
        p->from_port = p->to_port = word(at + 4);
    }
    if (p->protocol == IPPROTO_UDP || is_icmp(p)) {
        p->payload += 8;
        p->payload_bytes -= 8;
    }
}

static bool parse_ipv4(struct packet *p, const uint8_t *at, size_t len_bytes)
{
    size_t header_bytes = len_bytes >= 20 ? (size_t)(at[0] & 15) * 4 : 0;
    if (header_bytes < 20 || header_bytes > len_bytes)
        return false;
    *p = (struct packet){ .from = mapped(at + 12),
                          .to = mapped(at + 16),
                          .protocol = at[9],
                          .later_fragment = (word(at + 6) & 0x1fff) != 0 };
    parse_transport(p, at + header_bytes, len_bytes - header_bytes);
    return true;
}

static bool parse_ipv6(struct packet *p, const uint8_t *at, size_t len_bytes)
{
    if (len_bytes < 40)
        return false;
    *p = (struct packet){ .protocol = at[6] };
    memcpy(&p->from, at + 8, 16);
    memcpy(&p->to, at + 24, 16);
    at += 40;
    len_bytes -= 40;
    while (len_bytes >= 8 && (p->protocol == IPPROTO_HOPOPTS || p->protocol == IPPROTO_ROUTING ||
                              p->protocol == IPPROTO_DSTOPTS || p->protocol == IPPROTO_FRAGMENT)) {
        bool fragment = p->protocol == IPPROTO_FRAGMENT;
        size_t header_bytes = fragment ? 8 : ((size_t)at[1] + 1) * 8;
        if (fragment)
            p->later_fragment = (word(at + 2) & 0xfff8) != 0;
        if (header_bytes > len_bytes)
            break;
        p->protocol = at[0];
        at += header_bytes;
        len_bytes -= header_bytes;
    }
    parse_transport(p, at, len_bytes);
    return true;
}

static bool parse(struct packet *p, uint16_t type, const uint8_t *at, size_t len_bytes)
{
    if (type == ETH_P_IP)
        return parse_ipv4(p, at, len_bytes);
    return type == ETH_P_IPV6 && parse_ipv6(p, at, len_bytes);
}

/* FNV-1a over the fields that name a flow. */
static size_t flow_hash(const struct flow *f)
{
    uint8_t text[37];
    uint32_t h = 2166136261U;
    memcpy(text, &f->inside, 16);
    memcpy(text + 16, &f->outside, 16);
    memcpy(text + 32, &f->inside_port, 2);
    memcpy(text + 34, &f->outside_port, 2);
    text[36] = f->protocol;
    for (size_t i = 0; i < sizeof text; i++)
        h = (h ^ text[i]) * 16777619U;
    return h % FLOWS_MAX;
}

/* The flow of a packet; one that was not known begins with it. NULL: no room. */
static const struct flow *find_flow(const struct packet *p, bool from_outside)
{
    struct flow f = { .inside = from_outside ? p->to : p->from,
                      .outside = from_outside ? p->from : p->to,
                      .inside_port = from_outside ? p->to_port : p->from_port,
                      .outside_port = from_outside ? p->from_port : p->to_port,
                      .protocol = p->protocol,
                      .used = true,
                      .from_outside = from_outside,
                      .wire = p->wire };
    size_t at = flow_hash(&f);
    for (size_t tries = 0; tries < 64; tries++, at = (at + 1) % FLOWS_MAX) {
        struct flow *have = &flows[at];
        if (!have->used)
            *have = f;
        if (have->inside_port == f.inside_port && have->outside_port == f.outside_port &&
            have->protocol == f.protocol && same_address(&have->inside, &f.inside) &&
            same_address(&have->outside, &f.outside))
            return have;
    }
    flows_refused++;
    return NULL;
}

/* What belongs to a flow that the other side began is an answer. */
static enum class classify_flow(const struct packet *question, const struct flow *f) {
    if (f == NULL || !f->from_outside) return CLASS_CLEAR;
    return f->wire == question->wire ? CLASS_ANSWER : CLASS_ASTRAY;
}

static bool is_icmp_error(const struct packet *p)
{
    if (p->protocol == IPPROTO_ICMP)
        return p->icmp_type == 3 || p->icmp_type == 11 || p->icmp_type == 12;
    return p->protocol == IPPROTO_ICMPV6 && p->icmp_type < 128;
}

/* An ICMP error of the client is as allowed as an answer to the packet that it is about. */
static enum class classify_error(const struct packet *p) {
    struct packet about; bool ipv4 = p->protocol == IPPROTO_ICMP;
    if (!parse(&about, ipv4 ? ETH_P_IP : ETH_P_IPV6, p->payload,
               p->payload_bytes)) return CLASS_CLEAR;
    if (about.protocol == IPPROTO_UDP && about.from_port == server_port &&
        is_server(&about.from)) return CLASS_TUNNEL;
    about.wire = p->wire;
    return classify_flow(&about, find_flow(&about, true));
}

/* The name in the question of a DNS query, with dots and without the last one. */
static bool queried_name(const struct packet *p, char name[NAME_BYTES])
{
    size_t at = 12;
    size_t len = 0;
    if (p->payload_bytes < 17)
        return false;
    while (at < p->payload_bytes && p->payload[at] != 0) {
        size_t label_bytes = p->payload[at];
        if (label_bytes > 63 || at + 1 + label_bytes > p->payload_bytes ||
            len + label_bytes + 2 > NAME_BYTES)
            return false;
        if (len > 0)
            name[len++] = '.';
        memcpy(name + len, p->payload + at + 1, label_bytes);
        len += label_bytes;
        at += 1 + label_bytes;
    }
    name[len] = '\0';
    return true;
}

static bool is_look_up(const struct packet *p)
{
    char name[NAME_BYTES];
    return p->protocol == IPPROTO_UDP && p->to_port == 53 && !p->later_fragment &&
           queried_name(p, name) && strcasecmp(name, server_name) == 0;
}

static bool is_dhcp(const struct packet *p)
{
    return p->protocol == IPPROTO_UDP &&
           ((p->from_port == 68 && p->to_port == 67) || (p->from_port == 546 && p->to_port == 547));
}

static bool is_neighbour(const struct packet *p)
{
    if (p->protocol == IPPROTO_IGMP)
        return true;
    return p->protocol == IPPROTO_ICMPV6 &&
           ((p->icmp_type >= 130 && p->icmp_type <= 137) || p->icmp_type == 143);
}

static enum class classify(const struct packet *p) {
    if (p->protocol == IPPROTO_UDP && is_server(&p->to) &&
        (p->later_fragment || p->to_port == server_port)) return CLASS_TUNNEL;
    if (is_look_up(p)) return CLASS_NAME;
    if (is_dhcp(p)) return CLASS_DHCP;
    if (is_neighbour(p)) return CLASS_NEIGHBOUR;
    for (size_t i = 0; i < p->wire->near_count;
         i++) if (within(&p->to, &p->wire->near[i])) return CLASS_NEAR;
    if (is_icmp_error(p)) return classify_error(p);
    return classify_flow(p, find_flow(p, false));
}

static void print_address(const struct in6_addr *a, uint16_t port)
{
    char text[INET6_ADDRSTRLEN];
    if (IN6_IS_ADDR_V4MAPPED(a))
        inet_ntop(AF_INET, a->s6_addr + 12, text, sizeof text);
    else
        inet_ntop(AF_INET6, a, text, sizeof text);
    printf(" %s %u", text, port);
}

static void print_clear(const struct packet *p)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    printf("clear %lld.%03ld %s protocol %u", (long long)now.tv_sec, now.tv_nsec / 1000000,
           p->wire->name, p->protocol);
    print_address(&p->from, p->from_port);
    fputs(" >", stdout);
    print_address(&p->to, p->to_port);
    if (is_icmp(p))
        printf(" type %u", p->icmp_type);
    fputs(" : ", stdout);
    for (size_t i = 0; i < p->payload_bytes && i < HEX_BYTES; i++)
        printf("%02x", p->payload[i]);
    putchar('\n');
    fflush(stdout);
}

static void take(const struct wire *w, const uint8_t *frame, size_t len_bytes, bool from_outside)
{
    struct packet p;
    if (len_bytes < ETH_HLEN)
        return;
    if (!parse(&p, word(frame + 12), frame + ETH_HLEN, len_bytes - ETH_HLEN)) {
        if (!from_outside)
            seen[CLASS_NEIGHBOUR]++;
        return;
    }
    p.wire = w;
    if (from_outside) {
        find_flow(&p, true);
        return;
    }
    enum class class = classify(&p);
    seen[class]++;
    if (class == CLASS_CLEAR && seen[class] <= CLEAR_LINES_MAX)
        print_clear(&p);
}

static int open_device(const char *device)
{
    const int wanted_bytes = RECEIVE_BYTES;
    struct sockaddr_ll own = { .sll_family = AF_PACKET,
                               .sll_protocol = htons(ETH_P_ALL),
                               .sll_ifindex = (int)if_nametoindex(device) };
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    if (fd < 0 || own.sll_ifindex == 0)
        die(device);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wanted_bytes, sizeof wanted_bytes);
    if (bind(fd, (const struct sockaddr *)&own, sizeof own) < 0)
        die(device);
    return fd;
}

/* NAMESPACE:DEVICE, in a namespace that "ip netns" named */
static void open_wire(char *name)
{
    char path[256];
    char *device = strchr(name, ':');
    if (wire_count == WIRES_MAX || device == NULL) {
        fprintf(stderr, "%s: not NAMESPACE:DEVICE\n", name);
        exit(2);
    }
    struct wire *w = &wires[wire_count++];
    snprintf(path, sizeof path, "/run/netns/%.*s", (int)(device - name), name);
    int namespace = open(path, O_RDONLY | O_CLOEXEC);
    if (namespace < 0 || setns(namespace, CLONE_NEWNET) < 0)
        die(path);
    close(namespace);
    w->name = name;
    find_near(w, device + 1);
    w->fd = open_device(device + 1);
}

static void print_totals(void)
{
    uint64_t missed = flows_refused;
    for (size_t i = 0; i < wire_count; i++) {
        struct tpacket_stats stats = { 0 };
        socklen_t len = sizeof stats;
        getsockopt(wires[i].fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len);
        missed += stats.tp_drops;
    }
    putchar('{');
    for (size_t i = 0; i < CLASSES; i++)
        printf("\"%s\":%" PRIu64 ",", class_names[i], seen[i]);
    printf("\"missed\":%" PRIu64 "}\n", missed);
}

static void read_arguments(int argc, char **argv)
{
    for (int option; (option = getopt(argc, argv, "s:p:n:")) != -1;) {
        uint8_t address[4];
        if (option == 's' && server_count < SERVERS_MAX) {
            if (inet_pton(AF_INET, optarg, address) == 1)
                servers[server_count++] = mapped(address);
            else if (inet_pton(AF_INET6, optarg, &servers[server_count]) == 1)
                server_count++;
        } else if (option == 'p') {
            server_port = (uint16_t)strtoul(optarg, NULL, 10);
        } else if (option == 'n') {
            server_name = optarg;
        }
    }
    if (optind == argc || server_count == 0 || server_port == 0) {
        fputs("usage: watch -s ADDRESS... -p PORT [-n NAME] NAMESPACE:DEVICE...\n", stderr);
        exit(2);
    }
}

static void take_waiting(const struct wire *w)
{
    static uint8_t frame[SNAP_BYTES];
    struct sockaddr_ll from;
    socklen_t from_bytes = sizeof from;
    ssize_t n =
        recvfrom(w->fd, frame, sizeof frame, MSG_DONTWAIT, (struct sockaddr *)&from, &from_bytes);
    if (n < 0 && errno != EINTR && errno != EAGAIN && errno != ENETDOWN)
        die("recvfrom");
    if (n > 0)
        take(w, frame, (size_t)n, from.sll_pkttype == PACKET_OUTGOING);
}

int main(int argc, char **argv)
{
    struct pollfd polled[WIRES_MAX];
    const struct sigaction end = { .sa_handler = on_signal }; /* poll() then returns */
    read_arguments(argc, argv);
    for (int i = optind; i < argc; i++)
        open_wire(argv[i]);
    for (size_t i = 0; i < wire_count; i++)
        polled[i] = (struct pollfd){ .fd = wires[i].fd, .events = POLLIN };
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    puts("ready");
    fflush(stdout);
    while (!ended) {
        if (poll(polled, (nfds_t)wire_count, -1) < 0)
            continue;
        for (size_t i = 0; i < wire_count; i++)
            if (polled[i].revents != 0)
                take_waiting(&wires[i]);
    }
    print_totals();
    return EXIT_SUCCESS;
}
