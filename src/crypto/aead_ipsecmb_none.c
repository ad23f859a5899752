/* SPDX-License-Identifier: ISC */
/* In place of aead_ipsecmb.c where libipsec-mb is not there. */
#include "crypto/internal.h"

void aead_ipsecmb_init(void)
{
}

const struct aead_impl *aead_ipsecmb(void)
{
    return NULL;
}
