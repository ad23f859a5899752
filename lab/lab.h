/* SPDX-License-Identifier: ISC */
/*
 * A laboratory on one machine: a client with several providers, a server and the Internet between
 * them, each in a network namespace of its own.
 *
 *     h ------ c ===== emulator ===== p1 ---+
 *    LAN     client   (one TAP pair   p2 ---+--- i ------ s
 *    host    router    for each link) p3 ---+  Internet  server
 *              |                               and web
 *              +-------- plain veth links ---------------- s
 *
 *   namespace  hw-ID-c, hw-ID-h, hw-ID-s, hw-ID-i, hw-ID-p1, hw-ID-p2, ..., hw-ID-c2, ...
 *   link i     c: device named as the link, 10.0.i.2/24 and 2001:db8:i::2/64; p: ".1" of these,
 *              device "client". Neighbours are fixed, so that a cut link is silent.
 *   provider   masquerades IPv4 towards the Internet and routes IPv6; device "wan"
 *   Internet   203.0.113.0/24 and 2001:db8::/64: server .1, providers .11 and up, web host .80,
 *              further clients c2, c3 .22, .23 (device "wan", without NAT)
 *   LAN        c: device "lan", 192.168.1.1/24; h: 192.168.1.2/24, default route to c
 *   plain i    veth from c (device "plainI") straight to s, numbered and addressed after the links
 *
 * A lab lives from lab_up() to lab_down(), also across programs: its state is in
 * /run/hawser-lab/ID.
 */
#ifndef HAWSER_LAB_LAB_H
#define HAWSER_LAB_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    LAB_ID_BYTES = 12,    /* with the final 0 */
    LAB_NETNS_BYTES = 32, /* a namespace's name */
    LAB_ANSWER_BYTES = 16384,
    LAB_PLAIN_MAX = 8,
    LAB_CLIENTS_MAX = 8,
};

struct lab_config {
    const char *id;         /* letters and digits */
    const char *links;      /* as in sim/linkspec.h; NULL: none are emulated */
    unsigned plain_count;   /* plain links */
    unsigned clients_count; /* 1 and more */
    bool same_range;        /* every emulated link is 192.168.8.100/24 behind 192.168.8.1 */
    uint64_t seed;
    pid_t owner; /* the lab's emulator ends with this process; 0: only with lab_down() */
};

/* Builds it; false with the reason logged and nothing left. Needs root. */
bool lab_up(const struct lab_config *config);

/* Ends the lab's processes and removes everything; harmless if there is none. */
void lab_down(const char *id);

/* Removes the labs whose emulator has ended; the number of those. */
int lab_cleanup(void);

/* A command of lab/emulator.h; false if there is no such lab. */
bool lab_command(const char *id, const char *command, char answer[LAB_ANSWER_BYTES]);

/* The namespace of a place ("c", "p1"): writes it to name, returns name. */
const char *lab_netns(char name[LAB_NETNS_BYTES], const char *id, const char *place);

/* True if an identifier can name a lab. */
bool lab_id_valid(const char *id);

#endif
