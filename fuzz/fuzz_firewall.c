/* SPDX-License-Identifier: ISC */
/*
 * Rules of packet filters as nft and iptables-save print them: whatever they are, the walk through
 * them ends, and what is told is one plain line about what is dropped.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guard/firewall/firewall_explain.h"
#include "guard/firewall/firewall_rules.h"
#include "guard/firewall/firewall_save.h"
#include "guard/firewall/firewall_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

static const struct firewall_question questions[] = {
    { .hook = FIREWALL_FORWARD, .tunnel = "hawser0", .other = "eth0", .asked = { true, true } },
    { .hook = FIREWALL_FORWARD,
      .tunnel = "hawser0",
      .inward = true,
      .asked = { true, true },
      .inside = { { .family = 4, .addr = { 10, 77, 0, 2 } }, { .family = 6, .addr = { 0xfd } } } },
    { .hook = FIREWALL_INPUT, .tunnel = "hawser0", .asked = { true, true }, .port = 4297 },
};

static void check(const struct firewall_question *q, const struct firewall_verdict *v)
{
    struct problem_list l = { 0 };
    size_t dropped = 0;
    for (size_t f = 0; f < FIREWALL_FAMILIES; f++) {
        const struct firewall_drop *reply = &v->reply[f];
        dropped += v->first[f].dropped || reply->dropped;
        if (reply->dropped && (reply->likely || q->hook == FIREWALL_INPUT))
            abort();
    }
    firewall_explain(q, v, &l);
    if ((dropped > 0) != (l.count > 0) || l.count > dropped)
        abort();
    for (size_t i = 0; i < l.count; i++)
        for (const char *c = l.list[i].text; *c != '\0'; c++)
            if (*c < ' ' || *c > '~')
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    const char *text = (const char *)data;
    struct firewall_verdict v;
    struct firewall_rules *r = firewall_rules_new();
    if (r == NULL)
        return 0;
    if (len_bytes > 0 && data[0] == '{')
        firewall_rules_add_nft(r, text, len_bytes, len_bytes % 2 == 0);
    else
        firewall_rules_add_save(r, text, len_bytes, len_bytes % 2 == 0 ? 4 : 6, len_bytes % 3 == 0);
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        firewall_judge(r, &questions[i], &v);
        check(&questions[i], &v);
    }
    firewall_rules_free(r);
    return 0;
}
