/* bench/load/text.h - a request's body, printed piece by piece into room that is large enough. */
#ifndef DYNLOG_BENCH_LOAD_TEXT_H
#define DYNLOG_BENCH_LOAD_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

struct text {
    char *at, *end;
};

__attribute__((format(printf, 2, 3))) static inline void text_add(struct text *text,
                                                                  const char *format, ...)
{
    va_list values;

    va_start(values, format);
    text->at += vsnprintf(text->at, (size_t)(text->end - text->at), format, values);
    va_end(values);
}

#endif
