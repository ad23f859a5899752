/* SPDX-License-Identifier: ISC */
/*
 * hawser-demo: a whole bond on this machine. A LAN host behind the client downloads through the
 * tunnel: over each link alone, over all, while one is cut, and after its return.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tstamp.h"
#include "lab/demo_bond.h"
#include "lab/demo_screen.h"
#include "lab/flow.h"
#include "lab/lab.h"
#include "lab/option.h"
#include "sim/linkspec.h"
#include "sys/signals.h"

static const char usage[] =
    "usage: hawser demo [--links SPEC] [--seconds N] [--seed N]\n"
    "\n"
    "A whole bond in network namespaces of this machine: every link alone, all bonded, the "
    "fastest\n"
    "cut and back. Needs root and leaves nothing behind.\n"
    "\n"
    "    --links SPEC    the providers' links, as 'name=dsl 2/16,15ms; name=lte 12/40,25ms':\n"
    "                    up and down in Mbit/s, one-way delay; docs/lab.md has every key\n"
    "    --seconds N     of download, 10 to 3600; default 40\n"
    "    --seed N        of the links' losses and jitter; default 1\n";

static const char default_links[] = "name=cable 8/40,12ms;"
                                    "name=lte 15/60,35ms,jitter=6,queue=200;"
                                    "name=dsl 20/20,25ms,loss=0.5";

enum {
    TICK_MS = 100,
    READY_MS = 15000,     /* for the tunnel to come up */
    WARM_UP_PERCENT = 30, /* of a phase, not measured */
    SECONDS_DEFAULT = 40,
    SECONDS_MIN = 10,
    SECONDS_MAX = 3600,
    RATE_TICKS = 10, /* over which the shown rate is averaged */
};

struct demo {
    const char *links;
    double seconds;
    uint64_t seed;
    char id[LAB_ID_BYTES];
    struct linkspecs specs;
    struct bond *bond;
    struct flow *flow;
    double left_s;
    bool interrupted;
    uint64_t recent[RATE_TICKS]; /* bytes at the last ticks */
    size_t ticks;
};

static sigset_t interrupts;

static bool parse_options(struct demo *d, int argc, char **argv)
{
    static const struct option longs[] = {
        { "links", required_argument, NULL, 'l' },
        { "seconds", required_argument, NULL, 's' },
        { "seed", required_argument, NULL, 'r' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int letter;
    while ((letter = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
        switch (letter) {
        case 'l':
            d->links = optarg;
            break;
        case 's':
            if (!option_number("--seconds", optarg, SECONDS_MIN, SECONDS_MAX, &d->seconds))
                return false;
            break;
        case 'r':
            if (!option_count("--seed", optarg, 0, UINT64_MAX, &d->seed))
                return false;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(EXIT_SUCCESS);
        default:
            return false;
        }
    }
    if (optind < argc)
        log_error("\"%s\" is too much", argv[optind]);
    return optind == argc;
}

static double clock_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* False when the user wants to leave. */
static bool wait_ms(struct demo *d, long ms)
{
    const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * NS_PER_MS };
    if (!d->interrupted && sigtimedwait(&interrupts, NULL, &t) > 0)
        d->interrupted = true;
    return !d->interrupted;
}

/* Goodput of the last ticks. */
static double recent_bps(struct demo *d)
{
    uint64_t bytes = flow_bytes(d->flow);
    size_t span = d->ticks < RATE_TICKS ? d->ticks : RATE_TICKS;
    uint64_t before = span > 0 ? d->recent[(d->ticks - span) % RATE_TICKS] : bytes;
    d->recent[d->ticks % RATE_TICKS] = bytes;
    d->ticks++;
    return span > 0 ? (double)(bytes - before) * 8.0 * 1000.0 / (double)(span * TICK_MS) : 0.0;
}

/* Shows the bond for some time; *bps: the goodput after the warm-up. */
static bool run_phase(struct demo *d, const char *phase, double seconds, double *bps)
{
    struct bond_link links[LINKSPEC_LINKS_MAX] = { 0 };
    double begin_s = clock_s();
    double measured_from_s = 0.0;
    uint64_t measured_from = 0;
    double elapsed_s = 0.0;
    while (elapsed_s < seconds) {
        if (!wait_ms(d, TICK_MS))
            return false;
        elapsed_s = clock_s() - begin_s;
        if (measured_from_s == 0.0 && elapsed_s >= seconds * WARM_UP_PERCENT / 100.0) {
            measured_from_s = begin_s + elapsed_s;
            measured_from = flow_bytes(d->flow);
        }
        bond_status(d->bond, links);
        struct demo_view view = { phase, d->left_s - elapsed_s, &d->specs, links, recent_bps(d) };
        demo_screen_draw(&view);
    }
    *bps = (double)(flow_bytes(d->flow) - measured_from) * 8.0 / (clock_s() - measured_from_s);
    d->left_s -= seconds;
    return true;
}

static bool open_flow(struct demo *d)
{
    char source[LAB_NETNS_BYTES];
    char sink[LAB_NETNS_BYTES];
    struct flow_config config = { .source_netns = lab_netns(source, d->id, "i"),
                                  .source_address = "203.0.113.80",
                                  .sink_netns = lab_netns(sink, d->id, "h"),
                                  .congestion = "cubic" };
    flow_stop(d->flow);
    d->flow = flow_start(&config);
    d->ticks = 0;
    return d->flow != NULL;
}

/* Only this link; all of them with only == specs.count. */
static bool use_links(struct demo *d, size_t only)
{
    bool ok = true;
    /* Up before down, so that there is always one. */
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < d->specs.count; i++) {
            bool up = i == only || only == d->specs.count;
            if (up == (pass == 0))
                ok = bond_set_link(d->bond, d->specs.link[i].name, up) && ok;
        }
    }
    return ok;
}

static bool all_links_up(struct demo *d)
{
    struct bond_link links[LINKSPEC_LINKS_MAX];
    if (!bond_status(d->bond, links))
        return false;
    for (size_t i = 0; i < d->specs.count; i++) {
        if (strcmp(links[i].state, "up") != 0)
            return false;
    }
    return true;
}

static bool wait_until_up(struct demo *d)
{
    for (int waited_ms = 0; waited_ms < READY_MS && bond_is_running(d->bond);
         waited_ms += TICK_MS) {
        if (all_links_up(d))
            return true;
        if (!wait_ms(d, TICK_MS))
            return false;
    }
    log_error("the links did not come up; the daemons said:");
    bond_print_logs(d->bond);
    return false;
}

static size_t fastest_link(const struct demo *d)
{
    size_t best = 0;
    for (size_t i = 1; i < d->specs.count; i++) {
        if (link_mean_rate_bps(&d->specs.link[i].config[LINK_DOWN]) >
            link_mean_rate_bps(&d->specs.link[best].config[LINK_DOWN]))
            best = i;
    }
    return best;
}

static bool emulator_say(struct demo *d, const char *verb, size_t link)
{
    char command[64];
    char answer[LAB_ANSWER_BYTES];
    snprintf(command, sizeof(command), "%s %s", verb, d->specs.link[link].name);
    if (lab_command(d->id, command, answer) && strcmp(answer, "ok\n") == 0)
        return true;
    log_error("%s: %s", command, answer);
    return false;
}

static bool measure(struct demo *d, struct demo_result *r)
{
    char phase[64];
    /* Half of the time for the links alone, half for the bond. */
    double alone_s = d->seconds * 0.5 / (double)d->specs.count;
    double part_s = d->seconds * 0.5 / 3.0;
    d->left_s = d->seconds;
    for (size_t i = 0; i < d->specs.count; i++) {
        snprintf(phase, sizeof(phase), "%s alone", d->specs.link[i].name);
        if (!use_links(d, i) || !open_flow(d) || !run_phase(d, phase, alone_s, &r->alone_bps[i]))
            return false;
    }

    r->cut_link = fastest_link(d);
    if (!use_links(d, d->specs.count) || !wait_until_up(d) || !open_flow(d) ||
        !run_phase(d, "all links", part_s, &r->bond_bps))
        return false;
    snprintf(phase, sizeof(phase), "%s is cut", d->specs.link[r->cut_link].name);
    flow_mark(d->flow);
    if (!emulator_say(d, "cut", r->cut_link) || !run_phase(d, phase, part_s, &r->cut_bps))
        return false;
    snprintf(phase, sizeof(phase), "%s is back", d->specs.link[r->cut_link].name);
    if (!emulator_say(d, "restore", r->cut_link) || !run_phase(d, phase, part_s, &r->returned_bps))
        return false;
    r->silence_ms = (double)flow_longest_silence_ns(d->flow) / 1e6;
    return true;
}

static int run_demo(struct demo *d)
{
    struct demo_result result = { 0 };
    struct lab_config lab = {
        .id = d->id, .links = d->links, .clients_count = 1, .seed = d->seed, .owner = getpid()
    };
    if (!lab_up(&lab))
        return EXIT_FAILURE;
    printf("A client with %zu providers, a server and a LAN host, on this machine.\n",
           d->specs.count);
    d->bond = bond_start(d->id, &d->specs);
    bool ok = d->bond != NULL && wait_until_up(d) && measure(d, &result);
    demo_screen_end();
    flow_stop(d->flow);
    bond_stop(d->bond);
    lab_down(d->id);
    if (ok)
        demo_screen_table(&d->specs, &result);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct demo d = { .links = default_links, .seconds = SECONDS_DEFAULT, .seed = 1 };
    char error[LINKSPEC_ERROR_BYTES];
    signals_reset();
    log_init("hawser demo", LOG_LEVEL_INFO, false);
    if (!parse_options(&d, argc, argv)) {
        fputs("hawser demo: wrong usage; see hawser demo --help\n", stderr);
        return 2;
    }
    if (!linkspecs_parse(&d.specs, d.links, error)) {
        log_error("links: %s", error);
        return 2;
    }
    if (geteuid() != 0) {
        log_error("the demo makes network namespaces and needs root: run it with sudo");
        return EXIT_FAILURE;
    }
    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGINT);
    sigaddset(&interrupts, SIGTERM);
    sigaddset(&interrupts, SIGHUP);
    sigprocmask(SIG_BLOCK, &interrupts, NULL);
    snprintf(d.id, sizeof(d.id), "demo%d", (int)(getpid() % 1000000));
    int status = run_demo(&d);
    linkspecs_free(&d.specs);
    return status;
}
