/* SPDX-License-Identifier: ISC */
#include "sim/report.h"

#include <stdio.h>

static const char *const transports[] = { "cubic", "bbr", "quic" };
static const char *const carriers[] = { "", "/link", "/ideal" };

void report_header(void)
{
    puts("scenario   way  transport      Mbit/s share  ping+p50   p99 ms lost  gap ms  stall ms"
         "  tcp-rtx rto undo resent%  links Mbit/s");
}

void report_row(const char *name, const struct sim_config *c, const struct sim_result *r,
                enum link_direction direction)
{
    const struct sim_stream_result *s = &r->stream[direction];
    printf("%-10s %-4s %5s%-6s x%-2u %7.2f %5.3f  %8.1f %8.1f %4llu %7.0f %9.0f %8llu %3llu %4llu "
           "%7.2f ",
           name, direction == LINK_UP ? "up" : "down", transports[c->tcp.transport],
           carriers[c->carrier], c->tcp.flows, s->goodput_bps / 1e6, s->share,
           (double)r->ping_p50_ns / 1e6, (double)r->ping_p99_ns / 1e6,
           (unsigned long long)r->ping_lost, (double)r->ping_gap_ns / 1e6,
           (double)s->stall_ns / 1e6, (unsigned long long)s->repeats,
           (unsigned long long)s->timeouts, (unsigned long long)s->undone,
           100.0 * r->resent[direction]);
    if (c->carrier == SIM_IDEAL)
        printf(" sum %.1f", r->link_bps[0][direction] / 1e6);
    for (size_t i = 0; c->carrier != SIM_IDEAL && i < c->links->count; i++)
        printf(" %s %.1f", c->links->link[i].name, r->link_bps[i][direction] / 1e6);
    if (c->call)
        printf("  call+ %.1f/%.1f ms", (double)r->call_p50_ns / 1e6, (double)r->call_p99_ns / 1e6);
    if (c->carrier == SIM_TUNNEL)
        printf("  late %llu, mtu %u", (unsigned long long)r->reorder_late, r->mtu_bytes);
    printf("  %016llx\n", (unsigned long long)r->digest);
}

/* Milliseconds, or null for what was not measured. */
static void put_ms(const char *key, int64_t time_ns, bool known)
{
    if (known)
        printf(",\"%s\":%.2f", key, (double)time_ns / 1e6);
    else
        printf(",\"%s\":null", key);
}

static void put_flows(const struct sim_config *c, const struct sim_stream_result *s)
{
    printf(",\"flows_mbps\":[");
    for (unsigned i = 0; i < c->tcp.flows; i++)
        printf("%s%.3f", i > 0 ? "," : "", s->flow_bps[i] / 1e6);
    putchar(']');
}

static void put_links(const struct sim_config *c, const struct sim_result *r, enum link_direction d)
{
    size_t count = c->carrier == SIM_IDEAL ? 1 : c->links->count;
    printf(",\"links\":[");
    for (size_t i = 0; i < count; i++)
        printf("%s{\"name\":\"%s\",\"mbps\":%.3f,\"queue_p50_ms\":%.2f,\"queue_p95_ms\":%.2f}",
               i > 0 ? "," : "", c->carrier == SIM_IDEAL ? "ideal" : c->links->link[i].name,
               r->link_bps[i][d] / 1e6, (double)r->queue_p50_ns[i][d] / 1e6,
               (double)r->queue_p95_ns[i][d] / 1e6);
    putchar(']');
}

void report_json(const char *name, const struct sim_config *c, const struct sim_result *r,
                 enum link_direction direction)
{
    const struct sim_stream_result *s = &r->stream[direction];
    printf("{\"scenario\":\"%s\",\"direction\":\"%s\",\"cc\":\"%s\",\"flows\":%u,\"seed\":%llu",
           name, direction == LINK_UP ? "up" : "down", transports[c->tcp.transport], c->tcp.flows,
           (unsigned long long)c->seed);
    printf(",\"mbps\":%.3f,\"offered_mbps\":%.3f,\"share\":%.4f,\"jain\":%.4f",
           s->goodput_bps / 1e6, s->offered_bps / 1e6, s->share, s->jain);
    put_flows(c, s);
    put_ms("ping_p50_ms", r->ping_p50_ns, !c->no_ping);
    put_ms("ping_p99_ms", r->ping_p99_ns, !c->no_ping);
    put_ms("ping_gap_ms", r->ping_gap_ns, !c->no_ping);
    put_ms("ping_most_ms", r->ping_most_ns, !c->no_ping);
    put_ms("stall_ms", s->stall_ns, true);
    put_ms("transfer_ms", s->transfer_ns, s->transfer_ns > 0);
    if (c->call)
        printf(",\"call_in_time\":%.5f", r->call_in_time);
    printf(",\"segments\":%llu,\"repeats\":%llu,\"timeouts\":%llu", (unsigned long long)s->segments,
           (unsigned long long)s->repeats, (unsigned long long)s->timeouts);
    printf(",\"resent\":%.5f,\"duplicate\":%.5f", r->resent[direction], r->duplicate[direction]);
    printf(",\"arrived\":%.4f,\"dropped\":%.5f", s->arrived, s->dropped);
    printf(",\"fair\":%.4f", s->fair);
    if (c->pages.flows > 0) {
        put_ms("page_p50_ms", s->page_p50_ns, true);
        put_ms("page_p99_ms", s->page_p99_ns, true);
    }
    if (c->datagrams.flows > 0)
        printf(",\"datagrams_mbps\":%.3f,\"datagrams_jain\":%.4f", s->datagrams_bps / 1e6,
               s->datagrams_jain);
    if (c->foreign.on)
        printf(",\"foreign_share\":%.4f,\"beside_share\":%.4f", r->foreign_share, r->beside_share);
    put_links(c, r, direction);
    puts("}");
}
