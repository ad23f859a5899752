/* SPDX-License-Identifier: ISC */
#include "lab/flow.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tstamp.h"
#include "lab/netns.h"

enum { FLOW_PORT = 8080, CHUNK_BYTES = 65536 };

/* The sink writes and the caller reads, but for the time of the last flow_mark(). */
struct counters {
    _Atomic uint64_t bytes;
    _Atomic int64_t last_ns;
    _Atomic int64_t silence_ns;
    _Atomic int64_t marked_ns;
};

struct flow {
    struct counters *shared; /* owned mapping */
    pid_t source;
    pid_t sink;
};

static int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int stream_socket(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* Sends to one receiver after the other, without end. */
static void source_main(int listener)
{
    static const char chunk[CHUNK_BYTES];
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        while (send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL) > 0)
            continue;
        close(fd);
    }
}

/* How long there has been nothing, counted from the mark at the earliest. */
static int64_t silence_until(const struct counters *shared, int64_t now_ns)
{
    int64_t last_ns = atomic_load(&shared->last_ns);
    int64_t marked_ns = atomic_load(&shared->marked_ns);
    return now_ns - (last_ns > marked_ns ? last_ns : marked_ns);
}

static void sink_read(int fd, struct counters *shared)
{
    static char chunk[4 * CHUNK_BYTES];
    for (ssize_t n; (n = recv(fd, chunk, sizeof(chunk), 0)) > 0;) {
        int64_t now_ns = clock_ns();
        int64_t silence_ns = silence_until(shared, now_ns);
        if (silence_ns > atomic_load(&shared->silence_ns))
            atomic_store(&shared->silence_ns, silence_ns);
        atomic_store(&shared->last_ns, now_ns);
        atomic_fetch_add(&shared->bytes, (uint64_t)n);
    }
}

static void sink_main(const struct sockaddr_in *address, struct counters *shared)
{
    const struct timespec pause = { .tv_nsec = 100000000 };
    for (;;) {
        int fd = stream_socket();
        if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
            sink_read(fd, shared);
        if (fd >= 0)
            close(fd);
        nanosleep(&pause, NULL);
    }
}

/* A child in a namespace; it runs on in the caller's code with result 0. */
static pid_t fork_into(const char *netns)
{
    sigset_t none;
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || netns_enter(netns) < 0)
        _exit(1);
    return 0;
}

/* Listening in the source's namespace before anyone connects; < 0 with the reason logged. */
static int open_listener(const struct flow_config *config, const struct sockaddr_in *address)
{
    static const int on = 1;
    int home = netns_current();
    if (home < 0 || netns_enter(config->source_netns) < 0) {
        log_error("namespace %s: %s", config->source_netns, strerror(errno));
        if (home >= 0)
            close(home);
        return -1;
    }
    int fd = stream_socket();
    netns_return(home);
    socklen_t name_len = (socklen_t)strlen(config->congestion);
    if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, config->congestion, name_len) != 0)
        log_warn("congestion control %s: %s", config->congestion, strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 && listen(fd, 4) == 0)
        return fd;
    log_error("cannot listen at %s: %s", config->source_address, strerror(errno));
    close(fd);
    return -1;
}

struct flow *flow_start(const struct flow_config *config)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(FLOW_PORT) };
    if (inet_pton(AF_INET, config->source_address, &address.sin_addr) != 1) {
        log_error("%s is no IPv4 address", config->source_address);
        return NULL;
    }
    struct flow *flow = calloc(1, sizeof(*flow));
    if (flow == NULL)
        return NULL;
    flow->shared = mmap(NULL, sizeof(*flow->shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int listener = flow->shared != MAP_FAILED ? open_listener(config, &address) : -1;
    if (listener < 0) {
        flow_stop(flow);
        return NULL;
    }
    flow_mark(flow);
    flow->source = fork_into(config->source_netns);
    if (flow->source == 0)
        source_main(listener);
    close(listener);
    flow->sink = fork_into(config->sink_netns);
    if (flow->sink == 0)
        sink_main(&address, flow->shared);
    if (flow->source > 0 && flow->sink > 0)
        return flow;
    log_error("cannot start processes: %s", strerror(errno));
    flow_stop(flow);
    return NULL;
}

void flow_stop(struct flow *flow)
{
    if (flow == NULL)
        return;
    run_stop(flow->sink, 1000);
    run_stop(flow->source, 1000);
    if (flow->shared != MAP_FAILED)
        munmap(flow->shared, sizeof(*flow->shared));
    free(flow);
}

uint64_t flow_bytes(const struct flow *flow)
{
    return atomic_load(&flow->shared->bytes);
}

void flow_mark(struct flow *flow)
{
    atomic_store(&flow->shared->marked_ns, clock_ns());
    atomic_store(&flow->shared->silence_ns, 0);
}

int64_t flow_longest_silence_ns(const struct flow *flow)
{
    int64_t present_ns = silence_until(flow->shared, clock_ns());
    int64_t longest_ns = atomic_load(&flow->shared->silence_ns);
    return present_ns > longest_ns ? present_ns : longest_ns;
}
