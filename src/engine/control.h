/* SPDX-License-Identifier: ISC */
/*
 * The control socket's server: takes requests of control_proto.h and sends the answers.
 *
 * At most CONTROL_CONNECTIONS_MAX at a time, each with one request and a time limit, so that a
 * silent or endless client holds nothing up.
 */
#ifndef HAWSER_ENGINE_CONTROL_H
#define HAWSER_ENGINE_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "ipc/control_proto.h"
#include "sys/loop.h"

enum { CONTROL_CONNECTIONS_MAX = 16, CONTROL_LOOK_MS = 300 };

struct control_handler {
    /*
     * Somebody wants the status: true if it will know more soon, when known() says so or after
     * CONTROL_LOOK_MS. NULL: never.
     */
    bool (*look)(void *arg, struct tstamp now);
    bool (*known)(void *arg, struct tstamp now);
    json_t *(*status)(void *arg, struct tstamp now); /* a new reference; NULL: no memory */
    /* NULL: done; else why not. */
    const char *(*link)(void *arg, struct tstamp now, const struct control_request *request);
    /* NULL: control_reloaded() will tell; else why not. */
    const char *(*reload)(void *arg);
    void *arg;
};

struct control;

/* listen_fd is taken over. NULL: no memory, or the loop refused. */
struct control *control_new(struct loop *loop, int listen_fd,
                            const struct control_handler *handler);
void control_free(struct control *c);

/* The answer to every reload that waits. */
void control_reloaded(struct control *c, bool ok, const char *text);

/* In every turn: answers who waits, ends connections whose time is over; returns when to be called
 * again at the latest. */
struct tstamp control_tick(struct control *c, struct tstamp now);

/* Requests that were none. */
uint64_t control_garbage(const struct control *c);

#endif
