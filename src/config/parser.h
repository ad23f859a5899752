/* SPDX-License-Identifier: ISC */
/*
 * What the pieces of the configuration's reader share: where it is in which file, and errors.
 * load.c finds the files and cuts lines, section.c begins and ends sections, keys.c finds each
 * key's rule, assign.c and assign_policy.c turn text into values, check.c judges the whole.
 */
#ifndef HAWSER_CONFIG_PARSER_H
#define HAWSER_CONFIG_PARSER_H

#include <sys/stat.h>

#include "config/config.h"

enum config_section {
    CONFIG_SECTION_NONE, /* before the first header */
    CONFIG_SECTION_TUNNEL,
    CONFIG_SECTION_PEER,
    CONFIG_SECTION_LINK,
    CONFIG_SECTION_POLICY,
    CONFIG_SECTION_SKIPPED, /* below a bad header: its keys are not looked at */
};

enum config_key {
    CONFIG_TUNNEL_INTERFACE,
    CONFIG_TUNNEL_PRIVATE_KEY,
    CONFIG_TUNNEL_PRIVATE_KEY_FILE,
    CONFIG_TUNNEL_ADDRESS,
    CONFIG_TUNNEL_LISTEN,
    CONFIG_TUNNEL_LINKS,
    CONFIG_TUNNEL_NAT,
    CONFIG_TUNNEL_ROUTES,
    CONFIG_TUNNEL_MSS_CLAMP,
    CONFIG_TUNNEL_FALLBACK,
    CONFIG_TUNNEL_LAN,
    CONFIG_TUNNEL_MARK,
    CONFIG_TUNNEL_MTU,
    CONFIG_TUNNEL_UPLINK,
    CONFIG_TUNNEL_CIPHER,
    CONFIG_TUNNEL_MODE,
    CONFIG_TUNNEL_USER,
    CONFIG_TUNNEL_HOOK,
    CONFIG_TUNNEL_CONTROL,
    CONFIG_TUNNEL_METRICS,
    CONFIG_TUNNEL_LOG_LEVEL,
    CONFIG_TUNNEL_INCLUDE_DIR,
    CONFIG_TUNNEL_MEMORY_MAX,
    CONFIG_TUNNEL_REKEY_SECONDS,
    CONFIG_TUNNEL_OFFLOAD,
    CONFIG_TUNNEL_UDP_OFFLOAD,
    CONFIG_PEER_PUBLIC_KEY,
    CONFIG_PEER_PRESHARED_KEY,
    CONFIG_PEER_PRESHARED_KEY_FILE,
    CONFIG_PEER_ENDPOINT,
    CONFIG_PEER_ALLOWED_IPS,
    CONFIG_PEER_MAX_UP,
    CONFIG_PEER_MAX_DOWN,
    CONFIG_LINK_INTERFACE,
    CONFIG_LINK_ADDRESS,
    CONFIG_LINK_GATEWAY,
    CONFIG_LINK_ROLE,
    CONFIG_LINK_MAX_UP,
    CONFIG_LINK_MAX_DOWN,
    CONFIG_LINK_STANDBY_WHEN,
    CONFIG_LINK_QUOTA,
    CONFIG_LINK_QUOTA_RESET_DAY,
    CONFIG_LINK_COST,
    CONFIG_POLICY_MATCH,
    CONFIG_POLICY_DSCP,
    CONFIG_POLICY_LINKS,
    CONFIG_POLICY_FALLBACK,
    CONFIG_POLICY_MODE,
    CONFIG_POLICY_CLASS,
    CONFIG_KEY_COUNT,
};

/* A file of the configuration. */
struct config_file {
    char *path;     /* owned */
    struct stat st; /* as it was when it was opened */
};

struct config_parser {
    struct config *config;      /* the caller's */
    struct config_errors *errs; /* the caller's */
    struct config_file *files;  /* owned; [0] is the main one */
    uint32_t file_count;
    uint32_t file; /* errors are about this one */
    unsigned line; /* and this line of it */
    enum config_section section;
    struct hash prefixes;  /* owned: of all peers, each as PLACE OF ITS PEER * CONFIG_ALLOWED_MAX +
                            * ITS PLACE THERE */
    unsigned tunnel_line;  /* of [tunnel]; 0: not seen yet */
    unsigned section_line; /* of the present header */
    unsigned peer_headers; /* good and bad ones */
    unsigned link_headers;
    unsigned unknown_headers; /* perhaps the one that is missed */
    unsigned bad_endpoints;
    const char *key; /* being set; static */
    /* Line where a key was set last, 0: not; peer's and link's are of the present section. */
    unsigned seen[CONFIG_KEY_COUNT];
    bool links_auto;   /* "links = auto" was written */
    bool holds_secret; /* the present file itself holds a private or preshared key */
    bool no_memory;
};

/* The peer or link of the present section. */
static inline struct config_peer *config_this_peer(struct config_parser *p)
{
    return &p->config->peers[p->config->peer_count - 1];
}
static inline struct config_link *config_this_link(struct config_parser *p)
{
    return &p->config->links[p->config->link_count - 1];
}

/* Adds an error about a line of the present file (0: the file as a whole), or counts it when there
 * are too many. */
void config_fault(struct config_parser *p, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same about any file. */
void config_fault_at(struct config_parser *p, struct config_place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static inline struct config_place config_here(const struct config_parser *p)
{
    return (struct config_place){ .file = p->file, .line = p->line };
}

/* "line 5", in another file "FILE:5"; as seen from a place of that file. Returns buf. */
enum { CONFIG_WHERE_BYTES = CONFIG_PATH_BYTES_MAX + 16 };
const char *config_where(const struct config_parser *p, struct config_place at, uint32_t from_file,
                         char buf[CONFIG_WHERE_BYTES]);

/*
 * The list with room for one more, the new one cleared; NULL, noted in p, when there is no memory.
 * Lists have room for the next power of two. What moves is cleared where it was: it may be keys.
 */
void *config_grow(struct config_parser *p, void *list, size_t count, size_t item_bytes);

/* text for an error message: printable, shortened, in quotes. Returns buf. */
enum { CONFIG_QUOTE_BYTES = 72 };
const char *config_quote(const char *text, char buf[CONFIG_QUOTE_BYTES]);

/* The value of p->key is wrong, and this would be right. */
void config_bad_value(struct config_parser *p, const char *value, const char *what);
/* Whether a list of the present key has as many items as it may have; that is told. */
bool config_is_full(struct config_parser *p, size_t count, size_t max);

#endif
