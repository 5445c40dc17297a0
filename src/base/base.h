/* base/base.h - the words every other file is written in: status, cleanup, sizes.
 *
 * Three kinds of wrong are never mixed:
 *   a bug                 assert(), on in release: the process stops, the store is durable
 *   the world             enum status, must be looked at
 *   the caller's request  struct api_error (base/api_error.h), filled once, where it is found
 *
 * Memory: mem_new() and friends never return NULL. Everything acknowledged is on disk, so a process
 * that cannot get memory says so and stops, and loses nothing. */
#ifndef DYNLOG_BASE_BASE_H
#define DYNLOG_BASE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum status {
    OK = 0,
    NOT_FOUND,     /* what was asked for is not there */
    EXISTS,        /* what was to be made is there already */
    REFUSED,       /* the caller's request is wrong; a struct api_error says how */
    CONFLICT,      /* somebody else was first */
    TOO_LARGE,     /* a named limit was reached */
    MALFORMED,     /* bytes from outside that do not follow their format */
    CORRUPT,       /* bytes of our own that do not follow their format */
    NEWER_FORMAT,  /* bytes of our own, written by a newer dynlog */
    IN_USE,        /* another process holds it */
    NO_SPACE,      /* the disk is full */
    NOT_PERMITTED, /* the operating system said no */
    IO_ERROR,      /* reading or writing failed */
    TIMED_OUT,
    CLOSED, /* the other side, or we, went away */
};

/* A few words for people: "the disk is full". Static. */
const char *status_text(enum status status);

/* The status of an errno value: ENOSPC is NO_SPACE, EACCES is NOT_PERMITTED, ... */
enum status status_of_errno(int error);

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#define NO_RETURN __attribute__((noreturn))
#define NEVER_NULL __attribute__((returns_nonnull))

/* AUTO(f) struct thing *t = NULL;  calls f(&t) when t goes out of scope, on every path. */
#define AUTO(release) __attribute__((cleanup(release)))

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The structure of which `member` is a part. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline size_t size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t size_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Memory that outlives a request: one owner, named in the owner's header. Zeroed; never NULL. */
NEVER_NULL void *mem_new(size_t size);
/* Room for count things of size; the product is checked. */
NEVER_NULL void *mem_new_array(size_t count, size_t size);
NEVER_NULL void *mem_resize(void *ptr, size_t size);
void mem_free(void *ptr);
/* A NUL-terminated copy; text may be NULL and then so is the answer. */
char *mem_copy_text(const char *text);

#endif
