/* Fuzz target: schedule expressions. What is read is printed and reads back the same, in its
 * dialect; its next due times are later and later, are the same for what was read back, and end.
 * Build with -fsanitize=fuzzer,address,undefined. */
#include "schedule/next.h"

#define TEXT_SIZE_MAX 256 /* as the requests' shapes have it */
#define TIMES 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_times(const struct schedule_expression *expression,
                        const struct schedule_expression *again, uint64_t after_ms)
{
    static struct zone *utc;

    if (utc == NULL)
        utc = zone_utc();
    for (size_t i = 0; i < TIMES; i++) {
        uint64_t next = schedule_next_ms(expression, utc, 60000, after_ms);

        assert(next == schedule_next_ms(again, utc, 60000, after_ms));
        if (next == SCHEDULE_NEVER)
            return;
        assert(next > after_ms);
        after_ms = next;
    }
}

static void check(struct bytes text, enum schedule_dialect dialect)
{
    AUTO(buffer_free) struct buffer first = BUFFER_INIT(8192), second = BUFFER_INIT(8192);
    struct schedule_expression expression, again;

    if (!schedule_parse(text, dialect, &expression))
        return;
    schedule_print(&first, &expression);
    if (buffer_failed(&first) || !schedule_parse(buffer_bytes(&first), dialect, &again))
        assert(false && "what is printed reads back");
    schedule_print(&second, &again);
    assert(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    check_times(&expression, &again, 0);
    check_times(&expression, &again, 1785000000000);
    check_times(&expression, &again, 7258118390000); /* shortly before 2200 */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > TEXT_SIZE_MAX)
        return 0;
    check(bytes_of(data, size), SCHEDULE_OF_RULES);
    check(bytes_of(data, size), SCHEDULE_OF_SCHEDULER);
    return 0;
}
