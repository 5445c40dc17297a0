/* base/base64.h - binary as text (RFC 4648, section 4): the standard alphabet, padded, nothing
 * else.
 *
 * Decoding is strict, as AWS's is: no blanks, no other alphabet, no missing padding, and the bits
 * that the padding leaves over must be zero, so that one run of bytes has one text. */
#ifndef DYNLOG_BASE_BASE64_H
#define DYNLOG_BASE_BASE64_H

#include "base/arena.h"
#include "base/buffer.h"

enum base64_fault {
    BASE64_NO_FAULT,
    BASE64_WRONG_SIZE,      /* the text's size is no multiple of four */
    BASE64_WRONG_CHARACTER, /* not of the alphabet */
    BASE64_WRONG_END,       /* padding in the middle, or left-over bits that are not zero */
};

/* Appends the text, (size + 2) / 3 * 4 characters. */
void base64_encode(struct buffer *out, struct bytes bytes);

/* The bytes live in the arena. *ret is untouched on a fault. */
MUST_USE enum base64_fault base64_decode(struct arena *arena, struct bytes text, struct bytes *ret);

#endif
