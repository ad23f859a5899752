/* SPDX-License-Identifier: ISC */
/*
 * hawser-emu: emulates the links between a client and its providers.
 *
 *   hawser-emu --links SPEC [--seed N] [--control PATH] [--owner PID] NS:DEVICE=NS:DEVICE ...
 *
 * One pair of devices a link, the client's end first; they exist as long as the program runs. It
 * prints "ready" when they do, and ends on SIGTERM, SIGINT or when the owner ends.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tstamp.h"
#include "lab/emulator.h"
#include "lab/option.h"
#include "sys/slice.h"

struct options {
    const char *links;
    const char *control;
    uint64_t seed;
    pid_t owner;
};

static const char usage[] = "usage: hawser-emu --links SPEC [--seed N] [--control PATH] "
                            "[--owner PID] NS:DEVICE=NS:DEVICE ...\n";

static bool parse_options(struct options *o, int argc, char **argv)
{
    enum { OWNER_MAX = 0x3fffffff };
    static const struct option longs[] = {
        { "links", required_argument, NULL, 'l' },   { "seed", required_argument, NULL, 's' },
        { "control", required_argument, NULL, 'c' }, { "owner", required_argument, NULL, 'o' },
        { "help", no_argument, NULL, 'h' },          { NULL, 0, NULL, 0 },
    };
    uint64_t owner = 0;
    int letter;
    while ((letter = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
        switch (letter) {
        case 'l':
            o->links = optarg;
            break;
        case 's':
            if (!option_count("--seed", optarg, 0, UINT64_MAX, &o->seed))
                return false;
            break;
        case 'c':
            o->control = optarg;
            break;
        case 'o':
            if (!option_count("--owner", optarg, 0, OWNER_MAX, &owner))
                return false;
            o->owner = (pid_t)owner;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            return false;
        }
    }
    return o->links != NULL;
}

/* Cuts "NS:DEVICE" in two. */
static bool parse_end(struct emu_end *end, char *text)
{
    char *colon = strchr(text, ':');
    if (colon == NULL)
        return false;
    *colon = '\0';
    *end = (struct emu_end){ .netns = text, .ifname = colon + 1 };
    return true;
}

static bool attach(struct emulator *emu, size_t i, char *text)
{
    struct emu_end client;
    struct emu_end provider;
    char *equals = strchr(text, '=');
    if (equals == NULL) {
        log_error("\"%s\" is not NS:DEVICE=NS:DEVICE", text);
        return false;
    }
    *equals = '\0';
    if (!parse_end(&client, text) || !parse_end(&provider, equals + 1)) {
        log_error("\"%s\" is not NS:DEVICE", text);
        return false;
    }
    return emulator_attach(emu, i, client, provider);
}

/* A descriptor that becomes readable on SIGTERM, SIGINT or the end of the owner. */
static int open_stop(pid_t owner)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    if (signal_fd < 0 || owner <= 0)
        return signal_fd;

    int owner_fd = (int)syscall(SYS_pidfd_open, owner, 0);
    int both = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN };
    if (owner_fd < 0 || both < 0 || epoll_ctl(both, EPOLL_CTL_ADD, signal_fd, &event) != 0 ||
        epoll_ctl(both, EPOLL_CTL_ADD, owner_fd, &event) != 0) {
        log_error("owner %d: %s", (int)owner, strerror(errno));
        return -1;
    }
    return both;
}

static int open_control(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof(address.sun_path)) {
        log_error("%s: path too long", path);
        return -1;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    unlink(path);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    log_error("%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/*
 * The links must keep their times while the programs under test use every processor: the highest
 * ordinary priority and a short slice, so that the emulator runs as soon as it wakes. Not a
 * real-time class: what the kernel does for a frame that is written (NAT, TCP at the receiver)
 * counts as the emulator's time, and at a gigabit real-time throttling would stop the links for 50
 * ms in every second.
 */
static void keep_time(void)
{
    int err = slice_set(NS_PER_MS / 10, -20);
    if (err < 0)
        log_warn("no priority (%s): links may be late", strerror(-err));
    prctl(PR_SET_TIMERSLACK, 1UL);
}

static bool start(struct emulator *emu, const struct options *o, size_t count, char **pairs)
{
    for (size_t i = 0; i < count; i++) {
        if (!attach(emu, i, pairs[i]))
            return false;
    }
    if (o->control == NULL)
        return true;
    int fd = open_control(o->control);
    if (fd >= 0)
        emulator_control(emu, fd);
    return fd >= 0;
}

int main(int argc, char **argv)
{
    struct options o = { .seed = 1 };
    struct linkspecs specs;
    char error[LINKSPEC_ERROR_BYTES];

    log_init("hawser-emu", LOG_LEVEL_INFO, false);
    if (!parse_options(&o, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    if (strcmp(o.links, "") == 0) {
        specs = (struct linkspecs){ 0 }; /* a lab of plain links only */
    } else if (!linkspecs_parse(&specs, o.links, error)) {
        log_error("links: %s", error);
        return 2;
    }
    if ((size_t)(argc - optind) != specs.count) {
        log_error("%zu links need as many pairs of devices", specs.count);
        return 2;
    }

    int status = 1;
    int stop_fd = open_stop(o.owner);
    struct emulator *emu = stop_fd >= 0 ? emulator_new(&specs, o.seed) : NULL;
    if (emu != NULL && start(emu, &o, specs.count, argv + optind)) {
        keep_time();
        puts("ready");
        fclose(stdout); /* whoever waits for the line also waits for its end */
        int result = emulator_run(emu, stop_fd);
        if (result < 0)
            log_error("%s", strerror(-result));
        status = result < 0 ? 1 : 0;
    }
    emulator_free(emu);
    linkspecs_free(&specs);
    if (o.control != NULL)
        unlink(o.control);
    return status;
}
