/* outbound/endpoint.h - where an API destination or an authorization endpoint is.
 *
 *   https://HOST[:PORT][/PATH][?QUERY]
 *
 * AWS takes https:// only. So that a server on the tester's own machine needs no certificate,
 * http:// is taken too when the host is this machine: localhost, 127.0.0.0/8 or [::1].
 *
 * In the path of an API destination each `*` stands for a value of the target's
 * PathParameterValues. */
#ifndef DYNLOG_OUTBOUND_ENDPOINT_H
#define DYNLOG_OUTBOUND_ENDPOINT_H

#include "base/arena.h"
#include "base/buffer.h"

#define ENDPOINT_SIZE_MAX 2048

struct endpoint {
    bool https, loopback;
    struct bytes host; /* with the brackets of an IPv6 address */
    uint16_t port;     /* 0: not said */
    struct bytes path; /* empty, or from its '/' on; points into the text, as host does */
    struct bytes query;
    size_t wildcard_count; /* in the path */
};

/* False: it is none. Names of users, fragments and control characters are not allowed. */
MUST_USE bool endpoint_parse(struct bytes text, struct endpoint *ret);

/* The path with its wildcards filled in, in their order, and percent-encoded; "/" when it is empty.
 * False: there are not as many values as wildcards. */
MUST_USE bool endpoint_fill(const struct endpoint *endpoint, const struct bytes *values,
                            size_t value_count, struct buffer *out);

/* RFC 3986: everything but letters, digits and "-._~" becomes %XX. */
void endpoint_encode(struct buffer *out, struct bytes text);

#endif
