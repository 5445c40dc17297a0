/* vault/internal.h - what the files of this folder share. Private to vault/. */
#ifndef DYNLOG_VAULT_INTERNAL_H
#define DYNLOG_VAULT_INTERNAL_H

#include "vault/vault.h"

#include <stdatomic.h>

#define VAULT_FORMAT 1

/* The first byte of a key in STORE_VAULT. */
enum vault_row {
    VAULT_ROW_LOG = 1,
    VAULT_ROW_STREAM = 2,
    VAULT_ROW_KEY = 3,
    VAULT_ROW_WRITTEN = 4,
};

/* A number as a key part has at most 22 bytes. */
#define VAULT_VERSION_SIZE_MAX ((size_t)24)
#define VAULT_ROW_SIZE_MAX (1 + KEY_HASH_SIZE_MAX + VAULT_VERSION_SIZE_MAX)

/* vault.c: rows. What stands behind the format of one has a size that is known. */
struct bytes vault_row_key(struct buffer *out, enum vault_row row, struct bytes name);
MUST_USE enum status vault_row_check(struct bytes value, size_t size, const uint8_t **ret);
void vault_row_put(struct store_batch *batch, enum vault_row row, struct bytes name,
                   struct bytes content);

struct vault {
    struct store *store;
    atomic_bool used;
};

struct vault_stream {
    struct vault_stream *next;
    struct bytes name; /* LOG#ID */
    bool is_private;
    bool is_new, used;
    bool changed;           /* what is below */
    struct bytes forgotten; /* the highest version that was; empty: none */
    struct bytes highest;   /* the highest version that was ever sealed */
    uint8_t id[VAULT_KEY_ID_SIZE], key[VAULT_KEY_SIZE];
};

/* stream.c. NOT_FOUND: it was destroyed. */
MUST_USE enum status vault_key_load(const struct vault_reader *reader, struct bytes id,
                                    uint8_t ret[VAULT_KEY_SIZE]);

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
