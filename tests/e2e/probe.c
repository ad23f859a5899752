/* SPDX-License-Identifier: ISC */
/*
 * What the end-to-end tests need and no packaged program does: TCP streams whose every byte is
 * checked and whose longest silence is measured, and the traffic of an attacker.
 *
 *     probe serve PORT                         answers "flow" until it is ended
 *     probe flow up|down ADDRESS PORT SECONDS  {"bytes":N,"intact":BOOL,"silence_ms":N}
 *     probe noise ADDRESS PORT COUNT           random datagrams; {"sent":N,"answers":N}
 *     probe stream ADDRESS PORT COUNT          a datagram each 2 ms
 *     probe burst ADDRESS PORT COUNT           20 small datagrams of as many flows each 20 ms
 *     probe raw ADDRESS PROTOCOL COUNT         datagrams of any IP protocol
 *     probe babble PATH COUNT                  random requests to a UNIX stream socket
 *     probe ask PATH BYTES                     the status, of which so many bytes are read; 0:
 * none, and the connection stays until it is ended probe replay DEVICE PORT COUNT           sends
 * COUNT datagrams to that port that leave by the device once more, 1 s later; {"replayed":N} probe
 * notify PATH                        a service manager's socket: prints what it hears, a line each,
 * until it is ended
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    CHUNK_BYTES = 65536,
    PATIENCE_MS = 20000, /* a connection that is silent for so long has failed */
    EXIT_USAGE = 2,
};

struct report {
    uint64_t bytes;
    bool intact;
    int64_t silence_ms; /* the longest, from the first byte to the end */
};

static int64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void sleep_ms(int64_t ms)
{
    nanosleep(
        &(struct timespec){ .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * 1000000) },
        NULL);
}

static void die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

/* splitmix64 (Steele, Lea, Flood 2014): the n-th value is found without those before it. */
static uint64_t nth_random(uint64_t n)
{
    uint64_t x = (n + 1) * 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

/* The stream's bytes from a position on; bytes in a chunk never repeat those of another. */
static void fill(uint8_t *out, uint64_t position, size_t len_bytes)
{
    for (size_t i = 0; i < len_bytes; i++) {
        uint64_t at = position + i;
        out[i] = (uint8_t)(nth_random(at / 8) >> (at % 8 * 8));
    }
}

static int open_socket(const char *address, const char *port, int type, int protocol)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST,
                                    .ai_socktype = type,
                                    .ai_protocol = protocol };
    struct addrinfo *to;
    if (getaddrinfo(address, port, &hints, &to) != 0) {
        fprintf(stderr, "%s: no address\n", address);
        exit(EXIT_USAGE);
    }
    int fd = socket(to->ai_family, type, protocol);
    if (fd < 0)
        die("socket");
    const struct timeval limit = { .tv_sec = PATIENCE_MS / 1000 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, to->ai_addr, to->ai_addrlen) < 0)
        die(address);
    freeaddrinfo(to);
    return fd;
}

/* Sends the stream until the deadline or until the other side closes; false: it broke. */
static bool send_stream(int fd, int64_t deadline_ms)
{
    static uint8_t chunk[CHUNK_BYTES];
    uint64_t position = 0;
    while (clock_ms() < deadline_ms) {
        fill(chunk, position, sizeof chunk);
        for (size_t at = 0; at < sizeof chunk;) {
            ssize_t n = send(fd, chunk + at, sizeof chunk - at, MSG_NOSIGNAL);
            if (n <= 0)
                return false;
            at += (size_t)n;
        }
        position += sizeof chunk;
    }
    return true;
}

/* Takes the stream until the deadline or its end; false: the connection broke. */
static bool take_stream(int fd, int64_t deadline_ms, struct report *report)
{
    static uint8_t got[CHUNK_BYTES];
    static uint8_t expected[CHUNK_BYTES];
    ssize_t n = 1;
    int64_t last_ms = clock_ms();
    *report = (struct report){ .intact = true };
    while (n > 0 && last_ms < deadline_ms) {
        n = recv(fd, got, sizeof got, 0);
        int64_t now_ms = clock_ms();
        if (report->bytes > 0 && now_ms - last_ms > report->silence_ms)
            report->silence_ms = now_ms - last_ms;
        last_ms = now_ms;
        if (n <= 0)
            break;
        fill(expected, report->bytes, (size_t)n);
        report->intact = report->intact && memcmp(got, expected, (size_t)n) == 0;
        report->bytes += (uint64_t)n;
    }
    return n >= 0;
}

static void print_report(FILE *to, const struct report *r)
{
    fprintf(to, "{\"bytes\":%" PRIu64 ",\"intact\":%s,\"silence_ms\":%" PRId64 "}\n", r->bytes,
            r->intact ? "true" : "false", r->silence_ms);
    fflush(to);
}

/* One connection of "flow": its first byte says which way the stream goes. */
static void answer_flow(int fd)
{
    struct report report;
    char way;
    if (recv(fd, &way, 1, 0) != 1)
        return;
    if (way == 'd') {
        send_stream(fd, INT64_MAX);
    } else if (take_stream(fd, INT64_MAX, &report)) {
        FILE *to = fdopen(fd, "w");
        if (to != NULL)
            print_report(to, &report);
    }
}

static int serve(char **argv)
{
    const int on = 1;
    struct sockaddr_in6 own = { .sin6_family = AF_INET6,
                                .sin6_port = htons((uint16_t)strtoul(argv[0], NULL, 10)) };
    int listener = socket(AF_INET6, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (listener < 0 || bind(listener, (const struct sockaddr *)&own, sizeof own) < 0 ||
        listen(listener, 8) < 0)
        die("listen");
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0 && fork() == 0) {
            answer_flow(fd);
            _exit(0);
        }
        close(fd);
    }
}

static int flow(char **argv)
{
    bool up = strcmp(argv[0], "up") == 0;
    int64_t duration_ms = (int64_t)(strtod(argv[3], NULL) * 1000);
    int fd = open_socket(argv[1], argv[2], SOCK_STREAM, IPPROTO_TCP);
    int64_t deadline_ms = clock_ms() + duration_ms;
    struct report report;
    char line[128] = "";
    if (send(fd, up ? "u" : "d", 1, MSG_NOSIGNAL) != 1)
        die("send");
    if (!up) {
        if (!take_stream(fd, deadline_ms, &report))
            die("the connection broke");
        print_report(stdout, &report);
        return report.bytes > 0 && report.intact ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (!send_stream(fd, deadline_ms))
        die("the connection broke");
    shutdown(fd, SHUT_WR);
    if (recv(fd, line, sizeof line - 1, MSG_WAITALL) <= 0)
        die("no report");
    fputs(line, stdout);
    return strstr(line, "\"intact\":true") != NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* What nobody may answer: every type of datagram, lengths that fit and that do not. */
static size_t make_noise(uint8_t out[1400], uint64_t n)
{
    static const uint16_t lengths[] = { 0, 1, 26, 27, 64, 104, 160, 161, 300, 1400 };
    size_t len_bytes = lengths[n % (sizeof lengths / sizeof lengths[0])];
    for (size_t i = 0; i < len_bytes; i++)
        out[i] = (uint8_t)nth_random(n * 1400 + i);
    if (n % 3 != 0 && len_bytes >= 4) { /* a header as it should be */
        memset(out, 0, 4);
        out[0] = (uint8_t)(1 + nth_random(n) % 4);
    }
    return len_bytes;
}

static int noise(char **argv)
{
    enum { BURST = 64 };
    uint8_t datagram[1400];
    uint64_t count = strtoull(argv[2], NULL, 10);
    uint64_t answers = 0;
    int fd = open_socket(argv[0], argv[1], SOCK_DGRAM, IPPROTO_UDP);
    for (uint64_t n = 0; n < count; n++) {
        if (send(fd, datagram, make_noise(datagram, n), 0) < 0 && errno != ECONNREFUSED)
            die("send");
        if (n % BURST == 0)
            sleep_ms(1);
    }
    struct pollfd p = { .fd = fd, .events = POLLIN };
    while (poll(&p, 1, 1000) > 0 && recv(fd, datagram, sizeof datagram, 0) >= 0)
        answers++;
    printf("{\"sent\":%" PRIu64 ",\"answers\":%" PRIu64 "}\n", count, answers);
    return EXIT_SUCCESS;
}

/* 400 bytes each 2 ms: 1.6 Mbit/s, less than any link is first taken for. */
static int stream(char **argv)
{
    static const uint8_t datagram[400];
    int fd = open_socket(argv[0], argv[1], SOCK_DGRAM, IPPROTO_UDP);
    for (uint64_t n = strtoull(argv[2], NULL, 10); n > 0; n--) {
        if (send(fd, datagram, sizeof datagram, 0) < 0 && errno != ECONNREFUSED)
            die("send");
        sleep_ms(2);
    }
    return EXIT_SUCCESS;
}

/* So few flows at once that none of them is taken for bulk: their packets share datagrams. */
static int burst(char **argv)
{
    enum { FLOWS = 200, TOGETHER = 20 };
    static const uint8_t datagram[80];
    int fds[FLOWS];
    uint64_t count = strtoull(argv[2], NULL, 10);
    for (size_t i = 0; i < FLOWS; i++)
        fds[i] = open_socket(argv[0], argv[1], SOCK_DGRAM, IPPROTO_UDP);
    for (uint64_t n = 0; n < count; n++) {
        if (send(fds[n % FLOWS], datagram, sizeof datagram, 0) < 0 && errno != ECONNREFUSED)
            die("send");
        if (n % TOGETHER == TOGETHER - 1)
            sleep_ms(20);
    }
    return EXIT_SUCCESS;
}

static int raw(char **argv)
{
    static const char text[64] = "neither TCP nor UDP nor ICMP";
    int fd = open_socket(argv[0], NULL, SOCK_RAW, (int)strtol(argv[1], NULL, 10));
    for (uint64_t n = strtoull(argv[2], NULL, 10); n > 0; n--) {
        if (send(fd, text, sizeof text, 0) < 0)
            die("send");
        sleep_ms(5);
    }
    return EXIT_SUCCESS;
}

/* Binary, half a request, JSON that is none of ours, and far too much; an answer is not waited for.
 */
static int babble(char **argv)
{
    static const char *const texts[] = { "{\"cmd\":\"status\"", "{\"cmd\":\"halt\"}\n", "[]\n",
                                         "\n", "{\"cmd\":\"link\",\"link\":\"\"}\n" };
    enum { TEXTS = sizeof texts / sizeof texts[0] };
    static uint8_t much[CHUNK_BYTES];
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    snprintf(to.sun_path, sizeof to.sun_path, "%s", argv[0]);
    fill(much, 0, sizeof much);
    for (uint64_t n = strtoull(argv[1], NULL, 10); n > 0; n--) {
        size_t kind = (size_t)(n % (TEXTS + 1));
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) < 0)
            die(argv[0]);
        if (kind < TEXTS)
            send(fd, texts[kind], strlen(texts[kind]), MSG_NOSIGNAL);
        else
            send(fd, much, sizeof much, MSG_NOSIGNAL | MSG_DONTWAIT);
        close(fd);
    }
    return EXIT_SUCCESS;
}

static int ask(char **argv)
{
    static const char request[] = "{\"cmd\":\"status\"}\n";
    static char answer[CHUNK_BYTES];
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    snprintf(to.sun_path, sizeof to.sun_path, "%s", argv[0]);
    size_t wanted = strtoul(argv[1], NULL, 10);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) < 0 ||
        send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
        die(argv[0]);
    while (wanted == 0)
        pause();
    for (ssize_t n; wanted > 0; wanted -= (size_t)n) {
        n = recv(fd, answer, wanted < sizeof answer ? wanted : sizeof answer, 0);
        if (n <= 0)
            die("recv");
    }
    return EXIT_SUCCESS;
}

static int notify(char **argv)
{
    struct sockaddr_un own = { .sun_family = AF_UNIX };
    char text[1024];
    snprintf(own.sun_path, sizeof own.sun_path, "%s", argv[0]);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&own, sizeof own) < 0)
        die(argv[0]);
    ssize_t n;
    while ((n = recv(fd, text, sizeof text, 0)) >= 0) {
        for (ssize_t i = 0; i < n; i++)
            putchar(text[i] == '\n' ? ' ' : text[i]);
        putchar('\n');
        fflush(stdout);
    }
    perror("recv");
    return EXIT_FAILURE;
}

/* An Ethernet frame with a UDP datagram over IPv4 without options to that port. */
static bool is_to_port(const uint8_t *frame, size_t len_bytes, uint16_t port)
{
    const uint8_t *ip = frame + ETH_HLEN;
    return len_bytes >= ETH_HLEN + 28 && frame[12] == 0x08 && frame[13] == 0x00 && ip[0] == 0x45 &&
           ip[9] == IPPROTO_UDP && ip[22] == port >> 8 && ip[23] == (port & 0xff);
}

static int replay(char **argv)
{
    enum { FRAMES_MAX = 256, FRAME_BYTES = 2048 };
    static struct {
        size_t len_bytes;
        uint8_t data[FRAME_BYTES];
    } kept[FRAMES_MAX];
    struct sockaddr_ll own = { .sll_family = AF_PACKET,
                               .sll_protocol = htons(ETH_P_ALL),
                               .sll_ifindex = (int)if_nametoindex(argv[0]) };
    const uint16_t port = (uint16_t)strtoul(argv[1], NULL, 10);
    size_t wanted = strtoul(argv[2], NULL, 10);
    size_t count = 0;
    const struct timeval limit = { .tv_sec = PATIENCE_MS / 1000 };
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&own, sizeof own) < 0 || wanted > FRAMES_MAX ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0)
        die(argv[0]);
    while (count < wanted) {
        ssize_t n = recv(fd, kept[count].data, FRAME_BYTES, 0);
        if (n < 0)
            die("capture");
        kept[count].len_bytes = (size_t)n;
        if (!is_to_port(kept[count].data, (size_t)n, port))
            continue;
        /* It may have been left to the device to complete: none then, as RFC 768 allows. */
        memset(kept[count].data + ETH_HLEN + 26, 0, 2);
        count++;
    }
    sleep_ms(1000);
    for (size_t i = 0; i < count; i++) {
        if (send(fd, kept[i].data, kept[i].len_bytes, 0) < 0)
            die("send");
    }
    printf("{\"replayed\":%zu}\n", count);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int operands;
        int (*run)(char **argv);
    } commands[] = { { "serve", 1, serve },   { "flow", 4, flow },     { "noise", 3, noise },
                     { "raw", 3, raw },       { "stream", 3, stream }, { "babble", 2, babble },
                     { "replay", 3, replay }, { "notify", 1, notify }, { "burst", 3, burst },
                     { "ask", 2, ask } };
    for (size_t i = 0; argc >= 2 && i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i].name) == 0 && argc == 2 + commands[i].operands)
            return commands[i].run(argv + 2);
    }
    fprintf(stderr, "usage: probe serve|flow|noise|stream|burst|raw|babble|ask|replay|notify ...; "
                    "see probe.c\n");
    return EXIT_USAGE;
}
