/* logs/filter.h - filter patterns of CloudWatch Logs: which messages a search wants. (AWS:
 * CloudWatch Logs user guide, "Filter pattern syntax".)
 *
 *   ERROR "exact phrase" -excluded     all of these, none of those; substrings, case counts
 *   ?ERROR ?WARN                       any of these; ignored beside other terms
 *   %[Ee]rror%                         a regular expression (regex.h)
 *   { $.level = "ERROR" && ($.n > 3 || $.tags[*] = x*) }     of a message that is JSON
 *   [ip, user, ..., status = 4* || status = 5*, size > 1000]  of fields with blanks between
 *
 * A filter lives in the arena that it was read into, and never changes. */
#ifndef DYNLOG_LOGS_FILTER_H
#define DYNLOG_LOGS_FILTER_H

#include "base/api_error.h"
#include "base/arena.h"
#include "base/buffer.h"

#define LOG_FILTER_SIZE_MAX 1024 /* characters */
#define LOG_FILTER_REGEXES_MAX 2
#define LOG_FILTER_WILDCARDS_MAX 3 /* selectors with one; a selector has at most one */
#define LOG_FILTER_DEPTH_MAX 100   /* parentheses */

struct log_filter;

/* REFUSED: "Invalid filter pattern", or AWS's words for what is wrong. NULL in *ret: it wants
 * everything. */
MUST_USE enum status log_filter_parse(struct arena *arena, struct bytes text,
                                      const struct log_filter **ret, struct api_error *error);
/* scratch: for the message's JSON or fields; its owner resets it. */
bool log_filter_matches(const struct log_filter *filter, struct bytes message,
                        struct arena *scratch);
/* The pattern in its plainest form; read again it is the same filter. */
void log_filter_print(struct buffer *out, const struct log_filter *filter);

#endif
