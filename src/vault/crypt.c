/* vault/crypt.c - AES-256-GCM and random bytes, from OpenSSL; see internal.h. A failure here is no
 * fault of anybody's data (a cipher that is missing, no memory): the process stops. */
#include "vault/internal.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

void vault_random(uint8_t *out, size_t size)
{
    if (RAND_bytes(out, (int)size) != 1)
        assert(false && "the system gives random bytes");
}

void vault_wipe(void *ptr, size_t size)
{
    OPENSSL_cleanse(ptr, size);
}

static void free_context(EVP_CIPHER_CTX **context)
{
    EVP_CIPHER_CTX_free(*context);
}

/* An item's text has its limit (ITEM_TEXT_SIZE_MAX), far below an int's. */
static int int_of(size_t size)
{
    assert(size <= INT_MAX);
    return (int)size;
}

void vault_encrypt(const uint8_t key[VAULT_KEY_SIZE], const uint8_t nonce[VAULT_NONCE_SIZE],
                   struct bytes context, struct bytes text, uint8_t *out,
                   uint8_t tag[VAULT_TAG_SIZE])
{
    AUTO(free_context) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int size = 0, rest = 0;
    bool done = cipher != NULL &&
                EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
                EVP_EncryptUpdate(cipher, NULL, &size, context.ptr, int_of(context.size)) == 1 &&
                EVP_EncryptUpdate(cipher, out, &size, text.ptr, int_of(text.size)) == 1 &&
                EVP_EncryptFinal_ex(cipher, out + size, &rest) == 1 &&
                EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, VAULT_TAG_SIZE, tag) == 1;

    assert(done && "OpenSSL has AES-256-GCM");
    assert((size_t)size + (size_t)rest == text.size);
}

bool vault_decrypt(const uint8_t key[VAULT_KEY_SIZE], const uint8_t nonce[VAULT_NONCE_SIZE],
                   struct bytes context, struct bytes sealed, const uint8_t tag[VAULT_TAG_SIZE],
                   uint8_t *out)
{
    AUTO(free_context) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    uint8_t expected[VAULT_TAG_SIZE]; /* OpenSSL wants one that it could change */
    int size = 0, rest = 0;

    memcpy(expected, tag, sizeof expected);

    bool begun = cipher != NULL &&
                 EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
                 EVP_DecryptUpdate(cipher, NULL, &size, context.ptr, int_of(context.size)) == 1 &&
                 EVP_DecryptUpdate(cipher, out, &size, sealed.ptr, int_of(sealed.size)) == 1 &&
                 EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, sizeof expected, expected) == 1;

    assert(begun && "OpenSSL has AES-256-GCM");
    return EVP_DecryptFinal_ex(cipher, out + size, &rest) == 1;
}
