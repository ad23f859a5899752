/* SPDX-License-Identifier: ISC */
/*
 * Looking names up: a program of its own, hawserd --resolve, which reads what name servers say
 * without any privilege, so that nothing else has to.
 *
 * The guard starts it anew for each look-up (ipc/helper.h). It takes one request: names, and
 * the ways to ask for them. A way is a link, over which the name servers of resolv.conf(5) are
 * asked directly from sockets bound to the link, or the system's own way (nsswitch.conf(5): files,
 * a forwarder on this machine and so on). It opens its sockets, gives up every privilege, asks
 * everything at once, sends each answer as it comes, and ends.
 */
#ifndef HAWSER_GUARD_LOOKUP_LOOKUP_PROGRAM_H
#define HAWSER_GUARD_LOOKUP_LOOKUP_PROGRAM_H

/* The program's exit code. */
int lookup_main(int channel_fd);

#endif
