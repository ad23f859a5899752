/* SPDX-License-Identifier: ISC */
#include <intel-ipsec-mb.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/aead_internal.h"
#include "crypto/secret.h"

static IMB_MGR *manager; /* function pointers for this CPU; its job queue is not used */

bool aead_ipsecmb_init(void)
{
    if (manager != NULL)
        return true;
    IMB_ARCH arch;
    IMB_MGR *m = alloc_mb_mgr(0);
    if (m == NULL)
        return false;
    init_mb_mgr_auto(m, &arch);
    /* The plain SSE code is no faster than OpenSSL's. */
    if (imb_get_errno(m) != 0 || arch < IMB_ARCH_AVX2) {
        free_mb_mgr(m);
        return false;
    }
    manager = m;
    return true;
}

static void *ipsecmb_open(enum aead_id id, const uint8_t key[32])
{
    (void)id;
    struct gcm_key_data *k = aligned_alloc(64, (sizeof *k + 63) & ~(size_t)63);
    if (k != NULL)
        IMB_AES256_GCM_PRE(manager, key, k);
    return k;
}

static void ipsecmb_close(void *context)
{
    secret_clear(context, sizeof(struct gcm_key_data));
    free(context);
}

static bool ipsecmb_seal(void *context, const uint8_t *nonce, const uint8_t *aad, size_t aad_bytes,
                         const struct aead_span *in, unsigned in_count, uint8_t *out)
{
    struct gcm_context_data g;
    if (in_count == 1) {
        IMB_AES256_GCM_ENC(manager, context, &g, out, in[0].data, in[0].len_bytes, nonce, aad,
                           aad_bytes, out + in[0].len_bytes, AEAD_TAG_BYTES);
        return true;
    }
    IMB_AES256_GCM_INIT(manager, context, &g, nonce, aad, aad_bytes);
    for (unsigned i = 0; i < in_count; i++) {
        IMB_AES256_GCM_ENC_UPDATE(manager, context, &g, out, in[i].data, in[i].len_bytes);
        out += in[i].len_bytes;
    }
    IMB_AES256_GCM_ENC_FINALIZE(manager, context, &g, out, AEAD_TAG_BYTES);
    return true;
}

static bool ipsecmb_unseal(void *context, const uint8_t *nonce, const uint8_t *aad,
                           size_t aad_bytes, const uint8_t *in, size_t in_bytes, uint8_t *out)
{
    struct gcm_context_data g;
    uint8_t tag[AEAD_TAG_BYTES];
    uint8_t expected[AEAD_TAG_BYTES];
    size_t text = in_bytes - AEAD_TAG_BYTES;
    memcpy(expected, in + text, sizeof expected); /* out may be in */
    IMB_AES256_GCM_DEC(manager, context, &g, out, in, text, nonce, aad, aad_bytes, tag,
                       AEAD_TAG_BYTES);
    return secret_equal(tag, expected, sizeof tag);
}

const struct aead_ops aead_ipsecmb = {
    .name = "ipsec-mb",
    .open = ipsecmb_open,
    .close = ipsecmb_close,
    .seal = ipsecmb_seal,
    .unseal = ipsecmb_unseal,
};
