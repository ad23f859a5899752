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
    CONNECTION_MAKING, /* a long answer, of which some may be sent */
    CONNECTION_RELOADING,
    CONNECTION_WRITING /* the end of an answer */
};

struct connection {
    struct control *control;
    enum connection_state state;
    struct loop_watch watch;
    struct tstamp deadline;
    struct tstamp end_at; /* however fast it reads */
    size_t in_bytes;
    char in[CONTROL_REQUEST_BYTES_MAX + 1]; /* one more shows that it is too long */
    void *answer;                           /* the handler's; with CONNECTION_MAKING */
    struct json_out out;                    /* not sent yet */
    bool is_blocked;                        /* the client has to read first */
};

struct control {
    struct loop *loop; /* borrowed */
    struct loop_watch listening;
    struct control_handler handler;
    struct connection connections[CONTROL_CONNECTIONS_MAX];
    size_t turn; /* whose long answer is first */
    uint64_t garbage;
};

static void end_answer(struct connection *c)
{
    const struct control_handler *h = &c->control->handler;
    if (c->answer != NULL)
        h->end(h->arg, c->answer);
    c->answer = NULL;
}

static void connection_close(struct connection *c)
{
    end_answer(c);
    loop_remove(c->control->loop, &c->watch);
    close(c->watch.fd);
    json_out_free(&c->out);
    c->state = CONNECTION_FREE;
}

/* While there is nothing to wait for but its end. */
static bool watch_end(struct connection *c)
{
    c->is_blocked = false;
    if (loop_change(c->control->loop, &c->watch, 0) == 0)
        return true;
    connection_close(c);
    return false;
}

/* Sends what the client takes. True: all of it, and the connection is there for more. */
static bool connection_send(struct connection *c, struct tstamp now)
{
    size_t sent = 0;
    while (sent < c->out.len_bytes && !c->out.failed) {
        ssize_t n = send(c->watch.fd, c->out.text + sent, c->out.len_bytes - sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN && loop_change(c->control->loop, &c->watch, LOOP_WRITE) == 0) {
            json_out_take(&c->out, sent);
            c->is_blocked = true;
            return false;
        }
        if (n < 0)
            break;
        sent += (size_t)n;
        struct tstamp silent = tstamp_add(now, CONTROL_TIMEOUT_MS * NS_PER_MS);
        c->deadline = tstamp_max(c->deadline, tstamp_min(silent, c->end_at));
    }
    if (sent < c->out.len_bytes || c->out.failed || c->state == CONNECTION_WRITING) {
        connection_close(c);
        return false;
    }
    json_out_take(&c->out, sent);
    return !c->is_blocked || watch_end(c);
}

static void connection_finish(struct connection *c, struct tstamp now)
{
    json_out_newline(&c->out);
    c->state = CONNECTION_WRITING;
    connection_send(c, now);
}

/* error NULL: it was done. */
static void connection_result(struct connection *c, struct tstamp now, const char *error)
{
    json_out_object(&c->out, NULL);
    json_out_bool(&c->out, "ok", error == NULL);
    if (error != NULL)
        json_out_text(&c->out, "error", error);
    json_out_object_end(&c->out);
    connection_finish(c, now);
}

static void connection_make(struct connection *c, struct tstamp now,
                            const struct control_request *request)
{
    const struct control_handler *h = &c->control->handler;
    c->answer = h->begin(h->arg, now, request);
    if (c->answer == NULL)
        connection_result(c, now, "out of memory");
    else if (watch_end(c))
        c->state = CONNECTION_MAKING;
}

/* Makes and sends until that time. Returns when to go on; NEVER: when the client has read. */
static struct tstamp connection_go_on(struct connection *c, struct tstamp now, struct tstamp until)
{
    const struct control_handler *h = &c->control->handler;
    do {
        struct tstamp again = now;
        if (c->out.len_bytes >= CONTROL_PIECE_BYTES && !connection_send(c, now))
            return TSTAMP_NEVER;
        switch (h->go_on(h->arg, c->answer, now, &again, &c->out)) {
        case CONTROL_MORE:
            break;
        case CONTROL_WAITS:
            return again;
        case CONTROL_DONE:
            end_answer(c);
            connection_finish(c, now);
            return TSTAMP_NEVER;
        }
    } while (tstamp_before(loop_now(), until));
    return now;
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
    case CONTROL_SUMMARY:
        connection_make(c, now, &request);
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
        else
            watch_end(c);
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
        connection_send(c, now);
        break;
    case CONNECTION_MAKING:
        if (c->is_blocked)
            connection_send(c, now);
        else
            connection_close(c); /* only an error or the client's end wakes it now */
        break;
    case CONNECTION_RELOADING: /* the same */
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
    free_one->end_at = tstamp_add(now, CONTROL_ANSWER_TIMEOUT_MS * NS_PER_MS);
    free_one->in_bytes = 0;
    free_one->is_blocked = false;
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
    struct tstamp until = tstamp_add(loop_now(), CONTROL_TURN_NS);
    size_t first = c->turn;
    bool is_over = false;
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
        size_t place = (first + i) % CONTROL_CONNECTIONS_MAX;
        struct connection *one = &c->connections[place];
        if (one->state != CONNECTION_FREE && tstamp_reached(one->deadline, now))
            connection_close(one);
        if (one->state == CONNECTION_MAKING && !one->is_blocked) {
            next = tstamp_min(next, is_over ? now : connection_go_on(one, now, until));
            c->turn = is_over ? c->turn : (place + 1) % CONTROL_CONNECTIONS_MAX;
            is_over = is_over || !tstamp_before(loop_now(), until);
        }
        if (one->state != CONNECTION_FREE)
            next = tstamp_min(next, one->deadline);
    }
    return next;
}

uint64_t control_garbage(const struct control *c)
{
    return c->garbage;
}
