/* net/cors.h - web pages that were let in (`dynlog start --cors`). By default none is: guard.h.
 *
 *   origins  "*"                                        any page, as AWS answers
 *            "https://app.example.com, http://b:3000"   pages of these origins alone
 *
 * A page that was let in gets Access-Control-Allow-Origin with every answer, and its preflight
 * (OPTIONS) is answered as AWS does: whatever headers and method it asks for, for two days. */
#ifndef DYNLOG_NET_CORS_H
#define DYNLOG_NET_CORS_H

#include "base/bytes.h"

/* Whether this is a list of origins, or "*". */
bool cors_is_list(const char *origins);
/* origins NULL: none is let in. An empty origin is none. */
bool cors_allows(const char *origins, struct bytes origin);

#endif
