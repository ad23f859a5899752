/* SPDX-License-Identifier: ISC */
/* What a service manager hears, on sockets of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "sys/notify.h"

static char directory[] = "/tmp/hawser-notify-XXXXXX";

/* A manager's socket; name[0] is '@' for an abstract one. */
static int manager(const char *name)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    size_t len = strlen(name);
    memcpy(addr.sun_path, name, len);
    if (name[0] == '@')
        addr.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&addr,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
                     0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static const char *heard(int fd)
{
    static char text[256];
    ssize_t n = recv(fd, text, sizeof text - 1, 0);
    if (n < 0)
        return NULL;
    text[n] = '\0';
    return text;
}

static void tells_a_manager(void **state)
{
    (void)state;
    char names[2][64];
    snprintf(names[0], sizeof names[0], "%s/notify", directory);
    snprintf(names[1], sizeof names[1], "@hawser-test-notify-%ld", (long)getpid());
    for (size_t i = 0; i < 2; i++) {
        int fd = manager(names[i]);
        assert_int_equal(notify_send("READY=1"), 0);
        assert_string_equal(heard(fd), "READY=1");
        assert_int_equal(notify_send("STOPPING=1"), 0);
        assert_string_equal(heard(fd), "STOPPING=1");
        assert_null(heard(fd));
        close(fd);
        assert_int_equal(notify_send("READY=1"), -ECONNREFUSED);
    }
    unlink(names[0]);
    assert_int_equal(notify_send("READY=1"), -ECONNREFUSED); /* the abstract one */
}

/* systemd takes a reload for done only by a READY=1 that is younger than that time. */
static void tells_the_time_of_a_reload(void **state)
{
    (void)state;
    char name[64];
    int64_t us = 0;
    struct timespec now;
    snprintf(name, sizeof name, "%s/reload", directory);
    int fd = manager(name);
    assert_int_equal(notify_reloading(), 0);
    assert_int_equal(sscanf(heard(fd), "RELOADING=1\nMONOTONIC_USEC=%" SCNd64, &us), 1);
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t age_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 - us;
    assert_true(age_us >= 0 && age_us < 60 * 1000000);
    close(fd);
    unlink(name);
}

static void does_without_a_manager(void **state)
{
    (void)state;
    char name[200];
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(notify_send("READY=1"), 0);
    setenv("NOTIFY_SOCKET", "vsock:2:1234", 1); /* a kind of socket that we do not speak */
    assert_int_equal(notify_send("READY=1"), 0);
    memset(name, 'x', sizeof name);
    name[0] = '/';
    name[sizeof name - 1] = '\0';
    setenv("NOTIFY_SOCKET", name, 1);
    assert_int_equal(notify_send("READY=1"), -ENAMETOOLONG);
    snprintf(name, sizeof name, "%s/nobody", directory);
    setenv("NOTIFY_SOCKET", name, 1);
    assert_int_equal(notify_send("READY=1"), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_a_manager),
        cmocka_unit_test(tells_the_time_of_a_reload),
        cmocka_unit_test(does_without_a_manager),
    };
    if (mkdtemp(directory) == NULL)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(directory);
    return failed;
}
