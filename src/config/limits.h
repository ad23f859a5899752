/* SPDX-License-Identifier: ISC */
/* Lengths, counts and places of files that every program of ours goes by. */
#ifndef HAWSER_CONFIG_LIMITS_H
#define HAWSER_CONFIG_LIMITS_H

#include "wire/wire.h"

#define CONFIG_DEFAULT_PATH "/etc/hawser/hawser.conf"
#define CONFIG_DEFAULT_INTERFACE "hawser0"
#define CONFIG_DEFAULT_USER "hawser"

/* Where the sockets of running tunnels are, as INTERFACE.sock, and what else they share. */
#define CONTROL_DIR "/run/hawser"
#define CONTROL_SUFFIX ".sock"

enum {
    CONFIG_NAME_MAX = 31,      /* bytes of a peer's name */
    CONFIG_LINK_NAME_MAX = 15, /* and of a link's: it crosses the network */
    CONFIG_IFNAME_MAX = 15,    /* IFNAMSIZ - 1 */
    CONFIG_USER_MAX = 31,
    CONFIG_PATH_BYTES_MAX = 255,
    CONFIG_DIR_BYTES_MAX = 190, /* of files that are included, whose names come behind */
    CONFIG_HOST_MAX = 253,      /* RFC 1035, in text */
    CONFIG_PEERS_MAX = 20000,
    CONFIG_LINKS_MAX = WIRE_PATHS_MAX,
    CONFIG_POLICIES_MAX = 16, /* half of what the core has: a changed set may have all other ones */
    CONFIG_MATCH_BYTES_MAX = 199,
    CONFIG_ENDPOINTS_MAX = 8, /* of one peer */
    CONFIG_LISTEN_MAX = 8,
    CONFIG_ADDRESSES_MAX = 16,
    CONFIG_LANS_MAX = 16,
    CONFIG_MARK_LOW_BITS = 6,                       /* of a mark: they number the links */
    CONFIG_ALLOWED_MAX = 1024,                      /* of one peer */
    CONFIG_ALLOWED_ALL_MAX = 10 * CONFIG_PEERS_MAX, /* of all of them */
    CONFIG_MTU_MIN = 576,
    CONFIG_MTU_MAX = 9000,
    CONFIG_REKEY_S_MIN = 2,
    CONFIG_REKEY_S_MAX = 120, /* the default, too */
    CONFIG_FILE_BYTES_MAX = 1 << 24,
    /* Beside the main one: each may hold one section. */
    CONFIG_FILES_MAX = CONFIG_PEERS_MAX + CONFIG_LINKS_MAX + CONFIG_POLICIES_MAX,
    CONFIG_ERRORS_MAX = 50,
    CONFIG_ERROR_BYTES = 320,
    CONTROL_SOCKET_PATH_MAX = 107, /* sockaddr_un.sun_path less its zero */
};

#endif
