/* Fuzz target: durations. What is one must read back the same from its print, and be no longer than
 * the longest. */
#include "base/duration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(256);
    uint64_t ms = 0, again = 0;

    if (!duration_parse(bytes_of(data, size), &ms))
        return 0;
    assert(ms <= DURATION_MS_MAX);
    duration_print(&text, ms);
    assert(!buffer_failed(&text));
    if (!duration_parse(buffer_bytes(&text), &again))
        assert(false && "a printed duration is none");
    assert(again == ms);
    return 0;
}
