/* SPDX-License-Identifier: ISC */
/*
 * What the hawser command and the daemon say to each other over the control socket.
 *
 * A connection to the UNIX stream socket INTERFACE.sock in CONTROL_DIR (config/limits.h) carries
 * one request and one answer, each a JSON object on one line that ends in a newline. The daemon
 * then closes.
 *
 *     {"cmd":"status"}                              {"ok":true,"status":{...}}
 *     {"cmd":"status","peer":"home"}                (with this peer alone, or with none)
 *     {"cmd":"summary"}                             (with few members of each peer)
 *     {"cmd":"link","link":"dsl","state":"down"}    {"ok":true}
 *     {"cmd":"link","peer":"home","link":"dsl",    (a link of that peer's own)
 *      "state":"down"}
 *     {"cmd":"reload"}                              {"ok":false,"error":"what and how to mend it"}
 *
 * The members of the status are those of hawser(1). Unknown members of a request are an error, so
 * that a newer command never believes an older daemon did what it does not know.
 *
 * A status is made peer by peer while it is sent, as fast as the client reads it. It tells of the
 * peers that there were when it was asked for, each as it is when its turn comes; one that a reload
 * takes away before that is left out, and one that it brings is in the next answer. An answer that
 * ends without its newline is none: the client read too slowly (see CONTROL_TIMEOUT_MS and
 * CONTROL_ANSWER_TIMEOUT_MS), or the daemon ended.
 */
#ifndef HAWSER_IPC_CONTROL_PROTO_H
#define HAWSER_IPC_CONTROL_PROTO_H

#include <stdbool.h>
#include <stddef.h>

enum {
    CONTROL_REQUEST_BYTES_MAX = 4096,     /* with the newline; a longer one is refused */
    CONTROL_ANSWER_BYTES_MAX = 256 << 20, /* every peer with every path: some 90 MB */
    CONTROL_LINK_NAME_MAX = 15,
    CONTROL_PEER_NAME_MAX = 31,
    CONTROL_TIMEOUT_MS = 5000,         /* each side gives up on a silent other */
    CONTROL_ANSWER_TIMEOUT_MS = 60000, /* and the daemon on one that takes an answer slowly */
    CONTROL_RELOAD_TIMEOUT_MS = 30000,
};

enum control_command { CONTROL_STATUS, CONTROL_SUMMARY, CONTROL_LINK, CONTROL_RELOAD };

/*
 * DOWN: carries nothing. STANDBY: carries nothing until all active links are down. ACTIVE: carries
 * traffic. UP: out of DOWN, back to the role that the configuration names.
 */
enum control_link_state {
    CONTROL_LINK_UP,
    CONTROL_LINK_DOWN,
    CONTROL_LINK_STANDBY,
    CONTROL_LINK_ACTIVE,
};

struct control_request {
    enum control_command command;
    /* CONTROL_LINK; empty: whoever has such a link. CONTROL_STATUS; empty: all. */
    char peer[CONTROL_PEER_NAME_MAX + 1];
    /* CONTROL_LINK only */
    char link[CONTROL_LINK_NAME_MAX + 1];
    enum control_link_state state;
};

/* "up", "down", "standby", "active"; false if text is none of them. */
bool control_link_state_parse(const char *text, enum control_link_state *out);
const char *control_link_state_name(enum control_link_state state);

/* A peer's name into a request for its status; false if it can be the name of none. */
bool control_peer_parse(const char *text, struct control_request *out);

/* "LINK" or "PEER/LINK" into a request; false if it can be the name of none. */
bool control_link_parse(const char *text, struct control_request *out);

/*
 * The request in len_bytes of text, newline or not; the text needs no terminating zero. Returns 0,
 * -EMSGSIZE (too long), -EBADMSG (not one JSON object), -EINVAL (not a request that exists),
 * -ENOMEM.
 */
int control_request_parse(const char *text, size_t len_bytes, struct control_request *out);

/* What to answer for a failure of control_request_parse(). */
const char *control_request_error(int error);

/*
 * The request as a line with its newline and a terminating zero. Returns the length without the
 * zero, or -EINVAL (a name that is empty, too long or not printable).
 */
int control_request_format(const struct control_request *request,
                           char out[CONTROL_REQUEST_BYTES_MAX]);

#endif
