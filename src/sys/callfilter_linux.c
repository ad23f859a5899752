/* SPDX-License-Identifier: ISC */
#include "sys/callfilter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/in6.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Calls that this machine does not have are numbers that no call has: a rule for them is none. */

static int add_all(scmp_filter_ctx f, uint32_t action, const int *calls, size_t count)
{
    int err = 0;
    for (size_t i = 0; err == 0 && i < count; i++)
        err = seccomp_rule_add(f, action, calls[i], 0);
    return err;
}

/* The calls, where one argument has these bits of a mask. */
static int add_masked(scmp_filter_ctx f, uint32_t action, const int *calls, size_t count,
                      struct scmp_arg_cmp compare)
{
    int err = 0;
    for (size_t i = 0; err == 0 && i < count; i++)
        err = seccomp_rule_add(f, action, calls[i], 1, compare);
    return err;
}

static int load(scmp_filter_ctx f, int err)
{
    if (err == 0)
        err = seccomp_load(f);
    seccomp_release(f);
    return err;
}

/* The engine */

/* Memory may become readable and writable, but never executable. */
static int allow_memory(scmp_filter_ctx f)
{
    static const int mapping[] = { SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(mprotect) };
    return add_masked(f, SCMP_ACT_ALLOW, mapping, COUNT(mapping),
                      SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

/* fcntl(2): to look, not to duplicate, lock, lease or signal. */
static int allow_fcntl(scmp_filter_ctx f, const int *commands, size_t count)
{
    static const int calls[] = { SCMP_SYS(fcntl), SCMP_SYS(fcntl64) };
    int err = 0;
    for (size_t i = 0; err == 0 && i < count; i++)
        err = add_masked(f, SCMP_ACT_ALLOW, calls, COUNT(calls),
                         SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)commands[i]));
    return err;
}

static int allow_socket_option(scmp_filter_ctx f, int level, int option)
{
    return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
                            SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)level),
                            SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)option));
}

/* abort(3): only to itself, and that only ends it. */
static int allow_abort(scmp_filter_ctx f)
{
    return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
}

/* What both confined programs need: bytes between open descriptors, waiting, memory, their end. */
static const int common[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(shutdown),
    SCMP_SYS(close),
    SCMP_SYS(getsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(lseek),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(sched_yield),
    /* What 32-bit machines have instead. */
    SCMP_SYS(_llseek),
    SCMP_SYS(fstat64),
    SCMP_SYS(fstatat64),
    SCMP_SYS(clock_gettime64),
    SCMP_SYS(clock_nanosleep_time64),
    SCMP_SYS(futex_time64),
    SCMP_SYS(ppoll_time64),
    SCMP_SYS(recvmmsg_time64),
};

int callfilter_engine(void)
{
    static const int more[] = { SCMP_SYS(accept4) };
    static const int commands[] = { F_GETFD, F_GETFL };
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (f == NULL)
        return -ENOMEM;
    int err = add_all(f, SCMP_ACT_ALLOW, common, COUNT(common));
    if (err == 0)
        err = add_all(f, SCMP_ACT_ALLOW, more, COUNT(more));
    if (err == 0)
        err = allow_memory(f);
    if (err == 0)
        err = allow_fcntl(f, commands, COUNT(commands));
    if (err == 0)
        err = allow_socket_option(f, IPPROTO_IP, IP_RECVERR);
    if (err == 0)
        err = allow_socket_option(f, IPPROTO_IPV6, IPV6_RECVERR);
    if (err == 0)
        err = allow_abort(f);
    return load(f, err);
}

/* The guard */

static const int of_the_machine[] = {
    /* modules, kernels, swap, names, accounting */
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(acct),
    SCMP_SYS(quotactl),
    SCMP_SYS(quotactl_fd),
    SCMP_SYS(syslog),
    /* clocks */
    SCMP_SYS(settimeofday),
    SCMP_SYS(stime),
    SCMP_SYS(clock_settime),
    SCMP_SYS(clock_settime64),
    SCMP_SYS(adjtimex),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(clock_adjtime64),
    /* devices past the kernel */
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(pciconfig_read),
    SCMP_SYS(pciconfig_write),
    /* other processes, and what the kernel runs for us */
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(process_madvise),
    SCMP_SYS(kcmp),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(lookup_dcookie),
    /* other people's keys and files */
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
    SCMP_SYS(open_by_handle_at),
    /* the file system and the bounds of others */
    SCMP_SYS(mount),
    SCMP_SYS(umount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsmount),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    /* what is there for old programs only */
    SCMP_SYS(uselib),
    SCMP_SYS(ustat),
    SCMP_SYS(sysfs),
    SCMP_SYS(vm86),
    SCMP_SYS(vm86old),
    SCMP_SYS(modify_ldt),
};

/* RestrictAddressFamilies= of the units. */
static int deny_sockets(scmp_filter_ctx f)
{
    static const int allowed[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET };
    enum { FAMILIES = AF_PACKET + 1 };
    const uint32_t refused = SCMP_ACT_ERRNO(EAFNOSUPPORT);
    int err = seccomp_rule_add(f, refused, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_GE, FAMILIES));
    for (unsigned family = 0; err == 0 && family < FAMILIES; family++) {
        bool is_allowed = false;
        for (size_t i = 0; i < COUNT(allowed); i++)
            is_allowed = is_allowed || (unsigned)allowed[i] == family;
        if (!is_allowed)
            err = seccomp_rule_add(f, refused, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, family));
    }
    return err;
}

/* MemoryDenyWriteExecute=, RestrictSUIDSGID=, RestrictRealtime= and LockPersonality=. */
static int deny_arguments(scmp_filter_ctx f)
{
    static const int maps[] = { SCMP_SYS(mmap), SCMP_SYS(mmap2) };
    static const int protects[] = { SCMP_SYS(mprotect), SCMP_SYS(pkey_mprotect) };
    static const int modes1[] = { SCMP_SYS(chmod), SCMP_SYS(fchmod) };
    static const int modes2[] = { SCMP_SYS(fchmodat) };
    static const int modes[] = { S_ISUID, S_ISGID };
    static const int policies[] = { SCHED_FIFO, SCHED_RR, 6 /* SCHED_DEADLINE */ };
    const scmp_datum_t write_execute = PROT_WRITE | PROT_EXEC;
    const uint32_t refused = SCMP_ACT_ERRNO(EPERM);
    int err = add_masked(f, refused, maps, COUNT(maps),
                         SCMP_A2(SCMP_CMP_MASKED_EQ, write_execute, write_execute));
    if (err == 0)
        err = add_masked(f, refused, protects, COUNT(protects),
                         SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
    for (size_t i = 0; err == 0 && i < COUNT(modes); i++) {
        const scmp_datum_t bit = (scmp_datum_t)modes[i];
        err = add_masked(f, refused, modes1, COUNT(modes1), SCMP_A1(SCMP_CMP_MASKED_EQ, bit, bit));
        if (err == 0)
            err = add_masked(f, refused, modes2, COUNT(modes2),
                             SCMP_A2(SCMP_CMP_MASKED_EQ, bit, bit));
    }
    for (size_t i = 0; err == 0 && i < COUNT(policies); i++)
        err = seccomp_rule_add(f, refused, SCMP_SYS(sched_setscheduler), 1,
                               SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)policies[i]));
    if (err == 0) /* 0 is what everybody has */
        err = seccomp_rule_add(f, refused, SCMP_SYS(personality), 1, SCMP_A0(SCMP_CMP_NE, 0));
    return err;
}

int callfilter_guard(void)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    if (f == NULL)
        return -ENOMEM;
    int err = add_all(f, SCMP_ACT_ERRNO(EPERM), of_the_machine, COUNT(of_the_machine));
    if (err == 0)
        err = deny_sockets(f);
    if (err == 0)
        err = deny_arguments(f);
    return load(f, err);
}

/* Looking names up */

/* What resolvers and modules of nsswitch.conf(5) do: files, threads, sockets. */
static const int of_resolvers[] = {
    SCMP_SYS(pread64),
    SCMP_SYS(stat),
    SCMP_SYS(stat64),
    SCMP_SYS(lstat),
    SCMP_SYS(lstat64),
    SCMP_SYS(statx),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getdents64),
    SCMP_SYS(getcwd),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getpeername),
    SCMP_SYS(socketpair),
    SCMP_SYS(select),
    SCMP_SYS(_newselect),
    SCMP_SYS(pselect6),
    SCMP_SYS(pselect6_time64),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(eventfd2),
    SCMP_SYS(pipe2),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(membarrier),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_getres_time64),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getuid32),
    SCMP_SYS(geteuid32),
    SCMP_SYS(getgid32),
    SCMP_SYS(getegid32),
    SCMP_SYS(getgroups),
    SCMP_SYS(getresuid),
    SCMP_SYS(getresgid),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getrlimit),
    SCMP_SYS(ugetrlimit),
    SCMP_SYS(mprotect),
    SCMP_SYS(mmap),
    SCMP_SYS(mmap2),
    SCMP_SYS(dup),
    SCMP_SYS(umask),
    SCMP_SYS(arch_prctl),
    SCMP_SYS(fcntl),
    SCMP_SYS(fcntl64),
};

/* Files to read, threads and not processes, questions about interfaces, common sockets. */
static int allow_resolving(scmp_filter_ctx f)
{
    static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };
    static const unsigned long questions[] = { FIONREAD, FIONBIO, SIOCGIFNAME, SIOCGIFINDEX,
                                               SIOCGIFFLAGS };
    const scmp_datum_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
    int err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                               SCMP_A2(SCMP_CMP_MASKED_EQ, writing, 0));
    if (err == 0)
        err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                               SCMP_A1(SCMP_CMP_MASKED_EQ, writing, 0));
    if (err == 0)
        err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                               SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    if (err == 0) /* to read them */
        err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0));
    for (size_t i = 0; err == 0 && i < COUNT(families); i++)
        err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                               SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
    for (size_t i = 0; err == 0 && i < COUNT(questions); i++)
        err = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                               SCMP_A1(SCMP_CMP_EQ, questions[i]));
    return err;
}

int callfilter_lookup(void)
{
    static const int others[] = { SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork),
                                  SCMP_SYS(vfork) };
    /* The C library has an older way where a call is unknown, as of clone3(2). */
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (f == NULL)
        return -ENOMEM;
    int err = add_all(f, SCMP_ACT_ALLOW, common, COUNT(common));
    if (err == 0)
        err = add_all(f, SCMP_ACT_ALLOW, of_resolvers, COUNT(of_resolvers));
    if (err == 0)
        err = add_all(f, SCMP_ACT_KILL_PROCESS, others, COUNT(others));
    if (err == 0)
        err = allow_resolving(f);
    if (err == 0)
        err = allow_abort(f);
    return load(f, err);
}
