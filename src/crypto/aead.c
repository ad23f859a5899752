/* SPDX-License-Identifier: ISC */
#include "crypto/aead.h"

#include <stdlib.h>
#include <string.h>
#if defined(__arm__) || defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include "crypto/aead_internal.h"
#include "crypto/secret.h"

struct aead_key {
    const struct aead_ops *ops;
    void *context; /* owned */
};

static const struct aead_ops *gcm_ops = &aead_openssl;

int aead_init(void)
{
#ifdef HAVE_IPSEC_MB
    if (aead_hw_aes() && aead_ipsecmb_init())
        gcm_ops = &aead_ipsecmb;
#endif
    return aead_openssl_init();
}

/* ---- no cipher: for measuring everything else, and for reproducible simulations ---- */

static void *null_open(enum aead_id id, const uint8_t key[32])
{
    (void)id;
    uint8_t *copy = malloc(32);
    if (copy != NULL)
        memcpy(copy, key, 32);
    return copy;
}

/* FNV-1a over key, nonce and header: notices a wrong key or a changed header, no more. */
static void null_tag(const uint8_t *key, const uint8_t *nonce, const uint8_t *aad, size_t aad_bytes,
                     uint8_t tag[AEAD_TAG_BYTES])
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < 32; i++)
        h = (h ^ key[i]) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < AEAD_NONCE_BYTES; i++)
        h = (h ^ nonce[i]) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < aad_bytes; i++)
        h = (h ^ aad[i]) * UINT64_C(0x100000001b3);
    memset(tag, 0, AEAD_TAG_BYTES);
    memcpy(tag, &h, sizeof h);
}

static bool null_seal(void *context, const uint8_t *nonce, const uint8_t *aad, size_t aad_bytes,
                      const struct aead_span *in, unsigned in_count, uint8_t *out)
{
    for (unsigned i = 0; i < in_count; i++) {
        memmove(out, in[i].data, in[i].len_bytes);
        out += in[i].len_bytes;
    }
    null_tag(context, nonce, aad, aad_bytes, out);
    return true;
}

static bool null_unseal(void *context, const uint8_t *nonce, const uint8_t *aad, size_t aad_bytes,
                        const uint8_t *in, size_t in_bytes, uint8_t *out)
{
    uint8_t tag[AEAD_TAG_BYTES];
    null_tag(context, nonce, aad, aad_bytes, tag);
    if (memcmp(tag, in + in_bytes - AEAD_TAG_BYTES, AEAD_TAG_BYTES) != 0)
        return false;
    memmove(out, in, in_bytes - AEAD_TAG_BYTES);
    return true;
}

static const struct aead_ops aead_null = {
    .name = "none",
    .open = null_open,
    .close = free,
    .seal = null_seal,
    .unseal = null_unseal,
};

/* ---- choice ---- */

static const struct aead_ops *ops_of(enum aead_id id)
{
    switch (id) {
    case AEAD_AES256_GCM:
        return gcm_ops;
    case AEAD_CHACHA20_POLY1305:
        return &aead_openssl;
    case AEAD_NULL:
        return &aead_null;
    }
    return NULL;
}

struct aead_key *aead_key_new(enum aead_id id, const uint8_t key[32])
{
    const struct aead_ops *ops = ops_of(id);
    struct aead_key *k = ops != NULL ? malloc(sizeof *k) : NULL;
    if (k == NULL)
        return NULL;
    k->ops = ops;
    k->context = ops->open(id, key);
    if (k->context == NULL) {
        free(k);
        return NULL;
    }
    return k;
}

void aead_key_free(struct aead_key *k)
{
    if (k == NULL)
        return;
    k->ops->close(k->context);
    free(k);
}

bool aead_seal(struct aead_key *k, const uint8_t nonce[AEAD_NONCE_BYTES], const uint8_t *aad,
               size_t aad_bytes, const struct aead_span *in, unsigned in_count, uint8_t *out)
{
    return k->ops->seal(k->context, nonce, aad, aad_bytes, in, in_count, out);
}

bool aead_open(struct aead_key *k, const uint8_t nonce[AEAD_NONCE_BYTES], const uint8_t *aad,
               size_t aad_bytes, const uint8_t *in, size_t in_bytes, uint8_t *out)
{
    return in_bytes >= AEAD_TAG_BYTES &&
           k->ops->unseal(k->context, nonce, aad, aad_bytes, in, in_bytes, out);
}

const char *aead_implementation(enum aead_id id)
{
    const struct aead_ops *ops = ops_of(id);
    return ops != NULL ? ops->name : "none";
}

bool aead_hw_aes(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
#elif defined(__aarch64__)
    return (getauxval(AT_HWCAP) & HWCAP_AES) != 0;
#elif defined(__arm__)
    return (getauxval(AT_HWCAP2) & HWCAP2_AES) != 0;
#else
    return false;
#endif
}

enum aead_id aead_preferred(void)
{
    return aead_hw_aes() ? AEAD_AES256_GCM : AEAD_CHACHA20_POLY1305;
}
