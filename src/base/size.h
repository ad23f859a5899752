/* SPDX-License-Identifier: ISC */
/*
 * Sizes of tables at most: as shipped, or small. With HAWSER_SMALL the fuzzer makes thousands of
 * cores a second, and their tables are full after few packets.
 * The same goes for how long the walk through a packet filter's rules may be. Nothing else differs.
 * Of a table both sizes are of the same kind: powers of two, multiples of 64.
 */
#ifndef HAWSER_BASE_SIZE_H
#define HAWSER_BASE_SIZE_H

#ifdef HAWSER_SMALL
#define TABLE_SIZE(shipped, small) (small)
#else
#define TABLE_SIZE(shipped, small) (shipped)
#endif

#endif
