/* SPDX-License-Identifier: ISC */
#include "sys/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_PER_TURN = 64 };

struct tstamp loop_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (struct tstamp){ t.tv_sec * NS_PER_S + t.tv_nsec };
}

int loop_open(struct loop *l)
{
    l->coarse = false;
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return l->epoll_fd < 0 ? -errno : 0;
}

void loop_close(struct loop *l)
{
    close(l->epoll_fd);
    l->epoll_fd = -1;
}

static int control(struct loop *l, int operation, struct loop_watch *w, unsigned events)
{
    struct epoll_event e = { .data.ptr = w };
    e.events = (events & LOOP_READ ? (uint32_t)EPOLLIN : 0) |
               (events & LOOP_WRITE ? (uint32_t)EPOLLOUT : 0);
    if (epoll_ctl(l->epoll_fd, operation, w->fd, &e) < 0)
        return -errno;
    w->events = events;
    return 0;
}

int loop_add(struct loop *l, struct loop_watch *w, unsigned events)
{
    return control(l, EPOLL_CTL_ADD, w, events);
}

int loop_change(struct loop *l, struct loop_watch *w, unsigned events)
{
    return events == w->events ? 0 : control(l, EPOLL_CTL_MOD, w, events);
}

void loop_remove(struct loop *l, struct loop_watch *w)
{
    /* A descriptor that is closed already has left by itself. */
    epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
    w->ready = NULL;
}

static int wait_events(struct loop *l, struct epoll_event *events, int64_t wait_ns)
{
    if (!l->coarse) {
        struct timespec t = { .tv_sec = (time_t)(wait_ns / NS_PER_S),
                              .tv_nsec = (long)(wait_ns % NS_PER_S) };
        int n = epoll_pwait2(l->epoll_fd, events, EVENTS_PER_TURN, wait_ns < 0 ? NULL : &t, NULL);
        if (n >= 0 || errno != ENOSYS)
            return n;
        l->coarse = true;
    }
    int64_t ms = wait_ns < 0 ? -1 : (wait_ns + NS_PER_MS - 1) / NS_PER_MS;
    return epoll_wait(l->epoll_fd, events, EVENTS_PER_TURN, ms > 60000 ? 60000 : (int)ms);
}

struct tstamp loop_turn(struct loop *l, struct tstamp deadline)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int64_t wait_ns = -1;
    if (!tstamp_is_never(deadline)) {
        wait_ns = tstamp_sub(deadline, loop_now());
        if (wait_ns < 0)
            wait_ns = 0;
    }
    int n = wait_events(l, events, wait_ns);
    struct tstamp now = loop_now();
    for (int i = 0; i < n; i++) {
        struct loop_watch *w = events[i].data.ptr;
        unsigned what = (events[i].events & EPOLLOUT ? LOOP_WRITE : 0) |
                        (events[i].events & EPOLLERR ? LOOP_ERROR : 0) |
                        (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? LOOP_READ : 0);
        if (w->ready != NULL)
            w->ready(w->arg, now, what);
    }
    return now;
}
