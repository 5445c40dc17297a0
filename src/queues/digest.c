/* queues/digest.c - MD5 of bodies and attributes, which clients compare with their own, and SHA-256
 * for ContentBasedDeduplication. libcrypto's work.
 *
 * The MD5 of message attributes (AWS: SQS developer guide, "Calculating the MD5 message digest for
 * message attributes"): in the order of their names, each is
 *
 *   size (4) name | size (4) type | 1 for text, 2 for binary (1) | size (4) value */
#include "queues/internal.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

static void print_digest(const EVP_MD *kind, struct bytes bytes, size_t size, char *out)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned got = 0;
    int done = EVP_Digest(bytes.ptr, bytes.size, digest, &got, kind, NULL);

    assert(done == 1 && got == size);
    for (size_t i = 0; i < size; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

void queue_md5(struct bytes bytes, char out[QUEUE_MD5_SIZE])
{
    print_digest(EVP_md5(), bytes, 16, out);
}

void queue_sha256(struct bytes bytes, char out[SHA256_SIZE])
{
    print_digest(EVP_sha256(), bytes, 32, out);
}

static int compare_names(const void *a, const void *b)
{
    const struct message_attribute *const *x = a, *const *y = b;

    return bytes_compare((*x)->name, (*y)->name);
}

static void append_sized(struct buffer *out, struct bytes bytes)
{
    buffer_append_u32(out, (uint32_t)bytes.size);
    buffer_append(out, bytes);
}

void queue_attributes_md5(const struct message_attribute *attributes, size_t count,
                          struct arena *arena, char out[QUEUE_MD5_SIZE])
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(MESSAGE_RECORD_SIZE_MAX);
    const struct message_attribute **sorted =
        ARENA_NEW_ARRAY(arena, count, const struct message_attribute *);

    for (size_t i = 0; i < count; i++)
        sorted[i] = &attributes[i];
    if (count > 0)
        qsort(sorted, count, sizeof *sorted, compare_names);
    for (size_t i = 0; i < count; i++) {
        append_sized(&text, sorted[i]->name);
        append_sized(&text, sorted[i]->type);
        buffer_append_byte(&text, sorted[i]->binary ? 2 : 1);
        append_sized(&text, sorted[i]->value);
    }
    assert(!buffer_failed(&text)); /* no larger than a message may be */
    queue_md5(buffer_bytes(&text), out);
}
