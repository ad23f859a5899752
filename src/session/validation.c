/* SPDX-License-Identifier: ISC */
#include "session/validation.h"

#include <string.h>

void validation_start(struct validation *v, struct tstamp now, const struct route *candidate,
                      bool trusted, const uint8_t token[VALIDATION_TOKEN_BYTES])
{
    v->searching = true;
    v->trusted = trusted;
    v->answered = false;
    v->candidate = *candidate;
    memcpy(v->token, token, sizeof v->token);
    v->tries = 0;
    v->rx_bytes = 0;
    v->tx_bytes = 0;
    v->next = now;
}

void validation_doubt(struct validation *v, struct tstamp now, int64_t wait_ns,
                      const uint8_t token[VALIDATION_TOKEN_BYTES])
{
    bool asking = v->asking && route_equal(&v->asked, &v->route);
    if (!v->open || (asking && tstamp_before(now, v->believed_at)))
        return;
    v->asking = true;
    v->asked = v->route;
    memcpy(v->asked_token, token, sizeof v->asked_token);
    v->asks = 0;
    v->asked_at = now;
    v->ask_next = now;
    v->believed_at = tstamp_add(now, wait_ns);
}

bool validation_held(const struct validation *v, struct tstamp now)
{
    return tstamp_before(now, v->hold_until);
}

bool validation_pending(const struct validation *v, const struct route *r)
{
    return v->searching && (v->answered || !tstamp_is_never(v->next)) &&
           route_equal(&v->candidate, r);
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
    if ((v->open && route_equal(&v->route, to)) || (v->asking && route_equal(&v->asked, to)))
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

static int64_t gap_ns(unsigned tries)
{
    return tries < 6 ? VALIDATION_FIRST_NS << tries : VALIDATION_LAST_NS;
}

void validation_sent(struct validation *v, struct tstamp now)
{
    int64_t wait_ns = gap_ns(v->tries++);
    bool more = v->trusted || v->tries < VALIDATION_TRIES_MAX;
    v->next = more ? tstamp_add(now, wait_ns) : TSTAMP_NEVER;
}

bool validation_ask_due(const struct validation *v, struct tstamp now)
{
    return v->asking && tstamp_reached(v->ask_next, now);
}

void validation_asked(struct validation *v, struct tstamp now)
{
    int64_t wait_ns = gap_ns(v->asks++);
    v->ask_next = v->asks < VALIDATION_ASKS_MAX ? tstamp_add(now, wait_ns) : TSTAMP_NEVER;
}

/* The address that was in use still works. */
static enum validation_result stay(struct validation *v, struct tstamp now)
{
    bool away = !v->open || !route_equal(&v->route, &v->asked);
    v->asking = false;
    v->searching = false;
    v->hold_until = tstamp_add(now, VALIDATION_HOLD_NS);
    if (!away)
        return VALIDATION_STAYED;
    v->open = true;
    v->route = v->asked;
    return VALIDATION_MOVED;
}

static bool is_waited_for(const struct validation *v, struct tstamp now)
{
    return v->asking && v->open && route_equal(&v->asked, &v->route) &&
           tstamp_before(now, v->believed_at);
}

enum validation_result validation_answer(struct validation *v, struct tstamp now,
                                         const uint8_t token[VALIDATION_TOKEN_BYTES])
{
    if (v->asking && memcmp(v->asked_token, token, sizeof v->asked_token) == 0)
        return stay(v, now);
    if (!v->searching || memcmp(v->token, token, sizeof v->token) != 0)
        return VALIDATION_NOTHING;
    v->answered = true;
    return validation_tick(v, now) ? VALIDATION_MOVED : VALIDATION_NOTHING;
}

bool validation_tick(struct validation *v, struct tstamp now)
{
    if (v->asking && tstamp_sub(now, v->asked_at) >= VALIDATION_REGRET_NS)
        v->asking = false;
    if (!v->searching || !v->answered)
        return false;
    if (is_waited_for(v, now)) {
        v->next = TSTAMP_NEVER; /* it needs no more challenges */
        return false;
    }
    v->searching = false;
    v->open = true;
    v->route = v->candidate;
    return true;
}

struct tstamp validation_deadline(const struct validation *v)
{
    struct tstamp at = v->searching ? v->next : TSTAMP_NEVER;
    if (v->asking)
        at = tstamp_min(at, v->ask_next);
    return v->searching && v->answered ? tstamp_min(at, v->believed_at) : at;
}

void validation_forget(struct validation *v)
{
    v->open = false;
    v->searching = false;
    v->asking = false;
    v->hold_until = (struct tstamp){ 0 };
}
