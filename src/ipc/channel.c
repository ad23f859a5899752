/* SPDX-License-Identifier: ISC */
#include "ipc/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int channel_send(int fd, const struct msg *m, const int *fds, size_t fd_count)
{
    uint8_t data[MSG_BYTES_MAX];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(MSG_FDS_MAX * sizeof(int))];
    } control = { 0 };
    struct iovec piece = { .iov_base = data, .iov_len = msg_encode(m, data) };
    struct msghdr h = { .msg_iov = &piece, .msg_iovlen = 1 };
    if (piece.iov_len == 0 || fd_count > MSG_FDS_MAX)
        return -EINVAL;
    if (fd_count > 0) {
        h.msg_control = control.bytes;
        h.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&h);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(c), fds, fd_count * sizeof(int));
    }
    ssize_t n;
    do {
        n = sendmsg(fd, &h, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    int err = n < 0 ? -errno : 0;
    explicit_bzero(data, piece.iov_len); /* some hold keys */
    return err;
}

static void take_fds(struct msghdr *h, struct channel_input *in)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
            if (in->fd_count < MSG_FDS_MAX)
                in->fds[in->fd_count++] = fd;
            else
                close(fd);
        }
    }
}

int channel_receive(int fd, struct channel_input *in)
{
    uint8_t data[MSG_BYTES_MAX];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(MSG_FDS_MAX * sizeof(int))];
    } control;
    struct iovec piece = { .iov_base = data, .iov_len = sizeof data };
    struct msghdr h = { .msg_iov = &piece,
                        .msg_iovlen = 1,
                        .msg_control = control.bytes,
                        .msg_controllen = sizeof control.bytes };
    ssize_t n;
    in->fd_count = 0;
    do {
        n = recvmsg(fd, &h, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == ECONNRESET ? 0 : -errno;
    if (n == 0)
        return 0;
    take_fds(&h, in);
    bool good =
        (h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0 && msg_decode(&in->msg, data, (size_t)n);
    explicit_bzero(data, (size_t)n);
    if (!good) {
        channel_close_fds(in);
        return -EBADMSG;
    }
    return 1;
}

void channel_close_fds(struct channel_input *in)
{
    while (in->fd_count > 0)
        close(in->fds[--in->fd_count]);
}
