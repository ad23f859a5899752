/* SPDX-License-Identifier: ISC */
/*
 * A guard and an engine that talk, for the fuzzer: what each of them decides is the real code, and
 * what it would have done is noted. Between them is a channel in memory, with the real encoding;
 * beyond the engine's core is another one (pair.h). There are no processes, sockets and files:
 * talk_acts.c stands in for those who make them, and descriptors are numbers that are counted.
 *
 * It ends the process when the two do not agree once everything is heard: peers, links and their
 * sockets, policies, settings, quotas; when an engine is sent what none may be sent; when they go
 * on for ever; or when a descriptor is left open, or closed twice.
 */
#ifndef HAWSER_FUZZ_TALK_H
#define HAWSER_FUZZ_TALK_H

#include "engine/state.h"
#include "guard/lookup/lookup_process.h"
#include "guard/state.h"
#include "pair.h"

enum {
    TALK_QUEUE = 64, /* messages that the channel holds in a direction */
    TALK_LOOKUPS = 64,
    TALK_SOCKETS = 64,
    TALK_FDS = 4096,
    TALK_INTERFACES = 2,
    TALK_CONFIGS = 6,
};

struct talk_packet {
    uint8_t *data; /* owned, of exactly that size */
    size_t len_bytes;
    int fds[MSG_FDS_MAX];
    size_t fd_count;
};

struct talk_queue {
    struct talk_packet list[TALK_QUEUE];
    unsigned head;
    unsigned count;
};

enum talk_engine { TALK_ENGINE_NONE, TALK_ENGINE_STARTS, TALK_ENGINE_RUNS, TALK_ENGINE_DEAD };

/* What an interface of the machine is like. */
enum talk_interface_bit {
    TALK_IF_EXISTS = 1,
    TALK_IF_UP = 2,
    TALK_IF_CARRIER = 4,
    TALK_IF_IPV4 = 8,
    TALK_IF_IPV6 = 16,
    TALK_IF_DEFAULT = 32,
    TALK_IF_OTHER = 64, /* another one of that name */
};

struct talk {
    struct pair pair;
    enum pair_side side; /* of the engine */
    struct guard guard;
    struct engine engine;
    enum talk_engine state;
    struct talk_queue to_engine;
    struct talk_queue to_guard;
    bool engine_hangs;
    uint32_t peers_told; /* to an engine that starts */
    bool is_tainted;     /* this engine was told what no guard would tell */
    unsigned config;     /* the file: a number of talk_configs */
    uint8_t interfaces[TALK_INTERFACES];
    bool no_sockets;     /* none can be opened */
    bool no_network;     /* it cannot be set up */
    bool is_device_gone; /* until another one is made */
    uint32_t open[TALK_FDS / 32];
    struct lookup_process *lookups[TALK_LOOKUPS]; /* that run */
    pid_t lookup_pid;
    int sockets[TALK_SOCKETS]; /* of the packet path, by place; 0: none */
    uint64_t socket_bytes[WIRE_PATHS_MAX];
    int tun; /* the engine's */
};

/* The one that there is: what stands in for the rest has no other way to it. */
extern struct talk *talk_now;

/* Starts the guard, and its engine. */
void talk_open(struct talk *t, enum pair_side side);
void talk_close(struct talk *t);

/* So many messages are heard; false: there was none, or nobody to hear it. */
bool talk_guard_turn(struct talk *t);
bool talk_engine_turn(struct talk *t);
/* Until both have heard everything, and then they must agree. */
void talk_settle(struct talk *t);
/* What the guard does at its deadlines. */
void talk_tick(struct talk *t);
/* The engine's process ends. */
void talk_kill(struct talk *t);
void talk_reload(struct talk *t, unsigned config);
/* A message that is no message of theirs. */
void talk_inject(struct talk *t, struct talk_queue *q, const uint8_t *data, size_t len_bytes,
                 size_t fd_count);

/* For talk_acts.c */

bool talk_push(struct talk *t, struct talk_queue *q, const struct msg *m, const int *fds,
               size_t fd_count);
int talk_fd_open(struct talk *t);
void talk_fd_close(struct talk *t, int fd);
/* The place in sockets of a number; -1: there is none. */
int talk_socket_place(uint16_t number);

#endif
