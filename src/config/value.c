/* SPDX-License-Identifier: ISC */
#include "config/value.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The characters that names may hold, whatever the locale says. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool value_bool(const char *text, bool *out)
{
    *out = strcmp(text, "yes") == 0;
    return *out || strcmp(text, "no") == 0;
}

bool value_uint(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
    uint64_t number = 0;
    if (*text == '\0')
        return false;
    for (const char *c = text; *c != '\0'; c++) {
        if (!is_digit(*c))
            return false;
        number = number * 10 + (uint64_t)(*c - '0');
        if (number > max)
            return false;
    }
    *out = (uint32_t)number;
    return number >= min;
}

/* Decimal or with 0x, 32 bits; *end: what follows. */
static bool parse_bits(const char *text, uint32_t *out, char **end)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    if (!is_digit(text[0]) || (hex && !isxdigit((unsigned char)text[2])))
        return false;
    errno = 0;
    unsigned long long number = strtoull(text, end, hex ? 16 : 10);
    *out = (uint32_t)number;
    return errno == 0 && number <= UINT32_MAX;
}

bool value_mark(const char *text, unsigned low_bits, uint32_t *value, uint32_t *mask)
{
    char *end;
    *mask = UINT32_MAX;
    if (!parse_bits(text, value, &end))
        return false;
    if (*end == '/' && !parse_bits(end + 1, mask, &end))
        return false;
    if (*end != '\0' || *value == 0 || (*value & ~*mask) != 0)
        return false;
    const uint32_t low = ((1U << low_bits) - 1) << __builtin_ctz(*mask);
    return (*value & low) == 0 && (*mask & low) == low;
}

struct unit {
    const char *name;
    uint64_t size;
};

/* A decimal number, with a fraction if need be, and one of the units; above 0, at most max. */
static bool value_scaled(const char *text, const struct unit *units, size_t unit_count,
                         uint64_t max, uint64_t *out)
{
    uint64_t whole = 0;
    uint64_t billionths = 0;
    uint64_t place = 100000000;
    const char *c = text;

    if (!is_digit(*c))
        return false;
    for (; is_digit(*c); c++) {
        whole = whole * 10 + (uint64_t)(*c - '0');
        if (whole > max)
            return false;
    }
    if (*c == '.') {
        c++;
        if (!is_digit(*c))
            return false;
        for (; is_digit(*c); c++, place /= 10)
            billionths += place * (uint64_t)(*c - '0');
    }
    for (size_t i = 0; i < unit_count; i++) {
        uint64_t size = units[i].size;
        if (strcmp(c, units[i].name) != 0)
            continue;
        if (whole > max / size)
            return false;
        /* Units above a billion are multiples of it, so nothing overflows or is lost. */
        uint64_t part =
            size > 1000000000 ? billionths * (size / 1000000000) : billionths * size / 1000000000;
        *out = whole * size + part;
        return *out > 0 && *out <= max;
    }
    return false;
}

bool value_rate_bps(const char *text, uint64_t *out)
{
    static const struct unit units[] = {
        { "bit", 1 }, { "kbit", 1000 }, { "mbit", 1000000 }, { "gbit", 1000000000 }
    };
    return value_scaled(text, units, sizeof units / sizeof units[0], UINT64_C(1000000000000), out);
}

bool value_quota_bytes(const char *text, uint64_t *out)
{
    static const struct unit units[] = { { "mb/month", 1000000 },
                                         { "gb/month", 1000000000 },
                                         { "tb/month", UINT64_C(1000000000000) } };
    return value_scaled(text, units, sizeof units / sizeof units[0], UINT64_C(1000000000000000),
                        out);
}

bool value_memory_bytes(const char *text, uint64_t *out)
{
    static const struct unit units[] = { { "kb", 1000 }, { "mb", 1000000 }, { "gb", 1000000000 } };
    return value_scaled(text, units, sizeof units / sizeof units[0], UINT64_C(1000000000000), out);
}

bool value_name(const char *text, size_t len_max)
{
    size_t len = 0;
    for (; text[len] != '\0'; len++) {
        if (!is_alnum(text[len]) && (len == 0 || strchr("-_.", text[len]) == NULL))
            return false;
    }
    return len >= 1 && len <= len_max;
}

bool value_ifname(const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len > CONFIG_IFNAME_MAX || text[0] == '-' || text[0] == '.')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!is_alnum(text[i]) && strchr("-_.@+=", text[i]) == NULL)
            return false;
    }
    return true;
}

bool value_user(const char *text)
{
    return (text[0] == '_' || is_alnum(text[0])) && !is_digit(text[0]) &&
           value_name(text[0] == '_' ? text + 1 : text, CONFIG_USER_MAX - 1);
}

bool value_dscp(const char *text, uint8_t *out)
{
    enum { EF = 46, VOICE_ADMIT = 44, LOWER_EFFORT = 1 };
    uint32_t number;
    if (strcmp(text, "ef") == 0) {
        *out = EF;
    } else if (strcmp(text, "va") == 0) {
        *out = VOICE_ADMIT;
    } else if (strcmp(text, "le") == 0) {
        *out = LOWER_EFFORT;
    } else if (strncmp(text, "cs", 2) == 0 && value_uint(text + 2, 0, 7, &number)) {
        *out = (uint8_t)(number << 3);
    } else if (strncmp(text, "af", 2) == 0 && value_uint(text + 2, 11, 43, &number) &&
               number % 10 >= 1 && number % 10 <= 3) {
        *out = (uint8_t)(number / 10 << 3 | number % 10 << 1);
    } else {
        if (!value_uint(text, 0, 63, &number))
            return false;
        *out = (uint8_t)number;
    }
    return true;
}

/* No address of nobody or of a group. */
static bool is_host(uint8_t family, const uint8_t addr[16])
{
    static const uint8_t unspecified[16];
    if (memcmp(addr, unspecified, family == 4 ? 4 : 16) == 0)
        return false;
    return family == 4 ? addr[0] < 224 : addr[0] != 0xff;
}

bool value_host_address(const char *text, struct netaddr *out)
{
    struct netprefix p;
    if (strchr(text, '/') != NULL || !value_host_prefix(text, &p))
        return false;
    *out = (struct netaddr){ .family = p.family };
    memcpy(out->addr, p.addr, sizeof out->addr);
    return true;
}

bool value_host_prefix(const char *text, struct netprefix *out)
{
    return netprefix_parse(out, text) && is_host(out->family, out->addr);
}

static bool value_port(const char *text, uint16_t *out)
{
    uint32_t port;
    if (!value_uint(text, 1, 65535, &port))
        return false;
    *out = (uint16_t)port;
    return true;
}

/*
 * Splits HOST or HOST:PORT; the brackets of [IPv6] are taken off and remembered. False if the port
 * is none, or the host is empty or too long.
 */
static bool split_host_port(const char *text, char host[CONFIG_HOST_MAX + 1], bool *bracketed,
                            uint16_t *port)
{
    *bracketed = text[0] == '[';
    const char *start = *bracketed ? text + 1 : text;
    size_t len = strcspn(start, *bracketed ? "]" : ":");
    const char *end = start + len;
    if (len == 0 || len > CONFIG_HOST_MAX)
        return false;
    if (*bracketed) {
        if (*end != ']')
            return false;
        end++;
    }
    memcpy(host, start, len);
    host[len] = '\0';
    if (*end == '\0')
        return true;
    return *end == ':' && value_port(end + 1, port);
}

bool value_host_name(const char *text)
{
    const char *label = text;
    for (;;) {
        size_t len = strcspn(label, ".");
        bool numeric = true;
        if (len == 0 || len > 63 || label[0] == '-' || label[len - 1] == '-')
            return false;
        for (size_t i = 0; i < len; i++) {
            if (!is_alnum(label[i]) && label[i] != '-' && label[i] != '_')
                return false;
            numeric = numeric && is_digit(label[i]);
        }
        if (label[len] == '\0')
            return !numeric;
        label += len + 1;
        if (*label == '\0') /* the root's dot */
            return !numeric;
    }
}

bool value_endpoint(const char *text, struct config_endpoint *out)
{
    char plain[CONFIG_HOST_MAX + sizeof "[]:65535"];
    bool bracketed;
    size_t len = strlen(text);
    memset(out, 0, sizeof *out);
    out->port = WIRE_PORT;
    if (len >= 4 && strcmp(text + len - 4, "/udp") == 0)
        len -= 4;
    if (len >= sizeof plain)
        return false;
    memcpy(plain, text, len);
    plain[len] = '\0';
    if (!split_host_port(plain, out->host, &bracketed, &out->port))
        return false;
    if (value_host_address(out->host, &out->addr)) {
        out->addr.port = out->port;
        out->host[0] = '\0';
        return bracketed == (out->addr.family == 6);
    }
    return !bracketed && value_host_name(out->host);
}

bool value_listen(const char *text, struct netaddr *out)
{
    memset(out, 0, sizeof *out);
    if (value_port(text, &out->port))
        return true;
    if (!netaddr_parse(out, text) || out->port == 0)
        return false;
    return out->family == 4 ? out->addr[0] < 224 : out->addr[0] != 0xff;
}

size_t value_distance(const char *a, const char *b)
{
    enum { LEN_MAX = 32 };
    size_t row[LEN_MAX + 1];
    size_t a_len = strnlen(a, LEN_MAX);
    size_t b_len = strnlen(b, LEN_MAX);

    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 0; i < a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b_len; j++) {
            size_t best = diagonal + (to_lower(a[i]) == to_lower(b[j]) ? 0 : 1);
            diagonal = row[j + 1];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (diagonal + 1 < best)
                best = diagonal + 1;
            row[j + 1] = best;
        }
    }
    return row[b_len];
}

bool value_near(const char *a, const char *b)
{
    size_t longer = strlen(a) > strlen(b) ? strlen(a) : strlen(b);
    size_t shorter = strlen(a) + strlen(b) - longer;
    /* What is longer by so much is as far at least, and need not be compared. */
    return 3 * (longer - shorter) <= longer && 3 * value_distance(a, b) <= longer;
}
