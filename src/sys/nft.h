/* SPDX-License-Identifier: ISC */
/*
 * Packet filter rules by the nft program (its library's licence does not go with OpenSSL's): one
 * table of our own a tunnel, put in place as a whole and removed as a whole.
 */
#ifndef HAWSER_SYS_NFT_H
#define HAWSER_SYS_NFT_H

#include <stdbool.h>

struct nft_rules {
    const char *interface; /* of the tunnel */
    bool masquerade;       /* what comes out of the tunnel and leaves by another interface */
    bool mss_clamp;        /* TCP through the tunnel, both directions, to the routes' MTU */
};

/*
 * Replaces the table. 0 or negative errno: -ENOENT when there is no nft program, -EIO when it
 * refused (its reason then stands in error).
 */
int nft_apply(const struct nft_rules *rules, char *error, unsigned error_bytes);
/* Removes the table; 0 also when there is none, or no nft program that could have made one. */
int nft_remove(const char *interface);

#endif
