/* net/guard.h - which requests a web page could forge. dynlog listens without passwords, so a page
 * in the developer's browser must not reach it: DNS rebinding gives itself away by its Host, a
 * cross-origin request by its Origin, a cross-site one without an Origin (an image, a script) by
 * its Sec-Fetch-Site. Clients that are no browsers send none of these but Host. */
#ifndef DYNLOG_NET_GUARD_H
#define DYNLOG_NET_GUARD_H

#include "base/bytes.h"

/* host: the Host header, with or without port. Local are the names that nobody can point at this
 * machine from outside:
 *   - localhost, *.localhost, and addresses (a page at an address can only ask that address)
 *   - names without a dot and *.internal (containers: http://dynlog:8000, host.docker.internal)
 *   - *.amazonaws.com (SDKs that were pointed here by TLS or /etc/hosts)
 *   - the name that `start --host` was given (extra, may be NULL).
 * An empty Host (HTTP/1.0) is local: browsers always send one. */
bool guard_host_is_local(struct bytes host, const char *extra);

/* origin: the Origin header; empty is fine. Else it must be http or https, and its host this
 * machine's: localhost, *.localhost, 127.0.0.0/8, ::1, 0.0.0.0, or extra. Anybody can have a page
 * at an address or at an amazonaws.com name, so these are not enough here. "null" is not local. */
bool guard_origin_is_local(struct bytes origin, const char *extra);

/* site, mode: Sec-Fetch-Site and Sec-Fetch-Mode, which browsers add. What another site's page asks
 * for is refused; following a link from it is not. */
bool guard_fetch_is_local(struct bytes site, struct bytes mode);

#endif
