/* SPDX-License-Identifier: ISC */
/*
 * The control socket's server: takes requests of control_proto.h and sends the answers.
 *
 * Guarantee: long answers are made in pieces, between turns of the engine, for CONTROL_TURN_NS of
 * each at most (and one step more), and no faster than they are read: of one that is not read no
 * more is held than a piece. At most CONTROL_CONNECTIONS_MAX at a time, each with one request and
 * time limits, so that a silent, slow or endless client holds nothing up.
 */
#ifndef HAWSER_ENGINE_CONTROL_H
#define HAWSER_ENGINE_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "ipc/control_proto.h"
#include "ipc/json_out.h"
#include "sys/loop.h"

enum {
    CONTROL_CONNECTIONS_MAX = 16,
    CONTROL_PIECE_BYTES = 32 << 10, /* then it is sent */
};

#define CONTROL_TURN_NS (200 * NS_PER_US)

/* What became of a step. */
enum control_step {
    CONTROL_MORE,  /* there is more to do */
    CONTROL_WAITS, /* nothing before a time that it names */
    CONTROL_DONE,  /* that was the last one */
};

struct control_handler {
    /* Begins a status or summary. NULL: no memory. */
    void *(*begin)(void *arg, struct tstamp now, const struct control_request *request);
    /* The next step towards it, as short as can be: may write a piece of the answer to out, or set
     * again where it waits. Where out is failed, the client is left without an answer. */
    enum control_step (*go_on)(void *arg, void *answer, struct tstamp now, struct tstamp *again,
                               struct json_out *out);
    void (*end)(void *arg, void *answer);
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

/* In every turn: goes on with long answers, ends connections whose time is over; returns when to be
 * called again at the latest. */
struct tstamp control_tick(struct control *c, struct tstamp now);

/* Requests that were none. */
uint64_t control_garbage(const struct control *c);

#endif
