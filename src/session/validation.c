/* SPDX-License-Identifier: ISC */
#include "session/validation.h"

#include <string.h>

void validation_start(struct validation *v, struct tstamp now, const struct route *candidate,
                      bool trusted, const uint8_t token[VALIDATION_TOKEN_BYTES])
{
    v->searching = true;
    v->trusted = trusted;
    v->candidate = *candidate;
    memcpy(v->token, token, sizeof v->token);
    v->tries = 0;
    v->rx_bytes = 0;
    v->tx_bytes = 0;
    v->next = now;
}

bool validation_pending(const struct validation *v, const struct route *r)
{
    return v->searching && !tstamp_is_never(v->next) && route_equal(&v->candidate, r);
}

static bool is_candidate(const struct validation *v, const struct route *r)
{
    return v->searching && route_equal(&v->candidate, r);
}

void validation_credit(struct validation *v, const struct route *from, size_t len_bytes)
{
    if (is_candidate(v, from))
        v->rx_bytes += len_bytes;
}

bool validation_may_send(const struct validation *v, const struct route *to, size_t len_bytes)
{
    if (v->open && route_equal(&v->route, to))
        return true;
    if (!is_candidate(v, to))
        return false;
    return v->trusted || v->tx_bytes + len_bytes <= VALIDATION_AMPLIFICATION * v->rx_bytes;
}

void validation_debit(struct validation *v, const struct route *to, size_t len_bytes)
{
    if (is_candidate(v, to))
        v->tx_bytes += len_bytes;
}

bool validation_due(const struct validation *v, struct tstamp now)
{
    return v->searching && tstamp_reached(v->next, now);
}

void validation_sent(struct validation *v, struct tstamp now)
{
    int64_t wait_ns = VALIDATION_LAST_NS;
    if (v->tries < 6)
        wait_ns = VALIDATION_FIRST_NS << v->tries;
    v->tries++;
    bool more = v->trusted || v->tries < VALIDATION_TRIES_MAX;
    v->next = more ? tstamp_add(now, wait_ns) : TSTAMP_NEVER;
}

bool validation_answer(struct validation *v, const uint8_t token[VALIDATION_TOKEN_BYTES])
{
    if (!v->searching || memcmp(v->token, token, sizeof v->token) != 0)
        return false;
    v->searching = false;
    v->open = true;
    v->route = v->candidate;
    return true;
}

void validation_forget(struct validation *v)
{
    v->open = false;
    v->searching = false;
}
