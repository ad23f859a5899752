/* SPDX-License-Identifier: ISC */
/*
 * Packet filter rules by the nft program (its library's licence does not go with OpenSSL's): one
 * table of our own a tunnel, put in place as a whole and removed as a whole; and word of what
 * others change in it.
 */
#ifndef HAWSER_SYS_NFT_H
#define HAWSER_SYS_NFT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { NFT_TABLE_NAME_BYTES = 64 };

/* The name of a tunnel's table, of family inet. Returns out. */
const char *nft_table_name(char out[NFT_TABLE_NAME_BYTES], const char *interface);

/*
 * Runs a script, all of it or nothing. 0 or negative errno: -ENOENT when there is no nft program,
 * -EIO when it refused (its reason then stands in error). by: NULL, or where the number of the
 * process is put, which its changes are told with.
 */
int nft_run(const char *script, char *error, size_t error_bytes, pid_t *by);
/* Removes the table; 0 also when there is none, which takes no nft program to tell. */
int nft_remove(const char *interface, pid_t *by);
/* 1: the kernel has the table; 0: it has not; or negative errno: it does not tell. */
int nft_has_table(const char *interface);

/* Chains of others filter or translate what is forwarded: somebody else uses forwarding, too. */
bool nft_others_forward(void);

/* A descriptor that becomes readable when somebody changes rules; or -errno. */
int nft_watch_open(void);

struct nft_changes {
    bool ours;   /* our table, by another process than `by` */
    bool others; /* any other table */
};

/* Takes all that waits. After more than the kernel keeps, both are true. */
struct nft_changes nft_watch_drain(int fd, const char *table, pid_t by);

/*
 * All rules of this network namespace as JSON, ours and others'; *json is the caller's to free.
 * terse: without the elements of named sets, which may be many. Waits for nft, up to 10 s. 0 or
 * negative errno: -ENOENT when there is no nft program, -EFBIG beyond NFT_LIST_BYTES_MAX.
 */
enum { NFT_LIST_BYTES_MAX = 4 << 20 };
int nft_list(bool terse, char **json, size_t *len_bytes);

#endif
