/* SPDX-License-Identifier: ISC */
/*
 * Packet filters: an expression of pcap-filter(7) over IP packets, compiled by the guard, run by
 * the engine as the classic BPF program that it then is.
 *
 * Only words that stand for themselves are taken: host names would be looked up, and what a filter
 * means would depend on the network being there when the file is read.
 */
#ifndef HAWSER_CONFIG_FILTER_H
#define HAWSER_CONFIG_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FILTER_STEPS_MAX = 1024,
    FILTER_ERROR_BYTES = 200,
};

/* One instruction of classic BPF (McCanne and Jacobson, USENIX 1993), as struct bpf_insn. */
struct filter_step {
    uint16_t code;
    uint8_t jump_true;
    uint8_t jump_false;
    uint32_t k;
};

/* Without steps: everything matches. */
struct filter {
    struct filter_step *steps; /* owned */
    uint16_t count;
};

/*
 * Compiles text; out is to be freed with filter_free(). 0, -ENOMEM, or -EINVAL with error telling
 * why in words.
 */
int filter_compile(struct filter *out, const char *text, char error[FILTER_ERROR_BYTES]);

/* Whether the program is one that filter_matches() may run: it ends, and stays in its memory. */
bool filter_is_valid(const struct filter *f);

/* data: an IP packet. */
bool filter_matches(const struct filter *f, const uint8_t *data, size_t len_bytes);

/* 0 or -ENOMEM; to is overwritten. */
int filter_copy(struct filter *to, const struct filter *from);
void filter_free(struct filter *f);

#endif
