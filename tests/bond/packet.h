/* SPDX-License-Identifier: ISC */
/*
 * Inner packets for tests of the bond: small IPv4 packets of numbered flows whose payload tells
 * their number and can be checked as a whole.
 */
#ifndef HAWSER_TESTS_BOND_PACKET_H
#define HAWSER_TESTS_BOND_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pkt.h"

enum {
    PACKET_UDP_LEAST = 20 + 8 + 4,
    PACKET_ECN_OFFSET = 1, /* of IPv4's type of service */
};

/* A UDP packet of so many bytes with its IP header; at least PACKET_UDP_LEAST. */
struct pkt *packet_udp(struct pkt_pool *pool, uint16_t flow, uint32_t number, uint32_t bytes);

/* A TCP packet without data; ack: its acknowledgement number. */
struct pkt *packet_tcp_ack(struct pkt_pool *pool, uint16_t flow, uint32_t ack);

/* A TCP super-packet of so many segments of gso_size bytes each; sequence numbers from 0. */
struct pkt *packet_tcp_super(struct pkt_pool *pool, uint16_t flow, uint16_t segments,
                             uint16_t gso_size);

uint16_t packet_flow(const struct pkt *p);
/* Of a packet_udp(). */
uint32_t packet_number(const struct pkt *p);
/* Whether every byte of a packet_udp() is as it was made but for the ECN field. */
bool packet_whole(const struct pkt *p);

#endif
