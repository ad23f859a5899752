/* SPDX-License-Identifier: ISC */
/* hawser-sim: runs one simulation and prints one line. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "sim/mix.h"
#include "sim/random.h"
#include "sim/report.h"
#include "sim/scenario.h"
#include "sim/simulator.h"
#include "sim/tune.h"

enum { LINKS_TEXT_BYTES = 1024, EXIT_USAGE = 2 };

static const char usage[] =
    "usage: hawser-sim [options]; hawser-sim --list; hawser-sim --tunes\n"
    "  --scenario NAME       links by name (--list shows them); default twin\n"
    "  --links SPEC          links as text\n"
    "  --random SEED         everything drawn by chance; --faults SEED: links that fail often\n"
    "  --mix NAME|SEED       traffic by name (--list shows it) or drawn, which must hold its "
    "promises\n"
    "  --no-tunnel           the inner packets cross the best link alone\n"
    "  --via LINK            or this one\n"
    "  --ideal               or one link with the sum of the rates and the smallest delay\n"
    "  --only LINK           the tunnel over this link alone; \"best\": the one that carries most\n"
    "  --flows N             in each direction (1)\n"
    "  --datagrams N,BYTES,MBPS  beside them, N flows of UDP with packets of that size\n"
    "  --idle S              nobody uses the tunnel for so long before (0)\n"
    "  --late S              the last of them begins so much later\n"
    "  --transfer KB         each carries so much, and the run ends with them\n"
    "  --foreign LINK        a TCP (cubic) on that link outside the tunnel\n"
    "  --cc cubic|bbr|quic   transport (cubic)\n"
    "  --hystart off|on|plus slow start of cubic (on: as in Linux; plus: RFC 9406)\n"
    "  --direction down|up|both\n"
    "  --seconds S           length (12); --warmup S: not measured (4)\n"
    "  --seed N              (1)\n"
    "  --cut LINK@T:S        silent for S seconds from T on; repeatable\n"
    "  --unplug LINK@T:S     the same with the loss of carrier; --rebind LINK@T: a new address\n"
    "  --set LINK@T:ITEMS    other properties from T on, as of hawser-lab set; repeatable\n"
    "  --super N             TCP super-packets of up to N segments (1)\n"
    "  --window KB           receive window (8192)\n"
    "  --ecn  --call  --no-ping  --cipher  --rekey S\n"
    "  --redundant           a policy: pings go over the two best links\n"
    "  --standby LINK        role of that link\n"
    "  --tune NAME=VALUE     another value of one of the bond's constants; repeatable; --tunes "
    "lists "
    "them\n"
    "  --trace FILE          a row for each path every 10 ms\n"
    "  --verbose             events of the cores\n"
    "  --header              the names of the columns first\n"
    "  --json                one object a direction instead of a row\n";

struct options {
    struct sim_config config;
    struct linkspecs specs;
    const char *name;
    const char *via;
    const char *only;
    const char *standby;
    const char *foreign;
    bool header;
    bool json;
    bool random;
    bool faults;
    bool mixed;
    char links_text[LINKS_TEXT_BYTES];
    char mix_text[MIX_TEXT_BYTES];
};

static bool bad(const char *what, const char *value)
{
    fprintf(stderr, "hawser-sim: %s: \"%s\"\n", what, value);
    return false;
}

static bool parse_number(const char *text, double *out)
{
    char *end;
    errno = 0;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && errno == 0 && *out >= 0.0;
}

static bool parse_seconds(const char *text, int64_t *out_ns)
{
    double value;
    if (!parse_number(text, &value) || value > 1e6)
        return bad("not a number of seconds", text);
    *out_ns = (int64_t)(value * 1e9);
    return true;
}

static bool parse_count(const char *text, unsigned most, unsigned *out)
{
    double value;
    if (!parse_number(text, &value) || value > most)
        return bad("not a number in range", text);
    *out = (unsigned)value;
    return true;
}

/* N,BYTES,MBPS */
static bool parse_datagrams(const char *text, struct datagrams_config *out)
{
    double mbps;
    int end = 0;
    bool whole = sscanf(text, "%u,%u,%lf%n", &out->flows, &out->packet_bytes, &mbps, &end) == 3 &&
                 text[end] == '\0';
    out->rate_bps = mbps * 1e6;
    if (!whole || out->flows < 1 || out->flows > DATAGRAMS_FLOWS_MAX ||
        out->packet_bytes < DATAGRAMS_BYTES_MIN || out->packet_bytes > 1280 || !(mbps > 0))
        return bad("expected N,BYTES,MBPS", text);
    return true;
}

/* The place of text in the list of words; false: it is none of them. */
static bool parse_word(const char *text, const char *const *words, unsigned *out)
{
    for (unsigned i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            *out = i;
            return true;
        }
    }
    return bad("unknown word", text);
}

/* LINK@T[:DURATION]; the link is looked up when the links are known. */
struct pending_action {
    enum sim_action_kind kind;
    const char *text;
};

/* LINK@T:ITEMS */
static bool parse_set(struct sim_action *a, const char *text)
{
    const char *at = strchr(text, '@');
    const char *colon = at != NULL ? strchr(at, ':') : NULL;
    if (colon == NULL)
        return bad("expected LINK@T:ITEMS", text);
    a->items = colon + 1;
    return true;
}

static bool parse_action(struct options *o, const struct pending_action *pending)
{
    char name[LINKSPEC_NAME_BYTES + 16];
    double at_s;
    double duration_s = 0.0;
    int fields = sscanf(pending->text, "%24[^@]@%lf:%lf", name, &at_s, &duration_s);
    bool lasts = pending->kind == SIM_CUT || pending->kind == SIM_UNPLUG;
    if (fields < 2 || (lasts && fields < 3))
        return bad("expected LINK@T:SECONDS", pending->text);
    const struct linkspec *link = linkspecs_find(&o->specs, name);
    if (link == NULL)
        return bad("no such link", name);
    struct sim_action *a = &o->config.actions[o->config.action_count++];
    *a = (struct sim_action){
        .kind = pending->kind,
        .link = (size_t)(link - o->specs.link),
        .at_ns = (int64_t)(at_s * 1e9),
        .duration_ns = (int64_t)(duration_s * 1e9),
    };
    return pending->kind != SIM_SET || parse_set(a, pending->text);
}

static void list_scenarios(void)
{
    for (size_t i = 0; i < scenario_count; i++)
        printf("%-10s %s\n           %s\n", scenarios[i].name, scenarios[i].about,
               scenarios[i].links);
    for (size_t i = 0; i < mix_count; i++)
        printf("%-12s %s\n           %s\n", mixes[i].name, mixes[i].about, mixes[i].links);
}

/* The link that carries most in the direction that is measured. */
static size_t best_link(const struct options *o)
{
    enum link_direction d = o->config.direction == SIM_UP ? LINK_UP : LINK_DOWN;
    size_t best = 0;
    for (size_t i = 1; i < o->specs.count; i++) {
        if (link_mean_rate_bps(&o->specs.link[i].config[d]) >
            link_mean_rate_bps(&o->specs.link[best].config[d]))
            best = i;
    }
    return best;
}

static bool find_link(struct options *o, const char *name, size_t *index)
{
    if (strcmp(name, "best") == 0) {
        *index = best_link(o);
        return true;
    }
    const struct linkspec *link = linkspecs_find(&o->specs, name);
    if (link == NULL)
        return bad("no such link", name);
    *index = (size_t)(link - o->specs.link);
    return true;
}

enum {
    OPT_SCENARIO = 256,
    OPT_LINKS,
    OPT_RANDOM,
    OPT_FAULTS,
    OPT_MIX,
    OPT_NO_TUNNEL,
    OPT_VIA,
    OPT_IDEAL,
    OPT_ONLY,
    OPT_FLOWS,
    OPT_IDLE,
    OPT_DATAGRAMS,
    OPT_LATE,
    OPT_TRANSFER,
    OPT_FOREIGN,
    OPT_SET,
    OPT_CC,
    OPT_HYSTART,
    OPT_DIRECTION,
    OPT_SECONDS,
    OPT_WARMUP,
    OPT_SEED,
    OPT_CUT,
    OPT_UNPLUG,
    OPT_REBIND,
    OPT_SUPER,
    OPT_WINDOW,
    OPT_ECN,
    OPT_CALL,
    OPT_NO_PING,
    OPT_REDUNDANT,
    OPT_STANDBY,
    OPT_CIPHER,
    OPT_REKEY,
    OPT_TRACE,
    OPT_VERBOSE,
    OPT_HEADER,
    OPT_JSON,
    OPT_LIST,
    OPT_TUNE,
    OPT_TUNES,
};

static const struct option long_options[] = {
    { "scenario", required_argument, NULL, OPT_SCENARIO },
    { "links", required_argument, NULL, OPT_LINKS },
    { "random", required_argument, NULL, OPT_RANDOM },
    { "mix", required_argument, NULL, OPT_MIX },
    { "faults", required_argument, NULL, OPT_FAULTS },
    { "no-tunnel", no_argument, NULL, OPT_NO_TUNNEL },
    { "via", required_argument, NULL, OPT_VIA },
    { "ideal", no_argument, NULL, OPT_IDEAL },
    { "only", required_argument, NULL, OPT_ONLY },
    { "flows", required_argument, NULL, OPT_FLOWS },
    { "idle", required_argument, NULL, OPT_IDLE },
    { "datagrams", required_argument, NULL, OPT_DATAGRAMS },
    { "late", required_argument, NULL, OPT_LATE },
    { "transfer", required_argument, NULL, OPT_TRANSFER },
    { "foreign", required_argument, NULL, OPT_FOREIGN },
    { "set", required_argument, NULL, OPT_SET },
    { "cc", required_argument, NULL, OPT_CC },
    { "hystart", required_argument, NULL, OPT_HYSTART },
    { "direction", required_argument, NULL, OPT_DIRECTION },
    { "seconds", required_argument, NULL, OPT_SECONDS },
    { "warmup", required_argument, NULL, OPT_WARMUP },
    { "seed", required_argument, NULL, OPT_SEED },
    { "cut", required_argument, NULL, OPT_CUT },
    { "unplug", required_argument, NULL, OPT_UNPLUG },
    { "rebind", required_argument, NULL, OPT_REBIND },
    { "super", required_argument, NULL, OPT_SUPER },
    { "window", required_argument, NULL, OPT_WINDOW },
    { "ecn", no_argument, NULL, OPT_ECN },
    { "call", no_argument, NULL, OPT_CALL },
    { "no-ping", no_argument, NULL, OPT_NO_PING },
    { "redundant", no_argument, NULL, OPT_REDUNDANT },
    { "standby", required_argument, NULL, OPT_STANDBY },
    { "cipher", no_argument, NULL, OPT_CIPHER },
    { "rekey", required_argument, NULL, OPT_REKEY },
    { "trace", required_argument, NULL, OPT_TRACE },
    { "verbose", no_argument, NULL, OPT_VERBOSE },
    { "header", no_argument, NULL, OPT_HEADER },
    { "json", no_argument, NULL, OPT_JSON },
    { "list", no_argument, NULL, OPT_LIST },
    { "tune", required_argument, NULL, OPT_TUNE },
    { "tunes", no_argument, NULL, OPT_TUNES },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

struct parsing {
    struct options *options;
    const char *links;
    struct pending_action actions[SIM_ACTIONS_MAX];
    size_t action_count;
};

static bool add_action(struct parsing *p, enum sim_action_kind kind, const char *text)
{
    if (p->action_count == SIM_ACTIONS_MAX)
        return bad("too many events", text);
    p->actions[p->action_count++] = (struct pending_action){ kind, text };
    return true;
}

static bool set_scenario(struct parsing *p, const char *name)
{
    const struct scenario *scenario = scenario_find(name);
    if (scenario == NULL)
        return bad("no such scenario", name);
    p->options->name = scenario->name;
    p->links = scenario->links;
    return true;
}

/* By its name, or drawn by a number. */
static bool set_mix(struct parsing *p, const char *text)
{
    struct options *o = p->options;
    unsigned seed;
    const struct mix *named = mix_find(text);
    struct mix drawn;
    if (named == NULL) {
        if (!parse_count(text, UINT32_MAX, &seed))
            return false;
        if (!mix_draw(seed, &drawn, o->mix_text))
            return bad(o->mix_text, text);
        o->config.seed = seed;
        printf("# %s\n", o->mix_text);
    }
    const struct mix *mix = named != NULL ? named : &drawn;
    mix_apply(mix, &o->config);
    o->name = mix->name;
    o->mixed = true;
    p->links = mix->links;
    return true;
}

static bool set_flag(struct parsing *p, int option)
{
    struct options *o = p->options;
    switch (option) {
    case OPT_NO_TUNNEL:
        o->config.carrier = SIM_LINK;
        return true;
    case OPT_IDEAL:
        o->config.carrier = SIM_IDEAL;
        return true;
    case OPT_ECN:
        o->config.tcp.ecn = true;
        return true;
    case OPT_CALL:
        o->config.call = true;
        return true;
    case OPT_NO_PING:
        o->config.no_ping = true;
        return true;
    case OPT_REDUNDANT:
        o->config.redundant_pings = true;
        return true;
    case OPT_CIPHER:
        o->config.cipher = true;
        return true;
    case OPT_VERBOSE:
        o->config.verbose = true;
        return true;
    case OPT_HEADER:
        o->header = true;
        return true;
    case OPT_JSON:
        o->json = true;
        return true;
    default:
        return false;
    }
}

static bool set_word(struct sim_config *c, int option, const char *value)
{
    static const char *const transports[] = { "cubic", "bbr", "quic", NULL };
    static const char *const hystarts[] = { "off", "on", "plus", NULL };
    static const char *const directions[] = { "down", "up", "both", NULL };
    unsigned word;
    if (option == OPT_CC && parse_word(value, transports, &word))
        c->tcp.transport = (enum sim_transport)word;
    else if (option == OPT_HYSTART && parse_word(value, hystarts, &word))
        c->tcp.hystart = (enum cc_hystart)word;
    else if (option == OPT_DIRECTION && parse_word(value, directions, &word))
        c->direction = (enum sim_direction)word;
    else
        return false;
    return true;
}

static bool set_count(struct options *o, int option, const char *value)
{
    unsigned number;
    if (!parse_count(value, UINT32_MAX, &number))
        return false;
    if (option == OPT_FLOWS && number <= SIM_FLOWS_MAX)
        o->config.tcp.flows = number;
    else if (option == OPT_SUPER && number >= 1 && number <= 45)
        o->config.tcp.super_segments = (uint16_t)number;
    else if (option == OPT_WINDOW && number >= 16 && number <= 16384)
        o->config.tcp.window_bytes = number * 1024;
    else if (option == OPT_TRANSFER && number >= 1)
        o->config.tcp.transfer_bytes = number * UINT64_C(1000);
    else if (option == OPT_SEED)
        o->config.seed = number;
    else
        return bad("out of range", value);
    return true;
}

static bool set_value(struct parsing *p, int option, const char *value)
{
    struct options *o = p->options;
    unsigned seed = 0;
    switch (option) {
    case OPT_SCENARIO:
        return set_scenario(p, value);
    case OPT_LINKS:
        o->name = "links";
        p->links = value;
        return true;
    case OPT_RANDOM:
    case OPT_FAULTS:
        o->faults = option == OPT_FAULTS;
        o->random = parse_count(value, UINT32_MAX, &seed);
        o->config.seed = seed;
        return o->random;
    case OPT_VIA:
        o->config.carrier = SIM_LINK;
        o->via = value;
        return true;
    case OPT_ONLY:
        o->only = value;
        return true;
    case OPT_FOREIGN:
        o->foreign = value;
        return true;
    case OPT_MIX:
        return set_mix(p, value);
    case OPT_DATAGRAMS:
        return parse_datagrams(value, &o->config.datagrams);
    case OPT_STANDBY:
        o->standby = value;
        return true;
    case OPT_SET:
        return add_action(p, SIM_SET, value);
    case OPT_CUT:
        return add_action(p, SIM_CUT, value);
    case OPT_UNPLUG:
        return add_action(p, SIM_UNPLUG, value);
    case OPT_REBIND:
        return add_action(p, SIM_REBIND, value);
    case OPT_SECONDS:
        return parse_seconds(value, &o->config.times.run_ns);
    case OPT_WARMUP:
        return parse_seconds(value, &o->config.times.warmup_ns);
    case OPT_IDLE:
        return parse_seconds(value, &o->config.times.idle_ns);
    case OPT_LATE:
        return parse_seconds(value, &o->config.times.late_ns);
    case OPT_REKEY:
        return parse_seconds(value, &o->config.times.rekey_after_ns);
    case OPT_TRACE:
        o->config.trace = fopen(value, "w");
        return o->config.trace != NULL || bad(strerror(errno), value);
    case OPT_TUNE:
        return tune_set(value);
    case OPT_CC:
    case OPT_HYSTART:
    case OPT_DIRECTION:
        return set_word(&o->config, option, value);
    default:
        return set_count(o, option, value);
    }
}

static bool parse_links(struct parsing *p)
{
    struct options *o = p->options;
    char error[LINKSPEC_ERROR_BYTES];
    if (o->random) {
        o->name = "random";
        return (o->faults ? random_faults : random_scenario)(o->config.seed, &o->config, &o->specs,
                                                             o->links_text, sizeof(o->links_text));
    }
    if (!linkspecs_parse(&o->specs, p->links, error)) {
        fprintf(stderr, "hawser-sim: %s\n", error);
        return false;
    }
    o->config.links = &o->specs;
    size_t only;
    if (o->only != NULL) {
        if (!find_link(o, o->only, &only))
            return false;
        linkspecs_only(&o->specs, only);
    }
    for (size_t i = 0; i < p->action_count; i++) {
        if (!parse_action(o, &p->actions[i]))
            return false;
    }
    size_t standby;
    if (o->standby != NULL) {
        if (!find_link(o, o->standby, &standby))
            return false;
        o->config.standby = 1U << standby;
    }
    if (o->mixed)
        mix_fit(&o->config);
    o->config.foreign.on = o->foreign != NULL;
    return find_link(o, o->via != NULL ? o->via : "best", &o->config.via) &&
           (o->foreign == NULL || find_link(o, o->foreign, &o->config.foreign.link));
}

/* What is only asked for; false: the option is none of those. */
static bool tells(int option)
{
    switch (option) {
    case 'h':
        fputs(usage, stdout);
        return true;
    case OPT_LIST:
        list_scenarios();
        return true;
    case OPT_TUNES:
        tune_list();
        return true;
    default:
        return false;
    }
}

static bool parse_options(struct options *o, int argc, char **argv)
{
    struct parsing p = { .options = o };
    set_scenario(&p, "twin");
    int option;
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (tells(option))
            exit(EXIT_SUCCESS);
        if (option == '?')
            return false;
        if (optarg != NULL ? !set_value(&p, option, optarg) : !set_flag(&p, option))
            return false;
    }
    if (optind < argc)
        return bad("unexpected argument", argv[optind]);
    if (o->config.times.warmup_ns >= o->config.times.run_ns)
        return bad("the warm-up takes the whole run", "--warmup");
    return parse_links(&p);
}

static void print_random(const struct options *o)
{
    static const char *const kinds[] = { "cut",    "unplug",   "rebind", "set",
                                         "cut-up", "cut-down", "spoil" };
    const struct sim_config *c = &o->config;
    printf("# links: %s\n# super %u, ecn %d, hystart %d, rekey %.1f s", o->links_text,
           c->tcp.super_segments, c->tcp.ecn, (int)c->tcp.hystart,
           (double)c->times.rekey_after_ns / 1e9);
    for (size_t i = 0; i < c->action_count; i++) {
        const struct sim_action *a = &c->actions[i];
        printf(", %s %zu@%.3f:%.3f%s%s", kinds[a->kind], a->link + 1, (double)a->at_ns / 1e9,
               (double)a->duration_ns / 1e9, a->kind == SIM_SPOIL ? " " : "",
               a->kind == SIM_SPOIL ? a->items : "");
    }
    putchar('\n');
}

int main(int argc, char **argv)
{
    struct options o = { .name = "twin" };
    sim_config_default(&o.config);
    if (!parse_options(&o, argc, argv)) {
        fputs("see hawser-sim --help\n", stderr);
        return EXIT_USAGE;
    }
    if (o.header)
        report_header();
    if (o.random)
        print_random(&o);
    struct sim_result result;
    bool good = sim_run(&o.config, &result);
    if (!good)
        fprintf(stderr, "hawser-sim: %s: %s\n", o.name, result.message);
    if (good && o.mixed && !mix_holds(&o.config, &result, o.mix_text)) {
        fprintf(stderr, "hawser-sim: %s: %s\n", o.name, o.mix_text);
        good = false;
    }
    for (int d = LINK_DIRECTIONS - 1; (good || o.mixed) && !result.failed && d >= 0; d--) {
        bool measured =
            o.config.direction == SIM_BOTH || (o.config.direction == SIM_UP) == (d == LINK_UP);
        if (measured && o.json)
            report_json(o.name, &o.config, &result, (enum link_direction)d);
        else if (measured)
            report_row(o.name, &o.config, &result, (enum link_direction)d);
    }
    if (o.config.trace != NULL && fclose(o.config.trace) != 0)
        good = bad(strerror(errno), "--trace");
    linkspecs_free(&o.specs);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
