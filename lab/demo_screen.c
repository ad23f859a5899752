/* SPDX-License-Identifier: ISC */
#include "lab/demo_screen.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    BAR_CELLS = 40,
    BAR_CELLS_MIN = 10,
    LINE_CELLS = 56, /* of a line without its bar */
    CELL_PARTS = 8,
};

/* TCP payload of a full frame: what of a link's rate can reach the application. */
static const double goodput_part = 1448.0 / LINK_FRAME_BYTES;

static struct {
    size_t lines;     /* drawn before, to be drawn over */
    time_t last_line; /* second of the last line printed where there is no terminal */
} screen;

static double rate_mbps(const struct linkspecs *specs, size_t i)
{
    return (double)link_mean_rate_bps(&specs->link[i].config[LINK_DOWN]) / 1e6;
}

/* A bar must not make the line wrap: the next picture is drawn over this one by lines. */
static int bar_cells(void)
{
    struct winsize window;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0)
        return BAR_CELLS;
    int cells = window.ws_col - LINE_CELLS;
    if (cells < BAR_CELLS_MIN)
        return BAR_CELLS_MIN;
    return cells < BAR_CELLS ? cells : BAR_CELLS;
}

/* A bar of value out of full, in eighths of a cell. */
static void print_bar(double value, double full)
{
    static const char *const parts[CELL_PARTS] = { " ", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
    double share = full > 0.0 ? value / full : 0.0;
    if (share > 1.0)
        share = 1.0;
    int cells = bar_cells();
    int eighths = (int)(share * cells * CELL_PARTS + 0.5);
    for (int cell = 0; cell < cells; cell++) {
        int here = eighths - cell * CELL_PARTS;
        fputs(here >= CELL_PARTS ? "█" : parts[here > 0 ? here : 0], stdout);
    }
}

static void draw_bars(const struct demo_view *v)
{
    double sum_mbps = (double)linkspecs_sum_bps(v->specs, LINK_DOWN) / 1e6;
    if (screen.lines > 0)
        printf("\033[%zuA", screen.lines);
    printf("\033[K%s (%.0f s left)\n", v->phase, v->left_s);
    for (size_t i = 0; i < v->specs->count; i++) {
        double full_mbps = rate_mbps(v->specs, i);
        double mbps = v->links[i].rx_bps / 1e6;
        printf("\033[K  %-11s ", v->specs->link[i].name);
        print_bar(mbps, full_mbps > 0.0 ? full_mbps : 1000.0);
        printf(" %6.1f of %.0f Mbit/s  %-8s %4.0f ms\n", mbps, full_mbps, v->links[i].state,
               v->links[i].rtt_ms);
    }
    printf("\033[K  %-11s ", "download");
    print_bar(v->flow_bps / 1e6, sum_mbps > 0.0 ? sum_mbps : 1000.0);
    printf(" %6.1f of %.0f Mbit/s  one TCP connection\n", v->flow_bps / 1e6, sum_mbps);
    screen.lines = v->specs->count + 2;
}

static void print_line(const struct demo_view *v)
{
    time_t now = time(NULL);
    if (now == screen.last_line)
        return;
    screen.last_line = now;
    printf("%-28s", v->phase);
    for (size_t i = 0; i < v->specs->count; i++)
        printf("  %s %.1f %s", v->specs->link[i].name, v->links[i].rx_bps / 1e6, v->links[i].state);
    printf("  download %.1f Mbit/s\n", v->flow_bps / 1e6);
}

void demo_screen_draw(const struct demo_view *view)
{
    if (isatty(STDOUT_FILENO))
        draw_bars(view);
    else
        print_line(view);
    fflush(stdout);
}

void demo_screen_end(void)
{
    screen.lines = 0;
}

static void print_row(const char *what, double bps, double full_mbps)
{
    double mbps = bps / 1e6;
    printf("  %-28s %7.1f Mbit/s", what, mbps);
    if (full_mbps > 0.0)
        printf("  %4.0f %% of what %.0f Mbit/s can carry",
               100.0 * mbps / (full_mbps * goodput_part), full_mbps);
    putchar('\n');
}

void demo_screen_table(const struct linkspecs *specs, const struct demo_result *r)
{
    char what[64];
    double sum_mbps = 0.0;
    double left_mbps = 0.0;
    double best_bps = 0.0;
    printf("\nOne TCP download, goodput:\n");
    for (size_t i = 0; i < specs->count; i++) {
        snprintf(what, sizeof(what), "%s alone", specs->link[i].name);
        print_row(what, r->alone_bps[i], rate_mbps(specs, i));
        sum_mbps += rate_mbps(specs, i);
        left_mbps += i != r->cut_link ? rate_mbps(specs, i) : 0.0;
        best_bps = r->alone_bps[i] > best_bps ? r->alone_bps[i] : best_bps;
    }
    print_row("all bonded", r->bond_bps, sum_mbps);
    snprintf(what, sizeof(what), "with %s cut", specs->link[r->cut_link].name);
    print_row(what, r->cut_bps, left_mbps);
    print_row("after its return", r->returned_bps, sum_mbps);
    printf("\n  bond against best link       %7.2f times\n",
           best_bps > 0.0 ? r->bond_bps / best_bps : 0.0);
    printf("  longest silence at the cut   %7.0f ms\n", r->silence_ms);
}
