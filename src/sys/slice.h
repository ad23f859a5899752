/* SPDX-License-Identifier: ISC */
/* How the kernel shares out the processors. */
#ifndef HAWSER_SYS_SLICE_H
#define HAWSER_SYS_SLICE_H

#include <stdint.h>

enum { SLICE_NICE_KEEP = 127 }; /* whatever it is now */

/*
 * For the calling thread, in the ordinary class: slice_ns, 100000 to 100000000, is how long it may
 * run at a time; who asks for less is run sooner after it wakes. nice: -20 to 19. 0 or negative
 * errno; kernels before 6.12 take no slice and say nothing of it.
 */
int slice_set(int64_t slice_ns, int nice);

#endif
