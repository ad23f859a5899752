/* SPDX-License-Identifier: ISC */
#include "guard/firewall/firewall_program.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/plain.h"
#include "guard/firewall/firewall_look.h"
#include "ipc/field.h"
#include "ipc/helper.h"
#include "sys/memory.h"
#include "sys/sandbox.h"

enum { SECONDS_MAX = 60 };

/* Messages */

static void put_question(struct writer *w, const struct firewall_question *q)
{
    write_u8(w, (uint8_t)q->hook);
    put_text(w, q->tunnel, sizeof q->tunnel - 1);
    put_text(w, q->other, sizeof q->other - 1);
    put_bool(w, q->inward);
    for (unsigned f = 0; f < FIREWALL_FAMILIES; f++) {
        put_bool(w, q->asked[f]);
        put_addr(w, &q->inside[f]);
        put_addr(w, &q->outside[f]);
    }
    write_u16(w, q->port);
}

static void get_question(struct reader *r, struct firewall_question *q)
{
    q->hook = (enum firewall_hook)get_small(r, FIREWALL_INPUT);
    get_text(r, q->tunnel, sizeof q->tunnel - 1);
    get_text(r, q->other, sizeof q->other - 1);
    q->inward = get_bool(r);
    for (unsigned f = 0; f < FIREWALL_FAMILIES; f++) {
        q->asked[f] = get_bool(r);
        get_addr(r, &q->inside[f]);
        get_addr(r, &q->outside[f]);
    }
    q->port = read_u16(r);
}

size_t firewall_encode_request(const struct firewall_request *q, uint8_t out[FIREWALL_BYTES_MAX])
{
    struct writer w = writer_of(out, FIREWALL_BYTES_MAX);
    if (q->count > FIREWALL_QUESTIONS_MAX)
        return 0;
    write_u8(&w, (uint8_t)q->count);
    for (size_t i = 0; i < q->count; i++)
        put_question(&w, &q->list[i]);
    return writer_len(&w);
}

bool firewall_decode_request(struct firewall_request *out, const uint8_t *data, size_t len_bytes)
{
    struct reader r = reader_of(data, len_bytes);
    memset(out, 0, sizeof *out);
    out->count = get_small(&r, FIREWALL_QUESTIONS_MAX);
    for (size_t i = 0; reader_ok(&r) && i < out->count; i++)
        get_question(&r, &out->list[i]);
    return reader_ok(&r) && reader_left(&r) == 0;
}

size_t firewall_encode_answer(const struct firewall_answer *a, uint8_t out[FIREWALL_BYTES_MAX])
{
    struct writer w = writer_of(out, FIREWALL_BYTES_MAX);
    write_u32(&w, (uint32_t)-a->error);
    put_problems(&w, &a->found);
    return writer_len(&w);
}

bool firewall_decode_answer(struct firewall_answer *out, const uint8_t *data, size_t len_bytes)
{
    enum { ERRNO_MAX = 4095 };
    struct reader r = reader_of(data, len_bytes);
    memset(out, 0, sizeof *out);
    uint32_t error = read_u32(&r);
    out->error = error <= ERRNO_MAX ? -(int)error : -EPROTO;
    get_problems(&r, &out->found);
    for (size_t i = 0; i < out->found.count; i++) {
        plain_text(out->found.list[i].code); /* names of chains are others' */
        plain_text(out->found.list[i].text);
    }
    return reader_ok(&r) && error <= ERRNO_MAX && reader_left(&r) == 0;
}

/* The program */

static bool take_request(struct firewall_request *q)
{
    uint8_t data[FIREWALL_BYTES_MAX];
    ssize_t n;
    do {
        n = recv(HELPER_CHANNEL_FD, data, sizeof data, MSG_TRUNC);
    } while (n < 0 && errno == EINTR);
    return n > 0 && (size_t)n <= sizeof data && firewall_decode_request(q, data, (size_t)n);
}

/* Enough for the programs that list rules. */
static bool confine(void)
{
    const uint64_t keep = UINT64_C(1) << CAP_NET_ADMIN | UINT64_C(1) << CAP_NET_RAW;
    const char *step;
    return memory_hide() == 0 && sandbox_bound(keep, &step) == 0 && helper_follow_parent();
}

int firewall_main(void)
{
    static struct firewall_request q; /* too large for the stack */
    static struct firewall_answer a;
    uint8_t data[FIREWALL_BYTES_MAX];
    alarm(SECONDS_MAX);
    if (!take_request(&q)) {
        fputs("hawserd --firewall is for hawserd itself: it reads the rules of packet filters\n",
              stderr);
        return 1;
    }
    if (!confine())
        return 1;
    a.error = firewall_look(q.list, q.count, &a.found);
    size_t len = firewall_encode_answer(&a, data);
    return len > 0 && send(HELPER_CHANNEL_FD, data, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : 1;
}
