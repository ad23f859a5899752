/* SPDX-License-Identifier: ISC */
/*
 * What sealing and opening a packet costs, for each cipher by each implementation that this machine
 * has. OPENSSL_ia32cap and OPENSSL_armcap take instructions away from OpenSSL, to see what it does
 * on lesser CPUs.
 *
 * usage: aead-bench                     prints nanoseconds per packet
 *        aead-bench CIPHER PACKETS      seals and opens so many of 1420 bytes by OpenSSL: for
 *                                       counting instructions
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/internal.h"

enum { PACKET_BYTES_MAX = 1420, AAD_BYTES = 16, ROUNDS = 5 };

#define NS_PER_ROUND 50000000.0

struct subject {
    const char *name;
    enum aead_id id;
    const struct aead_impl *impl; /* NULL: not on this machine */
};

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

struct job {
    const struct aead_impl *impl;
    struct aead_key *key;
    uint8_t nonce[AEAD_NONCE_BYTES];
    uint8_t aad[AAD_BYTES];
    uint8_t clear[PACKET_BYTES_MAX + AEAD_TAG_BYTES];
    uint8_t sealed[PACKET_BYTES_MAX + AEAD_TAG_BYTES];
    size_t len_bytes;
};

static void seal(struct job *j)
{
    struct aead_span span = { j->clear, j->len_bytes };
    if (!j->impl->seal(j->key, j->nonce, j->aad, AAD_BYTES, &span, 1, j->sealed))
        abort();
}

static void open_sealed(struct job *j)
{
    if (!j->impl->open(j->key, j->nonce, j->aad, AAD_BYTES, j->sealed, j->len_bytes, j->clear))
        abort();
}

/* The best of several rounds: what disturbs only adds. */
static double measure(struct job *j, void (*work)(struct job *j))
{
    double best = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_ns();
        double passed = 0;
        unsigned count = 0;
        for (; passed < NS_PER_ROUND / ROUNDS; passed = now_ns() - start) {
            for (int i = 0; i < 64; i++)
                work(j);
            count += 64;
        }
        if (passed / count < best)
            best = passed / count;
    }
    return best;
}

static void set_up(struct job *j, const struct subject *s, size_t len_bytes)
{
    static const uint8_t key[32] = { 1, 2, 3 };
    memset(j, 0, sizeof *j);
    j->impl = s->impl;
    j->len_bytes = len_bytes;
    j->key = s->impl->key_new(s->id, key);
    if (j->key == NULL)
        abort();
}

static void print_line(const struct subject *s)
{
    static const size_t sizes[] = { PACKET_BYTES_MAX, 128 };
    static struct job j;
    printf("%-18s %-9s", s->name, s->impl->name);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        set_up(&j, s, sizes[i]);
        double seal_ns = measure(&j, seal);
        printf("  %4zu bytes: seal %5.0f ns, open %5.0f ns", sizes[i], seal_ns,
               measure(&j, open_sealed));
        s->impl->key_free(j.key);
    }
    putchar('\n');
}

int main(int argc, char **argv)
{
    if (crypto_init() < 0) {
        fprintf(stderr, "aead-bench: the crypto library does not start\n");
        return EXIT_FAILURE;
    }
    const struct subject subjects[] = {
        { "aes-256-gcm", AEAD_AES256_GCM, aead_ipsecmb() },
        { "aes-256-gcm", AEAD_AES256_GCM, &aead_openssl },
        { "chacha20-poly1305", AEAD_CHACHA20_POLY1305, &aead_openssl },
    };
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        static struct job j;
        if (argc <= 1 && subjects[i].impl != NULL)
            print_line(&subjects[i]);
        if (argc <= 2 || subjects[i].impl != &aead_openssl ||
            strcmp(argv[1], subjects[i].name) != 0)
            continue;
        set_up(&j, &subjects[i], PACKET_BYTES_MAX);
        for (long left = strtol(argv[2], NULL, 10); left > 0; left--) {
            seal(&j);
            open_sealed(&j);
        }
        j.impl->key_free(j.key);
    }
    if (argc <= 1)
        printf("AES instructions: %s; preferred: %s\n", aead_hw_aes() ? "yes" : "no",
               aead_preferred() == AEAD_AES256_GCM ? "aes-256-gcm" : "chacha20-poly1305");
    return EXIT_SUCCESS;
}
