/* vault/internal.h - what the files of this folder share. Private to vault/. */
#ifndef DYNLOG_VAULT_INTERNAL_H
#define DYNLOG_VAULT_INTERNAL_H

#include "vault/vault.h"

#include <stdatomic.h>

#define VAULT_FORMAT 1

/* The first byte of a key in STORE_VAULT. */
enum vault_row { VAULT_ROW_LOG = 1, VAULT_ROW_STREAM = 2, VAULT_ROW_KEY = 3 };

#define VAULT_ROW_SIZE_MAX (1 + KEY_HASH_SIZE_MAX)

struct vault {
    struct store *store;
    atomic_bool used;
};

struct vault_stream {
    struct vault_stream *next;
    struct bytes name; /* LOG#ID */
    bool is_private;
    bool is_new, used;
    uint8_t id[VAULT_KEY_ID_SIZE], key[VAULT_KEY_SIZE];
};

/* What a sealed value is bound to. */
void vault_context(struct buffer *out, enum vault_kind kind, const struct value *pk,
                   const struct value *sk);
#define VAULT_CONTEXT_SIZE_MAX (1 + 2 * (KEY_HASH_SIZE_MAX + KEY_RANGE_SIZE_MAX) + 4)

/* crypt.c: AES-256-GCM, and randomness fit for keys. `out` has room for text.size bytes. */
void vault_random(uint8_t *out, size_t size);
void vault_encrypt(const uint8_t key[VAULT_KEY_SIZE], const uint8_t nonce[VAULT_NONCE_SIZE],
                   struct bytes context, struct bytes text, uint8_t *out,
                   uint8_t tag[VAULT_TAG_SIZE]);
/* False: not what this key sealed with this context. */
MUST_USE bool vault_decrypt(const uint8_t key[VAULT_KEY_SIZE],
                            const uint8_t nonce[VAULT_NONCE_SIZE], struct bytes context,
                            struct bytes sealed, const uint8_t tag[VAULT_TAG_SIZE], uint8_t *out);
/* Overwrites what was a key; no compiler leaves it out. */
void vault_wipe(void *ptr, size_t size);

#endif
