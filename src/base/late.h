/* base/late.h - functions of a library that is loaded when the first of them is called.
 *
 * Loading a library with the program costs every start what few runs need (docs/adr/0058, 0064).
 * Who includes this (base/libcurl.c, base/libcrypto.c, functions/libzip.c) defines the library's
 * functions that dynlog calls, each of which goes to the one of the same name in the library; so
 * nothing that calls them knows. It has
 *
 *   LIBRARY        the name of its shared library
 *   FUNCTIONS(X)   X(type, name, parameters, arguments) for each function
 *   PROCEDURES(X)  X(name, parameters, arguments) for each that returns nothing
 *   LATE_LIBRARY           where they are kept, and how they are loaded, once
 *   FUNCTIONS(LATE_DEFINE) PROCEDURES(LATE_DEFINE_VOID)
 *
 * A library that is not there is told at the first call, and the process stops. */
#ifndef DYNLOG_BASE_LATE_H
#define DYNLOG_BASE_LATE_H

#include "base/base.h"

#include <pthread.h>

void *late_open(const char *library);
void *late_find(void *library, const char *name);

/* NOLINTBEGIN(bugprone-macro-parentheses): types and lists of parameters are no expressions */
#define LATE_MEMBER(type, name, parameters, arguments) type(*name) parameters;
#define LATE_MEMBER_VOID(name, parameters, arguments) void(*name) parameters;

/* POSIX lets a function's address come as a void pointer. */
#define LATE_FIND(type, name, ...) *(void **)&loaded.name = late_find(library, #name);
#define LATE_FIND_VOID(name, ...) LATE_FIND(void, name, )

#define LATE_LIBRARY                                                                               \
    static struct {                                                                                \
        FUNCTIONS(LATE_MEMBER)                                                                     \
        PROCEDURES(LATE_MEMBER_VOID)                                                               \
    } loaded;                                                                                      \
    static void load_once(void)                                                                    \
    {                                                                                              \
        void *library = late_open(LIBRARY);                                                        \
                                                                                                   \
        FUNCTIONS(LATE_FIND)                                                                       \
        PROCEDURES(LATE_FIND_VOID)                                                                 \
    }                                                                                              \
    static void load(void)                                                                         \
    {                                                                                              \
        static pthread_once_t once = PTHREAD_ONCE_INIT;                                            \
                                                                                                   \
        pthread_once(&once, load_once);                                                            \
    }

#define LATE_DEFINE(type, name, parameters, arguments)                                             \
    type name parameters                                                                           \
    {                                                                                              \
        load();                                                                                    \
        return loaded.name arguments;                                                              \
    }
#define LATE_DEFINE_VOID(name, parameters, arguments)                                              \
    void name parameters                                                                           \
    {                                                                                              \
        load();                                                                                    \
        loaded.name arguments;                                                                     \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
