/* SPDX-License-Identifier: ISC */
#include "guard/lookup/lookup_links.h"

#include <ares.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "guard/lookup/lookup_order.h"
#include "guard/lookup/nameservers.h"
#include "sys/sockaddr.h"

enum {
    ASKERS_MAX = 64,
    UDP_EACH = 2, /* c-ares takes a second one after an error */
    TIMEOUT_MS = 1000,
    TRIES = 3, /* after 1 and 3 s again; the end after 7 s */
    FAMILIES = 2,
};

/* One name server over one link. */
struct asker {
    struct lookup_links *all; /* borrowed */
    uint8_t way;
    struct nameserver server;
    ares_channel channel;
    int udp[UDP_EACH]; /* owned until c-ares has them; -1: none left */
    int tcp;
};

/* What became of a name over a link. */
struct outcome {
    unsigned waiting; /* questions without an answer yet */
    bool found;
    enum lookup_reason reason;
};

/* One question, of which c-ares keeps the pointer. */
struct question {
    struct asker *asker; /* borrowed */
    uint8_t name;
};

struct lookup_links {
    const struct lookup_request *request; /* borrowed */
    void (*tell)(void *arg, const struct lookup_answer *a);
    void *arg;
    struct asker askers[ASKERS_MAX];
    size_t asker_count;
    struct outcome outcomes[LOOKUP_WAYS_MAX][LOOKUP_NAMES_MAX];
    struct question questions[ASKERS_MAX * LOOKUP_NAMES_MAX];
    size_t waiting;
};

/* Sockets */

/* Returns the first error; a socket that may not be bound or marked asks as it is. */
static int prepare_socket(int fd, const struct lookup_way *way, int family)
{
    struct sockaddr_storage ss;
    int err = 0;
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, way->interface,
                   (socklen_t)strlen(way->interface)) < 0)
        err = -errno;
    if (way->mark != 0 && setsockopt(fd, SOL_SOCKET, SO_MARK, &way->mark, sizeof way->mark) < 0 &&
        err == 0)
        err = -errno;
    if (way->source.family == 0 || (way->source.family == 6) != (family == AF_INET6))
        return err;
    socklen_t len = sockaddr_put(&ss, &way->source);
    if (bind(fd, (const struct sockaddr *)&ss, len) < 0 && err == 0)
        err = -errno;
    return err;
}

/* -1: none; *err keeps the first error of binding. */
static int open_socket(const struct asker *a, int type, int *err)
{
    const struct lookup_way *way = &a->all->request->ways[a->way];
    int family = a->server.addr.family == 6 ? AF_INET6 : AF_INET;
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int bound = prepare_socket(fd, way, family);
    if (*err == 0)
        *err = bound;
    if (bound != -ENODEV && bound != -EADDRNOTAVAIL)
        return fd;
    close(fd); /* the link has gone, or its address */
    return -1;
}

static ares_socket_t take_socket(int family, int type, int protocol, void *arg)
{
    struct asker *a = arg;
    int fd = -1;
    (void)family; /* it has one server */
    (void)protocol;
    if (type == SOCK_STREAM) {
        fd = a->tcp;
        a->tcp = -1;
    }
    for (size_t i = 0; type == SOCK_DGRAM && fd < 0 && i < UDP_EACH; i++) {
        fd = a->udp[i];
        a->udp[i] = -1;
    }
    if (fd < 0)
        errno = EMFILE;
    return fd;
}

static int close_socket(ares_socket_t fd, void *arg)
{
    (void)arg;
    return close(fd);
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t len,
                          void *arg)
{
    (void)arg;
    return connect(fd, to, len);
}

static ares_ssize_t receive(ares_socket_t fd, void *data, size_t size, int flags,
                            struct sockaddr *from, ares_socklen_t *len, void *arg)
{
    (void)arg;
    return recvfrom(fd, data, size, flags, from, len);
}

static ares_ssize_t send_pieces(ares_socket_t fd, const struct iovec *pieces, int count, void *arg)
{
    (void)arg;
    return writev(fd, pieces, count);
}

static const struct ares_socket_functions functions = {
    .asocket = take_socket,
    .aclose = close_socket,
    .aconnect = connect_socket,
    .arecvfrom = receive,
    .asendv = send_pieces,
};

static void asker_close(struct asker *a)
{
    if (a->channel != NULL)
        ares_destroy(a->channel);
    for (size_t i = 0; i < UDP_EACH; i++)
        if (a->udp[i] >= 0)
            close(a->udp[i]);
    if (a->tcp >= 0)
        close(a->tcp);
}

/* A link-local name server is asked over its own link alone. */
static bool asker_open(struct lookup_links *l, uint8_t way, const struct nameserver *server)
{
    const struct lookup_way *w = &l->request->ways[way];
    struct asker *a = &l->askers[l->asker_count];
    int err = 0;
    if (server->zone[0] != '\0' && strcmp(server->zone, w->interface) != 0)
        return false;
    *a = (struct asker){ .all = l, .way = way, .server = *server, .tcp = -1 };
    for (size_t i = 0; i < UDP_EACH; i++)
        a->udp[i] = open_socket(a, SOCK_DGRAM, &err);
    a->tcp = open_socket(a, SOCK_STREAM, &err);
    if (a->udp[0] < 0) {
        asker_close(a);
        return false;
    }
    if (err < 0)
        l->tell(l->arg, &(struct lookup_answer){
                            .type = LOOKUP_UNBOUND, .way = way, .error = (uint32_t)-err });
    l->asker_count++;
    return true;
}

struct lookup_links *lookup_links_open(const struct lookup_request *q,
                                       void (*tell)(void *arg, const struct lookup_answer *a),
                                       void *arg)
{
    struct nameserver servers[NAMESERVERS_MAX];
    size_t server_count = nameservers_read(servers);
    struct lookup_links *l = calloc(1, sizeof *l);
    if (l == NULL)
        return NULL;
    l->request = q;
    l->tell = tell;
    l->arg = arg;
    /* With very many links each link's first servers are asked. */
    for (size_t i = 0; i < server_count; i++)
        for (uint8_t way = 0; way < q->way_count && l->asker_count < ASKERS_MAX; way++)
            asker_open(l, way, &servers[i]);
    return l;
}

/* What is asked */

static enum lookup_reason reason_of(int status)
{
    switch (status) { /* a number of c-ares's, not an enum */
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
        return LOOKUP_UNKNOWN;
    case ARES_ETIMEOUT:
        return LOOKUP_NO_ANSWER;
    case ARES_ECONNREFUSED:
        return LOOKUP_NOT_SENT;
    default:
        return LOOKUP_REFUSED;
    }
}

/* One question has its answer; list is owned. */
static void answered(void *arg, int status, int timeouts, struct ares_addrinfo *list)
{
    const struct question *question = arg;
    const struct asker *asker = question->asker;
    struct lookup_links *l = asker->all;
    struct outcome *o = &l->outcomes[asker->way][question->name];
    struct lookup_answer a = { .type = LOOKUP_FOUND, .way = asker->way, .name = question->name };
    (void)timeouts;
    for (const struct ares_addrinfo_node *n = list != NULL ? list->nodes : NULL; n != NULL;
         n = n->ai_next) {
        a.addr = sockaddr_get(n->ai_addr);
        a.addr.port = 0;
        o->found = o->found || a.addr.family != 0;
        if (a.addr.family != 0)
            l->tell(l->arg, &a);
    }
    if (list != NULL)
        ares_freeaddrinfo(list);
    else if (reason_of(status) > o->reason)
        o->reason = reason_of(status);
    l->waiting--;
    if (--o->waiting > 0 || o->found)
        return;
    a = (struct lookup_answer){
        .type = LOOKUP_NOTHING, .way = asker->way, .name = question->name, .reason = o->reason
    };
    l->tell(l->arg, &a);
}

static bool asker_begin(struct asker *a)
{
    char name_servers[] = "b";
    struct ares_options o = {
        .flags = ARES_FLAG_STAYOPEN, .timeout = TIMEOUT_MS, .tries = TRIES, .lookups = name_servers
    };
    const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS;
    struct ares_addr_node server = { .family = a->server.addr.family == 6 ? AF_INET6 : AF_INET };
    if (ares_init_options(&a->channel, &o, mask) != ARES_SUCCESS) {
        a->channel = NULL;
        return false;
    }
    if (server.family == AF_INET6)
        memcpy(&server.addr.addr6, a->server.addr.addr, 16);
    else
        memcpy(&server.addr.addr4, a->server.addr.addr, 4);
    ares_set_socket_functions(a->channel, &functions, a);
    return ares_set_servers(a->channel, &server) == ARES_SUCCESS;
}

static void ask_name(struct lookup_links *l, uint8_t name)
{
    static const int families[FAMILIES] = { AF_INET, AF_INET6 };
    for (size_t i = 0; i < l->asker_count; i++) {
        l->outcomes[l->askers[i].way][name].waiting += FAMILIES;
        l->waiting += FAMILIES;
    }
    for (size_t i = 0; i < l->asker_count; i++) {
        struct question *question = &l->questions[i * LOOKUP_NAMES_MAX + name];
        *question = (struct question){ .asker = &l->askers[i], .name = name };
        for (size_t j = 0; j < FAMILIES; j++) {
            /* Numbers come as they are asked for, and sorting would ask the kernel for routes. */
            const struct ares_addrinfo_hints hints = { .ai_family = families[j],
                                                       .ai_flags = ARES_AI_NOSORT };
            ares_getaddrinfo(l->askers[i].channel, l->request->names[name], NULL, &hints, answered,
                             question);
        }
    }
}

/* Waiting */

/* Waits for what may be read, at most until the next time to ask again. */
static void turn(struct lookup_links *l)
{
    struct pollfd fds[ASKERS_MAX * ARES_GETSOCK_MAXNUM];
    struct asker *owners[ASKERS_MAX * ARES_GETSOCK_MAXNUM];
    size_t count = 0;
    struct timeval limit = { .tv_sec = 1 };
    for (size_t i = 0; i < l->asker_count; i++) {
        struct asker *a = &l->askers[i];
        ares_socket_t open[ARES_GETSOCK_MAXNUM];
        struct timeval tv;
        const struct timeval *next = ares_timeout(a->channel, &limit, &tv);
        limit = next != NULL ? *next : limit;
        unsigned bits = (unsigned)ares_getsock(a->channel, open, ARES_GETSOCK_MAXNUM);
        for (unsigned j = 0; j < ARES_GETSOCK_MAXNUM; j++) {
            bool reads = ARES_GETSOCK_READABLE(bits, j) != 0;
            bool writes = ARES_GETSOCK_WRITABLE(bits, j) != 0;
            if (!reads && !writes)
                break;
            owners[count] = a;
            fds[count++] =
                (struct pollfd){ .fd = open[j],
                                 .events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)) };
        }
    }
    const int limit_ms = (int)(limit.tv_sec * 1000 + limit.tv_usec / 1000 + 1);
    if (poll(fds, (nfds_t)count, limit_ms) < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        bool reads = (fds[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0;
        bool writes = (fds[i].revents & POLLOUT) != 0;
        if (reads || writes)
            ares_process_fd(owners[i]->channel, reads ? fds[i].fd : ARES_SOCKET_BAD,
                            writes ? fds[i].fd : ARES_SOCKET_BAD);
    }
    for (size_t i = 0; i < l->asker_count; i++)
        ares_process_fd(l->askers[i].channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void lookup_links_ask(struct lookup_links *l)
{
    bool begun = lookup_order_asks();
    for (size_t i = 0; begun && i < l->asker_count; i++)
        begun = asker_begin(&l->askers[i]);
    for (uint8_t i = 0; begun && i < l->request->name_count; i++)
        if (!lookup_order_in_hosts(l->request->names[i]))
            ask_name(l, i);
    while (l->waiting > 0)
        turn(l);
}

void lookup_links_free(struct lookup_links *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->asker_count; i++)
        asker_close(&l->askers[i]);
    free(l);
}
