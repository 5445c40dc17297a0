/* base/libcurl.c - libcurl, loaded when the first call needs it.
 *
 * Few runs ever call out of the process, and libcurl brings thirty libraries with it: loading them
 * with the program took 3 ms of every start and 3 MB of memory (late.h). curl_global_init() or
 * curl_easy_init() comes first, and loads it.
 *
 * The third argument of the functions with "..." is a pointer, a long or a curl_off_t; all are
 * passed in the same way where those have 64 bits, which is asserted. */
#define CURL_DISABLE_TYPECHECK
#include "base/late.h"

#include <curl/curl.h>
#include <stdarg.h>

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#define LIBRARY "libcurl.so.4" /* its interface, since 2006 */

static_assert(sizeof(long) == 8 && sizeof(void *) == 8 && sizeof(curl_off_t) == 8,
              "what is behind ... is passed on as a pointer");

/* returned type, name, parameters, arguments */
#define FUNCTIONS(X)                                                                               \
    X(CURLcode, curl_global_init, (long flags), (flags))                                           \
    X(CURL *, curl_easy_init, (void), ())                                                          \
    X(CURLcode, curl_easy_perform, (CURL * easy), (easy))                                          \
    X(CURLcode, curl_easy_pause, (CURL * easy, int bits), (easy, bits))                            \
    X(const char *, curl_easy_strerror, (CURLcode code), (code))                                   \
    X(struct curl_slist *, curl_slist_append, (struct curl_slist * list, const char *text),        \
      (list, text))                                                                                \
    X(CURLM *, curl_multi_init, (void), ())                                                        \
    X(CURLMcode, curl_multi_cleanup, (CURLM * multi), (multi))                                     \
    X(CURLMcode, curl_multi_add_handle, (CURLM * multi, CURL * easy), (multi, easy))               \
    X(CURLMcode, curl_multi_remove_handle, (CURLM * multi, CURL * easy), (multi, easy))            \
    X(CURLMcode, curl_multi_assign, (CURLM * multi, curl_socket_t socket, void *context),          \
      (multi, socket, context))                                                                    \
    X(CURLMsg *, curl_multi_info_read, (CURLM * multi, int *left), (multi, left))                  \
    X(CURLMcode, curl_multi_perform, (CURLM * multi, int *running), (multi, running))              \
    X(CURLMcode, curl_multi_poll,                                                                  \
      (CURLM * multi, struct curl_waitfd * more, unsigned count, int timeout_ms, int *ret),        \
      (multi, more, count, timeout_ms, ret))                                                       \
    X(CURLMcode, curl_multi_socket_action,                                                         \
      (CURLM * multi, curl_socket_t socket, int events, int *running),                             \
      (multi, socket, events, running))
#define PROCEDURES(X)                                                                              \
    X(curl_global_cleanup, (void), ())                                                             \
    X(curl_easy_cleanup, (CURL * easy), (easy))                                                    \
    X(curl_easy_reset, (CURL * easy), (easy))                                                      \
    X(curl_slist_free_all, (struct curl_slist * list), (list))
#define OPEN_ENDED(X)                                                                              \
    X(CURLcode, curl_easy_setopt, CURL *, CURLoption)                                              \
    X(CURLcode, curl_easy_getinfo, CURL *, CURLINFO)                                               \
    X(CURLMcode, curl_multi_setopt, CURLM *, CURLMoption)

/* NOLINTBEGIN(bugprone-macro-parentheses): types and lists of parameters are no expressions */
#define MEMBER_OPEN(type, name, handle, option) type (*name)(handle, option, ...);
static struct {
    FUNCTIONS(LATE_MEMBER)
    PROCEDURES(LATE_MEMBER_VOID)
    OPEN_ENDED(MEMBER_OPEN)
} loaded;

static void load_once(void)
{
    void *library = late_open(LIBRARY);

    FUNCTIONS(LATE_FIND)
    PROCEDURES(LATE_FIND_VOID)
    OPEN_ENDED(LATE_FIND)
}

static void load(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, load_once);
}

#define DEFINE_OPEN(type, name, handle_type, option_type)                                          \
    type name(handle_type handle, option_type option, ...)                                         \
    {                                                                                              \
        va_list rest;                                                                              \
        void *value = NULL;                                                                        \
                                                                                                   \
        load();                                                                                    \
        va_start(rest, option);                                                                    \
        value = va_arg(rest, void *);                                                              \
        va_end(rest);                                                                              \
        return loaded.name(handle, option, value);                                                 \
    }
FUNCTIONS(LATE_DEFINE)
PROCEDURES(LATE_DEFINE_VOID)
OPEN_ENDED(DEFINE_OPEN)
/* NOLINTEND(bugprone-macro-parentheses) */
