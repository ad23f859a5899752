/* SPDX-License-Identifier: ISC */
/*
 * The wire format of hawser, version 1: every constant and layout that crosses the network.
 *
 * Encoding and decoding to plain values, without any state. Integers are big endian; varints are
 * those of RFC 9000, section 16. docs/protocol.md is the normative text.
 */
#ifndef HAWSER_WIRE_WIRE_H
#define HAWSER_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/netaddr.h"
#include "base/size.h"

enum {
    WIRE_VERSION = 1,
    WIRE_PORT = 4297,

    WIRE_TAG_BYTES = 16,
    WIRE_MAC_BYTES = 16,
    WIRE_EPOCH_BYTES = 8,
    WIRE_TIMESTAMP_BYTES = 12,
    WIRE_COOKIE_NONCE_BYTES = 24,
    WIRE_CHALLENGE_BYTES = 8,

    /* Transport datagram: header (authenticated, in clear), then the sealed plaintext. */
    WIRE_HEADER_BYTES = 10,
    WIRE_BEAT_BYTES = 2, /* plaintext: no other datagram that is sent often is so long */
    WIRE_BEAT_DATAGRAM_BYTES = WIRE_HEADER_BYTES + WIRE_BEAT_BYTES + WIRE_TAG_BYTES,
    /* A data frame's own header, the first bytes of the plaintext. */
    WIRE_DATA_BYTES = 10,
    /* What a data datagram adds to an inner packet, without the outer UDP and IP headers. */
    WIRE_OVERHEAD_BYTES = WIRE_HEADER_BYTES + WIRE_DATA_BYTES + WIRE_TAG_BYTES,

    /* Noise payloads (see struct wire_hello and struct wire_welcome). */
    WIRE_HELLO_BYTES = WIRE_TIMESTAMP_BYTES + WIRE_EPOCH_BYTES + 4,
    WIRE_HELLO_LONG_BYTES = WIRE_HELLO_BYTES + WIRE_CHALLENGE_BYTES,
    WIRE_WELCOME_BYTES = WIRE_EPOCH_BYTES + 4,

    /* Handshake messages, whole. Noise IKpsk2: e, es, s, ss, payload / e, ee, se, psk, payload. */
    WIRE_INITIATION_NOISE_BYTES = 32 + 48 + WIRE_HELLO_BYTES + WIRE_TAG_BYTES,
    WIRE_INITIATION_BYTES = 8 + WIRE_INITIATION_NOISE_BYTES + 2 * WIRE_MAC_BYTES,
    WIRE_INITIATION_LONG_BYTES = WIRE_INITIATION_BYTES + WIRE_CHALLENGE_BYTES,
    WIRE_RESPONSE_NOISE_BYTES = 32 + WIRE_WELCOME_BYTES + WIRE_TAG_BYTES,
    WIRE_RESPONSE_BYTES = 12 + WIRE_RESPONSE_NOISE_BYTES + 2 * WIRE_MAC_BYTES,
    WIRE_COOKIE_BYTES = 8 + WIRE_COOKIE_NONCE_BYTES + WIRE_MAC_BYTES + WIRE_TAG_BYTES,

    WIRE_PATHS_MAX = 32,                   /* path ids are 0 .. 31 */
    WIRE_LANES_MAX = TABLE_SIZE(1024, 64), /* lane ids are 0 .. 1023 */
    WIRE_LANE_UNORDERED = 0,               /* delivered on arrival, duplicates dropped */
    WIRE_LINK_NAME_MAX = 15,
    WIRE_ACCEPTED_MAX = 32,                /* prefixes */
    WIRE_REPORT_VALUE_MAX = (1 << 30) - 1, /* a varint of four bytes */
    WIRE_REPORT_LOSS_ALL = 10000,
    WIRE_REPORT_CPU_ALL = 100,
    WIRE_REPORT_CPU_UNKNOWN = 255,
    WIRE_VERSION_NAME_MAX = 15,
    WIRE_ACK_RANGES_MAX = 32,
    WIRE_ACK_TIMES_MAX = 64,
    WIRE_DATAGRAM_MIN = 528, /* UDP payload that every path must carry: 576 over IPv6 */
    WIRE_DATAGRAM_MAX = 9216,
    /* Longest frame that is sent, but for a PACKET: every path carries it. */
    WIRE_FRAME_BYTES_MAX = WIRE_DATAGRAM_MIN - WIRE_HEADER_BYTES - WIRE_TAG_BYTES,
    /* Plaintext of the longest datagram of several frames: 1280 over IPv4. */
    WIRE_FRAMES_BYTES_MAX = 1252 - WIRE_HEADER_BYTES - WIRE_TAG_BYTES,
    /* What a packet frame adds to an inner packet that is shorter than 16384 bytes. */
    WIRE_PACKET_BYTES_MAX = 1 + 2 + WIRE_DATA_BYTES,
};

/* The first byte of every datagram. */
enum wire_type {
    WIRE_INITIATION = 1,
    WIRE_RESPONSE = 2,
    WIRE_COOKIE = 3,
    WIRE_TRANSPORT = 4,
};

/*
 * The first byte of a frame. A data frame (top bit set) is alone in its datagram; the others, among
 * them packet frames, share one.
 */
enum wire_frame {
    WIRE_PADDING = 0,
    WIRE_PING = 1,
    WIRE_ACK = 2,
    WIRE_PATH_CHALLENGE = 3,
    WIRE_PATH_RESPONSE = 4,
    WIRE_PATH_STATUS = 5,
    WIRE_CLOSE = 6,
    WIRE_PACKET = 7, /* a data frame with its length */
    WIRE_REPORT_ASK = 9,
    WIRE_REPORT = 10,
    WIRE_ACCEPTED = 11,
    WIRE_RATE_LIMIT = 12,
    WIRE_DATA = 0x80,
};

/* A datagram is acknowledged if it holds such a frame. */
static inline bool wire_is_eliciting(enum wire_frame type)
{
    return type != WIRE_ACK && type != WIRE_PADDING && type != WIRE_CLOSE && type != WIRE_REPORT &&
           type != WIRE_REPORT_ASK;
}

/* Flags in a data frame's first byte, beside WIRE_DATA. */
enum wire_data_flag {
    WIRE_DATA_CSUM_PARTIAL = 0x01, /* transport checksum holds the pseudo-header sum only */
    WIRE_DATA_MORE = 0x02,         /* the packet goes on in the next sequence number */
    WIRE_DATA_CONT = 0x04,         /* the packet began in the previous sequence number */
    WIRE_DATA_REPEAT = 0x08,       /* sent before, on this path or another */
    WIRE_DATA_FLAGS = 0x0f,
};

struct wire_header {
    uint8_t path;
    uint32_t receiver; /* the receiver's session index */
    uint32_t pn;       /* low 32 bits of the packet number */
};

/* Encodes WIRE_HEADER_BYTES; path < WIRE_PATHS_MAX. */
void wire_put_header(uint8_t out[WIRE_HEADER_BYTES], const struct wire_header *h);
/* False: not a transport datagram that could be sealed (length, type, path). */
bool wire_get_header(const uint8_t *data, size_t len_bytes, struct wire_header *out);

/*
 * The packet number nearest to expected whose low 32 bits are given (RFC 9000, appendix A.3);
 * expected is the highest authenticated number of the path plus one.
 */
uint64_t wire_expand_pn(uint32_t low, uint64_t expected);

/* The AEAD nonce: three zero bytes, path, packet number (64 bits). Unique in a session's key. */
void wire_nonce(uint8_t out[12], uint8_t path, uint64_t pn);

struct wire_data {
    uint8_t flags;     /* enum wire_data_flag */
    uint16_t lane;     /* < WIRE_LANES_MAX */
    uint32_t sequence; /* in the lane */
    uint32_t sent_us;  /* sender's clock, low 24 bits of microseconds */
};

void wire_put_data(uint8_t out[WIRE_DATA_BYTES], const struct wire_data *d);
/* data: the whole plaintext, which must begin with a data frame. False: malformed. */
bool wire_get_data(const uint8_t *data, size_t len_bytes, struct wire_data *out);

/* Received packet numbers, descending: gap numbers missing, then len numbers received. */
struct wire_ack_range {
    uint32_t gap; /* 0 in the first range */
    uint32_t len; /* at least 1 */
};

/* Receive times, descending through the received numbers: count of them at one time. */
struct wire_ack_time {
    uint32_t count;  /* at least 1 */
    int32_t back_us; /* previous run's time minus this one's; 0 in the first */
};

struct wire_ack {
    uint8_t path;        /* whose packet numbers these are */
    uint32_t largest;    /* low 32 bits of the largest number received */
    uint32_t time_us;    /* receiver's clock when it came, low 32 bits of microseconds */
    uint32_t delay_us;   /* from then until this acknowledgement was built */
    uint8_t range_count; /* 1 .. WIRE_ACK_RANGES_MAX */
    uint8_t time_count;  /* 1 .. WIRE_ACK_TIMES_MAX; times cover the newest numbers only */
    struct wire_ack_range ranges[WIRE_ACK_RANGES_MAX];
    struct wire_ack_time times[WIRE_ACK_TIMES_MAX];
};

enum wire_path_use { WIRE_PATH_ACTIVE = 0, WIRE_PATH_STANDBY = 1, WIRE_PATH_DOWN = 2 };

/* When a path on standby is used. */
enum wire_path_flag {
    WIRE_PATH_BUSY = 1,        /* also while the active paths are full */
    WIRE_PATH_LAST_RESORT = 2, /* only when no other path on standby works either */
};

enum { WIRE_COST_MAX = 15 };

struct wire_path_status {
    uint8_t path;
    uint32_t sequence; /* a status with a lower one than the last is ignored */
    uint8_t use;       /* enum wire_path_use: how the receiver of this frame shall use it */
    uint8_t flags;     /* enum wire_path_flag */
    uint8_t
        cost; /* 0 .. WIRE_COST_MAX; a dearer path is used only while the cheaper ones are full */
    uint64_t limit_kbps;     /* most that the receiver of this frame may send; 0: no limit */
    uint16_t datagram_bytes; /* largest UDP payload known to pass; 0: unknown */
    uint8_t name_len;
    char name[WIRE_LINK_NAME_MAX + 1]; /* the link's name at its owner, for status; terminated */
};

/* A data frame that shares its datagram. */
struct wire_packet {
    struct wire_data data;
    const uint8_t *inner; /* not owned; decoding: a view into the plaintext */
    size_t inner_bytes;   /* 1 .. WIRE_DATAGRAM_MAX */
};

/* What the sender of the frame accepts from its receiver: prefixes of inner source addresses. */
struct wire_accepted {
    uint32_t sequence; /* one with a lower than the last is ignored */
    uint8_t count;
    struct netprefix list[WIRE_ACCEPTED_MAX]; /* bits behind the length are 0 */
};

/* How much the receiver of the frame may send, over all paths together. */
struct wire_rate_limit {
    uint32_t sequence; /* one with a lower than the last is ignored */
    uint64_t kbps;     /* as a path's limit; 0: as much as it can */
};

/* Why a path is used as it is. Numbers are never used for something else; unknown ones are shown as
 * such. */
enum wire_path_why {
    WIRE_WHY_UNKNOWN = 0,
    WIRE_WHY_IN_USE = 1,
    WIRE_WHY_LINK_FULL = 2,       /* in use, and its rate is the limit */
    WIRE_WHY_CONFIGURED_RATE = 3, /* the same, and the rate is one of the configuration */
    WIRE_WHY_LOSS = 4,            /* in use, and loses much */
    WIRE_WHY_LATE = 5,            /* in use, and answers take long */
    WIRE_WHY_DEAR = 6,            /* waits until the cheaper ones are full */
    WIRE_WHY_STANDBY = 7,
    WIRE_WHY_STANDBY_BUSY = 8,  /* until the others are down or full */
    WIRE_WHY_QUOTA_USED = 9,    /* the last resort */
    WIRE_WHY_SWITCHED_OFF = 10, /* by hand or by the other side */
    WIRE_WHY_NO_ADDRESS = 11,   /* none of the peer's is reachable over it */
    WIRE_WHY_OVERDUE = 12,      /* acknowledgements are */
    WIRE_WHY_PROBING = 13,
    WIRE_WHY_NO_ANSWER = 14,
    WIRE_WHY_TOO_LOSSY = 15, /* out of use for it, as for the next two */
    WIRE_WHY_TOO_LATE = 16,
    WIRE_WHY_TOO_SLOW = 17,
    WIRE_WHY_FAILED_LATELY = 18, /* answers, and has to for longer */
    WIRE_WHY_DEAR_IN_USE = 19,   /* the cheaper ones are full */
    WIRE_WHY_COUNT,
};

/* What limits all that a side sends to the other. */
enum wire_limit {
    WIRE_LIMIT_UNKNOWN = 0,
    WIRE_LIMIT_NO_PATH = 1,
    WIRE_LIMIT_IDLE = 2,
    WIRE_LIMIT_LINKS = 3, /* all of them are full */
    WIRE_LIMIT_CONFIGURED_RATES = 4,
    WIRE_LIMIT_FLOWS = 5, /* windows or senders */
    WIRE_LIMIT_SOME_LINKS = 6,
    WIRE_LIMIT_OWN_LINE = 7, /* the sender's, which all paths share */
    WIRE_LIMIT_CPU = 8,
    WIRE_LIMIT_PEER_RATE = 9, /* configured for the peer, by either side */
    WIRE_LIMIT_UPLINK = 10,   /* the rate of the sender's line, which its peers share */
    WIRE_LIMIT_COUNT,
};

/* What the sender of the frame found about one path. */
struct wire_report_path {
    uint8_t path;
    uint8_t use;          /* enum wire_path_use */
    uint8_t why;          /* enum wire_path_why, or a newer number */
    uint32_t rate_kbps;   /* that the path takes from it; 0: not measured */
    uint16_t loss;        /* of what it sent, 0 .. WIRE_REPORT_LOSS_ALL */
    uint32_t queue_100us; /* that it believes to cause, in units of 0.1 ms */
};

struct wire_report {
    uint8_t cpu;   /* percent of a processor, or WIRE_REPORT_CPU_UNKNOWN */
    uint8_t limit; /* enum wire_limit, or a newer number */
    uint8_t version_len;
    char version[WIRE_VERSION_NAME_MAX + 1]; /* of the program; terminated */
    uint8_t count;
    struct wire_report_path paths[WIRE_PATHS_MAX]; /* by path, each once */
};

enum wire_close_reason {
    WIRE_CLOSE_SHUTDOWN = 0,
    WIRE_CLOSE_REPLACED = 1,    /* another machine has called with the same key */
    WIRE_CLOSE_REPLACED_BY = 2, /* the same, with its address: WIRE_FEATURE_REPLACED_BY */
};

struct wire_close {
    uint8_t reason;    /* enum wire_close_reason; others count as SHUTDOWN */
    struct netaddr by; /* of WIRE_CLOSE_REPLACED_BY; else family 0 */
};

struct wire_frame_value {
    enum wire_frame type; /* never WIRE_DATA or WIRE_PADDING */
    union {
        struct wire_ack ack;
        uint8_t token[8]; /* challenge and response */
        struct wire_path_status status;
        struct wire_close close;
        struct wire_packet packet;
        struct wire_accepted accepted;
        struct wire_rate_limit rate_limit;
        uint8_t report_s; /* REPORT_ASK: reports are wanted for so long */
        struct wire_report report;
    };
};

/* Appends a frame; the writer remembers a lack of space. */
void wire_put_frame(struct writer *w, const struct wire_frame_value *f);
/* The same without a copy of it into the value. */
void wire_put_ack(struct writer *w, const struct wire_ack *a);
/* How long that frame will be. */
uint32_t wire_ack_bytes(const struct wire_ack *a);

/*
 * Takes the next frame of those that share a datagram, skipping padding. Returns 1 with a frame, 0
 * at the end, -EBADMSG if malformed or unknown (the rest of the datagram is then dropped).
 */
int wire_get_frame(struct reader *r, struct wire_frame_value *out);

/* What a side understands beside version 1 as it was at first. */
enum wire_feature {
    WIRE_FEATURE_REPORTS = 0x01,     /* REPORT_ASK and REPORT */
    WIRE_FEATURE_REPLACED_BY = 0x02, /* WIRE_CLOSE_REPLACED_BY */
    WIRE_FEATURE_ACCEPTED = 0x04,    /* ACCEPTED */
    WIRE_FEATURE_CHALLENGE = 0x08,   /* WIRE_REFUSAL_CHALLENGE */
    WIRE_FEATURE_RATE_LIMIT = 0x10,  /* RATE_LIMIT */
    WIRE_FEATURES = WIRE_FEATURE_REPORTS | WIRE_FEATURE_REPLACED_BY | WIRE_FEATURE_ACCEPTED |
                    WIRE_FEATURE_CHALLENGE | WIRE_FEATURE_RATE_LIMIT,
};

/* What the initiator says inside the handshake. */
struct wire_hello {
    uint8_t timestamp[WIRE_TIMESTAMP_BYTES]; /* TAI64N: 2^62 + seconds, nanoseconds; grows */
    uint8_t epoch[WIRE_EPOCH_BYTES]; /* random; the same as before: a rekey, else a new start */
    uint8_t version;
    uint8_t ciphers;   /* bit 0: AES-256-GCM, bit 1: ChaCha20-Poly1305 */
    uint8_t preferred; /* enum wire_cipher */
    uint8_t features;  /* enum wire_feature; bits that nobody knows are let be */
    bool challenged;   /* the long form: it repeats what a refusal asked for */
    uint8_t challenge[WIRE_CHALLENGE_BYTES];
};

enum wire_cipher { WIRE_CIPHER_AES256_GCM = 1, WIRE_CIPHER_CHACHA20_POLY1305 = 2 };

/* As in configurations and status; NULL: none of them. */
const char *wire_cipher_name(uint8_t cipher);

/* Why a responder opens no session although it knows the caller. */
enum wire_refusal {
    WIRE_REFUSAL_NONE = 0,
    WIRE_REFUSAL_CIPHER = 1,    /* no cipher that both accept */
    WIRE_REFUSAL_VERSION = 2,   /* see wire_welcome.version for the one it speaks */
    WIRE_REFUSAL_TIMESTAMP = 3, /* too many calls from before the newest one */
    WIRE_REFUSAL_CHALLENGE = 4, /* it may be a recording: call again with the challenge */
};

/* What the responder says. */
struct wire_welcome {
    uint8_t epoch[WIRE_EPOCH_BYTES]; /* with WIRE_REFUSAL_CHALLENGE the challenge */
    uint8_t version;
    uint8_t cipher;   /* enum wire_cipher: for both directions of the session; 0: there is none */
    uint8_t features; /* enum wire_feature */
    uint8_t refusal;  /* with cipher 0, and only then: enum wire_refusal or a newer number */
};

/* Returns the length, which depends on h->challenged. */
size_t wire_put_hello(uint8_t out[WIRE_HELLO_LONG_BYTES], const struct wire_hello *h);
bool wire_get_hello(const uint8_t *data, size_t len_bytes, struct wire_hello *out);
void wire_put_welcome(uint8_t out[WIRE_WELCOME_BYTES], const struct wire_welcome *h);
bool wire_get_welcome(const uint8_t *data, size_t len_bytes, struct wire_welcome *out);

/* Handshake messages as views into the datagram. Lengths are exact. */
struct wire_initiation {
    uint32_t sender;      /* the initiator's session index */
    const uint8_t *noise; /* WIRE_INITIATION_NOISE_BYTES; in the long form as many more: */
    size_t noise_bytes;
    const uint8_t *mac1; /* over all bytes before it */
    const uint8_t *mac2; /* over all bytes before it; zero without a cookie */
};

struct wire_response {
    uint32_t sender;      /* the responder's session index */
    uint32_t receiver;    /* the initiator's */
    const uint8_t *noise; /* WIRE_RESPONSE_NOISE_BYTES */
    const uint8_t *mac1;
    const uint8_t *mac2;
};

struct wire_cookie {
    uint32_t receiver;     /* index of the sender of the message that is answered */
    const uint8_t *nonce;  /* WIRE_COOKIE_NONCE_BYTES */
    const uint8_t *sealed; /* WIRE_MAC_BYTES + WIRE_TAG_BYTES */
};

/*
 * Begin a message in out, which has room for the whole; the noise bytes and the MACs at the known
 * offsets are for the caller to fill: see the views of wire_get_*().
 */
size_t wire_put_initiation(uint8_t out[WIRE_INITIATION_LONG_BYTES], uint32_t sender,
                           bool challenged); /* returns the length */
void wire_put_response(uint8_t out[WIRE_RESPONSE_BYTES], uint32_t sender, uint32_t receiver);
void wire_put_cookie(uint8_t out[WIRE_COOKIE_BYTES], uint32_t receiver);
bool wire_get_initiation(const uint8_t *data, size_t len_bytes, struct wire_initiation *out);
bool wire_get_response(const uint8_t *data, size_t len_bytes, struct wire_response *out);
bool wire_get_cookie(const uint8_t *data, size_t len_bytes, struct wire_cookie *out);

#endif
