/* SPDX-License-Identifier: ISC */
/* The peers as the guard tells them: announced by their number, then one by one. */
#ifndef HAWSER_ENGINE_PEER_SET_H
#define HAWSER_ENGINE_PEER_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/msg.h"
#include "session/core.h"

struct peer_set {                  /* all zero: none is announced */
    struct core_peer_config *list; /* owned, with the allowed prefixes */
    size_t expected;
    size_t count;
};

/* Begins anew with none; expected: how many will come. 0 or -ENOMEM. */
int peer_set_begin(struct peer_set *s, size_t expected);
/* 0, -EBADMSG (one too many, or none was announced) or -ENOMEM. */
int peer_set_add(struct peer_set *s, const struct msg_peer *m);
bool peer_set_complete(const struct peer_set *s);
/* Their place; -ENOENT: it is not among them. */
int peer_set_find(const struct peer_set *s, const uint8_t public_key[32]);
void peer_set_clear(struct peer_set *s);

#endif
