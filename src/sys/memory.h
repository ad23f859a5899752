/* SPDX-License-Identifier: ISC */
/* Memory: of keys, and of tables that are large and mostly empty. */
#ifndef HAWSER_SYS_MEMORY_H
#define HAWSER_SYS_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/*
 * What this process has in memory gets into no dump, and nobody without privileges reads it from
 * outside. A change of user or another program takes part of it back: after these. 0 or negative
 * errno.
 */
int memory_hide(void);

enum { MEMORY_LOCKED_IN_PART = 1 };

/*
 * Whatever this process touches from now on is not swapped out, and nor is what it has. Without
 * CAP_SYS_RESOURCE and with a limit (RLIMIT_MEMLOCK) that is so only for the heap and the stack as
 * they are, and MEMORY_LOCKED_IN_PART is returned. It outlives a change of user, and holds not in
 * children nor after exec. 0, or negative errno: nothing is locked.
 */
int memory_lock(void);

/* The same for the pages of one thing. */
int memory_lock_part(const void *from, size_t len_bytes);

/* What the machine has; 0: not known. */
uint64_t memory_of_machine_bytes(void);

/*
 * Large pieces from calloc() stay mappings of their own, which are empty until they are touched and
 * gone when they are freed. The C library would take the next one from the heap once one was freed,
 * and clear it: a peer that joins later would take all of its bond instead of a third.
 */
void memory_map_large(void);

#endif
