/* SPDX-License-Identifier: ISC */
/*
 * AES-256-GCM by libipsec-mb's direct functions: the same mathematics as OpenSSL's, but without its
 * cost per packet, which for packets of 1400 bytes is more than the encryption.
 */
#include <intel-ipsec-mb.h>
#include <stdlib.h>

#include "crypto/internal.h"
#include "crypto/secret.h"

/* The functions for this CPU. The manager that they come from is large, and its queues unused. */
static struct {
    aes_gcm_pre_t expand_key;
    aes_gcm_enc_dec_t seal;
    aes_gcm_enc_dec_t open;
    aes_gcm_init_t seal_start;
    aes_gcm_enc_dec_update_t seal_update;
    aes_gcm_enc_dec_finalize_t seal_finish;
} gcm;

struct ipsecmb_key {
    struct aead_key base;
    _Alignas(64) struct gcm_key_data key; /* the library asks for it, its header does not */
    struct gcm_context_data context;
};

void aead_ipsecmb_init(void)
{
    const uint64_t need = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ;
    IMB_MGR *m = alloc_mb_mgr(0);
    if (m == NULL)
        return; /* OpenSSL serves as well */
    init_mb_mgr_auto(m, NULL);
    if (imb_get_errno(m) == 0 && (m->features & need) == need) {
        gcm.expand_key = m->gcm256_pre;
        gcm.seal = m->gcm256_enc;
        gcm.open = m->gcm256_dec;
        gcm.seal_start = m->gcm256_init;
        gcm.seal_update = m->gcm256_enc_update;
        gcm.seal_finish = m->gcm256_enc_finalize;
    }
    free_mb_mgr(m);
}

static struct aead_key *ipsecmb_key_new(enum aead_id id, const uint8_t key[32])
{
    (void)id; /* one cipher only */
    struct ipsecmb_key *k = aligned_alloc(_Alignof(struct ipsecmb_key), sizeof(*k));
    if (k == NULL)
        return NULL;
    *k = (struct ipsecmb_key){ .base.impl = aead_ipsecmb() };
    gcm.expand_key(key, &k->key);
    return &k->base;
}

static void ipsecmb_key_free(struct aead_key *base)
{
    secret_clear(base, sizeof(struct ipsecmb_key));
    free(base);
}

static bool ipsecmb_seal(struct aead_key *base, const uint8_t *nonce, const uint8_t *aad,
                         size_t aad_bytes, const struct aead_span *in, unsigned in_count,
                         uint8_t *out)
{
    struct ipsecmb_key *k = (struct ipsecmb_key *)base;
    if (in_count == 1) {
        gcm.seal(&k->key, &k->context, out, in->data, in->len_bytes, nonce, aad, aad_bytes,
                 out + in->len_bytes, AEAD_TAG_BYTES);
        return true;
    }
    gcm.seal_start(&k->key, &k->context, nonce, aad, aad_bytes);
    for (unsigned i = 0; i < in_count; i++) {
        if (in[i].len_bytes == 0)
            continue;
        gcm.seal_update(&k->key, &k->context, out, in[i].data, in[i].len_bytes);
        out += in[i].len_bytes;
    }
    gcm.seal_finish(&k->key, &k->context, out, AEAD_TAG_BYTES);
    return true;
}

static bool ipsecmb_open(struct aead_key *base, const uint8_t *nonce, const uint8_t *aad,
                         size_t aad_bytes, const uint8_t *in, size_t text_bytes, uint8_t *out)
{
    struct ipsecmb_key *k = (struct ipsecmb_key *)base;
    uint8_t tag[AEAD_TAG_BYTES];
    gcm.open(&k->key, &k->context, out, in, text_bytes, nonce, aad, aad_bytes, tag, sizeof(tag));
    return secret_equal(tag, in + text_bytes, sizeof(tag));
}

const struct aead_impl *aead_ipsecmb(void)
{
    static const struct aead_impl impl = {
        .name = "ipsec-mb",
        .key_new = ipsecmb_key_new,
        .key_free = ipsecmb_key_free,
        .seal = ipsecmb_seal,
        .open = ipsecmb_open,
    };
    return gcm.seal != NULL ? &impl : NULL;
}
