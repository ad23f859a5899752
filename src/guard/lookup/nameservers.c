/* SPDX-License-Identifier: ISC */
#include "guard/lookup/nameservers.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "config/value.h"

enum { FILE_BYTES_MAX = 8192, LINE_BYTES_MAX = 128 };

/* On this machine, or nowhere. */
static bool is_here(const struct netaddr *a)
{
    static const uint8_t loopback[16] = { [15] = 1 };
    return a->family == 4 ? a->addr[0] == 127 : memcmp(a->addr, loopback, sizeof loopback) == 0;
}

static bool is_link_local(const struct netaddr *a)
{
    return a->family == 6 && a->addr[0] == 0xfe && (a->addr[1] & 0xc0) == 0x80;
}

/* "nameserver ADDRESS" or "nameserver ADDRESS%INTERFACE"; the keyword begins the line. */
static bool parse_line(char *line, struct nameserver *out)
{
    static const char keyword[] = "nameserver";
    const size_t len = sizeof keyword - 1;
    *out = (struct nameserver){ 0 };
    if (strncmp(line, keyword, len) != 0 || (line[len] != ' ' && line[len] != '\t'))
        return false;
    char *text = line + len + strspn(line + len, " \t");
    text[strcspn(text, " \t\r#;")] = '\0';
    char *zone = strchr(text, '%');
    if (zone != NULL) {
        *zone++ = '\0';
        if (!value_ifname(zone))
            return false;
        memcpy(out->zone, zone, strlen(zone) + 1);
    }
    if (!value_host_address(text, &out->addr) || is_here(&out->addr))
        return false;
    return zone == NULL || is_link_local(&out->addr);
}

static bool is_listed(const struct nameserver *list, size_t count, const struct nameserver *s)
{
    for (size_t i = 0; i < count; i++)
        if (netaddr_equal(&list[i].addr, &s->addr) && strcmp(list[i].zone, s->zone) == 0)
            return true;
    return false;
}

size_t nameservers_parse(const char *text, struct nameserver out[NAMESERVERS_MAX])
{
    size_t count = 0;
    while (*text != '\0' && count < NAMESERVERS_MAX) {
        char line[LINE_BYTES_MAX];
        size_t len = strcspn(text, "\n");
        if (len < sizeof line) {
            memcpy(line, text, len);
            line[len] = '\0';
            if (parse_line(line, &out[count]) && !is_listed(out, count, &out[count]))
                count++;
        }
        text += len + (text[len] == '\n');
    }
    return count;
}

static size_t read_file(const char *path, struct nameserver out[NAMESERVERS_MAX])
{
    char text[FILE_BYTES_MAX + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, FILE_BYTES_MAX);
    close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    return nameservers_parse(text, out);
}

size_t nameservers_read(struct nameserver out[NAMESERVERS_MAX])
{
    static const char *const paths[] = {
        "/etc/resolv.conf",
        /* where systemd-resolved, NetworkManager and resolvconf keep what they were told */
        "/run/systemd/resolve/resolv.conf",
        "/run/NetworkManager/no-stub-resolv.conf",
        "/run/dnsmasq/resolv.conf",
    };
    size_t count = 0;
    for (size_t i = 0; count == 0 && i < sizeof paths / sizeof paths[0]; i++)
        count = read_file(paths[i], out);
    return count;
}
