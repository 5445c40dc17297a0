/* api/dynamodb/statement_token.c - NextToken: where a SELECT goes on, as base64 of
 *
 *   format (1) | fingerprint (16) | read (4) | attributes of the last key, each:
 *   type (1) | size (4) | name | size (4) | bytes, of a number its text
 *
 * The fingerprint is of the statement and its parameters: with others the place means nothing. AWS
 * takes another Limit or ConsistentRead. */
#include "api/dynamodb/statement.h"

#include "base/base64.h"

#define TOKEN_FORMAT 1
#define FINGERPRINT_SIZE ((size_t)16)
#define HEAD_SIZE (1 + FINGERPRINT_SIZE + 4)
#define LAST_KEY_ATTRIBUTES_MAX (2 * KEY_ATTRIBUTES_MAX) /* of an index' key and the table's */

static void fingerprint(struct api_call *call, const struct statement *statement,
                        uint8_t out[FINGERPRINT_SIZE])
{
    const struct json *parameters = decode_member(statement->body, "Parameters");

    memset(out, 0, FINGERPRINT_SIZE);
    bytes_put_u64(out, bytes_hash(decode_string(statement->body, "Statement")));
    if (parameters != NULL) /* 8 bytes */
        memcpy(out + 8, dynamodb_fingerprint(call->arena, parameters).ptr, 8);
}

/* ---- writing ---- */

static void append_sized(struct buffer *out, struct bytes bytes)
{
    buffer_append_u32(out, (uint32_t)bytes.size);
    buffer_append(out, bytes);
}

static void append_attribute(struct buffer *out, const struct attribute *attribute)
{
    AUTO(buffer_free) struct buffer number = BUFFER_INIT(NUMBER_TEXT_MAX);
    const struct value *value = &attribute->value;

    if (value->type == VALUE_N)
        number_print(&number, &value->number);
    buffer_append_byte(out, (uint8_t)value->type);
    append_sized(out, attribute->name);
    append_sized(out, value->type == VALUE_N ? buffer_bytes(&number) : value->bytes);
}

void statement_print_token(struct buffer *out, struct api_call *call,
                           const struct statement *statement, const struct statement_place *place)
{
    AUTO(buffer_free) struct buffer token = BUFFER_INIT(STATEMENT_TOKEN_SIZE_MAX);
    uint8_t print[FINGERPRINT_SIZE];

    fingerprint(call, statement, print);
    buffer_append_byte(&token, TOKEN_FORMAT);
    buffer_append(&token, bytes_of(print, sizeof print));
    buffer_append_u32(&token, place->read);
    for (size_t i = 0; i < place->last_key.count; i++)
        append_attribute(&token, &place->last_key.attributes[i]);
    assert(!buffer_failed(&token) && "keys have their limits");
    base64_encode(out, buffer_bytes(&token));
}

/* ---- reading ---- */

static bool take_sized(struct bytes *rest, struct bytes *ret)
{
    size_t size = rest->size >= 4 ? bytes_get_u32(rest->ptr) : 0;

    if (rest->size < 4 || rest->size - 4 < size)
        return false;
    *ret = bytes_slice(*rest, 4, size);
    *rest = bytes_slice(*rest, 4 + size, rest->size);
    return true;
}

static bool take_attribute(struct bytes *rest, struct attribute *ret)
{
    struct api_error ignored;
    uint8_t type = rest->ptr[0];

    *rest = bytes_slice(*rest, 1, rest->size);
    if (type != VALUE_S && type != VALUE_N && type != VALUE_B)
        return false;
    ret->value = (struct value){.type = (enum value_type)type};
    if (!take_sized(rest, &ret->name) || !take_sized(rest, &ret->value.bytes))
        return false;
    if (type != VALUE_N)
        return true;

    struct bytes text = ret->value.bytes;

    ignored.extra = (struct bytes){0};
    return number_parse(text, &ret->value.number, &ignored) == OK;
}

static bool take_key(struct arena *arena, struct bytes rest, struct item *ret)
{
    *ret = (struct item){ARENA_NEW_ARRAY(arena, LAST_KEY_ATTRIBUTES_MAX, struct attribute), 0};
    while (rest.size > 0 && ret->count < LAST_KEY_ATTRIBUTES_MAX)
        if (!take_attribute(&rest, &ret->attributes[ret->count++]))
            return false;
    return rest.size == 0;
}

enum status statement_read_token(struct api_call *call, const struct statement *statement,
                                 struct statement_place *ret, struct api_error *reterr)
{
    struct bytes text = decode_string(statement->body, "NextToken"), token = {NULL, 0};
    uint8_t print[FINGERPRINT_SIZE];

    *ret = (struct statement_place){0};
    if (text.size == 0)
        return OK;
    if (base64_decode(call->arena, text, &token) != BASE64_NO_FAULT || token.size < HEAD_SIZE ||
        token.ptr[0] != TOKEN_FORMAT)
        return api_invalid(reterr, "Invalid NextToken");
    fingerprint(call, statement, print);
    if (!bytes_equal(bytes_slice(token, 1, sizeof print), bytes_of(print, sizeof print)))
        return api_invalid(reterr, "NextToken does not match request");
    ret->read = bytes_get_u32(token.ptr + 1 + sizeof print);
    if (!take_key(call->arena, bytes_slice(token, HEAD_SIZE, token.size), &ret->last_key))
        return api_invalid(reterr, "Invalid NextToken");
    return OK;
}
