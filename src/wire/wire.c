/* SPDX-License-Identifier: ISC */
#include "wire/wire.h"

const char *wire_cipher_name(uint8_t cipher)
{
    switch (cipher) {
    case WIRE_CIPHER_AES256_GCM:
        return "aes-256-gcm";
    case WIRE_CIPHER_CHACHA20_POLY1305:
        return "chacha20-poly1305";
    default: /* a number from elsewhere, not the enum */
        return NULL;
    }
}

#include <assert.h>
#include <errno.h>
#include <string.h>

void wire_put_header(uint8_t out[WIRE_HEADER_BYTES], const struct wire_header *h)
{
    struct writer w = writer_of(out, WIRE_HEADER_BYTES);
    write_u8(&w, WIRE_TRANSPORT);
    write_u8(&w, h->path);
    write_u32(&w, h->receiver);
    write_u32(&w, h->pn);
}

bool wire_get_header(const uint8_t *data, size_t len_bytes, struct wire_header *out)
{
    struct reader r = reader_of(data, len_bytes);
    if (len_bytes < WIRE_HEADER_BYTES + 1 + WIRE_TAG_BYTES || read_u8(&r) != WIRE_TRANSPORT)
        return false;
    out->path = read_u8(&r);
    out->receiver = read_u32(&r);
    out->pn = read_u32(&r);
    return out->path < WIRE_PATHS_MAX;
}

uint64_t wire_expand_pn(uint32_t low, uint64_t expected)
{
    const uint64_t window = UINT64_C(1) << 32;
    uint64_t candidate = (expected & ~(window - 1)) | low;
    if (candidate + window / 2 <= expected)
        return candidate + window;
    if (candidate > expected + window / 2 && candidate >= window)
        return candidate - window;
    return candidate;
}

void wire_nonce(uint8_t out[12], uint8_t path, uint64_t pn)
{
    struct writer w = writer_of(out, 12);
    write_u32(&w, path);
    write_u64(&w, pn);
}

void wire_put_data(uint8_t out[WIRE_DATA_BYTES], const struct wire_data *d)
{
    struct writer w = writer_of(out, WIRE_DATA_BYTES);
    write_u8(&w, (uint8_t)(WIRE_DATA | d->flags));
    write_u16(&w, d->lane);
    write_u32(&w, d->sequence);
    write_be(&w, d->sent_us & 0xffffff, 3);
}

bool wire_get_data(const uint8_t *data, size_t len_bytes, struct wire_data *out)
{
    struct reader r = reader_of(data, len_bytes);
    uint8_t first = read_u8(&r);
    out->flags = first & WIRE_DATA_FLAGS;
    out->lane = read_u16(&r);
    out->sequence = read_u32(&r);
    out->sent_us = (uint32_t)read_be(&r, 3);
    return reader_left(&r) > 0 && (first & ~WIRE_DATA_FLAGS) == WIRE_DATA &&
           out->lane < WIRE_LANES_MAX;
}

static uint64_t zigzag(int32_t v)
{
    return v < 0 ? (uint64_t)(-(int64_t)v) * 2 - 1 : (uint64_t)v * 2;
}

static bool unzigzag(uint64_t u, int32_t *out)
{
    if (u > UINT32_MAX)
        return false;
    int64_t v = (int64_t)(u >> 1);
    *out = (int32_t)(u & 1 ? -v - 1 : v);
    return true;
}

void wire_put_ack(struct writer *w, const struct wire_ack *a)
{
    write_u8(w, WIRE_ACK);
    write_u8(w, a->path);
    write_u32(w, a->largest);
    write_u32(w, a->time_us);
    write_varint(w, a->delay_us);
    write_u8(w, a->range_count);
    write_u8(w, a->time_count);
    write_varint(w, a->ranges[0].len);
    for (unsigned i = 1; i < a->range_count; i++) {
        write_varint(w, a->ranges[i].gap);
        write_varint(w, a->ranges[i].len);
    }
    write_varint(w, a->times[0].count);
    for (unsigned i = 1; i < a->time_count; i++) {
        write_varint(w, a->times[i].count);
        write_varint(w, zigzag(a->times[i].back_us));
    }
}

static uint32_t varint_bytes(uint64_t v)
{
    if (v < UINT64_C(1) << 14)
        return v < UINT64_C(1) << 6 ? 1 : 2;
    return v < UINT64_C(1) << 30 ? 4 : 8;
}

uint32_t wire_ack_bytes(const struct wire_ack *a)
{
    uint32_t n = 1 + 1 + 4 + 4 + varint_bytes(a->delay_us) + 1 + 1;
    n += varint_bytes(a->ranges[0].len) + varint_bytes(a->times[0].count);
    for (unsigned i = 1; i < a->range_count; i++)
        n += varint_bytes(a->ranges[i].gap) + varint_bytes(a->ranges[i].len);
    for (unsigned i = 1; i < a->time_count; i++)
        n += varint_bytes(a->times[i].count) + varint_bytes(zigzag(a->times[i].back_us));
    return n;
}

/* A count in an acknowledgement: at least 1, and no more than a path can have in flight. */
static bool get_count(struct reader *r, uint32_t *out)
{
    uint64_t v = read_varint(r);
    *out = (uint32_t)v;
    return v >= 1 && v <= INT32_MAX;
}

static bool get_ack(struct reader *r, struct wire_ack *a)
{
    a->path = read_u8(r);
    a->largest = read_u32(r);
    a->time_us = read_u32(r);
    uint64_t delay_us = read_varint(r);
    a->delay_us = (uint32_t)delay_us;
    a->range_count = read_u8(r);
    a->time_count = read_u8(r);
    if (a->path >= WIRE_PATHS_MAX || delay_us > UINT32_MAX || a->range_count < 1 ||
        a->range_count > WIRE_ACK_RANGES_MAX || a->time_count < 1 ||
        a->time_count > WIRE_ACK_TIMES_MAX)
        return false;
    bool good = true;
    for (unsigned i = 0; good && i < a->range_count; i++) {
        a->ranges[i].gap = 0;
        good = (i == 0 || get_count(r, &a->ranges[i].gap)) && get_count(r, &a->ranges[i].len);
    }
    for (unsigned i = 0; good && i < a->time_count; i++) {
        a->times[i].back_us = 0;
        good = get_count(r, &a->times[i].count) &&
               (i == 0 || unzigzag(read_varint(r), &a->times[i].back_us));
    }
    return good;
}

static void put_status(struct writer *w, const struct wire_path_status *s)
{
    write_u8(w, s->path);
    write_u32(w, s->sequence);
    write_u8(w, (uint8_t)(s->use | s->flags << 2 | s->cost << 4));
    write_varint(w, s->limit_kbps);
    write_u16(w, s->datagram_bytes);
    write_u8(w, s->name_len);
    write_bytes(w, s->name, s->name_len);
}

/* Names come from the peer and are shown to people: printable ASCII only. */
static bool name_good(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (name[i] <= ' ' || name[i] > '~')
            return false;
    return true;
}

static bool get_status(struct reader *r, struct wire_path_status *s)
{
    s->path = read_u8(r);
    s->sequence = read_u32(r);
    uint8_t mode = read_u8(r);
    s->use = mode & 3;
    s->flags = mode >> 2 & 3;
    s->cost = mode >> 4;
    s->limit_kbps = read_varint(r);
    s->datagram_bytes = read_u16(r);
    s->name_len = read_u8(r);
    if (s->path >= WIRE_PATHS_MAX || s->use > WIRE_PATH_DOWN || s->name_len > WIRE_LINK_NAME_MAX)
        return false;
    memset(s->name, 0, sizeof s->name);
    read_copy(r, s->name, s->name_len);
    return name_good(s->name, s->name_len);
}

static size_t prefix_bytes(const struct netprefix *p)
{
    return (p->len + 7U) / 8;
}

static void put_accepted(struct writer *w, const struct wire_accepted *a)
{
    write_u32(w, a->sequence);
    write_u8(w, a->count);
    for (unsigned i = 0; i < a->count; i++) {
        write_u8(w, a->list[i].family);
        write_u8(w, a->list[i].len);
        write_bytes(w, a->list[i].addr, prefix_bytes(&a->list[i]));
    }
}

static bool get_prefix(struct reader *r, struct netprefix *p)
{
    memset(p, 0, sizeof *p);
    p->family = read_u8(r);
    p->len = read_u8(r);
    if ((p->family != 4 && p->family != 6) || p->len > (p->family == 4 ? 32 : 128))
        return false;
    read_copy(r, p->addr, prefix_bytes(p));
    struct netprefix masked = *p;
    netprefix_mask(&masked);
    return memcmp(masked.addr, p->addr, sizeof p->addr) == 0;
}

static bool get_accepted(struct reader *r, struct wire_accepted *a)
{
    a->sequence = read_u32(r);
    a->count = read_u8(r);
    bool good = a->count <= WIRE_ACCEPTED_MAX;
    for (unsigned i = 0; good && i < a->count; i++)
        good = get_prefix(r, &a->list[i]);
    return good;
}

static void put_report(struct writer *w, const struct wire_report *p)
{
    write_u8(w, p->cpu);
    write_u8(w, p->limit);
    write_u8(w, p->version_len);
    write_bytes(w, p->version, p->version_len);
    write_u8(w, p->count);
    for (unsigned i = 0; i < p->count; i++) {
        write_u8(w, p->paths[i].path);
        write_u8(w, p->paths[i].use);
        write_u8(w, p->paths[i].why);
        write_varint(w, p->paths[i].rate_kbps);
        write_u16(w, p->paths[i].loss);
        write_varint(w, p->paths[i].queue_100us);
    }
}

static bool get_report_path(struct reader *r, struct wire_report_path *p)
{
    p->path = read_u8(r);
    p->use = read_u8(r);
    p->why = read_u8(r);
    uint64_t rate_kbps = read_varint(r);
    p->loss = read_u16(r);
    uint64_t queue_100us = read_varint(r);
    p->rate_kbps = (uint32_t)rate_kbps;
    p->queue_100us = (uint32_t)queue_100us;
    return p->path < WIRE_PATHS_MAX && p->use <= WIRE_PATH_DOWN &&
           p->loss <= WIRE_REPORT_LOSS_ALL && rate_kbps <= WIRE_REPORT_VALUE_MAX &&
           queue_100us <= WIRE_REPORT_VALUE_MAX;
}

static bool get_report(struct reader *r, struct wire_report *p)
{
    p->cpu = read_u8(r);
    p->limit = read_u8(r);
    p->version_len = read_u8(r);
    if (p->version_len > WIRE_VERSION_NAME_MAX ||
        (p->cpu > WIRE_REPORT_CPU_ALL && p->cpu != WIRE_REPORT_CPU_UNKNOWN))
        return false;
    memset(p->version, 0, sizeof p->version);
    read_copy(r, p->version, p->version_len);
    p->count = read_u8(r);
    bool good = name_good(p->version, p->version_len) && p->count <= WIRE_PATHS_MAX;
    for (unsigned i = 0; good && i < p->count; i++)
        good =
            get_report_path(r, &p->paths[i]) && (i == 0 || p->paths[i].path > p->paths[i - 1].path);
    return good;
}

static void put_packet(struct writer *w, const struct wire_packet *p)
{
    uint8_t header[WIRE_DATA_BYTES];
    wire_put_data(header, &p->data);
    write_varint(w, p->inner_bytes);
    write_bytes(w, header, sizeof header);
    write_bytes(w, p->inner, p->inner_bytes);
}

static bool get_packet(struct reader *r, struct wire_packet *p)
{
    uint64_t inner_bytes = read_varint(r);
    if (inner_bytes > WIRE_DATAGRAM_MAX)
        return false;
    size_t len_bytes = WIRE_DATA_BYTES + (size_t)inner_bytes;
    const uint8_t *frame = read_bytes(r, len_bytes);
    if (frame == NULL || !wire_get_data(frame, len_bytes, &p->data))
        return false;
    p->inner = frame + WIRE_DATA_BYTES;
    p->inner_bytes = (size_t)inner_bytes;
    return true;
}

static void put_close(struct writer *w, const struct wire_close *c)
{
    write_u8(w, c->reason);
    if (c->reason != WIRE_CLOSE_REPLACED_BY)
        return;
    write_u8(w, c->by.family);
    write_bytes(w, c->by.addr, c->by.family == 6 ? 16 : 4);
    write_u16(w, c->by.port);
}

static bool get_close(struct reader *r, struct wire_close *c)
{
    memset(c, 0, sizeof *c);
    c->reason = read_u8(r);
    if (c->reason != WIRE_CLOSE_REPLACED_BY)
        return true;
    c->by.family = read_u8(r);
    if (c->by.family != 4 && c->by.family != 6)
        return false;
    read_copy(r, c->by.addr, c->by.family == 6 ? 16 : 4);
    c->by.port = read_u16(r);
    return true;
}

void wire_put_frame(struct writer *w, const struct wire_frame_value *f)
{
    if (f->type == WIRE_ACK) {
        wire_put_ack(w, &f->ack);
        return;
    }
    write_u8(w, (uint8_t)f->type);
    switch (f->type) {
    case WIRE_PATH_CHALLENGE:
    case WIRE_PATH_RESPONSE:
        write_bytes(w, f->token, sizeof f->token);
        break;
    case WIRE_PATH_STATUS:
        put_status(w, &f->status);
        break;
    case WIRE_CLOSE:
        put_close(w, &f->close);
        break;
    case WIRE_PACKET:
        put_packet(w, &f->packet);
        break;
    case WIRE_REPORT_ASK:
        write_u8(w, f->report_s);
        break;
    case WIRE_REPORT:
        put_report(w, &f->report);
        break;
    case WIRE_ACCEPTED:
        put_accepted(w, &f->accepted);
        break;
    case WIRE_RATE_LIMIT:
        write_u32(w, f->rate_limit.sequence);
        write_varint(w, f->rate_limit.kbps);
        break;
    case WIRE_ACK:
    case WIRE_PADDING:
    case WIRE_PING:
    case WIRE_DATA:
        break;
    }
}

/* A datagram may be full of it. */
static void skip_padding(struct reader *r)
{
    static const uint8_t padding[32] = { WIRE_PADDING };
    while (reader_left(r) >= sizeof padding && memcmp(r->at, padding, sizeof padding) == 0)
        read_bytes(r, sizeof padding);
    while (reader_left(r) > 0 && *r->at == WIRE_PADDING)
        read_u8(r);
}

int wire_get_frame(struct reader *r, struct wire_frame_value *out)
{
    skip_padding(r);
    if (reader_left(r) == 0)
        return 0;
    uint8_t type = read_u8(r);
    bool good = true;
    switch (type) {
    case WIRE_PING:
        break;
    case WIRE_ACK:
        good = get_ack(r, &out->ack);
        break;
    case WIRE_PATH_CHALLENGE:
    case WIRE_PATH_RESPONSE:
        read_copy(r, out->token, sizeof out->token);
        break;
    case WIRE_PATH_STATUS:
        good = get_status(r, &out->status);
        break;
    case WIRE_CLOSE:
        good = get_close(r, &out->close);
        break;
    case WIRE_PACKET:
        good = get_packet(r, &out->packet);
        break;
    case WIRE_REPORT_ASK:
        out->report_s = read_u8(r);
        break;
    case WIRE_REPORT:
        good = get_report(r, &out->report);
        break;
    case WIRE_ACCEPTED:
        good = get_accepted(r, &out->accepted);
        break;
    case WIRE_RATE_LIMIT:
        out->rate_limit.sequence = read_u32(r);
        out->rate_limit.kbps = read_varint(r);
        break;
    default:
        good = false;
        break;
    }
    out->type = (enum wire_frame)type;
    return good && reader_ok(r) ? 1 : -EBADMSG;
}

static_assert((int)WIRE_CHALLENGE_BYTES == (int)WIRE_EPOCH_BYTES, "one has the other's place");

size_t wire_put_hello(uint8_t out[WIRE_HELLO_LONG_BYTES], const struct wire_hello *h)
{
    struct writer w = writer_of(out, WIRE_HELLO_LONG_BYTES);
    write_bytes(&w, h->timestamp, sizeof h->timestamp);
    write_bytes(&w, h->epoch, sizeof h->epoch);
    write_u8(&w, h->version);
    write_u8(&w, h->ciphers);
    write_u8(&w, h->preferred);
    write_u8(&w, h->features);
    if (h->challenged)
        write_bytes(&w, h->challenge, sizeof h->challenge);
    return writer_len(&w);
}

static bool cipher_known(uint8_t cipher)
{
    return cipher == WIRE_CIPHER_AES256_GCM || cipher == WIRE_CIPHER_CHACHA20_POLY1305;
}

bool wire_get_hello(const uint8_t *data, size_t len_bytes, struct wire_hello *out)
{
    struct reader r = reader_of(data, len_bytes);
    read_copy(&r, out->timestamp, sizeof out->timestamp);
    read_copy(&r, out->epoch, sizeof out->epoch);
    out->version = read_u8(&r);
    out->ciphers = read_u8(&r);
    out->preferred = read_u8(&r);
    out->features = read_u8(&r);
    out->challenged = len_bytes == WIRE_HELLO_LONG_BYTES;
    memset(out->challenge, 0, sizeof out->challenge);
    if (out->challenged)
        read_copy(&r, out->challenge, sizeof out->challenge);
    return reader_ok(&r) && reader_left(&r) == 0 && cipher_known(out->preferred);
}

void wire_put_welcome(uint8_t out[WIRE_WELCOME_BYTES], const struct wire_welcome *h)
{
    struct writer w = writer_of(out, WIRE_WELCOME_BYTES);
    write_bytes(&w, h->epoch, sizeof h->epoch);
    write_u8(&w, h->version);
    write_u8(&w, h->cipher);
    write_u8(&w, h->features);
    write_u8(&w, h->refusal);
}

bool wire_get_welcome(const uint8_t *data, size_t len_bytes, struct wire_welcome *out)
{
    struct reader r = reader_of(data, len_bytes);
    read_copy(&r, out->epoch, sizeof out->epoch);
    out->version = read_u8(&r);
    out->cipher = read_u8(&r);
    out->features = read_u8(&r);
    out->refusal = read_u8(&r);
    bool refused = out->cipher == 0 && out->refusal != WIRE_REFUSAL_NONE;
    return reader_ok(&r) && (refused || cipher_known(out->cipher));
}

/* Type, three zero bytes, an index. */
static struct writer begin_message(uint8_t *out, size_t len, enum wire_type type, uint32_t index)
{
    memset(out, 0, len);
    struct writer w = writer_of(out, len);
    write_u8(&w, (uint8_t)type);
    write_be(&w, 0, 3);
    write_u32(&w, index);
    return w;
}

size_t wire_put_initiation(uint8_t out[WIRE_INITIATION_LONG_BYTES], uint32_t sender,
                           bool challenged)
{
    size_t len = challenged ? WIRE_INITIATION_LONG_BYTES : WIRE_INITIATION_BYTES;
    begin_message(out, len, WIRE_INITIATION, sender);
    return len;
}

void wire_put_response(uint8_t out[WIRE_RESPONSE_BYTES], uint32_t sender, uint32_t receiver)
{
    struct writer w = begin_message(out, WIRE_RESPONSE_BYTES, WIRE_RESPONSE, sender);
    write_u32(&w, receiver);
}

void wire_put_cookie(uint8_t out[WIRE_COOKIE_BYTES], uint32_t receiver)
{
    begin_message(out, WIRE_COOKIE_BYTES, WIRE_COOKIE, receiver);
}

static bool open_message(struct reader *r, size_t len, size_t exact, enum wire_type type)
{
    return len == exact && read_be(r, 4) == (uint64_t)type << 24;
}

bool wire_get_initiation(const uint8_t *data, size_t len_bytes, struct wire_initiation *out)
{
    struct reader r = reader_of(data, len_bytes);
    bool challenged = len_bytes == WIRE_INITIATION_LONG_BYTES;
    size_t exact = challenged ? WIRE_INITIATION_LONG_BYTES : WIRE_INITIATION_BYTES;
    if (!open_message(&r, len_bytes, exact, WIRE_INITIATION))
        return false;
    out->sender = read_u32(&r);
    out->noise_bytes = WIRE_INITIATION_NOISE_BYTES + (exact - WIRE_INITIATION_BYTES);
    out->noise = read_bytes(&r, out->noise_bytes);
    out->mac1 = read_bytes(&r, WIRE_MAC_BYTES);
    out->mac2 = read_bytes(&r, WIRE_MAC_BYTES);
    return reader_ok(&r);
}

bool wire_get_response(const uint8_t *data, size_t len_bytes, struct wire_response *out)
{
    struct reader r = reader_of(data, len_bytes);
    if (!open_message(&r, len_bytes, WIRE_RESPONSE_BYTES, WIRE_RESPONSE))
        return false;
    out->sender = read_u32(&r);
    out->receiver = read_u32(&r);
    out->noise = read_bytes(&r, WIRE_RESPONSE_NOISE_BYTES);
    out->mac1 = read_bytes(&r, WIRE_MAC_BYTES);
    out->mac2 = read_bytes(&r, WIRE_MAC_BYTES);
    return reader_ok(&r);
}

bool wire_get_cookie(const uint8_t *data, size_t len_bytes, struct wire_cookie *out)
{
    struct reader r = reader_of(data, len_bytes);
    if (!open_message(&r, len_bytes, WIRE_COOKIE_BYTES, WIRE_COOKIE))
        return false;
    out->receiver = read_u32(&r);
    out->nonce = read_bytes(&r, WIRE_COOKIE_NONCE_BYTES);
    out->sealed = read_bytes(&r, WIRE_MAC_BYTES + WIRE_TAG_BYTES);
    return reader_ok(&r);
}
