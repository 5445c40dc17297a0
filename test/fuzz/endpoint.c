/* Fuzz target: endpoints (outbound/endpoint.h). The first line is the endpoint, each other one a
 * value for a wildcard.
 *
 * An endpoint that we take is read by libcurl, which will call it, to the same scheme, host, port,
 * path and query: what we took for this machine must be this machine to it too. Filled in, it is an
 * endpoint of the same host without a wildcard, and its values can be read back. Build with
 * -fsanitize=fuzzer,address,undefined. */
#include "base/buffer.h"
#include "outbound/endpoint.h"

#include <curl/curl.h>
#include <stdlib.h>

#define VALUES_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes next_line(struct bytes *text)
{
    struct bytes line = bytes_slice(*text, 0, bytes_find_byte(*text, '\n', 0));

    *text = bytes_slice(*text, line.size + 1, text->size);
    return line;
}

/* ---- the second reader ---- */

static bool is_same(CURLU *url, CURLUPart part, struct bytes ours, bool ignore_case)
{
    char *theirs = NULL;
    CURLUcode code = curl_url_get(url, part, &theirs, 0);
    bool same = false;

    if (code != CURLUE_OK)
        return ours.size == 0;
    same = ignore_case ? bytes_equal_ignore_case(bytes_of_text(theirs), ours)
                       : bytes_equal(bytes_of_text(theirs), ours);
    curl_free(theirs);
    return same;
}

/* libcurl makes 127.0.0.1 of 127.1 and of 2130706433. Whatever host it sees is to be loopback when
 * we say so, and the same when we don't. */
static bool is_same_host(CURLU *url, const struct endpoint *endpoint)
{
    return is_same(url, CURLUPART_HOST, endpoint->host, true);
}

static void check_curl(struct bytes text, const struct endpoint *endpoint, struct arena *arena)
{
    CURLU *url = curl_url();
    struct bytes port = {NULL, 0};

    if (curl_url_set(url, CURLUPART_URL, arena_copy_text(arena, text), CURLU_PATH_AS_IS) ==
        CURLUE_OK) {
        if (endpoint->port != 0)
            port = arena_printf(arena, "%u", endpoint->port);
        assert(
            is_same(url, CURLUPART_SCHEME, endpoint->https ? BYTES("https") : BYTES("http"), true));
        assert(is_same_host(url, endpoint) || !endpoint->loopback);
        assert(is_same(url, CURLUPART_PORT, port, false));
        assert(is_same(url, CURLUPART_USER, (struct bytes){NULL, 0}, false));
        assert(is_same(url, CURLUPART_PATH, endpoint->path.size > 0 ? endpoint->path : BYTES("/"),
                       false));
        assert(is_same(url, CURLUPART_QUERY, endpoint->query, false));
    } else {
        assert(!endpoint->loopback || endpoint->host.ptr[0] == '[');
    }
    curl_url_cleanup(url);
}

/* ---- filling in ---- */

static void check_encoding(struct bytes value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1024 * 1024);
    int size = 0;

    endpoint_encode(&out, value);
    buffer_append_byte(&out, '\0');
    char *back = curl_easy_unescape(NULL, (const char *)out.ptr, 0, &size);

    assert(back != NULL && bytes_equal(bytes_of(back, (size_t)size), value));
    curl_free(back);
}

static void check_filling(const struct endpoint *endpoint, struct bytes rest, struct arena *arena)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(1024 * 1024);
    struct bytes values[VALUES_MAX];
    struct endpoint again;
    size_t count = 0;

    while (rest.size > 0 && count < VALUES_MAX) {
        values[count] = next_line(&rest);
        check_encoding(values[count++]);
    }
    bool filled = endpoint_fill(endpoint, values, count, &path);

    assert(filled == (count == endpoint->wildcard_count));
    if (!filled)
        return;
    struct bytes whole = arena_printf(arena, "https://%.*s%.*s", BYTES_ARG(endpoint->host),
                                      BYTES_ARG(buffer_bytes(&path)));

    if (whole.size > ENDPOINT_SIZE_MAX)
        return;
    bool parsed = endpoint_parse(whole, &again);

    assert(parsed && again.wildcard_count == 0 && bytes_equal(again.host, endpoint->host) &&
           bytes_equal(again.path, buffer_bytes(&path)) && again.query.size == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes rest = bytes_of(data, size);
    struct bytes text = next_line(&rest);
    struct endpoint endpoint;

    if (endpoint_parse(text, &endpoint)) {
        check_curl(text, &endpoint, arena);
        check_filling(&endpoint, rest, arena);
    }
    return 0;
}
