/* logs/filter_tree.h - a filter pattern once it is read. Private to filter*.c.
 *
 * Nodes of a condition are an array, joined by index: 0 is none. */
#ifndef DYNLOG_LOGS_FILTER_TREE_H
#define DYNLOG_LOGS_FILTER_TREE_H

#include "logs/filter.h"
#include "logs/regex.h"

enum filter_kind { FILTER_TERMS, FILTER_REGEX, FILTER_JSON, FILTER_FIELDS };

enum term_kind { TERM_INCLUDED, TERM_OPTIONAL, TERM_EXCLUDED };

struct filter_term {
    enum term_kind kind;
    struct bytes text;
};

/* ---- conditions ---- */

enum step_kind { STEP_NAME, STEP_INDEX, STEP_ANY_FIELD, STEP_ANY_ELEMENT };

struct filter_step { /* of a selector: $.name, [0], .*, [*] */
    enum step_kind kind;
    struct bytes name;
    uint64_t index;
};

enum test_kind {
    TEST_EQUAL,
    TEST_NOT_EQUAL,
    TEST_LESS,
    TEST_LESS_OR_EQUAL,
    TEST_GREATER,
    TEST_GREATER_OR_EQUAL,
    TEST_IS_NULL,
    TEST_IS_TRUE,
    TEST_IS_FALSE,
    TEST_NOT_EXISTS,
};

enum value_kind { FILTER_NUMBER, FILTER_TEXT, FILTER_PATTERN };

struct filter_value {
    enum value_kind kind;
    struct bytes text; /* FILTER_TEXT: without its outer asterisks */
    double number;
    bool quoted;                /* FILTER_TEXT: of strings alone, not of a number's digits */
    bool star_before, star_end; /* FILTER_TEXT: anything may stand there */
    const struct regex *regex;
};

enum node_kind { NODE_TEST, NODE_AND, NODE_OR };

struct filter_node {
    enum node_kind kind;
    size_t left, right;              /* NODE_AND, NODE_OR */
    const struct filter_step *steps; /* NODE_TEST of JSON */
    size_t step_count;
    enum test_kind test;
    struct filter_value value;
};

struct filter_field {
    struct bytes name; /* empty: "..." */
    size_t condition;  /* 0: none */
};

struct log_filter {
    enum filter_kind kind;
    const struct filter_term *terms;
    size_t term_count;
    bool has_others; /* terms that are not optional: then the optional ones are ignored */
    const struct regex *regex;
    const struct filter_node *nodes;
    size_t root; /* FILTER_JSON */
    const struct filter_field *fields;
    size_t field_count;
    size_t ellipsis; /* its index; field_count: there is none */
};

/* "Invalid filter pattern" */
enum status filter_refuse(struct api_error *error);
/* What stands between '{' and '}', or '[' and ']'. */
MUST_USE enum status filter_read_json(struct arena *arena, struct bytes text,
                                      struct log_filter *filter, struct api_error *error);
MUST_USE enum status filter_read_fields(struct arena *arena, struct bytes text,
                                        struct log_filter *filter, struct api_error *error);
/* A whole text is a number: sign, digits, fraction, exponent. */
MUST_USE bool filter_read_number(struct bytes text, double *ret);

static inline bool filter_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline bool filter_is_word(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

#endif
