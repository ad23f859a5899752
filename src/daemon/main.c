/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "config/checkup.h"
#include "config/config.h"
#include "config/dump.h"
#include "config/load.h"
#include "config/unit.h"
#include "config/value.h"
#include "engine/engine.h"
#include "guard/firewall/firewall_program.h"
#include "guard/guard.h"
#include "guard/lookup/lookup_program.h"
#include "ipc/channel.h"
#include "ipc/helper.h"
#include "sys/signals.h"

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

static const char usage[] =
    "usage: hawserd [-c FILE] [-f] [-v]\n"
    "       hawserd --check [-c FILE] [-v]\n"
    "       hawserd --clean [INTERFACE] [-c FILE]\n"
    "\n"
    "  -c, --config FILE  configuration (default " CONFIG_DEFAULT_PATH ")\n"
    "  -f, --foreground   stay in the foreground, log to standard error\n"
    "  -v, --verbose      log more; with --check, show the configuration\n"
    "      --check        read the configuration, print every error and what this machine\n"
    "                     lacks for it, and exit\n"
    "      --clean        remove what a daemon that was killed has left in the network: of\n"
    "                     INTERFACE, else of the one that the configuration names\n"
    "      --version      print the version\n"
    "  -h, --help         print this\n";

struct arguments {
    const char *config_path;
    bool foreground;
    bool verbose;
    bool check;
    bool clean;
    const char *interface; /* of --clean; NULL: as configured */
};

/* -1: go on; else the exit code. */
static int parse(int argc, char **argv, struct arguments *out)
{
    enum { OPTION_CHECK = 256, OPTION_CLEAN, OPTION_VERSION };
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "foreground", no_argument, NULL, 'f' },
        { "verbose", no_argument, NULL, 'v' },
        { "check", no_argument, NULL, OPTION_CHECK },
        { "clean", no_argument, NULL, OPTION_CLEAN },
        { "version", no_argument, NULL, OPTION_VERSION },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int option;
    *out = (struct arguments){ .config_path = CONFIG_DEFAULT_PATH };
    while ((option = getopt_long(argc, argv, "c:fvh", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            out->config_path = optarg;
            break;
        case 'f':
            out->foreground = true;
            break;
        case 'v':
            out->verbose = true;
            break;
        case OPTION_CHECK:
            out->check = true;
            break;
        case OPTION_CLEAN:
            out->clean = true;
            break;
        case OPTION_VERSION:
            puts("hawserd " HAWSER_VERSION);
            return EXIT_DONE;
        case 'h':
            fputs(usage, stdout);
            return EXIT_DONE;
        default: /* a character, not an enum; getopt has said what is wrong */
            fputs("see hawserd --help\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (out->clean && optind < argc)
        out->interface = argv[optind++];
    if (optind < argc) {
        fprintf(stderr, "hawserd: %s is too much; see hawserd --help\n", argv[optind]);
        return EXIT_USAGE;
    }
    return -1;
}

static int check(const struct arguments *a)
{
    static struct config_errors errors; /* too large for the stack */
    struct config c;
    int err = config_load(&c, a->config_path, &errors);
    bool is_right = err == 0;
    if (err < 0)
        config_errors_print(&errors, stderr);
    else {
        config_notes_print(&c, stderr);
        is_right = checkup_run(&c, a->config_path, &checkup_system, stderr);
    }
    if (err == 0 && a->verbose)
        config_dump(&c, stdout);
    config_free(&c);
    return is_right ? EXIT_DONE : EXIT_REFUSED;
}

static int clean(const struct arguments *a)
{
    static struct config_errors errors; /* too large for the stack */
    char control[CONFIG_PATH_BYTES_MAX + 1];
    struct config c = { 0 };
    int code = EXIT_REFUSED;
    if (a->interface != NULL && !value_ifname(a->interface)) {
        fprintf(stderr, "hawserd: %s is no name of an interface\n", a->interface);
        return EXIT_USAGE;
    }
    if (a->interface != NULL) {
        snprintf(control, sizeof control, "%s/%s%s", CONTROL_DIR, a->interface, CONTROL_SUFFIX);
        return guard_clean(a->interface, control);
    }
    if (config_load(&c, a->config_path, &errors) < 0) {
        config_errors_print(&errors, stderr);
        fputs("hawserd: name the interface, as in hawserd --clean hawser0\n", stderr);
    } else {
        code = guard_clean(c.interface, c.control);
    }
    config_free(&c);
    return code;
}

/* Whether standard error is the journal's stream (systemd.exec(5), $JOURNAL_STREAM). */
static bool is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long device;
    unsigned long inode;
    struct stat st;
    return stream != NULL && sscanf(stream, "%lu:%lu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

/* Descriptors 0 to 2 exist, so that nothing that is opened gets one of them. */
static void fill_standard_fds(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

/* Standard error becomes the system's log, each line a message; the starter's files are let go. */
static void log_to_syslog(void)
{
    static const struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool has_log = log >= 0 && connect(log, (const struct sockaddr *)&to, sizeof to) == 0;
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        close(null);
    }
    if (has_log)
        dup2(log, STDERR_FILENO);
    if (log >= 0)
        close(log);
}

/* The parent waits until the tunnel is up, or its child has ended. */
static int wait_for_child(int fd)
{
    char byte = '\0';
    ssize_t n;
    bool is_detached = false;
    while ((n = read(fd, &byte, 1)) != 0) {
        if (n < 0 && errno != EINTR)
            break;
        is_detached = is_detached || (n == 1 && byte == GUARD_DETACHED);
        if (n == 1 && byte == GUARD_READY)
            return EXIT_DONE;
    }
    if (is_detached) /* else it has said why on the terminal */
        log_error("the tunnel did not come up: the system's log says why (journalctl -t hawserd)");
    return EXIT_REFUSED;
}

/* Goes to the background. Returns -1 in the child. */
static int daemonize(int *ready_fd)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) {
        log_error("cannot go to the background: %s", strerror(errno));
        return EXIT_REFUSED;
    }
    pid_t pid = fork();
    if (pid < 0) {
        log_error("cannot go to the background: %s", strerror(errno));
        return EXIT_REFUSED;
    }
    if (pid > 0) {
        close(ends[1]);
        return wait_for_child(ends[0]);
    }
    close(ends[0]);
    setsid();
    if (chdir("/") < 0)
        log_warn("cannot leave the directory: %s", strerror(errno));
    *ready_fd = ends[1];
    return -1;
}

/*
 * For reloads from another directory; NULL: as it is. Links stay in it, since whoever can turn them
 * decides what is read.
 */
static char *absolute(const char *path)
{
    char *directory = path[0] == '/' ? NULL : getcwd(NULL, 0);
    char *out = NULL;
    if (directory != NULL && asprintf(&out, "%s/%s", directory, path) < 0)
        out = NULL;
    free(directory);
    return out;
}

int main(int argc, char **argv)
{
    struct arguments a;
    struct guard_options options = { .ready_fd = -1 };
    fill_standard_fds();
    signals_reset();
    if (argc == 2 && strcmp(argv[1], "--engine") == 0)
        return engine_main(CHANNEL_ENGINE_FD);
    if (argc == 2 && strcmp(argv[1], "--resolve") == 0)
        return lookup_main(HELPER_CHANNEL_FD);
    if (argc == 2 && strcmp(argv[1], "--firewall") == 0)
        return firewall_main();
    closefrom(STDERR_FILENO + 1); /* else what our starter left open reaches engine and hooks */
    log_init("hawserd", LOG_LEVEL_INFO, is_journal());
    int code = parse(argc, argv, &a);
    if (code >= 0)
        return code;
    if (a.check)
        return check(&a);
    if (a.clean)
        return clean(&a);
    char *path = absolute(a.config_path);
    options.config_path = path != NULL ? path : a.config_path;
    bool has_unit = unit_of_config(UNIT_CONFIG_DIR, a.config_path, options.unit);
    options.is_unit = has_unit && getenv("INVOCATION_ID") != NULL; /* systemd.exec(5) */
    options.verbose = a.verbose;
    options.journal = is_journal();
    if (!a.foreground) {
        code = daemonize(&options.ready_fd);
        if (code >= 0) {
            free(path);
            return code;
        }
        options.detach_log = log_to_syslog;
    }
    code = guard_main(&options);
    free(path);
    return code;
}
