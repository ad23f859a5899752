/* SPDX-License-Identifier: ISC */
/* The status of many peers: a line for each, of what a summary has of them. */
#include <string.h>

#include "cli/render.h"
#include "cli/table.h"

enum { COLUMNS = 8 };

static bool is_up(const json_t *object)
{
    const char *state = json_string_value(json_object_get(object, "state"));
    return state != NULL && strcmp(state, "up") == 0;
}

static void fill_row(const json_t *peer, table_cell row[COLUMNS])
{
    double age_s = render_number(peer, "handshake_age_s");
    size_t c = 0;
    render_string(peer, "name", row[c++]);
    render_string(peer, "state", row[c++]);
    snprintf(row[c++], sizeof row[0], "%.0f of %.0f", render_number(peer, "links_up"),
             render_number(peer, "links"));
    render_ms(render_number(peer, "rtt_ms"), row[c++]);
    render_rate(render_number(peer, "tx_bps"), row[c++]);
    render_rate(render_number(peer, "rx_bps"), row[c++]);
    if (age_s >= 0)
        render_age(age_s, row[c++]);
    else
        strcpy(row[c++], "none yet");
    render_string(peer, "endpoint", row[c++]);
}

void render_lines(const json_t *status, FILE *to)
{
    static const char *const titles[COLUMNS] = { "peer", "state",   "links up",  "rtt",
                                                 "send", "receive", "handshake", "endpoint" };
    const json_t *peers = json_object_get(status, "peers");
    struct table t;
    size_t i;
    json_t *peer;
    size_t up = 0;
    render_tunnel(status, to);
    table_init(&t, titles, COLUMNS);
    json_array_foreach(peers, i, peer)
    {
        table_cell *row = table_row(&t);
        if (row == NULL)
            break;
        fill_row(peer, row);
        up += is_up(peer);
    }
    fprintf(to, "  peers: %zu, of which %zu up\n\n", json_array_size(peers), up);
    table_print(&t, to);
    table_free(&t);
    render_policies(status, to);
}
