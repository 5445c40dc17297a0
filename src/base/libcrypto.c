/* base/libcrypto.c - OpenSSL's libcrypto, loaded when the first call needs it (late.h): for
 * signatures, private logs, queues and functions with code. It has ten thousand addresses to be put
 * right, a millisecond of every start. */
#include "base/late.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#define LIBRARY LIBCRYPTO_NAME /* of what it was configured with */

#define FUNCTIONS(X)                                                                               \
    X(int, CRYPTO_memcmp, (const void *a, const void *b, size_t size), (a, b, size))               \
    X(int, RAND_bytes, (unsigned char *out, int size), (out, size))                                \
    X(unsigned char *, SHA256, (const unsigned char *in, size_t size, unsigned char *out),         \
      (in, size, out))                                                                             \
    X(unsigned char *, HMAC,                                                                       \
      (const EVP_MD *kind, const void *key, int key_size, const unsigned char *in, size_t size,    \
       unsigned char *out, unsigned *ret_size),                                                    \
      (kind, key, key_size, in, size, out, ret_size))                                              \
    X(const EVP_MD *, EVP_md5, (void), ())                                                         \
    X(const EVP_MD *, EVP_sha256, (void), ())                                                      \
    X(const EVP_CIPHER *, EVP_aes_256_gcm, (void), ())                                             \
    X(int, EVP_EncodeBlock, (unsigned char *out, const unsigned char *in, int size),               \
      (out, in, size))                                                                             \
    X(int, EVP_Digest,                                                                             \
      (const void *in, size_t size, unsigned char *out, unsigned *ret_size, const EVP_MD *kind,    \
       ENGINE *engine),                                                                            \
      (in, size, out, ret_size, kind, engine))                                                     \
    X(EVP_MD_CTX *, EVP_MD_CTX_new, (void), ())                                                    \
    X(int, EVP_DigestInit_ex, (EVP_MD_CTX * context, const EVP_MD *kind, ENGINE *engine),          \
      (context, kind, engine))                                                                     \
    X(int, EVP_DigestUpdate, (EVP_MD_CTX * context, const void *in, size_t size),                  \
      (context, in, size))                                                                         \
    X(int, EVP_DigestFinal_ex, (EVP_MD_CTX * context, unsigned char *out, unsigned *ret_size),     \
      (context, out, ret_size))                                                                    \
    X(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_new, (void), ())                                            \
    X(int, EVP_CIPHER_CTX_ctrl, (EVP_CIPHER_CTX * context, int kind, int size, void *value),       \
      (context, kind, size, value))                                                                \
    X(int, EVP_EncryptInit_ex,                                                                     \
      (EVP_CIPHER_CTX * context, const EVP_CIPHER *kind, ENGINE *engine, const unsigned char *key, \
       const unsigned char *nonce),                                                                \
      (context, kind, engine, key, nonce))                                                         \
    X(int, EVP_EncryptUpdate,                                                                      \
      (EVP_CIPHER_CTX * context, unsigned char *out, int *ret_size, const unsigned char *in,       \
       int size),                                                                                  \
      (context, out, ret_size, in, size))                                                          \
    X(int, EVP_EncryptFinal_ex, (EVP_CIPHER_CTX * context, unsigned char *out, int *ret_size),     \
      (context, out, ret_size))                                                                    \
    X(int, EVP_DecryptInit_ex,                                                                     \
      (EVP_CIPHER_CTX * context, const EVP_CIPHER *kind, ENGINE *engine, const unsigned char *key, \
       const unsigned char *nonce),                                                                \
      (context, kind, engine, key, nonce))                                                         \
    X(int, EVP_DecryptUpdate,                                                                      \
      (EVP_CIPHER_CTX * context, unsigned char *out, int *ret_size, const unsigned char *in,       \
       int size),                                                                                  \
      (context, out, ret_size, in, size))                                                          \
    X(int, EVP_DecryptFinal_ex, (EVP_CIPHER_CTX * context, unsigned char *out, int *ret_size),     \
      (context, out, ret_size))
#define PROCEDURES(X)                                                                              \
    X(OPENSSL_cleanse, (void *ptr, size_t size), (ptr, size))                                      \
    X(EVP_MD_CTX_free, (EVP_MD_CTX * context), (context))                                          \
    X(EVP_CIPHER_CTX_free, (EVP_CIPHER_CTX * context), (context))

LATE_LIBRARY
FUNCTIONS(LATE_DEFINE)
PROCEDURES(LATE_DEFINE_VOID)
