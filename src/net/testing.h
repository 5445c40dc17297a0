/* net/testing.h - for tests and fuzzers of this folder only: lower limits, and connections without
 * a network. */
#ifndef DYNLOG_NET_TESTING_H
#define DYNLOG_NET_TESTING_H

#include "net/http.h"

struct http_limits {
    uint64_t idle_ms, head_ms, body_ms, write_ms, linger_ms;
    size_t connections_max, bodies_max, untaken_max;
};
/* What is 0 stays as it is; holds for deadlines set from now on. */
void http_set_limits(struct http_server *server, const struct http_limits *limits);

struct http_limits http_get_limits(const struct http_server *server); /* those that are sizes */

/* Serves a connected stream socket as if the listener had accepted it, and owns it. */
MUST_USE enum status http_adopt(struct http_listener *listener, int fd);

#endif
