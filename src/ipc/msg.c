/* SPDX-License-Identifier: ISC */
/*
 * The codecs of all messages, made of their fields in msg.h. A kind of field is a PUT_, a GET_ and
 * a PLAIN_ macro here; what they take is checked by the compiler, as they are expanded for each
 * field.
 */
#include "ipc/msg.h"

#include <string.h>

#include "base/cursor.h"
#include "base/plain.h"
#include "ipc/field.h"

/* What only one message has */

static void put_link(struct writer *w, const struct msg_link *m)
{
    const struct core_link *l = &m->link;
    write_u16(w, l->link);
    put_text(w, l->name, sizeof l->name - 1);
    put_bool(w, l->present);
    put_bool(w, l->carrier);
    put_bool(w, l->has_ipv4);
    put_bool(w, l->has_ipv6);
    put_addr(w, &l->local_ipv4);
    put_addr(w, &l->local_ipv6);
    put_addr(w, &l->gateway_ipv4);
    put_addr(w, &l->gateway_ipv6);
    write_u32(w, l->mtu_bytes);
    write_u8(w, l->use);
    write_u8(w, l->flags);
    write_u8(w, l->cost);
    write_u64(w, l->limit_up_bps);
    write_u64(w, l->limit_down_bps);
    write_u8(w, m->why_code);
    put_text(w, m->why, sizeof m->why - 1);
}

static void get_link(struct reader *r, struct msg_link *m)
{
    struct core_link *l = &m->link;
    l->link = read_u16(r);
    if (l->link >= WIRE_PATHS_MAX)
        r->failed = true;
    get_text(r, l->name, sizeof l->name - 1);
    l->present = get_bool(r);
    l->carrier = get_bool(r);
    l->has_ipv4 = get_bool(r);
    l->has_ipv6 = get_bool(r);
    get_addr(r, &l->local_ipv4);
    get_addr(r, &l->local_ipv6);
    get_addr(r, &l->gateway_ipv4);
    get_addr(r, &l->gateway_ipv6);
    l->mtu_bytes = read_u32(r);
    l->use = get_small(r, WIRE_PATH_DOWN);
    l->flags = get_small(r, WIRE_PATH_BUSY | WIRE_PATH_LAST_RESORT);
    l->cost = get_small(r, WIRE_COST_MAX);
    l->limit_up_bps = read_u64(r);
    l->limit_down_bps = read_u64(r);
    m->why_code = get_small(r, MSG_LINK_WHY_COUNT - 1);
    get_text(r, m->why, sizeof m->why - 1);
}

const char *msg_link_why_name(uint8_t why)
{
    static const char *const names[MSG_LINK_WHY_COUNT] = {
        [MSG_LINK_NO_INTERFACE] = "no-interface", [MSG_LINK_DOWN] = "interface-down",
        [MSG_LINK_NO_CARRIER] = "no-carrier",     [MSG_LINK_NO_ADDRESS] = "no-local-address",
        [MSG_LINK_NO_ROUTE] = "no-default-route", [MSG_LINK_NO_SOCKET] = "no-socket",
    };
    return why < MSG_LINK_WHY_COUNT ? names[why] : NULL;
}

static void put_action(struct writer *w, const struct core_policy *a)
{
    write_u8(w, (uint8_t)a->mode);
    write_u8(w, (uint8_t)a->class);
    put_bool(w, a->fallback);
    if (a->link_count > CORE_POLICY_LINKS_MAX)
        w->failed = true;
    write_u8(w, a->link_count);
    for (uint8_t i = 0; writer_ok(w) && i < a->link_count; i++)
        put_text(w, a->links[i], WIRE_LINK_NAME_MAX);
}

static void get_action(struct reader *r, struct core_policy *a)
{
    a->used = true;
    a->mode = (enum bond_mode)get_small(r, BOND_MODE_SINGLE);
    a->class = (enum bond_class)get_small(r, BOND_CLASS_BULK);
    a->fallback = get_bool(r);
    a->link_count = get_small(r, CORE_POLICY_LINKS_MAX);
    for (uint8_t i = 0; i < a->link_count; i++)
        get_text(r, a->links[i], WIRE_LINK_NAME_MAX);
}

static void put_step(struct writer *w, const struct filter_step *s)
{
    write_u16(w, s->code);
    write_u8(w, s->jump_true);
    write_u8(w, s->jump_false);
    write_u32(w, s->k);
}

static void get_step(struct reader *r, struct filter_step *s)
{
    s->code = read_u16(r);
    s->jump_true = read_u8(r);
    s->jump_false = read_u8(r);
    s->k = read_u32(r);
}

static void put_restored(struct writer *w, const struct restored *m)
{
    for (unsigned i = 0; i < RESTORED_COUNT; i++)
        write_u32(w, m->count[i]);
}

static void get_restored(struct reader *r, struct restored *m)
{
    for (unsigned i = 0; i < RESTORED_COUNT; i++)
        m->count[i] = read_u32(r);
}

/* Kinds that several have */

static void put_number(struct writer *w, uint64_t value, uint64_t max, size_t bytes)
{
    if (value > max)
        w->failed = true;
    if (bytes == 1)
        write_u8(w, (uint8_t)value);
    else if (bytes == 2)
        write_u16(w, (uint16_t)value);
    else if (bytes == 4)
        write_u32(w, (uint32_t)value);
    else
        write_u64(w, value);
}

static uint64_t get_number(struct reader *r, uint64_t max, size_t bytes)
{
    uint64_t value = bytes == 1   ? read_u8(r)
                     : bytes == 2 ? read_u16(r)
                     : bytes == 4 ? read_u32(r)
                                  : read_u64(r);
    if (value <= max)
        return value;
    r->failed = true;
    return 0;
}

static void put_prefix(struct writer *w, const struct netprefix *p)
{
    write_u8(w, p->family);
    write_u8(w, p->len);
    write_bytes(w, p->addr, sizeof p->addr);
}

static void get_prefix(struct reader *r, struct netprefix *p)
{
    p->family = read_u8(r);
    p->len = read_u8(r);
    read_copy(r, p->addr, sizeof p->addr);
    if ((p->family != 4 && p->family != 6) || p->len > (p->family == 4 ? 32 : 128))
        r->failed = true;
}

static void get_masked(struct reader *r, struct netprefix *p)
{
    get_prefix(r, p);
    struct netprefix masked = *p;
    if (!r->failed)
        netprefix_mask(&masked);
    if (memcmp(masked.addr, p->addr, sizeof masked.addr) != 0)
        r->failed = true;
}

#define PUT_u16(x) write_u16(w, x);
#define GET_u16(x) x = read_u16(r);
#define PUT_u32(x) write_u32(w, x);
#define GET_u32(x) x = read_u32(r);
#define PUT_u64(x) write_u64(w, x);
#define GET_u64(x) x = read_u64(r);
#define PUT_flag(x) put_bool(w, x);
#define GET_flag(x) x = get_bool(r);
#define PUT_upto(x, max) put_number(w, x, max, sizeof x);
#define GET_upto(x, max) x = (__typeof__(x))get_number(r, max, sizeof x);
#define PUT_text(x) put_text(w, x, sizeof x - 1);
#define GET_text(x) get_text(r, x, sizeof x - 1);
#define PUT_bytes(x) write_bytes(w, x, sizeof x);
#define GET_bytes(x) read_copy(r, x, sizeof x);
#define PUT_addr(x) put_addr(w, &x);
#define GET_addr(x) get_addr(r, &x);
#define PUT_link(x) put_link(w, &x);
#define GET_link(x) get_link(r, &x);
#define PUT_action(x) put_action(w, &x);
#define GET_action(x) get_action(r, &x);
#define PUT_restored(x) put_restored(w, &x);
#define GET_restored(x) get_restored(r, &x);
#define PUT_problems(x) put_problems(w, &x);
#define GET_problems(x) get_problems(r, &x);

/* Arrays: their count, and so many. */
#define PUT_EACH(put, x, count, max)                                                               \
    PUT_upto(m->count, max) for (size_t i = 0; writer_ok(w) && i < m->count; i++) put(w, &x[i]);
#define GET_EACH(get, x, count, max)                                                               \
    GET_upto(m->count, max) for (size_t i = 0; reader_ok(r) && i < m->count; i++) get(r, &x[i]);
#define PUT_addrs(x, count, max) PUT_EACH(put_addr, x, count, max)
#define GET_addrs(x, count, max) GET_EACH(get_addr, x, count, max)
#define PUT_prefixes(x, count, max) PUT_EACH(put_prefix, x, count, max)
#define GET_prefixes(x, count, max) GET_EACH(get_prefix, x, count, max)
#define PUT_masked(x, count, max) PUT_EACH(put_prefix, x, count, max)
#define GET_masked(x, count, max) GET_EACH(get_masked, x, count, max)
#define PUT_steps(x, count, max) PUT_EACH(put_step, x, count, max)
#define GET_steps(x, count, max) GET_EACH(get_step, x, count, max)

/* Every message as two functions */

#define PUT(kind, at, ...) PUT_##kind(m->at __VA_OPT__(, ) __VA_ARGS__)
#define GET(kind, at, ...) GET_##kind(m->at __VA_OPT__(, ) __VA_ARGS__)
#define FUNCTIONS(type, fields)                                                                    \
    static void put_##type(struct writer *w, const struct msg *m)                                  \
    {                                                                                              \
        (void)w;                                                                                   \
        (void)m;                                                                                   \
        MSG_FIELDS_##fields(PUT)                                                                   \
    }                                                                                              \
    static void get_##type(struct reader *r, struct msg *m)                                        \
    {                                                                                              \
        (void)r;                                                                                   \
        (void)m;                                                                                   \
        MSG_FIELDS_##fields(GET)                                                                   \
    }
MSG_TABLE(FUNCTIONS)

static const struct {
    void (*put)(struct writer *w, const struct msg *m);
    void (*get)(struct reader *r, struct msg *m);
} forms[MSG_TYPE_END] = {
#define FORM(type, fields) [MSG_##type] = { put_##type, get_##type },
    MSG_TABLE(FORM)
#undef FORM
};

static bool is_known(enum msg_type type)
{
    return type < MSG_TYPE_END && forms[type].put != NULL;
}

size_t msg_encode(const struct msg *m, uint8_t out[MSG_BYTES_MAX])
{
    struct writer w = writer_of(out, MSG_BYTES_MAX);
    if (!is_known(m->type))
        return 0;
    write_u8(&w, (uint8_t)m->type);
    forms[m->type].put(&w, m);
    return writer_len(&w);
}

bool msg_decode(struct msg *out, const uint8_t *data, size_t len_bytes)
{
    struct reader r = reader_of(data, len_bytes);
    enum msg_type type = (enum msg_type)read_u8(&r);
    memset(out, 0, sizeof *out);
    if (!reader_ok(&r) || !is_known(type))
        return false;
    out->type = type;
    forms[type].get(&r, out);
    return reader_ok(&r) && reader_left(&r) == 0;
}

/* Texts that hooks, logs and terminals get. */
void msg_make_plain(struct msg *m)
{
#define SKIP(...)
#define PLAIN_text(x) plain_text(x);
#define PLAIN_u16 SKIP
#define PLAIN_u32 SKIP
#define PLAIN_u64 SKIP
#define PLAIN_flag SKIP
#define PLAIN_upto SKIP
#define PLAIN_bytes SKIP
#define PLAIN_addr SKIP
#define PLAIN_addrs SKIP
#define PLAIN_prefixes SKIP
#define PLAIN_masked SKIP
#define PLAIN_steps SKIP
#define PLAIN_action SKIP
#define PLAIN_link SKIP
#define PLAIN_restored SKIP
#define PLAIN_problems SKIP
#define PLAIN(kind, at, ...) PLAIN_##kind(m->at)
#define PLAIN_CASE(type, fields)                                                                   \
    case MSG_##type:                                                                               \
        MSG_FIELDS_##fields(PLAIN) break;
    switch (m->type) {
        MSG_TABLE(PLAIN_CASE)
    case MSG_NONE:
    case MSG_TYPE_END:
        break;
    }
}
