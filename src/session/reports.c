/* SPDX-License-Identifier: ISC */
#include "session/reports.h"

#include <stdio.h>
#include <string.h>

#include "bond/why.h"
#include "session/links.h"
#include "session/peer.h"
#include "session/send.h"
#include "session/share.h"
#include "session/state.h"

bool reports_due(const struct peer *p)
{
    return p->up && (p->association.remote_features & WIRE_FEATURE_REPORTS) != 0;
}

bool reports_look(struct peer *p, struct tstamp now)
{
    bool first = !tstamp_before(now, p->told.reports.look_until) && reports_due(p);
    p->told.reports.look_until = tstamp_add(now, REPORTS_LOOK_NS);
    if (first)
        peer_wake(p, now);
    return first;
}

void reports_asked(struct peer *p, struct tstamp now, uint8_t seconds)
{
    struct reports *r = &p->told.reports;
    int64_t s = seconds < REPORTS_ASKED_MOST_S ? seconds : REPORTS_ASKED_MOST_S;
    r->wanted_until = tstamp_add(now, s * NS_PER_S);
    peer_wake(p, tstamp_max(now, r->send_at));
}

void reports_told(struct peer *p, struct tstamp now, const struct wire_report *report)
{
    *p->told.reports.report = *report;
    p->told.reports.heard = true;
    p->told.reports.heard_at = now;
}

const struct wire_report *reports_latest(const struct peer *p, struct tstamp now)
{
    const struct reports *r = &p->told.reports;
    bool is_new = r->heard && tstamp_sub(now, r->heard_at) < REPORTS_OLD_NS;
    return is_new && p->up ? r->report : NULL;
}

static void send(struct peer *p, struct tstamp now, const struct wire_frame_value *f)
{
    int via = links_best(p);
    if (via >= 0)
        send_frames(p, now, (uint8_t)via, &p->paths[via].address.route, f, 1, 0);
}

static uint32_t value_of(uint64_t v)
{
    return v < WIRE_REPORT_VALUE_MAX ? (uint32_t)v : WIRE_REPORT_VALUE_MAX;
}

static void fill_path(const struct peer *p, struct tstamp now, uint8_t id,
                      struct wire_report_path *out)
{
    struct bond_path_stats s;
    bond_path_stats(p->bond, now, id, &s);
    double loss = s.loss < 0 ? 0 : s.loss > 1 ? 1 : s.loss;
    *out = (struct wire_report_path){
        .path = id,
        .use = (uint8_t)links_use(p, id),
        .why = (uint8_t)s.why_code,
        .rate_kbps = value_of((s.rate_bps + 999) / 1000),
        .loss = (uint16_t)(loss * WIRE_REPORT_LOSS_ALL + 0.5),
        .queue_100us = value_of(s.queue_ns > 0 ? (uint64_t)s.queue_ns / 100000 : 0),
    };
}

void reports_limit(const struct peer *p, struct tstamp now, struct bond_stats *s)
{
    double rate_bps;
    enum wire_limit rate = share_limit(p, now, &rate_bps);
    bool busy = p->core->settings.cpu != WIRE_REPORT_CPU_UNKNOWN &&
                p->core->settings.cpu >= REPORTS_BUSY_CPU;
    if (s->limit_code == WIRE_LIMIT_NO_PATH)
        return;
    if (rate != WIRE_LIMIT_UNKNOWN) {
        char words[BOND_WHY_BYTES];
        s->limit_code = rate;
        snprintf(s->limit, sizeof s->limit, "%.48s: %.1f Mbit/s",
                 bond_limit_sentence((uint8_t)rate, words), rate_bps / 1e6);
    } else if (busy &&
               (s->limit_code == WIRE_LIMIT_FLOWS || s->limit_code == WIRE_LIMIT_SOME_LINKS)) {
        s->limit_code = WIRE_LIMIT_CPU;
        bond_limit_sentence(WIRE_LIMIT_CPU, s->limit);
    }
}

static void report(struct peer *p, struct tstamp now)
{
    struct wire_frame_value f = { .type = WIRE_REPORT };
    struct wire_report *r = &f.report;
    struct bond_stats s;
    bond_stats(p->bond, now, &s);
    reports_limit(p, now, &s);
    r->cpu = p->core->settings.cpu;
    r->limit = (uint8_t)s.limit_code;
    r->version_len = (uint8_t)strnlen(p->core->settings.version, WIRE_VERSION_NAME_MAX);
    memcpy(r->version, p->core->settings.version, r->version_len);
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++)
        if (p->paths[id].opened)
            fill_path(p, now, id, &r->paths[r->count++]);
    send(p, now, &f);
}

static void ask(struct peer *p, struct tstamp now)
{
    const struct wire_frame_value f = { .type = WIRE_REPORT_ASK, .report_s = REPORTS_ASK_S };
    bool answered = reports_latest(p, now) != NULL;
    send(p, now, &f);
    p->told.reports.ask_at = tstamp_add(now, answered ? REPORTS_ASK_NS : REPORTS_ASK_AGAIN_NS);
}

void reports_tick(struct peer *p, struct tstamp now)
{
    struct reports *r = &p->told.reports;
    if (!reports_due(p))
        return;
    if (tstamp_before(now, r->look_until)) {
        if (tstamp_reached(r->ask_at, now))
            ask(p, now);
        peer_wake(p, r->ask_at);
    }
    if (tstamp_before(now, r->wanted_until)) {
        if (tstamp_reached(r->send_at, now)) {
            report(p, now);
            r->send_at = tstamp_add(now, REPORTS_EVERY_NS);
        }
        peer_wake(p, r->send_at);
    }
}
