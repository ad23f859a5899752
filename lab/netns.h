/* SPDX-License-Identifier: ISC */
/*
 * Entering network namespaces by name and running programs: what the lab's commands share.
 */
#ifndef HAWSER_LAB_NETNS_H
#define HAWSER_LAB_NETNS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Moves the calling process into /run/netns/NAME; 0 or a negative error code. */
int netns_enter(const char *name);

/* A descriptor of the present namespace, to return to with netns_return(); < 0 on failure. */
int netns_current(void);

/* Back into that namespace; closes the descriptor. 0 or a negative error code. */
int netns_return(int fd);

/*
 * Starts argv[0] (searched in PATH) in a namespace (NULL: this one). output: descriptor for its
 * stdout and stderr, -1: inherit. The child gets SIGTERM when this process ends. Its id, or a
 * negative error code.
 */
pid_t run_start(const char *netns, const char *const argv[], int output);

/*
 * Starts a program that outlives this one: its own session, stdout to output, stderr appended to
 * the file log. Its id, or a negative error code.
 */
pid_t run_detached(const char *const argv[], int output, const char *log);

/*
 * Runs it to its end with input (may be NULL) on stdin. The exit status; -1 if it could not run or
 * was killed. Its stderr is inherited.
 */
int run_wait(const char *netns, const char *const argv[], const char *input);

/* The same; stdout goes to output (at most size - 1 bytes and a 0, without the last newline). */
int run_capture(const char *netns, const char *const argv[], const char *input, char *output,
                size_t size);

/* Ends a child with SIGTERM, after timeout_ms with SIGKILL, and reaps it. */
void run_stop(pid_t pid, int timeout_ms);

/* The directory of this program's file, for programs built beside it; false if unknown. */
bool run_own_directory(char *path, size_t size);

#endif
