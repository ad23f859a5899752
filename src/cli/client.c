/* SPDX-License-Identifier: ISC */
#include "cli/client.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/plain.h"
#include "cli/command.h"
#include "cli/tunnel_file.h"
#include "config/limits.h"

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

enum { HOW_BYTES = UNIT_NAME_BYTES + 160 };

/* "systemctl start hawserd@office": how the tunnel is started; NULL: any. */
static const char *how_to_start(const char *tunnel, char out[HOW_BYTES])
{
    char unit[UNIT_NAME_BYTES];
    if (tunnel_file_unit(tunnel, unit))
        snprintf(out, HOW_BYTES, "start it with \"systemctl start %s\"", unit);
    else
        snprintf(out, HOW_BYTES,
                 "start it with \"systemctl start hawserd\", or hawserd@NAME for " UNIT_CONFIG_DIR
                 "/NAME.conf");
    return out;
}

static int list_tunnels(struct client_tunnels *out)
{
    const struct dirent *entry;
    char how[HOW_BYTES];
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
        return command_fail("no tunnel is running (nothing in %s): %s", run_dir(),
                            how_to_start(NULL, how));
    qsort(out->names, out->count, sizeof out->names[0], by_name);
    return 0;
}

/* The tunnel of a configuration file: its socket, if the file names one, or its interface. */
static int find_by_config(struct client_tunnels *out, const char *path)
{
    struct tunnel_file file;
    int err = tunnel_file_read(&file, path);
    if (err < 0)
        return command_fail("cannot read %s: %s", path, strerror(-err));
    const char *name = file.control[0] != '\0' ? file.control : file.interface;
    if (*name == '\0' || strlen(name) >= CLIENT_NAME_BYTES)
        return command_fail("%s names no interface: hawserd --check -c %s", path, path);
    strcpy(out->names[out->count++], name);
    return 0;
}

int client_find(struct client_tunnels *out, const struct command_options *options)
{
    const char *interface = options->interface;
    out->count = 0;
    if (options->config != NULL)
        return find_by_config(out, options->config);
    if (interface == NULL)
        return list_tunnels(out);
    if (*interface == '\0' || strlen(interface) >= CLIENT_NAME_BYTES)
        return command_fail("\"%s\" is no interface: name one, as hawser0", interface);
    strcpy(out->names[out->count++], interface);
    return 0;
}

int client_find_one(struct client_tunnels *out, const struct command_options *options)
{
    int rc = client_find(out, options);
    if (rc != 0 || out->count == 1)
        return rc;
    return command_fail("several tunnels are running: say which, as -i %s", out->names[0]);
}

/* The line for the user; returns COMMAND_FAILED. */
static int fail(char error[CLIENT_ERROR_BYTES], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int fail(char error[CLIENT_ERROR_BYTES], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error, CLIENT_ERROR_BYTES, format, args);
    va_end(args);
    return COMMAND_FAILED;
}

/* "dir/hawser0.sock" from "hawser0"; what has a slash is a path already. */
static int socket_address(struct sockaddr_un *out, const char *tunnel,
                          char error[CLIENT_ERROR_BYTES])
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
        return fail(error, "%s: the path of the socket is too long", tunnel);
    return 0;
}

static void explain_connect(const char *tunnel, const char *path, char error[CLIENT_ERROR_BYTES])
{
    char how[HOW_BYTES];
    switch (errno) {
    case ENOENT:
        fail(error, "%s is not running (no %s): %s", tunnel, path, how_to_start(tunnel, how));
        break;
    case ECONNREFUSED:
        fail(error, "%s is not running (its daemon left %s behind): %s", tunnel, path,
             how_to_start(tunnel, how));
        break;
    case EACCES:
    case EPERM:
        fail(error, "no permission to ask %s: run it as root", tunnel);
        break;
    default: /* a number, not an enum */
        fail(error, "cannot connect to %s: %m", path);
        break;
    }
}

/* Connected, with time limits; or negative, with the line in error. */
static int connect_to(const char *tunnel, int patience_ms, char error[CLIENT_ERROR_BYTES])
{
    const struct timeval limit = { .tv_sec = patience_ms / 1000,
                                   .tv_usec = patience_ms % 1000 * 1000 };
    struct sockaddr_un addr;
    if (socket_address(&addr, tunnel, error) != 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
        connect(fd, (const struct sockaddr *)&addr, sizeof addr) == 0)
        return fd;
    explain_connect(tunnel, addr.sun_path, error);
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

/*
 * What the daemon says is shown on terminals, and the process that says it reads packets of
 * others: no text of its moves a cursor or colours a screen, and no such name of a value is known.
 * True: it was so before.
 */
static bool make_plain(json_t *value)
{
    size_t index;
    const char *key;
    void *next;
    json_t *member;
    bool was_plain = true;
    json_array_foreach(value, index, member) was_plain = make_plain(member) && was_plain;
    json_object_foreach_safe(value, next, key, member)
    {
        bool is_named = plain_is_text(key);
        was_plain = is_named && make_plain(member) && was_plain;
        if (!is_named)
            json_object_del(value, key);
    }
    if (!json_is_string(value) || plain_is_text(json_string_value(value)))
        return was_plain;
    char *text = strdup(json_string_value(value));
    if (text == NULL || json_string_set(value, plain_text(text)) < 0)
        json_string_set(value, "");
    free(text);
    return false;
}

/* One answer, as it came and as it is understood. */
struct exchange {
    char *line; /* owned; without its newline, and with a terminating zero */
    json_t *answer;
    bool is_plain; /* also between the texts */
};

static void exchange_clear(struct exchange *x)
{
    free(x->line);
    json_decref(x->answer);
}

/* False: the line is in error, and there is nothing to clear. */
static bool exchange(int fd, const char *tunnel, const struct control_request *request,
                     struct exchange *out, char error[CLIENT_ERROR_BYTES])
{
    char text[CONTROL_REQUEST_BYTES_MAX];
    size_t len_bytes = 0;
    json_error_t json_error;
    int len = control_request_format(request, text);
    *out = (struct exchange){ .line = NULL };
    if (len < 0) {
        fail(error, "\"%s\" is no name of a link: hawser link lists them", request->link);
        return false;
    }
    if (send_all(fd, text, (size_t)len) == 0)
        out->line = receive_line(fd, &len_bytes);
    if (out->line == NULL) {
        fail(error, "the daemon of %s gives no answer: %s", tunnel,
             errno == EAGAIN   ? "it is busy or stopped, see its log"
             : errno == EPROTO ? "it hung up, see its log"
                               : strerror(errno));
        return false;
    }
    out->line[len_bytes] = '\0';
    out->answer = json_loadb(out->line, len_bytes, JSON_REJECT_DUPLICATES, &json_error);
    if (!json_is_object(out->answer) || !json_is_boolean(json_object_get(out->answer, "ok"))) {
        fail(error, "the answer of %s is not understood: are daemon and command of one version?",
             tunnel);
        exchange_clear(out);
        return false;
    }
    out->is_plain = make_plain(out->answer) && plain_is_text(out->line);
    return true;
}

/* As client_try(), with the exchange to be cleared. */
static int try(const char *tunnel, const struct control_request *request, int patience_ms,
               struct exchange *out, char error[CLIENT_ERROR_BYTES])
{
    int fd = connect_to(tunnel, patience_ms, error);
    if (fd < 0)
        return COMMAND_FAILED;
    bool is_answered = exchange(fd, tunnel, request, out, error);
    close(fd);
    if (!is_answered)
        return COMMAND_FAILED;
    if (json_is_true(json_object_get(out->answer, "ok")))
        return COMMAND_DONE;
    const char *why = json_string_value(json_object_get(out->answer, "error"));
    fail(error, "%s: %s", tunnel, why != NULL ? why : "refused, without a reason");
    exchange_clear(out);
    return COMMAND_FAILED;
}

int client_try(const char *tunnel, const struct control_request *request, int patience_ms,
               json_t **answer, char error[CLIENT_ERROR_BYTES])
{
    struct exchange x;
    *answer = NULL;
    if (try(tunnel, request, patience_ms, &x, error) != COMMAND_DONE)
        return COMMAND_FAILED;
    *answer = json_incref(x.answer);
    exchange_clear(&x);
    return COMMAND_DONE;
}

/* What stands behind "status" in an answer that has nothing else; NULL: it is not written so. */
static char *status_text(const struct exchange *x)
{
    static const char before[] = "{\"ok\":true,\"status\":";
    size_t len = strlen(x->line);
    bool is_alone = json_object_size(x->answer) == 2 && x->line[len - 1] == '}';
    if (!x->is_plain || !is_alone || strncmp(x->line, before, strlen(before)) != 0)
        return NULL;
    return strndup(x->line + strlen(before), len - 1 - strlen(before));
}

int client_try_status(const char *tunnel, const struct control_request *request, json_t **status,
                      char **text, char error[CLIENT_ERROR_BYTES])
{
    struct exchange x;
    *status = NULL;
    *text = NULL;
    if (try(tunnel, request, CONTROL_TIMEOUT_MS, &x, error) != COMMAND_DONE)
        return COMMAND_FAILED;
    if (json_is_object(json_object_get(x.answer, "status"))) {
        *status = json_incref(json_object_get(x.answer, "status"));
        *text = status_text(&x);
    } else {
        fail(error, "the answer of %s holds no status: are daemon and command of one version?",
             tunnel);
    }
    exchange_clear(&x);
    return *status != NULL ? COMMAND_DONE : COMMAND_FAILED;
}

int client_ask_status(const char *tunnel, const struct control_request *request, json_t **status,
                      char **text)
{
    char error[CLIENT_ERROR_BYTES];
    int rc = client_try_status(tunnel, request, status, text, error);
    return rc == COMMAND_DONE ? rc : command_fail("%s", error);
}

int client_ask(const char *tunnel, const struct control_request *request, json_t **answer)
{
    char error[CLIENT_ERROR_BYTES];
    bool reloads = request->command == CONTROL_RELOAD;
    int rc = client_try(tunnel, request, reloads ? CONTROL_RELOAD_TIMEOUT_MS : CONTROL_TIMEOUT_MS,
                        answer, error);
    return rc == COMMAND_DONE ? rc : command_fail("%s", error);
}
