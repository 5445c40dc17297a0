/* pattern/address.h - IPv4 and IPv6 addresses and networks in their text forms, for cidr. */
#ifndef DYNLOG_PATTERN_ADDRESS_H
#define DYNLOG_PATTERN_ADDRESS_H

#include "base/bytes.h"

struct address {
    uint8_t bytes[16];
    uint8_t size; /* 4 or 16 */
};

struct network {
    struct address address;
    unsigned bits; /* the first ones, which all its addresses share */
};

/* "10.0.0.1", "2001:db8::1". False when it is neither. */
MUST_USE bool address_parse(struct bytes text, struct address *ret);

extern const char network_nonstandard[]; /* AWS shows the address behind it */

/* "10.0.0.0/24". NULL when it is one, else what is wrong with it, in AWS's words; static. */
MUST_USE const char *network_parse(struct bytes text, struct network *ret);

bool network_has(const struct network *network, const struct address *address);

#endif
