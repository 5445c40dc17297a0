/* net/guard.c - see guard.h. */
#include "net/guard.h"

#include <arpa/inet.h>

#define NAME_SIZE_MAX 253 /* of a DNS name */

/* "name:8000" -> "name", "[::1]:8000" -> "::1". False when it is neither. */
static bool without_port(struct bytes host, struct bytes *ret_name, bool *ret_is_v6)
{
    struct bytes name, rest;
    uint64_t port = 0;

    *ret_is_v6 = host.size > 0 && host.ptr[0] == '[';
    if (*ret_is_v6) {
        size_t end = bytes_find_byte(host, ']', 0);

        if (end == SIZE_MAX)
            return false;
        name = bytes_slice(host, 1, end - 1);
        rest = bytes_slice(host, end + 1, SIZE_MAX);
    } else {
        size_t colon = size_min(bytes_find_byte(host, ':', 0), host.size);

        name = bytes_slice(host, 0, colon);
        rest = bytes_slice(host, colon, SIZE_MAX);
    }
    *ret_name = name;
    if (name.size == 0 || name.size > NAME_SIZE_MAX)
        return false;
    return rest.size == 0 || (rest.size == 1 && rest.ptr[0] == ':') ||
           (rest.ptr[0] == ':' && bytes_to_uint64(bytes_slice(rest, 1, SIZE_MAX), &port) &&
            port <= UINT16_MAX);
}

/* The bytes of an address in text; 0 when it is none, else 4 or 16. */
static size_t address_of(struct bytes name, bool is_v6, uint8_t ret[16])
{
    char text[INET6_ADDRSTRLEN];

    if (name.size >= sizeof text)
        return 0;
    memcpy(text, name.ptr, name.size);
    text[name.size] = '\0';
    if (strlen(text) != name.size) /* a NUL inside */
        return 0;
    if (is_v6)
        return inet_pton(AF_INET6, text, ret) == 1 ? 16 : 0;
    return inet_pton(AF_INET, text, ret) == 1 ? 4 : 0;
}

static bool is_this_machine(const uint8_t *address, size_t size)
{
    static const uint8_t v6_any[16] = {0}, v6_loopback[16] = {[15] = 1};
    static const uint8_t v4_any[4] = {0};

    if (size == 4)
        return address[0] == 127 || memcmp(address, v4_any, sizeof v4_any) == 0;
    return size == 16 && (memcmp(address, v6_loopback, sizeof v6_loopback) == 0 ||
                          memcmp(address, v6_any, sizeof v6_any) == 0);
}

/* Host names: letters, digits, dots, hyphens, and the underscores of containers. */
static bool is_name(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '-' || c == '_'))
            return false;
    }
    return name.size > 0;
}

/* name is domain or below it: "localhost" and "a.localhost" are in "localhost". */
static bool is_in(struct bytes name, const char *domain)
{
    struct bytes wanted = bytes_of_text(domain);

    if (name.size < wanted.size)
        return false;
    size_t from = name.size - wanted.size;

    return bytes_equal_ignore_case(bytes_slice(name, from, wanted.size), wanted) &&
           (from == 0 || name.ptr[from - 1] == '.');
}

static struct bytes without_last_dot(struct bytes name) /* "localhost." is fully qualified */
{
    return name.size > 1 && name.ptr[name.size - 1] == '.' ? bytes_slice(name, 0, name.size - 1)
                                                           : name;
}

static bool is_extra(struct bytes name, const char *extra)
{
    return extra != NULL && extra[0] != '\0' && bytes_equal_ignore_case(name, bytes_of_text(extra));
}

bool guard_host_is_local(struct bytes host, const char *extra)
{
    struct bytes name;
    uint8_t address[16];
    bool is_v6 = false;

    if (host.size == 0)
        return true;
    if (!without_port(host, &name, &is_v6))
        return false;
    if (is_extra(name, extra) || address_of(name, is_v6, address) > 0)
        return true;
    name = without_last_dot(name);
    if (is_v6 || !is_name(name))
        return false;
    return bytes_find_byte(name, '.', 0) == SIZE_MAX || is_in(name, "localhost") ||
           is_in(name, "internal") || is_in(name, "amazonaws.com");
}

/* "https://name:3000" -> "name:3000", empty when it is neither http nor https. */
static struct bytes host_of_origin(struct bytes origin)
{
    static const char *const schemes[] = {"http://", "https://"};

    for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
        struct bytes scheme = bytes_of_text(schemes[i]);

        if (bytes_equal_ignore_case(bytes_slice(origin, 0, scheme.size), scheme))
            return bytes_slice(origin, scheme.size, SIZE_MAX);
    }
    return (struct bytes){0};
}

bool guard_origin_is_local(struct bytes origin, const char *extra)
{
    struct bytes name;
    uint8_t address[16];
    bool is_v6 = false;

    if (origin.size == 0)
        return true;
    if (!without_port(host_of_origin(origin), &name, &is_v6))
        return false;
    size_t address_size = address_of(name, is_v6, address);

    if (address_size > 0)
        return is_this_machine(address, address_size) || is_extra(name, extra);
    if (is_v6 || !is_name(name))
        return false;
    return is_extra(name, extra) || is_in(without_last_dot(name), "localhost");
}

bool guard_fetch_is_local(struct bytes site, struct bytes mode)
{
    return !bytes_equal_ignore_case(site, BYTES("cross-site")) ||
           bytes_equal_ignore_case(mode, BYTES("navigate"));
}
