/* SPDX-License-Identifier: ISC */
#include "cli/summary.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "cli/render.h"
#include "cli/table.h"

enum { COLUMNS = 9 };

static double known(const json_t *object, const char *member)
{
    double value = render_number(object, member);
    return isfinite(value) ? value : 0;
}

static bool is(const json_t *object, const char *member, const char *text)
{
    const char *value = json_string_value(json_object_get(object, member));
    return value != NULL && strcmp(value, text) == 0;
}

static bool ever_came(const json_t *peer)
{
    return render_number(peer, "handshake_age_s") >= 0;
}

/*
 * How much a peer needs somebody, in this order: it was lost, the newest loss first; it cannot be
 * reached; links are down; a link loses packets. 0: it does not.
 */
static double badness(const json_t *peer)
{
    enum { LOST = 3, UNREACHED = 2, LINKS_DOWN = 1 };
    double links = known(peer, "links");
    double up = known(peer, "links_up");
    double loss = known(peer, "loss");
    if (!is(peer, "state", "up") && ever_came(peer))
        return LOST + 1 / (1 + known(peer, "handshake_age_s"));
    if (!is(peer, "state", "up"))
        return is(peer, "why_code", "waiting") ? 0 : UNREACHED;
    if (up < links)
        return LINKS_DOWN + (links - up) / (links + 1);
    return loss >= SUMMARY_LOSS ? loss / 2 : 0;
}

struct worst {
    const json_t *peers[SUMMARY_WORST_MAX];
    double badness[SUMMARY_WORST_MAX];
    size_t count;
};

/* Of equal ones the first stays in front. */
static void consider(struct worst *w, const json_t *peer)
{
    double bad = badness(peer);
    size_t at = w->count;
    if (!(bad > 0) || (at == SUMMARY_WORST_MAX && bad <= w->badness[--at]))
        return;
    for (; at > 0 && w->badness[at - 1] < bad; at--) {
        w->peers[at] = w->peers[at - 1];
        w->badness[at] = w->badness[at - 1];
    }
    w->peers[at] = peer;
    w->badness[at] = bad;
    w->count += w->count < SUMMARY_WORST_MAX;
}

void summary_make(json_t *status)
{
    static const char *const sums[] = { "links",  "links_up", "tx_bps",
                                        "rx_bps", "tx_bytes", "rx_bytes" };
    const json_t *peers = json_object_get(status, "peers");
    json_t *summary = json_object();
    json_t *list = json_array();
    struct worst worst = { .count = 0 };
    json_int_t up = 0;
    json_int_t never = 0;
    size_t i;
    json_t *peer;
    json_array_foreach(peers, i, peer)
    {
        bool is_up = is(peer, "state", "up");
        up += is_up;
        never += !is_up && !ever_came(peer);
        consider(&worst, peer);
    }
    json_int_t count = (json_int_t)json_array_size(peers);
    json_object_set_new(summary, "peers", json_integer(count));
    json_object_set_new(summary, "up", json_integer(up));
    json_object_set_new(summary, "down", json_integer(count - up - never));
    json_object_set_new(summary, "never_came", json_integer(never));
    for (size_t s = 0; s < sizeof sums / sizeof sums[0]; s++) {
        double sum = 0;
        json_array_foreach(peers, i, peer)
        {
            sum += known(peer, sums[s]);
        }
        json_object_set_new(summary, sums[s], json_integer((json_int_t)fmin(sum, 9e18)));
    }
    for (i = 0; i < worst.count; i++)
        json_array_append(list, (json_t *)(uintptr_t)worst.peers[i]);
    json_object_set_new(summary, "worst", list);
    json_object_del(status, "peers");
    json_object_set_new(status, "summary", summary);
}

static void fill_row(const json_t *peer, table_cell row[COLUMNS])
{
    double age_s = render_number(peer, "handshake_age_s");
    size_t c = 0;
    render_string(peer, "name", row[c++]);
    render_string(peer, "state", row[c++]);
    snprintf(row[c++], sizeof row[0], "%.0f of %.0f", known(peer, "links_up"),
             known(peer, "links"));
    render_ms(render_number(peer, "rtt_ms"), row[c++]);
    render_share(render_number(peer, "loss"), row[c++]);
    render_rate(render_number(peer, "tx_bps"), row[c++]);
    render_rate(render_number(peer, "rx_bps"), row[c++]);
    if (age_s >= 0)
        render_age(age_s, row[c++]);
    else
        strcpy(row[c++], "none yet");
    render_string(peer, "why", row[c++]);
}

static void print_worst(const json_t *worst, FILE *to)
{
    static const char *const titles[COLUMNS] = { "worst", "state",   "links up",  "rtt", "loss",
                                                 "send",  "receive", "handshake", "why" };
    struct table t;
    size_t i;
    json_t *peer;
    if (json_array_size(worst) == 0)
        return;
    table_init(&t, titles, COLUMNS);
    json_array_foreach(worst, i, peer)
    {
        table_cell *row = table_row(&t);
        if (row == NULL)
            break;
        fill_row(peer, row);
    }
    fputc('\n', to);
    table_print(&t, to);
    table_free(&t);
}

void summary_print(const json_t *status, FILE *to)
{
    const json_t *s = json_object_get(status, "summary");
    char received[RENDER_TEXT_BYTES];
    char sent[RENDER_TEXT_BYTES];
    render_tunnel(status, to);
    fprintf(to, "  peers: %.0f, of which %.0f up, %.0f down, %.0f never came\n", known(s, "peers"),
            known(s, "up"), known(s, "down"), known(s, "never_came"));
    fprintf(to, "  links: %.0f, of which %.0f up\n", known(s, "links"), known(s, "links_up"));
    fprintf(to, "  now: %s received, %s sent\n", render_rate(known(s, "rx_bps"), received),
            render_rate(known(s, "tx_bps"), sent));
    fprintf(to, "  transfer: %s received, %s sent\n", render_bytes(known(s, "rx_bytes"), received),
            render_bytes(known(s, "tx_bytes"), sent));
    print_worst(json_object_get(s, "worst"), to);
    render_policies(status, to);
}
