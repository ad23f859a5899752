/* SPDX-License-Identifier: ISC */
/*
 * What the kernel lets a process call, for good and for all that it starts (seccomp(2)). Each
 * process has the filter of its kind; no_new_privs must be set, or the process be root.
 */
#ifndef HAWSER_SYS_CALLFILTER_H
#define HAWSER_SYS_CALLFILTER_H

/*
 * The engine once it runs: moves bytes between open descriptors, waits, allocates. Anything else
 * ends it. Of options of sockets only the news of ICMP can be changed (udp_watch_errors()), and
 * descriptors are neither duplicated nor locked. 0 or negative errno.
 */
int callfilter_engine(void);

/*
 * The guard and what it runs, as nft and hooks: nothing of modules, clocks, the kernel's log, other
 * processes' memory, other kinds of sockets or real time, and no memory that is written and then
 * executed. These are the bounds of the systemd units. What is refused fails with EPERM.
 */
int callfilter_guard(void);

/*
 * A program that looks names up, with what the C library and its modules need: sockets, and files
 * to read. No program is started, no file written, nobody signalled. What is refused fails with
 * ENOSYS or EPERM.
 */
int callfilter_lookup(void);

#endif
