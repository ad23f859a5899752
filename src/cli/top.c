/* SPDX-License-Identifier: ISC */
/* hawser top: the status every second, with bars; scrolls where it is more than a screen. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/render.h"
#include "cli/screen.h"

enum { BAR_MIN = 10, BAR_MAX = 60, FIXED_COLUMNS = 68, EVERY_MS = 1000, PATIENCE_MS = 1000 };

/* One picture: lines of text below a title. */
struct picture {
    char title[2 * RENDER_TEXT_BYTES];
    char *text; /* owned */
    size_t text_bytes;
    size_t line_count;
};

struct view {
    const char *tunnel;
    struct picture picture;
    char error[CLIENT_ERROR_BYTES]; /* of the last try; empty: it was answered */
    size_t first;                   /* line on the screen */
};

/* What is left for a bar beside names, rates and reasons. */
static int bar_width(void)
{
    unsigned lines;
    unsigned columns;
    screen_size(&lines, &columns);
    int width = (int)columns - FIXED_COLUMNS;
    return width < BAR_MIN ? BAR_MIN : width > BAR_MAX ? BAR_MAX : width;
}

static void print_bar(double share, int width, FILE *to)
{
    if (!(share > 0))
        share = 0; /* or not a number */
    int filled = (int)((share < 1 ? share : 1) * width + 0.5);
    fputc('[', to);
    for (int i = 0; i < width; i++)
        fputc(i < filled ? '#' : ' ', to);
    fputc(']', to);
}

/* One direction of a path: what flows against the rate that was found. */
static void print_flow(const char *title, double now_bps, double rate_bps, int width, FILE *to)
{
    char now[RENDER_TEXT_BYTES];
    char rate[RENDER_TEXT_BYTES];
    fprintf(to, "  %-7s ", title);
    print_bar(rate_bps > 0 ? now_bps / rate_bps : 0, width, to);
    render_rate(now_bps, now);
    if (rate_bps > 0)
        fprintf(to, " %12s of %s\n", now, render_rate(rate_bps, rate));
    else
        fprintf(to, " %12s\n", now); /* what it could be was not measured */
}

static double add_known(double sum, double value)
{
    return isfinite(value) ? sum + value : sum;
}

static void print_peer(const json_t *peer, int width, FILE *to)
{
    char name[RENDER_TEXT_BYTES];
    char text[RENDER_TEXT_BYTES];
    double sums[4] = { 0 };
    static const char *const members[4] = { "tx_bps", "tx_rate_bps", "rx_bps", "rx_rate_bps" };
    size_t i;
    json_t *path;
    fprintf(to, "\n\033[1mpeer %s: %s\033[0m\n", render_string(peer, "name", name),
            render_string(peer, "state", text));
    json_array_foreach(json_object_get(peer, "paths"), i, path)
    {
        double values[4];
        for (size_t m = 0; m < 4; m++) {
            values[m] = render_number(path, members[m]);
            sums[m] = add_known(sums[m], values[m]);
        }
        fprintf(to, "%-15s %-8s", render_string(path, "link", name),
                render_string(path, "state", text));
        fprintf(to, " rtt %.1f ms, loss %.1f %%, %s\n", add_known(0, render_number(path, "rtt_ms")),
                100 * add_known(0, render_number(path, "loss")), render_why(path, text));
        print_flow("send", values[0], values[1], width, to);
        print_flow("receive", values[2], values[3], width, to);
    }
    fputs("all links\n", to);
    print_flow("send", sums[0], sums[1], width, to);
    print_flow("receive", sums[2], sums[3], width, to);
}

static void picture_clear(struct picture *p)
{
    free(p->text);
    *p = (struct picture){ .text = NULL };
}

static void picture_take(struct picture *p, const json_t *status)
{
    char name[RENDER_TEXT_BYTES];
    char text[RENDER_TEXT_BYTES];
    size_t i;
    json_t *peer;
    picture_clear(p);
    FILE *to = open_memstream(&p->text, &p->text_bytes);
    if (to == NULL)
        return;
    snprintf(p->title, sizeof p->title, "hawser %s, up %s",
             render_string(status, "interface", name),
             render_age(render_number(status, "uptime_s"), text));
    json_array_foreach(json_object_get(status, "peers"), i, peer)
    {
        print_peer(peer, bar_width(), to);
    }
    if (fclose(to) != 0)
        picture_clear(p);
    for (size_t at = 0; at < p->text_bytes; at++)
        p->line_count += p->text[at] == '\n';
}

/* The start of a line; the end of the text if there are not so many. */
static const char *line_at(const struct picture *p, size_t line)
{
    const char *at = p->text;
    const char *end = p->text + p->text_bytes;
    for (; line > 0 && at < end; line--)
        at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
    return at;
}

static size_t page_lines(void)
{
    unsigned lines;
    unsigned columns;
    screen_size(&lines, &columns);
    return lines > 2 ? lines - 1 : 1; /* below the title */
}

/* Not further than that the last line stands at the bottom. */
static void keep_in_range(struct view *v)
{
    size_t page = page_lines();
    size_t last = v->picture.line_count > page ? v->picture.line_count - page : 0;
    if (v->first > last)
        v->first = last;
}

static void draw(struct view *v)
{
    const struct picture *p = &v->picture;
    size_t page = page_lines();
    keep_in_range(v);
    size_t end = v->first + page < p->line_count ? v->first + page : p->line_count;
    printf("\033[H%s; q ends", p->title);
    if (p->line_count > page)
        printf(", arrows scroll: lines %zu to %zu of %zu", v->first + 1, end, p->line_count);
    if (v->error[0] != '\0')
        printf("; \033[1mno news: %s\033[0m", v->error);
    for (size_t line = v->first; line < end; line++) {
        const char *from = line_at(p, line);
        const char *to = line_at(p, line + 1);
        printf("\033[K\n%.*s", (int)(to - from - 1), from);
    }
    fputs("\033[K\033[J", stdout);
    fflush(stdout);
}

static void scroll(struct view *v, enum key key)
{
    size_t page = page_lines();
    size_t step = page > 1 ? page - 1 : 1;
    switch (key) {
    case KEY_UP:
        v->first -= v->first > 0 ? 1 : 0;
        break;
    case KEY_DOWN:
        v->first++;
        break;
    case KEY_PAGE_UP:
        v->first -= v->first > step ? step : v->first;
        break;
    case KEY_PAGE_DOWN:
        v->first += step;
        break;
    case KEY_HOME:
        v->first = 0;
        break;
    case KEY_END:
        v->first = v->picture.line_count;
        break;
    case KEY_NONE:
    case KEY_QUIT:
        break;
    }
}

/* A daemon that is away may come back: the last picture stays meanwhile. */
static bool look(struct view *v)
{
    const struct control_request request = { .command = CONTROL_STATUS };
    json_t *answer;
    v->error[0] = '\0';
    if (client_try(v->tunnel, &request, PATIENCE_MS, &answer, v->error) != COMMAND_DONE)
        return false;
    picture_take(&v->picture, json_object_get(answer, "status"));
    json_decref(answer);
    return true;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void run(struct view *v)
{
    int64_t next_ms = now_ms() + EVERY_MS;
    draw(v);
    for (;;) {
        enum key key;
        int64_t left_ms = next_ms - now_ms();
        switch (screen_wait(left_ms > 0 ? (int)left_ms : 0, &key)) {
        case SCREEN_END:
            return;
        case SCREEN_KEY:
            if (key == KEY_QUIT)
                return;
            scroll(v, key);
            break;
        case SCREEN_AGAIN:
            break;
        case SCREEN_TIME:
            look(v);
            next_ms = now_ms() + EVERY_MS;
            break;
        }
        draw(v);
    }
}

int command_top(int argc, char **argv)
{
    static struct view v; /* large */
    struct command_options options;
    struct client_tunnels tunnels;
    int rc = command_options(&options, argc, argv, 0, 0, 0);
    if (rc == COMMAND_DONE)
        rc = client_find_one(&tunnels, &options);
    if (rc != COMMAND_DONE)
        return rc;
    if (!isatty(STDOUT_FILENO))
        return command_fail("top needs a terminal: use hawser status");
    v.tunnel = tunnels.names[0];
    if (!look(&v))
        return command_fail("%s", v.error);
    if (!screen_open())
        return command_fail("the terminal cannot be used: %m");
    run(&v);
    screen_close();
    picture_clear(&v.picture);
    return COMMAND_DONE;
}
