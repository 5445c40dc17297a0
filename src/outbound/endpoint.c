/* outbound/endpoint.c - see endpoint.h. */
#include "outbound/endpoint.h"

static bool is_hexadecimal(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* ---- hosts ---- */

/* Of an address: no zeros before it, which some readers take for a mark of octal numbers. */
static bool parse_part(struct bytes text, uint64_t *ret)
{
    return text.size > 0 && text.size <= 3 && (text.size == 1 || text.ptr[0] != '0') &&
           bytes_to_uint64(text, ret) && *ret <= 255;
}

/* 127.0.0.0/8, in full: other spellings of addresses ("127.1") are names to us. */
static bool is_loopback_address(struct bytes host)
{
    size_t parts = 0;

    for (size_t from = 0; from <= host.size; parts++) {
        size_t dot = bytes_find_byte(host, '.', from);
        size_t end = dot == SIZE_MAX ? host.size : dot;
        uint64_t number = 0;

        if (!parse_part(bytes_slice(host, from, end - from), &number) ||
            (parts == 0 && number != 127))
            return false;
        from = end + 1;
    }
    return parts == 4;
}

static bool is_loopback(struct bytes host)
{
    return bytes_equal_ignore_case(host, BYTES("localhost")) || bytes_equal_text(host, "[::1]") ||
           is_loopback_address(host);
}

static bool is_address(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_hexadecimal(text.ptr[i]) && text.ptr[i] != ':' && text.ptr[i] != '.')
            return false;
    return text.size > 0;
}

static bool is_name(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!byte_is_letter_or_digit(text.ptr[i]) && text.ptr[i] != '-' && text.ptr[i] != '.' &&
            text.ptr[i] != '_')
            return false;
    return text.size > 0 && text.ptr[0] != '.';
}

static bool is_host(struct bytes host)
{
    if (host.size > 2 && host.ptr[0] == '[' && host.ptr[host.size - 1] == ']')
        return is_address(bytes_slice(host, 1, host.size - 2));
    return is_name(host);
}

static bool parse_port(struct bytes text, uint16_t *ret)
{
    uint64_t number = 0;

    if (text.size > 5 || !bytes_to_uint64(text, &number) || number == 0 || number > UINT16_MAX)
        return false;
    *ret = (uint16_t)number;
    return true;
}

/* HOST[:PORT] */
static bool parse_authority(struct bytes text, struct endpoint *ret)
{
    size_t from = 0;

    if (text.size > 0 && text.ptr[0] == '[') { /* colons of the address come first */
        from = bytes_find_byte(text, ']', 0);
        if (from == SIZE_MAX)
            return false;
    }

    size_t colon = bytes_find_byte(text, ':', from);

    ret->host = bytes_slice(text, 0, colon);
    if (colon != SIZE_MAX && !parse_port(bytes_slice(text, colon + 1, text.size), &ret->port))
        return false;
    return is_host(ret->host);
}

/* ---- the whole ---- */

/* AWS's pattern of an HttpsEndpoint, less what may not stand here, more the brackets of a host. */
static bool is_clean(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if (c == '%') {
            if (i + 2 >= text.size || !is_hexadecimal(text.ptr[i + 1]) ||
                !is_hexadecimal(text.ptr[i + 2]))
                return false;
        } else if (c >= 0x80 || c == '\0' ||
                   (!byte_is_letter_or_digit(c) && strchr("-()_.!~*';/?:&=+$,@", c) == NULL)) {
            return false;
        }
    }
    return true;
}

static bool parse_scheme(struct bytes text, struct endpoint *ret, size_t *ret_size)
{
    static const struct bytes https = {(const uint8_t *)"https://", 8},
                              http = {(const uint8_t *)"http://", 7};

    ret->https = bytes_equal_ignore_case(bytes_slice(text, 0, https.size), https);
    *ret_size = ret->https ? https.size : http.size;
    return ret->https || bytes_equal_ignore_case(bytes_slice(text, 0, http.size), http);
}

static size_t first_of(struct bytes text, const char *bytes)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] != '\0' && strchr(bytes, text.ptr[i]) != NULL)
            return i;
    return text.size;
}

bool endpoint_parse(struct bytes text, struct endpoint *ret)
{
    struct endpoint endpoint = {0};
    size_t at = 0;

    if (text.size > ENDPOINT_SIZE_MAX || !parse_scheme(text, &endpoint, &at))
        return false;
    text = bytes_slice(text, at, text.size);
    at = first_of(text, "/?#");
    if (!parse_authority(bytes_slice(text, 0, at), &endpoint))
        return false;
    text = bytes_slice(text, at, text.size);
    at = bytes_find_byte(text, '?', 0);
    endpoint.path = bytes_slice(text, 0, at);
    if (at != SIZE_MAX)
        endpoint.query = bytes_slice(text, at + 1, text.size);
    if (!is_clean(endpoint.path) || !is_clean(endpoint.query))
        return false;
    endpoint.loopback = is_loopback(endpoint.host);
    if (!endpoint.https && !endpoint.loopback)
        return false;
    for (size_t i = 0; i < endpoint.path.size; i++)
        endpoint.wildcard_count += endpoint.path.ptr[i] == '*';
    *ret = endpoint;
    return true;
}

/* ---- filling in ---- */

void endpoint_encode(struct buffer *out, struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (byte_is_letter_or_digit(text.ptr[i]) ||
            (text.ptr[i] != '\0' && strchr("-._~", text.ptr[i]) != NULL))
            buffer_append_byte(out, text.ptr[i]);
        else
            buffer_printf(out, "%%%02X", text.ptr[i]);
}

/* A value of dots alone would be taken for "this folder" or "the one above". */
static void append_value(struct buffer *out, struct bytes value)
{
    bool dots = bytes_equal_text(value, ".") || bytes_equal_text(value, "..");

    for (size_t i = 0; dots && i < value.size; i++)
        buffer_append_text(out, "%2E");
    if (!dots)
        endpoint_encode(out, value);
}

bool endpoint_fill(const struct endpoint *endpoint, const struct bytes *values, size_t value_count,
                   struct buffer *out)
{
    size_t used = 0;

    if (value_count != endpoint->wildcard_count)
        return false;
    if (endpoint->path.size == 0)
        buffer_append_byte(out, '/');
    for (size_t i = 0; i < endpoint->path.size; i++)
        if (endpoint->path.ptr[i] == '*')
            append_value(out, values[used++]);
        else
            buffer_append_byte(out, endpoint->path.ptr[i]);
    return true;
}
