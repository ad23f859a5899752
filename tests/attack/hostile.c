/* SPDX-License-Identifier: ISC */
#include "attack/hostile.h"

#include <string.h>

#include "bond/bond.h"
#include "bond/state.h"
#include "session/keys.h"
#include "session/state.h"

enum { SMALLEST_LEFT = 48 };

void hostile_begin(struct hostile *h, struct core *core, struct tstamp now)
{
    h->core = core;
    h->now = now;
    h->w = writer_of(h->plain, sizeof h->plain);
}

void hostile_frame(struct hostile *h, const struct wire_frame_value *f)
{
    wire_put_frame(&h->w, f);
}

void hostile_challenges(struct hostile *h, uint32_t n)
{
    struct wire_frame_value f = { .type = WIRE_PATH_CHALLENGE };
    while (writer_left(&h->w) > SMALLEST_LEFT) {
        memcpy(f.token, &n, sizeof n);
        f.token[7]++;
        hostile_frame(h, &f);
    }
}

void hostile_statuses(struct hostile *h, unsigned paths, uint8_t use)
{
    struct wire_frame_value f = { .type = WIRE_PATH_STATUS };
    static uint32_t sequence = 1000;
    f.status.name_len = 1;
    f.status.name[0] = 'x';
    f.status.datagram_bytes = 1400;
    for (unsigned i = 0; writer_left(&h->w) > SMALLEST_LEFT + paths * 24; i++) {
        f.status.path = (uint8_t)(i % paths);
        f.status.sequence = ++sequence;
        f.status.use = i / paths % 2 == 0 ? WIRE_PATH_ACTIVE : WIRE_PATH_STANDBY;
        hostile_frame(h, &f);
    }
    for (uint8_t path = 0; path < paths; path++) {
        f.status.path = path;
        f.status.sequence = ++sequence;
        f.status.use = use;
        hostile_frame(h, &f);
    }
}

void hostile_acks(struct hostile *h, unsigned paths)
{
    struct wire_frame_value f = { .type = WIRE_ACK };
    f.ack.range_count = f.ack.time_count = 1;
    f.ack.ranges[0].len = 1;
    f.ack.times[0].count = 1;
    for (unsigned i = 0; writer_left(&h->w) > SMALLEST_LEFT; i++) {
        f.ack.path = (uint8_t)(i % paths);
        hostile_frame(h, &f);
    }
}

void hostile_packets(struct hostile *h, uint16_t lane, uint32_t *sequence, uint32_t step,
                     uint8_t flags)
{
    static const uint8_t nothing[1];
    struct wire_frame_value f = { .type = WIRE_PACKET };
    f.packet.inner = nothing;
    f.packet.inner_bytes = sizeof nothing;
    f.packet.data.lane = lane;
    f.packet.data.flags = flags;
    while (writer_left(&h->w) > SMALLEST_LEFT) {
        f.packet.data.sequence = *sequence += step;
        hostile_frame(h, &f);
    }
}

void hostile_data(struct hostile *h, uint16_t lane, uint32_t sequence, uint8_t flags,
                  uint32_t bytes)
{
    const struct wire_data d = { .flags = flags, .lane = lane, .sequence = sequence };
    uint8_t header[WIRE_DATA_BYTES];
    wire_put_data(header, &d);
    write_bytes(&h->w, header, sizeof header);
    for (uint32_t i = 0; i < bytes; i++)
        write_u8(&h->w, 0x45);
}

/* As if so many datagrams had been sent and lost; no work, which would be the attacker's. */
static void skip_numbers(struct path *p, uint32_t skip)
{
    if (p->flight.oldest == p->flight.pn_next)
        p->flight.oldest += skip;
    p->flight.pn_next += skip;
}

size_t hostile_seal(struct hostile *h, uint8_t path, uint32_t skip)
{
    struct peer *p = h->core->peers.list[0];
    const struct aead_span span = { .data = h->plain, .len_bytes = writer_len(&h->w) };
    if (!writer_ok(&h->w) || p->association.current == NULL)
        return 0;
    skip_numbers(&p->bond->sender.paths.at[path], skip);
    uint64_t pn = bond_take_pn(p->bond, h->now, path, (uint32_t)span.len_bytes, false, 0);
    return keys_seal(p->association.current, path, pn, &span, 1, h->sealed);
}
