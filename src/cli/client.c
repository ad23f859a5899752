/* SPDX-License-Identifier: ISC */
#include "cli/client.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/command.h"

/* Where the sockets are; tests have them elsewhere. */
static const char *run_dir(void)
{
    const char *dir = getenv("HAWSER_RUN_DIR");
    return dir != NULL && *dir != '\0' ? dir : CONTROL_DIR;
}

static bool is_socket(const char *dir, const char *file)
{
    char path[CLIENT_NAME_BYTES + CONTROL_SOCKET_PATH_MAX + 2];
    struct stat st;
    int len = snprintf(path, sizeof path, "%s/%s", dir, file);
    return len > 0 && (size_t)len < sizeof path && stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int list_tunnels(struct client_tunnels *out)
{
    const struct dirent *entry;
    DIR *d = opendir(run_dir());
    if (d == NULL && errno != ENOENT)
        return command_fail("cannot look into %s: %m%s", run_dir(),
                            errno == EACCES ? ": run it as root" : "");
    while (d != NULL && out->count < CLIENT_TUNNELS_MAX && (entry = readdir(d)) != NULL) {
        size_t len = strlen(entry->d_name);
        size_t suffix = strlen(CONTROL_SUFFIX);
        if (len <= suffix || strcmp(entry->d_name + len - suffix, CONTROL_SUFFIX) != 0 ||
            !is_socket(run_dir(), entry->d_name))
            continue;
        memcpy(out->names[out->count], entry->d_name, len - suffix);
        out->names[out->count++][len - suffix] = '\0';
    }
    if (d != NULL)
        closedir(d);
    if (out->count == 0)
        return command_fail("no tunnel is running (nothing in %s): start one with "
                            "\"systemctl start hawserd\"",
                            run_dir());
    qsort(out->names, out->count, sizeof out->names[0], by_name);
    return 0;
}

int client_find(struct client_tunnels *out, const char *interface)
{
    out->count = 0;
    if (interface == NULL)
        return list_tunnels(out);
    if (*interface == '\0' || strlen(interface) >= CLIENT_NAME_BYTES)
        return command_fail("\"%s\" is no interface: name one, as hawser0", interface);
    strcpy(out->names[out->count++], interface);
    return 0;
}

int client_find_one(struct client_tunnels *out, const char *interface)
{
    int rc = client_find(out, interface);
    if (rc != 0 || out->count == 1)
        return rc;
    return command_fail("several tunnels are running: say which, as -i %s", out->names[0]);
}

/* "dir/hawser0.sock" from "hawser0"; what has a slash is a path already. */
static int socket_address(struct sockaddr_un *out, const char *tunnel)
{
    int len;
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    if (strchr(tunnel, '/') != NULL)
        len = snprintf(out->sun_path, sizeof out->sun_path, "%s", tunnel);
    else
        len = snprintf(out->sun_path, sizeof out->sun_path, "%s/%s%s", run_dir(), tunnel,
                       CONTROL_SUFFIX);
    if (len < 0 || (size_t)len >= sizeof out->sun_path)
        return command_fail("%s: the path of the socket is too long", tunnel);
    return 0;
}

static int fail_to_connect(const char *tunnel, const char *path)
{
    switch (errno) {
    case ENOENT:
        return command_fail("%s is not running (no %s): start it with \"systemctl start hawserd\"",
                            tunnel, path);
    case ECONNREFUSED:
        return command_fail("%s is not running (its daemon left %s behind): start it with "
                            "\"systemctl start hawserd\"",
                            tunnel, path);
    case EACCES:
    case EPERM:
        return command_fail("no permission to ask %s: run it as root", tunnel);
    default:
        return command_fail("cannot connect to %s: %m", path);
    }
}

/* Connected, with time limits; or negative, after the line on stderr. */
static int connect_to(const char *tunnel)
{
    const struct timeval limit = { .tv_sec = CONTROL_TIMEOUT_MS / 1000,
                                   .tv_usec = CONTROL_TIMEOUT_MS % 1000 * 1000 };
    struct sockaddr_un addr;
    if (socket_address(&addr, tunnel) != 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
        connect(fd, (const struct sockaddr *)&addr, sizeof addr) == 0)
        return fd;
    fail_to_connect(tunnel, addr.sun_path);
    if (fd >= 0)
        close(fd);
    return -1;
}

/* All of it, or -1 with errno. */
static int send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return -1;
        data += sent;
        len -= (size_t)sent;
    }
    return 0;
}

/* One line, without the newline, to be freed; NULL with errno (EPROTO: cut short or too long). */
static char *receive_line(int fd, size_t *len_bytes)
{
    char *line = NULL;
    size_t len = 0;
    size_t cap = 0;
    for (;;) {
        if (len == cap) {
            cap = cap == 0 ? 16384 : 2 * cap;
            char *wider = cap <= CONTROL_ANSWER_BYTES_MAX ? realloc(line, cap) : NULL;
            if (wider == NULL)
                break;
            line = wider;
        }
        ssize_t got = recv(fd, line + len, cap - len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EPROTO;
        if (got <= 0)
            break;
        const char *newline = memchr(line + len, '\n', (size_t)got);
        len += (size_t)got;
        if (newline != NULL) {
            *len_bytes = (size_t)(newline - line);
            return line;
        }
    }
    int error = cap > CONTROL_ANSWER_BYTES_MAX ? EPROTO : errno;
    free(line);
    errno = error;
    return NULL;
}

/* The answer of the daemon, or NULL after the line on stderr. */
static json_t *exchange(int fd, const char *tunnel, const struct control_request *request)
{
    char text[CONTROL_REQUEST_BYTES_MAX];
    size_t answer_len = 0;
    json_error_t error;
    int len = control_request_format(request, text);
    if (len < 0) {
        command_fail("\"%s\" is no name of a link: hawser status lists them", request->link);
        return NULL;
    }
    char *line = NULL;
    if (send_all(fd, text, (size_t)len) == 0)
        line = receive_line(fd, &answer_len);
    if (line == NULL) {
        command_fail("the daemon of %s gives no answer: %s", tunnel,
                     errno == EAGAIN   ? "it is busy or stopped, see its log"
                     : errno == EPROTO ? "it hung up, see its log"
                                       : strerror(errno));
        return NULL;
    }
    json_t *answer = json_loadb(line, answer_len, JSON_REJECT_DUPLICATES, &error);
    free(line);
    if (!json_is_object(answer) || !json_is_boolean(json_object_get(answer, "ok"))) {
        command_fail("the answer of %s is not understood: are daemon and command of one version?",
                     tunnel);
        json_decref(answer);
        return NULL;
    }
    return answer;
}

int client_ask(const char *tunnel, const struct control_request *request, json_t **answer)
{
    int fd = connect_to(tunnel);
    if (fd < 0)
        return COMMAND_FAILED;
    *answer = exchange(fd, tunnel, request);
    close(fd);
    if (*answer == NULL)
        return COMMAND_FAILED;
    if (json_is_true(json_object_get(*answer, "ok")))
        return COMMAND_DONE;
    const char *why = json_string_value(json_object_get(*answer, "error"));
    command_fail("%s: %s", tunnel, why != NULL ? why : "refused, without a reason");
    json_decref(*answer);
    *answer = NULL;
    return COMMAND_FAILED;
}
