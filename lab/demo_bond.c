/* SPDX-License-Identifier: ISC */
#include "lab/demo_bond.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "lab/lab.h"
#include "lab/netns.h"

enum { KEY_BYTES = 64, PATH_BYTES = 96, ANSWER_BYTES = 65536 };

enum side { CLIENT, SERVER, SIDES };

static const char *const side_names[SIDES] = { "client", "server" };
static const char *const side_places[SIDES] = { "c", "s" };

struct bond {
    const struct linkspecs *specs; /* the caller's */
    char directory[32];            /* with configurations, sockets and logs */
    char daemon[PATH_MAX + 32];    /* the programs */
    char tool[PATH_MAX + 32];
    char private_key[SIDES][KEY_BYTES];
    char public_key[SIDES][KEY_BYTES];
    pid_t pid[SIDES];
};

static const char *file_of(const struct bond *bond, enum side side, const char *suffix,
                           char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s.%s", bond->directory, side_names[side], suffix);
    return path;
}

/* Beside this program, in the build tree it was built in, or in PATH. */
static void find_program(char *path, size_t size, const char *room, const char *name)
{
    char directory[PATH_MAX];
    if (run_own_directory(directory, sizeof(directory))) {
        snprintf(path, size, "%s/%s", directory, name);
        if (access(path, X_OK) == 0)
            return;
        snprintf(path, size, "%s/../src/%s/%s", directory, room, name);
        if (access(path, X_OK) == 0)
            return;
    }
    snprintf(path, size, "%s", name);
}

static bool make_keys(struct bond *bond)
{
    const char *const genkey[] = { bond->tool, "genkey", NULL };
    const char *const pubkey[] = { bond->tool, "pubkey", NULL };
    for (int s = 0; s < SIDES; s++) {
        if (run_capture(NULL, genkey, NULL, bond->private_key[s], KEY_BYTES) != 0 ||
            run_capture(NULL, pubkey, bond->private_key[s], bond->public_key[s], KEY_BYTES) != 0) {
            log_error("%s cannot make keys", bond->tool);
            return false;
        }
    }
    return true;
}

/* A file that only its owner may read, as the daemon demands. */
static FILE *create_private(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL)
        log_error("%s: %s", path, strerror(errno));
    if (file == NULL && fd >= 0)
        close(fd);
    return file;
}

static bool write_client(const struct bond *bond)
{
    char path[PATH_BYTES];
    char control[PATH_BYTES];
    FILE *f = create_private(file_of(bond, CLIENT, "conf", path));
    if (f == NULL)
        return false;
    fprintf(f, "[tunnel]\nprivate-key = %s\naddress = 10.77.0.2/24\n", bond->private_key[CLIENT]);
    fprintf(f, "control = %s\nuser = nobody\n", file_of(bond, CLIENT, "sock", control));
    fprintf(f, "\n[peer vps]\npublic-key = %s\n", bond->public_key[SERVER]);
    fprintf(f, "endpoint = 203.0.113.1:4297\nallowed-ips = 0.0.0.0/0\n");
    for (size_t i = 0; i < bond->specs->count; i++) {
        const char *name = bond->specs->link[i].name;
        fprintf(f, "\n[link %s]\ninterface = %s\n", name, name);
    }
    return fclose(f) == 0;
}

static bool write_server(const struct bond *bond)
{
    char path[PATH_BYTES];
    char control[PATH_BYTES];
    FILE *f = create_private(file_of(bond, SERVER, "conf", path));
    if (f == NULL)
        return false;
    fprintf(f, "[tunnel]\nprivate-key = %s\naddress = 10.77.0.1/24\n", bond->private_key[SERVER]);
    fprintf(f, "listen = 4297\nnat = yes\n");
    fprintf(f, "control = %s\nuser = nobody\n", file_of(bond, SERVER, "sock", control));
    fprintf(f, "\n[peer home]\npublic-key = %s\n", bond->public_key[CLIENT]);
    fprintf(f, "allowed-ips = 10.77.0.2/32, 192.168.1.0/24\n");
    return fclose(f) == 0;
}

static bool start_daemon(struct bond *bond, const char *lab_id, enum side side)
{
    char netns[LAB_NETNS_BYTES];
    char conf[PATH_BYTES];
    char log[PATH_BYTES];
    const char *const argv[] = { bond->daemon, "-f", "-c", file_of(bond, side, "conf", conf),
                                 NULL };
    int fd = open(file_of(bond, side, "log", log), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        log_error("%s: %s", log, strerror(errno));
        return false;
    }
    bond->pid[side] = run_start(lab_netns(netns, lab_id, side_places[side]), argv, fd);
    close(fd);
    return bond->pid[side] > 0;
}

struct bond *bond_start(const char *lab_id, const struct linkspecs *specs)
{
    struct bond *bond = calloc(1, sizeof(*bond));
    if (bond == NULL)
        return NULL;
    bond->specs = specs;
    strcpy(bond->directory, "/tmp/hawser-demo-XXXXXX");
    if (mkdtemp(bond->directory) == NULL) {
        log_error("%s: %s", bond->directory, strerror(errno));
        free(bond);
        return NULL;
    }
    find_program(bond->daemon, sizeof(bond->daemon), "daemon", "hawserd");
    find_program(bond->tool, sizeof(bond->tool), "cli", "hawser");
    if (make_keys(bond) && write_client(bond) && write_server(bond) &&
        start_daemon(bond, lab_id, SERVER) && start_daemon(bond, lab_id, CLIENT))
        return bond;
    bond_stop(bond);
    return NULL;
}

void bond_stop(struct bond *bond)
{
    static const char *const suffixes[] = { "conf", "log", "sock" };
    char path[PATH_BYTES];
    if (bond == NULL)
        return;
    for (int s = 0; s < SIDES; s++) {
        run_stop(bond->pid[s], 5000);
        for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
            unlink(file_of(bond, (enum side)s, suffixes[i], path));
    }
    if (rmdir(bond->directory) != 0)
        log_warn("%s: %s", bond->directory, strerror(errno));
    explicit_bzero(bond, sizeof(*bond));
    free(bond);
}

bool bond_is_running(struct bond *bond)
{
    for (int s = 0; s < SIDES; s++) {
        if (bond->pid[s] > 0 && waitpid(bond->pid[s], NULL, WNOHANG) != 0)
            bond->pid[s] = 0;
        if (bond->pid[s] == 0)
            return false;
    }
    return true;
}

void bond_print_logs(const struct bond *bond)
{
    char path[PATH_BYTES];
    char line[512];
    for (int s = 0; s < SIDES; s++) {
        FILE *f = fopen(file_of(bond, (enum side)s, "log", path), "re");
        while (f != NULL && fgets(line, sizeof(line), f) != NULL)
            fprintf(stderr, "%s: %s", side_names[s], line);
        if (f != NULL)
            fclose(f);
    }
}

static int connect_control(const struct bond *bond)
{
    char path[PATH_BYTES];
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const struct timeval patience = { .tv_sec = 2 };
    strcpy(address.sun_path, file_of(bond, CLIENT, "sock", path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
        connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* One request of ipc/control_proto.h to the client; the answer is the caller's, or NULL. */
static json_t *ask(const struct bond *bond, const char *request)
{
    char answer[ANSWER_BYTES];
    size_t len = 0;
    int fd = connect_control(bond);
    if (fd < 0)
        return NULL;
    ssize_t n = send(fd, request, strlen(request), MSG_NOSIGNAL);
    while (n > 0 && len < sizeof(answer)) {
        n = recv(fd, answer + len, sizeof(answer) - len, 0);
        len += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    return json_loadb(answer, len, JSON_DISABLE_EOF_CHECK, NULL);
}

static void read_path(const json_t *path, struct bond_link *link)
{
    const char *state = json_string_value(json_object_get(path, "state"));
    snprintf(link->state, sizeof(link->state), "%s", state != NULL ? state : "?");
    link->rx_bps = json_number_value(json_object_get(path, "rx_bps"));
    link->rtt_ms = json_number_value(json_object_get(path, "rtt_ms"));
}

bool bond_status(struct bond *bond, struct bond_link links[LINKSPEC_LINKS_MAX])
{
    for (size_t i = 0; i < bond->specs->count; i++)
        links[i] = (struct bond_link){ .state = "?" };
    json_t *answer = ask(bond, "{\"cmd\":\"status\"}\n");
    const json_t *status = json_object_get(answer, "status");
    const json_t *peer = json_array_get(json_object_get(status, "peers"), 0);
    const json_t *paths = json_object_get(peer, "paths");
    bool ok = json_is_array(paths);
    for (size_t p = 0; p < json_array_size(paths); p++) {
        const json_t *path = json_array_get(paths, p);
        const char *name = json_string_value(json_object_get(path, "link"));
        for (size_t i = 0; name != NULL && i < bond->specs->count; i++) {
            if (strcmp(bond->specs->link[i].name, name) == 0)
                read_path(path, &links[i]);
        }
    }
    json_decref(answer);
    return ok;
}

bool bond_set_link(struct bond *bond, const char *name, bool up)
{
    char request[128];
    snprintf(request, sizeof(request), "{\"cmd\":\"link\",\"link\":\"%s\",\"state\":\"%s\"}\n",
             name, up ? "up" : "down");
    json_t *answer = ask(bond, request);
    bool ok = json_is_true(json_object_get(answer, "ok"));
    if (!ok) {
        const char *error = json_string_value(json_object_get(answer, "error"));
        log_error("link %s: %s", name, error != NULL ? error : "the client does not answer");
    }
    json_decref(answer);
    return ok;
}
