/* Fuzz target: what a server sends in a Retry-After header (outbound/retry_after.h), and a path
 * into an event (outbound/event_path.h): the first line is the header, the second the path, the
 * rest the event.
 *
 * A number agrees with strtoll(), a date is written as we write dates and read back to the same,
 * and what a path points at is part of the event as it is printed. Build with
 * -fsanitize=fuzzer,address,undefined. */
#include "base/buffer.h"
#include "base/clock.h"
#include "outbound/event_path.h"
#include "outbound/retry_after.h"

#include <errno.h>
#include <stdlib.h>

#define NOW_MS ((uint64_t)1785000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes next_line(struct bytes *text)
{
    struct bytes line = bytes_slice(*text, 0, bytes_find_byte(*text, '\n', 0));

    *text = bytes_slice(*text, line.size + 1, text->size);
    return line;
}

/* ---- Retry-After ---- */

/* An optional minus, and digits. */
static bool is_number(struct bytes text)
{
    size_t i = text.size > 0 && text.ptr[0] == '-';

    if (i == text.size)
        return false;
    for (; i < text.size; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return true;
}

static void check_number(struct bytes text, enum retry_after said, uint64_t delay_ms,
                         struct arena *arena)
{
    errno = 0;
    long long number = strtoll(arena_copy_text(arena, text), NULL, 10);

    if (number < 0) {
        assert(said == RETRY_AFTER_NEVER);
        return;
    }
    assert(said == RETRY_AFTER_DELAY);
    if ((uint64_t)number < RETRY_AFTER_MS_MAX / 1000)
        assert(delay_ms == (uint64_t)number * 1000);
    else
        assert(delay_ms == RETRY_AFTER_MS_MAX);
}

static void check_date(struct bytes text)
{
    char written[CLOCK_HTTP_SIZE];
    uint64_t time_ms = 0, again_ms = 0;

    if (!http_date_read(text, NOW_MS, &time_ms))
        return;
    clock_format_http(time_ms, written);
    bool read = http_date_read(bytes_of_text(written), NOW_MS, &again_ms);

    assert(read && again_ms == time_ms);
}

static void check_header(struct bytes text, struct arena *arena)
{
    uint64_t delay_ms = 0;
    enum retry_after said = retry_after_read(text, NOW_MS, &delay_ms);

    assert(delay_ms <= RETRY_AFTER_MS_MAX);
    if (is_number(text))
        check_number(text, said, delay_ms, arena);
    else
        assert(said != RETRY_AFTER_NEVER);
    check_date(text);
}

/* ---- paths ---- */

static void check_path(struct bytes path, struct bytes text, struct arena *arena)
{
    AUTO(buffer_free) struct buffer whole = BUFFER_INIT((size_t)4 * 1024 * 1024);
    AUTO(buffer_free) struct buffer part = BUFFER_INIT((size_t)4 * 1024 * 1024);
    const struct json *event = NULL, *found = NULL;

    if (json_parse(arena, text, &event, NULL) != OK)
        return;
    found = event_path_find(event, path);
    if (found == NULL)
        return;
    assert(event_path_is(path));
    json_print(&whole, event);
    json_print(&part, found);
    assert(bytes_find(buffer_bytes(&whole), buffer_bytes(&part)) != SIZE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes rest = bytes_of(data, size);
    struct bytes header = next_line(&rest), path = next_line(&rest);

    check_header(header, arena);
    check_path(path, rest, arena);
    return 0;
}
