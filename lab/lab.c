/* SPDX-License-Identifier: ISC */
#include "lab/lab.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "lab/netns.h"
#include "sim/linkspec.h"

#define STATE_ROOT "/run/hawser-lab"

enum { STATE_PATH_BYTES = 64, SCRIPT_BYTES = 8192, EMULATOR_ARGS = 12 + LINKSPEC_LINKS_MAX };

/* A lab while it is built. */
struct build {
    const struct lab_config *config;
    struct linkspecs specs;
    bool failed;
};

/* Text that is put together piece by piece. */
struct script {
    char text[SCRIPT_BYTES];
    size_t len;
};

static void script_add(struct script *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void script_add(struct script *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(s->text + s->len, sizeof(s->text) - s->len, format, args);
    va_end(args);
    if (n > 0)
        s->len += (size_t)n;
    if (s->len >= sizeof(s->text))
        s->len = sizeof(s->text) - 1;
}

const char *lab_netns(char name[LAB_NETNS_BYTES], const char *id, const char *place)
{
    snprintf(name, LAB_NETNS_BYTES, "hw-%s-%s", id, place);
    return name;
}

bool lab_id_valid(const char *id)
{
    size_t len = strlen(id);
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)id[i]))
            return false;
    }
    return len > 0 && len < LAB_ID_BYTES;
}

static const char *state_path(char path[STATE_PATH_BYTES], const char *id, const char *file)
{
    snprintf(path, STATE_PATH_BYTES, STATE_ROOT "/%s/%s", id, file);
    return path;
}

/* When a process started, in clock ticks since boot; 0: there is none, or a zombie. */
static unsigned long long process_start(pid_t pid)
{
    char path[64];
    char line[1024];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    bool read = fgets(line, sizeof(line), file) != NULL;
    fclose(file);
    char *at = read ? strrchr(line, ')') : NULL; /* the name before may hold anything */
    if (at == NULL || at[1] != ' ')
        return 0;

    enum { FIELD_NAME = 2, FIELD_START = 22 }; /* proc(5) */
    char *rest = at + 2;
    char *field = NULL;
    if (rest[0] == 'Z')
        return 0;
    for (int i = FIELD_NAME; i < FIELD_START && rest != NULL; i++)
        field = strsep(&rest, " ");
    return field != NULL ? strtoull(field, NULL, 10) : 0;
}

static bool record_process(const char *id, const char *file, pid_t pid)
{
    char path[STATE_PATH_BYTES];
    FILE *out = fopen(state_path(path, id, file), "we");
    if (out == NULL) {
        log_error("%s: %s", path, strerror(errno));
        return false;
    }
    fprintf(out, "%d %llu\n", (int)pid, process_start(pid));
    return fclose(out) == 0;
}

/* The recorded process: 0 if it was not recorded, -1 if it has ended. */
static pid_t recorded_process(const char *id, const char *file)
{
    char path[STATE_PATH_BYTES];
    int pid = 0;
    unsigned long long started = 0;
    FILE *in = fopen(state_path(path, id, file), "re");
    if (in == NULL)
        return 0;
    int fields = fscanf(in, "%d %llu", &pid, &started);
    fclose(in);
    return fields == 2 && started != 0 && process_start(pid) == started ? pid : -1;
}

/* Whoever looks holds the lock: a lab that is being built is not seen without its emulator. */
static bool lab_is_alive(const char *id)
{
    return recorded_process(id, "emulator") > 0;
}

/*
 * Labs are built and removed one at a time on the whole machine, else a cleanup would remove what
 * another process builds. Returns the lock, for unlock_labs(), or < 0 with the reason logged.
 */
static int lock_labs(void)
{
    for (;;) {
        struct stat state;
        bool made = mkdir(STATE_ROOT, 0755) == 0 || errno == EEXIST;
        int fd = made ? open(STATE_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        if (fd >= 0 && flock(fd, LOCK_EX) == 0 && fstat(fd, &state) == 0 && state.st_nlink > 0)
            return fd;
        if (fd >= 0) {
            close(fd); /* removed by the one who had the lock */
        } else if (!made || errno != ENOENT) {
            log_error("%s: %s", STATE_ROOT, strerror(errno));
            return -1;
        }
    }
}

static void unlock_labs(int lock)
{
    rmdir(STATE_ROOT); /* stays while labs are up */
    if (lock >= 0)
        close(lock);
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

/* Sends a signal to every process in a namespace; false if there was none. */
static bool signal_namespace(const char *netns, int signal_number)
{
    char pids[4096];
    const char *const list[] = { "ip", "netns", "pids", netns, NULL };
    if (run_capture(NULL, list, NULL, pids, sizeof(pids)) != 0)
        return false;
    bool any = false;
    char *rest = pids;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        pid_t pid = (pid_t)strtol(line, NULL, 10);
        if (pid <= 1 || pid == getpid())
            continue;
        any = true;
        kill(pid, signal_number);
    }
    return any;
}

static void empty_namespace(const char *netns)
{
    enum { GRACE_MS = 2000, STEP_MS = 20 };
    for (int waited_ms = 0; waited_ms < GRACE_MS; waited_ms += STEP_MS) {
        if (!signal_namespace(netns, waited_ms == 0 ? SIGTERM : 0))
            return;
        sleep_ms(STEP_MS);
    }
    signal_namespace(netns, SIGKILL);
}

/* Calls act for each namespace of the lab. */
static void for_each_namespace(const char *id, void (*act)(const char *netns))
{
    char prefix[LAB_NETNS_BYTES];
    lab_netns(prefix, id, "");
    DIR *dir = opendir("/run/netns");
    if (dir == NULL)
        return;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (strncmp(e->d_name, prefix, strlen(prefix)) == 0)
            act(e->d_name);
    }
    closedir(dir);
}

static void remove_namespace(const char *netns)
{
    run_wait(NULL, (const char *const[]){ "ip", "netns", "delete", netns, NULL }, NULL);
}

static void remove_state(const char *id)
{
    static const char *const files[] = { "emulator", "control", "links", "log", "" };
    char path[STATE_PATH_BYTES];
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (remove(state_path(path, id, files[i])) != 0 && errno != ENOENT)
            log_error("%s: %s", path, strerror(errno));
    }
}

static void stop_emulator(const char *id)
{
    pid_t pid = recorded_process(id, "emulator");
    if (pid <= 0)
        return;
    kill(pid, SIGTERM);
    for (int i = 0; i < 200 && recorded_process(id, "emulator") > 0; i++)
        sleep_ms(5);
    if (recorded_process(id, "emulator") > 0)
        kill(pid, SIGKILL);
}

static void take_down(const char *id)
{
    for_each_namespace(id, empty_namespace);
    stop_emulator(id);
    for_each_namespace(id, remove_namespace);
    remove_state(id);
}

void lab_down(const char *id)
{
    int lock = lock_labs();
    take_down(id);
    unlock_labs(lock);
}

static int clean_up(void)
{
    int count = 0;
    DIR *dir = opendir(STATE_ROOT);
    if (dir == NULL)
        return 0;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (!lab_id_valid(e->d_name) || lab_is_alive(e->d_name))
            continue;
        take_down(e->d_name);
        count++;
    }
    closedir(dir);
    return count;
}

int lab_cleanup(void)
{
    int lock = lock_labs();
    int count = lock >= 0 ? clean_up() : 0;
    unlock_labs(lock);
    return count;
}

static void build_check(struct build *b, bool ok, const char *what)
{
    if (!ok && !b->failed)
        log_error("lab %s: %s failed", b->config->id, what);
    b->failed = b->failed || !ok;
}

/* Runs a script of "ip" in a place of the lab (NULL: outside). */
static void build_ip(struct build *b, const char *place, const struct script *s)
{
    char netns[LAB_NETNS_BYTES];
    static const char *const argv[] = { "ip", "-batch", "-", NULL };
    if (b->failed)
        return;
    const char *where = place != NULL ? lab_netns(netns, b->config->id, place) : NULL;
    build_check(b, run_wait(where, argv, s->text) == 0, place != NULL ? place : "namespaces");
}

static bool write_sysctl(const char *path, const char *value)
{
    char full[128];
    snprintf(full, sizeof(full), "/proc/sys/net/%s", path);
    int fd = open(full, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
    if (!ok)
        log_error("%s: %s", full, strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

/*
 * The same in every namespace: forwarding, no reverse-path filter (links are chosen by device), no
 * waiting for duplicate addresses, TCP windows for long fat links, and no memory of earlier
 * connections. The congestion control is for each program to choose; a namespace may only have Reno
 * as the default besides the machine's own. It must not be BBR: a socket that was born with it goes
 * on being paced after it chose another.
 */
static bool tune_namespace(const char *netns)
{
    static const char *const settings[][2] = {
        { "ipv4/ip_forward", "1" },
        { "ipv4/conf/all/rp_filter", "0" },
        { "ipv4/conf/default/rp_filter", "0" },
        { "ipv4/tcp_no_metrics_save", "1" },
        { "ipv4/tcp_congestion_control", "reno" },
        { "ipv4/tcp_rmem", "4096 131072 33554432" },
        { "ipv4/tcp_wmem", "4096 65536 33554432" },
        { "ipv6/conf/all/forwarding", "1" },
        { "ipv6/conf/all/accept_dad", "0" },
        { "ipv6/conf/default/accept_dad", "0" },
    };
    int home = netns_current();
    if (home < 0 || netns_enter(netns) < 0) {
        if (home >= 0)
            close(home);
        return false;
    }
    bool ok = true;
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        ok = write_sysctl(settings[i][0], settings[i][1]) && ok;
    return netns_return(home) == 0 && ok;
}

/* Names of all places, one call of act each; the number is for those that have one. */
static void for_each_place(struct build *b, void (*act)(struct build *b, const char *place))
{
    char place[16];
    static const char *const single[] = { "c", "h", "s", "i" };
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
        act(b, single[i]);
    for (size_t i = 1; i <= b->specs.count; i++) {
        snprintf(place, sizeof(place), "p%zu", i);
        act(b, place);
    }
    for (unsigned i = 2; i <= b->config->clients_count; i++) {
        snprintf(place, sizeof(place), "c%u", i);
        act(b, place);
    }
}

static void add_place(struct build *b, const char *place)
{
    char netns[LAB_NETNS_BYTES];
    struct script s = { 0 };
    if (b->failed)
        return;
    lab_netns(netns, b->config->id, place);
    script_add(&s, "netns add %s\n", netns);
    build_ip(b, NULL, &s);
    if (!b->failed)
        build_check(b, tune_namespace(netns), "kernel settings");
}

/* A port of the bridge in i for a place with the given last number of its addresses. */
static void add_uplink(struct build *b, const char *place, unsigned host)
{
    char netns[LAB_NETNS_BYTES];
    struct script bridge = { 0 };
    struct script own = { 0 };
    lab_netns(netns, b->config->id, place);
    script_add(&bridge, "link add %s type veth peer name wan netns %s\n", place, netns);
    script_add(&bridge, "link set dev %s up master net\n", place);
    build_ip(b, "i", &bridge);

    script_add(&own, "link set dev lo up\nlink set dev wan up\n");
    script_add(&own, "address add 203.0.113.%u/24 dev wan\n", host);
    script_add(&own, "address add 2001:db8::%u/64 dev wan nodad\n", host);
    build_ip(b, place, &own);
}

static void add_uplinks(struct build *b)
{
    char place[16];
    struct script s = { 0 };
    script_add(&s, "link set dev lo up\nlink add net type bridge\nlink set dev net up\n");
    script_add(&s, "address add 203.0.113.80/24 dev net\n");
    script_add(&s, "address add 2001:db8::80/64 dev net nodad\n");
    build_ip(b, "i", &s);

    add_uplink(b, "s", 1);
    for (unsigned i = 1; i <= b->specs.count; i++) {
        snprintf(place, sizeof(place), "p%u", i);
        add_uplink(b, place, 10 + i);
    }
    for (unsigned i = 2; i <= b->config->clients_count; i++) {
        snprintf(place, sizeof(place), "c%u", i);
        add_uplink(b, place, 20 + i);
    }

    /* The way back to the links' IPv6 addresses, which are not masqueraded. */
    struct script back = { 0 };
    for (unsigned i = 1; i <= b->specs.count; i++)
        script_add(&back, "route add 2001:db8:%u::/64 via 2001:db8::%u\n", i, 10 + i);
    build_ip(b, "s", &back);
    build_ip(b, "i", &back);
}

static void add_masquerade(struct build *b, const char *place)
{
    static const char *const argv[] = { "nft", "-f", "-", NULL };
    static const char rules[] = "table ip provider {\n"
                                "  chain out {\n"
                                "    type nat hook postrouting priority srcnat;\n"
                                "    oifname \"wan\" masquerade\n"
                                "  }\n"
                                "}\n";
    char netns[LAB_NETNS_BYTES];
    if (!b->failed)
        build_check(b, run_wait(lab_netns(netns, b->config->id, place), argv, rules) == 0, "NAT");
}

/* One end of an emulated link: its addresses, and the other end as a fixed neighbour. */
static void add_link_end(struct build *b, const char *place, const char *device, unsigned number,
                         unsigned own, unsigned other)
{
    const struct linkspec *spec = &b->specs.link[number - 1];
    struct script s = { 0 };
    char net[24];
    if (b->config->same_range)
        snprintf(net, sizeof(net), "192.168.8");
    else
        snprintf(net, sizeof(net), "10.0.%u", number);
    unsigned own_host = b->config->same_range && own == 2 ? 100 : own;
    unsigned other_host = b->config->same_range && other == 2 ? 100 : other;

    script_add(&s, "link set dev %s address 02:00:00:00:%02x:%02x mtu %u txqueuelen 4000 up\n",
               device, number, own, spec->mtu_bytes);
    script_add(&s, "address add %s.%u/24 dev %s\n", net, own_host, device);
    script_add(&s, "neighbour add %s.%u lladdr 02:00:00:00:%02x:%02x nud permanent dev %s\n", net,
               other_host, number, other, device);
    if (spec->mtu_bytes >= 1280) {
        script_add(&s, "address add 2001:db8:%u::%u/64 dev %s nodad\n", number, own, device);
        script_add(&s,
                   "neighbour add 2001:db8:%u::%u lladdr 02:00:00:00:%02x:%02x nud permanent "
                   "dev %s\n",
                   number, other, number, other, device);
    }
    if (own == 2) {
        script_add(&s, "route add default via %s.%u dev %s metric %u\n", net, other_host, device,
                   100 + number);
        if (spec->mtu_bytes >= 1280)
            script_add(&s, "route add default via 2001:db8:%u::%u dev %s metric %u\n", number,
                       other, device, 100 + number);
    }
    build_ip(b, place, &s);
}

static void add_links(struct build *b)
{
    char place[16];
    for (unsigned i = 1; i <= b->specs.count; i++) {
        snprintf(place, sizeof(place), "p%u", i);
        add_link_end(b, "c", b->specs.link[i - 1].name, i, 2, 1);
        add_link_end(b, place, "client", i, 1, 2);
        add_masquerade(b, place);
    }
}

static void add_plain_links(struct build *b)
{
    char server[LAB_NETNS_BYTES];
    lab_netns(server, b->config->id, "s");
    for (unsigned i = 1; i <= b->config->plain_count; i++) {
        unsigned number = (unsigned)b->specs.count + i;
        struct script client_side = { 0 };
        struct script server_side = { 0 };
        script_add(&client_side, "link add plain%u type veth peer name plain%u netns %s\n", i, i,
                   server);
        script_add(&client_side, "link set dev plain%u up\n", i);
        script_add(&client_side, "address add 10.0.%u.2/24 dev plain%u\n", number, i);
        script_add(&client_side, "address add 2001:db8:%u::2/64 dev plain%u nodad\n", number, i);
        script_add(&server_side, "link set dev plain%u up\n", i);
        script_add(&server_side, "address add 10.0.%u.1/24 dev plain%u\n", number, i);
        script_add(&server_side, "address add 2001:db8:%u::1/64 dev plain%u nodad\n", number, i);
        build_ip(b, "c", &client_side);
        build_ip(b, "s", &server_side);

        struct script routes = { 0 };
        script_add(&routes, "route add default via 10.0.%u.1 dev plain%u metric %u\n", number, i,
                   100 + number);
        script_add(&routes, "route add default via 2001:db8:%u::1 dev plain%u metric %u\n", number,
                   i, 100 + number);
        build_ip(b, "c", &routes);
    }
}

static void add_lan(struct build *b)
{
    char host[LAB_NETNS_BYTES];
    struct script client = { 0 };
    struct script own = { 0 };
    script_add(&client, "link set dev lo up\n");
    script_add(&client, "link add lan type veth peer name lan netns %s\n",
               lab_netns(host, b->config->id, "h"));
    script_add(&client, "link set dev lan up\naddress add 192.168.1.1/24 dev lan\n");
    script_add(&client, "address add fd00:1::1/64 dev lan nodad\n");
    build_ip(b, "c", &client);

    script_add(&own, "link set dev lo up\nlink set dev lan up\n");
    script_add(&own, "address add 192.168.1.2/24 dev lan\n");
    script_add(&own, "address add fd00:1::2/64 dev lan nodad\n");
    script_add(&own, "route add default via 192.168.1.1\nroute add default via fd00:1::1\n");
    build_ip(b, "h", &own);
}

/* The emulator's pairs of devices, one string a link. */
struct pairs {
    char text[LINKSPEC_LINKS_MAX][2 * LAB_NETNS_BYTES + 2 * LINKSPEC_NAME_BYTES];
};

static void name_pairs(const struct build *b, struct pairs *pairs)
{
    for (size_t i = 0; i < b->specs.count; i++)
        snprintf(pairs->text[i], sizeof(pairs->text[i]), "hw-%s-c:%s=hw-%s-p%zu:client",
                 b->config->id, b->specs.link[i].name, b->config->id, i + 1);
}

/* Waits until the emulator says that its devices exist. */
static bool wait_ready(int fd)
{
    char line[16] = "";
    size_t len = 0;
    for (ssize_t n; len + 1 < sizeof(line); len += (size_t)n) {
        n = read(fd, line + len, sizeof(line) - 1 - len);
        if (n < 0 && errno == EINTR)
            n = 0;
        else if (n <= 0)
            break;
    }
    return strncmp(line, "ready\n", 6) == 0;
}

static void start_emulator(struct build *b)
{
    char program[PATH_MAX + 16];
    char directory[PATH_MAX] = "";
    char control[STATE_PATH_BYTES];
    char log[STATE_PATH_BYTES];
    char seed[24];
    char owner[16];
    struct pairs pairs;
    if (b->failed)
        return;

    run_own_directory(directory, sizeof(directory));
    snprintf(program, sizeof(program), "%s/hawser-emu", directory);
    snprintf(seed, sizeof(seed), "%llu", (unsigned long long)b->config->seed);
    snprintf(owner, sizeof(owner), "%d", (int)b->config->owner);
    name_pairs(b, &pairs);
    const char *argv[EMULATOR_ARGS] = {
        access(program, X_OK) == 0 ? program : "hawser-emu",
        "--links",
        b->config->links != NULL ? b->config->links : "",
        "--seed",
        seed,
        "--owner",
        owner,
        "--control",
        state_path(control, b->config->id, "control"),
    };
    size_t count = 9;
    for (size_t i = 0; i < b->specs.count; i++)
        argv[count++] = pairs.text[i];

    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0) {
        build_check(b, false, "pipe");
        return;
    }
    pid_t pid = run_detached(argv, ready[1], state_path(log, b->config->id, "log"));
    close(ready[1]);
    build_check(b, pid > 0 && record_process(b->config->id, "emulator", pid), "emulator's start");
    build_check(b, wait_ready(ready[0]), "emulator");
    close(ready[0]);
}

static bool make_state(const struct lab_config *config)
{
    char path[STATE_PATH_BYTES];
    if (mkdir(state_path(path, config->id, ""), 0755) != 0 && errno != EEXIST) {
        log_error("%s: %s", path, strerror(errno));
        return false;
    }
    FILE *links = fopen(state_path(path, config->id, "links"), "we");
    if (links == NULL) {
        log_error("%s: %s", path, strerror(errno));
        return false;
    }
    fprintf(links, "%s\n", config->links != NULL ? config->links : "");
    return fclose(links) == 0;
}

/* Names that the client's other devices have. */
static bool names_are_free(const struct linkspecs *specs)
{
    for (size_t i = 0; i < specs->count; i++) {
        const char *name = specs->link[i].name;
        if (strcmp(name, "lan") == 0 || strcmp(name, "lo") == 0 || strcmp(name, "wan") == 0 ||
            strncmp(name, "plain", 5) == 0 || strncmp(name, "hawser", 6) == 0) {
            log_error("a link cannot be named \"%s\": the client has that device already", name);
            return false;
        }
    }
    return true;
}

static bool parse_links(struct build *b)
{
    char error[LINKSPEC_ERROR_BYTES];
    const char *links = b->config->links;
    if (links == NULL || links[0] == '\0')
        return true;
    if (linkspecs_parse(&b->specs, links, error))
        return names_are_free(&b->specs);
    log_error("links: %s", error);
    return false;
}

static bool build(struct build *b)
{
    const char *id = b->config->id;
    clean_up();
    if (lab_is_alive(id)) {
        log_error("lab %s is up already; remove it with: hawser-lab down --id %s", id, id);
        return false;
    }
    if (!parse_links(b))
        return false;

    take_down(id); /* what an interrupted run left */
    build_check(b, make_state(b->config), "state directory");
    for_each_place(b, add_place);
    start_emulator(b);
    add_lan(b);
    add_uplinks(b);
    add_links(b);
    add_plain_links(b);
    linkspecs_free(&b->specs);
    if (b->failed)
        take_down(id);
    return !b->failed;
}

bool lab_up(const struct lab_config *config)
{
    struct build b = { .config = config };
    if (geteuid() != 0) {
        log_error("network namespaces need root: run it with sudo");
        return false;
    }
    if (!lab_id_valid(config->id)) {
        log_error("\"%s\" is no identifier: 1 to 11 letters or digits", config->id);
        return false;
    }
    int lock = lock_labs();
    bool up = lock >= 0 && build(&b);
    unlock_labs(lock);
    return up;
}

bool lab_command(const char *id, const char *command, char answer[LAB_ANSWER_BYTES])
{
    char path[STATE_PATH_BYTES];
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    strcpy(address.sun_path, state_path(path, id, "control"));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;

    /* A socket without a name of its own gets one from the kernel, for the answer. */
    const struct sockaddr_un unnamed = { .sun_family = AF_UNIX };
    const struct timeval patience = { .tv_sec = 2 };
    ssize_t len = -1;
    if (bind(fd, (const struct sockaddr *)&unnamed, sizeof(sa_family_t)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
        connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        send(fd, command, strlen(command), 0) >= 0)
        len = recv(fd, answer, LAB_ANSWER_BYTES - 1, 0);
    if (len < 0)
        log_error("lab %s does not answer: %s", id, strerror(errno));
    close(fd);
    answer[len < 0 ? 0 : len] = '\0';
    return len >= 0;
}
