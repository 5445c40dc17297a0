/* logs/filter.c - which kind a pattern is, and the terms of those that are no condition. */
#include "logs/filter_tree.h"

enum status filter_refuse(struct api_error *error)
{
    return api_invalid(error, "Invalid filter pattern");
}

static struct bytes trim(struct bytes text)
{
    while (text.size > 0 && filter_is_blank(text.ptr[0]))
        text = bytes_slice(text, 1, text.size);
    while (text.size > 0 && filter_is_blank(text.ptr[text.size - 1]))
        text.size--;
    return text;
}

/* ---- terms ---- */

struct term_reader {
    struct arena *arena;
    struct bytes text;
    size_t at;
    struct filter_term *terms;
    size_t count, capacity;
};

/* Behind the first quotation mark: up to the next that no backslash stands before. */
static bool read_phrase(struct term_reader *r, struct bytes *ret)
{
    uint8_t *phrase = arena_alloc(r->arena, r->text.size);
    size_t size = 0;

    for (; r->at < r->text.size; r->at++) {
        uint8_t c = r->text.ptr[r->at];

        if (c == '"') {
            r->at++;
            *ret = bytes_of(phrase, size);
            return true;
        }
        if (c == '\\' && r->at + 1 < r->text.size &&
            (r->text.ptr[r->at + 1] == '"' || r->text.ptr[r->at + 1] == '\\'))
            c = r->text.ptr[++r->at];
        phrase[size++] = c;
    }
    return false;
}

static enum status read_word(struct term_reader *r, struct bytes *ret, struct api_error *error)
{
    size_t from = r->at;
    bool good = true;

    while (r->at < r->text.size && !filter_is_blank(r->text.ptr[r->at]))
        good = filter_is_word(r->text.ptr[r->at++]) && good;
    *ret = bytes_slice(r->text, from, r->at - from);
    if (ret->size == 0)
        return filter_refuse(error);
    if (!good)
        return api_invalid(error, "Invalid character(s) in term '%.*s'", BYTES_ARG(*ret));
    return OK;
}

/* Nothing but blanks in quotation marks is in every message. */
static bool says_nothing(const struct filter_term *term)
{
    return term->kind != TERM_EXCLUDED && trim(term->text).size == 0;
}

static enum status read_term(struct term_reader *r, struct log_filter *filter,
                             struct api_error *error)
{
    struct filter_term term = {.kind = TERM_INCLUDED};
    enum status status = OK;
    uint8_t c = r->text.ptr[r->at];

    if (c == '?' || c == '-') {
        term.kind = c == '?' ? TERM_OPTIONAL : TERM_EXCLUDED;
        r->at++;
    }
    if (r->at < r->text.size && r->text.ptr[r->at] == '"') {
        r->at++;
        if (!read_phrase(r, &term.text) ||
            (r->at < r->text.size && !filter_is_blank(r->text.ptr[r->at])))
            return filter_refuse(error);
    } else {
        status = read_word(r, &term.text, error);
    }
    if (status != OK)
        return status;
    if (term.kind == TERM_EXCLUDED && term.text.size == 0)
        return filter_refuse(error);
    filter->has_others = filter->has_others || (term.kind != TERM_OPTIONAL && !says_nothing(&term));
    r->terms =
        arena_grow(r->arena, r->terms, r->count, r->count + 1, &r->capacity, sizeof *r->terms);
    r->terms[r->count++] = term;
    return OK;
}

/* What has no say is left out: terms that are in every message, and optional ones beside others. */
static void settle_terms(struct term_reader *r, struct log_filter *filter)
{
    size_t count = 0;
    bool everything = false;

    for (size_t i = 0; i < r->count; i++) {
        everything =
            everything || (says_nothing(&r->terms[i]) && r->terms[i].kind == TERM_OPTIONAL);
        if (says_nothing(&r->terms[i]) || (filter->has_others && r->terms[i].kind == TERM_OPTIONAL))
            continue;
        r->terms[count++] = r->terms[i];
    }
    filter->terms = r->terms;
    filter->term_count = everything && !filter->has_others ? 0 : count;
}

static enum status read_terms(struct arena *arena, struct bytes text, struct log_filter *filter,
                              struct api_error *error)
{
    struct term_reader r = {.arena = arena, .text = text};
    enum status status = OK;

    while (status == OK && r.at < text.size) {
        if (filter_is_blank(text.ptr[r.at]))
            r.at++;
        else
            status = read_term(&r, filter, error);
    }
    settle_terms(&r, filter);
    return status;
}

/* ---- kinds ---- */

static enum status read_regex(struct arena *arena, struct bytes text, struct log_filter *filter,
                              struct api_error *error)
{
    filter->kind = FILTER_REGEX;
    if (text.size < 3 || text.ptr[text.size - 1] != '%' ||
        regex_parse(arena, bytes_slice(text, 1, text.size - 2), &filter->regex) != OK)
        return filter_refuse(error);
    return OK;
}

static enum status read_enclosed(struct arena *arena, struct bytes text, struct log_filter *filter,
                                 struct api_error *error)
{
    bool json = text.ptr[0] == '{';
    uint8_t end = json ? '}' : ']';

    if (text.size < 2 || text.ptr[text.size - 1] != end)
        return api_invalid(error, "If a filter pattern starts with '%c' it must end with '%c'",
                           text.ptr[0], end);
    filter->kind = json ? FILTER_JSON : FILTER_FIELDS;
    text = bytes_slice(text, 1, text.size - 2);
    return json ? filter_read_json(arena, text, filter, error)
                : filter_read_fields(arena, text, filter, error);
}

enum status log_filter_parse(struct arena *arena, struct bytes text, const struct log_filter **ret,
                             struct api_error *error)
{
    struct log_filter *filter = ARENA_NEW(arena, struct log_filter);
    enum status status = OK;

    *ret = NULL;
    text = arena_copy(arena, trim(text));
    if (text.size == 0)
        return OK;
    if (text.ptr[0] == '{' || text.ptr[0] == '[')
        status = read_enclosed(arena, text, filter, error);
    else if (text.ptr[0] == '%')
        status = read_regex(arena, text, filter, error);
    else
        status = read_terms(arena, text, filter, error);
    if (status == OK && (filter->kind != FILTER_TERMS || filter->term_count > 0))
        *ret = filter;
    return status;
}
