/* SPDX-License-Identifier: ISC */
#include "cli/render.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "cli/table.h"

double render_number(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *render_string(const json_t *object, const char *member, char out[RENDER_TEXT_BYTES])
{
    const char *text = json_string_value(json_object_get(object, member));
    size_t len = 0;
    if (text == NULL || *text == '\0')
        text = "-";
    for (; text[len] != '\0' && len < RENDER_TEXT_BYTES - 1; len++)
        out[len] = text[len] >= ' ' && text[len] <= '~' ? text[len] : '?';
    out[len] = '\0';
    return out;
}

/* A value in the unit of its size: three digits that count. */
static const char *scaled(double value, double step, const char *const units[4],
                          char out[RENDER_TEXT_BYTES])
{
    unsigned unit = 0;
    if (!isfinite(value))
        return strcpy(out, "-");
    while (unit < 3 && value >= step) {
        value /= step;
        unit++;
    }
    snprintf(out, RENDER_TEXT_BYTES, "%.*f %s",
             unit == 0 || value >= 100 ? 0
             : value >= 10             ? 1
                                       : 2,
             value, units[unit]);
    return out;
}

const char *render_rate(double rate_bps, char out[RENDER_TEXT_BYTES])
{
    static const char *const units[4] = { "bit/s", "kbit/s", "Mbit/s", "Gbit/s" };
    return scaled(rate_bps, 1000, units, out);
}

const char *render_bytes(double bytes, char out[RENDER_TEXT_BYTES])
{
    static const char *const units[4] = { "B", "KiB", "MiB", "GiB" };
    return scaled(bytes, 1024, units, out);
}

const char *render_age(double age_s, char out[RENDER_TEXT_BYTES])
{
    static const struct {
        const char *name;
        unsigned long seconds;
    } units[] = { { "day", 86400 }, { "hour", 3600 }, { "minute", 60 }, { "second", 1 } };
    enum { SECONDS = 3 };
    if (!(age_s >= 0) || age_s > 1e9)
        return strcpy(out, "-");
    unsigned long left = (unsigned long)age_s;
    size_t unit = 0;
    while (unit < SECONDS && left < units[unit].seconds)
        unit++;
    unsigned long count = left / units[unit].seconds;
    int used = snprintf(out, RENDER_TEXT_BYTES, "%lu %s%s", count, units[unit].name,
                        count == 1 ? "" : "s");
    if (unit == SECONDS)
        return out;
    left %= units[unit++].seconds;
    count = left / units[unit].seconds;
    if (count > 0)
        snprintf(out + used, RENDER_TEXT_BYTES - (size_t)used, ", %lu %s%s", count,
                 units[unit].name, count == 1 ? "" : "s");
    return out;
}

const char *render_ms(double ms, char out[RENDER_TEXT_BYTES])
{
    if (!isfinite(ms))
        return strcpy(out, "-");
    snprintf(out, RENDER_TEXT_BYTES, "%.1f ms", ms);
    return out;
}

const char *render_share(double share, char out[RENDER_TEXT_BYTES])
{
    if (!isfinite(share))
        return strcpy(out, "-");
    snprintf(out, RENDER_TEXT_BYTES, "%.1f %%", 100 * share);
    return out;
}

/* "9.81 of 10.0 Mbit/s": what flows, of what the link was found to deliver. */
static const char *render_flow(const json_t *path, const char *now, const char *of,
                               char out[RENDER_TEXT_BYTES])
{
    char now_text[RENDER_TEXT_BYTES];
    char of_text[RENDER_TEXT_BYTES];
    double of_bps = render_number(path, of);
    render_rate(render_number(path, now), now_text);
    if (!isfinite(of_bps) || of_bps <= 0)
        return strcpy(out, now_text);
    render_rate(of_bps, of_text);
    char *unit = strchr(now_text, ' ');
    if (unit != NULL && strcmp(unit, of_text + strcspn(of_text, " ")) == 0)
        *unit = '\0'; /* said once is enough */
    snprintf(out, RENDER_TEXT_BYTES, "%.40s of %.40s", now_text, of_text);
    return out;
}

const char *render_why(const json_t *path, char out[RENDER_TEXT_BYTES])
{
    static const struct {
        const char *state;
        const char *why;
    } states[] = {
        { "probing", "being tried" }, { "suspect", "answers are overdue" },
        { "down", "no answer" },      { "standby", "waits for the active links to fail" },
        { "closed", "not in use" },
    };
    const double busy = 0.85;   /* of the rate */
    const double idle = 0.01;   /* of the rate */
    const double lossy = 0.02;  /* worth a word */
    const double queue_ms = 20; /* worth a word */
    if (json_is_string(json_object_get(path, "why")))
        return render_string(path, "why", out);
    const char *state = json_string_value(json_object_get(path, "state"));
    for (size_t i = 0; state != NULL && i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(state, states[i].state) == 0)
            return strcpy(out, states[i].why);
    }
    double rate_bps = render_number(path, "tx_rate_bps");
    double tx_bps = render_number(path, "tx_bps");
    if (render_number(path, "loss") >= lossy)
        return strcpy(out, "loses packets");
    if (render_number(path, "queue_ms") >= queue_ms)
        return strcpy(out, "queue in the network");
    if (tx_bps >= busy * rate_bps)
        return strcpy(out, "at its rate");
    if (tx_bps < idle * rate_bps && !(render_number(path, "rx_bps") >= idle * rate_bps))
        return strcpy(out, "idle");
    return strcpy(out, "has room");
}

/* What the peer says of the other direction, where that is something else. */
static void render_both_whys(const json_t *path, char out[RENDER_TEXT_BYTES])
{
    char far_text[RENDER_TEXT_BYTES];
    const json_t *far = json_object_get(path, "far");
    const char *code = json_string_value(json_object_get(path, "why_code"));
    const char *far_code = json_string_value(json_object_get(far, "why_code"));
    const char *far_why = json_string_value(json_object_get(far, "why"));
    render_why(path, out);
    if (code == NULL || far_code == NULL || far_why == NULL || *far_why == '\0' ||
        strcmp(code, far_code) == 0 || strcmp(far_code, "in-use") == 0)
        return;
    size_t len = strlen(out);
    snprintf(out + len, RENDER_TEXT_BYTES - len, "; receiving: %s",
             render_string(far, "why", far_text));
}

/* The table of paths */

enum { COLUMNS = 8 };

static void print_paths(const json_t *paths, FILE *to)
{
    static const char *const titles[COLUMNS] = { "link", "state", "rtt",     "jitter",
                                                 "loss", "send",  "receive", "why" };
    struct table t;
    size_t i;
    json_t *path;
    table_init(&t, titles, COLUMNS);
    json_array_foreach(paths, i, path)
    {
        table_cell *row = table_row(&t);
        if (row == NULL)
            break;
        render_string(path, "link", row[0]);
        render_string(path, "state", row[1]);
        render_ms(render_number(path, "rtt_ms"), row[2]);
        render_ms(render_number(path, "jitter_ms"), row[3]);
        render_share(render_number(path, "loss"), row[4]);
        render_flow(path, "tx_bps", "tx_rate_bps", row[5]);
        render_flow(path, "rx_bps", "rx_rate_bps", row[6]);
        render_both_whys(path, row[7]);
    }
    fputc('\n', to);
    if (t.rows <= 1)
        fputs("  no links yet\n", to);
    else
        table_print(&t, to);
    table_free(&t);
}

/* Nothing was lost by these: a newer one of its kind is there, or the same came before. */
static bool is_harmless(const char *reason)
{
    static const char *const reasons[] = { "ack_thinned", "duplicate", "handshake-replay",
                                           "cookie-asked" };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(reason, reasons[i]) == 0)
            return true;
    return false;
}

/* "3 codel, 2 replay": those that are not 0, in the daemon's order. */
static void print_some_drops(const json_t *drops, bool harmless, const char *title, FILE *to)
{
    const char *reason;
    json_t *count;
    bool first = true;
    json_object_foreach((json_t *)drops, reason, count)
    {
        if (!json_is_integer(count) || json_integer_value(count) == 0 ||
            is_harmless(reason) != harmless)
            continue;
        if (first)
            fprintf(to, "  %s: ", title);
        fprintf(to, "%s%" JSON_INTEGER_FORMAT " ", first ? "" : ", ", json_integer_value(count));
        for (const char *c = reason; *c != '\0'; c++)
            fputc(*c >= ' ' && *c <= '~' ? *c : '?', to);
        first = false;
    }
    if (!first)
        fputc('\n', to);
}

static void print_drops(const json_t *drops, FILE *to)
{
    print_some_drops(drops, false, "dropped", to);
    print_some_drops(drops, true, "dropped, harmless", to);
}

/* A whole sentence, where there is one. */
static void print_sentence(const json_t *object, const char *member, const char *title, FILE *to)
{
    const char *text = json_string_value(json_object_get(object, member));
    if (text == NULL || *text == '\0')
        return;
    fprintf(to, "  %s: ", title);
    for (; *text != '\0'; text++)
        fputc(*text >= ' ' && *text <= '~' ? *text : '?', to);
    fputc('\n', to);
}

/* The peer's program, as it tells. */
static void print_far(const json_t *far, FILE *to)
{
    char text[RENDER_TEXT_BYTES];
    double cpu = render_number(far, "cpu");
    if (!json_is_object(far))
        return;
    fprintf(to, "  far side: version %s", render_string(far, "version", text));
    if (isfinite(cpu))
        fprintf(to, ", %.0f %% of a processor", cpu);
    fputc('\n', to);
}

static void print_peer(const json_t *peer, FILE *to)
{
    char text[RENDER_TEXT_BYTES];
    char other[RENDER_TEXT_BYTES];
    double age_s = render_number(peer, "handshake_age_s");
    fprintf(to, "\npeer: %s\n", render_string(peer, "name", text));
    fprintf(to, "  public key: %s\n", render_string(peer, "public_key", text));
    fprintf(to, "  state: %s\n", render_string(peer, "state", text));
    print_sentence(peer, "why", "why", to);
    fprintf(to, "  endpoint: %s\n", render_string(peer, "endpoint", text));
    fprintf(to, "  latest handshake: %s%s\n", age_s >= 0 ? render_age(age_s, text) : "none yet",
            age_s >= 0 ? " ago" : "");
    fprintf(to, "  cipher: %s\n", render_string(peer, "cipher", text));
    fprintf(to, "  transfer: %s received, %s sent\n",
            render_bytes(render_number(peer, "rx_bytes"), text),
            render_bytes(render_number(peer, "tx_bytes"), other));
    double held = render_number(peer, "reorder_held");
    double late = render_number(peer, "reorder_late");
    if (held > 0 || late > 0)
        fprintf(to, "  order: %.0f held, %.0f late\n", isfinite(held) ? held : 0,
                isfinite(late) ? late : 0);
    print_drops(json_object_get(peer, "drops"), to);
    const json_t *far = json_object_get(peer, "far");
    print_sentence(peer, "limit", "sum limited by", to);
    print_sentence(far, "limit", "receiving limited by", to);
    print_far(far, to);
    print_paths(json_object_get(peer, "paths"), to);
}

/* What the kernel does for the packet path. */
static void print_offloads(const json_t *offloads, FILE *to)
{
    char text[RENDER_TEXT_BYTES];
    if (!json_is_object(offloads))
        return;
    bool gso = json_is_true(json_object_get(offloads, "udp_gso"));
    bool gro = json_is_true(json_object_get(offloads, "udp_gro"));
    fprintf(to, "  offload: tun %s, udp %s\n", render_string(offloads, "tun", text),
            gso ? (gro ? "gso+gro" : "gso") : (gro ? "gro" : "none"));
}

/* "used 12.3 of 50.0 GB, 37.7 GB left for 9 days, 3 hours": decimal, as providers count. */
static void print_quota(const json_t *link, FILE *to)
{
    static const char *const units[4] = { "kB", "MB", "GB", "TB" };
    char used[RENDER_TEXT_BYTES];
    char all[RENDER_TEXT_BYTES];
    char left[RENDER_TEXT_BYTES];
    char time[RENDER_TEXT_BYTES];
    double quota = render_number(link, "quota_bytes");
    if (!(quota > 0))
        return;
    fprintf(to, ", used %s of %s, %s left for %s",
            scaled(render_number(link, "quota_used_bytes") / 1000, 1000, units, used),
            scaled(quota / 1000, 1000, units, all),
            scaled(render_number(link, "quota_left_bytes") / 1000, 1000, units, left),
            render_age(render_number(link, "quota_reset_s"), time));
}

/* Links that are not simply active. */
static void print_link(const json_t *link, FILE *to)
{
    char text[RENDER_TEXT_BYTES];
    const char *use = json_string_value(json_object_get(link, "use"));
    const char *when = json_string_value(json_object_get(link, "standby_when"));
    double cost = render_number(link, "cost");
    bool active = use == NULL || strcmp(use, "active") == 0;
    if (active && !(cost > 0) && !(render_number(link, "quota_bytes") > 0))
        return;
    fprintf(to, "  link %s: ", render_string(link, "name", text));
    fputs(render_string(link, "use", text), to);
    if (when != NULL)
        fprintf(to, ", when %s", render_string(link, "standby_when", text));
    if (cost > 0)
        fprintf(to, ", cost %.0f", cost);
    print_quota(link, to);
    fputc('\n', to);
}

/* What each policy has matched of what this side sends. */
void render_policies(const json_t *status, FILE *to)
{
    const json_t *policies = json_object_get(status, "policies");
    char text[RENDER_TEXT_BYTES];
    char mode[RENDER_TEXT_BYTES];
    char class[RENDER_TEXT_BYTES];
    char bytes[RENDER_TEXT_BYTES];
    size_t i;
    json_t *p;
    if (json_array_size(policies) > 0)
        fputc('\n', to);
    json_array_foreach(policies, i, p)
    {
        double packets = render_number(p, "packets");
        fprintf(to, "policy %s: %s, %s, %.0f packets, %s\n", render_string(p, "name", text),
                render_string(p, "mode", mode), render_string(p, "class", class),
                isfinite(packets) ? packets : 0, render_bytes(render_number(p, "bytes"), bytes));
    }
}

/* What keeps the tunnel from being of use, in full. */
static void print_problems(const json_t *problems, FILE *to)
{
    size_t i;
    json_t *p;
    json_array_foreach(problems, i, p)
    {
        const char *text = json_string_value(json_object_get(p, "text"));
        fputs("  problem: ", to);
        for (text = text != NULL ? text : "-"; *text != '\0'; text++)
            fputc(*text >= ' ' && *text <= '~' ? *text : '?', to);
        fputc('\n', to);
    }
}

/* Who calls, but is no peer. */
static void print_strangers(const json_t *strangers, FILE *to)
{
    char key[RENDER_TEXT_BYTES];
    char from[RENDER_TEXT_BYTES];
    char age[RENDER_TEXT_BYTES];
    size_t i;
    json_t *s;
    if (json_array_size(strangers) > 0)
        fputc('\n', to);
    json_array_foreach(strangers, i, s)
    {
        double calls = render_number(s, "calls");
        fprintf(to, "unknown key: %s calls from %s, %.0f times, last %s ago\n",
                render_string(s, "public_key", key), render_string(s, "from", from),
                isfinite(calls) ? calls : 0, render_age(render_number(s, "age_s"), age));
    }
}

void render_tunnel(const json_t *status, FILE *to)
{
    char text[RENDER_TEXT_BYTES];
    size_t i;
    json_t *link;
    fprintf(to, "tunnel: %s\n", render_string(status, "interface", text));
    fprintf(to, "  version: %s\n", render_string(status, "version", text));
    fprintf(to, "  up: %s\n", render_age(render_number(status, "uptime_s"), text));
    double mtu = render_number(status, "mtu");
    if (isfinite(mtu))
        fprintf(to, "  mtu: %.0f\n", mtu);
    print_offloads(json_object_get(status, "offloads"), to);
    print_problems(json_object_get(status, "problems"), to);
    print_drops(json_object_get(status, "drops"), to);
    json_array_foreach(json_object_get(status, "links"), i, link)
    {
        print_link(link, to);
    }
}

void render_status(const json_t *status, FILE *to)
{
    size_t i;
    json_t *peer;
    render_tunnel(status, to);
    json_array_foreach(json_object_get(status, "peers"), i, peer)
    {
        print_peer(peer, to);
    }
    render_policies(status, to);
    print_strangers(json_object_get(status, "strangers"), to);
}
