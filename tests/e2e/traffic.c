/* SPDX-License-Identifier: ISC */
/*
 * Small traffic for the end-to-end tests:
 *
 *     traffic echo PORT                     sends back what comes by UDP and TCP, from the address
 *                                           to which it came, until it is ended
 *     traffic ask udp|tcp ADDRESS PORT N    N questions to one that echoes, 20 ms apart, each
 *                                           answered within 1 s; {"asked":N,"answered":N}; fails if
 *                                           one was not
 *     traffic talk ADDRESS PORT             one TCP connection to one that echoes, a question each
 *                                           50 ms, until it is ended; however late an answer is:
 *                                           {"answered":N,"worst_ms":N}; fails if it breaks
 *     traffic chat ADDRESS PORT             one UDP flow to one that echoes, a question each 50 ms,
 * until it is ended; the longest time without an answer, to the end: {"answered":N,"silence_ms":N}
 *     traffic pester ADDRESS4 ADDRESS6 MS   each MS, until it is ended: UDP, TCP, ping and a DNS
 *                                           query for www.test to both; no answer is waited for
 *     traffic flood ADDRESS FLOWS BYTES N SECONDS
 *                                           N packets of UDP a second with BYTES of payload
 *                                           each, to a port where nobody listens
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    EXIT_USAGE = 2,
    ANSWER_MS = 1000,
    BETWEEN_MS = 20,
    TALK_MS = 50,
    CLEAR_PORT = 9999, /* nobody listens there */
    CONTROL_BYTES = 256,
    FLOOD_FLOWS = 1000,
    FLOOD_BYTES = 1400,
    TCP_KEPT = 32, /* so many connections of pester are tried at once */
};

static void die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

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

static int listener(int type, uint16_t port)
{
    const int on = 1;
    struct sockaddr_in6 own = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    int fd = socket(AF_INET6, type, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&own, sizeof own) < 0)
        die("bind");
    return fd;
}

/* The control message tells the address that was asked, and makes it the source of the answer; the
 * interface is left to the routes. */
static void echo_datagram(int fd)
{
    uint8_t data[2048];
    union {
        struct cmsghdr align;
        char bytes[CONTROL_BYTES];
    } control;
    struct sockaddr_in6 from;
    struct iovec part = { .iov_base = data, .iov_len = sizeof data };
    struct msghdr m = { .msg_name = &from,
                        .msg_namelen = sizeof from,
                        .msg_iov = &part,
                        .msg_iovlen = 1,
                        .msg_control = &control,
                        .msg_controllen = sizeof control };
    ssize_t n = recvmsg(fd, &m, 0);
    if (n < 0)
        return;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
        struct in6_pktinfo info;
        if (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_PKTINFO)
            continue;
        memcpy(&info, CMSG_DATA(c), sizeof info);
        info.ipi6_ifindex = 0;
        memcpy(CMSG_DATA(c), &info, sizeof info);
    }
    part.iov_len = (size_t)n;
    sendmsg(fd, &m, 0);
}

static void echo_connection(int accepting)
{
    char data[2048];
    int fd = accept(accepting, NULL, NULL);
    if (fd >= 0 && fork() == 0) {
        for (ssize_t n; (n = recv(fd, data, sizeof data, 0)) > 0;)
            send(fd, data, (size_t)n, MSG_NOSIGNAL);
        _exit(0);
    }
    close(fd);
}

static int echo(char **argv)
{
    uint16_t port = (uint16_t)strtoul(argv[0], NULL, 10);
    struct pollfd fds[2] = { { .fd = listener(SOCK_DGRAM, port), .events = POLLIN },
                             { .fd = listener(SOCK_STREAM, port), .events = POLLIN } };
    signal(SIGCHLD, SIG_IGN);
    if (listen(fds[1].fd, 8) < 0)
        die("listen");
    while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
        if ((fds[0].revents & POLLIN) != 0)
            echo_datagram(fds[0].fd);
        if ((fds[1].revents & POLLIN) != 0)
            echo_connection(fds[1].fd);
    }
    die("poll");
    return EXIT_FAILURE;
}

static bool becomes(int fd, short events)
{
    struct pollfd p = { .fd = fd, .events = events };
    return poll(&p, 1, ANSWER_MS) == 1 && (p.revents & events) != 0;
}

/* One question on a socket of its own. */
static bool ask_once(const struct addrinfo *to, uint32_t number)
{
    uint32_t answer = ~number;
    int fd = socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK, 0);
    bool asked =
        fd >= 0 && (connect(fd, to->ai_addr, to->ai_addrlen) == 0 || errno == EINPROGRESS) &&
        becomes(fd, POLLOUT) && send(fd, &number, sizeof number, MSG_NOSIGNAL) == sizeof number;
    bool answered = asked && becomes(fd, POLLIN) &&
                    recv(fd, &answer, sizeof answer, 0) == sizeof answer && answer == number;
    if (fd >= 0)
        close(fd);
    return answered;
}

static int ask(char **argv)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST,
                                    .ai_socktype =
                                        strcmp(argv[0], "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM };
    unsigned long count = strtoul(argv[3], NULL, 10);
    unsigned long answered = 0;
    struct addrinfo *to;
    if (getaddrinfo(argv[1], argv[2], &hints, &to) != 0)
        die(argv[1]);
    for (unsigned long n = 0; n < count; n++) {
        answered += ask_once(to, (uint32_t)n + 1) ? 1 : 0;
        sleep_ms(BETWEEN_MS);
    }
    freeaddrinfo(to);
    printf("{\"asked\":%lu,\"answered\":%lu}\n", count, answered);
    return answered == count ? EXIT_SUCCESS : EXIT_FAILURE;
}

static volatile sig_atomic_t has_ended;

static void on_end(int number)
{
    (void)number;
    has_ended = 1;
}

/* False: the connection is no more. Nobody waits for an answer after the end. */
static bool wait_answer(int fd, uint32_t number)
{
    uint32_t answer;
    size_t got = 0;
    while (got < sizeof answer) {
        ssize_t n = recv(fd, (char *)&answer + got, sizeof answer - got, 0);
        if (n < 0 && errno == EINTR && has_ended)
            return true;
        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return answer == number;
}

static int talk(char **argv)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
    const struct sigaction action = { .sa_handler = on_end };
    struct addrinfo *to;
    uint32_t number = 0;
    int64_t worst_ms = 0;
    if (getaddrinfo(argv[0], argv[1], &hints, &to) != 0)
        die(argv[0]);
    int fd = socket(to->ai_family, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, to->ai_addr, to->ai_addrlen) < 0)
        die("connect");
    freeaddrinfo(to);
    sigaction(SIGTERM, &action, NULL);
    while (!has_ended) {
        int64_t asked_ms = clock_ms();
        number++;
        if (send(fd, &number, sizeof number, MSG_NOSIGNAL) != sizeof number ||
            !wait_answer(fd, number))
            die("the connection is lost");
        int64_t took_ms = clock_ms() - asked_ms;
        worst_ms = took_ms > worst_ms ? took_ms : worst_ms;
        sleep_ms(TALK_MS);
    }
    printf("{\"answered\":%" PRIu32 ",\"worst_ms\":%" PRId64 "}\n", number, worst_ms);
    return EXIT_SUCCESS;
}

/* Whatever is lost or refused meanwhile, the flow goes on: its ports stay the same. */
static int chat(char **argv)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM };
    const struct sigaction action = { .sa_handler = on_end };
    struct addrinfo *to;
    uint32_t number = 0;
    uint32_t answer;
    uint32_t answered = 0;
    if (getaddrinfo(argv[0], argv[1], &hints, &to) != 0)
        die(argv[0]);
    int fd = socket(to->ai_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, to->ai_addr, to->ai_addrlen) < 0)
        die("connect");
    freeaddrinfo(to);
    sigaction(SIGTERM, &action, NULL);
    int64_t last_ms = clock_ms();
    int64_t silence_ms = 0;
    while (!has_ended) {
        number++;
        send(fd, &number, sizeof number, MSG_NOSIGNAL);
        sleep_ms(TALK_MS);
        int64_t now_ms = clock_ms();
        silence_ms = now_ms - last_ms > silence_ms ? now_ms - last_ms : silence_ms;
        for (ssize_t n; (n = recv(fd, &answer, sizeof answer, 0)) >= 0 || errno == ECONNREFUSED;) {
            if (n != (ssize_t)sizeof answer)
                continue;
            answered++;
            last_ms = now_ms;
        }
    }
    printf("{\"answered\":%" PRIu32 ",\"silence_ms\":%" PRId64 "}\n", answered, silence_ms);
    return EXIT_SUCCESS;
}

/* Pestering: what fails, for want of a route or because it is refused, is what is tested. */

struct sockets {
    int udp;
    int ping;
    int tcp[TCP_KEPT];
    size_t tcp_next;
    struct sockaddr_storage to;
    socklen_t to_bytes;
};

static void set_port(struct sockaddr_storage *to, uint16_t port)
{
    /* sin_port and sin6_port are at the same place */
    struct sockaddr_in in;
    memcpy(&in, to, sizeof in);
    in.sin_port = htons(port);
    memcpy(to, &in, sizeof in);
}

static void open_sockets(struct sockets *s, const char *address)
{
    struct sockaddr_in in = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    bool ipv4 = inet_pton(AF_INET, address, &in.sin_addr) == 1;
    *s = (struct sockets){ .to_bytes = ipv4 ? sizeof in : sizeof in6 };
    memset(s->tcp, -1, sizeof s->tcp);
    if (ipv4) {
        memcpy(&s->to, &in, sizeof in);
    } else if (inet_pton(AF_INET6, address, &in6.sin6_addr) == 1) {
        memcpy(&s->to, &in6, sizeof in6);
    } else {
        fprintf(stderr, "%s: no address\n", address);
        exit(EXIT_USAGE);
    }
    s->udp = socket(s->to.ss_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    s->ping =
        socket(s->to.ss_family, SOCK_RAW | SOCK_NONBLOCK, ipv4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

static void send_to(struct sockets *s, int fd, const void *data, size_t len_bytes, uint16_t port)
{
    char error[64];
    set_port(&s->to, port);
    while (fd >= 0 && recv(fd, error, sizeof error, MSG_DONTWAIT) > 0)
        continue; /* answers would fill the socket */
    sendto(fd, data, len_bytes, MSG_NOSIGNAL, (const struct sockaddr *)&s->to, s->to_bytes);
}

static void send_ping(struct sockets *s, uint16_t number)
{
    struct icmphdr echo = { .type = ICMP_ECHO,
                            .un.echo = { .id = htons(4711), .sequence = htons(number) } };
    struct icmp6_hdr echo6 = { .icmp6_type = ICMP6_ECHO_REQUEST };
    if (s->to.ss_family == AF_INET) {
        uint32_t sum = (uint32_t)ICMP_ECHO << 8;
        sum += 4711U + number;
        sum = (sum & 0xffff) + (sum >> 16);
        echo.checksum = htons((uint16_t)~sum);
        send_to(s, s->ping, &echo, sizeof echo, 0);
    } else {
        echo6.icmp6_id = htons(4711);
        echo6.icmp6_seq = htons(number);
        send_to(s, s->ping, &echo6, sizeof echo6, 0); /* the kernel fills in the checksum */
    }
}

static void send_tcp(struct sockets *s)
{
    int *fd = &s->tcp[s->tcp_next++ % TCP_KEPT];
    if (*fd >= 0)
        close(*fd);
    *fd = socket(s->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    set_port(&s->to, CLEAR_PORT);
    if (*fd >= 0 && connect(*fd, (const struct sockaddr *)&s->to, s->to_bytes) < 0 &&
        errno != EINPROGRESS) {
        close(*fd);
        *fd = -1;
    }
}

static void pester_one(struct sockets *s, uint16_t number)
{
    /* RFC 1035, 4.1: recursion wanted, one question, type A, class IN */
    static const char query[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
                                "\3www\4test\0\x00\x01\x00\x01";
    static const char text[] = "nobody on the way may read this";
    send_to(s, s->udp, text, sizeof text - 1, CLEAR_PORT);
    send_to(s, s->udp, query, sizeof query - 1, 53);
    send_ping(s, number);
    send_tcp(s);
}

static int pester(char **argv)
{
    static struct sockets to[2];
    int64_t each_ms = strtol(argv[2], NULL, 10);
    open_sockets(&to[0], argv[0]);
    open_sockets(&to[1], argv[1]);
    int64_t next_ms = clock_ms();
    for (uint16_t number = 0;; number++) {
        pester_one(&to[0], number);
        pester_one(&to[1], number);
        next_ms += each_ms;
        if (next_ms > clock_ms())
            sleep_ms(next_ms - clock_ms());
    }
    return EXIT_SUCCESS;
}

/* Its IPv4 address and a port of its own make a flow. */
static int open_flow(const char *address)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(CLEAR_PORT) };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
        connect(fd, (const struct sockaddr *)&to, sizeof to) < 0)
        die("flood");
    return fd;
}

static int flood(char **argv)
{
    static const char payload[FLOOD_BYTES];
    static int flows[FLOOD_FLOWS];
    size_t count = strtoul(argv[1], NULL, 10);
    size_t bytes = strtoul(argv[2], NULL, 10);
    int64_t per_s = strtol(argv[3], NULL, 10);
    int64_t length_ms = strtol(argv[4], NULL, 10) * 1000;
    if (count < 1 || count > FLOOD_FLOWS || bytes > FLOOD_BYTES || per_s < 1)
        return EXIT_USAGE;
    for (size_t i = 0; i < count; i++)
        flows[i] = open_flow(argv[0]);
    int64_t began_ms = clock_ms();
    int64_t sent = 0;
    for (int64_t ms = 0; ms < length_ms; ms = clock_ms() - began_ms) {
        for (; sent < ms * per_s / 1000; sent++)
            if (send(flows[(size_t)sent % count], payload, bytes, 0) < 0 && errno != EAGAIN &&
                errno != ENOBUFS && errno != ECONNREFUSED)
                die("flood");
        sleep_ms(1);
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int operands;
        int (*run)(char **argv);
    } commands[] = {
        { "echo", 1, echo }, { "ask", 4, ask },       { "talk", 2, talk },
        { "chat", 2, chat }, { "pester", 3, pester }, { "flood", 5, flood },
    };
    for (size_t i = 0; argc >= 2 && i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i].name) == 0 && argc == 2 + commands[i].operands)
            return commands[i].run(argv + 2);
    }
    fputs("usage: traffic echo|ask|talk|chat|pester|flood ...; see traffic.c\n", stderr);
    return EXIT_USAGE;
}
