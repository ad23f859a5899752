/* SPDX-License-Identifier: ISC */
/*
 * The far end of the simulated clients' traffic, behind the server: counts what comes, and sends
 * what is wanted, each flow at its own pace.
 *
 * usage: load-far ADDRESS
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/heap.h"
#include "base/list.h"
#include "load/message.h"
#include "sys/loop.h"

enum {
    HOSTS = 1 << 16, /* by the low half of the address */
    BATCH = 64,
    BUFFER_BYTES = 8 << 20,
};
/* Sending looks at the clock so often: a wake-up for each packet would cost more than the packet.
 */
#define GRAIN_NS (200 * NS_PER_US)

struct flow {
    struct heap_item due;
    struct sockaddr_in to;
    struct message wanted;
    struct tstamp next;
};

struct host {
    uint32_t run;
    uint64_t received;
    uint64_t sent;
    struct flow *flows[MESSAGE_FLOWS_MAX]; /* owned */
};

struct far {
    int fd;
    struct host hosts[HOSTS];
    struct heap due;
    struct mmsghdr out[BATCH];
    struct iovec out_pieces[BATCH];
    uint8_t out_data[BATCH][MESSAGE_BYTES_MAX];
    struct sockaddr_in out_to[BATCH];
    unsigned out_count;
};

static void flush(struct far *f)
{
    for (unsigned at = 0; at < f->out_count;) {
        int n = sendmmsg(f->fd, f->out + at, f->out_count - at, 0);
        if (n < 0 && errno == EINTR)
            continue;
        at += n > 0 ? (unsigned)n : 1; /* what the device has no room for is lost */
    }
    f->out_count = 0;
}

static void send_one(struct far *f, const struct sockaddr_in *to, const struct message *m,
                     size_t len_bytes)
{
    unsigned i = f->out_count++;
    f->out_to[i] = *to;
    message_put(f->out_data[i], m);
    f->out_pieces[i] = (struct iovec){ f->out_data[i], len_bytes };
    f->out[i].msg_hdr = (struct msghdr){ .msg_name = &f->out_to[i],
                                         .msg_namelen = sizeof f->out_to[i],
                                         .msg_iov = &f->out_pieces[i],
                                         .msg_iovlen = 1 };
    if (f->out_count == BATCH)
        flush(f);
}

static struct host *host_of(struct far *f, const struct sockaddr_in *from)
{
    return &f->hosts[ntohl(from->sin_addr.s_addr) % HOSTS];
}

static void want(struct far *f, struct tstamp now, const struct sockaddr_in *from,
                 const struct message *m)
{
    unsigned number = ntohs(from->sin_port) - (unsigned)MESSAGE_FLOW_PORT;
    if (number >= MESSAGE_FLOWS_MAX || m->interval_ns <= 0 || m->bytes_each > MESSAGE_BYTES_MAX ||
        m->bytes_each < sizeof *m + MESSAGE_HEADERS_BYTES)
        return;
    struct host *h = host_of(f, from);
    struct flow *flow = h->flows[number];
    if (flow == NULL)
        flow = h->flows[number] = calloc(1, sizeof *flow);
    if (flow == NULL || heap_reserve(&f->due, f->due.count + 1) < 0) {
        fputs("load-far: no memory\n", stderr);
        exit(1);
    }
    flow->to = *from;
    flow->wanted = *m;
    flow->next = now;
    heap_set(&f->due, &flow->due, now);
}

static void take(struct far *f, struct tstamp now, const struct sockaddr_in *from,
                 const uint8_t *data, size_t len_bytes)
{
    struct message m;
    if (len_bytes < sizeof m)
        return;
    message_get(&m, data);
    struct host *h = host_of(f, from);
    if (h->run != m.run) {
        h->run = m.run;
        h->received = h->sent = 0;
    }
    if (m.type == MESSAGE_DATA) {
        h->received++;
    } else if (m.type == MESSAGE_WANT) {
        want(f, now, from, &m);
    } else if (m.type == MESSAGE_ASK) {
        m.type = MESSAGE_TOLD;
        m.received = h->received;
        m.sent = h->sent;
        send_one(f, from, &m, sizeof m);
    }
}

static void receive(struct far *f, struct tstamp now)
{
    static uint8_t data[BATCH][MESSAGE_BYTES_MAX];
    struct sockaddr_in from[BATCH];
    struct iovec pieces[BATCH];
    struct mmsghdr in[BATCH];
    for (unsigned i = 0; i < BATCH; i++) {
        pieces[i] = (struct iovec){ data[i], sizeof data[i] };
        in[i].msg_hdr = (struct msghdr){ .msg_name = &from[i],
                                         .msg_namelen = sizeof from[i],
                                         .msg_iov = &pieces[i],
                                         .msg_iovlen = 1 };
    }
    int n = recvmmsg(f->fd, in, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++)
        take(f, now, &from[i], data[i], in[i].msg_len);
}

static void send_due(struct far *f, struct tstamp now)
{
    for (struct heap_item *first;
         (first = heap_first(&f->due)) != NULL && tstamp_reached(first->at, now);) {
        struct flow *flow = LIST_OF(first, struct flow, due);
        struct host *h = host_of(f, &flow->to);
        if (flow->wanted.packets_wanted == 0 || h->run != flow->wanted.run) {
            heap_remove(&f->due, first);
            continue;
        }
        struct message m = { .type = MESSAGE_DATA, .run = h->run, .at_ns = now.ns };
        send_one(f, &flow->to, &m, flow->wanted.bytes_each - MESSAGE_HEADERS_BYTES);
        h->sent++;
        flow->wanted.packets_wanted--;
        flow->next = tstamp_add(flow->next, flow->wanted.interval_ns);
        heap_set(&f->due, first, flow->next);
    }
}

static void run(struct far *f)
{
    struct pollfd p = { .fd = f->fd, .events = POLLIN };
    for (;;) {
        struct heap_item *first = heap_first(&f->due);
        struct timespec wait = { 0 };
        if (first != NULL) {
            int64_t ns = tstamp_sub(first->at, loop_now());
            ns = ns > GRAIN_NS ? ns : GRAIN_NS;
            wait = (struct timespec){ ns / NS_PER_S, ns % NS_PER_S };
        }
        ppoll(&p, 1, first != NULL ? &wait : NULL, NULL);
        struct tstamp now = loop_now();
        if ((p.revents & POLLIN) != 0)
            receive(f, now);
        send_due(f, now);
        flush(f);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(MESSAGE_PORT) };
    const int bytes = BUFFER_BYTES;
    static struct far far;
    struct far *f = &far;
    if (argc != 2 || inet_pton(AF_INET, argv[1], &at.sin_addr) != 1) {
        fputs("usage: load-far ADDRESS\n", stderr);
        return 2;
    }
    f->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (f->fd < 0 || setsockopt(f->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0 ||
        setsockopt(f->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) < 0 ||
        bind(f->fd, (const struct sockaddr *)&at, sizeof at) < 0) {
        perror("load-far");
        return 1;
    }
    run(f);
}
