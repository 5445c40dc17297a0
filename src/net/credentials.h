/* net/credentials.h - known keys: what sigv4.c asks credentials.c. */
#ifndef DYNLOG_NET_CREDENTIALS_H
#define DYNLOG_NET_CREDENTIALS_H

#include "net/sigv4.h"

/* The secret of an access key id, NULL when it is not known. Holds as long as the keys. */
const char *credentials_secret(const struct sigv4_keys *keys, struct bytes key_id);

#endif
