/* SPDX-License-Identifier: ISC */
/* Policies name links; bonds know paths: which path is over which link, told to the bond. */
#ifndef HAWSER_SESSION_POLICIES_H
#define HAWSER_SESSION_POLICIES_H

struct peer;

/* After the policies, or the name of a path's link, changed. 0 or -ENOMEM, which only the first
 * call of a peer since there are policies can give. */
int policies_apply(struct peer *p);

#endif
