/* SPDX-License-Identifier: ISC */
#include "sim/trace.h"

void trace_init(struct trace *t, FILE *out)
{
    *t = (struct trace){ .out = out };
    if (out != NULL)
        fputs("t_ms,direction,link,delivered_mbps,link_queue_ms,link_drops,link_losses,state,"
              "rate_mbps,inflight_bytes,queue_ms,owd_ms,jitter_ms,srtt_ms,loss,queued_bytes,"
              "reorder_held,goodput_mbps,window_segments,why\n",
              out);
}

static double mbps(uint64_t bytes, int64_t interval_ns)
{
    return interval_ns > 0 ? (double)bytes * 8e3 / (double)interval_ns : 0.0;
}

static const struct bond_path_stats *path_of(const struct core_peer_status *status, size_t link)
{
    for (size_t i = 0; i < status->path_count; i++) {
        if (status->paths[i].path == link)
            return &status->paths[i].bond;
    }
    return NULL;
}

void trace_row(struct trace *t, const struct events *events, const struct wires *wires,
               enum link_direction direction, const struct core_peer_status *status,
               uint64_t read_bytes, double window)
{
    static const char *const states[] = { "closed", "probing", "up", "suspect", "down", "standby" };
    if (t->out == NULL)
        return;
    int64_t interval_ns = tstamp_sub(events->now, t->last[direction]);
    t->last[direction] = events->now;
    for (size_t i = 0; i < wires->count; i++) {
        const struct link_model *link = &wires->link[i][direction];
        const struct link_counters *n = &link->counters;
        const struct bond_path_stats *path = path_of(status, i);
        static const struct bond_path_stats none;
        if (path == NULL)
            path = &none;
        uint64_t delivered = n->delivered_bytes - t->last_delivered[i][direction];
        t->last_delivered[i][direction] = n->delivered_bytes;
        fprintf(t->out,
                "%.1f,%s,%zu,%.2f,%.2f,%llu,%llu,%s,%.2f,%u,%.2f,%.2f,%.2f,%.2f,%.4f,%u,%llu,%.2f,"
                "%.1f,%s\n",
                (double)tstamp_sub(events->now, events->start) / 1e6,
                direction == LINK_UP ? "up" : "down", i + 1, mbps(delivered, interval_ns),
                (double)link_queue_ns(link, events->now) / 1e6,
                (unsigned long long)n->dropped_queue, (unsigned long long)n->dropped_loss,
                states[path->state], (double)path->rate_bps / 1e6, path->inflight_bytes,
                (double)path->queue_ns / 1e6, (double)path->owd_ns / 1e6,
                (double)path->jitter_ns / 1e6, (double)path->srtt_ns / 1e6, path->loss,
                status->bond.queued_bytes, (unsigned long long)status->bond.reorder_held,
                mbps(read_bytes - t->last_read[direction], interval_ns), window, path->why);
    }
    t->last_read[direction] = read_bytes;
}
