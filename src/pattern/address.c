/* pattern/address.c - see address.h. */
#include "pattern/address.h"

#include <arpa/inet.h>

#define ADDRESS_TEXT_MAX INET6_ADDRSTRLEN

const char network_nonstandard[] = "Nonstandard IP address";

bool address_parse(struct bytes text, struct address *ret)
{
    char copy[ADDRESS_TEXT_MAX];
    struct address address = {.size = 4};

    if (text.size == 0 || text.size >= sizeof copy || memchr(text.ptr, 0, text.size) != NULL)
        return false;
    memcpy(copy, text.ptr, text.size);
    copy[text.size] = '\0';
    if (strchr(copy, ':') != NULL)
        address.size = 16;
    if (inet_pton(address.size == 4 ? AF_INET : AF_INET6, copy, address.bytes) != 1)
        return false;
    *ret = address;
    return true;
}

const char *network_parse(struct bytes text, struct network *ret)
{
    size_t slash = bytes_find_byte(text, '/', 0);
    struct network network = {0};
    int64_t bits = 0;

    if (slash == SIZE_MAX || bytes_find_byte(text, '/', slash + 1) != SIZE_MAX)
        return "Malformed CIDR, one '/' required";
    if (!bytes_to_int64(bytes_slice(text, slash + 1, text.size), &bits))
        return "Malformed CIDR, mask bits must be an integer";
    if (bits < 0)
        return "Malformed CIDR, mask bits must not be negative";
    if (!address_parse(bytes_slice(text, 0, slash), &network.address))
        return network_nonstandard;
    if (network.address.size == 4 && bits > 31)
        return "IPv4 mask bits must be < 32";
    if (bits > 127)
        return "IPv6 mask bits must be < 128";
    network.bits = (unsigned)bits;
    *ret = network;
    return NULL;
}

bool network_has(const struct network *network, const struct address *address)
{
    size_t whole = network->bits / 8;
    unsigned rest = network->bits % 8;

    if (address->size != network->address.size ||
        memcmp(address->bytes, network->address.bytes, whole) != 0)
        return false;
    if (rest == 0)
        return true;
    return (address->bytes[whole] ^ network->address.bytes[whole]) >> (8 - rest) == 0;
}
