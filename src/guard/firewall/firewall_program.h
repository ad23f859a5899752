/* SPDX-License-Identifier: ISC */
/*
 * hawserd --firewall: a program of its own that reads the rules of packet filters, which others
 * wrote, and asks them a list of questions. The guard starts it for each look (ipc/helper.h), sends
 * one request, and has one answer. It needs root to list rules, but keeps no capability beyond
 * that, and has no keys in its memory.
 */
#ifndef HAWSER_GUARD_FIREWALL_FIREWALL_PROGRAM_H
#define HAWSER_GUARD_FIREWALL_FIREWALL_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guard/firewall/firewall.h"
#include "ipc/problem.h"

enum { FIREWALL_QUESTIONS_MAX = 64, FIREWALL_BYTES_MAX = 16384 };

struct firewall_request {
    size_t count;
    struct firewall_question list[FIREWALL_QUESTIONS_MAX];
};

struct firewall_answer {
    int error; /* 0 or negative errno: the rules cannot be listed */
    struct problem_list found;
};

/* Length in out, or 0: the message does not fit. */
size_t firewall_encode_request(const struct firewall_request *q, uint8_t out[FIREWALL_BYTES_MAX]);
size_t firewall_encode_answer(const struct firewall_answer *a, uint8_t out[FIREWALL_BYTES_MAX]);
/* Accepts exactly what the encoder makes. False: refused. The texts of an answer are plain. */
bool firewall_decode_request(struct firewall_request *out, const uint8_t *data, size_t len_bytes);
bool firewall_decode_answer(struct firewall_answer *out, const uint8_t *data, size_t len_bytes);

/* The program's exit code. */
int firewall_main(void);

#endif
