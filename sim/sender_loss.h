/* SPDX-License-Identifier: ISC */
/* The parts of the sender that find losses and answer them; sender.c has the rest. */
#ifndef HAWSER_SIM_SENDER_LOSS_H
#define HAWSER_SIM_SENDER_LOSS_H

#include "sim/sender_state.h"

/* The list of what is in flight, in the order of sending. Removing also takes it out of flight. */
void sender_list_add(struct sender *s, uint64_t number);
void sender_list_remove(struct sender *s, uint64_t number);

/* Delivered: RACK's newest sending time. */
void sender_rack_note(struct sender *s, uint64_t number, uint32_t echo_us);
/* The receiver told of a duplicate. */
void sender_duplicate(struct sender *s);
/* The cumulative acknowledgement moved. */
void sender_progress(struct sender *s, uint32_t echo_us);
/* Declares losses; how many. */
uint32_t sender_detect(struct sender *s);
/* Enters or leaves recovery. */
void sender_react(struct sender *s, const struct segment *ack, uint32_t inflight_before);
/* Sets the window in recovery (RFC 6937). */
void sender_reduce(struct sender *s, uint32_t delivered);
void sender_arm(struct sender *s);
/* Nothing was acknowledged for an RTO: all in flight is lost. */
void sender_timeout(struct sender *s);

#endif
