/* cli/tables/words.c - see words.h; what names and values look like: filter.h. */
#include "cli/tables/words.h"

#include "base/base64.h"
#include "cli/tables/plain.h"

#include <stdarg.h>
#include <stdio.h>

#define INDEX_DIGITS_MAX 9 /* no list is longer */
#define SHOWN_MAX 24       /* bytes of the text in a message */

bool tables_words_fail(struct words *words, const char *format, ...)
{
    char what[512];
    va_list args;
    struct bytes rest = bytes_slice(words->text, words->at, words->text.size);
    size_t shown = size_min(rest.size, SHOWN_MAX);

    if (words->failed)
        return false;
    words->failed = true;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    while (shown > 0 && shown < rest.size && (rest.ptr[shown] & 0xC0) == 0x80)
        shown--;
    if (rest.size == 0)
        snprintf(words->fault->message, sizeof words->fault->message, "At its end %s.", what);
    else
        snprintf(words->fault->message, sizeof words->fault->message,
                 "At character %zu, %s%.*s%s, %s.", words->at + 1, "\"", (int)shown,
                 (const char *)rest.ptr, shown < rest.size ? "...\"" : "\"", what);
    return false;
}

/* ---- characters ---- */

static uint8_t byte_at(const struct words *words, size_t at)
{
    return at < words->text.size ? words->text.ptr[at] : 0;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_name_start(uint8_t byte)
{
    return (byte_is_letter_or_digit(byte) && !is_digit(byte)) || byte == '_' || byte == '$' ||
           byte == '@' || byte >= 0x80;
}

static bool is_name(uint8_t byte)
{
    return is_name_start(byte) || is_digit(byte) || byte == '-';
}

uint8_t tables_words_peek(struct words *words)
{
    while (is_blank(byte_at(words, words->at)))
        words->at++;
    return byte_at(words, words->at);
}

static size_t name_end(const struct words *words, size_t at)
{
    while (is_name(byte_at(words, at)))
        at++;
    return at;
}

static struct bytes next_word(struct words *words)
{
    if (!is_name_start(tables_words_peek(words)))
        return BYTES("");

    size_t start = words->at;

    return bytes_slice(words->text, start, name_end(words, start) - start);
}

bool tables_words_take(struct words *words, const char *expected)
{
    struct bytes wanted = bytes_of_text(expected);
    struct bytes found = {0};

    tables_words_peek(words);
    found = is_name_start((uint8_t)expected[0]) ? next_word(words)
                                                : bytes_slice(words->text, words->at, wanted.size);
    if (words->failed || !bytes_equal_ignore_case(found, wanted))
        return false;
    words->at += found.size;
    return true;
}

bool tables_words_call(struct words *words, const char *name)
{
    struct bytes word = next_word(words);
    size_t start = words->at;

    if (!bytes_equal_ignore_case(word, bytes_of_text(name)))
        return false;
    words->at += word.size;
    if (tables_words_peek(words) == '(')
        return true;
    words->at = start;
    return false;
}

/* ---- names ---- */

static bool read_quoted_name(struct words *words, struct bytes *ret)
{
    size_t end = bytes_find_byte(words->text, '`', words->at + 1);

    if (end == SIZE_MAX)
        return tables_words_fail(words, "a backquote begins a name that none ends");
    *ret = bytes_slice(words->text, words->at + 1, end - words->at - 1);
    if (ret->size == 0)
        return tables_words_fail(words, "a name is empty");
    words->at = end + 1;
    return true;
}

/* Words that mean something else. */
static bool is_keyword(struct bytes word)
{
    static const char *const keywords[] = {"and", "or",   "not",   "between",
                                           "in",  "true", "false", "null"};

    for (size_t i = 0; i < ARRAY_COUNT(keywords); i++)
        if (bytes_equal_ignore_case(word, bytes_of_text(keywords[i])))
            return true;
    return false;
}

bool tables_words_name(struct words *words, struct bytes *ret)
{
    uint8_t first = tables_words_peek(words);
    struct bytes word = next_word(words);

    if (first == '`')
        return read_quoted_name(words, ret);
    if (first == ':' || first == '#')
        return tables_words_fail(words, "names and values stand where they are meant, without "
                                        "placeholders: type = \"signup\"");
    if (word.size == 0)
        return tables_words_fail(words, "the name of an attribute was expected");
    if (is_keyword(word))
        return tables_words_fail(words,
                                 "the name of an attribute was expected (one of that name stands "
                                 "in backquotes: `%.*s`)",
                                 BYTES_ARG(word));
    *ret = word;
    words->at += word.size;
    return true;
}

bool tables_words_index(struct words *words, struct bytes *ret)
{
    size_t start = words->at;

    while (is_digit(byte_at(words, words->at)))
        words->at++;
    *ret = bytes_slice(words->text, start, words->at - start);
    if (ret->size == 0 || ret->size > INDEX_DIGITS_MAX)
        return tables_words_fail(words, "a number was expected: tags[0]");
    while (ret->size > 1 && ret->ptr[0] == '0') /* AWS knows no 007 */
        *ret = bytes_slice(*ret, 1, ret->size);
    if (!tables_words_take(words, "]"))
        return tables_words_fail(words, "\"]\" was expected");
    return true;
}

/* ---- values ---- */

bool tables_words_at_value(struct words *words)
{
    static const char *const constants[] = {"true", "false", "null"};
    uint8_t first = tables_words_peek(words), second = byte_at(words, words->at + 1);
    struct bytes word = next_word(words);

    for (size_t i = 0; i < ARRAY_COUNT(constants); i++)
        if (bytes_equal_ignore_case(word, bytes_of_text(constants[i])))
            return true;
    if (bytes_equal_text(word, "b") && (second == '"' || second == '\''))
        return true;
    return first != 0 && (is_digit(first) || strchr("\"'-+.[{", first) != NULL);
}

/* Behind the quote that ends the text that begins at `at`; 0: none does. */
static size_t quoted_end(const struct words *words, size_t at)
{
    uint8_t quote = byte_at(words, at++);

    while (at < words->text.size && words->text.ptr[at] != quote)
        at += words->text.ptr[at] == '\\' ? 2 : 1;
    return at < words->text.size ? at + 1 : 0;
}

/* In double quotes a text is JSON's; in single ones the double quote is a character. */
static bool read_text(struct words *words, struct bytes *ret)
{
    size_t end = quoted_end(words, words->at);
    AUTO(buffer_free) struct buffer json = BUFFER_INIT(2 * EXPR_SIZE_MAX + 2);
    const struct json *parsed = NULL;

    if (end == 0)
        return tables_words_fail(words, "a quote begins a text that none ends");
    buffer_append_byte(&json, '"');
    for (size_t at = words->at + 1; at + 1 < end; at++) {
        uint8_t byte = words->text.ptr[at];

        if (byte == '\\' && words->text.ptr[at + 1] == '\'')
            at++;
        else if (byte == '\\')
            buffer_append_byte(&json, words->text.ptr[at++]);
        else if (byte == '"')
            buffer_append_byte(&json, '\\');
        buffer_append_byte(&json, words->text.ptr[at]);
    }
    buffer_append_byte(&json, '"');
    if (buffer_failed(&json))
        return tables_words_fail(words, "a text has more than %d bytes", EXPR_SIZE_MAX);
    if (json_parse(words->arena, arena_copy(words->arena, buffer_bytes(&json)), &parsed, NULL) !=
        OK)
        return tables_words_fail(words, "a text must be UTF-8, with JSON's escapes (\\n, \\\\, "
                                        "\\u00e5) and no control characters");
    *ret = json_string(parsed);
    words->at = end;
    return true;
}

static bool read_binary(struct words *words, struct value *ret)
{
    struct bytes text = {0};

    words->at++;
    if (!read_text(words, &text))
        return false;
    ret->type = VALUE_B;
    if (base64_decode(words->arena, text, &ret->bytes) != BASE64_NO_FAULT)
        return tables_words_fail(words, "b\"...\" needs base64");
    return true;
}

static bool read_number(struct words *words, struct value *ret)
{
    struct api_error error = {0};
    size_t end = words->at;

    while (is_digit(byte_at(words, end)) || byte_at(words, end) == '.' ||
           byte_at(words, end) == '-' || byte_at(words, end) == '+' ||
           byte_is_letter_or_digit(byte_at(words, end)))
        end++;
    ret->type = VALUE_N;
    if (number_parse(bytes_slice(words->text, words->at, end - words->at), &ret->number, &error) !=
        OK)
        return tables_words_fail(words,
                                 "a number was expected (a name that begins so stands in "
                                 "backquotes): %s",
                                 error.message);
    words->at = end;
    return true;
}

/* Behind the bracket that ends the JSON that begins at `at`; 0: none does. */
static size_t json_end(const struct words *words, size_t at)
{
    size_t depth = 0;

    while (at < words->text.size) {
        uint8_t byte = words->text.ptr[at];

        if (byte == '"') {
            at = quoted_end(words, at);
            if (at == 0)
                return 0;
            continue;
        }
        at++;
        if (byte == '[' || byte == '{')
            depth++;
        else if ((byte == ']' || byte == '}') && --depth == 0)
            return at;
    }
    return 0;
}

static bool read_json(struct words *words, struct value *ret)
{
    size_t end = json_end(words, words->at);
    struct json_error fault = {0};
    struct api_error error = {0};
    const struct json *json = NULL;

    if (end == 0)
        return tables_words_fail(words, "a bracket begins JSON that none ends");
    if (json_parse(words->arena,
                   arena_copy(words->arena, bytes_slice(words->text, words->at, end - words->at)),
                   &json, &fault) != OK)
        return tables_words_fail(words, "JSON was expected: %s", fault.message);
    if (tables_value_read(words->arena, json, ret, &error) != OK)
        return tables_words_fail(words, "a value was expected: %s", error.message);
    words->at = end;
    return true;
}

static bool read_constant(struct words *words, struct value *ret)
{
    if (tables_words_take(words, "true"))
        *ret = (struct value){.type = VALUE_BOOL, .boolean = true};
    else if (tables_words_take(words, "false"))
        *ret = (struct value){.type = VALUE_BOOL, .boolean = false};
    else if (tables_words_take(words, "null"))
        *ret = (struct value){.type = VALUE_NULL};
    else
        return false;
    return true;
}

bool tables_words_value(struct words *words, struct value *ret)
{
    uint8_t first = tables_words_peek(words);

    *ret = (struct value){.type = VALUE_S};
    if (first == '"' || first == '\'')
        return read_text(words, &ret->bytes);
    if (first == '[' || first == '{')
        return read_json(words, ret);
    if (is_digit(first) || first == '-' || first == '+' || first == '.')
        return read_number(words, ret);
    if (read_constant(words, ret))
        return true;
    if (first == 'b')
        return read_binary(words, ret);
    return tables_words_fail(words, "a value was expected: \"text\", 12, true");
}
