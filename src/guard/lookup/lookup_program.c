/* SPDX-License-Identifier: ISC */
#include "guard/lookup/lookup_program.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard/lookup/lookup.h"
#include "guard/lookup/lookup_links.h"
#include "guard/lookup/lookup_order.h"
#include "ipc/helper.h"
#include "sys/sandbox.h"
#include "sys/sockaddr.h"

enum {
    DESCRIPTORS_MAX = 256,
    CPU_SECONDS_MAX = 10,
    STACK_BYTES = 512 * 1024,
    TASKS_MAX = 2 * LOOKUP_NAMES_MAX,
};

struct program {
    int fd;
    struct lookup_request request;
};

/* A name that a thread asks for the system's way, for addresses of one family. */
struct task {
    struct program *program; /* borrowed */
    uint8_t name;
    int family;
    pthread_t thread;
    bool begun;
};

/* From any thread: a packet is sent as a whole. */
static void tell(void *arg, const struct lookup_answer *a)
{
    const struct program *p = arg;
    uint8_t data[LOOKUP_BYTES_MAX];
    size_t len = lookup_encode_answer(a, data);
    ssize_t n;
    do {
        n = send(p->fd, data, len, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        _exit(1); /* nobody listens any more */
}

/* The system's way */

static enum lookup_reason reason_of(int error)
{
    switch (error) { /* a number of getaddrinfo(3), not an enum */
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
        return LOOKUP_UNKNOWN;
    case EAI_AGAIN:
        return LOOKUP_NO_ANSWER;
    default:
        return LOOKUP_REFUSED;
    }
}

static void *look_up(void *arg)
{
    const struct task *t = arg;
    struct addrinfo hints = { .ai_family = t->family, .ai_socktype = SOCK_DGRAM };
    struct addrinfo *list = NULL;
    struct lookup_answer a = { .type = LOOKUP_FOUND, .way = LOOKUP_SYSTEM, .name = t->name };
    int error = getaddrinfo(t->program->request.names[t->name], NULL, &hints, &list);
    for (const struct addrinfo *i = error == 0 ? list : NULL; i != NULL; i = i->ai_next) {
        a.addr = sockaddr_get(i->ai_addr);
        a.addr.port = 0;
        if (a.addr.family != 0)
            tell(t->program, &a);
    }
    if (error == 0) {
        freeaddrinfo(list);
        return NULL;
    }
    a = (struct lookup_answer){
        .type = LOOKUP_NOTHING, .way = LOOKUP_SYSTEM, .name = t->name, .reason = reason_of(error)
    };
    tell(t->program, &a);
    return NULL;
}

static void begin_task(struct task *t, const pthread_attr_t *attributes)
{
    t->begun = pthread_create(&t->thread, attributes, look_up, t) == 0;
    if (!t->begun)
        look_up(t);
}

/*
 * getaddrinfo(3) waits, and for both families if it is asked for both: one of them may never have
 * an answer. So each name has two threads, but for a name in hosts(5), where one family hides the
 * other.
 */
static void begin_system(struct program *p, struct task tasks[TASKS_MAX])
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    for (uint8_t i = 0; i < p->request.name_count; i++) {
        bool in_hosts = lookup_order_in_hosts(p->request.names[i]);
        struct task *t = &tasks[2 * i];
        t[0] = (struct task){ .program = p, .name = i, .family = in_hosts ? AF_UNSPEC : AF_INET };
        t[1] = (struct task){ .program = p, .name = i, .family = AF_INET6 };
        begin_task(&t[0], &attributes);
        if (!in_hosts)
            begin_task(&t[1], &attributes);
    }
    pthread_attr_destroy(&attributes);
}

/* The program */

static bool take_request(struct program *p)
{
    uint8_t data[LOOKUP_BYTES_MAX];
    ssize_t n;
    do {
        n = recv(p->fd, data, sizeof data, MSG_TRUNC);
    } while (n < 0 && errno == EINTR);
    return n > 0 && (size_t)n <= sizeof data && lookup_decode_request(&p->request, data, (size_t)n);
}

static bool limit(int what, rlim_t value)
{
    struct rlimit l = { .rlim_cur = value, .rlim_max = value };
    return setrlimit((__rlimit_resource_t)what, &l) == 0;
}

/* What name servers say is read without privileges and for a bounded time. */
static bool confine(const struct lookup_request *q)
{
    const char *step = "limits";
    int err = -EPERM;
    if (limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_CPU, CPU_SECONDS_MAX) &&
        limit(RLIMIT_NOFILE, DESCRIPTORS_MAX))
        err = sandbox_lookup(q->uid, q->gid, &step);
    return err == 0;
}

int lookup_main(int channel_fd)
{
    static struct program p; /* too large for the stack */
    struct task tasks[TASKS_MAX] = { 0 };
    struct lookup_links *links = NULL;
    alarm(LOOKUP_SECONDS_MAX);
    p.fd = channel_fd;
    if (!helper_follow_parent())
        return 1;
    if (!take_request(&p)) {
        fputs("hawserd --resolve is for hawserd itself: it looks names up over given links\n",
              stderr);
        return 1;
    }
    if (p.request.way_count > 0)
        links = lookup_links_open(&p.request, tell, &p);
    if (!confine(&p.request) || !helper_has_parent())
        return 1;
    if (p.request.system)
        begin_system(&p, tasks);
    if (links != NULL)
        lookup_links_ask(links);
    for (size_t i = 0; i < TASKS_MAX; i++)
        if (tasks[i].begun)
            pthread_join(tasks[i].thread, NULL);
    lookup_links_free(links);
    return 0;
}
