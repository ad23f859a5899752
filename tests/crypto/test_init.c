/* SPDX-License-Identifier: ISC */
/* After crypto_init() the room opens no file: a process that is killed for it does everything. */
#include <errno.h>
#include <seccomp.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/aead.h"
#include "crypto/cookie.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "crypto/noise.h"
#include "tests/crypto/hex.h"

static bool forbid_files(void)
{
    static const int calls[] = { SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2),
                                 SCMP_SYS(socket), SCMP_SYS(execve) };
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    bool done = filter != NULL;
    for (size_t i = 0; done && i < sizeof(calls) / sizeof(calls[0]); i++)
        done = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, calls[i], 0) == 0;
    done = done && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return done;
}

static bool shake(struct secret32 *send, struct secret32 *receive)
{
    struct noise_handshake i, r;
    struct secret32 keys[4], psk = { { 0 } };
    uint8_t publics[2][32], message[256], who[32], payload[8];
    size_t len, payload_bytes;
    for (size_t n = 0; n < 4; n++)
        key_generate(keys[n].bytes);
    return key_public(publics[0], keys[0].bytes) && key_public(publics[1], keys[1].bytes) &&
           noise_initiator_init(&i, "p", 1, &keys[0], publics[0], publics[1], &psk) == 0 &&
           noise_responder_init(&r, "p", 1, &keys[1], publics[1]) == 0 &&
           noise_create_initiation(&i, &keys[2], NULL, 0, message, sizeof(message), &len) == 0 &&
           noise_consume_initiation(&r, message, len, who, payload, sizeof(payload),
                                    &payload_bytes) == 0 &&
           noise_create_response(&r, &keys[3], NULL, 0, message, sizeof(message), &len) == 0 &&
           noise_consume_response(&i, message, len, payload, sizeof(payload), &payload_bytes) ==
               0 &&
           (noise_split(&i, send, receive), noise_split(&r, receive, send), true);
}

static bool carry(enum aead_id id, const struct secret32 *key)
{
    uint8_t nonce[AEAD_NONCE_BYTES] = { 0 }, packet[100 + AEAD_TAG_BYTES] = { 0 };
    const struct aead_span in = { packet, 100 };
    struct aead_key *k = aead_key_new(id, key->bytes);
    bool done = k != NULL && aead_seal(k, nonce, NULL, 0, &in, 1, packet) &&
                aead_open(k, nonce, NULL, 0, packet, sizeof(packet), packet);
    packet[0] ^= 1; /* errors may want their texts */
    done = done && !aead_open(k, nonce, NULL, 0, packet, sizeof(packet), packet);
    aead_key_free(k);
    return done;
}

static bool defend(const uint8_t public_key[32])
{
    struct cookie_keys keys;
    const uint8_t nonce[COOKIE_NONCE_BYTES] = { 0 }, cookie[COOKIE_BYTES] = { 0 };
    uint8_t mac1[COOKIE_MAC_BYTES], sealed[COOKIE_SEALED_BYTES], opened[COOKIE_BYTES];
    cookie_keys_init(&keys, public_key);
    cookie_mac1(&keys, nonce, sizeof(nonce), mac1);
    return cookie_seal(&keys, nonce, mac1, cookie, sealed) &&
           cookie_open(&keys, nonce, mac1, sealed, opened);
}

static bool do_everything(void)
{
    struct secret32 send, receive, shared;
    const uint8_t low_order[32] = { 0 };
    return shake(&send, &receive) && carry(AEAD_AES256_GCM, &send) &&
           carry(AEAD_CHACHA20_POLY1305, &receive) && defend(send.bytes) &&
           key_exchange(&shared, &send, low_order) == -EBADMSG;
}

static void test_sandbox(void **state)
{
    (void)state;
    /* Nothing else of the library was used in this process. */
    assert_int_equal(crypto_init(), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(20); /* a crash handler that wants files could wait for ever */
        if (!forbid_files())
            _exit(77);
        _exit(do_everything() ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();                     /* no seccomp here */
    assert_true(WIFEXITED(status)); /* else killed by the filter */
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_sandbox) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
