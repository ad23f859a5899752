/* SPDX-License-Identifier: ISC */
/*
 * The guard: the privileged process. It opens what the engine is to use, sets up the network and
 * watches it, looks names up, runs the hook, and restarts an engine that ends. It never reads a
 * packet of the network, and does for the engine only what the configuration names.
 */
#ifndef HAWSER_GUARD_GUARD_H
#define HAWSER_GUARD_GUARD_H

#include "guard/options.h"

/* Runs until it is told to stop; the program's exit code. */
int guard_main(const struct guard_options *options);

/*
 * Removes what a daemon of that interface has left in the network when it was killed. The program's
 * exit code; refused while one runs.
 */
int guard_clean(const char *interface, const char *control);

#endif
