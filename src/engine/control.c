/* SPDX-License-Identifier: ISC */
#include "engine/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum connection_state {
    CONNECTION_FREE,
    CONNECTION_READING,
    CONNECTION_LOOKING, /* the status will soon know more */
    CONNECTION_RELOADING,
    CONNECTION_WRITING
};

struct connection {
    struct control *control;
    enum connection_state state;
    struct loop_watch watch;
    struct tstamp deadline;
    struct tstamp look_until; /* with CONNECTION_LOOKING */
    size_t in_bytes;
    char in[CONTROL_REQUEST_BYTES_MAX + 1]; /* one more shows that it is too long */
    char *out;                              /* owned */
    size_t out_bytes;
    size_t out_sent;
};

struct control {
    struct loop *loop; /* borrowed */
    struct loop_watch listening;
    struct control_handler handler;
    struct connection connections[CONTROL_CONNECTIONS_MAX];
    uint64_t garbage;
};

static void connection_close(struct connection *c)
{
    loop_remove(c->control->loop, &c->watch);
    close(c->watch.fd);
    free(c->out);
    c->out = NULL;
    c->state = CONNECTION_FREE;
}

/* Sends what the client takes; ends when all is sent or it has gone. */
static void connection_write(struct connection *c, struct tstamp now)
{
    while (c->out_sent < c->out_bytes) {
        ssize_t n = send(c->watch.fd, c->out + c->out_sent, c->out_bytes - c->out_sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN && loop_change(c->control->loop, &c->watch, LOOP_WRITE) == 0)
            return;
        if (n < 0)
            break;
        c->out_sent += (size_t)n;
        c->deadline = tstamp_add(now, CONTROL_TIMEOUT_MS * NS_PER_MS);
    }
    connection_close(c);
}

/* Takes the object over; NULL: there was no memory for it. */
static void connection_answer(struct connection *c, struct tstamp now, json_t *answer)
{
    char *text = answer != NULL ? json_dumps(answer, JSON_COMPACT) : NULL;
    json_decref(answer);
    c->out_bytes = text != NULL ? strlen(text) : 0;
    c->out = text != NULL ? realloc(text, c->out_bytes + 1) : NULL;
    if (c->out == NULL) {
        free(text);
        connection_close(c);
        return;
    }
    c->out[c->out_bytes++] = '\n'; /* in the place of the zero */
    c->out_sent = 0;
    c->state = CONNECTION_WRITING;
    connection_write(c, now);
}

/* error NULL: it was done. */
static void connection_result(struct connection *c, struct tstamp now, const char *error)
{
    connection_answer(c, now,
                      error == NULL ? json_pack("{s:b}", "ok", 1)
                                    : json_pack("{s:b,s:s}", "ok", 0, "error", error));
}

static void connection_look(struct connection *c, struct tstamp now)
{
    const struct control_handler *h = &c->control->handler;
    connection_answer(c, now, json_pack("{s:b,s:o}", "ok", 1, "status", h->status(h->arg, now)));
}

static void connection_status(struct connection *c, struct tstamp now)
{
    const struct control_handler *h = &c->control->handler;
    if (h->look == NULL || !h->look(h->arg, now) ||
        loop_change(c->control->loop, &c->watch, 0) < 0) {
        connection_look(c, now);
        return;
    }
    c->state = CONNECTION_LOOKING;
    c->look_until = tstamp_add(now, CONTROL_LOOK_MS * NS_PER_MS);
}

static void connection_request(struct connection *c, struct tstamp now, size_t len_bytes)
{
    const struct control_handler *h = &c->control->handler;
    struct control_request request;
    int err = control_request_parse(c->in, len_bytes, &request);
    if (err < 0) {
        c->control->garbage++;
        connection_result(c, now, control_request_error(err));
        return;
    }
    const char *error = NULL;
    switch (request.command) {
    case CONTROL_STATUS:
        connection_status(c, now);
        break;
    case CONTROL_LINK:
        connection_result(c, now, h->link(h->arg, now, &request));
        break;
    case CONTROL_RELOAD:
        error = h->reload(h->arg);
        c->state = CONNECTION_RELOADING;
        c->deadline = tstamp_add(now, CONTROL_RELOAD_TIMEOUT_MS * NS_PER_MS);
        if (error != NULL)
            connection_result(c, now, error);
        else if (loop_change(c->control->loop, &c->watch, 0) < 0)
            connection_close(c);
        break;
    }
}

static void connection_read(struct connection *c, struct tstamp now)
{
    ssize_t n = recv(c->watch.fd, c->in + c->in_bytes, sizeof c->in - c->in_bytes, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0 || (n == 0 && c->in_bytes == 0)) {
        connection_close(c);
        return;
    }
    c->in_bytes += (size_t)n;
    const char *newline = memchr(c->in, '\n', c->in_bytes);
    if (newline != NULL)
        connection_request(c, now, (size_t)(newline - c->in) + 1);
    else if (n == 0 || c->in_bytes == sizeof c->in)
        connection_request(c, now, c->in_bytes);
}

static void connection_ready(void *arg, struct tstamp now, unsigned events)
{
    struct connection *c = arg;
    (void)events;
    switch (c->state) {
    case CONNECTION_READING:
        connection_read(c, now);
        break;
    case CONNECTION_WRITING:
        connection_write(c, now);
        break;
    case CONNECTION_LOOKING:
    case CONNECTION_RELOADING: /* only an error or the client's end wakes it now */
        connection_close(c);
        break;
    case CONNECTION_FREE:
        break;
    }
}

static struct connection *find_free(struct control *c)
{
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        if (c->connections[i].state == CONNECTION_FREE)
            return &c->connections[i];
    return NULL;
}

static void accept_ready(void *arg, struct tstamp now, unsigned events)
{
    struct control *c = arg;
    int fd = accept4(c->listening.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    (void)events;
    if (fd < 0)
        return;
    struct connection *free_one = find_free(c);
    if (free_one == NULL) {
        c->garbage++;
        close(fd);
        return;
    }
    free_one->control = c;
    free_one->watch = (struct loop_watch){ .fd = fd, .ready = connection_ready, .arg = free_one };
    free_one->deadline = tstamp_add(now, CONTROL_TIMEOUT_MS * NS_PER_MS);
    free_one->in_bytes = 0;
    if (loop_add(c->loop, &free_one->watch, LOOP_READ) < 0) {
        close(fd);
        return;
    }
    free_one->state = CONNECTION_READING;
}

struct control *control_new(struct loop *loop, int listen_fd, const struct control_handler *handler)
{
    struct control *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->loop = loop;
    c->handler = *handler;
    c->listening = (struct loop_watch){ .fd = listen_fd, .ready = accept_ready, .arg = c };
    if (loop_add(loop, &c->listening, LOOP_READ) < 0) {
        free(c);
        return NULL;
    }
    return c;
}

void control_free(struct control *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        if (c->connections[i].state != CONNECTION_FREE)
            connection_close(&c->connections[i]);
    loop_remove(c->loop, &c->listening);
    close(c->listening.fd);
    free(c);
}

void control_reloaded(struct control *c, bool ok, const char *text)
{
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        if (c->connections[i].state == CONNECTION_RELOADING)
            connection_result(&c->connections[i], loop_now(), ok ? NULL : text);
}

struct tstamp control_tick(struct control *c, struct tstamp now)
{
    struct tstamp next = TSTAMP_NEVER;
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        struct connection *one = &c->connections[i];
        if (one->state == CONNECTION_LOOKING) {
            next = tstamp_min(next, one->look_until);
            if (tstamp_reached(one->look_until, now) || c->handler.known(c->handler.arg, now))
                connection_look(one, now);
        }
        if (one->state == CONNECTION_FREE)
            continue;
        if (tstamp_reached(one->deadline, now))
            connection_close(one);
        else
            next = tstamp_min(next, one->deadline);
    }
    return next;
}

uint64_t control_garbage(const struct control *c)
{
    return c->garbage;
}
