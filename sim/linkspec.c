/* SPDX-License-Identifier: ISC */
#include "sim/linkspec.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/lte.h"

enum { SPEC_TEXT_BYTES = 4096 };

/* Which directions an item applies to. */
enum { BIT_UP = 1 << LINK_UP, BIT_DOWN = 1 << LINK_DOWN, BIT_BOTH = BIT_UP | BIT_DOWN };

/* What is being parsed; error is the caller's. */
struct parse {
    struct linkspec *spec;
    struct linkspecs *specs; /* with those before it; NULL when running */
    char *error;
    bool running; /* the links carry traffic: rates and delays may change, names and traces not */
};

static bool fail(char *error, const char *what, const char *text)
{
    snprintf(error, LINKSPEC_ERROR_BYTES, "%s: \"%.80s\"", what, text);
    return false;
}

/* A number not below 0 with the given suffix ("" or e.g. "ms") and nothing behind. */
static bool parse_number(const char *text, const char *suffix, double *out)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || errno != 0 || !isfinite(value) || value < 0.0 || value > 1e12)
        return false;
    if (strcmp(end, "") != 0 && strcmp(end, suffix) != 0)
        return false;
    *out = value;
    return true;
}

/* Percent as a share of 1. */
static bool parse_share(const char *text, double *out)
{
    double percent;
    if (!parse_number(text, "%", &percent) || percent > 100.0)
        return false;
    *out = percent / 100.0;
    return true;
}

static int64_t ms_to_ns(double ms)
{
    return (int64_t)llround(ms * (double)NS_PER_MS);
}

static int64_t s_to_ns(double s)
{
    return (int64_t)llround(s * (double)NS_PER_S);
}

static bool set_rate(struct link_config *c, const char *value)
{
    double mbps;
    if (!parse_number(value, "mbit", &mbps))
        return false;
    c->rate_bps = (uint64_t)llround(mbps * 1e6);
    c->trace = NULL;
    return true;
}

static bool set_delay(struct link_config *c, const char *value)
{
    double ms;
    if (!parse_number(value, "ms", &ms) || ms > 60000.0)
        return false;
    c->delay_ns = ms_to_ns(ms);
    return true;
}

static bool set_jitter(struct link_config *c, const char *value)
{
    double ms;
    if (!parse_number(value, "ms", &ms) || ms > 60000.0)
        return false;
    c->jitter_ns = ms_to_ns(ms);
    return true;
}

static bool set_loss(struct link_config *c, const char *value)
{
    return parse_share(value, &c->loss);
}

static bool set_corrupt(struct link_config *c, const char *value)
{
    return parse_share(value, &c->corrupt);
}

static bool set_duplicate(struct link_config *c, const char *value)
{
    return parse_share(value, &c->duplicate);
}

static bool set_burst(struct link_config *c, const char *value)
{
    return parse_number(value, "", &c->burst_frames);
}

static bool set_queue(struct link_config *c, const char *value)
{
    double amount;
    if (parse_number(value, "ms", &amount)) {
        c->queue_ns = ms_to_ns(amount);
        c->queue_bytes = 0;
        return true;
    }
    if (!parse_number(value, "kB", &amount))
        return false;
    c->queue_bytes = (uint64_t)llround(amount * 1000.0);
    return true;
}

/* MBIT:KB */
static bool set_police(struct link_config *c, const char *value)
{
    double mbps;
    double bucket_kb;
    int used = 0;
    if (sscanf(value, "%lf:%lf%n", &mbps, &bucket_kb, &used) != 2 || value[used] != '\0')
        return false;
    c->police_bps = (uint64_t)llround(mbps * 1e6);
    c->police_bytes = (uint64_t)llround(bucket_kb * 1000.0);
    return mbps >= 0.0 && mbps < 1e6 && bucket_kb > 0.0 && bucket_kb < 1e6;
}

static bool set_period(struct link_config *c, const char *value)
{
    double s;
    if (!parse_number(value, "s", &s))
        return false;
    c->step_period_ns = s_to_ns(s);
    return true;
}

/* AT:DELAY[:OUTAGE[:RATE]] */
static bool parse_step(struct link_step *step, char *text)
{
    double field[4] = { 0.0, 0.0, 0.0, 100.0 };
    char *rest = text;
    size_t count = 0;
    for (char *at; (at = strsep(&rest, ":")) != NULL; count++) {
        if (count == 4 || !parse_number(at, "", &field[count]))
            return false;
    }
    *step = (struct link_step){ .at_ns = s_to_ns(field[0]),
                                .extra_delay_ns = ms_to_ns(field[1]),
                                .outage_ns = ms_to_ns(field[2]),
                                .rate_factor = field[3] / 100.0 };
    return count >= 2 && field[3] > 0.0;
}

static bool set_steps(struct link_config *c, const char *value)
{
    char text[256];
    if (strlen(value) >= sizeof(text))
        return false;
    strcpy(text, value);

    c->step_count = 0;
    char *rest = text;
    for (char *at; (at = strsep(&rest, "/")) != NULL;) {
        if (c->step_count == LINK_STEPS_MAX)
            return false;
        struct link_step *step = &c->steps[c->step_count];
        if (!parse_step(step, at) || (c->step_count > 0 && step->at_ns <= step[-1].at_ns))
            return false;
        c->step_count++;
    }
    return true;
}

static bool set_bell(struct link_config *c, const char *value)
{
    c->jitter_kind = LINK_JITTER_BELL;
    return value == NULL;
}

static bool set_reorder(struct link_config *c, const char *value)
{
    c->reorder = true;
    return value == NULL;
}

static const struct {
    const char *key;
    bool has_value;
    bool (*set)(struct link_config *c, const char *value);
} direction_keys[] = {
    { "rate", true, set_rate },        { "delay", true, set_delay },
    { "jitter", true, set_jitter },    { "loss", true, set_loss },
    { "corrupt", true, set_corrupt },  { "duplicate", true, set_duplicate },
    { "burst", true, set_burst },      { "queue", true, set_queue },
    { "police", true, set_police },    { "steps", true, set_steps },
    { "period", true, set_period },    { "bell", false, set_bell },
    { "reorder", false, set_reorder },
};

static bool set_direction_key(struct parse *p, const char *key, const char *value, unsigned bits)
{
    for (size_t i = 0; i < sizeof(direction_keys) / sizeof(direction_keys[0]); i++) {
        if (strcmp(key, direction_keys[i].key) != 0)
            continue;
        if (direction_keys[i].has_value != (value != NULL))
            return fail(p->error, value != NULL ? "takes no value" : "needs a value", key);
        for (int d = 0; d < LINK_DIRECTIONS; d++) {
            if ((bits >> d & 1) != 0 && !direction_keys[i].set(&p->spec->config[d], value))
                return fail(p->error, "bad value", value);
        }
        return true;
    }
    return fail(p->error, "unknown key", key);
}

static const struct {
    const char *prefix;
    struct link_trace *(*make)(uint64_t seed, double most_mbps);
} made_traces[] = { { "lte:", lte_trace }, { "drive:", lte_drive_trace } };

/* A file, or lte:SEED:MBIT or drive:SEED:MBIT. */
static struct link_trace *open_trace(const char *text, char *error)
{
    for (size_t i = 0; i < sizeof(made_traces) / sizeof(made_traces[0]); i++) {
        size_t prefix_len = strlen(made_traces[i].prefix);
        unsigned seed;
        double most_mbps;
        int used = 0;
        if (strncmp(text, made_traces[i].prefix, prefix_len) != 0)
            continue;
        const char *rest = text + prefix_len;
        struct link_trace *trace = NULL;
        if (sscanf(rest, "%9u:%lf%n", &seed, &most_mbps, &used) == 2 && rest[used] == '\0')
            trace = made_traces[i].make(seed, most_mbps);
        if (trace == NULL)
            fail(error, "not SEED:MBIT behind lte: or drive:, with 0.1 to 100 Mbit/s", text);
        return trace;
    }
    return link_trace_load(text, error);
}

static bool set_trace(struct parse *p, const char *path, unsigned bits)
{
    for (int d = 0; d < LINK_DIRECTIONS; d++) {
        if ((bits >> d & 1) == 0)
            continue;
        if (p->spec->trace[d] != NULL)
            return fail(p->error, "second trace", path);
        struct link_trace *trace = open_trace(path, p->error);
        if (trace == NULL)
            return false;
        p->spec->trace[d] = trace;
        p->spec->config[d].trace = trace;
    }
    return true;
}

static bool set_name(struct parse *p, const char *value)
{
    size_t len = strlen(value);
    if (len == 0 || len >= LINKSPEC_NAME_BYTES)
        return fail(p->error, "name must have 1 to 11 characters", value);
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)value[i]) && value[i] != '-' && value[i] != '_')
            return fail(p->error, "name may have letters, digits, - and _ only", value);
    }
    strcpy(p->spec->name, value);
    return true;
}

static bool set_behind(struct parse *p, const char *value)
{
    for (size_t i = 0; &p->specs->link[i] != p->spec; i++) {
        if (strcmp(p->specs->link[i].name, value) != 0)
            continue;
        if (p->specs->link[i].behind != 0)
            return fail(p->error, "that link is behind another itself", value);
        p->spec->behind = i + 1;
        return true;
    }
    return fail(p->error, "no link before this one has that name", value);
}

static bool set_mtu(struct parse *p, const char *value)
{
    double mtu;
    if (!parse_number(value, "", &mtu) || mtu < 576.0 || mtu > 9000.0)
        return fail(p->error, "mtu must be 576 to 9000", value);
    p->spec->mtu_bytes = (unsigned)mtu;
    return true;
}

/* "UP/DOWN" or "12ms". */
static bool set_bare(struct parse *p, char *item)
{
    char *slash = strchr(item, '/');
    if (slash != NULL) {
        *slash = '\0';
        return (set_rate(&p->spec->config[LINK_UP], item) &&
                set_rate(&p->spec->config[LINK_DOWN], slash + 1)) ||
               fail(p->error, "rates must be UP/DOWN in Mbit/s", slash + 1);
    }
    size_t len = strlen(item);
    bool ms = len > 2 && strcmp(item + len - 2, "ms") == 0;
    for (int d = 0; d < LINK_DIRECTIONS; d++) {
        if (!ms || !set_delay(&p->spec->config[d], item))
            return fail(p->error, "neither UP/DOWN in Mbit/s nor a delay in ms", item);
    }
    return true;
}

/* Cuts "-up" or "-down" off the key and returns the directions meant. */
static unsigned take_direction(char *key)
{
    static const char *const suffixes[LINK_DIRECTIONS] = { "-up", "-down" };
    for (unsigned d = 0; d < LINK_DIRECTIONS; d++) {
        size_t key_len = strlen(key);
        size_t suffix_len = strlen(suffixes[d]);
        if (key_len > suffix_len && strcmp(key + key_len - suffix_len, suffixes[d]) == 0) {
            key[key_len - suffix_len] = '\0';
            return 1U << d;
        }
    }
    return BIT_BOTH;
}

static bool apply_item(struct parse *p, char *item)
{
    if (isdigit((unsigned char)item[0]))
        return set_bare(p, item);

    char *value = strchr(item, '=');
    if (value != NULL)
        *value++ = '\0';
    if (value != NULL && !p->running) {
        if (strcmp(item, "name") == 0)
            return set_name(p, value);
        if (strcmp(item, "mtu") == 0)
            return set_mtu(p, value);
        if (strcmp(item, "behind") == 0)
            return set_behind(p, value);
    }
    if (strcmp(item, "up") == 0)
        return set_direction_key(p, "rate", value, BIT_UP);
    if (strcmp(item, "down") == 0)
        return set_direction_key(p, "rate", value, BIT_DOWN);

    unsigned bits = take_direction(item);
    if (value != NULL && !p->running && strcmp(item, "trace") == 0)
        return set_trace(p, value, bits);
    return set_direction_key(p, item, value, bits);
}

static bool apply_items(struct parse *p, char *text)
{
    char *rest = text;
    for (char *item; (item = strsep(&rest, ", \t\n")) != NULL;) {
        if (item[0] != '\0' && !apply_item(p, item))
            return false;
    }
    return true;
}

static void linkspec_default(struct linkspec *spec, size_t number)
{
    *spec = (struct linkspec){ .mtu_bytes = 1500 };
    snprintf(spec->name, sizeof(spec->name), "link%zu", number);
    for (int d = 0; d < LINK_DIRECTIONS; d++)
        spec->config[d].queue_ns = LINK_QUEUE_DEFAULT_MS * NS_PER_MS;
}

static void linkspec_drop_traces(struct linkspec *spec)
{
    for (int d = 0; d < LINK_DIRECTIONS; d++) {
        link_trace_free(spec->trace[d]);
        spec->trace[d] = NULL;
        spec->config[d].trace = NULL;
    }
}

/* What is asked about its bottleneck is answered as of the other link's. */
static bool linkspec_join(struct parse *p)
{
    if (p->spec->behind == 0)
        return true;
    const struct linkspec *other = &p->specs->link[p->spec->behind - 1];
    for (int d = 0; d < LINK_DIRECTIONS; d++) {
        struct link_config *c = &p->spec->config[d];
        if (c->rate_bps != 0 || c->trace != NULL)
            return fail(p->error, "a link behind another has no rate of its own", p->spec->name);
        c->rate_bps = other->config[d].rate_bps;
        c->trace = other->config[d].trace;
        c->queue_ns = other->config[d].queue_ns;
        c->queue_bytes = other->config[d].queue_bytes;
    }
    return true;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, ", \t\n")] == '\0';
}

bool linkspecs_parse(struct linkspecs *specs, const char *text, char error[LINKSPEC_ERROR_BYTES])
{
    char copy[SPEC_TEXT_BYTES];
    *specs = (struct linkspecs){ 0 };
    if (strlen(text) >= sizeof(copy))
        return fail(error, "description too long", text);
    strcpy(copy, text);

    char *rest = copy;
    for (char *part; (part = strsep(&rest, ";+\n")) != NULL;) {
        if (is_blank(part))
            continue;
        if (specs->count == LINKSPEC_LINKS_MAX) {
            fail(error, "more than 8 links", part);
            goto out;
        }
        struct linkspec *spec = &specs->link[specs->count++];
        linkspec_default(spec, specs->count);
        struct parse p = { .spec = spec, .specs = specs, .error = error };
        if (!apply_items(&p, part) || !linkspec_join(&p))
            goto out;
        for (size_t i = 0; i + 1 < specs->count; i++) {
            if (strcmp(specs->link[i].name, spec->name) == 0) {
                fail(error, "name used twice", spec->name);
                goto out;
            }
        }
    }
    if (specs->count > 0)
        return true;
    fail(error, "no link described", text);
out:
    linkspecs_free(specs);
    return false;
}

void linkspecs_free(struct linkspecs *specs)
{
    for (size_t i = 0; i < specs->count; i++)
        linkspec_drop_traces(&specs->link[i]);
    specs->count = 0;
}

bool linkspec_change(struct linkspec *spec, const char *items, char error[LINKSPEC_ERROR_BYTES])
{
    char copy[SPEC_TEXT_BYTES];
    if (strlen(items) >= sizeof(copy))
        return fail(error, "description too long", items);
    strcpy(copy, items);

    struct linkspec changed = *spec;
    if (!apply_items(&(struct parse){ .spec = &changed, .error = error, .running = true }, copy))
        return false;
    for (int d = 0; d < LINK_DIRECTIONS && spec->behind != 0; d++) {
        if (changed.config[d].rate_bps != spec->config[d].rate_bps)
            return fail(error, "a link behind another has no rate of its own", spec->name);
    }
    *spec = changed;
    return true;
}

struct linkspec *linkspecs_find(struct linkspecs *specs, const char *name)
{
    for (size_t i = 0; i < specs->count; i++) {
        if (strcmp(specs->link[i].name, name) == 0)
            return &specs->link[i];
    }
    char *end;
    unsigned long number = strtoul(name, &end, 10);
    if (end == name || *end != '\0' || number == 0 || number > specs->count)
        return NULL;
    return &specs->link[number - 1];
}

void linkspecs_only(struct linkspecs *specs, size_t index)
{
    struct linkspec kept = specs->link[index];
    specs->link[index] = (struct linkspec){ 0 };
    for (size_t i = 0; i < specs->count; i++) {
        for (int d = 0; d < LINK_DIRECTIONS; d++) {
            if (kept.behind != i + 1 || specs->link[i].trace[d] == NULL)
                continue;
            kept.trace[d] = specs->link[i].trace[d];
            specs->link[i].trace[d] = NULL;
        }
        linkspec_drop_traces(&specs->link[i]);
    }
    kept.behind = 0;
    specs->link[0] = kept;
    specs->count = 1;
}

uint64_t linkspecs_sum_bps(const struct linkspecs *specs, enum link_direction direction)
{
    uint64_t sum_bps = 0;
    for (size_t i = 0; i < specs->count; i++) {
        if (specs->link[i].behind == 0)
            sum_bps += link_mean_rate_bps(&specs->link[i].config[direction]);
    }
    return sum_bps;
}

/* Appends one time; false: not a number, falling, or no memory. */
static bool trace_append(struct link_trace *trace, size_t *capacity, const char *line)
{
    char *end;
    errno = 0;
    unsigned long at_ms = strtoul(line, &end, 10);
    if (end == line || (*end != '\n' && *end != '\0' && *end != '\r') || errno != 0 ||
        at_ms > UINT32_MAX)
        return false;
    if (trace->count > 0 && at_ms < trace->at_ms[trace->count - 1])
        return false;
    if (trace->count == *capacity) {
        size_t grown = *capacity == 0 ? 4096 : 2 * *capacity;
        uint32_t *at = realloc(trace->at_ms, grown * sizeof(*at));
        if (at == NULL)
            return false;
        trace->at_ms = at;
        *capacity = grown;
    }
    trace->at_ms[trace->count++] = (uint32_t)at_ms;
    return true;
}

struct link_trace *link_trace_load(const char *path, char error[LINKSPEC_ERROR_BYTES])
{
    struct link_trace *trace = NULL;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        snprintf(error, LINKSPEC_ERROR_BYTES, "%.100s: %s", path, strerror(errno));
        return NULL;
    }
    trace = calloc(1, sizeof(*trace));
    char line[64];
    size_t capacity = 0;
    bool ok = trace != NULL;
    while (ok && fgets(line, sizeof(line), file) != NULL)
        ok = trace_append(trace, &capacity, line);
    ok = ok && !ferror(file) && trace->count > 0 && trace->at_ms[trace->count - 1] > 0;
    fclose(file);
    if (ok)
        return trace;
    fail(error, "not a trace (times in ms, one a line, not falling, the last above 0)", path);
    link_trace_free(trace);
    return NULL;
}

void link_trace_free(struct link_trace *trace)
{
    if (trace == NULL)
        return;
    free(trace->at_ms);
    free(trace);
}
