/* SPDX-License-Identifier: ISC */
/* A number kept within bounds, for what is done for each packet: fmin() and fmax() are calls. */
#ifndef HAWSER_BASE_BOUND_H
#define HAWSER_BASE_BOUND_H

static inline double bound(double x, double least, double most)
{
    return x < least ? least : x > most ? most : x;
}

#endif
