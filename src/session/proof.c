/* SPDX-License-Identifier: ISC */
#include "session/proof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"

enum proof proof_of(const struct proof_memory *m, const struct wire_hello *hello, bool life_newer)
{
    if (hello->challenged && m->challenging &&
        secret_equal(hello->challenge, m->challenge, sizeof m->challenge))
        return PROOF_CHALLENGE;
    if (life_newer || memcmp(hello->timestamp, m->timestamp, sizeof m->timestamp) > 0)
        return PROOF_CLOCK;
    return PROOF_NONE;
}

int proof_late(struct proof_memory *m, struct tstamp now, const uint8_t ephemeral[32])
{
    struct late_call *room = NULL;
    if (m->late == NULL)
        m->late = calloc(PROOF_LATE_MAX, sizeof *m->late);
    if (m->late == NULL)
        return -ENOSPC;
    for (size_t i = 0; i < PROOF_LATE_MAX; i++) {
        struct late_call *l = &m->late[i];
        if (l->used && tstamp_sub(now, l->at) > PROOF_LATE_NS)
            l->used = false;
        if (!l->used)
            room = l;
        else if (memcmp(l->ephemeral, ephemeral, sizeof l->ephemeral) == 0)
            return -EEXIST;
    }
    if (room == NULL)
        return -ENOSPC;
    *room = (struct late_call){ .at = now, .used = true };
    memcpy(room->ephemeral, ephemeral, sizeof room->ephemeral);
    return 0;
}

struct tstamp proof_expire(struct proof_memory *m, struct tstamp now)
{
    struct tstamp next = TSTAMP_NEVER;
    for (size_t i = 0; m->late != NULL && i < PROOF_LATE_MAX; i++) {
        struct late_call *l = &m->late[i];
        l->used = l->used && tstamp_sub(now, l->at) <= PROOF_LATE_NS;
        if (l->used)
            next = tstamp_min(next, tstamp_add(l->at, PROOF_LATE_NS + 1));
    }
    if (tstamp_is_never(next))
        proof_free(m);
    return next;
}

void proof_free(struct proof_memory *m)
{
    free(m->late);
    m->late = NULL;
}

void proof_accepted(struct proof_memory *m, const struct wire_hello *hello, enum proof proof)
{
    if (proof == PROOF_CHALLENGE)
        m->challenging = false;
    if (memcmp(hello->timestamp, m->timestamp, sizeof m->timestamp) > 0)
        memcpy(m->timestamp, hello->timestamp, sizeof m->timestamp);
}

void proof_confirmed(struct proof_memory *m)
{
    m->challenging = false;
}

const uint8_t *proof_challenge(struct proof_memory *m, const uint8_t random[WIRE_CHALLENGE_BYTES])
{
    if (!m->challenging)
        memcpy(m->challenge, random, sizeof m->challenge);
    m->challenging = true;
    return m->challenge;
}
