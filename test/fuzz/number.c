/* Fuzz target: numbers. The input is two texts with a comma between them; what is a number must
 * keep its value through its text, its key must sort as it does, and sums must come apart again. */
#include "value/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int sign_of(int order)
{
    return (order > 0) - (order < 0);
}

static void check_one(const struct number *number)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(NUMBER_TEXT_MAX);
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(64);
    struct api_error error;
    struct number again = {0};
    int64_t integer = 0;

    number_print(&text, number);
    assert(!buffer_failed(&text));
    if (number_parse(buffer_bytes(&text), &again, &error) != OK)
        assert(false && "a printed number is no number");
    assert(memcmp(number, &again, sizeof again) == 0);
    number_encode_key(&key, number);
    assert(key_encoded_size(buffer_bytes(&key), true) == key.size);
    assert(number_size(number) <= 22);
    if (number_to_int64(number, &integer)) {
        again = number_of_int64(integer);
        assert(memcmp(number, &again, sizeof again) == 0);
    }
}

static void check_two(const struct number *a, const struct number *b)
{
    AUTO(buffer_free) struct buffer a_key = BUFFER_INIT(64);
    AUTO(buffer_free) struct buffer b_key = BUFFER_INIT(64);
    struct number sum = {0}, back = {0};
    struct api_error error;
    int order = number_compare(a, b);

    number_encode_key(&a_key, a);
    number_encode_key(&b_key, b);
    assert(sign_of(bytes_compare(buffer_bytes(&a_key), buffer_bytes(&b_key))) == sign_of(order));
    if (number_add(a, b, &sum, &error) == OK) {
        check_one(&sum);
        if (number_subtract(&sum, b, &back, &error) != OK)
            assert(false && "a sum does not come apart");
        assert(number_equal(&back, a));
    }
    if (number_subtract(a, b, &sum, &error) == OK) {
        check_one(&sum);
        assert((sum.count == 0) == (order == 0));
        assert(sum.count == 0 || sum.negative == (order < 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    size_t comma = bytes_find_byte(input, ',', 0);
    struct number a = {0}, b = {0};
    struct api_error error;

    (void)key_encoded_size(input, true);
    (void)key_encoded_size(input, false);
    if (comma == SIZE_MAX)
        comma = size;
    if (number_parse(bytes_slice(input, 0, comma), &a, &error) != OK)
        return 0;
    check_one(&a);
    if (comma < size && number_parse(bytes_slice(input, comma + 1, size), &b, &error) == OK)
        check_two(&a, &b);
    return 0;
}
