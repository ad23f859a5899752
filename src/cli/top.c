/* SPDX-License-Identifier: ISC */
/* hawser top: the status every second, with bars, in plain ANSI escapes. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/render.h"

enum { BAR_MIN = 10, BAR_MAX = 60, FIXED_COLUMNS = 68, WIDTH_DEFAULT = 80 };

static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
    (void)signal_number;
    stopped = 1;
}

/* What is left for a bar beside names, rates and reasons. */
static int bar_width(void)
{
    struct winsize size;
    int columns = WIDTH_DEFAULT;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        columns = size.ws_col;
    int width = columns - FIXED_COLUMNS;
    return width < BAR_MIN ? BAR_MIN : width > BAR_MAX ? BAR_MAX : width;
}

static void print_bar(double share, int width)
{
    if (!(share > 0))
        share = 0; /* or not a number */
    int filled = (int)((share < 1 ? share : 1) * width + 0.5);
    putchar('[');
    for (int i = 0; i < width; i++)
        putchar(i < filled ? '#' : ' ');
    putchar(']');
}

/* One direction of a path: what flows against the rate that was found. */
static void print_flow(const char *title, double now_bps, double rate_bps, int width)
{
    char now[RENDER_TEXT_BYTES];
    char rate[RENDER_TEXT_BYTES];
    printf("  %-7s ", title);
    print_bar(rate_bps > 0 ? now_bps / rate_bps : 0, width);
    printf(" %12s of %s\033[K\n", render_rate(now_bps, now), render_rate(rate_bps, rate));
}

static double add_known(double sum, double value)
{
    return isfinite(value) ? sum + value : sum;
}

static void print_peer(const json_t *peer, int width)
{
    char name[RENDER_TEXT_BYTES];
    char text[RENDER_TEXT_BYTES];
    double sums[4] = { 0 };
    static const char *const members[4] = { "tx_bps", "tx_rate_bps", "rx_bps", "rx_rate_bps" };
    size_t i;
    json_t *path;
    printf("\033[K\n\033[1mpeer %s: %s\033[0m\033[K\n", render_string(peer, "name", name),
           render_string(peer, "state", text));
    json_array_foreach(json_object_get(peer, "paths"), i, path)
    {
        double values[4];
        for (size_t m = 0; m < 4; m++) {
            values[m] = render_number(path, members[m]);
            sums[m] = add_known(sums[m], values[m]);
        }
        printf("%-15s %-8s", render_string(path, "link", name), render_string(path, "state", text));
        printf(" rtt %.1f ms, loss %.1f %%, %s\033[K\n",
               add_known(0, render_number(path, "rtt_ms")),
               100 * add_known(0, render_number(path, "loss")), render_why(path, text));
        print_flow("send", values[0], values[1], width);
        print_flow("receive", values[2], values[3], width);
    }
    printf("all links\033[K\n");
    print_flow("send", sums[0], sums[1], width);
    print_flow("receive", sums[2], sums[3], width);
}

static void draw(const json_t *status)
{
    char name[RENDER_TEXT_BYTES];
    char text[RENDER_TEXT_BYTES];
    size_t i;
    json_t *peer;
    int width = bar_width();
    fputs("\033[H", stdout);
    printf("hawser %s, up %s; Ctrl-C ends\033[K\n", render_string(status, "interface", name),
           render_age(render_number(status, "uptime_s"), text));
    json_array_foreach(json_object_get(status, "peers"), i, peer)
    {
        print_peer(peer, width);
    }
    fputs("\033[J", stdout);
    fflush(stdout);
}

static int run(const char *tunnel)
{
    const struct timespec second = { .tv_sec = 1 };
    const struct control_request request = { .command = CONTROL_STATUS };
    int rc = COMMAND_DONE;
    fputs("\033[2J\033[?25l", stdout); /* a clear screen, no cursor */
    while (!stopped) {
        json_t *answer = NULL;
        rc = client_ask(tunnel, &request, &answer);
        if (rc != COMMAND_DONE)
            break; /* the line on stderr stands below the last picture */
        draw(json_object_get(answer, "status"));
        json_decref(answer);
        nanosleep(&second, NULL);
    }
    fputs("\033[?25h", stdout);
    fflush(stdout);
    return rc;
}

int command_top(int argc, char **argv)
{
    struct command_options options;
    struct client_tunnels tunnels;
    const struct sigaction action = { .sa_handler = stop };
    int rc = command_options(&options, argc, argv, 0, 0);
    if (rc == COMMAND_DONE)
        rc = client_find_one(&tunnels, options.interface);
    if (rc != COMMAND_DONE)
        return rc;
    if (!isatty(STDOUT_FILENO))
        return command_fail("top needs a terminal: use hawser status");
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return run(tunnels.names[0]);
}
