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
#include <linux/capability.h>
#include <linux/in6.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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

static int udp_fd;

static void try_setsockopt(void)
{
    const int on = 1;
    setsockopt(udp_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

static void try_duplicate(void)
{
    fcntl(udp_fd, F_DUPFD, 0);
}

static void try_lock(void)
{
    struct flock all = { .l_type = F_RDLCK };
    fcntl(udp_fd, F_SETLK, &all);
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
        try_setsockopt,
        try_duplicate,
        try_lock,
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

/* What udp_watch_errors() does while the engine runs. */
static void watch_errors(void)
{
    const int on = 1;
    if (setsockopt(udp_fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on) < 0)
        leave(REFUSED);
    setsockopt(udp_fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
}

static void allows_news_of_icmp(void **state)
{
    (void)state;
    int status = inside(watch_errors);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), DID_IT);
}

/* The guard's bounds */

static bool is_refused(long result, int error)
{
    return result < 0 && errno == error;
}

static bool runs(const char *program)
{
    char *const argv[] = { (char *)(uintptr_t)program, NULL };
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execv(program, argv);
        leave(REFUSED);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

/* 0, or the line of what is not as it should be. */
static int be_bound(void)
{
    const struct sched_param first = { .sched_priority = 1 };
    const char *step;
    void *memory;
    errno = 0;
    if (sandbox_bound(UINT64_C(1) << CAP_NET_ADMIN | UINT64_C(1) << CAP_SETPCAP, &step) < 0)
        return __LINE__;
    if (prctl(PR_CAPBSET_READ, CAP_NET_ADMIN, 0, 0, 0) != 1 ||
        prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) != 0)
        return __LINE__;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return __LINE__;
    if (!is_refused(syscall(SYS_init_module, NULL, 0, NULL), EPERM) ||
        !is_refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL), EPERM) ||
        !is_refused(unshare(CLONE_NEWUSER), EPERM))
        return __LINE__;
    if (!is_refused(socket(AF_VSOCK, SOCK_STREAM, 0), EAFNOSUPPORT) ||
        socket(AF_NETLINK, SOCK_RAW, 0) < 0 || socket(AF_INET6, SOCK_DGRAM, 0) < 0)
        return __LINE__;
    if (!is_refused(chmod(root, 04755), EPERM) ||
        !is_refused(sched_setscheduler(0, SCHED_FIFO, &first), EPERM))
        return __LINE__;
    memory = mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED || errno != EPERM)
        return __LINE__;
    return runs("/bin/true") ? 0 : __LINE__;
}

/* The line travels by a pipe: an exit code is too narrow. */
static int line_of(int (*act)(void))
{
    int ends[2];
    int line = -1;
    int status;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        line = act();
        leave(write(ends[1], &line, sizeof line) == sizeof line ? DID_IT : REFUSED);
    }
    close(ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(read(ends[0], &line, sizeof line), sizeof line);
    close(ends[0]);
    return line;
}

static void bounds_what_stays_privileged(void **state)
{
    (void)state;
    assert_int_equal(line_of(be_bound), 0);
}

/* The bounds of look-ups */

static bool has_landlock;
static char elsewhere[sizeof root + 8]; /* a file that everybody may read and write */

static void *nothing(void *arg)
{
    return arg;
}

static int look_up(void)
{
    struct addrinfo *list = NULL;
    pthread_t thread;
    const char *step;
    if (sandbox_lookup(uid, gid, &step) < 0)
        return __LINE__;
    if (getaddrinfo("localhost", NULL, NULL, &list) != 0)
        return __LINE__;
    freeaddrinfo(list);
    if (pthread_create(&thread, NULL, nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)
        return __LINE__;
    if (open("/etc/nsswitch.conf", O_RDONLY) < 0 && errno != ENOENT)
        return __LINE__;
    if (!is_refused(open(elsewhere, O_WRONLY), ENOSYS))
        return __LINE__;
    if (has_landlock && !is_refused(open(elsewhere, O_RDONLY), EACCES))
        return __LINE__;
    if (!is_refused(kill(getppid(), 0), ENOSYS) || !is_refused(ptrace(PTRACE_TRACEME), ENOSYS))
        return __LINE__;
    return is_refused(fork(), ENOSYS) ? 0 : __LINE__;
}

static void lets_names_be_looked_up_and_little_else(void **state)
{
    (void)state;
    snprintf(elsewhere, sizeof elsewhere, "%s/file", root);
    int fd = open(elsewhere, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
    assert_true(fd >= 0);
    fchmod(fd, 0666);
    close(fd);
    has_landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* the version */) > 0;
    int line = line_of(look_up);
    unlink(elsewhere);
    assert_int_equal(line, 0);
}

static int killed_by_exec(void)
{
    const char *step;
    if (sandbox_lookup(uid, gid, &step) < 0)
        return __LINE__;
    try_exec();
    return __LINE__;
}

static void kills_a_look_up_that_starts_a_program(void **state)
{
    (void)state;
    int status;
    pid_t pid = fork();
    if (pid == 0)
        leave(killed_by_exec() != 0 ? REFUSED : DID_IT);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
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
        cmocka_unit_test(allows_news_of_icmp),
        cmocka_unit_test(allows_work),
        cmocka_unit_test(bounds_what_stays_privileged),
        cmocka_unit_test(lets_names_be_looked_up_and_little_else),
        cmocka_unit_test(kills_a_look_up_that_starts_a_program),
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
    udp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(root);
    return failed;
}
