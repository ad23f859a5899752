/* SPDX-License-Identifier: ISC */
#include "base/netaddr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool netaddr_equal(const struct netaddr *a, const struct netaddr *b)
{
    return a->family == b->family && a->port == b->port && a->scope == b->scope &&
           memcmp(a->addr, b->addr, sizeof a->addr) == 0;
}

bool netaddr_in(const struct netaddr *list, size_t count, const struct netaddr *addr)
{
    for (size_t i = 0; i < count; i++)
        if (netaddr_equal(&list[i], addr))
            return true;
    return false;
}

/* A decimal number up to max that fills the whole text. */
static bool parse_number(const char *text, unsigned long max, unsigned long *out)
{
    if (*text < '0' || *text > '9')
        return false;
    char *end;
    *out = strtoul(text, &end, 10);
    return *end == '\0' && *out <= max && end - text <= 5;
}

static bool parse_bare(struct netaddr *out, const char *text)
{
    if (inet_pton(AF_INET, text, out->addr) == 1)
        out->family = 4;
    else if (inet_pton(AF_INET6, text, out->addr) == 1)
        out->family = 6;
    else
        return false;
    return true;
}

bool netaddr_parse(struct netaddr *out, const char *text)
{
    char host[NETADDR_STRLEN];
    memset(out, 0, sizeof *out);
    if (parse_bare(out, text))
        return true;
    const char *colon = strrchr(text, ':');
    unsigned long port = 0;
    if (colon == NULL || !parse_number(colon + 1, 65535, &port))
        return false;
    size_t len = (size_t)(colon - text);
    bool bracketed = len > 2 && text[0] == '[' && text[len - 1] == ']';
    if (bracketed) {
        text++;
        len -= 2;
    }
    if (len >= sizeof host)
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    if (!parse_bare(out, host) || (out->family == 6) != bracketed)
        return false;
    out->port = (uint16_t)port;
    return true;
}

const char *netaddr_format(const struct netaddr *a, char buf[NETADDR_STRLEN])
{
    char host[INET6_ADDRSTRLEN] = "none";
    if (a->family == 4)
        inet_ntop(AF_INET, a->addr, host, sizeof host);
    else if (a->family == 6)
        inet_ntop(AF_INET6, a->addr, host, sizeof host);
    if (a->port == 0)
        snprintf(buf, NETADDR_STRLEN, "%s", host);
    else
        snprintf(buf, NETADDR_STRLEN, a->family == 6 ? "[%s]:%u" : "%s:%u", host, a->port);
    return buf;
}

bool netprefix_parse(struct netprefix *out, const char *text)
{
    char host[NETADDR_STRLEN];
    struct netaddr a = { 0 };
    const char *slash = strchr(text, '/');
    size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
    if (len >= sizeof host)
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    if (!parse_bare(&a, host))
        return false;
    unsigned long bits = a.family == 4 ? 32 : 128;
    if (slash != NULL && !parse_number(slash + 1, bits, &bits))
        return false;
    memset(out, 0, sizeof *out);
    out->family = a.family;
    out->len = (uint8_t)bits;
    memcpy(out->addr, a.addr, sizeof out->addr);
    return true;
}

const char *netprefix_format(const struct netprefix *p, char buf[NETADDR_STRLEN])
{
    struct netaddr a = { .family = p->family };
    memcpy(a.addr, p->addr, sizeof a.addr);
    netaddr_format(&a, buf);
    size_t len = strlen(buf);
    snprintf(buf + len, NETADDR_STRLEN - len, "/%u", p->len);
    return buf;
}

bool netprefix_contains(const struct netprefix *p, uint8_t family, const uint8_t *addr)
{
    if (p->family != family)
        return false;
    size_t whole = p->len / 8;
    if (memcmp(p->addr, addr, whole) != 0)
        return false;
    if (p->len % 8 == 0)
        return true;
    uint8_t mask = (uint8_t)(0xff << (8 - p->len % 8));
    return ((p->addr[whole] ^ addr[whole]) & mask) == 0;
}

void netprefix_mask(struct netprefix *p)
{
    for (unsigned i = 0; i < sizeof p->addr; i++) {
        unsigned from = i * 8;
        if (from >= p->len)
            p->addr[i] = 0;
        else if (p->len - from < 8)
            p->addr[i] &= (uint8_t)(0xff << (8 - (p->len - from)));
    }
}
