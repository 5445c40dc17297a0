/* pattern/place.c - see place.h. */
#include "pattern/place.h"

static bool stands_between(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',' || c == ':';
}

static bool is_bracket(uint8_t c)
{
    return c == '{' || c == '}' || c == '[' || c == ']';
}

static size_t end_of_string(struct bytes text, size_t at)
{
    while (at < text.size && text.ptr[at] != '"')
        at += text.ptr[at] == '\\' ? 2 : 1;
    return at + 1;
}

void place_value(struct place *place)
{
    struct bytes text = place->text;
    size_t at = place->next;

    while (at < text.size && stands_between(text.ptr[at]))
        at++;
    if (at >= text.size)
        return;
    if (text.ptr[at] == '"') {
        place->at = at + 1;
        place->next = end_of_string(text, at + 1);
        return;
    }
    if (is_bracket(text.ptr[at])) {
        at++;
    } else {
        while (at < text.size && !stands_between(text.ptr[at]) && !is_bracket(text.ptr[at]))
            at++;
    }
    place->at = place->next = at;
}

void place_name(struct place *place)
{
    place_value(place);

    struct place value = *place;

    place_value(&value);
    place->at = value.at;
}

void place_line_column(const struct place *place, size_t *ret_line, size_t *ret_column)
{
    size_t line = 1, column = 1;

    for (size_t i = 0; i < place->at && i < place->text.size; i++) {
        column++;
        if (place->text.ptr[i] == '\n') {
            line++;
            column = 1;
        }
    }
    *ret_line = line;
    *ret_column = column;
}
