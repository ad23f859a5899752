/* SPDX-License-Identifier: ISC */
#include "bond/send/flowq.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip.h"
#include "bond/path/pacer.h"

#define ACK_FIRST_WINDOW 14480 /* RFC 6928 */

enum {
    CODEL_RECENT_INTERVALS = 16, /* RFC 8289, section 5.5 */
    BAND_SETS = FLOWQ_BAND_FLOWS / FLOWQ_WAYS,
};

void flowq_init(struct flowq *q, uint64_t seed, uint32_t bytes_max, struct arena_share *memory)
{
    memset(q, 0, sizeof *q);
    q->seed = seed;
    q->memory = memory;
    q->acks.gap_scale = 1;
    q->bytes_max = bytes_max;
    sparse_init(&q->sparse);
    q->plain.sets = q->plain_sets;
    q->plain.set_count = FLOWQ_FLOWS / FLOWQ_WAYS;
    q->codel = (struct flowq_codel){ .target_ns = CODEL_TARGET_LEAST_NS,
                                     .interval_ns = CODEL_INTERVAL_LEAST_NS };
    memory->wanted = true;
}

void flowq_grow(struct flowq *q)
{
    if (q->spare == NULL)
        q->spare = arena_take(q->memory, 1, sizeof *q->spare);
}

static void give_set_back(struct flowq *q, struct flowq_set *set)
{
    arena_give(q->memory, set, 1, sizeof *set);
}

int flowq_make_bands(struct flowq *q)
{
    if (q->bands != NULL)
        return 0;
    struct flowq_set **sets = arena_take(q->memory, FLOWQ_BANDS * BAND_SETS, sizeof *sets);
    struct flowq_band *bands = arena_take(q->memory, FLOWQ_BANDS, sizeof *bands);
    if (sets == NULL || bands == NULL) {
        arena_give(q->memory, sets, FLOWQ_BANDS * BAND_SETS, sizeof *sets);
        arena_give(q->memory, bands, FLOWQ_BANDS, sizeof *bands);
        return -ENOMEM;
    }
    for (unsigned i = 0; i < FLOWQ_BANDS; i++) {
        bands[i].sets = sets + (size_t)i * BAND_SETS;
        bands[i].set_count = BAND_SETS;
    }
    q->bands = bands;
    return 0;
}

/* The plain band, then those of policies; NULL begins and ends. */
static struct flowq_band *next_band(struct flowq *q, const struct flowq_band *band)
{
    if (band == NULL)
        return &q->plain;
    if (band == &q->plain)
        return q->bands;
    size_t next = (size_t)(band - q->bands) + 1;
    return next < FLOWQ_BANDS ? &q->bands[next] : NULL;
}

#define for_each_band(q, b)                                                                        \
    for (struct flowq_band *b = next_band(q, NULL); b != NULL; b = next_band(q, b))

/* The flows that are served in turn, the new ones first; NULL begins and ends. */
static struct flowq_flow *next_listed(const struct flowq_band *band, const struct flowq_flow *f)
{
    if (f == NULL)
        return band->new_head != NULL ? band->new_head : band->old_head;
    return f == band->new_tail ? band->old_head : f->next;
}

#define for_each_listed(band, f)                                                                   \
    for (struct flowq_flow *f = next_listed(band, NULL); f != NULL; f = next_listed(band, f))

static void clear_band(struct flowq_band *band)
{
    pkt_list_clear(&band->sparse);
    for_each_listed(band, f)
    {
        pkt_list_clear(&f->packets);
        f->listed = false;
    }
}

/* Nothing waits in them. */
static void give_sets_back(struct flowq *q)
{
    for_each_band(q, band)
    {
        for (uint32_t i = 0; i < band->set_count; i++) {
            give_set_back(q, band->sets[i]);
            band->sets[i] = NULL;
        }
        band->any = NULL;
        band->new_head = band->new_tail = band->old_head = band->old_tail = NULL;
        band->listed = 0;
    }
    q->fattest.flow = NULL;
}

void flowq_clear(struct flowq *q)
{
    for_each_band(q, band) clear_band(band);
    for (struct flowq_flow *f = q->acks.head; f != NULL; f = f->acks.next) {
        pkt_put(f->acks.waiting);
        f->acks.waiting = NULL;
    }
    give_sets_back(q);
    give_set_back(q, q->spare);
    if (q->bands != NULL) {
        arena_give(q->memory, q->bands[0].sets, FLOWQ_BANDS * BAND_SETS, sizeof *q->bands->sets);
        arena_give(q->memory, q->bands, FLOWQ_BANDS, sizeof *q->bands);
    }
    const struct pkt_share *share = q->share;
    flowq_init(q, q->seed, q->bytes_max, q->memory);
    q->share = share;
}

void flowq_give_back(struct flowq *q)
{
    if (q->bytes > 0)
        return;
    give_sets_back(q);
    flowq_grow(q);
}

/*
 * A place that another flow had, or nobody. It keeps its turn, and what it has sent of late: flows
 * that push each other out would all be sparse else.
 */
static void take_place(struct flowq_flow *f)
{
    *f = (struct flowq_flow){ .next = f->next,
                              .listed = f->listed,
                              .deficit_bytes = f->deficit_bytes,
                              .recent_bytes = f->recent_bytes,
                              .recent_at = f->recent_at,
                              .bulk_left = { -NS_PER_S },
                              .acks.left = { -NS_PER_S } };
}

/* NULL: there is no memory, and no flow of the band has any. */
static struct flowq_set *find_set(struct flowq *q, struct flowq_band *band, uint32_t hash)
{
    struct flowq_set **set = &band->sets[hash % band->set_count];
    if (*set != NULL)
        return *set;
    q->memory->wanted = true;
    if (q->spare == NULL)
        return band->any;
    *set = band->any = q->spare;
    q->spare = NULL;
    return *set;
}

/*
 * The place of a flow: its own, or of those where nothing waits the one that was used longest ago.
 * Only when something waits in all of them two flows share one.
 */
static struct flowq_flow *find_flow(struct flowq *q, struct flowq_band *band, uint32_t hash)
{
    struct flowq_set *set = find_set(q, band, hash);
    struct flowq_flow *oldest = NULL;
    if (set == NULL)
        return NULL;
    for (uint32_t i = 0; i < FLOWQ_WAYS; i++)
        if (set->tags[i] == (hash | 1))
            return &set->flows[i];
    for (struct flowq_flow *f = set->flows; f < set->flows + FLOWQ_WAYS; f++) {
        bool idle = f->packets.head == NULL && f->acks.waiting == NULL;
        if (idle && (oldest == NULL || tstamp_before(f->recent_at, oldest->recent_at)))
            oldest = f;
    }
    if (oldest == NULL)
        return &set->flows[hash / band->set_count % FLOWQ_WAYS];
    set->tags[oldest - set->flows] = hash | 1;
    take_place(oldest);
    return oldest;
}

static void list_append(struct flowq_flow **head, struct flowq_flow **tail, struct flowq_flow *f)
{
    f->next = NULL;
    if (*tail != NULL)
        (*tail)->next = f;
    else
        *head = f;
    *tail = f;
}

static void list_take_head(struct flowq_flow **head, struct flowq_flow **tail)
{
    *head = (*head)->next;
    if (*head == NULL)
        *tail = NULL;
}

/* A packet leaves the queues. */
static void count_out(struct flowq *q, const struct pkt *p)
{
    q->bytes -= p->len_bytes;
    if (p->policy != 0)
        q->banded--;
}

/* A super-packet counts as what is left of it. */
static void drop(struct flowq *q, struct pkt *p, uint64_t *counter)
{
    count_out(q, p);
    *counter += (uint64_t)(p->seg_count - p->seg_next);
    pkt_put(p);
}

/* The first packet of a flow that has one. */
static struct pkt *take_head(struct flowq_flow *f)
{
    struct pkt *p = pkt_list_pop(&f->packets);
    f->bytes -= p->len_bytes;
    return p;
}

/* Bytes the flow sent in the recent past, with this packet. */
static double recent_bytes(const struct flowq *q, struct flowq_flow *f, struct tstamp now,
                           uint32_t len)
{
    double age = (double)tstamp_sub(now, f->recent_at);
    f->recent_bytes = f->recent_bytes * exp(-age / q->sparse.recent_ns) + len;
    f->recent_at = now;
    return f->recent_bytes;
}

static int64_t ack_gap_most_ns(const struct flowq *q)
{
    int64_t most = (int64_t)((double)q->acks.gap_max_ns * q->acks.gap_scale);
    if (flowq_has_bulk(q) || q->banded > 0)
        return TCP_ACK_GAP_BULK * most;
    return most < TCP_ACK_GAP_FREE_NS ? most : TCP_ACK_GAP_FREE_NS;
}

int64_t flowq_ack_join_ns(const struct flowq *q)
{
    return ack_gap_most_ns(q) / TCP_ACK_JOIN_PARTS;
}

/*
 * Time between two pure acknowledgements of a flow: short at first, when a round trip is short and
 * each acknowledgement lets the sender grow; longer in the measure in which the flow lasts. Longest
 * where bulk waits for the same way, from which they take room.
 */
static int64_t ack_gap_ns(const struct flowq *q, const struct flowq_flow *f, struct tstamp now)
{
    int64_t gap = tstamp_sub(now, f->acks.since) / TCP_ACK_AGE_PARTS;
    int64_t most = ack_gap_most_ns(q);
    if (gap > most)
        gap = most;
    return gap < TCP_ACK_GAP_LEAST_NS ? TCP_ACK_GAP_LEAST_NS : gap;
}

/* Slow start doubles what came in every round trip, also in the longest. */
static void watch_start(const struct flowq *q, struct flowq_flow *f, struct tstamp now)
{
    uint32_t came = f->acks.tcp_ack - f->acks.first + ACK_FIRST_WINDOW;
    if (came / 2 >= f->acks.doubled) {
        f->acks.doubled = came;
        f->acks.doubled_at = now;
    } else if (tstamp_sub(now, f->acks.doubled_at) >
               TCP_ACK_START_RTTS * TCP_ACK_GAP_RTT_PARTS * q->acks.gap_max_ns) {
        f->acks.starting = false;
    }
}

/*
 * The delay that equalization adds would end slow start early: cubic's HyStart leaves it when the
 * round trip grows, but looks only at rounds with more than eight acknowledgements. So after the
 * first window each tells a tenth of the window, which in slow start is the first one and all that
 * was acknowledged since, or waits for a quarter of the longest round trip. Not one that
 * repeats the last: then a sender mends a loss and waits for every word.
 */
static struct tstamp ack_due(const struct flowq *q, const struct flowq_flow *f, struct tstamp now,
                             bool repeated)
{
    int64_t gap = ack_gap_ns(q, f, now);
    int64_t starting = TCP_ACK_START_GAPS * q->acks.gap_max_ns;
    uint32_t told = f->acks.told - f->acks.first;
    uint32_t window = told + ACK_FIRST_WINDOW;
    if (f->acks.starting && !repeated && told >= ACK_FIRST_WINDOW &&
        f->acks.tcp_ack - f->acks.told < window / TCP_ACK_START_PARTS && gap < starting)
        gap = starting;
    return tstamp_max(now, tstamp_add(f->acks.left, gap));
}

static void insert_ack(struct flowq *q, struct flowq_flow *f)
{
    struct flowq_flow **at = &q->acks.head;
    while (*at != NULL && !tstamp_before(f->acks.due, (*at)->acks.due))
        at = &(*at)->acks.next;
    f->acks.next = *at;
    *at = f;
}

static void remove_ack(struct flowq *q, struct flowq_flow *f)
{
    struct flowq_flow **at = &q->acks.head;
    while (*at != f)
        at = &(*at)->acks.next;
    *at = f->acks.next;
}

static void begin_acks(struct flowq_flow *f, struct tstamp now)
{
    f->acks.since = now;
    f->acks.first = f->acks.tcp_ack;
    f->acks.told = f->acks.tcp_ack;
    f->acks.doubled = ACK_FIRST_WINDOW;
    f->acks.doubled_at = now;
    f->acks.starting = true;
}

static void push_ack(struct flowq *q, struct flowq_flow *f, struct tstamp now, struct pkt *p,
                     uint32_t tcp_ack)
{
    bool waits = f->acks.waiting != NULL;
    bool repeated = tcp_ack == f->acks.tcp_ack;
    f->acks.tcp_ack = tcp_ack;
    if (waits)
        drop(q, f->acks.waiting, &q->acks.thinned);
    else if (tstamp_sub(now, f->acks.left) > TCP_ACK_BUSY_NS)
        begin_acks(f, now);
    f->acks.waiting = p;
    watch_start(q, f, now);
    struct tstamp due = ack_due(q, f, now, repeated);
    if (waits && !tstamp_before(due, f->acks.due))
        return;
    if (waits)
        remove_ack(q, f);
    f->acks.due = due;
    insert_ack(q, f);
}

const struct pkt *flowq_first_ack(const struct flowq *q)
{
    return q->acks.head != NULL ? q->acks.head->acks.waiting : NULL;
}

void flowq_put_off_ack(struct flowq *q, struct tstamp due)
{
    struct flowq_flow *f = q->acks.head;
    q->acks.head = f->acks.next;
    f->acks.due = due;
    insert_ack(q, f);
}

/* The flow that holds most; NULL: no bulk waits. */
static struct flowq_flow *find_fattest(struct flowq *q)
{
    struct flowq_flow *fattest = NULL;
    for_each_band(q, band)
    {
        for_each_listed(band, f)
        {
            if (f->packets.count > 0 && (fattest == NULL || f->bytes > fattest->bytes))
                fattest = f;
        }
    }
    return fattest;
}

static struct pkt *pop_any_sparse(struct flowq *q)
{
    for_each_band(q, band) if (band->sparse.head != NULL) return pkt_list_pop(&band->sparse);
    return NULL;
}

static bool is_fat(const struct flowq *q, const struct flowq_flow *f)
{
    return f->packets.count > 0 && f->bytes > q->fattest.bytes / QUEUE_FAT_PARTS;
}

/*
 * The flow that holds most, or more than half of that; NULL: no bulk waits. To look through all of
 * them costs more than a packet, so that is done once for many; until then those behind the last
 * one in its list take their turn.
 */
static struct flowq_flow *take_fat(struct flowq *q)
{
    struct flowq_flow *f = q->fattest.left > 0 ? q->fattest.flow : NULL;
    while (f != NULL && !is_fat(q, f))
        f = f->listed ? f->next : NULL;
    if (f == NULL) {
        f = find_fattest(q);
        q->fattest.bytes = f != NULL ? f->bytes : 0;
        q->fattest.left = QUEUE_FATTEST_PACKETS;
    }
    q->fattest.left--;
    q->fattest.flow = f;
    return f;
}

/* Full: a flow that holds much loses its oldest packet (RFC 8290, section 4.1.2). */
static bool drop_from_fattest(struct flowq *q, uint64_t *counter)
{
    struct flowq_flow *f = take_fat(q);
    struct pkt *p = f != NULL ? take_head(f) : pop_any_sparse(q);
    if (p != NULL)
        drop(q, p, counter);
    return p != NULL;
}

/* More buffers of the kind that came last than the peer may have. */
static bool is_over_share(const struct flowq *q, const struct pkt *last)
{
    return q->share != NULL && pkt_share_full(q->share, last);
}

bool flowq_next_is_small(const struct flowq *q)
{
    const struct flowq_flow *f = q->plain.new_head != NULL ? q->plain.new_head : q->plain.old_head;
    return f != NULL && f->packets.head != NULL && f->packets.head->len_bytes <= SMALL_FRAME_BYTES;
}

/*
 * What a flow may send in its turn: a full packet, but less where so many wait that a round of
 * full packets takes long. A flow of small packets would be silent for all of that time, and then
 * send many.
 */
static int64_t quantum_bytes(const struct flowq *q, const struct flowq_band *band)
{
    double bytes = q->sparse.rate_bps / 8e9 * QUEUE_ROUND_NS / (band->listed + 1);
    return (int64_t)fmin(fmax(bytes, QUEUE_LEAST_BYTES), FLOWQ_QUANTUM);
}

static void append(struct flowq *q, struct flowq_band *band, struct flowq_flow *f, struct pkt *p)
{
    f->bytes += p->len_bytes;
    pkt_list_push(&f->packets, p);
    if (f->listed)
        return;
    f->listed = true;
    f->deficit_bytes = quantum_bytes(q, band);
    band->listed++;
    list_append(&band->new_head, &band->new_tail, f);
}

static void count_in(struct flowq *q, const struct pkt *p)
{
    q->bytes += p->len_bytes;
    if (p->policy != 0)
        q->banded++;
}

void flowq_wait(struct flowq *q, struct pkt *p)
{
    struct flowq_band *band = flowq_band(q, p);
    count_in(q, p);
    struct flowq_flow *f = find_flow(q, band, p->flow_hash); /* it came before, so it has one */
    f->put_off = f->put_off || f->packets.head == NULL;
    append(q, band, f, p);
}

/* What was put off once may try to overtake again: else a call would wait for its turn for ever. */
static void retry(struct flowq_band *band, struct flowq_flow *f)
{
    while (f->packets.head != NULL)
        pkt_list_push(&band->sparse, take_head(f));
    f->put_off = false;
}

/*
 * What a TCP sent before is still on its way over the latest path: what overtakes it there looks
 * like a loss, and the window stays so small that the next packet is sparse again.
 */
static bool overtakes_itself(const struct flowq *q, const struct flowq_flow *f,
                             const struct ip_tcp *tcp, struct tstamp now)
{
    return tcp->data && tstamp_sub(now, f->bulk_left) < q->spread_ns;
}

static bool is_kept(struct flowq *q, struct tstamp now, const struct pkt *p, uint32_t tcp_end,
                    double recent_bytes)
{
    const struct largest_packet counted = {
        .hash = p->flow_hash,
        .tcp_end = tcp_end,
        .bytes = p->len_bytes,
        .recent_bytes = recent_bytes * RECENT_NS / q->sparse.recent_ns,
    };
    return largest_count(&q->largest, now, &counted);
}

void flowq_push(struct flowq *q, struct tstamp now, struct pkt *p)
{
    if (!ip_is(p, IP_WHOLE)) {
        q->dropped.bad += p->seg_count;
        pkt_put(p);
        return;
    }
    struct flowq_band *band = flowq_band(q, p);
    p->flow_hash = ip_flow_hash(p, q->seed);
    const struct ip_tcp tcp = ip_tcp(p);
    struct flowq_flow *f = find_flow(q, band, p->flow_hash);
    if (f == NULL) {
        q->dropped.memory += p->seg_count;
        pkt_put(p);
        return;
    }
    p->time = now;
    if (band == &q->plain)
        p->policy = 0;
    count_in(q, p);
    sparse_flow(&q->sparse, now, &f->turn);
    double recent = recent_bytes(q, f, now, p->len_bytes);
    if (f->put_off && f->packets.count <= QUEUE_RETRY_PACKETS && sparse_is(&q->sparse, recent))
        retry(band, f);
    bool waiting = f->packets.head != NULL || f->acks.waiting != NULL;
    bool kept = tcp.data && is_kept(q, now, p, tcp.end, recent);
    bool sparse = band->realtime || (sparse_is(&q->sparse, recent) && !waiting && !kept &&
                                     !overtakes_itself(q, f, &tcp, now));

    if (tcp.pure_ack && !band->realtime && p->gso == PKT_GSO_NONE &&
        (f->acks.waiting == NULL ||
         (f->hash == p->flow_hash && (int32_t)(tcp.ack - f->acks.tcp_ack) >= 0))) {
        push_ack(q, f, now, p, tcp.ack);
    } else if (sparse && p->gso == PKT_GSO_NONE) {
        pkt_list_push(&band->sparse, p);
        if (!band->realtime)
            sparse_spend(&q->sparse, now, p->len_bytes, recent, band->listed);
    } else {
        append(q, band, f, p);
        f->put_off = false;
    }
    f->hash = p->flow_hash;
    pkt_ref(p); /* it may be among what is dropped */
    while (q->bytes > q->bytes_max && drop_from_fattest(q, &q->dropped.full))
        ;
    while (is_over_share(q, p) && drop_from_fattest(q, &q->dropped.memory))
        ;
    pkt_put(p);
}

struct pkt *flowq_band_pop_sparse(struct flowq *q, struct flowq_band *band)
{
    struct pkt *p = pkt_list_pop(&band->sparse);
    if (p != NULL)
        count_out(q, p);
    return p;
}

struct pkt *flowq_pop_sparse(struct flowq *q)
{
    return flowq_band_pop_sparse(q, &q->plain);
}

/*
 * Many flows share the way back: each of them needs fewer, for the sum of their windows moves
 * smoothly though each moves in steps.
 */
static void count_ack_flow(struct flowq *q, struct flowq_flow *f, struct tstamp now)
{
    if (tstamp_reached(q->acks.turn_end, now)) {
        q->acks.gap_scale = fmin(sqrt(fmax(1, q->acks.flows)), TCP_ACK_GAP_SCALE_MOST);
        q->acks.flows = 0;
        q->acks.turn++;
        q->acks.turn_end = tstamp_add(now, TCP_ACK_TURN_NS);
    }
    if (f->acks.turn != q->acks.turn)
        q->acks.flows++;
    f->acks.turn = q->acks.turn;
}

struct pkt *flowq_pop_ack(struct flowq *q, struct tstamp now)
{
    struct flowq_flow *f = q->acks.head;
    if (f == NULL)
        return NULL;
    q->acks.head = f->acks.next;
    struct pkt *p = f->acks.waiting;
    f->acks.waiting = NULL;
    f->acks.left = now;
    f->acks.told = f->acks.tcp_ack;
    count_ack_flow(q, f, now);
    count_out(q, p);
    return p;
}

/* RFC 8289, section 3.3, with a floor: a sender needs a round trip to hear of the last drop. */
static struct tstamp control_law(const struct flowq_codel *c, struct tstamp t, uint32_t count)
{
    int64_t step = (int64_t)((double)c->interval_ns / sqrt((double)count));
    return tstamp_add(t, step > c->next_drop_min_ns ? step : c->next_drop_min_ns);
}

/* Whether the packet at the head has waited above the target for a whole interval. */
static bool should_drop(struct flowq *q, struct flowq_flow *f, struct tstamp now)
{
    const struct pkt *p = f->packets.head;
    if (p == NULL || q->codel.off || tstamp_sub(now, p->time) < q->codel.target_ns ||
        f->bytes <= CODEL_LEFT_PACKETS * FLOWQ_QUANTUM) {
        f->codel.first_above = (struct tstamp){ 0 };
        return false;
    }
    if (f->codel.first_above.ns == 0) {
        f->codel.first_above = tstamp_add(now, q->codel.interval_ns);
        return false;
    }
    return tstamp_reached(f->codel.first_above, now);
}

static bool has_waited(const struct flowq_flow *f, struct tstamp now, int64_t age_ns)
{
    return f->packets.head != NULL && tstamp_sub(now, f->packets.head->time) > age_ns;
}

/* Marks the head, or drops it if its sender does not speak ECN; true: dropped. */
static bool punish(struct flowq *q, struct flowq_flow *f, struct tstamp now)
{
    struct pkt *p = f->packets.head;
    int64_t keep_ns = q->codel.keep_ns;
    bool shorten = keep_ns > 0 && has_waited(f, now, CODEL_SHORTEN * keep_ns);
    if (ip_mark_ce(p))
        return false;
    do
        drop(q, take_head(f), &q->dropped.codel);
    while (shorten && q->bytes > FLOWQ_QUANTUM && has_waited(f, now, keep_ns));
    return true;
}

/* Runs CoDel over the head of a flow whose next packet has not begun to leave. */
static void codel_run(struct flowq *q, struct flowq_flow *f, struct tstamp now)
{
    const struct flowq_codel *c = &q->codel;
    bool over = should_drop(q, f, now);
    if (!over) {
        f->codel.dropping = false;
        return;
    }
    if (!f->codel.dropping) {
        f->codel.dropping = true;
        uint32_t delta = f->codel.count - f->codel.count_last;
        bool recent = tstamp_sub(now, f->codel.drop_next) < CODEL_RECENT_INTERVALS * c->interval_ns;
        f->codel.count = recent && delta > 1 ? delta : 1;
        f->codel.count_last = f->codel.count;
        f->codel.drop_next = control_law(c, now, f->codel.count);
        punish(q, f, now);
        return;
    }
    while (f->codel.dropping && tstamp_reached(f->codel.drop_next, now)) {
        f->codel.count++;
        bool gone = punish(q, f, now);
        f->codel.drop_next = control_law(c, f->codel.drop_next, f->codel.count);
        if (!gone || !should_drop(q, f, now))
            break;
    }
}

/*
 * What heeds no drop would stand in a queue as long as it may be. A flow whose turns are far apart
 * is not to blame for that: two rounds are the time of the packets that are left alone.
 */
static void drop_aged(struct flowq *q, struct flowq_flow *f, struct tstamp now)
{
    double turn_ns = q->sparse.rate_bps > 0 ? FLOWQ_QUANTUM * 8e9 / q->sparse.rate_bps : 0;
    double most_ns =
        fmax(CODEL_AGE_ROUNDS * turn_ns * q->plain.listed, (double)q->codel.interval_ns);
    most_ns = fmax(most_ns, CODEL_AGE_TARGETS * (double)q->codel.target_ns);
    while (f->packets.count > 1 && f->packets.head->seg_next == 0 &&
           has_waited(f, now, (int64_t)most_ns))
        drop(q, take_head(f), &q->dropped.codel);
}

static struct pkt *take_segment(struct flowq *q, struct flowq_flow *f, struct tstamp now,
                                uint16_t *seg)
{
    struct pkt *p = f->packets.head;
    *seg = p->seg_next++;
    f->bulk_left = now;
    f->deficit_bytes -= pkt_seg_bytes(p, *seg);
    if (p->seg_next < p->seg_count) {
        pkt_ref(p);
        return p;
    }
    take_head(f);
    count_out(q, p);
    return p;
}

struct pkt *flowq_band_pop_bulk(struct flowq *q, struct flowq_band *b, struct tstamp now,
                                uint16_t *seg)
{
    while (flowq_band_has_bulk(b)) {
        bool fresh = b->new_head != NULL;
        struct flowq_flow **head = fresh ? &b->new_head : &b->old_head;
        struct flowq_flow **tail = fresh ? &b->new_tail : &b->old_tail;
        struct flowq_flow *f = *head;
        if (f->deficit_bytes <= 0) {
            f->deficit_bytes += quantum_bytes(q, b);
            list_take_head(head, tail);
            list_append(&b->old_head, &b->old_tail, f);
            continue;
        }
        if (!q->codel.off && has_waited(f, now, CODEL_AGE_NS))
            drop_aged(q, f, now);
        if (f->packets.head != NULL && f->packets.head->seg_next == 0)
            codel_run(q, f, now);
        if (f->packets.head != NULL)
            return take_segment(q, f, now, seg);
        list_take_head(head, tail);
        if (fresh && b->old_head != NULL) {
            list_append(&b->old_head, &b->old_tail, f);
        } else {
            f->listed = false;
            b->listed--;
        }
    }
    return NULL;
}

struct pkt *flowq_pop_bulk(struct flowq *q, struct tstamp now, uint16_t *seg)
{
    return flowq_band_pop_bulk(q, &q->plain, now, seg);
}

const struct pkt *flowq_band_first(const struct flowq *q, struct flowq_band *b)
{
    while (flowq_band_has_bulk(b)) {
        bool fresh = b->new_head != NULL;
        struct flowq_flow **head = fresh ? &b->new_head : &b->old_head;
        struct flowq_flow *f = *head;
        if (f->packets.head != NULL && f->deficit_bytes > 0)
            return f->packets.head;
        list_take_head(head, fresh ? &b->new_tail : &b->old_tail);
        if (f->packets.head != NULL) {
            f->deficit_bytes += quantum_bytes(q, b);
            list_append(&b->old_head, &b->old_tail, f);
            continue;
        }
        f->listed = false; /* what it had was dropped */
        b->listed--;
    }
    return NULL;
}

void flowq_band_pass(struct flowq_band *b)
{
    bool fresh = b->new_head != NULL;
    struct flowq_flow **head = fresh ? &b->new_head : &b->old_head;
    struct flowq_flow *f = *head;
    list_take_head(head, fresh ? &b->new_tail : &b->old_tail);
    list_append(&b->old_head, &b->old_tail, f);
}

static bool expired(const struct pkt_list *l, struct tstamp oldest)
{
    return l->head != NULL && tstamp_before(l->head->time, oldest);
}

size_t flowq_expire(struct flowq *q, struct tstamp now, int64_t age_ns)
{
    struct tstamp oldest = tstamp_add(now, -age_ns);
    uint64_t n = 0;
    for_each_band(q, band)
    {
        while (expired(&band->sparse, oldest))
            drop(q, pkt_list_pop(&band->sparse), &n);
        for_each_listed(band, f) while (expired(&f->packets, oldest)) drop(q, take_head(f), &n);
    }
    while (q->acks.head != NULL && tstamp_before(q->acks.head->acks.waiting->time, oldest)) {
        pkt_put(flowq_pop_ack(q, now));
        n++;
    }
    return (size_t)n;
}
