/* SPDX-License-Identifier: ISC */
/*
 * Whether AES-GCM runs in hardware: it needs the AES instructions and a carry-less multiplication.
 * Without them AES is slow, and in tables it leaks its key through the cache.
 */
#include "crypto/internal.h"

#if defined(__x86_64__) || defined(__i386__)

bool aead_hw_aes(void)
{
    return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
}

#elif defined(__linux__) && defined(__aarch64__)

#include <asm/hwcap.h>
#include <sys/auxv.h>

bool aead_hw_aes(void)
{
    const unsigned long need = HWCAP_AES | HWCAP_PMULL;
    return (getauxval(AT_HWCAP) & need) == need;
}

#elif defined(__linux__) && defined(__arm__)

#include <asm/hwcap.h>
#include <sys/auxv.h>

bool aead_hw_aes(void)
{
    const unsigned long need = HWCAP2_AES | HWCAP2_PMULL;
    return (getauxval(AT_HWCAP2) & need) == need;
}

#else

bool aead_hw_aes(void)
{
    return false;
}

#endif
