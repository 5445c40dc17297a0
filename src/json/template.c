/* json/template.c - see template.h. */
#include "json/template.h"

/* Follows the quotes of a run of text. */
static void note_quotes(struct json_template *template, struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.ptr[i] == '"')
            template->in_string = !template->in_string;
        else if (text.ptr[i] == '\\' && template->in_string)
            i++;
    }
}

/* Where the first name from `at` on begins, or the end of the text. */
static size_t find_name(const struct json_template *template, size_t at, struct bytes *ret_name)
{
    struct bytes text = template->text;

    for (size_t open = at; (open = bytes_find_byte(text, '<', open)) != SIZE_MAX; open++) {
        size_t close = bytes_find_byte(text, '>', open);

        if (close == SIZE_MAX)
            break;
        *ret_name = bytes_slice(text, open + 1, close - open - 1);
        if (template->is_name == NULL || template->is_name(*ret_name))
            return open;
    }
    return text.size;
}

bool json_template_next(struct json_template *template, struct json_template_piece *ret)
{
    struct bytes name = {NULL, 0};

    if (template->at >= template->text.size)
        return false;
    size_t end = find_name(template, template->at, &name);

    if (end == template->at) {
        *ret = (struct json_template_piece){name, true, template->in_string};
        template->at += name.size + 2;
        return true;
    }
    *ret = (struct json_template_piece){
        .text = bytes_slice(template->text, template->at, end - template->at)};
    note_quotes(template, ret->text);
    template->at = end;
    return true;
}

void json_template_append_unquoted(struct buffer *out, struct bytes json)
{
    for (size_t i = 0; i < json.size; i++) {
        if (json.ptr[i] == '\\' && i + 1 < json.size && json.ptr[i + 1] == '"')
            i++;
        else if (json.ptr[i] == '\\' && i + 1 < json.size)
            buffer_append(out, bytes_slice(json, i++, 2));
        else if (json.ptr[i] != '"')
            buffer_append_byte(out, json.ptr[i]);
    }
}
