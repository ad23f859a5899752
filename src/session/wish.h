/* SPDX-License-Identifier: ISC */
/*
 * How this side wants the paths over a peer's own links to be used, chosen by hand. Known by the
 * link's name, for a path may get another number when the peer starts anew.
 */
#ifndef HAWSER_SESSION_WISH_H
#define HAWSER_SESSION_WISH_H

#include <stddef.h>

#include "wire/wire.h"

struct wish {
    char link[WIRE_LINK_NAME_MAX + 1];
    enum wire_path_use use; /* STANDBY or DOWN */
};

struct wish_list {     /* all zero: nothing is wished */
    struct wish *list; /* owned */
    size_t count;
};

/* ACTIVE: nothing was wished. */
enum wire_path_use wish_of(const struct wish_list *w, const char *link);

/* 0, -ENOSPC (there are too many), -ENOMEM. */
int wish_set(struct wish_list *w, const char *link, enum wire_path_use use);

void wish_free(struct wish_list *w);

#endif
