/* SPDX-License-Identifier: ISC */
/*
 * What peers cost: a core alone, without sockets. Of those that are configured and never come it
 * prints a row for each number of them: memory of each, the time of an idle turn, of the start, and
 * of reloads that add and remove CHANGED others. Of those that are up with two links, and idle, it
 * prints the memory of each.
 *
 * usage: peers-bench [--check]
 *        peers-bench --awake COUNT
 *
 * --check: fails where a sleeping peer takes more than LIMIT_KB, or where a turn with the most of
 * them, or with AWAKE that are up, takes far longer than with one. --awake: the time of an idle
 * turn with one peer that is up, and how much more it is with COUNT, us.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "awake.h"
#include "base/pkt.h"
#include "base/rng.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "peers.h"
#include "session/core.h"

enum {
    CHANGED = 100,
    TURNS = 2000,
    LIMIT_KB = 2,
    LIMIT_TURNS = 5,
    AWAKE = 200,
    AWAKE_LIMIT_KB = 200
};
#define TURN_NS NS_PER_MS
#define NOISE_US 1.0 /* a processor that is shared */

static const size_t counts[] = { 1, 1000, 20000 };

static struct rng random_state = { 1 };

void bench_random(void *arg, void *out, size_t len_bytes)
{
    (void)arg;
    for (uint8_t *at = out; len_bytes-- > 0; at++)
        *at = (uint8_t)rng_next(&random_state);
}

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

double bench_resident_kb(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%*d %ld", &pages) != 1)
        pages = 0;
    if (f != NULL)
        fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1024;
}

static void turn(struct core *c, struct tstamp *now)
{
    struct core_tx tx;
    now->ns += TURN_NS;
    core_tick(c, *now);
    core_next_tx(c, *now, &tx);
    core_next_tun(c);
    core_deadline(c);
}

/* The longest of these changes: so long may a packet wait for one. */
static void note_longest(double *longest_us, double *since_us)
{
    double us = cpu_us();
    *longest_us = us - *since_us > *longest_us ? us - *since_us : *longest_us;
    *since_us = us;
}

/* A reload with so many more, and one with as many less. */
static bool change_peers(struct core *c, struct tstamp now, double *longest_us)
{
    size_t before = core_peer_count(c);
    double since_us = cpu_us();
    for (unsigned i = 0; i < CHANGED; i++) {
        struct netprefix allowed = { .family = 4, .len = 32, .addr = { 11, 0, 0, (uint8_t)i } };
        struct core_peer_config peer = { .name = "new", .allowed = &allowed, .allowed_count = 1 };
        bench_random(NULL, peer.public_key, sizeof peer.public_key);
        if (core_put_peer(c, now, &peer) < 0)
            return false;
        note_longest(longest_us, &since_us);
    }
    while (core_peer_count(c) > before) {
        core_remove_peer(c, now, before);
        note_longest(longest_us, &since_us);
    }
    return true;
}

struct figures {
    double kb, turn_us, start_ms, reload_ms, longest_us;
};

static bool measure(size_t count, struct figures *out)
{
    struct core_peer_config *peers = calloc(count, sizeof *peers);
    struct netprefix *allowed = calloc(2 * count, sizeof *allowed);
    struct pkt_pool *pool = pkt_pool_new(64, 4);
    struct core *c = NULL;
    struct tstamp now = { 1000 * NS_PER_S };
    if (peers == NULL || allowed == NULL || pool == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        snprintf(peers[i].name, sizeof peers[i].name, "peer%zu", i);
        bench_random(NULL, peers[i].public_key, sizeof peers[i].public_key);
        struct netprefix *a = &allowed[2 * i];
        a[0] = (struct netprefix){ .family = 4, .len = 32 };
        a[1] = (struct netprefix){ .family = 6, .len = 64 };
        const uint8_t addr[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
        memcpy(a[0].addr, addr, sizeof addr);
        bench_random(NULL, a[1].addr, 8);
        peers[i].allowed = a;
        peers[i].allowed_count = 2;
    }
    struct core_config config = { .pool = pool,
                                  .peers = peers,
                                  .peer_count = count,
                                  .ciphers = 3,
                                  .preferred_cipher = WIRE_CIPHER_CHACHA20_POLY1305,
                                  .random = bench_random };
    bench_random(NULL, config.private_key, sizeof config.private_key);
    double kb = bench_resident_kb();
    double us = cpu_us();
    if (core_new(&c, &config, now) < 0)
        return false;
    turn(c, &now);
    out->start_ms = (cpu_us() - us) / 1e3;
    out->kb = (bench_resident_kb() - kb) / (double)count;
    for (unsigned i = 0; i < TURNS; i++)
        turn(c, &now);
    us = cpu_us();
    for (unsigned i = 0; i < TURNS; i++)
        turn(c, &now);
    out->turn_us = (cpu_us() - us) / TURNS;
    us = cpu_us();
    bool good = change_peers(c, now, &out->longest_us);
    out->reload_ms = (cpu_us() - us) / 1e3;
    core_free(c);
    pkt_pool_free(pool);
    free(allowed);
    free(peers);
    return good;
}

/* Peers that are up cost a turn nothing while nothing is due. */
static bool measure_awake(size_t count, double *one_us, double *many_us)
{
    if (awake_turn_us(1, one_us) && awake_turn_us(count, many_us))
        return true;
    fputs("peers-bench: no memory, or the peers do not come up\n", stderr);
    return false;
}

static bool check_awake(void)
{
    double one_us, many_us;
    if (!measure_awake(AWAKE, &one_us, &many_us))
        return false;
    printf("idle turn with 1 peer up: %.3f us, with %d: %.3f us\n", one_us, AWAKE, many_us);
    return many_us <= LIMIT_TURNS * one_us + NOISE_US;
}

static bool print_awake(size_t count)
{
    double one_us, many_us;
    if (count == 0 || !measure_awake(count, &one_us, &many_us))
        return false;
    printf("%.2f %.2f\n", one_us, many_us > one_us ? many_us - one_us : 0);
    return true;
}

int main(int argc, char **argv)
{
    bool check = argc > 1 && strcmp(argv[1], "--check") == 0;
    struct figures one = { 0 };
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, 1 << 17); /* as the engine: see memory_map_large() */
#endif
    bool good = crypto_init() == 0;
    if (good && argc == 3 && strcmp(argv[1], "--awake") == 0)
        return print_awake(strtoul(argv[2], NULL, 10)) ? 0 : 1;
    puts("| peers that never come | kB each | idle turn, us | start, ms | 100 more and less, ms | "
         "longest, us |");
    puts("|---|---|---|---|---|---|");
    for (size_t i = 0; good && i < sizeof counts / sizeof counts[0]; i++) {
        struct figures f = { 0 };
        good = measure(counts[i], &f);
        printf("| %zu | %.1f | %.3f | %.1f | %.1f | %.1f |\n", counts[i], f.kb, f.turn_us,
               f.start_ms, f.reload_ms, f.longest_us);
        if (i == 0)
            one = f;
        else if (check && f.kb > LIMIT_KB)
            good = false;
        if (check && f.turn_us > LIMIT_TURNS * one.turn_us + NOISE_US)
            good = false;
    }
    double awake_kb = 0;
    bool came = good && bench_awake(AWAKE, &awake_kb);
    printf("%d peers that are up, with two links each, and idle: %.0f kB each\n", AWAKE, awake_kb);
    good = came && !(check && awake_kb > AWAKE_LIMIT_KB) && (!check || check_awake());
    if (!good)
        puts("too much, or there is no memory");
    return good ? 0 : 1;
}
