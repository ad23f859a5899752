/* SPDX-License-Identifier: ISC */
/* genkey, pubkey, genpsk: as wg(8) does them, so that scripts for it go on working. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "crypto/key.h"

static int print_key(const uint8_t key[32])
{
    char text[KEY_BASE64_BYTES + 1];
    key_to_base64(text, key);
    puts(text);
    explicit_bzero(text, sizeof text);
    return COMMAND_DONE;
}

/* A secret that goes into a file for all to read deserves a word. */
static void warn_if_readable(void)
{
    struct stat st;
    if (fstat(fileno(stdout), &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IRWXO) != 0)
        fputs("hawser: warning: everybody can read that file; set umask 077 before\n", stderr);
}

int command_genkey(int argc, char **argv)
{
    struct command_options options;
    uint8_t key[32];
    int rc = command_options(&options, argc, argv, 0, 0, 0);
    if (rc != COMMAND_DONE)
        return rc;
    warn_if_readable();
    key_generate(key);
    rc = print_key(key);
    explicit_bzero(key, sizeof key);
    return rc;
}

int command_genpsk(int argc, char **argv)
{
    struct command_options options;
    uint8_t key[32];
    int rc = command_options(&options, argc, argv, 0, 0, 0);
    if (rc != COMMAND_DONE)
        return rc;
    warn_if_readable();
    key_random(key, sizeof key);
    rc = print_key(key);
    explicit_bzero(key, sizeof key);
    return rc;
}

/* A key alone on stdin, blanks around it let pass. */
static bool read_key(uint8_t out[32])
{
    char text[KEY_BASE64_BYTES + 32];
    size_t len = fread(text, 1, sizeof text - 1, stdin);
    bool whole = feof(stdin) && !ferror(stdin);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        len--;
    text[len] = '\0';
    bool good = whole && strlen(text) == len && key_from_base64(out, text + strspn(text, " \t"));
    explicit_bzero(text, sizeof text);
    return good;
}

int command_pubkey(int argc, char **argv)
{
    struct command_options options;
    uint8_t private_key[32];
    uint8_t public_key[32];
    int rc = command_options(&options, argc, argv, 0, 0, 0);
    if (rc != COMMAND_DONE)
        return rc;
    if (!read_key(private_key))
        rc = command_fail("stdin holds no key: it must be the 44 characters of hawser genkey");
    else if (!key_public(public_key, private_key))
        rc = command_fail("that private key has no public key: make a new one");
    else
        rc = print_key(public_key);
    explicit_bzero(private_key, sizeof private_key);
    return rc;
}
