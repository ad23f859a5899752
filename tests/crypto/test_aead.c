/* SPDX-License-Identifier: ISC */
/*
 * Every implementation that this machine has, against published values and against each other.
 * What runs only on other CPUs is not tested here.
 */
#include "base/rng.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/internal.h"
#include "tests/crypto/hex.h"

enum { TEXT_MAX = 2100, IMPLEMENTATIONS_MAX = 4 };

struct implementation {
    enum aead_id id;
    const struct aead_impl *impl;
};

/* Fills all, returns how many there are. */
static size_t implementations(struct implementation all[IMPLEMENTATIONS_MAX])
{
    size_t n = 0;
    all[n++] = (struct implementation){ AEAD_AES256_GCM, &aead_openssl };
    all[n++] = (struct implementation){ AEAD_CHACHA20_POLY1305, &aead_openssl };
    all[n++] = (struct implementation){ AEAD_SUM, &aead_null };
    if (aead_ipsecmb() != NULL)
        all[n++] = (struct implementation){ AEAD_AES256_GCM, aead_ipsecmb() };
    return n;
}

static const struct {
    enum aead_id id;
    const char *key, *nonce, *aad, *text, *sealed;
} vectors[] = {
    /* McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13, 14 and 16. */
    { AEAD_AES256_GCM, "0000000000000000000000000000000000000000000000000000000000000000",
      "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b" },
    { AEAD_AES256_GCM, "0000000000000000000000000000000000000000000000000000000000000000",
      "000000000000000000000000", "", "00000000000000000000000000000000",
      "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919" },
    { AEAD_AES256_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
      "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
      "76fc6ece0f4e1768cddf8853bb2d551b" },
    /* RFC 8439, section 2.8.2. */
    { AEAD_CHACHA20_POLY1305, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
      "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
      "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966"
      "204920636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572"
      "652c2073756e73637265656e20776f756c642062652069742e",
      "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69"
      "da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad67594"
      "5585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691" },
};

static void test_known_answers(void **state)
{
    (void)state;
    struct implementation all[IMPLEMENTATIONS_MAX];
    size_t count = implementations(all);
    for (size_t v = 0; v < sizeof(vectors) / sizeof(vectors[0]); v++) {
        for (size_t i = 0; i < count; i++) {
            if (all[i].id != vectors[v].id)
                continue;
            uint8_t key[32], nonce[AEAD_NONCE_BYTES], aad[32], text[128], out[144];
            unhex(key, sizeof(key), vectors[v].key);
            unhex(nonce, sizeof(nonce), vectors[v].nonce);
            size_t aad_bytes = unhex(aad, sizeof(aad), vectors[v].aad);
            struct aead_span in = { text, unhex(text, sizeof(text), vectors[v].text) };
            struct aead_key *k = all[i].impl->key_new(all[i].id, key);
            assert_non_null(k);
            assert_true(aead_seal(k, nonce, aad, aad_bytes, &in, 1, out));
            assert_hex(out, in.len_bytes + AEAD_TAG_BYTES, vectors[v].sealed);
            assert_true(
                aead_open(k, nonce, aad, aad_bytes, out, in.len_bytes + AEAD_TAG_BYTES, out));
            assert_memory_equal(out, text, in.len_bytes);
            aead_key_free(k);
        }
    }
}

struct sample {
    uint8_t key[32];
    uint8_t nonce[AEAD_NONCE_BYTES];
    uint8_t aad[48];
    size_t aad_bytes;
    uint8_t text[TEXT_MAX];
    size_t text_bytes;
};

static void fill(struct rng *rng, uint8_t *out, size_t len_bytes)
{
    for (size_t i = 0; i < len_bytes; i++)
        out[i] = (uint8_t)rng_next(rng);
}

static void random_sample(struct rng *rng, struct sample *s, size_t text_bytes)
{
    fill(rng, s->key, sizeof(s->key));
    fill(rng, s->nonce, sizeof(s->nonce));
    s->aad_bytes = (size_t)rng_below(rng, sizeof(s->aad) + 1);
    fill(rng, s->aad, s->aad_bytes);
    s->text_bytes = text_bytes;
    fill(rng, s->text, text_bytes);
}

/* One span, in place, and two or three spans cut anywhere, even empty, are sealed alike. */
static void check_spans(struct rng *rng, struct aead_key *k, const struct sample *s)
{
    uint8_t whole[TEXT_MAX + AEAD_TAG_BYTES], other[TEXT_MAX + AEAD_TAG_BYTES];
    const size_t sealed_bytes = s->text_bytes + AEAD_TAG_BYTES;
    struct aead_span in[AEAD_SPANS_MAX] = { { s->text, s->text_bytes } };
    assert_true(aead_seal(k, s->nonce, s->aad, s->aad_bytes, in, 1, whole));

    memcpy(other, s->text, s->text_bytes);
    in[0].data = other;
    assert_true(aead_seal(k, s->nonce, s->aad, s->aad_bytes, in, 1, other));
    assert_memory_equal(other, whole, sealed_bytes);

    for (unsigned spans = 2; spans <= AEAD_SPANS_MAX; spans++) {
        size_t from = 0;
        for (unsigned i = 0; i < spans; i++) {
            size_t left = s->text_bytes - from;
            size_t n = i + 1 == spans ? left : (size_t)rng_below(rng, left + 1);
            in[i] = (struct aead_span){ s->text + from, n };
            from += n;
        }
        memset(other, 0, sizeof(other));
        assert_true(aead_seal(k, s->nonce, s->aad, s->aad_bytes, in, spans, other));
        assert_memory_equal(other, whole, sealed_bytes);
    }

    assert_true(aead_open(k, s->nonce, s->aad, s->aad_bytes, whole, sealed_bytes, other));
    assert_memory_equal(other, s->text, s->text_bytes);
    assert_true(aead_open(k, s->nonce, s->aad, s->aad_bytes, whole, sealed_bytes, whole));
    assert_memory_equal(whole, s->text, s->text_bytes);
}

static void test_spans_and_in_place(void **state)
{
    (void)state;
    static struct sample s;
    struct implementation all[IMPLEMENTATIONS_MAX];
    size_t count = implementations(all);
    for (size_t i = 0; i < count; i++) {
        struct rng rng = { 7 };
        for (unsigned n = 0; n < 600; n++) {
            random_sample(&rng, &s, n < 300 ? n : (size_t)rng_below(&rng, TEXT_MAX + 1));
            struct aead_key *k = all[i].impl->key_new(all[i].id, s.key);
            assert_non_null(k);
            check_spans(&rng, k, &s);
            aead_key_free(k);
        }
    }
}

/* One key for many packets, sealing and opening in turn, against the other implementation. */
static void test_implementations_agree(void **state)
{
    (void)state;
    static struct sample s;
    if (aead_ipsecmb() == NULL)
        skip();
    struct rng rng = { 11 };
    random_sample(&rng, &s, 0);
    struct aead_key *a = aead_openssl.key_new(AEAD_AES256_GCM, s.key);
    struct aead_key *b = aead_ipsecmb()->key_new(AEAD_AES256_GCM, s.key);
    assert_true(a != NULL && b != NULL);
    for (unsigned n = 0; n < 3000; n++) {
        uint8_t by_a[TEXT_MAX + AEAD_TAG_BYTES], by_b[TEXT_MAX + AEAD_TAG_BYTES];
        random_sample(&rng, &s, (size_t)rng_below(&rng, TEXT_MAX + 1));
        const size_t cut = (size_t)rng_below(&rng, s.text_bytes + 1);
        const size_t sealed_bytes = s.text_bytes + AEAD_TAG_BYTES;
        const struct aead_span in[2] = { { s.text, cut }, { s.text + cut, s.text_bytes - cut } };
        assert_true(aead_seal(a, s.nonce, s.aad, s.aad_bytes, in, 2, by_a));
        assert_true(aead_seal(b, s.nonce, s.aad, s.aad_bytes, in, 2, by_b));
        assert_memory_equal(by_a, by_b, sealed_bytes);
        assert_true(aead_open(a, s.nonce, s.aad, s.aad_bytes, by_b, sealed_bytes, by_b));
        assert_true(aead_open(b, s.nonce, s.aad, s.aad_bytes, by_a, sealed_bytes, by_a));
        assert_memory_equal(by_a, s.text, s.text_bytes);
        assert_memory_equal(by_b, s.text, s.text_bytes);
    }
    aead_key_free(a);
    aead_key_free(b);
}

/* Whether a copy of the sealed text opens. */
static bool opens(struct aead_key *k, const struct sample *s, const uint8_t *sealed, size_t bytes)
{
    uint8_t out[TEXT_MAX + AEAD_TAG_BYTES];
    memcpy(out, sealed, bytes);
    return aead_open(k, s->nonce, s->aad, s->aad_bytes, out, bytes, out);
}

static void check_tampering(const struct implementation *i, struct sample *s)
{
    uint8_t sealed[TEXT_MAX + AEAD_TAG_BYTES];
    const size_t bytes = s->text_bytes + AEAD_TAG_BYTES;
    const struct aead_span in = { s->text, s->text_bytes };
    struct aead_key *k = i->impl->key_new(i->id, s->key);
    assert_non_null(k);
    assert_true(aead_seal(k, s->nonce, s->aad, s->aad_bytes, &in, 1, sealed));
    const struct {
        uint8_t *data;
        size_t len_bytes;
    } parts[] = { { sealed, bytes }, { s->aad, s->aad_bytes }, { s->nonce, sizeof(s->nonce) } };

    for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++) {
        for (size_t at = 0; at < parts[part].len_bytes; at++) {
            parts[part].data[at] ^= (uint8_t)(1u << at % 8);
            assert_false(opens(k, s, sealed, bytes));
            parts[part].data[at] ^= (uint8_t)(1u << at % 8);
        }
    }
    for (size_t n = 0; n < bytes; n++)
        assert_false(opens(k, s, sealed, n));
    if (s->aad_bytes > 0) {
        s->aad_bytes--;
        assert_false(opens(k, s, sealed, bytes));
        s->aad_bytes++;
    }
    assert_true(opens(k, s, sealed, bytes)); /* the failures before it left no trace */
    aead_key_free(k);

    s->key[31] ^= 1;
    struct aead_key *other = i->impl->key_new(i->id, s->key);
    assert_non_null(other);
    assert_false(opens(other, s, sealed, bytes));
    aead_key_free(other);
}

static void test_tampering(void **state)
{
    (void)state;
    static struct sample s;
    static const size_t sizes[] = { 0, 1, 15, 16, 17, 200, 1400 };
    struct implementation all[IMPLEMENTATIONS_MAX];
    size_t count = implementations(all);
    for (size_t i = 0; i < count; i++) {
        struct rng rng = { 3 };
        for (size_t n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
            random_sample(&rng, &s, sizes[n]);
            check_tampering(&all[i], &s);
        }
    }
}

static void test_choice(void **state)
{
    (void)state;
    static const enum aead_id ids[] = { AEAD_AES256_GCM, AEAD_CHACHA20_POLY1305, AEAD_SUM,
                                        AEAD_NULL };
    const uint8_t key[32] = { 0 };
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct aead_key *k = aead_key_new(ids[i], key);
        assert_non_null(k);
        assert_string_equal(aead_implementation(ids[i]), k->impl->name);
        aead_key_free(k);
    }
    aead_key_free(NULL);
    assert_string_equal(aead_implementation(AEAD_AES256_GCM),
                        aead_ipsecmb() != NULL ? "ipsec-mb" : "openssl");
    assert_string_equal(aead_implementation(AEAD_CHACHA20_POLY1305), "openssl");
    assert_string_equal(aead_implementation(AEAD_NULL), "none");
    assert_int_equal(aead_preferred(), aead_hw_aes() ? AEAD_AES256_GCM : AEAD_CHACHA20_POLY1305);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_spans_and_in_place),
        cmocka_unit_test(test_implementations_agree),
        cmocka_unit_test(test_tampering),
        cmocka_unit_test(test_choice),
    };
    if (crypto_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
