/* SPDX-License-Identifier: ISC */
#include "bond/why.h"

#include <stdbool.h>
#include <stdio.h>

/* A sentence is before, the value, after; or without where the value is not known. */
struct words {
    const char *name;
    const char *without;
    const char *before, *after; /* NULL: there is no value */
    int digits;
};

static const struct words *words_of(uint8_t why)
{
    static const struct words table[WIRE_WHY_COUNT] = {
        [WIRE_WHY_IN_USE] = { "in-use", "in use" },
        [WIRE_WHY_LINK_FULL] = { "link-full", "in use, limited by the link" },
        [WIRE_WHY_CONFIGURED_RATE] = { "configured-rate", "limited by the configured rate" },
        [WIRE_WHY_LOSS] = { "loss", "in use, and loses packets", "in use, ", " % loss", 0 },
        [WIRE_WHY_LATE] = { "late", "in use, and answers take long", "in use, answers take ", " s",
                            1 },
        [WIRE_WHY_DEAR] = { "dear", "dear: waits until the cheaper ones are full" },
        [WIRE_WHY_DEAR_IN_USE] = { "dear-in-use", "dear, in use while the cheaper ones are full" },
        [WIRE_WHY_STANDBY] = { "standby", "standby" },
        [WIRE_WHY_STANDBY_BUSY] = { "standby-busy", "standby until the others are down or full" },
        [WIRE_WHY_QUOTA_USED] = { "quota-used", "quota used up: the last resort" },
        [WIRE_WHY_SWITCHED_OFF] = { "switched-off", "switched off" },
        [WIRE_WHY_NO_ADDRESS] = { "no-address", "no address of the peer is reachable over it yet" },
        [WIRE_WHY_OVERDUE] = { "overdue", "acknowledgements are overdue" },
        [WIRE_WHY_PROBING] = { "probing", "probing" },
        [WIRE_WHY_NO_ANSWER] = { "no-answer", "no answer, probing", "no answer for ", " s, probing",
                                 0 },
        [WIRE_WHY_TOO_LOSSY] = { "too-lossy", "too much loss, probing", "", " % loss, probing", 0 },
        [WIRE_WHY_TOO_LATE] = { "too-late", "answers take too long, probing", "answers take ",
                                " s, probing", 1 },
        [WIRE_WHY_TOO_SLOW] = { "too-slow", "too little beside the others, probing", "",
                                " Mbit/s, too little beside the others, probing", 1 },
        [WIRE_WHY_FAILED_LATELY] = { "failed-lately", "answers, but failed lately",
                                     "answers, but failed lately: used after ", " s of answers",
                                     1 },
    };
    return why < WIRE_WHY_COUNT && table[why].name != NULL ? &table[why] : NULL;
}

const char *bond_why_name(uint8_t why)
{
    const struct words *w = words_of(why);
    return w != NULL ? w->name : NULL;
}

const char *bond_why_sentence(uint8_t why, double value, char out[BOND_WHY_BYTES])
{
    const struct words *w = words_of(why);
    if (w == NULL)
        out[0] = '\0';
    else if (w->before == NULL || value < 0)
        snprintf(out, BOND_WHY_BYTES, "%s", w->without);
    else
        snprintf(out, BOND_WHY_BYTES, "%s%.*f%s", w->before, w->digits, value, w->after);
    return out;
}

static const char *const limits[WIRE_LIMIT_COUNT][3] = {
    [WIRE_LIMIT_NO_PATH] = { "no-path", "no usable path", "it has no usable path" },
    [WIRE_LIMIT_IDLE] = { "idle", "nothing: idle", "nothing: it sends nothing" },
    [WIRE_LIMIT_LINKS] = { "links", "links", "the links: all are full" },
    [WIRE_LIMIT_CONFIGURED_RATES] = { "configured-rates", "configured rates", "configured rates" },
    [WIRE_LIMIT_FLOWS] = { "flows", "flow windows or senders, not links",
                           "flow windows or senders, not links" },
    [WIRE_LIMIT_SOME_LINKS] = { "some-links", "some paths are full",
                                "some links are full, and flow windows or senders" },
    [WIRE_LIMIT_OWN_LINE] = { "own-line", "this side's own line is full",
                              "the peer's own line is full" },
    [WIRE_LIMIT_CPU] = { "cpu", "this side's processor", "the peer's processor" },
    [WIRE_LIMIT_PEER_RATE] = { "peer-rate", "the rate configured for the peer",
                               "the rate configured for it" },
    [WIRE_LIMIT_UPLINK] = { "uplink", "this side's uplink, which peers share",
                            "the peer's uplink, which others share" },
};

static const char *limit_text(uint8_t limit, unsigned column)
{
    return limit < WIRE_LIMIT_COUNT ? limits[limit][column] : NULL;
}

const char *bond_limit_name(uint8_t limit)
{
    return limit_text(limit, 0);
}

const char *bond_limit_sentence(uint8_t limit, char out[BOND_WHY_BYTES])
{
    const char *text = limit_text(limit, 1);
    snprintf(out, BOND_WHY_BYTES, "%s", text != NULL ? text : "");
    return out;
}

const char *bond_limit_sentence_theirs(uint8_t limit, char out[BOND_WHY_BYTES])
{
    const char *text = limit_text(limit, 2);
    snprintf(out, BOND_WHY_BYTES, "%s", text != NULL ? text : "");
    return out;
}
