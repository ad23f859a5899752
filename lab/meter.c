/* SPDX-License-Identifier: ISC */
/*
 * hawser-meter: what iperf3 and ping cannot measure. Both ends are in this one process, each in its
 * namespace, so that one clock sees sending and arrival. Prints one JSON object.
 *
 *   transfer  TCP connects, sends so many bytes and closes; the time from the connect() to the end
 *             of the stream at the receiver, in ms (null: not within --seconds)
 *   call      UDP packets of 160 bytes every 20 ms (64 kbit/s) for so many seconds: how many were
 *             sent, came, and came within --limit ms, and their delays one way
 *   stream    TCP sends for so many seconds; instead of an object a line "TIME BYTES" for each
 * piece that came, TIME in seconds since 1970, and an empty one when the source stopped
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tstamp.h"
#include "lab/netns.h"
#include "lab/option.h"

enum {
    EXIT_USAGE = 2,
    PORT = 5300,
    CHUNK_BYTES = 65536,
    CALL_BYTES = 160,
    CALL_PACKETS_MAX = 60000,
};

#define CALL_INTERVAL_NS (20 * NS_PER_MS)
/* What comes later than this after the last packet was sent is not waited for. */
#define CALL_TAIL_NS (500 * NS_PER_MS)

static const char usage[] =
    "usage: hawser-meter transfer --from NETNS --to NETNS --address A --bytes N [--cc NAME]\n"
    "                             [--seconds S]\n"
    "       hawser-meter call --from NETNS --to NETNS --address A --seconds S --limit MS\n"
    "       hawser-meter stream --from NETNS --to NETNS --address A --seconds S [--cc NAME]\n"
    "A is an IPv4 address of the receiver.\n";

struct options {
    const char *from;
    const char *to;
    const char *congestion;
    struct sockaddr_in address;
    uint64_t bytes;
    int64_t most_ns; /* --seconds */
    int64_t limit_ns;
};

/* The clock of the kernel's receive timestamps. */
static int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* A socket made in a namespace; < 0 with the reason logged. */
static int socket_in(const char *netns, int type)
{
    int home = netns_current();
    int error = home < 0 ? home : netns_enter(netns);
    int fd = error == 0 ? socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
    if (fd < 0)
        log_error("namespace %s: %s", netns, strerror(error != 0 ? -error : errno));
    if (home >= 0)
        netns_return(home);
    return fd;
}

static bool failed(const char *what)
{
    log_error("%s: %s", what, strerror(errno));
    return false;
}

static bool bind_receiver(int fd, const struct options *o)
{
    static const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    return bind(fd, (const struct sockaddr *)&o->address, sizeof(o->address)) == 0 ||
           failed("bind");
}

/* Sends what the socket takes. */
static bool feed(int fd, uint64_t *left_bytes)
{
    static const char chunk[CHUNK_BYTES];
    while (*left_bytes > 0) {
        size_t most = *left_bytes < CHUNK_BYTES ? (size_t)*left_bytes : CHUNK_BYTES;
        ssize_t n = send(fd, chunk, most, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || failed("send");
        *left_bytes -= (uint64_t)n;
    }
    return true;
}

/* 1: the stream has ended, 0: not yet, -1: with the reason logged. */
static int drain(int fd, uint64_t *got_bytes)
{
    static char chunk[CHUNK_BYTES];
    for (;;) {
        ssize_t n = recv(fd, chunk, sizeof(chunk), 0);
        if (n == 0)
            return 1;
        if (n < 0)
            return errno == EAGAIN ? 0 : (failed("recv"), -1);
        *got_bytes += (uint64_t)n;
    }
}

/* Ends: the listening socket, the connected source, the accepted sink (-1 until then). */
struct transfer {
    int listener;
    int source;
    int sink;
};

/* The time taken; 0: not within most_ns, < 0: with the reason logged. */
static int64_t carry(struct transfer *t, const struct options *o)
{
    uint64_t left_bytes = o->bytes;
    uint64_t got_bytes = 0;
    int64_t start_ns = clock_ns();
    if (connect(t->source, (const struct sockaddr *)&o->address, sizeof(o->address)) != 0 &&
        errno != EINPROGRESS)
        return failed("connect"), -1;
    while (clock_ns() - start_ns < o->most_ns) {
        struct pollfd polled[] = {
            { .fd = t->sink < 0 ? t->listener : t->sink, .events = POLLIN },
            { .fd = left_bytes > 0 ? t->source : -1, .events = POLLOUT },
        };
        if (poll(polled, 2, 100) < 0)
            return failed("poll"), -1;
        if (polled[1].revents != 0 && !feed(t->source, &left_bytes))
            return -1;
        if (left_bytes == 0 && polled[1].fd >= 0 && shutdown(t->source, SHUT_WR) != 0)
            return failed("shutdown"), -1;
        if (polled[0].revents == 0)
            continue;
        if (t->sink < 0) {
            t->sink = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
            continue;
        }
        int ended = drain(t->sink, &got_bytes);
        if (ended < 0)
            return -1;
        if (ended > 0)
            return got_bytes == o->bytes ? clock_ns() - start_ns : -1;
    }
    return 0;
}

/* False: with the reason logged. Either way transfer_close() ends it. */
static bool transfer_open(struct transfer *t, const struct options *o)
{
    *t = (struct transfer){ socket_in(o->to, SOCK_STREAM), socket_in(o->from, SOCK_STREAM), -1 };
    socklen_t name_len = (socklen_t)strlen(o->congestion);
    if (t->listener < 0 || t->source < 0 || !bind_receiver(t->listener, o))
        return false;
    return (setsockopt(t->source, IPPROTO_TCP, TCP_CONGESTION, o->congestion, name_len) == 0 &&
            listen(t->listener, 1) == 0) ||
           failed(o->congestion);
}

static void transfer_close(const struct transfer *t)
{
    if (t->sink >= 0)
        close(t->sink);
    if (t->source >= 0)
        close(t->source);
    if (t->listener >= 0)
        close(t->listener);
}

static int do_transfer(const struct options *o)
{
    struct transfer t;
    int64_t taken_ns = transfer_open(&t, o) ? carry(&t, o) : -1;
    if (taken_ns > 0)
        printf("{\"bytes\":%llu,\"ms\":%.2f}\n", (unsigned long long)o->bytes,
               (double)taken_ns / 1e6);
    else if (taken_ns == 0)
        printf("{\"bytes\":%llu,\"ms\":null}\n", (unsigned long long)o->bytes);
    transfer_close(&t);
    return taken_ns >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Prints what came; false: with the reason logged. */
static bool stream_receive(struct transfer *t)
{
    uint64_t got_bytes = 0;
    if (t->sink < 0) {
        t->sink = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        return t->sink >= 0 || errno == EAGAIN || failed("accept");
    }
    int ended = drain(t->sink, &got_bytes);
    int64_t now_ns = clock_ns();
    if (got_bytes > 0)
        printf("%lld.%06lld %llu\n", (long long)(now_ns / NS_PER_S),
               (long long)(now_ns % NS_PER_S / 1000), (unsigned long long)got_bytes);
    return ended == 0 || (ended > 0 && failed("the stream ended"));
}

static int do_stream(const struct options *o)
{
    struct transfer t;
    bool good = transfer_open(&t, o);
    int64_t end_ns = clock_ns() + o->most_ns;
    if (good && connect(t.source, (const struct sockaddr *)&o->address, sizeof(o->address)) != 0 &&
        errno != EINPROGRESS)
        good = failed("connect");
    while (good && clock_ns() < end_ns) {
        struct pollfd polled[] = {
            { .fd = t.sink < 0 ? t.listener : t.sink, .events = POLLIN },
            { .fd = t.source, .events = POLLOUT },
        };
        uint64_t left_bytes = 16 * CHUNK_BYTES;
        if (poll(polled, 2, 100) < 0)
            good = failed("poll");
        if (good && polled[1].revents != 0)
            good = feed(t.source, &left_bytes);
        if (good && polled[0].revents != 0)
            good = stream_receive(&t);
    }
    if (good)
        puts("");
    transfer_close(&t);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Delays in the order of arrival; a packet carries the time of its sending. */
struct call {
    int sender;
    int receiver;
    unsigned sent;
    size_t came;
    int64_t delay_ns[CALL_PACKETS_MAX];
};

static bool call_send(struct call *c)
{
    uint8_t packet[CALL_BYTES] = { 0 };
    int64_t now_ns = clock_ns();
    memcpy(packet, &now_ns, sizeof(now_ns));
    c->sent++;
    return send(c->sender, packet, sizeof(packet), 0) >= 0 || errno == EAGAIN || errno == ENOBUFS ||
           failed("send");
}

/* When the kernel got it: this program may be late. */
static int64_t received_ns(struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec t;
            memcpy(&t, CMSG_DATA(c), sizeof(t));
            return t.tv_sec * NS_PER_S + t.tv_nsec;
        }
    }
    return clock_ns();
}

static void call_receive(struct call *c)
{
    for (;;) {
        uint8_t packet[CALL_BYTES];
        _Alignas(struct cmsghdr) uint8_t control[128];
        struct iovec v = { packet, sizeof(packet) };
        struct msghdr m = { .msg_iov = &v,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof(control) };
        if (recvmsg(c->receiver, &m, 0) != CALL_BYTES || c->came == CALL_PACKETS_MAX)
            return;
        int64_t sent_ns;
        memcpy(&sent_ns, packet, sizeof(sent_ns));
        c->delay_ns[c->came++] = received_ns(&m) - sent_ns;
    }
}

static bool call_run(struct call *c, const struct options *o)
{
    int64_t next_ns = clock_ns();
    int64_t end_ns = next_ns + o->most_ns;
    for (;;) {
        int64_t now_ns = clock_ns();
        if (now_ns >= end_ns + CALL_TAIL_NS)
            return true;
        if (next_ns <= now_ns && next_ns < end_ns) {
            if (!call_send(c))
                return false;
            next_ns += CALL_INTERVAL_NS;
            continue;
        }
        int64_t until_ns = next_ns < end_ns ? next_ns : end_ns + CALL_TAIL_NS;
        int64_t wait_ns = until_ns - now_ns;
        struct timespec wait = { .tv_sec = wait_ns / NS_PER_S,
                                 .tv_nsec = (long)(wait_ns % NS_PER_S) };
        struct pollfd polled = { .fd = c->receiver, .events = POLLIN };
        if (ppoll(&polled, 1, &wait, NULL) < 0)
            return failed("poll");
        call_receive(c);
    }
}

static int compare_ns(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;
    return (*x > *y) - (*x < *y);
}

static void call_print(struct call *c, int64_t limit_ns)
{
    size_t in_time = 0;
    for (size_t i = 0; i < c->came; i++)
        in_time += c->delay_ns[i] <= limit_ns;
    qsort(c->delay_ns, c->came, sizeof(c->delay_ns[0]), compare_ns);
    double p50_ms = c->came > 0 ? (double)c->delay_ns[c->came / 2] / 1e6 : 0.0;
    double p99_ms = c->came > 0 ? (double)c->delay_ns[c->came * 99 / 100] / 1e6 : 0.0;
    printf("{\"sent\":%u,\"came\":%zu,\"in_time\":%zu,\"p50_ms\":%.2f,\"p99_ms\":%.2f}\n", c->sent,
           c->came, in_time, p50_ms, p99_ms);
}

static int do_call(const struct options *o)
{
    static const int on = 1;
    static struct call c;
    c.sender = socket_in(o->from, SOCK_DGRAM);
    c.receiver = socket_in(o->to, SOCK_DGRAM);
    if (c.sender < 0 || c.receiver < 0 || !bind_receiver(c.receiver, o))
        return EXIT_FAILURE;
    if (setsockopt(c.receiver, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0 ||
        connect(c.sender, (const struct sockaddr *)&o->address, sizeof(o->address)) != 0) {
        failed("sockets");
        return EXIT_FAILURE;
    }
    if (!call_run(&c, o))
        return EXIT_FAILURE;
    call_print(&c, o->limit_ns);
    return EXIT_SUCCESS;
}

/* Into nanoseconds, of the unit; false: the reason was told. */
static bool parse_time(const char *name, const char *text, double max, double unit_ns,
                       int64_t *out_ns)
{
    double number;
    if (!option_number(name, text, 0.001, max, &number))
        return false;
    *out_ns = (int64_t)(number * unit_ns);
    return true;
}

static bool parse_options(struct options *o, int argc, char **argv)
{
    const double seconds_max = (double)((CALL_PACKETS_MAX - 1) * CALL_INTERVAL_NS) / 1e9;
    static const struct option longs[] = {
        { "from", required_argument, NULL, 'f' },    { "to", required_argument, NULL, 't' },
        { "address", required_argument, NULL, 'a' }, { "bytes", required_argument, NULL, 'b' },
        { "cc", required_argument, NULL, 'c' },      { "seconds", required_argument, NULL, 's' },
        { "limit", required_argument, NULL, 'l' },   { NULL, 0, NULL, 0 },
    };
    int letter;
    while ((letter = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (letter) {
        case 'f':
            o->from = optarg;
            break;
        case 't':
            o->to = optarg;
            break;
        case 'a':
            if (inet_pton(AF_INET, optarg, &o->address.sin_addr) != 1) {
                log_error("--address: \"%s\" is no IPv4 address", optarg);
                return false;
            }
            break;
        case 'b':
            if (!option_count("--bytes", optarg, 1, UINT64_MAX, &o->bytes))
                return false;
            break;
        case 'c':
            o->congestion = optarg;
            break;
        case 's':
            if (!parse_time("--seconds", optarg, seconds_max, 1e9, &o->most_ns))
                return false;
            break;
        case 'l':
            if (!parse_time("--limit", optarg, 1e6, 1e6, &o->limit_ns))
                return false;
            break;
        default:
            return false;
        }
    }
    return optind == argc && o->from != NULL && o->to != NULL && o->address.sin_addr.s_addr != 0;
}

int main(int argc, char **argv)
{
    struct options o = { .congestion = "cubic", .most_ns = 60 * NS_PER_S };
    o.address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(PORT) };
    log_init("hawser-meter", LOG_LEVEL_INFO, false);
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    bool good = argc >= 2 && parse_options(&o, argc - 1, argv + 1);
    if (good && strcmp(argv[1], "transfer") == 0 && o.bytes > 0)
        return do_transfer(&o);
    if (good && strcmp(argv[1], "call") == 0 && o.limit_ns > 0)
        return do_call(&o);
    if (good && strcmp(argv[1], "stream") == 0)
        return do_stream(&o);
    fprintf(stderr, "hawser-meter %s: wrong usage; see hawser-meter --help\n",
            argc >= 2 ? argv[1] : "without a command");
    return EXIT_USAGE;
}
