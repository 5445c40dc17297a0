/* Fuzz target: filter patterns of logs. The input is a pattern, a line's end, and a message.
 *
 * What is read prints and reads back the same, wants the same message, and agrees with the naive
 * reader of the unit tests. Build with -fsanitize=fuzzer,address,undefined. */
#include "logs/filter.h"

#include "../unit/logs/filter_naive.h"

#define PRINTED_SIZE_MAX ((size_t)64 * 1024)
#define NAIVE_SIZE_MAX 2000 /* of a message: its reader is slow */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes print(struct arena *arena, const struct log_filter *filter)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(PRINTED_SIZE_MAX);

    log_filter_print(&out, filter);
    assert(!buffer_failed(&out));
    return arena_copy(arena, buffer_bytes(&out));
}

static bool check_again(struct arena *arena, const struct log_filter *filter, struct bytes message)
{
    struct bytes printed = print(arena, filter);
    const struct log_filter *again = NULL;
    struct api_error error = {0};
    enum status status = log_filter_parse(arena, printed, &again, &error);

    assert(status == OK && again != NULL);
    assert(bytes_equal(print(arena, again), printed));
    return log_filter_matches(again, message, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes input = bytes_of(data, size);
    size_t line_end = size_min(bytes_find_byte(input, '\n', 0), size);
    struct bytes pattern = bytes_slice(input, 0, line_end);
    struct bytes message = bytes_slice(input, line_end + 1, size);
    const struct log_filter *filter = NULL;
    struct api_error error = {0};
    bool matched = true, sure = false, naive_matched = false;

    /* As requests have them. */
    if (pattern.size > LOG_FILTER_SIZE_MAX || !bytes_are_utf8(pattern) || !bytes_are_utf8(message))
        return 0;
    if (log_filter_parse(arena, pattern, &filter, &error) != OK) {
        assert(error.message[0] != '\0');
        return 0;
    }
    if (filter != NULL) {
        matched = log_filter_matches(filter, message, arena);
        assert(check_again(arena, filter, message) == matched);
    }
    if (message.size > NAIVE_SIZE_MAX)
        return 0;
    naive_matched = naive_matches(arena, pattern, message, &sure);
    assert(!sure || naive_matched == matched);
    return 0;
}
