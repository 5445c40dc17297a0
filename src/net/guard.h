/* net/guard.h - which requests a web page could forge. dynlog listens on loopback without passwords, so
 * a page in the developer's browser must not reach it: DNS rebinding gives itself away by its Host, a
 * cross-origin request by its Origin. */
#ifndef DYNLOG_NET_GUARD_H
#define DYNLOG_NET_GUARD_H

#include "base/bytes.h"

/* host: the Host header, with or without port. Local: localhost and *.localhost, 127.0.0.0/8, ::1,
 * 0.0.0.0, amazonaws.com names (SDKs pointed here by TLS or /etc/hosts), or the name that `start --host` was given (extra, may be NULL).
 * An empty Host (HTTP/1.0) is local: browsers always send one. */
bool guard_host_is_local(struct bytes host, const char *extra);
/* origin: the Origin header; empty is fine; else its host must be local by the same rule and it must be http or https. "null" is not. */
bool guard_origin_is_local(struct bytes origin, const char *extra);

#endif
