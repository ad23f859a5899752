/* SPDX-License-Identifier: ISC */
#include "config/filter.h"

#include <ctype.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SNAP_BYTES = 65535, WORD_BYTES = 40 };

_Static_assert(sizeof(struct filter_step) == sizeof(struct bpf_insn) &&
                   offsetof(struct filter_step, k) == offsetof(struct bpf_insn, k) &&
                   offsetof(struct filter_step, jump_true) == offsetof(struct bpf_insn, jt) &&
                   offsetof(struct filter_step, jump_false) == offsetof(struct bpf_insn, jf),
               "a step is an instruction");

/* The words of pcap-filter(7) that say something of IP packets. */
static bool is_keyword(const char *word)
{
    static const char *const words[] = {
        "and",       "or",         "not",       "host",    "net",   "mask",     "port",
        "portrange", "src",        "dst",       "ip",      "ip6",   "tcp",      "udp",
        "sctp",      "icmp",       "icmp6",     "igmp",    "pim",   "ah",       "esp",
        "proto",     "protochain", "less",      "greater", "len",   "tcpflags", "icmptype",
        "icmpcode",  "icmp6type",  "icmp6code", "inet",    "inet6",
    };
    static const char *const families[] = { "tcp-", "icmp-", "icmp6-" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (strncmp(families[i], word, strlen(families[i])) == 0)
            return true;
    return false;
}

/* Numbers and addresses are what begins with a digit, or is hexadecimal with colons. */
static bool is_number(const char *word)
{
    return isdigit((unsigned char)word[0]) ||
           (strchr(word, ':') != NULL && word[strspn(word, "0123456789abcdefABCDEF:.")] == '\0');
}

/* Services and protocols are looked up in files only. */
static bool names_service(const char *before)
{
    return strcmp(before, "port") == 0 || strcmp(before, "portrange") == 0 ||
           strcmp(before, "proto") == 0 || strcmp(before, "protochain") == 0;
}

/* The first word that would have to be looked up in the network; false: there is none. */
static bool find_name(const char *text, char word[WORD_BYTES])
{
    static const char part[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_.-:\\";
    char before[WORD_BYTES] = "";
    while (*(text += strcspn(text, part)) != '\0') {
        size_t len = strspn(text, part);
        snprintf(word, WORD_BYTES, "%.*s", (int)len, text);
        bool is_sign = strspn(word, "-:.") == len; /* of an arithmetic expression */
        if (!is_sign && !is_keyword(word) && !is_number(word) && !names_service(before))
            return true;
        memcpy(before, word, sizeof before);
        text += len;
    }
    return false;
}

static int take_program(struct filter *out, const struct bpf_program *program,
                        char error[FILTER_ERROR_BYTES])
{
    if (program->bf_len > FILTER_STEPS_MAX) {
        snprintf(error, FILTER_ERROR_BYTES, "it needs more than %d steps: make it simpler",
                 (int)FILTER_STEPS_MAX);
        return -EINVAL;
    }
    out->steps = malloc(program->bf_len * sizeof *out->steps);
    if (out->steps == NULL)
        return -ENOMEM;
    memcpy(out->steps, program->bf_insns, program->bf_len * sizeof *out->steps);
    out->count = (uint16_t)program->bf_len;
    return 0;
}

int filter_compile(struct filter *out, const char *text, char error[FILTER_ERROR_BYTES])
{
    char word[WORD_BYTES];
    struct bpf_program program = { 0 };
    *out = (struct filter){ 0 };
    if (text[strspn(text, " \t")] == '\0') {
        snprintf(error, FILTER_ERROR_BYTES, "it is empty");
        return -EINVAL;
    }
    if (find_name(text, word)) {
        snprintf(error, FILTER_ERROR_BYTES,
                 "%s is no word for IP packets: write addresses, not names", word);
        return -EINVAL;
    }
    pcap_t *pcap = pcap_open_dead(DLT_RAW, SNAP_BYTES);
    if (pcap == NULL)
        return -ENOMEM;
    int rc = 0;
    if (pcap_compile(pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN) < 0) {
        snprintf(error, FILTER_ERROR_BYTES, "%s", pcap_geterr(pcap));
        rc = -EINVAL;
    }
    if (rc == 0)
        rc = take_program(out, &program, error);
    pcap_freecode(&program);
    pcap_close(pcap);
    return rc;
}

bool filter_is_valid(const struct filter *f)
{
    return f->count <= FILTER_STEPS_MAX &&
           (f->count == 0 || bpf_validate((const struct bpf_insn *)f->steps, f->count) != 0);
}

bool filter_matches(const struct filter *f, const uint8_t *data, size_t len_bytes)
{
    return f->count == 0 || bpf_filter((const struct bpf_insn *)f->steps, data, (unsigned)len_bytes,
                                       (unsigned)len_bytes) != 0;
}

int filter_copy(struct filter *to, const struct filter *from)
{
    *to = (struct filter){ 0 };
    if (from->count == 0)
        return 0;
    to->steps = malloc(from->count * sizeof *to->steps);
    if (to->steps == NULL)
        return -ENOMEM;
    memcpy(to->steps, from->steps, from->count * sizeof *to->steps);
    to->count = from->count;
    return 0;
}

void filter_free(struct filter *f)
{
    free(f->steps);
    *f = (struct filter){ 0 };
}
