/* SPDX-License-Identifier: ISC */
#include "guard/lookup/addresses.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/limits.h"
#include "config/value.h"
#include "sys/state_file.h"

enum {
    LINE_BYTES_MAX = CONFIG_HOST_MAX + 1 + NETADDR_STRLEN,
    FILE_BYTES_MAX = ADDRESSES_NAMES_MAX * ADDRESSES_EACH_MAX * LINE_BYTES_MAX,
};

struct entry {
    char name[CONFIG_HOST_MAX + 1];
    struct netaddr list[ADDRESSES_EACH_MAX];
    size_t count;
};

struct addresses {
    struct entry entries[ADDRESSES_NAMES_MAX]; /* oldest first */
    size_t count;
};

struct addresses *addresses_new(void)
{
    return calloc(1, sizeof(struct addresses));
}

void addresses_free(struct addresses *a)
{
    free(a);
}

static struct entry *find(struct addresses *a, const char *name)
{
    for (size_t i = 0; i < a->count; i++)
        if (strcasecmp(a->entries[i].name, name) == 0)
            return &a->entries[i];
    return NULL;
}

static struct entry *find_or_add(struct addresses *a, const char *name)
{
    struct entry *e = find(a, name);
    if (e != NULL)
        return e;
    if (a->count == ADDRESSES_NAMES_MAX)
        memmove(&a->entries[0], &a->entries[1], --a->count * sizeof a->entries[0]);
    e = &a->entries[a->count++];
    memset(e, 0, sizeof *e);
    snprintf(e->name, sizeof e->name, "%s", name);
    return e;
}

static void add(struct entry *e, const struct netaddr *addr)
{
    if (e->count < ADDRESSES_EACH_MAX && !netaddr_in(e->list, e->count, addr))
        e->list[e->count++] = *addr;
}

/* Adds those of from that are among the found ones, or those that are not. */
static void add_those(struct entry *e, const struct entry *from, const struct netaddr *found,
                      size_t count, bool among)
{
    for (size_t i = 0; i < from->count; i++)
        if (netaddr_in(found, count, &from->list[i]) == among)
            add(e, &from->list[i]);
}

static bool differs(const struct entry *x, const struct entry *y)
{
    if (x->count != y->count)
        return true;
    for (size_t i = 0; i < x->count; i++)
        if (!netaddr_equal(&x->list[i], &y->list[i]))
            return true;
    return false;
}

size_t addresses_get(const struct addresses *a, const char *name,
                     struct netaddr out[ADDRESSES_EACH_MAX])
{
    const struct entry *e = find((struct addresses *)a, name);
    if (e == NULL)
        return 0;
    memcpy(out, e->list, e->count * sizeof out[0]);
    return e->count;
}

bool addresses_found(struct addresses *a, const char *name, const struct netaddr *found,
                     size_t count)
{
    if (count == 0)
        return false;
    struct entry *e = find_or_add(a, name);
    const struct entry old = *e;
    e->count = 0;
    add_those(e, &old, found, count, true); /* in the order that proved good */
    for (size_t i = 0; i < count; i++)
        add(e, &found[i]);
    add_those(e, &old, found, count, false);
    return differs(&old, e);
}

bool addresses_answered(struct addresses *a, const char *name, const struct netaddr *addr,
                        const struct netaddr *found, size_t count)
{
    struct entry *e = find_or_add(a, name);
    const struct entry old = *e;
    e->count = 0;
    add(e, addr);
    add_those(e, &old, found, count, true);
    if (count == 0)
        add_those(e, &old, found, count, false);
    return differs(&old, e);
}

static bool parse_line(void *arg, char *line)
{
    struct addresses *a = arg;
    struct netaddr addr;
    char *space = strchr(line, ' ');
    if (space == NULL)
        return false;
    *space = '\0';
    if (!value_host_name(line) || strlen(line) > CONFIG_HOST_MAX ||
        !value_host_address(space + 1, &addr))
        return false;
    add(find_or_add(a, line), &addr);
    return true;
}

size_t addresses_parse(struct addresses *a, const char *text)
{
    return state_file_lines(text, parse_line, a);
}

int addresses_load(struct addresses *a, const char *path)
{
    char *text = malloc(FILE_BYTES_MAX + 1);
    if (text == NULL)
        return -ENOMEM;
    ssize_t len = state_file_read(path, text, FILE_BYTES_MAX + 1);
    int err = len == -EFBIG ? -EBADMSG : len < 0 ? (int)len : 0;
    if (err == 0 && (addresses_parse(a, text) > 0 || strlen(text) < (size_t)len))
        err = -EBADMSG;
    free(text);
    return err;
}

int addresses_save(const struct addresses *a, const char *path)
{
    char *text = malloc(FILE_BYTES_MAX + 1);
    char addr[NETADDR_STRLEN];
    size_t len = 0;
    if (text == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < a->entries[i].count; j++)
            len +=
                (size_t)snprintf(text + len, FILE_BYTES_MAX + 1 - len, "%s %s\n",
                                 a->entries[i].name, netaddr_format(&a->entries[i].list[j], addr));
    int err = state_file_write(path, text, len);
    free(text);
    return err;
}
