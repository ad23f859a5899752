/* SPDX-License-Identifier: ISC */
#include "sys/sockaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

struct netaddr sockaddr_get(const struct sockaddr *from)
{
    struct netaddr a = { 0 };
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (from->sa_family == AF_INET) {
        memcpy(&v4, from, sizeof v4);
        a.family = 4;
        a.port = ntohs(v4.sin_port);
        memcpy(a.addr, &v4.sin_addr, 4);
    } else if (from->sa_family == AF_INET6) {
        memcpy(&v6, from, sizeof v6);
        a.family = 6;
        a.port = ntohs(v6.sin6_port);
        a.scope = v6.sin6_scope_id;
        memcpy(a.addr, &v6.sin6_addr, 16);
    }
    return a;
}

socklen_t sockaddr_put(struct sockaddr_storage *out, const struct netaddr *a)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(a->port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
                               .sin6_port = htons(a->port),
                               .sin6_scope_id = a->scope };
    memset(out, 0, sizeof *out);
    memcpy(&v4.sin_addr, a->addr, 4);
    memcpy(&v6.sin6_addr, a->addr, 16);
    memcpy(out, a->family == 6 ? (const void *)&v6 : &v4, a->family == 6 ? sizeof v6 : sizeof v4);
    return a->family == 6 ? sizeof v6 : sizeof v4;
}
