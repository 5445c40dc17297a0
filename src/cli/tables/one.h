/* cli/tables/one.h - commands about one item, named by its key: get, delete, update; and what a
 * condition that does not hold is told as. */
#ifndef DYNLOG_CLI_TABLES_ONE_H
#define DYNLOG_CLI_TABLES_ONE_H

#include "cli/tables/key.h"
#include "cli/tables/show.h"
#include "cli/target.h"

struct tables_one_options {
    const char *table;
    struct option_texts keys;
    const char *condition;
    bool json, dynamodb_json;
};

#define TABLES_ONE_ARGUMENTS(type)                                                                 \
    {"TABLE", "the table; `dynlog tables` lists them", offsetof(type, one.table), false},          \
    {                                                                                              \
        "KEY...",                                                                                  \
            "the key: pk=users#12#stream sk=1; values alone are taken in the order of the key",    \
            offsetof(type, one.keys), true                                                         \
    }

#define TABLES_ONE_OPTIONS(type)                                                                   \
    {.name = "json",                                                                               \
     .kind = OPTION_FLAG,                                                                          \
     .help = "a JSON line, on a terminal too",                                                     \
     .offset = offsetof(type, one.json)},                                                          \
    {                                                                                              \
        .name = "dynamodb-json", .kind = OPTION_FLAG,                                              \
        .help = "with DynamoDB's types: {\"pk\":{\"S\":\"a\"}}",                                   \
        .offset = offsetof(type, one.dynamodb_json)                                                \
    }

#define TABLES_CONDITION_OPTION(type, member)                                                      \
    {                                                                                              \
        .name = "condition", .kind = OPTION_TEXT, .value_name = "CONDITION",                       \
        .help = "only when it holds for the item that is there: version = 3",                      \
        .offset = offsetof(type, member)                                                           \
    }

struct tables_one {
    struct cli *cli;
    struct client *client;
    const struct tables_one_options *on;
    struct tables_shape shape;
    struct tables_order order;
    struct tables_binding binding;
    struct bytes key; /* as DynamoDB JSON */
    struct bytes condition;
};

/* Table, key and condition. False: said why, exit status in *ret_exit. */
MUST_USE bool tables_one_begin(struct tables_one *one, struct cli *cli, struct client *client,
                               const struct tables_one_options *on, int *ret_exit);
/* A condition of the options as an expression of the binding. */
MUST_USE bool tables_condition_begin(struct cli *cli, const char *text,
                                     struct tables_binding *binding, struct bytes *ret,
                                     int *ret_exit);
/* TableName, Key, ConditionExpression, names and values. */
void tables_one_print(const struct tables_one *one, struct json_writer *w);
/* What an ask that was not OK is told as. */
int tables_one_fail(struct tables_one *one, enum status status, const struct client_answer *answer);

/* The item of an answer, shown. False: said why, exit status in *ret_exit. */
MUST_USE bool tables_one_show(struct tables_one *one, struct arena *arena, const struct json *item,
                              int *ret_exit);

static inline bool tables_is_condition_failure(enum status status,
                                               const struct client_answer *answer)
{
    return status == REFUSED &&
           bytes_equal_text(answer->error_name, "ConditionalCheckFailedException");
}

#endif
