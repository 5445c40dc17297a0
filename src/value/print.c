/* value/print.c - values and items as compact DynamoDB JSON: the wire form and the stored form
 * (docs/format/item.md). Every answer and every write passes here: no printf. */
#include "base/base64.h"
#include "value/value.h"

static void print_number(struct buffer *out, const struct number *number)
{
    buffer_append_byte(out, '"');
    number_print(out, number);
    buffer_append_byte(out, '"');
}

static void print_binary(struct buffer *out, struct bytes bytes)
{
    buffer_append_byte(out, '"');
    base64_encode(out, bytes);
    buffer_append_byte(out, '"');
}

/* A value without its type: a member of a set, or what stands behind "S":, "N": or "B":. */
static void print_scalar(struct buffer *out, const struct value *value)
{
    if (value->type == VALUE_S)
        json_append_string(out, value->bytes);
    else if (value->type == VALUE_N)
        print_number(out, &value->number);
    else
        print_binary(out, value->bytes);
}

static void print_values(struct buffer *out, const struct value *values, size_t count,
                         void (*print)(struct buffer *, const struct value *))
{
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_append_byte(out, ',');
        print(out, &values[i]);
    }
    buffer_append_byte(out, ']');
}

/* What stands before the content, by type. */
static const struct bytes openings[] = {
    [VALUE_S] = {(const uint8_t *)"{\"S\":", 5},
    [VALUE_N] = {(const uint8_t *)"{\"N\":", 5},
    [VALUE_B] = {(const uint8_t *)"{\"B\":", 5},
    [VALUE_BOOL] = {(const uint8_t *)"{\"BOOL\":", 8},
    [VALUE_NULL] = {(const uint8_t *)"{\"NULL\":", 8},
    [VALUE_M] = {(const uint8_t *)"{\"M\":", 5},
    [VALUE_L] = {(const uint8_t *)"{\"L\":", 5},
    [VALUE_SS] = {(const uint8_t *)"{\"SS\":", 6},
    [VALUE_NS] = {(const uint8_t *)"{\"NS\":", 6},
    [VALUE_BS] = {(const uint8_t *)"{\"BS\":", 6},
};

void value_print(struct buffer *out, const struct value *value)
{
    buffer_append(out, openings[value->type]);
    switch (value->type) {
    case VALUE_S:
    case VALUE_N:
    case VALUE_B:
        print_scalar(out, value);
        break;
    case VALUE_BOOL:
        buffer_append(out, value->boolean ? BYTES("true") : BYTES("false"));
        break;
    case VALUE_NULL:
        buffer_append(out, BYTES("true"));
        break;
    case VALUE_M:
        item_print(out, &value->map);
        break;
    case VALUE_L:
        print_values(out, value->list.values, value->list.count, value_print);
        break;
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
        print_values(out, value->list.values, value->list.count, print_scalar);
        break;
    }
    buffer_append_byte(out, '}');
}

void item_print(struct buffer *out, const struct item *item)
{
    buffer_append_byte(out, '{');
    for (size_t i = 0; i < item->count; i++) {
        if (i > 0)
            buffer_append_byte(out, ',');
        json_append_string(out, item->attributes[i].name);
        buffer_append_byte(out, ':');
        value_print(out, &item->attributes[i].value);
    }
    buffer_append_byte(out, '}');
}
