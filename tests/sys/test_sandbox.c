/* SPDX-License-Identifier: ISC */
/*
 * What is left to a process in the sandbox: each try runs in a child of its own, which the kernel
 * must kill for everything but what the packet path needs. Needs root; else exits 77 (skipped).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/sandbox.h"

enum { SKIPPED = 77, REFUSED = 3, DID_IT = 4 };

static char root[] = "/tmp/hawser-sandbox-XXXXXX";
static uid_t uid;
static gid_t gid;

/* Ends by the system call alone: a sanitizer would look for leaks in _exit(), by calls that are not
 * allowed any more. */
static void leave(int code)
{
    syscall(SYS_exit_group, code);
}

/* The wait status of a child that does one thing in the sandbox. */
static int inside(void (*act)(void))
{
    pid_t pid = fork();
    int status;
    assert_true(pid >= 0);
    if (pid == 0) {
        const char *step;
        if (sandbox_enter(root, uid, gid, &step) < 0)
            leave(REFUSED);
        act();
        leave(DID_IT);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void assert_killed(void (*act)(void))
{
    int status = inside(act);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void try_open(void)
{
    int fd = open("/etc/passwd", O_RDONLY);
    (void)fd;
}

static void try_create(void)
{
    int fd = open("/file", O_WRONLY | O_CREAT, 0600);
    (void)fd;
}

static void try_socket(void)
{
    socket(AF_INET, SOCK_DGRAM, 0);
}

static void try_ioctl(void)
{
    struct ifreq r = { 0 };
    ioctl(STDERR_FILENO, SIOCGIFMTU, &r);
}

static void try_exec(void)
{
    char *const none[] = { NULL };
    execve("/bin/true", none, none);
}

static void try_fork(void)
{
    if (fork() == 0)
        leave(0);
}

static void try_setuid(void)
{
    if (setuid(0) != 0)
        leave(DID_IT);
}

static void try_chroot(void)
{
    if (chroot("/") != 0)
        leave(DID_IT);
}

static void try_ptrace(void)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void try_kill(void)
{
    kill(getppid(), 0);
}

static void try_executable_memory(void)
{
    void *p =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)p;
}

static void kills_what_is_not_allowed(void **state)
{
    static void (*const tries[])(void) = {
        try_open,
        try_create,
        try_socket,
        try_ioctl,
        try_exec,
        try_fork,
        try_setuid,
        try_chroot,
        try_ptrace,
        try_kill,
        try_executable_memory,
    };
    (void)state;
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++)
        assert_killed(tries[i]);
}

static void work(void)
{
    char buffer[64];
    void *memory = malloc(1 << 20);
    if (memory == NULL)
        leave(REFUSED);
    memset(memory, 1, 1 << 20);
    free(memory);
    snprintf(buffer, sizeof buffer, "%d", (int)getpid());
    if (write(STDERR_FILENO, "", 0) != 0)
        leave(REFUSED);
}

static void allows_work(void **state)
{
    (void)state;
    int status = inside(work);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), DID_IT);
}

/* The number behind a name in /proc/PID/status, in a base. */
static unsigned long long status_of(const char *text, const char *name, int base)
{
    const char *line = strstr(text, name);
    assert_non_null(line);
    return strtoull(line + strlen(name), NULL, base);
}

static void holds_no_privilege(void **state)
{
    (void)state;
    static char text[8192];
    char path[64];
    char link[256];
    int ready[2];
    int done[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(done), 0);
    pid_t pid = fork();
    if (pid == 0) {
        const char *step;
        close(done[1]);
        int err = sandbox_enter(root, uid, gid, &step);
        if (write(ready[1], err == 0 ? "y" : "n", 1) == 1 && read(done[0], &byte, 1) == 0)
            leave(DID_IT);
        leave(REFUSED);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    assert_int_equal(status_of(text, "CapEff:", 16), 0);
    assert_int_equal(status_of(text, "CapPrm:", 16), 0);
    assert_int_equal(status_of(text, "CapInh:", 16), 0);
    assert_int_equal(status_of(text, "CapBnd:", 16), 0);
    assert_int_equal(status_of(text, "CapAmb:", 16), 0);
    assert_int_equal(status_of(text, "NoNewPrivs:", 10), 1);
    assert_int_equal(status_of(text, "Seccomp:", 10), 2);
    assert_int_equal(status_of(text, "\nUid:", 10), uid);
    assert_int_equal(status_of(text, "\nGid:", 10), gid);
    assert_non_null(strstr(text, "\nGroups:\t \n"));
    snprintf(path, sizeof path, "/proc/%d/root", (int)pid);
    ssize_t n = readlink(path, link, sizeof link - 1);
    assert_true(n > 0);
    link[n] = '\0';
    assert_string_equal(link, root);
    close(done[1]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == DID_IT);
    close(done[0]);
    close(ready[0]);
    close(ready[1]);
}

static void root_is_checked(void **state)
{
    (void)state;
    char path[sizeof root + 8];
    snprintf(path, sizeof path, "%s/inner", root);
    assert_int_equal(sandbox_make_root(path), 0);
    assert_int_equal(sandbox_make_root(path), 0); /* again */
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(sandbox_make_root(path), -EPERM);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(sandbox_make_root("/dev/null"), -ENOTDIR);
}

static void finds_users(void **state)
{
    (void)state;
    uid_t u = 1;
    gid_t g = 1;
    assert_int_equal(sandbox_find_user("root", &u, &g), 0);
    assert_int_equal(u, 0);
    assert_int_equal(sandbox_find_user("no-such-user-here", &u, &g), -ENOENT);
    assert_true(u != 0 && g != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kills_what_is_not_allowed),
        cmocka_unit_test(allows_work),
        cmocka_unit_test(holds_no_privilege),
        cmocka_unit_test(root_is_checked),
        cmocka_unit_test(finds_users),
    };
    if (geteuid() != 0) {
        puts("needs root");
        return SKIPPED;
    }
    if (mkdtemp(root) == NULL || chmod(root, 0555) < 0)
        return 1;
    sandbox_find_user("nobody", &uid, &gid);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(root);
    return failed;
}
