/* SPDX-License-Identifier: ISC */
#include "lab/emulator.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "lab/netns.h"

/* Linux 6.2; older headers do not know them, older kernels refuse them. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

enum {
    VNET_BYTES = sizeof(struct virtio_net_hdr),
    SUPER_BYTES = 65536 + LINK_HEADER_BYTES,
    FRAMES_PER_LINK = 32768, /* addresses only; memory is touched as frames pile up */
    SUPERS_PER_LINK = 4096,
    READ_BATCH = 32, /* frames read from one device before others get their turn */
    LATE_NS = 200000,
    VERY_LATE_NS = 1000000,
};

/* A frame under way, or free. */
struct frame {
    struct frame *next; /* of the free list */
    uint32_t len_bytes; /* with the virtio header */
    uint8_t bytes[];
};

/* Frames of one link; last in, first out, so that they stay in the cache. */
struct frame_pool {
    uint8_t *memory; /* owned */
    size_t memory_bytes;
    size_t stride_bytes;
    size_t touched_bytes; /* frames from here on were never used: their pages do not exist yet */
    struct frame *free;
};

/* A TAP device; what is read from port d of a link travels in direction d. */
struct port {
    int fd;
    struct emu_link *link;
    enum link_direction direction;
};

struct emu_link {
    struct linkspec *spec; /* the caller's */
    struct link_model model[LINK_DIRECTIONS];
    struct port port[LINK_DIRECTIONS];
    struct frame_pool pool;
    size_t frame_bytes; /* largest, with the virtio header */
    uint64_t dropped_memory[LINK_DIRECTIONS];
    uint64_t dropped_write[LINK_DIRECTIONS]; /* refused by the other device: it is down */
};

struct waiting {
    struct tstamp exit;
    uint64_t order; /* of entry: decides between equal times */
    struct frame *frame;
    struct port *from;
};

struct lateness {
    uint64_t frames;
    int64_t sum_ns;
    int64_t max_ns;
    uint64_t late; /* by more than LATE_NS */
    uint64_t very_late;
};

struct emulator {
    struct linkspecs *specs;
    struct rng seeder; /* of the links' seeds */
    int epoll_fd;
    int control_fd;
    struct emu_link link[LINKSPEC_LINKS_MAX];
    struct waiting *heap; /* owned; smallest exit first */
    size_t heap_count;
    size_t heap_capacity;
    uint64_t order;
    struct lateness lateness;
    uint8_t scratch[VNET_BYTES + SUPER_BYTES]; /* where a frame goes when there is no memory */
};

static struct tstamp clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (struct tstamp){ t.tv_sec * NS_PER_S + t.tv_nsec };
}

static bool pool_open(struct frame_pool *pool, size_t frame_bytes, size_t count)
{
    pool->stride_bytes = (sizeof(struct frame) + frame_bytes + 63) / 64 * 64;
    pool->memory_bytes = pool->stride_bytes * count;
    void *memory = mmap(NULL, pool->memory_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        pool->memory = NULL;
        return false;
    }
    pool->memory = memory;
    return true;
}

static struct frame *pool_take(struct frame_pool *pool)
{
    struct frame *f = pool->free;
    if (f != NULL) {
        pool->free = f->next;
        return f;
    }
    if (pool->touched_bytes == pool->memory_bytes)
        return NULL;
    f = (struct frame *)(void *)(pool->memory + pool->touched_bytes);
    pool->touched_bytes += pool->stride_bytes;
    return f;
}

static void pool_give(struct frame_pool *pool, struct frame *f)
{
    f->next = pool->free;
    pool->free = f;
}

static bool waits_less(const struct waiting *a, const struct waiting *b)
{
    return a->exit.ns != b->exit.ns ? a->exit.ns < b->exit.ns : a->order < b->order;
}

static void heap_push(struct emulator *emu, struct waiting w)
{
    size_t i = emu->heap_count++;
    while (i > 0) {
        size_t parent = (i - 1) / 2;
        if (!waits_less(&w, &emu->heap[parent]))
            break;
        emu->heap[i] = emu->heap[parent];
        i = parent;
    }
    emu->heap[i] = w;
}

static struct waiting heap_pop(struct emulator *emu)
{
    struct waiting top = emu->heap[0];
    struct waiting last = emu->heap[--emu->heap_count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= emu->heap_count)
            break;
        if (child + 1 < emu->heap_count && waits_less(&emu->heap[child + 1], &emu->heap[child]))
            child++;
        if (!waits_less(&emu->heap[child], &last))
            break;
        emu->heap[i] = emu->heap[child];
        i = child;
    }
    emu->heap[i] = last;
    return top;
}

static bool is_unlimited(const struct linkspec *spec)
{
    for (int d = 0; d < LINK_DIRECTIONS; d++) {
        if (link_mean_rate_bps(&spec->config[d]) != 0)
            return false;
    }
    return true;
}

static bool link_open(struct emulator *emu, size_t i, struct tstamp start)
{
    struct emu_link *link = &emu->link[i];
    link->spec = &emu->specs->link[i];
    for (int d = 0; d < LINK_DIRECTIONS; d++) {
        link_init(&link->model[d], &link->spec->config[d], start, rng_next(&emu->seeder));
        link->port[d] = (struct port){ -1, link, (enum link_direction)d };
    }
    size_t behind = link->spec->behind;
    for (int d = 0; d < LINK_DIRECTIONS && behind != 0; d++)
        link_set_behind(&link->model[d], &emu->link[behind - 1].model[d]);
    bool super = is_unlimited(link->spec);
    size_t count = super ? SUPERS_PER_LINK : FRAMES_PER_LINK;
    link->frame_bytes = VNET_BYTES;
    link->frame_bytes += super ? SUPER_BYTES : LINK_HEADER_BYTES + link->spec->mtu_bytes;
    emu->heap_capacity += count;
    return pool_open(&link->pool, link->frame_bytes, count);
}

struct emulator *emulator_new(struct linkspecs *specs, uint64_t seed)
{
    struct emulator *emu = calloc(1, sizeof(*emu));
    if (emu == NULL)
        return NULL;
    emu->specs = specs;
    emu->seeder.state = seed;
    emu->control_fd = -1;
    emu->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    bool ok = emu->epoll_fd >= 0;
    struct tstamp start = clock_now();
    for (size_t i = 0; i < specs->count; i++)
        ok = link_open(emu, i, start) && ok;
    /* One entry more, so that a lab without links asks for memory too. */
    emu->heap = calloc(emu->heap_capacity + 1, sizeof(*emu->heap));
    if (ok && emu->heap != NULL)
        return emu;
    log_error("cannot prepare the emulator: %s", strerror(errno));
    emulator_free(emu);
    return NULL;
}

void emulator_free(struct emulator *emu)
{
    if (emu == NULL)
        return;
    for (size_t i = 0; i < emu->specs->count; i++) {
        struct emu_link *link = &emu->link[i];
        for (int d = 0; d < LINK_DIRECTIONS; d++) {
            if (link->spec != NULL && link->port[d].fd >= 0)
                close(link->port[d].fd);
        }
        if (link->pool.memory != NULL)
            munmap(link->pool.memory, link->pool.memory_bytes);
    }
    if (emu->control_fd >= 0)
        close(emu->control_fd);
    if (emu->epoll_fd >= 0)
        close(emu->epoll_fd);
    free(emu->heap);
    free(emu);
}

static bool tap_offload(int fd, bool super)
{
    unsigned long offloads = TUN_F_CSUM;
    if (super) {
        offloads |= TUN_F_TSO4 | TUN_F_TSO6;
        if (ioctl(fd, TUNSETOFFLOAD, offloads | TUN_F_USO4 | TUN_F_USO6) == 0)
            return true;
    }
    return ioctl(fd, TUNSETOFFLOAD, offloads) == 0;
}

/* A TAP device in the present namespace; its descriptor or a negative error code. */
static int tap_open(const char *ifname, bool super)
{
    struct ifreq request = { 0 };
    request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    strncpy(request.ifr_name, ifname, sizeof(request.ifr_name) - 1);

    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (ioctl(fd, TUNSETIFF, &request) == 0 && tap_offload(fd, super))
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

static bool port_open(struct emulator *emu, struct port *port, struct emu_end end)
{
    int home = netns_current();
    int error = home < 0 ? home : netns_enter(end.netns);
    if (error == 0) {
        port->fd = tap_open(end.ifname, is_unlimited(port->link->spec));
        error = port->fd < 0 ? port->fd : 0;
    }
    if (home >= 0)
        netns_return(home);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = port };
    if (error == 0 && epoll_ctl(emu->epoll_fd, EPOLL_CTL_ADD, port->fd, &event) != 0)
        error = -errno;
    if (error != 0)
        log_error("device %s in namespace %s: %s", end.ifname, end.netns, strerror(-error));
    return error == 0;
}

bool emulator_attach(struct emulator *emu, size_t i, struct emu_end client, struct emu_end provider)
{
    struct port *port = emu->link[i].port;
    return port_open(emu, &port[LINK_UP], client) && port_open(emu, &port[LINK_DOWN], provider);
}

static void port_write(struct port *from, const struct frame *f)
{
    struct emu_link *link = from->link;
    int to_fd = link->port[1 - from->direction].fd;
    if (write(to_fd, f->bytes, f->len_bytes) < 0)
        link->dropped_write[from->direction]++;
}

static void deliver(struct port *from, struct frame *f)
{
    struct emu_link *link = from->link;
    struct link_model *model = &link->model[from->direction];
    uint32_t frame_bytes = f->len_bytes - VNET_BYTES;
    if (!link_arrive(model, frame_bytes))
        return;
    uint32_t bit = 0;
    switch (link_mangle(model, frame_bytes, &bit)) {
    case LINK_INTACT:
        break;
    case LINK_CORRUPT:
        f->bytes[VNET_BYTES + bit / 8] ^= (uint8_t)(1U << bit % 8);
        break;
    case LINK_DUPLICATE:
        port_write(from, f);
        break;
    }
    port_write(from, f);
}

/* Everything whose time has come. Returns the time of the next exit. */
static struct tstamp deliver_due(struct emulator *emu)
{
    struct tstamp now = clock_now();
    while (emu->heap_count > 0) {
        struct tstamp exit = emu->heap[0].exit;
        if (!tstamp_reached(exit, now)) {
            now = clock_now();
            if (!tstamp_reached(exit, now))
                return exit;
        }
        struct waiting w = heap_pop(emu);
        int64_t late_ns = tstamp_sub(now, w.exit);
        emu->lateness.frames++;
        emu->lateness.sum_ns += late_ns;
        emu->lateness.late += late_ns > LATE_NS;
        emu->lateness.very_late += late_ns > VERY_LATE_NS;
        if (late_ns > emu->lateness.max_ns)
            emu->lateness.max_ns = late_ns;
        deliver(w.from, w.frame);
        pool_give(&w.from->link->pool, w.frame);
    }
    return TSTAMP_NEVER;
}

/* Reads one frame into the model; false when the device has none left. */
static bool port_read(struct emulator *emu, struct port *port)
{
    struct emu_link *link = port->link;
    struct frame *f = pool_take(&link->pool);
    void *into = f != NULL ? f->bytes : emu->scratch;
    ssize_t len = read(port->fd, into, link->frame_bytes);
    bool keep = len > VNET_BYTES && f != NULL;
    if (keep) {
        struct waiting w = { .order = emu->order++, .frame = f, .from = port };
        f->len_bytes = (uint32_t)len;
        keep = link_send(&link->model[port->direction], clock_now(), f->len_bytes - VNET_BYTES,
                         &w.exit);
        if (keep)
            heap_push(emu, w);
    } else if (len > VNET_BYTES) {
        link->dropped_memory[port->direction]++;
    }
    if (!keep && f != NULL)
        pool_give(&link->pool, f);
    return len > 0;
}

static void answer_control(struct emulator *emu)
{
    char command[1024];
    struct sockaddr_un from;
    socklen_t from_len = sizeof(from);
    ssize_t len = recvfrom(emu->control_fd, command, sizeof(command) - 1, MSG_DONTWAIT,
                           (struct sockaddr *)&from, &from_len);
    if (len < 0)
        return;
    command[len] = '\0';

    char *answer = NULL;
    size_t answer_len = 0;
    FILE *out = open_memstream(&answer, &answer_len);
    if (out == NULL)
        return;
    emulator_command(emu, command, out);
    if (fclose(out) == 0)
        sendto(emu->control_fd, answer, answer_len, MSG_DONTWAIT, (struct sockaddr *)&from,
               from_len);
    free(answer);
}

void emulator_control(struct emulator *emu, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = &emu->control_fd };
    emu->control_fd = fd;
    if (epoll_ctl(emu->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        log_error("control socket: %s", strerror(errno));
}

static int wait_for_events(struct emulator *emu, struct tstamp until, struct epoll_event *events,
                           int count)
{
    struct timespec timeout = { 0 };
    struct tstamp now = clock_now();
    if (!tstamp_is_never(until) && tstamp_before(now, until)) {
        int64_t wait_ns = tstamp_sub(until, now);
        timeout.tv_sec = (time_t)(wait_ns / NS_PER_S);
        timeout.tv_nsec = (long)(wait_ns % NS_PER_S);
    }
    int n =
        epoll_pwait2(emu->epoll_fd, events, count, tstamp_is_never(until) ? NULL : &timeout, NULL);
    if (n < 0 && errno == EINTR)
        return 0;
    return n < 0 ? -errno : n;
}

int emulator_run(struct emulator *emu, int stop_fd)
{
    struct epoll_event events[2 * LINKSPEC_LINKS_MAX + 2];
    struct epoll_event stop = { .events = EPOLLIN, .data.ptr = NULL };
    if (epoll_ctl(emu->epoll_fd, EPOLL_CTL_ADD, stop_fd, &stop) != 0)
        return -errno;

    for (;;) {
        struct tstamp next = deliver_due(emu);
        int count = wait_for_events(emu, next, events, (int)(sizeof(events) / sizeof(events[0])));
        if (count < 0)
            return count;
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                return 0;
            if (events[i].data.ptr == &emu->control_fd) {
                answer_control(emu);
                continue;
            }
            for (int n = 0; n < READ_BATCH && port_read(emu, events[i].data.ptr); n++)
                continue;
            deliver_due(emu);
        }
    }
}

static void print_direction(const struct emu_link *link, int d, FILE *out)
{
    const struct link_model *m = &link->model[d];
    const struct link_counters *n = &m->counters;
    struct tstamp now = clock_now();
    fprintf(out,
            "{\"sent_frames\":%llu,\"sent_bytes\":%llu,\"delivered_frames\":%llu,"
            "\"delivered_bytes\":%llu,\"dropped_queue\":%llu,\"dropped_police\":%llu,"
            "\"dropped_loss\":%llu,\"dropped_step\":%llu,\"dropped_cut\":%llu,"
            "\"corrupted\":%llu,\"duplicated\":%llu,"
            "\"dropped_memory\":%llu,\"dropped_write\":%llu,\"offered_bytes\":%llu,"
            "\"queue_ms\":%.1f,\"cut\":%s}",
            (unsigned long long)n->sent_frames, (unsigned long long)n->sent_bytes,
            (unsigned long long)n->delivered_frames, (unsigned long long)n->delivered_bytes,
            (unsigned long long)n->dropped_queue, (unsigned long long)n->dropped_police,
            (unsigned long long)n->dropped_loss, (unsigned long long)n->dropped_step,
            (unsigned long long)n->dropped_cut, (unsigned long long)n->corrupted,
            (unsigned long long)n->duplicated, (unsigned long long)link->dropped_memory[d],
            (unsigned long long)link->dropped_write[d],
            (unsigned long long)(link_offered_bytes(m, m->start, now)),
            (double)link_queue_ns(m, now) / 1e6, m->cut ? "true" : "false");
}

static void print_stats(const struct emulator *emu, FILE *out)
{
    const struct lateness *l = &emu->lateness;
    double mean_us = l->frames > 0 ? (double)l->sum_ns / (double)l->frames / 1e3 : 0.0;
    fprintf(out,
            "{\"lateness\":{\"frames\":%llu,\"mean_us\":%.1f,\"max_us\":%.1f,"
            "\"over_200us\":%llu,\"over_1ms\":%llu},\"links\":[",
            (unsigned long long)l->frames, mean_us, (double)l->max_ns / 1e3,
            (unsigned long long)l->late, (unsigned long long)l->very_late);
    for (size_t i = 0; i < emu->specs->count; i++) {
        const struct emu_link *link = &emu->link[i];
        fprintf(out, "%s{\"name\":\"%s\",\"up\":", i > 0 ? "," : "", link->spec->name);
        print_direction(link, LINK_UP, out);
        fputs(",\"down\":", out);
        print_direction(link, LINK_DOWN, out);
        fputs("}", out);
    }
    fputs("]}\n", out);
}

static void reset_counters(struct emulator *emu)
{
    emu->lateness = (struct lateness){ 0 };
    for (size_t i = 0; i < emu->specs->count; i++) {
        struct emu_link *link = &emu->link[i];
        for (int d = 0; d < LINK_DIRECTIONS; d++) {
            link->model[d].counters = (struct link_counters){ 0 };
            link->dropped_memory[d] = 0;
            link->dropped_write[d] = 0;
        }
    }
}

static void command_cut(struct emu_link *link, const char *direction, bool cut, FILE *out)
{
    bool up = strcmp(direction, "") == 0 || strcmp(direction, "up") == 0;
    bool down = strcmp(direction, "") == 0 || strcmp(direction, "down") == 0;
    if (!up && !down) {
        fprintf(out, "error: \"%s\" is neither up nor down\n", direction);
        return;
    }
    if (up)
        link_set_cut(&link->model[LINK_UP], cut);
    if (down)
        link_set_cut(&link->model[LINK_DOWN], cut);
    fputs("ok\n", out);
}

static void command_carrier(struct emu_link *link, const char *state, FILE *out)
{
    int on = strcmp(state, "on") == 0;
    if (!on && strcmp(state, "off") != 0) {
        fputs("error: carrier is on or off\n", out);
        return;
    }
    for (int d = 0; d < LINK_DIRECTIONS; d++) {
        if (ioctl(link->port[d].fd, TUNSETCARRIER, &on) != 0) {
            fprintf(out, "error: %s\n", strerror(errno));
            return;
        }
    }
    fputs("ok\n", out);
}

static void command_set(struct emu_link *link, const char *items, FILE *out)
{
    char error[LINKSPEC_ERROR_BYTES];
    struct linkspec changed = *link->spec;
    if (!linkspec_change(&changed, items, error)) {
        fprintf(out, "error: %s\n", error);
        return;
    }
    if (is_unlimited(link->spec) != is_unlimited(&changed)) {
        fputs("error: a link cannot change between limited and unlimited\n", out);
        return;
    }
    *link->spec = changed;
    for (int d = 0; d < LINK_DIRECTIONS; d++)
        link_set_config(&link->model[d], &changed.config[d]);
    fputs("ok\n", out);
}

void emulator_command(struct emulator *emu, const char *command, FILE *out)
{
    char verb[16] = "";
    char name[32] = "";
    int used = 0;
    if (sscanf(command, "%15s%n", verb, &used) < 1) {
        fputs("error: empty command\n", out);
        return;
    }
    if (strcmp(verb, "stats") == 0) {
        print_stats(emu, out);
        return;
    }
    if (strcmp(verb, "reset") == 0) {
        reset_counters(emu);
        fputs("ok\n", out);
        return;
    }

    const char *rest = command + used;
    used = 0;
    sscanf(rest, "%31s %n", name, &used);
    rest += used;
    struct linkspec *spec = linkspecs_find(emu->specs, name);
    if (spec == NULL) {
        fprintf(out, "error: no link \"%s\"\n", name);
        return;
    }
    struct emu_link *link = &emu->link[spec - emu->specs->link];
    if (strcmp(verb, "cut") == 0)
        command_cut(link, rest, true, out);
    else if (strcmp(verb, "restore") == 0)
        command_cut(link, rest, false, out);
    else if (strcmp(verb, "carrier") == 0)
        command_carrier(link, rest, out);
    else if (strcmp(verb, "set") == 0)
        command_set(link, rest, out);
    else
        fprintf(out, "error: no command \"%s\"\n", verb);
}
