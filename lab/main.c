/* SPDX-License-Identifier: ISC */
/*
 * hawser-lab: builds and drives the laboratory of lab.h, for tests and benchmarks.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "lab/lab.h"
#include "lab/netns.h"
#include "lab/option.h"
#include "sim/linkspec.h"
#include "sim/scenario.h"

static const char usage[] =
    "usage: hawser-lab up [--id ID] [SCENARIO | --links SPEC] [--plain N] [--clients N]\n"
    "                     [--same-range] [--seed N] [--owner PID]\n"
    "       hawser-lab exec [--id ID] PLACE COMMAND...      PLACE: c, h, s, i, p1, c2, ...\n"
    "       hawser-lab cut|restore [--id ID] LINK [up|down]\n"
    "       hawser-lab carrier [--id ID] LINK on|off\n"
    "       hawser-lab set [--id ID] LINK ITEMS             ITEMS: rate-down=5,delay=40\n"
    "       hawser-lab stats|reset [--id ID]\n"
    "       hawser-lab down [--id ID]\n"
    "       hawser-lab cleanup\n"
    "       hawser-lab scenarios [NAME]\n"
    "       hawser-lab trace lte:SEED:MBIT (or drive:)      prints it in mahimahi's format\n";

enum { EXIT_USAGE = 2, OWNER_MAX = 0x3fffffff };

struct arguments {
    struct lab_config lab;
    char **rest; /* what is not an option */
    int rest_count;
};

static bool parse_count(const char *name, const char *text, uint64_t min, uint64_t max,
                        unsigned *out)
{
    uint64_t number;
    bool good = option_count(name, text, min, max, &number);
    *out = good ? (unsigned)number : 0;
    return good;
}

/* False: the reason was told. */
static bool parse_option(struct arguments *a, int letter, const char *text)
{
    unsigned owner;
    switch (letter) {
    case 'i':
        a->lab.id = text;
        if (lab_id_valid(text))
            return true;
        log_error("--id: \"%s\" is not 1 to 11 letters and digits", text);
        return false;
    case 'l':
        a->lab.links = text;
        return true;
    case 'p':
        return parse_count("--plain", text, 0, LAB_PLAIN_MAX, &a->lab.plain_count);
    case 'c':
        return parse_count("--clients", text, 1, LAB_CLIENTS_MAX, &a->lab.clients_count);
    case 'r':
        a->lab.same_range = true;
        return true;
    case 's':
        return option_count("--seed", text, 0, UINT64_MAX, &a->lab.seed);
    case 'o':
        if (!parse_count("--owner", text, 1, OWNER_MAX, &owner))
            return false;
        a->lab.owner = (pid_t)owner;
        return true;
    default: /* a character, not an enum; getopt has said what is wrong */
        return false;
    }
}

static bool parse_arguments(struct arguments *a, int argc, char **argv)
{
    static const struct option longs[] = {
        { "id", required_argument, NULL, 'i' },    { "links", required_argument, NULL, 'l' },
        { "plain", required_argument, NULL, 'p' }, { "clients", required_argument, NULL, 'c' },
        { "same-range", no_argument, NULL, 'r' },  { "seed", required_argument, NULL, 's' },
        { "owner", required_argument, NULL, 'o' }, { NULL, 0, NULL, 0 },
    };
    int letter;
    while ((letter = getopt_long(argc, argv, "+", longs, NULL)) != -1)
        if (!parse_option(a, letter, optarg))
            return false;
    a->rest = argv + optind;
    a->rest_count = argc - optind;
    return true;
}

/* SCENARIO may stand before or behind the options. */
static int do_up(struct arguments *a)
{
    if (a->rest_count > 0) {
        const struct scenario *scenario = scenario_find(a->rest[0]);
        if (scenario == NULL) {
            log_error("no scenario \"%s\"; hawser-lab scenarios lists them", a->rest[0]);
            return EXIT_USAGE;
        }
        a->lab.links = scenario->links;
        optind = 0;
        a->rest[0] = (char[]){ "up" };
        struct arguments more = *a;
        if (!parse_arguments(&more, a->rest_count, a->rest) || more.rest_count > 0)
            return EXIT_USAGE;
        a->lab = more.lab;
    }
    if (a->lab.links == NULL && a->lab.plain_count == 0)
        return EXIT_USAGE;

    /* Interrupted half-way it is still taken down. */
    sigset_t interrupts;
    sigset_t pending;
    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGINT);
    sigaddset(&interrupts, SIGTERM);
    sigaddset(&interrupts, SIGHUP);
    sigprocmask(SIG_BLOCK, &interrupts, NULL);
    if (!lab_up(&a->lab))
        return EXIT_FAILURE;
    sigpending(&pending);
    if (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
        sigismember(&pending, SIGHUP)) {
        lab_down(a->lab.id);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

static bool is_root(void)
{
    if (geteuid() == 0)
        return true;
    log_error("network namespaces need root: run it with sudo");
    return false;
}

static int do_exec(struct arguments *a)
{
    char netns[LAB_NETNS_BYTES];
    if (a->rest_count < 2)
        return EXIT_USAGE;
    if (!is_root())
        return EXIT_FAILURE;
    int error = netns_enter(lab_netns(netns, a->lab.id, a->rest[0]));
    if (error < 0) {
        log_error("namespace %s: %s", netns, strerror(-error));
        return EXIT_FAILURE;
    }
    execvp(a->rest[1], a->rest + 1);
    log_error("%s: %s", a->rest[1], strerror(errno));
    return EXIT_FAILURE;
}

/* Everything that the emulator does itself. */
static int do_emulator(const char *verb, struct arguments *a)
{
    char command[1024];
    char answer[LAB_ANSWER_BYTES];
    size_t len = (size_t)snprintf(command, sizeof(command), "%s", verb);
    for (int i = 0; i < a->rest_count && len < sizeof(command); i++)
        len += (size_t)snprintf(command + len, sizeof(command) - len, " %s", a->rest[i]);
    if (len >= sizeof(command))
        return EXIT_USAGE;
    if (!is_root() || !lab_command(a->lab.id, command, answer))
        return EXIT_FAILURE;
    if (strncmp(answer, "error: ", 7) == 0) {
        log_error("%.*s", (int)strcspn(answer + 7, "\n"), answer + 7);
        return EXIT_FAILURE;
    }
    if (strcmp(answer, "ok\n") != 0)
        fputs(answer, stdout);
    return EXIT_SUCCESS;
}

static void print_link(const struct linkspec *link)
{
    const struct link_config *up = &link->config[LINK_UP];
    const struct link_config *down = &link->config[LINK_DOWN];
    printf("%s %llu %llu %.1f %.1f\n", link->name, (unsigned long long)link_mean_rate_bps(up),
           (unsigned long long)link_mean_rate_bps(down), (double)up->delay_ns / 1e6,
           (double)down->delay_ns / 1e6);
}

/*
 * With a name: the sums "UP DOWN" in bit/s on the first line, the links on the second, then for
 * each its name, rates up and down in bit/s, and delays up and down in ms.
 */
static int do_scenarios(struct arguments *a)
{
    char error[LINKSPEC_ERROR_BYTES];
    struct linkspecs specs;
    for (size_t i = 0; a->rest_count == 0 && i < scenario_count; i++)
        printf("%-10s %s\n", scenarios[i].name, scenarios[i].about);
    if (a->rest_count == 0)
        return EXIT_SUCCESS;

    const struct scenario *scenario = scenario_find(a->rest[0]);
    const char *links = scenario != NULL ? scenario->links : a->rest[0];
    if (!linkspecs_parse(&specs, links, error)) {
        log_error("\"%s\" is no scenario (hawser-lab scenarios lists them), nor links: %s", links,
                  error);
        return EXIT_FAILURE;
    }
    printf("%llu %llu\n%s\n", (unsigned long long)linkspecs_sum_bps(&specs, LINK_UP),
           (unsigned long long)linkspecs_sum_bps(&specs, LINK_DOWN), links);
    for (size_t i = 0; i < specs.count; i++)
        print_link(&specs.link[i]);
    linkspecs_free(&specs);
    return EXIT_SUCCESS;
}

static int do_trace(struct arguments *a)
{
    char text[64];
    char error[LINKSPEC_ERROR_BYTES];
    struct linkspecs specs;
    if (a->rest_count != 1)
        return EXIT_USAGE;
    snprintf(text, sizeof(text), "trace=%s", a->rest[0]);
    if (!linkspecs_parse(&specs, text, error)) {
        log_error("%s", error);
        return EXIT_FAILURE;
    }
    const struct link_trace *trace = specs.link[0].trace[LINK_DOWN];
    for (size_t i = 0; i < trace->count; i++)
        printf("%u\n", trace->at_ms[i]);
    linkspecs_free(&specs);
    return EXIT_SUCCESS;
}

static int run_verb(const char *verb, struct arguments *a)
{
    static const char *const emulator_verbs[] = { "cut", "restore", "carrier",
                                                  "set", "stats",   "reset" };
    if (strcmp(verb, "scenarios") == 0)
        return do_scenarios(a);
    if (strcmp(verb, "trace") == 0)
        return do_trace(a);
    if (strcmp(verb, "up") == 0)
        return do_up(a);
    if (strcmp(verb, "exec") == 0)
        return do_exec(a);
    bool is_down = strcmp(verb, "down") == 0;
    if ((is_down || strcmp(verb, "cleanup") == 0) && a->rest_count == 0) {
        if (!is_root())
            return EXIT_FAILURE;
        if (is_down)
            lab_down(a->lab.id);
        else
            lab_cleanup();
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; i < sizeof(emulator_verbs) / sizeof(emulator_verbs[0]); i++) {
        if (strcmp(verb, emulator_verbs[i]) == 0)
            return do_emulator(verb, a);
    }
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct arguments a = { .lab = { .id = "lab", .clients_count = 1, .seed = 1 } };
    int status = EXIT_USAGE;
    log_init("hawser-lab", LOG_LEVEL_INFO, false);
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (argc >= 2 && parse_arguments(&a, argc - 1, argv + 1))
        status = run_verb(argv[1], &a);
    if (status == EXIT_USAGE)
        fprintf(stderr, "hawser-lab %s: wrong usage; see hawser-lab --help\n",
                argc >= 2 ? argv[1] : "without a command");
    return status;
}
