/* base/base.c - see base.h. */
#include "base/base.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *status_text(enum status status)
{
    switch (status) {
    case OK:
        return "done";
    case NOT_FOUND:
        return "not found";
    case EXISTS:
        return "already there";
    case REFUSED:
        return "refused";
    case CONFLICT:
        return "somebody else was first";
    case TOO_LARGE:
        return "too large";
    case MALFORMED:
        return "malformed";
    case CORRUPT:
        return "stored data is damaged";
    case NEWER_FORMAT:
        return "written by a newer dynlog";
    case IN_USE:
        return "in use by another process";
    case NO_SPACE:
        return "the disk is full";
    case NOT_PERMITTED:
        return "permission denied";
    case IO_ERROR:
        return "reading or writing failed";
    case TIMED_OUT:
        return "timed out";
    case CLOSED:
        return "closed";
    }
    assert(false && "a status without a text");
    return "";
}

enum status status_of_errno(int error)
{
    switch (error) {
    case 0:
        return OK;
    case ENOENT:
        return NOT_FOUND;
    case EEXIST:
        return EXISTS;
    case ENOSPC:
    case EDQUOT:
        return NO_SPACE;
    case EACCES:
    case EPERM:
    case EROFS:
        return NOT_PERMITTED;
    case EADDRINUSE:
    case EBUSY:
    case EWOULDBLOCK:
        return IN_USE;
    case ETIMEDOUT:
        return TIMED_OUT;
    case EPIPE:
    case ECONNRESET:
        return CLOSED;
    default:
        return IO_ERROR;
    }
}

static NO_RETURN void out_of_memory(size_t size)
{
    fprintf(stderr,
            "dynlog: out of memory: %zu more bytes could not be had; stopping. "
            "Everything acknowledged is on disk.\n",
            size);
    abort();
}

void *mem_new(size_t size)
{
    void *ptr = calloc(1, size > 0 ? size : 1);

    if (ptr == NULL)
        out_of_memory(size);
    return ptr;
}

void *mem_new_array(size_t count, size_t size)
{
    size_t total = 0;

    if (__builtin_mul_overflow(count, size, &total))
        out_of_memory(SIZE_MAX);
    return mem_new(total);
}

void *mem_resize(void *ptr, size_t size)
{
    void *moved = realloc(ptr, size > 0 ? size : 1);

    if (moved == NULL)
        out_of_memory(size);
    return moved;
}

void mem_free(void *ptr)
{
    free(ptr);
}

char *mem_copy_text(const char *text)
{
    if (text == NULL)
        return NULL;

    size_t size = strlen(text) + 1;
    char *copy = mem_new(size);

    memcpy(copy, text, size);
    return copy;
}
