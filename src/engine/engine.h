/* SPDX-License-Identifier: ISC */
/*
 * The engine: the unprivileged process that all packets go through.
 *
 * It is started by the guard as a fresh program with one descriptor, is told its configuration
 * over it, enters its sandbox, and only then hears of the network.
 */
#ifndef HAWSER_ENGINE_ENGINE_H
#define HAWSER_ENGINE_ENGINE_H

/* The program's exit code. */
int engine_main(int channel_fd);

#endif
