/* SPDX-License-Identifier: ISC */
/*
 * The link emulator: forwards Ethernet frames between pairs of TAP devices as sim/link.h says.
 *
 * One process and one thread serve all links of a lab. A frame is read once into preallocated
 * memory, waits in a heap ordered by its exit time, and is written once. A link without a rate or
 * trace takes TSO and USO super-packets whole, so that it is not the bottleneck of a speed test;
 * all others get one frame a packet, since each has its own fate. Checksums stay partial on the
 * way.
 *
 * How late frames left is recorded, so that a measurement can tell whether the emulator held it
 * back.
 */
#ifndef HAWSER_LAB_EMULATOR_H
#define HAWSER_LAB_EMULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/linkspec.h"

struct emulator;

/* One end of a link: a TAP device to be made in a network namespace. */
struct emu_end {
    const char *netns;  /* name under /run/netns */
    const char *ifname; /* of the device */
};

/* specs is borrowed and changed by commands; NULL with the reason logged. */
struct emulator *emulator_new(struct linkspecs *specs, uint64_t seed);
void emulator_free(struct emulator *emu);

/* Makes the two devices of link number i and joins them. False with the reason logged. */
bool emulator_attach(struct emulator *emu, size_t i, struct emu_end client,
                     struct emu_end provider);

/* Answers commands that come as datagrams to this Unix socket, which the emulator then owns. */
void emulator_control(struct emulator *emu, int fd);

/* Forwards until stop_fd becomes readable; < 0 on an error of the system. */
int emulator_run(struct emulator *emu, int stop_fd);

/*
 * One command; the answer goes to out and begins with "error: " if it was refused:
 *
 *   cut LINK [up|down]     restore LINK [up|down]     carrier LINK on|off
 *   set LINK ITEMS         stats                      reset
 */
void emulator_command(struct emulator *emu, const char *command, FILE *out);

#endif
