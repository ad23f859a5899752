/* SPDX-License-Identifier: ISC */
/*
 * The cipher is chosen at run time by what the CPU can do. On ARM the kernel's word is replaced, so
 * that every kind of CPU is tried; on x86 the choice must agree with the kernel's list.
 *
 * usage: test_cpu [aes-256-gcm|chacha20-poly1305]
 *
 * With a name, only whether that is the choice on this very CPU, which qemu can make another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/aead.h"

static const char *choice(void)
{
    return aead_preferred() == AEAD_AES256_GCM ? "aes-256-gcm" : "chacha20-poly1305";
}

#if defined(__arm__) || defined(__aarch64__)

#include <asm/hwcap.h>
#include <sys/auxv.h>

#if defined(__arm__)
enum { AES = HWCAP2_AES, PMULL = HWCAP2_PMULL };
#define WORD AT_HWCAP2
#else
enum { AES = HWCAP_AES, PMULL = HWCAP_PMULL };
#define WORD AT_HWCAP
#endif

unsigned long __real_getauxval(unsigned long type);
unsigned long __wrap_getauxval(unsigned long type);

static bool pretending;
static unsigned long pretended; /* what WORD then holds; every other word has all bits set */

unsigned long __wrap_getauxval(unsigned long type)
{
    if (!pretending)
        return __real_getauxval(type);
    return type == WORD ? pretended : ~0UL;
}

static void test_choice(void **state)
{
    static const struct {
        unsigned long word;
        const char *cipher;
    } cpus[] = {
        { 0, "chacha20-poly1305" },
        { ~0UL & ~((unsigned long)AES | PMULL), "chacha20-poly1305" }, /* Raspberry Pi up to 4 */
        { AES, "chacha20-poly1305" },                                  /* GCM needs both */
        { PMULL, "chacha20-poly1305" },
        { AES | PMULL, "aes-256-gcm" }, /* Raspberry Pi 5 */
        { ~0UL, "aes-256-gcm" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cpus / sizeof cpus[0]; i++) {
        pretending = true;
        pretended = cpus[i].word;
        const char *cipher = choice();
        pretending = false;
        assert_string_equal(cipher, cpus[i].cipher);
    }
}

#elif defined(__linux__) && defined(__x86_64__)

static void test_choice(void **state)
{
    (void)state;
    static char line[8192];
    FILE *f = fopen("/proc/cpuinfo", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL && strncmp(line, "flags", 5) != 0)
        ;
    fclose(f);
    assert_int_equal(strncmp(line, "flags", 5), 0);
    line[strcspn(line, "\n")] = ' ';
    bool aes = strstr(line, " aes ") != NULL && strstr(line, " pclmulqdq ") != NULL;
    assert_string_equal(choice(), aes ? "aes-256-gcm" : "chacha20-poly1305");
}

#else

/* Nothing is known of this CPU: the cipher that is fast and constant in time everywhere. */
static void test_choice(void **state)
{
    (void)state;
    assert_string_equal(choice(), "chacha20-poly1305");
}

#endif

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_choice) };
    if (argc == 1)
        return cmocka_run_group_tests(tests, NULL, NULL);
    printf("chosen on this CPU: %s\n", choice());
    return strcmp(choice(), argv[1]) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
