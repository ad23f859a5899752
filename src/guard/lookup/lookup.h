/* SPDX-License-Identifier: ISC */
/*
 * What the guard asks the program that looks names up (lookup_program.h), and is answered.
 *
 * Each message is one packet on a SOCK_SEQPACKET pair. The decoders accept exactly what the
 * encoders make, and the guard believes nothing in an answer but that it is an address.
 */
#ifndef HAWSER_GUARD_LOOKUP_LOOKUP_H
#define HAWSER_GUARD_LOOKUP_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "config/limits.h"

enum {
    LOOKUP_NAMES_MAX = CONFIG_ENDPOINTS_MAX,
    LOOKUP_WAYS_MAX = WIRE_PATHS_MAX,
    LOOKUP_SYSTEM = LOOKUP_WAYS_MAX, /* the number of the system's way, after those of the links */
    LOOKUP_BYTES_MAX = 8192,
    LOOKUP_SECONDS_MAX = 60,
};

/* A link over which can be asked. */
struct lookup_way {
    uint8_t slot; /* its place in struct links */
    char name[CONFIG_LINK_NAME_MAX + 1];
    char interface[CONFIG_IFNAME_MAX + 1];
    uint32_t mark;         /* of the sockets */
    struct netaddr source; /* port 0; family 0: the kernel chooses */
};

struct lookup_request {
    uint32_t uid; /* to run as */
    uint32_t gid;
    bool system; /* the system's way, too */
    uint8_t name_count;
    char names[LOOKUP_NAMES_MAX][CONFIG_HOST_MAX + 1];
    uint8_t way_count;
    struct lookup_way ways[LOOKUP_WAYS_MAX];
};

enum lookup_answer_type {
    LOOKUP_FOUND = 1,
    LOOKUP_NOTHING, /* the way has no address of the name, at least of one family */
    LOOKUP_UNBOUND, /* the way's sockets could not be bound or marked, and ask as they are */
};

/* Why there is nothing; of several reasons the last in this order counts. */
enum lookup_reason {
    LOOKUP_NOT_ASKED,
    LOOKUP_NOT_SENT,  /* no route, or nobody listens there */
    LOOKUP_NO_ANSWER, /* in time */
    LOOKUP_REFUSED,   /* or the name server failed */
    LOOKUP_UNKNOWN,   /* there is no such name, or it has no address */
};

struct lookup_answer {
    enum lookup_answer_type type;
    uint8_t way; /* index in the request, or LOOKUP_SYSTEM */
    union {
        struct {
            uint8_t name; /* index in the request; not of LOOKUP_UNBOUND */
            union {
                struct netaddr addr; /* port 0 */
                enum lookup_reason reason;
            };
        };
        uint32_t error; /* errno, of LOOKUP_UNBOUND */
    };
};

/* Length in out, or 0: the message does not fit the types' limits. */
size_t lookup_encode_request(const struct lookup_request *q, uint8_t out[LOOKUP_BYTES_MAX]);
size_t lookup_encode_answer(const struct lookup_answer *a, uint8_t out[LOOKUP_BYTES_MAX]);
/* False: refused. */
bool lookup_decode_request(struct lookup_request *out, const uint8_t *data, size_t len_bytes);
bool lookup_decode_answer(struct lookup_answer *out, const uint8_t *data, size_t len_bytes);

#endif
