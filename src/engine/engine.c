/* SPDX-License-Identifier: ISC */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "engine/answers.h"
#include "engine/control.h"
#include "engine/dataplane.h"
#include "engine/hear.h"
#include "engine/tell.h"
#include "sys/memory.h"
#include "sys/sandbox.h"
#include "sys/slice.h"

enum {
    SMALL_BUFFERS = 16384,
    LARGE_BUFFERS = 2048, /* many flows with small windows send super-packets of two segments */
    WALL_CHECK_S = 10,
    GOODBYE_TURNS = 8, /* flushes after core_close() */
};

static void random_bytes(void *arg, void *out, size_t len_bytes)
{
    (void)arg;
    key_random(out, len_bytes);
}

static int64_t wall_offset(struct tstamp now)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec - now.ns;
}

static void guard_ready(void *arg, struct tstamp now, unsigned events)
{
    struct engine *e = arg;
    if ((events & LOOP_WRITE) != 0)
        engine_tell_unsent(e);
    if ((events & LOOP_READ) == 0)
        return;
    int n = channel_receive(e->guard.fd, &e->guard.in);
    if (n == 1) {
        if (engine_take(e, now, &e->guard.in) < 0)
            exit(1); /* and the guard starts another one */
    } else if (n == 0) {
        log_warn("the guard has gone, so the engine ends");
        exit(1);
    } else if (n == -EBADMSG) {
        log_error("a malformed message from the guard");
    }
}

/* The channel is watched for room only while something waits for it. */
static void watch_guard(struct engine *e)
{
    if (e->guard.has_unsent == e->guard.is_awaited)
        return;
    e->guard.is_awaited = e->guard.has_unsent;
    loop_change(&e->loop, &e->guard.watch, LOOP_READ | (e->guard.has_unsent ? LOOP_WRITE : 0));
}

/* Start */

/* The next message, which must be of one type; the engine ends otherwise. */
static void expect(struct engine *e, enum msg_type type, size_t fd_count)
{
    int n = channel_receive(e->guard.fd, &e->guard.in);
    if (n == 1 && e->guard.in.msg.type == type && e->guard.in.fd_count == fd_count)
        return;
    if (n != 0) /* else the guard has ended, and said why */
        log_error("the guard sent something else than message %d", (int)type);
    exit(1);
}

static int receive_peers(struct engine *e)
{
    int err = 0;
    for (uint32_t i = 0; err == 0 && i < e->setup.peer_count; i++) {
        expect(e, MSG_PEER, 0);
        err = engine_take(e, e->started, &e->guard.in);
    }
    return err;
}

static int make_core(struct engine *e)
{
    const uint8_t both = 3; /* wire_hello.ciphers */
    uint8_t one = e->setup.cipher;
    struct core_config c = { .pool = e->pool,
                             .ciphers = one == 0 ? both : (uint8_t)(1 << (one - 1)),
                             .preferred_cipher = one == 0 ? (uint8_t)aead_preferred() : one,
                             .memory_max_bytes = e->setup.memory_max_bytes,
                             .uplink_bps = e->setup.uplink_bps,
                             .rekey_after_ns = e->setup.rekey_s * NS_PER_S,
                             .wall_offset_ns = e->wall.offset_ns,
                             .version = HAWSER_VERSION,
                             .random = random_bytes };
    memcpy(c.private_key, e->setup.private_key, sizeof c.private_key);
    int err = core_new(&e->core, &c, e->started);
    if (err == 0)
        core_tell_too_big(e->core, e->setup.mtu_bytes == 0);
    explicit_bzero(c.private_key, sizeof c.private_key);
    explicit_bzero(e->setup.private_key, sizeof e->setup.private_key);
    return err;
}

/* Everything but the sockets, with *what telling what failed. */
static int assemble(struct engine *e, int tun_fd, int control_fd, const char **what)
{
    const struct control_handler handler = engine_answers(e);
    int err;
    *what = "crypto library";
    if ((err = crypto_init()) < 0)
        return err;
    *what = "packet memory";
    e->pool = pkt_pool_new(SMALL_BUFFERS, LARGE_BUFFERS);
    if (e->pool == NULL)
        return -errno;
    e->started = loop_now();
    e->usage.at = TSTAMP_NEVER;
    e->wall.offset_ns = wall_offset(e->started);
    e->wall.check = tstamp_add(e->started, WALL_CHECK_S * NS_PER_S);
    *what = "core";
    if ((err = make_core(e)) < 0)
        return err;
    *what = "peers";
    if ((err = receive_peers(e)) < 0)
        return err;
    err = fcntl(e->guard.fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
    *what = "event loop";
    if (err < 0)
        return err;
    if ((err = loop_open(&e->loop)) < 0)
        return err;
    e->guard.watch = (struct loop_watch){ .fd = e->guard.fd, .ready = guard_ready, .arg = e };
    if ((err = loop_add(&e->loop, &e->guard.watch, LOOP_READ)) < 0)
        return err;
    *what = "packet path";
    struct dataplane_config plane = { .core = e->core,
                                      .pool = e->pool,
                                      .loop = &e->loop,
                                      .tun_fd = tun_fd,
                                      .tun_offload = (enum tun_offload)e->setup.tun_offload,
                                      .udp_gso = e->setup.udp_gso };
    e->plane = dataplane_new(&plane);
    *what = "control socket";
    e->control = e->plane != NULL ? control_new(&e->loop, control_fd, &handler) : NULL;
    return e->control == NULL ? -ENOMEM : 0;
}

static void enter_sandbox(const struct engine *e)
{
    const char *step = "";
    size_t seed;
    /* The JSON library would open the random device for the seed of its hashes. */
    key_random(&seed, sizeof seed);
    json_object_seed(seed | 1);
    int err = sandbox_enter(e->setup.root, e->setup.uid, e->setup.gid, &step);
    if (err < 0) {
        log_error("the sandbox cannot be entered (%s): %s", step, strerror(-err));
        exit(1);
    }
}

/*
 * Packets wait while the engine does, and lie in a nearer cache the sooner it runs: measured beside
 * loads on all processors, a tenth more throughput. Without it everything still works.
 */
static void keep_pace(void)
{
    int err = slice_set(NS_PER_MS / 5, SLICE_NICE_KEEP);
    if (err < 0)
        log_info("no short time slice: %s", strerror(-err));
}

/* Run */

static void check_wall(struct engine *e, struct tstamp now)
{
    if (!tstamp_reached(e->wall.check, now))
        return;
    e->wall.check = tstamp_add(now, WALL_CHECK_S * NS_PER_S);
    int64_t offset = wall_offset(now);
    int64_t step = offset - e->wall.offset_ns;
    if (step > NS_PER_S || step < -NS_PER_S) {
        e->wall.offset_ns = offset;
        core_set_wall_offset(e->core, offset);
    }
}

/* Peers that do not answer; only while one does not, ICMP is listened to. */
static struct tstamp look_for_silence(struct engine *e, struct tstamp now)
{
    dataplane_watch_errors(e->plane, core_is_calling(e->core));
    return silence_tick(&e->silence, now, e->core, e->links);
}

static int64_t processor_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* How much of a processor we use, second by second; an idle engine is not woken for it. */
static void measure_cpu(struct engine *e, struct tstamp now)
{
    int64_t span_ns = tstamp_sub(now, e->load.at);
    if (span_ns < NS_PER_S)
        return;
    int64_t used_ns = processor_ns();
    int64_t percent = (used_ns - e->load.used_ns) * 100 / span_ns;
    e->load.cpu = (uint8_t)(percent < 100 ? percent : 100);
    e->load.used_ns = used_ns;
    e->load.at = now;
    core_set_cpu(e->core, e->load.cpu);
}

static void run(struct engine *e)
{
    struct tstamp deadline = loop_now();
    while (!e->stopping) {
        watch_guard(e);
        struct tstamp now = loop_turn(&e->loop, deadline);
        check_wall(e, now);
        measure_cpu(e, now);
        deadline = dataplane_flush(e->plane, now);
        if (engine_tell_events(e))
            deadline = now;
        deadline = tstamp_min(deadline, control_tick(e->control, now));
        if (tstamp_reached(e->usage.at, now))
            engine_tell_usage(e, now);
        deadline = tstamp_min(deadline, look_for_silence(e, now));
        deadline = tstamp_min(deadline, e->wall.check);
        deadline = tstamp_min(deadline, e->usage.at);
    }
    core_close(e->core, loop_now());
    for (unsigned i = 0; i < GOODBYE_TURNS; i++)
        dataplane_flush(e->plane, loop_now());
    engine_tell_usage(e, loop_now());
}

int engine_main(int channel_fd)
{
    struct engine *e = calloc(1, sizeof *e);
    const char *what = "memory";
    if (e == NULL)
        return 1;
    memory_map_large();
    log_init("hawserd", LOG_LEVEL_INFO, false);
    prctl(PR_SET_NAME, "hawserd-engine"); /* instead of "exe" */
    e->guard.fd = channel_fd;
    expect(e, MSG_SETUP, 2);
    int tun_fd = e->guard.in.fds[0];
    int control_fd = e->guard.in.fds[1];
    e->setup = e->guard.in.msg.setup;
    explicit_bzero(&e->guard.in.msg, sizeof e->guard.in.msg);
    log_init("hawserd", (enum log_level)e->setup.log_level, e->setup.journal);
    /* The guard stops us by a message, so that the peers hear goodbye. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    int err = assemble(e, tun_fd, control_fd, &what);
    if (err < 0) {
        log_error("the engine cannot start (%s): %s", what, strerror(-err));
        return 1;
    }
    keep_pace();
    if (memory_lock() < 0)
        log_debug("the engine's memory cannot be locked");
    enter_sandbox(e);
    engine_tell(e, &(struct msg){ .type = MSG_READY });
    run(e);
    dataplane_free(e->plane);
    control_free(e->control);
    core_free(e->core);
    pkt_pool_free(e->pool);
    policy_set_clear(&e->policies);
    policy_set_clear(&e->policies_in);
    silence_clear(&e->silence);
    loop_close(&e->loop);
    free(e);
    return 0;
}
