/* SPDX-License-Identifier: ISC */
#include "daemon/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

enum {
    PAUSE_MIN_S = 1,
    PAUSE_MAX_S = 60,
    REFRESH_MIN_S = 5,
    RETRY_MIN_S = 1,
    HANGS_S = 3, /* a look-up that takes longer may wait for an answer that never comes */
    CHILD_SECONDS_MAX = 30,
    CHILDREN_MAX = 8,
};

/* What the process says: an address, or that one of the peer's endpoints has none. */
struct answer {
    struct netaddr addr; /* family 0: error */
    uint32_t endpoint;
    int32_t error; /* of getaddrinfo(3) */
};

enum { ANSWERS_MAX = CORE_ENDPOINTS_MAX + CONFIG_ENDPOINTS_MAX };

struct lookup {
    struct resolver *resolver;
    const struct config_peer *peer; /* borrowed */
    struct netaddr known[CORE_ENDPOINTS_MAX];
    size_t known_count;
    pid_t pid; /* 0: no process runs */
    struct loop_watch watch;
    struct answer in[ANSWERS_MAX];
    size_t in_bytes;
    struct tstamp next; /* TSTAMP_NEVER: nothing to do */
    struct tstamp last; /* when the newest began or ended */
    int pause_s;
    bool again;       /* the network changed while a process ran */
    uint32_t failing; /* endpoints whose failure was logged, by bit */
};
_Static_assert(CONFIG_ENDPOINTS_MAX <= 32, "lookup.failing has a bit for each");

struct resolver {
    struct resolver_config config;
    struct lookup *lookups; /* owned */
    size_t count;
    unsigned children;
};

static bool has_names(const struct config_peer *p)
{
    for (size_t i = 0; i < p->endpoint_count; i++)
        if (p->endpoints[i].addr.family == 0)
            return true;
    return false;
}

/* The process */

static struct netaddr from_sockaddr(const struct sockaddr *sa, uint16_t port)
{
    struct netaddr a = { .port = port };
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
    if (sa->sa_family == AF_INET) {
        memcpy(&in4, sa, sizeof in4);
        a.family = 4;
        memcpy(a.addr, &in4.sin_addr, 4);
    } else if (sa->sa_family == AF_INET6) {
        memcpy(&in6, sa, sizeof in6);
        a.family = 6;
        a.scope = in6.sin6_scope_id;
        memcpy(a.addr, &in6.sin6_addr, 16);
    }
    return a;
}

/* Appends the endpoint's addresses, or its error; *room: addresses that may still be told. */
static size_t look_up(const struct config_endpoint *e, struct answer *out, size_t *room)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM };
    struct addrinfo *list = NULL;
    size_t n = 0;
    if (e->addr.family != 0) {
        out[0].addr = e->addr;
        n = *room > 0;
        *room -= n;
        return n;
    }
    int error = getaddrinfo(e->host, NULL, &hints, &list);
    for (const struct addrinfo *i = list; i != NULL && *room > 0; i = i->ai_next) {
        out[n].addr = from_sockaddr(i->ai_addr, e->port);
        if (out[n].addr.family != 0) {
            n++;
            --*room;
        }
    }
    if (list != NULL)
        freeaddrinfo(list);
    if (error == 0)
        return n;
    out[0] = (struct answer){ .error = error };
    return 1;
}

static void child(const struct lookup *l, int fd)
{
    const struct resolver_config *c = &l->resolver->config;
    struct answer found[ANSWERS_MAX];
    size_t n = 0;
    size_t room = CORE_ENDPOINTS_MAX;
    sigset_t none;
    memset(found, 0, sizeof found);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    alarm(CHILD_SECONDS_MAX);
    /* Answers of name servers are read without privileges. */
    if (setgroups(0, NULL) < 0 || setresgid(c->gid, c->gid, c->gid) < 0 ||
        setresuid(c->uid, c->uid, c->uid) < 0)
        _exit(1);
    for (uint32_t i = 0; i < l->peer->endpoint_count; i++) {
        size_t first = n;
        n += look_up(&l->peer->endpoints[i], found + n, &room);
        for (; first < n; first++)
            found[first].endpoint = i;
    }
    if (write(fd, found, n * sizeof found[0]) < 0)
        _exit(1);
    _exit(0);
}

/* Its results */

static void try_later(struct lookup *l, struct tstamp now)
{
    l->next = tstamp_add(now, (l->again ? RETRY_MIN_S : l->pause_s) * NS_PER_S);
    l->again = false;
    l->pause_s = l->pause_s * 2 < PAUSE_MAX_S ? l->pause_s * 2 : PAUSE_MAX_S;
}

/* Says once what fails, and that it no longer does. */
static void log_answer(struct lookup *l, const struct answer *a)
{
    const struct config_endpoint *e = &l->peer->endpoints[a->endpoint];
    const uint32_t bit = UINT32_C(1) << a->endpoint;
    if (a->addr.family == 0 && (l->failing & bit) == 0)
        log_warn("peer %s: %s cannot be looked up (%s), trying again", l->peer->name, e->host,
                 gai_strerror(a->error));
    else if (a->addr.family != 0 && (l->failing & bit) != 0)
        log_info("peer %s: %s is found", l->peer->name, e->host);
    if (a->addr.family == 0)
        l->failing |= bit;
    else
        l->failing &= ~bit;
}

static void finish(struct lookup *l, struct tstamp now)
{
    struct netaddr found[CORE_ENDPOINTS_MAX];
    size_t count = 0;
    size_t answers = l->in_bytes / sizeof l->in[0];
    l->last = now;
    l->next = TSTAMP_NEVER;
    for (size_t i = 0; i < answers; i++) {
        if (l->in[i].endpoint >= l->peer->endpoint_count)
            continue;
        log_answer(l, &l->in[i]);
        if (l->in[i].addr.family != 0 && count < CORE_ENDPOINTS_MAX)
            found[count++] = l->in[i].addr;
    }
    if (answers == 0)
        log_debug("peer %s: a look-up ended without an answer", l->peer->name);
    if (count == 0 || l->failing != 0)
        try_later(l, now);
    else
        l->pause_s = PAUSE_MIN_S;
    if (count == 0)
        return;
    memcpy(l->known, found, count * sizeof l->known[0]);
    l->known_count = count;
    l->resolver->config.found(l->resolver->config.arg, l->peer, l->known, l->known_count);
}

static void close_child(struct lookup *l)
{
    loop_remove(l->resolver->config.loop, &l->watch);
    close(l->watch.fd);
    kill(l->pid, SIGKILL); /* has closed its end: it is ending, or never will */
    waitpid(l->pid, NULL, 0);
    l->pid = 0;
    l->resolver->children--;
}

static void child_ready(void *arg, struct tstamp now, unsigned events)
{
    struct lookup *l = arg;
    (void)events;
    ssize_t n = read(l->watch.fd, (uint8_t *)l->in + l->in_bytes, sizeof l->in - l->in_bytes);
    if (n > 0) {
        l->in_bytes += (size_t)n;
        return;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    close_child(l);
    finish(l, now);
}

static void start(struct lookup *l, struct tstamp now)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) {
        log_debug("peer %s: no pipe for a look-up: %s", l->peer->name, strerror(errno));
        try_later(l, now);
        return;
    }
    l->in_bytes = 0;
    l->last = now;
    l->pid = fork();
    if (l->pid == 0)
        child(l, ends[1]);
    close(ends[1]);
    l->watch = (struct loop_watch){ .fd = ends[0], .ready = child_ready, .arg = l };
    l->next = TSTAMP_NEVER;
    if (l->pid > 0 && loop_add(l->resolver->config.loop, &l->watch, LOOP_READ) == 0) {
        l->resolver->children++;
        return;
    }
    if (l->pid > 0) {
        kill(l->pid, SIGKILL);
        waitpid(l->pid, NULL, 0);
    }
    l->pid = 0;
    close(ends[0]);
    log_debug("peer %s: no process for a look-up", l->peer->name);
    try_later(l, now);
}

/* The resolver */

struct resolver *resolver_new(const struct resolver_config *config)
{
    struct resolver *r = calloc(1, sizeof *r);
    if (r != NULL)
        r->config = *config;
    return r;
}

static void clear(struct resolver *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->lookups[i].pid != 0)
            close_child(&r->lookups[i]);
    free(r->lookups);
    r->lookups = NULL;
    r->count = 0;
}

void resolver_free(struct resolver *r)
{
    if (r == NULL)
        return;
    clear(r);
    free(r);
}

int resolver_set_peers(struct resolver *r, struct tstamp now, const struct config *c)
{
    clear(r);
    r->lookups = calloc(c->peer_count + 1, sizeof *r->lookups);
    if (r->lookups == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < c->peer_count; i++) {
        const struct config_peer *p = &c->peers[i];
        if (p->endpoint_count == 0)
            continue;
        struct lookup *l = &r->lookups[r->count++];
        *l = (struct lookup){ .resolver = r,
                              .peer = p,
                              .next = has_names(p) ? now : TSTAMP_NEVER,
                              .last = now,
                              .pause_s = PAUSE_MIN_S };
        for (size_t j = 0; !has_names(p) && j < p->endpoint_count; j++)
            l->known[l->known_count++] = p->endpoints[j].addr;
    }
    resolver_repeat(r);
    return 0;
}

void resolver_repeat(struct resolver *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct lookup *l = &r->lookups[i];
        if (l->known_count > 0)
            r->config.found(r->config.arg, l->peer, l->known, l->known_count);
    }
}

void resolver_refresh(struct resolver *r, struct tstamp now, const uint8_t public_key[32])
{
    for (size_t i = 0; i < r->count; i++) {
        struct lookup *l = &r->lookups[i];
        if (memcmp(l->peer->public_key, public_key, 32) == 0 && has_names(l->peer) && l->pid == 0 &&
            tstamp_is_never(l->next))
            l->next = tstamp_max(now, tstamp_add(l->last, REFRESH_MIN_S * NS_PER_S));
    }
}

void resolver_retry(struct resolver *r, struct tstamp now)
{
    for (size_t i = 0; i < r->count; i++) {
        struct lookup *l = &r->lookups[i];
        bool waits = l->known_count == 0 || l->failing != 0;
        if (!waits)
            continue;
        l->pause_s = PAUSE_MIN_S;
        /* A process asks over what was there when it began. */
        l->again = l->pid != 0 && tstamp_sub(now, l->last) < HANGS_S * NS_PER_S;
        if (l->again)
            continue;
        if (l->pid != 0)
            close_child(l);
        l->next = tstamp_max(now, tstamp_add(l->last, RETRY_MIN_S * NS_PER_S));
    }
}

struct tstamp resolver_tick(struct resolver *r, struct tstamp now)
{
    struct tstamp next = TSTAMP_NEVER;
    for (size_t i = 0; i < r->count; i++) {
        struct lookup *l = &r->lookups[i];
        if (l->pid == 0 && tstamp_reached(l->next, now) && r->children < CHILDREN_MAX)
            start(l, now);
        if (l->pid == 0)
            next = tstamp_min(next, l->next);
    }
    /* Those beyond CHILDREN_MAX start when another ends, which wakes the loop. */
    return tstamp_reached(next, now) ? TSTAMP_NEVER : next;
}
